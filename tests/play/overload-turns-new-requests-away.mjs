// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, endless } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { chatBody } from '../tools/gateway.mjs';
import { PATIENCE, assertError, play } from '../tools/play.mjs';
import { sleep, until, within } from '../tools/wire.mjs';

const MIB = 1024 * 1024;
const PAGE = 4096;
/** What lies in quarantine is not given back: recovering would take for ever. */
const ASAN_OPTIONS = 'abort_on_error=0:detect_leaks=1:quarantine_size_mb=1';

/** What the workers hold for themselves, in bytes. */
const held = (gateway) => gateway.firstWorkers.reduce((sum, pid) => {
  const [, resident, shared] = fs.readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
  return sum + (resident - shared) * PAGE;
}, 0);

async function reconfigure(gateway, more) {
  const file = `${gateway.dir}/gateway.yaml`;
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...more }));
  const answer = await gateway.fetch('POST', '/admin/scripts/reload', { ms: 30_000 });
  assert.equal(answer.status, 200, answer.text);
}

/** A chat request that announces `size` bytes and sends `sent` of them. */
async function announce(gateway, size, sent = 0) {
  const connection = await gateway.connect();
  const whole = request('POST', '/v1/chat/completions', {
    headers: gateway.headers({ 'Content-Type': 'application/json' }), body: chatBody(),
  }).toString('latin1');
  const head = whole.slice(0, whole.indexOf('\r\n\r\n') + 4).replace(/Content-Length: \d+/i, `Content-Length: ${size}`);
  await connection.send(head);
  const piece = Buffer.alloc(MIB, 0x20);
  for (let i = 0; i < sent; i += MIB) await connection.send(piece);
  return connection;
}

const said = (gateway, text) => gateway.logs.filter((line) => line.msg === text && line.reason === 'memory');

/** One worker has said so, for all of them. */
const told = (gateway, text) => until(15_000 * PATIENCE, text, () => said(gateway, text).length > 0);

const refused = (answer) => {
  assertError(answer, 503, { type: 'server_error', code: 'overloaded' });
  assert.equal(answer.header('retry-after'), '2');
};

play('memory that runs out turns new requests away, streams go on, and it ends by itself', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(endless({ every: 2 }), completion('ok'));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { max_request_bytes: 256 * MIB }, env: { WORKERS: '2', ASAN_OPTIONS },
  });
  const running = await gateway.stream();
  const events = running.events[Symbol.asyncIterator]();
  const goesOn = async () => {
    for (let i = 0; i < 20; i++) assert.equal((await events.next()).done, false);
  };
  await goesOn();
  const budget = held(gateway) + 200 * MIB;
  await reconfigure(gateway, { overload: { memory: budget, retry_after: '2s' } });

  // A body that has no room is refused before a byte of it came; a large one first.
  const turnedAway = async (size) => {
    const connection = await announce(gateway, size);
    refused(await within(5000 * PATIENCE, `the refusal of ${size} bytes`, connection.answer()));
    connection.close();
  };
  for (let i = 0; i < 8; i++) await turnedAway(150 * MIB); // by either worker, as soon as the reload is answered
  const inside = await announce(gateway, 80 * MIB);
  const early = inside.answer().then((answer) => answer.text, () => 'closed');
  assert.equal(await Promise.race([early, sleep(20)]), undefined, 'it is let in');
  for (let i = 0; i < 8; i++) await turnedAway(2 * MIB);
  assert.equal((await gateway.chat()).status, 200, 'small ones still are served');

  // With what it sends, nothing has room any more.
  for (let i = 0; i < 64; i++) await inside.send(Buffer.alloc(MIB, 0x20));
  await told(gateway, 'overloaded: new requests are refused');
  const before = upstream.requests.length;
  for (let i = 0; i < 8; i++) refused(await gateway.get('/v1/models')); // by every worker from the same moment on
  refused(await gateway.chat());
  assert.equal(upstream.requests.length, before, 'nobody is asked');
  const anthropic = await gateway.fetch('POST', '/v1/messages', { body: '{}' });
  assert.deepEqual([anthropic.status, anthropic.json.error.type], [529, 'overloaded_error']);
  for (const path of ['/livez', '/readyz', '/health', '/metrics', '/admin/scripts']) {
    assert.equal((await gateway.get(path)).status, 200, path);
  }
  const metrics = await gateway.metrics();
  assert.ok(metrics.value('gateway_overload_rejections_total', { reason: 'memory' }) >= 3);
  assert.ok(metrics.value('gateway_overload_rejections_total', { reason: 'body' }) >= 2);
  await goesOn();

  inside.close();
  await told(gateway, 'no longer overloaded');
  for (let i = 0; i < 8; i++) assert.equal((await gateway.chat()).status, 200, 'as before');
  assert.equal(said(gateway, 'overloaded: new requests are refused').length, 1, 'one line for all workers');
  await goesOn();
  running.connection.close();
});

const BURN = `local clock = require "gateway.clock"
return {
  name = "burn", type = "transform",
  before_request = function(ctx)
    local until_ms = clock.monotonic() + 100
    while clock.monotonic() < until_ms do end
  end,
}
`;

play('a loop that lags for long turns new requests away, until it does not', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('ok'));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: { 'plugins/burn.lua': BURN },
    config: { plugins: [{ name: 'burn' }], overload: { loop_lag: '10ms' }, scripts: { cpu_limit: '5s' } },
  });
  assert.equal((await gateway.chat()).status, 200);
  let refusals = 0;
  const client = async () => {
    for (let i = 0; i < 400 && refusals === 0; i++) {
      const answer = await gateway.chat();
      if (answer.status !== 503) continue;
      assertError(answer, 503, { code: 'overloaded' });
      assert.equal(answer.header('retry-after'), '1');
      refusals += 1;
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  assert.ok(refusals > 0, 'refused');
  const metrics = await gateway.metrics();
  assert.ok(metrics.value('gateway_overload_rejections_total', { reason: 'loop_lag' }) >= 1);
  assert.equal(metrics.find('gateway_loop_lag_seconds').length, 1);
  await until(10_000 * PATIENCE, 'an answer as before', async () => (await gateway.chat()).status === 200);
}, { ms: 60_000 });

const BUSY = BURN.replace('before_request = function(ctx)', '$& if not ctx.headers:get "x-burn" then return end')
  .replace('+ 100', '+ 30');

/** Reads on, and tells the most of `count()` that came to pass between two events. */
function paced(reply, count) {
  const pace = { most: 0 };
  let before = count();
  const read = async () => {
    for await (const event of reply.events) {
      if (event.data === null) continue;
      pace.most = Math.max(pace.most, count() - before);
      before = count();
    }
  };
  read().catch(() => {});
  return pace;
}

play('so does work that waits for its turn, though no turn is long', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer((io, { json }) => (json.stream ? endless({ every: 10 }) : completion('ok'))(io));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: { 'plugins/burn.lua': BUSY },
    config: { plugins: [{ name: 'burn' }], overload: { loop_lag: '100ms' }, scripts: { cpu_limit: '5s' } },
  });
  assert.equal((await gateway.chat()).status, 200);
  let served = 0;
  const running = await gateway.stream();
  const pace = paced(running, () => served);
  const burn = () => gateway.chat({}, { 'X-Burn': '1' }).then((answer) => ((served += 1), answer));
  const waiting = Promise.all(Array.from({ length: 60 }, burn));
  for (const path of ['/livez', '/metrics']) assert.equal((await gateway.get(path)).status, 200);
  assert.ok(served < 30, `probes wait for nobody: ${served} came first`);
  let refusals = 0;
  let done = false;
  waiting.finally(() => { done = true; });
  const probes = [];
  while (!done && refusals === 0) {
    probes.push(gateway.chat().then(({ status }) => { if (status === 503) refusals += 1; }));
    await sleep(50);
  }
  assert.ok(refusals > 0, 'refused');
  for (const answer of await waiting) assert.equal(answer.status, 200, 'who was let in is served');
  assert.ok(pace.most < 20, `a stream keeps its pace: ${pace.most} were served between two events`);
  running.connection.close();
  await Promise.all(probes);
  await until(10_000 * PATIENCE, 'an answer as before', async () => (await gateway.chat()).status === 200);
  await gateway.log('no longer overloaded');
});
