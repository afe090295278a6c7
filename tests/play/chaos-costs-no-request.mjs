// SPDX-License-Identifier: Apache-2.0
// A seeded storm: many clients, three targets of which two come and go with every fault there is, whole answers and
// streams. While the third is well, and trusted (slow here is a slow machine), every request is answered; when none is,
// each ends with a typed error; afterwards nothing is held. CHAOS_REQUESTS and CHAOS_SEED make it longer, and other.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { chunk, completion, failure, raw, reset, silence, speech, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL, SANITIZED } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const REQUESTS = Number(process.env.CHAOS_REQUESTS ?? (SANITIZED ? 300 : 1200));
const CLIENTS = Math.min(200, Math.ceil(REQUESTS / 20));
const SEED = Number(process.env.CHAOS_SEED ?? 20261126);
const DEADLINE = 15_000; // milliseconds a request may take

/** Mulberry32: the same draws for the same seed. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ROLE = chunk({ role: 'assistant', content: '' });
const SILENT = [silence(), stream([ROLE], { end: 'stall' }), raw('HTTP/1.1 200 OK\r\n', { after: 'stall' })];
const FAULTS = [
  failure(500), failure(503), failure(529), failure(429), failure(401), reset(), raw(''),
  raw('HTTP/1.1 200 OK\r\nContent-', { after: 'reset' }), raw('220 smtp.example ESMTP\r\n'),
  whole('<html>hi</html>', { headers: { 'Content-Type': 'text/html' } }), whole('{"id":'),
  raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":'),
  stream([]), stream([ROLE], { end: 'reset' }), stream([ROLE, { error: { message: 'no' } }]),
];
const WORDS = ['all ', 'is ', 'well'];

/** Answers by what the storm says of this upstream at this moment. */
function weather(storm, name) {
  const faults = name === 'c' ? FAULTS : [...FAULTS, ...SILENT];
  return async (io, request) => {
    const fault = storm.faulty.has(name) && storm.random() < 0.9;
    if (fault) return faults[Math.floor(storm.random() * faults.length)](io, request);
    const delay = Math.floor(storm.random() * 15);
    const asked = request.json.stream ? speech(WORDS, { slice: 7 }) : completion(WORDS.join(''), { delay });
    return asked(io, request);
  };
}

async function open(stage) {
  const storm = { random: randomFrom(SEED), faulty: new Set() };
  const upstreams = {};
  for (const name of ['a', 'b', 'c']) {
    upstreams[name] = await stage.upstream();
    upstreams[name].answer(weather(storm, name));
  }
  const target = (name) => ({
    name, base_url: upstreams[name].url, models: [MODEL], weight: 1,
    retry: { attempts: 2, initial_backoff_ms: 1 },
    ...(name === 'c' ? {} : {
      timeout: { first_byte: '300ms', idle: '300ms' }, circuit_breaker: { failure_threshold: 4, timeout: '150ms' },
    }),
    concurrency: { max_concurrency: 60, queue_size: 500, queue_timeout: '4s' },
  });
  const gateway = await stage.gateway({
    env: { WORKERS: '2' },
    config: {
      strategy: { mode: 'loadbalance' }, request_timeout: `${DEADLINE * PATIENCE}ms`,
      targets: ['a', 'b', 'c'].map(target),
    },
  });
  return { storm, upstreams, gateway };
}

async function ask(gateway, streamed) {
  if (!streamed) {
    const { status, text, json } = await gateway.chat();
    return { status, said: status === 200 ? json.choices[0].message.content : text };
  }
  const reply = await gateway.stream();
  const events = reply.header('content-type')?.startsWith('text/event-stream');
  const { list, done } = events ? await drain(reply) : { list: [], done: 0 };
  reply.connection.close();
  return { status: reply.status, said: events ? spelled(list) : 'an error', done };
}

/** `count` requests of many clients at once; each result is given to `judge`. */
async function storm(scene, count, judge) {
  const { gateway, storm: { random } } = scene;
  let begun = 0;
  async function client() {
    while (begun < count) {
      begun += 1;
      scene.turn?.(begun);
      const streamed = random() < 0.5;
      const at = performance.now();
      const result = await ask(gateway, streamed);
      judge({ ...result, streamed, took: performance.now() - at });
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

const tally = (results, name) => { results[name] = (results[name] ?? 0) + 1; };

plays('while targets come and go', open, (act) => {
  act('each request is answered as long as one of them is well', async (scene) => {
    const { random, faulty } = scene.storm;
    const results = {};
    const flips = Math.max(4, Math.floor(REQUESTS / 12));
    scene.turn = (begun) => {
      if (begun % flips) return;
      for (const name of ['a', 'b']) if (random() < 0.7) faulty.add(name); else faulty.delete(name);
    };
    await storm(scene, REQUESTS, ({ status, said, done, streamed, took }) => {
      tally(results, `${status} ${said}`);
      assert.ok(took < DEADLINE * PATIENCE, `a request took ${took.toFixed(0)} ms`);
      if (streamed && status === 200) assert.equal(done, 1, 'a stream ends once');
    });
    scene.turn = undefined;
    assert.deepEqual(results, { [`200 ${WORDS.join('')}`]: REQUESTS }, `seed ${SEED}`);
  });

  act('each ends with a typed error when none is', async (scene) => {
    for (const name of ['a', 'b', 'c']) scene.storm.faulty.add(name);
    await storm(scene, Math.floor(REQUESTS / 4), ({ status, took }) => {
      assert.ok(took < DEADLINE * PATIENCE, `a request took ${took.toFixed(0)} ms`);
      assert.ok([200, 429, 502, 503, 504].includes(status), `status ${status}`);
    });
  });

  act('and all is as before once they are back', async (scene) => {
    scene.storm.faulty.clear();
    await until(10_000 * PATIENCE, 'an answer', async () => (await ask(scene.gateway, false)).status === 200);
    const results = {};
    await storm(scene, Math.floor(REQUESTS / 8), ({ status }) => tally(results, status));
    assert.deepEqual(Object.keys(results), ['200']);
    await until(3000 * PATIENCE, 'nothing is held', async () => {
      const metrics = await scene.gateway.metrics();
      assert.equal(metrics.find('gateway_target_in_flight').length, 3, 'a gauge of each target');
      return metrics.value('gateway_target_in_flight') + metrics.value('gateway_target_queued') === 0;
    });
  });
}, { ms: 120_000 });
