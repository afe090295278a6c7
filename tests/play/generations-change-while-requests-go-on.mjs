// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, speech } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { PATIENCE, play } from '../tools/play.mjs';
import { MARKED, Scripts, mark, marked, marking, says } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

play('all workers change together: no answer of the old generation follows one of the new', async (stage) => {
  const { gateway, scripts } = await marked(stage, '0', { env: { WORKERS: '4' } });
  let newest = 0, asked = 0, over = false;
  const ask = async () => {
    while (!over) {
      const floor = newest;
      const seen = Number(await mark(gateway));
      asked += 1;
      assert.ok(seen >= floor, `generation ${seen} answered a request that began after one of ${floor}`);
      newest = Math.max(newest, seen);
    }
  };
  const clients = Array.from({ length: 4 }, ask);
  for (let i = 1; i <= 5; i++) {
    scripts.replace('plugins/mark.lua', marking(String(i)));
    await until(5000, `generation ${i}`, () => newest === i);
  }
  over = true;
  await Promise.all(clients);
  assert.ok(asked > 20);
});

play('a killed worker comes back with the active generation, not with what is on disk', async (stage) => {
  const { gateway, scripts } = await marked(stage, 'one', { expect: { restarts: true } });
  scripts.save('plugins/mark.lua', marking('two'));
  await says(gateway, 'two');
  scripts.save('plugins/mark.lua', 'broken {');
  await gateway.log('generation rejected');
  process.kill(gateway.workers()[0], 'SIGKILL');
  await until(5000, 'a new worker that answers', async () => await mark(gateway).catch(() => null) === 'two');
});

const SUFFIX = (word) => `return {
  name = "mark", type = "transform",
  on_chunk = { feed = function(_, text) return text ~= "" and text .. "${word} " or nil end },
}
`;

play('a stream ends on the generation it began with, and that one is closed then', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(speech(['p0', 'p1', 'p2', 'p3', 'p4', 'p5'], { every: 200 }));
  const scripts = new Scripts(stage.folder({ 'plugins/mark.lua': SUFFIX('old') }));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: MARKED, env: { GATEWAY_SCRIPTS: scripts.dir, LOG_LEVEL: 'debug' },
  });
  const open = await gateway.stream();
  scripts.save('plugins/mark.lua', SUFFIX('new'));
  await gateway.log('generation activated');
  const text = spelled((await drain(open)).list);
  open.connection.close();
  assert.ok(text.includes('old') && !text.includes('new'), text);
  await gateway.log((line) => line.msg === 'generation closed' && line.generation === 1);
  upstream.answer(completion('fine'));
  await gateway.chat();
});

play('SIGHUP reads the disk again, and SIGTERM ends the program in the middle of a gate', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  scripts.save('plugins/mark.lua', 'broken {');
  await gateway.log('generation rejected');
  gateway.child.kill('SIGHUP');
  await until(5000, 'a second refusal', () => gateway.logs.filter((l) => l.msg === 'generation rejected').length === 2);
  scripts.save('plugins/mark.lua', marking('two'));
  await says(gateway, 'two');
  scripts.save('plugins/mark.lua', `local x = 0 for i = 1, 1e6 do x = x + i end ${marking('three')}`);
  gateway.child.kill('SIGHUP');
  await until(5000, 'a gate', () => gateway.workers().length > 1);
  gateway.signal();
});

play('a reload that is waited for is answered when the program ends, and does not hold it up', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  scripts.save('spec/plugins/mark_spec.lua', 'it("takes its time", function() for i = 1, 1e9 do local _ = i end end)');
  const waiting = gateway.fetch('POST', '/admin/scripts/reload', { ms: 20_000 });
  await until(5000, 'a gate', () => gateway.workers().length > 1);
  gateway.signal();
  const begun = Date.now();
  const answer = await waiting;
  assert.equal(answer.status, 422);
  assert.match(answer.text, /shutting down/);
  await gateway.exit;
  assert.ok(Date.now() - begun < 5000 * PATIENCE);
});
