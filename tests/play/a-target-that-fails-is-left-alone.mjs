// SPDX-License-Identifier: Apache-2.0
// Circuits, pauses that an upstream asks for, places that are taken, and what the retry budget and the deadline allow:
// who is asked, and what the client hears when nobody is.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { chunk, completion, failure, reset, silence, stream } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { PATIENCE, assertError, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const OPEN_MS = 150 * PATIENCE;
const breaker = (threshold) => ({ failure_threshold: threshold, timeout: `${OPEN_MS}ms` });

async function open(stage) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const at = (name, upstream, models, more) => ({ name, provider: 'vllm', base_url: upstream.url, models, ...more });
  const tries = { attempts: 2, initial_backoff_ms: 1 };
  const one = { max_concurrency: 1, queue_size: 1, queue_timeout: '150ms' };
  const gateway = await stage.gateway({ config: {
    request_timeout: `${5 * PATIENCE}s`, retry_budget: { ratio: 0, min_per_second: 0.2 },
    targets: [
      at('alone', first, ['circuit', 'other'], { circuit_breaker: breaker(3) }),
      at('first', first, ['both'], { circuit_breaker: breaker(2) }), at('second', second, ['both']),
      at('held', first, ['held']), at('held-too', second, ['held']), at('held-alone', first, ['held-alone']),
      at('narrow', first, ['narrow', 'narrow-pool'], { concurrency: one }), at('wide', second, ['narrow-pool']),
      at('retried', first, ['retried'], { retry: tries }), at('through', first, ['through'],
        { circuit_breaker: breaker(2), concurrency: one }),
    ],
  } });
  return { first, second, gateway, log: (msg, target) => gateway.log((line) => (
    line.msg === msg && line.target === target)) };
}

/** Asks so many times, and says what came and how often the first upstream was asked. */
async function statuses({ first, gateway }, model, times, answer) {
  first.answer(answer);
  const [before, list] = [first.requests.length, []];
  for (let i = 0; i < times; i++) list.push((await gateway.chat({ model })).status);
  return [list, first.requests.length - before];
}

async function assertOpen({ first, gateway }, model) {
  const before = first.requests.length;
  const answer = await gateway.chat({ model });
  assertError(answer, 503, { type: 'upstream_error', code: 'upstream_unavailable',
    message: 'the upstream provider is temporarily unavailable; retry shortly' });
  assert.match(answer.header('retry-after'), /^[1-9]\d*$/);
  assert.equal(first.requests.length, before, 'nobody was asked');
}

plays('who is asked', open, (act) => {
  act('a circuit opens with the last failure that it takes, and says when to come again', async (scene) => {
    assert.deepEqual(await statuses(scene, 'circuit', 5, failure(500)), [[502, 502, 502, 503, 503], 3]);
    await assertOpen(scene, 'circuit');
    const line = await scene.log('circuit opened', 'alone');
    assert.equal(line.model, 'circuit');
    const words = 'all providers failed: target alone: upstream_unavailable';
    await scene.gateway.log((one) => one.msg === 'request failed' && one.error === words);
    const metrics = await scene.gateway.metrics();
    assert.equal(metrics.value('gateway_events_total', { subject: 'gateway.breaker.opened' }), 1);
  });
  act('a circuit is of one model alone', async (scene) => {
    assert.deepEqual(await statuses(scene, 'other', 1, completion('well')), [[200], 1]);
  });
  act('a circuit lets one call through when its time is over, and closes with its success', async (scene) => {
    await sleep(OPEN_MS + 50);
    scene.first.answer(completion('well', { delay: 100 }));
    const before = scene.first.requests.length;
    const answers = await Promise.all([1, 2, 3, 4].map(() => scene.gateway.chat({ model: 'circuit' })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 503, 503, 503]);
    assert.equal(scene.first.requests.length - before, 1, 'exactly one probe');
    await scene.log('circuit half-open', 'alone');
    await scene.log('circuit closed', 'alone');
    assert.deepEqual(await statuses(scene, 'circuit', 2, completion('well')), [[200, 200], 2]);
  });
  act('a circuit opens again with a probe that fails', async (scene) => {
    await statuses(scene, 'circuit', 3, failure(500));
    await sleep(OPEN_MS + 50);
    assert.deepEqual(await statuses(scene, 'circuit', 3, failure(500)), [[502, 503, 503], 1]);
    await sleep(OPEN_MS + 50);
    assert.deepEqual(await statuses(scene, 'circuit', 1, completion('well')), [[200], 1]);
  });
  act('a circuit does not mind refusals, limits, and clients that leave', async (scene) => {
    const faults = { 400: 400, 401: 502, 404: 404, 429: 429, 529: 502 };
    for (const [status, seen] of Object.entries(faults)) {
      const answer = failure(Number(status), {}, { headers: { 'Retry-After': '0' } });
      assert.deepEqual(await statuses(scene, 'circuit', 4, answer), [Array(4).fill(seen), 4], status);
    }
    scene.first.answer(silence());
    for (let i = 0; i < 4; i++) {
      const count = scene.first.requests.length;
      const connection = await scene.gateway.connect();
      await connection.send(scene.gateway.chatRequest({ model: 'circuit' }));
      await scene.first.request(count + 1);
      connection.reset();
    }
    await until(3000, 'nobody is in flight', () => scene.first.open === 0);
    assert.deepEqual(await statuses(scene, 'circuit', 1, completion('well')), [[200], 1]);
  });
  act('a circuit counts what breaks, also behind the first word', async (scene) => {
    const events = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'begun' })];
    scene.first.answer(stream(events, { end: 'cut' }), stream(events, { end: 'reset' }), reset());
    for (const model of ['circuit', 'circuit']) {
      const reply = await scene.gateway.stream({ model });
      await drain(reply);
      reply.connection.close();
    }
    assert.equal((await scene.gateway.chat({ model: 'circuit' })).status, 502);
    await assertOpen(scene, 'circuit');
  });
  act('a circuit that is open is passed by where there is another target', async (scene) => {
    scene.second.answer(completion('from the second'));
    assert.deepEqual(await statuses(scene, 'both', 4, failure(500)), [[200, 200, 200, 200], 2]);
    const metrics = await scene.gateway.metrics();
    assert.equal(metrics.value('gateway_failovers_total', { target: 'second' }), 2, 'who is passed by has not failed');
  });
  act('a circuit is kept for what passes through, too', async (scene) => {
    const { first, gateway } = scene;
    first.answer(failure(500));
    const ask = () => gateway.fetch('POST', '/v1/something/else', {
      headers: { 'X-Provider': 'through', 'Content-Type': 'application/json' }, body: '{}' });
    const before = first.requests.length;
    const answers = [await ask(), await ask(), await ask()];
    assert.deepEqual(answers.map(({ status }) => status), [500, 500, 503]);
    assert.equal(answers[2].json.error.code, 'upstream_unavailable');
    assert.equal(first.requests.length - before, 2, 'it is never asked twice for one request');
    assert.deepEqual(await statuses(scene, 'through', 1, completion('well')), [[200], 1], 'its models are no worse');
  });

  const limited = failure(429, {}, { headers: { 'Retry-After': '1' } });
  act('a target that asks to be left alone is asked behind the others', async (scene) => {
    const { first, second, gateway } = scene;
    second.answer(completion('from the second'));
    assert.deepEqual(await statuses(scene, 'held', 3, limited), [[200, 200, 200], 1]);
    second.answer(failure(500));
    const before = first.requests.length;
    first.answer(completion('from the first'));
    assert.equal((await gateway.chat({ model: 'held' })).status, 200, 'when nobody else answers it is asked');
    assert.equal(first.requests.length - before, 1);
  });
  act('a target that asks for it is asked all the same when it is alone', async (scene) => {
    assert.deepEqual(await statuses(scene, 'held-alone', 2, limited), [[429, 429], 2]);
    assert.deepEqual(await statuses(scene, 'held-alone', 1, completion('well')), [[200], 1]);
  });
  act('a target that is full makes clients wait, then turns them away', async ({ first, gateway }) => {
    first.answer(silence());
    const holder = await gateway.connect();
    const count = first.requests.length;
    await holder.send(gateway.chatRequest({ model: 'narrow' }));
    await first.request(count + 1);
    const answers = await Promise.all([1, 2, 3].map(() => gateway.chat({ model: 'narrow' })));
    for (const answer of answers) {
      assertError(answer, 429, { type: 'rate_limit_error', code: 'provider_saturated',
        message: 'the gateway is at capacity for this request; retry shortly' });
      assert.equal(answer.header('retry-after'), '1');
    }
    first.answer(completion('well'));
    assert.equal(first.requests.length, count + 1);
    const waiting = gateway.chat({ model: 'narrow' });
    await sleep(20);
    holder.reset();
    assert.equal((await waiting).status, 200, 'whoever waits comes in when somebody leaves');
  });
  act('a target that is full makes way for another at once', async ({ first, second, gateway }) => {
    first.answer(silence());
    second.answer(completion('from the second'));
    const holder = await gateway.connect();
    const count = first.requests.length;
    await holder.send(gateway.chatRequest({ model: 'narrow' }));
    await first.request(count + 1);
    const at = performance.now();
    assert.equal((await gateway.chat({ model: 'narrow-pool' })).status, 200);
    assert.ok(performance.now() - at < 120 * PATIENCE, 'nobody waited in the queue');
    holder.reset();
    await until(3000, 'the place is free', () => first.open === 0);
  });
  act('a target is not waited for beyond the deadline', async (scene) => {
    const at = performance.now();
    const late = failure(429, {}, { headers: { 'Retry-After': String(6 * PATIENCE) } });
    assert.deepEqual(await statuses(scene, 'retried', 1, late), [[429], 1], 'its own failure is told, at once');
    assert.ok(performance.now() - at < 2000 * PATIENCE);
    await scene.log('abandoning target: the pause outlasts the deadline', 'retried');
  });
  act('a target is tried again only as often as the budget allows', async (scene) => {
    const busy = failure(503, {}, { headers: { 'Retry-After': '0' } });
    assert.deepEqual(await statuses(scene, 'retried', 6, busy), [Array(6).fill(502), 8]);
    const metrics = await scene.gateway.metrics();
    assert.equal(metrics.value('gateway_retries_total', { target: 'retried' }), 2);
    assert.equal(metrics.value('gateway_retries_refused_total', { target: 'retried' }), 4);
  });
});
