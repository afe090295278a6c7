// SPDX-License-Identifier: Apache-2.0
// Good and bad generations one after the other, while requests and streams go on.
import assert from 'node:assert/strict';

import { completion, speech } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { play, PATIENCE } from '../tools/play.mjs';
import { MARKED, Scripts } from '../tools/scripts.mjs';
import { sleep, until } from '../tools/wire.mjs';

const ROUNDS = 30, CLIENTS = 4, STREAMS = 6;
const PARTS = Array.from({ length: 8 }, (_, i) => `p${i} `);

/** Says in headers and in each piece of a stream which version it is. */
const version = (number) => `return {
  name = "mark", type = "transform",
  before_request = function(ctx) ctx.state.version = ${number} end,
  on_chunk = { feed = function(_, text) return (text:gsub("p", "${number}-")) end },
}
`;
const BAD = [
  'return { name = "mark", ',
  version(0).replace('before_request', 'before_reqest'),
  'while true do end',
  'error("on purpose")',
];
const SPEC = (fails) => `it("holds", function() assert.is_true(${!fails}) end)\n`;

const reload = (gateway) => gateway.fetch('POST', '/admin/scripts/reload', { ms: 20_000 });

play('a storm of reloads costs no request and no stream, and no memory', async (stage) => {
  const upstream = await stage.upstream();
  const spoken = speech(PARTS, { every: 120 }), whole = completion('fine');
  upstream.answer((io, request) => (request.json.stream ? spoken : whole)(io, request));
  const scripts = new Scripts(stage.folder({
    'plugins/mark.lua': version(1), 'spec/plugins/mark_spec.lua': SPEC(false),
  }));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: MARKED, env: { GATEWAY_SCRIPTS: scripts.dir, WORKERS: '2' },
  });
  let over = false, asked = 0, streamed = 0;
  const ask = async () => {
    for (; !over; asked += 1) {
      assert.equal((await gateway.chat()).status, 200);
      await sleep(5); // the reloads need the processor, too
    }
  };
  const listen = async () => {
    for (; !over; streamed += 1) {
      const open = await gateway.stream();
      const { list, done, complete } = await drain(open);
      open.connection.close();
      assert.ok(complete && done === 1);
      const words = spelled(list).trim().split(' ');
      assert.equal(words.length, PARTS.length);
      assert.equal(new Set(words.map((word) => word.split('-')[0])).size, 1, `one generation in ${words}`);
    }
  };
  const round = async (i) => {
    scripts.save('spec/plugins/mark_spec.lua', SPEC(i % 10 === 9));
    scripts.replace('plugins/mark.lua', i % 3 === 2 ? BAD[i % BAD.length] : version(i));
    const answer = await reload(gateway);
    assert.equal(answer.status, i % 3 === 2 || i % 10 === 9 ? 422 : 200, answer.text);
  };
  const crowd = Promise.all([...Array.from({ length: CLIENTS }, ask), ...Array.from({ length: STREAMS }, listen)]);
  crowd.catch(() => { over = true; });
  for (let i = 1; i <= 6; i++) await round(i);
  await gateway.chat();
  const before = gateway.memory();
  for (let i = 7; i <= ROUNDS; i++) await round(i);
  over = true;
  await crowd;
  assert.ok(asked > ROUNDS && streamed >= STREAMS, `${asked} requests, ${streamed} streams`);
  if (SANITIZED) return;
  await until(10_000 * PATIENCE, `memory back from ${gateway.memory()} to ${before} KiB`,
    () => gateway.workers().length === 2 && gateway.memory() < before + 4096);
}, { ms: 120_000 });
