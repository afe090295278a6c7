// SPDX-License-Identifier: Apache-2.0
// gateway-api 3.5: slots, then a queue, first come, first served, over all workers.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { completion } from '../tools/answers.mjs';
import { MODEL, PROMPT } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const WORKERS = 3;
const SLOTS = 3;
const QUEUE = 8;
const BRIEF = 'brief-model'; // at a target whose queue is left soon

/** An upstream that answers each request when it is told to: `held` in the order in which they came. */
function holding(upstream) {
  const held = [];
  upstream.answer(async (io, request) => {
    const who = request.json.messages[0].content;
    const told = new Promise((resolve) => { held.push({ who, go: resolve, gone: io.leaves }); });
    await Promise.race([told, io.leaves]);
    return completion(who)(io);
  });
  return held;
}

async function open(stage) {
  const upstream = await stage.upstream();
  const brief = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream, groq: brief },
    config: {
      targets: [
        { virtual_key: 'openai', models: [MODEL],
          concurrency: { max_concurrency: SLOTS, queue_size: QUEUE, queue_timeout: '60s' } },
        { virtual_key: 'groq', models: [BRIEF], concurrency: { max_concurrency: 1, queue_timeout: '200ms' } },
      ],
    },
    env: { WORKERS: String(WORKERS) }, expect: { restarts: true },
  });
  await until(3000 * PATIENCE, 'all workers', () => gateway.workers().length === WORKERS);
  return { upstream, gateway, held: holding(upstream), brief: holding(brief) };
}

const gauge = async (gateway, name) => (await gateway.metrics()).value(name, { target: 'openai' });

/** How many are at the target and how many wait, once it is so. */
async function settled(gateway, inFlight, queued) {
  await until(3000 * PATIENCE, `${inFlight} calls at the target and ${queued} that wait`, async () => (
    await gauge(gateway, 'gateway_target_in_flight') === inFlight
    && await gauge(gateway, 'gateway_target_queued') === queued));
}

/** One request on a connection of its own, so that any worker may get it. */
async function send(gateway, who, more = {}) {
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest({ messages: [{ role: 'user', content: who }], user: PROMPT, ...more }));
  return connection;
}

async function fill(gateway, count, from = 0) {
  const connections = [];
  for (let i = from; i < from + count; i += 1) {
    connections.push(await send(gateway, `n${i}`));
    await settled(gateway, Math.min(i + 1, SLOTS), Math.max(0, i + 1 - SLOTS));
  }
  return connections;
}

async function finish(held, connections) {
  const closing = connections.map(async (connection) => {
    const answer = await connection.answer({ ms: 5000 * PATIENCE });
    connection.close();
    return answer.status;
  });
  let answered = 0;
  const all = Promise.all(closing).then((list) => { answered = 1; return list; });
  await until(8000 * PATIENCE, 'every answer', () => {
    while (held.length) held.shift().go();
    return answered;
  });
  return all;
}

plays('a full target lets in one after the other', open, (act) => {
  act('in the order in which they came, whichever worker they came to', async ({ gateway, held }) => {
    const connections = await fill(gateway, SLOTS + QUEUE);
    await until(3000 * PATIENCE, 'the first at the upstream', () => held.length === SLOTS);
    const order = [];
    while (order.length < QUEUE) {
      held.shift().go();
      await until(3000 * PATIENCE, 'the next at the upstream', () => held.length >= SLOTS);
      assert.equal(held.length, SLOTS);
      order.push(held.at(-1).who);
    }
    assert.deepEqual(order, Array.from({ length: QUEUE }, (_, i) => `n${i + SLOTS}`));
    assert.deepEqual(await finish(held, connections), Array(SLOTS + QUEUE).fill(200));
    await settled(gateway, 0, 0);
  });

  act('and turns away at once who finds the queue full', async ({ gateway, held, upstream }) => {
    const connections = await fill(gateway, SLOTS + QUEUE);
    const before = upstream.requests.length;
    const began = performance.now();
    const answer = await gateway.chat();
    const took = performance.now() - began;
    assert.equal(answer.status, 429);
    assert.equal(answer.json.error.code, 'provider_saturated');
    assert.equal(answer.header('retry-after'), '1');
    assert.ok(took < 1000 * PATIENCE, `${took} ms`);
    assert.equal(upstream.requests.length, before);
    assert.deepEqual(await finish(held, connections), Array(SLOTS + QUEUE).fill(200));
    await settled(gateway, 0, 0);
  });

  act('and who has waited too long, which is no failure of the target', async ({ gateway, brief }) => {
    const first = await send(gateway, 'first', { model: BRIEF });
    await until(3000 * PATIENCE, 'the first at the upstream', () => brief.length === 1);
    const answer = await gateway.chat({ model: BRIEF });
    assert.equal(answer.status, 429);
    assert.equal(answer.json.error.code, 'provider_saturated');
    assert.deepEqual(await finish(brief, [first]), [200]);
  });

  act('and a client that goes gives up its place', async ({ gateway, held }) => {
    const connections = await fill(gateway, SLOTS + 3);
    const [leaver] = connections.splice(SLOTS, 1);
    leaver.close();
    await settled(gateway, SLOTS, 2);
    held.shift().go();
    await until(3000 * PATIENCE, 'the next one', () => held.some(({ who }) => who === `n${SLOTS + 1}`));
    assert.ok(!held.some(({ who }) => who === `n${SLOTS}`));
    await finish(held, connections);
    await settled(gateway, 0, 0);
  });

  act('and the slots of a killed worker come back', async ({ gateway, held }) => {
    const connections = await fill(gateway, SLOTS + 2);
    for (const pid of gateway.workers().slice(1)) process.kill(pid, 'SIGKILL');
    await until(5000 * PATIENCE, 'replacements', () => gateway.workers().length === WORKERS);
    for (const connection of connections) connection.close();
    await until(5000 * PATIENCE, 'an empty target', async () => {
      while (held.length) held.shift().go();
      return await gauge(gateway, 'gateway_target_in_flight') === 0
        && await gauge(gateway, 'gateway_target_queued') === 0;
    });
    held.length = 0;
    assert.deepEqual(await finish(held, await fill(gateway, SLOTS)), Array(SLOTS).fill(200));
  });
});
