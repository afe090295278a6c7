// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { chunk, endless, silence, stream } from '../tools/answers.mjs';
import { drain, request, spelled } from '../tools/client.mjs';
import { PATIENCE, assertError, play } from '../tools/play.mjs';
import { refused } from '../tools/probe.mjs';
import { sleep, until } from '../tools/wire.mjs';

const SHORT = 400; // milliseconds, where the default is many seconds

async function open(stage, timeouts, more = {}) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream }, config: { timeouts, ...more } }) };
}

/** Runs `body` and checks that it took about SHORT. */
async function short(t, body) {
  const at = performance.now();
  const result = await body();
  const took = performance.now() - at;
  t.diagnostic(`took ${took.toFixed(0)} ms of ${SHORT}`);
  assert.ok(took > SHORT * 0.8 && took < SHORT * 2 * PATIENCE + 500, `took ${took.toFixed(0)} ms`);
  return result;
}

play('for the first byte of a connection', async (stage, t) => {
  const { gateway } = await open(stage, { first_byte: `${SHORT}ms` });
  const connection = await gateway.connect();
  await short(t, () => connection.closes(5000));
  connection.close();
});

play('for the whole head, however slowly it drips: 408', async (stage, t) => {
  const { gateway } = await open(stage, { head: `${SHORT}ms` });
  const connection = await gateway.connect();
  const drip = setInterval(() => connection.send('x'), SHORT / 8);
  await connection.send('GET /livez HTTP/1.1\r\nX-A: ');
  await short(t, () => refused(connection, { status: 408 }));
  clearInterval(drip);
  connection.close();
});

play('for a body that stalls: 408, and nothing reaches the upstream', async (stage, t) => {
  const { gateway, upstream } = await open(stage, { body_idle: `${SHORT}ms` });
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest().subarray(0, -5));
  await short(t, () => refused(connection, { status: 408 }));
  connection.close();
  assert.equal(upstream.requests.length, 0);
});

play('for a body that trickles below the least rate: 408', async (stage) => {
  const { gateway } = await open(stage, { body_grace: `${SHORT}ms`, body_rate: '10KiB' });
  const connection = await gateway.connect();
  const bytes = gateway.chatRequest({ filler: 'x'.repeat(10_000) });
  await connection.send(bytes.subarray(0, 500));
  let at = 500;
  const drip = setInterval(() => { connection.send(bytes.subarray(at, at + 10)); at += 10; }, 50);
  await refused(connection, { status: 408 });
  clearInterval(drip);
  connection.close();
});

play('for the next request on a kept connection', async (stage, t) => {
  const { gateway } = await open(stage, { keep_alive: `${SHORT}ms` });
  const connection = await gateway.connect();
  await connection.send(request('GET', '/livez'));
  assert.equal((await connection.answer()).status, 200);
  assert.ok(await short(t, () => connection.closes(5000)));
  assert.equal(connection.wire.pending.length, 0, 'closed without a word');
  connection.close();
});

play('for a client that no longer reads: its upstream call is ended', async (stage) => {
  const { gateway, upstream } = await open(stage, { write_stall: `${SHORT}ms` });
  upstream.answer(endless({ every: 0, size: 4096 }));
  const reply = await gateway.stream();
  reply.connection.wire.pause();
  await until(20_000, 'the upstream call is closed', () => upstream.open === 0);
  const [line] = await gateway.access(1);
  assert.equal(line.status, 499);
  reply.connection.close();
});

play('for the upstream\'s first byte: 504', async (stage, t) => {
  const { gateway, upstream } = await open(stage, { upstream: { first_byte: `${SHORT}ms` } });
  upstream.answer(silence());
  const answer = await short(t, () => gateway.chat());
  assertError(answer, 504, { type: 'upstream_error' });
  await until(1000, 'the upstream call is closed', () => upstream.open === 0);
});

play('for the upstream\'s next byte in a stream: an error event', async (stage, t) => {
  const { gateway, upstream } = await open(stage, { upstream: { idle: `${SHORT}ms` } });
  const events = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'then silence' })];
  upstream.answer(stream(events, { end: 'stall' }));
  const reply = await gateway.stream();
  const { list, done, complete } = await short(t, () => drain(reply));
  assert.equal(spelled(list), 'then silence');
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  reply.connection.close();
});

play('for the whole request: 504', async (stage, t) => {
  const { gateway, upstream } = await open(stage, {}, { request_timeout: `${SHORT}ms` });
  upstream.answer(silence());
  assertError(await short(t, () => gateway.chat()), 504, { type: 'upstream_error' });
});

play('for the whole of a stream: an error event', async (stage, t) => {
  const { gateway, upstream } = await open(stage, { upstream: { total: `${SHORT}ms` } });
  upstream.answer(endless({ every: 20 }));
  const reply = await gateway.stream();
  const { list, done, complete } = await short(t, () => drain(reply));
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  reply.connection.close();
});

play('for the streams of a draining gateway: an error event, then the end with 0', async (stage, t) => {
  const { gateway, upstream } = await open(stage, {}, { server: { drain_timeout: `${SHORT}ms` } });
  upstream.answer(endless({ every: 20 }));
  const reply = await gateway.stream();
  await reply.events.next();
  await sleep(50);
  gateway.signal();
  const { list, done, complete } = await short(t, () => drain(reply));
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  reply.connection.close();
  assert.equal((await gateway.stop(5000)).code, 0);
});

play('a silent stream gets a ping now and then', async (stage) => {
  const { gateway, upstream } = await open(stage, { heartbeat: `${SHORT}ms` });
  upstream.answer(stream([chunk({ role: 'assistant', content: '' })], { end: 'stall' }));
  const reply = await gateway.stream();
  await reply.events.next();
  const ping = await reply.events.next();
  assert.match(ping.value.text, /^:/);
  reply.connection.close();
});
