// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { PATIENCE, play } from '../tools/play.mjs';
import { mark, marked, marking, told } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const SPEC = 'spec/plugins/mark_spec.lua';
const ENDLESS = 'it("ends", function()\n  while true do end\nend)\n';
const ASLEEP = 'it("wakes", function() os.execute("sleep 60") end)\n';
const GOOD = 'it("holds", function() assert.is_true(true) end)\n';

const reload = (gateway) => gateway.fetch('POST', '/admin/scripts/reload', { ms: 30_000 * PATIENCE });
const gateRuns = (gateway) => until(5000 * PATIENCE, 'a gate', () => gateway.workers().length > 1);

async function timed(promise) {
  const begun = Date.now();
  const answer = await promise;
  return { answer, ms: Date.now() - begun };
}

play('a spec that never ends costs a reload no ten seconds, also one that comes in the middle of it', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  scripts.save(SPEC, ENDLESS);
  const first = timed(reload(gateway));
  await gateRuns(gateway);
  const second = timed(reload(gateway));
  for (const { answer, ms } of [await first, await second]) {
    assert.equal(answer.status, 422, answer.text);
    assert.ok(ms < 10_000 * PATIENCE, `answered after ${ms} ms`);
    assert.equal(answer.json.reasons[0].file, scripts.where(SPEC));
    assert.ok(answer.json.reasons[0].line >= 1);
  }
  assert.equal(told(gateway, 'generation rejected'), 1, 'what was on disk all the time is judged once');
  assert.equal(await mark(gateway), 'one');
}, { ms: 60_000 });

play('what a gate was stuck in is named by its path', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  scripts.save(SPEC, ASLEEP);
  const { answer, ms } = await timed(reload(gateway));
  assert.equal(answer.status, 422, answer.text);
  assert.ok(ms < 10_000 * PATIENCE, `answered after ${ms} ms`);
  const [reason] = answer.json.reasons;
  assert.deepEqual([reason.file, reason.line], [scripts.where(SPEC), 1]);
  assert.match(reason.message, /did not end within/);
}, { ms: 60_000 });

play('a gate whose files have changed is given up for what is on disk now', async (stage) => {
  const { gateway, scripts } = await marked(stage, 'one', { env: { LOG_LEVEL: 'debug' } });
  scripts.save(SPEC, ASLEEP);
  await gateRuns(gateway);
  scripts.save(SPEC, GOOD);
  scripts.save('plugins/mark.lua', marking('saved'));
  await until(3000 * PATIENCE, 'the saved mark', async () => await mark(gateway) === 'saved');
  scripts.save(SPEC, ASLEEP);
  const stuck = reload(gateway);
  await gateRuns(gateway);
  scripts.save(SPEC, GOOD);
  scripts.save('plugins/mark.lua', marking('asked for'));
  const { answer, ms } = await timed(reload(gateway));
  assert.equal(answer.status, 200, answer.text);
  assert.ok(ms < 4000 * PATIENCE, `answered after ${ms} ms`);
  assert.equal(await mark(gateway), 'asked for');
  assert.equal((await stuck).status, 200, 'who asked for what is gone has the answer for what came');
  assert.equal(told(gateway, 'generation rejected'), 0);
}, { ms: 60_000 });

play('somebody who saves all the time does not keep a reload waiting', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  let over = false, saves = 0;
  const saving = (async () => {
    for (; !over; saves++) {
      scripts.replace('plugins/mark.lua', marking(`save ${saves}`));
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  })();
  await until(5000, 'some saves', () => saves > 20);
  for (let i = 0; i < 3; i++) {
    const { answer, ms } = await timed(reload(gateway));
    assert.equal(answer.status, 200, answer.text);
    assert.ok(ms < 10_000 * PATIENCE, `answered after ${ms} ms`);
  }
  over = true;
  await saving;
  const last = `save ${saves - 1}`;
  await until(5000 * PATIENCE, 'the last of them', async () => await mark(gateway) === last);
}, { ms: 60_000 });

play('more than a hundred specs can be run at once', async (stage) => {
  const scripts = {};
  for (let i = 0; i < 120; i++) {
    scripts[`plugins/p${i}.lua`] = marking('x', `p${i}`);
    scripts[`spec/plugins/p${i}_spec.lua`] = `it("is ${i}", function() assert.is_true(true) end)\n`;
  }
  const gateway = await stage.gateway({ scripts });
  const { json } = await gateway.get('/admin/scripts');
  assert.equal(json.scripts.filter((script) => script.source === 'operator' && script.spec.passed === 1).length, 120);
});

const COUNTED = `return {
  name = "counted", type = "logging",
  open = function() return {} end, before_request = function() end,
}
`;

play('calls are calls of hooks for requests: opening is none', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [{ name: 'counted' }] },
    scripts: { 'plugins/counted.lua': COUNTED }, env: { WORKERS: '2' },
  });
  const count = async () => {
    const { json } = await gateway.get('/admin/scripts');
    return json.scripts.find((script) => script.name === 'counted').calls.count;
  };
  assert.equal(await count(), 0);
  await gateway.chat();
  await gateway.chat();
  await until(3000 * PATIENCE, 'both calls', async () => await count() >= 2);
  assert.equal(await count(), 2);
});
