// SPDX-License-Identifier: Apache-2.0
// One worker, a stream under way, and a script that does what it can to keep the worker from it: what others wait for a
// fault is the limit (20 ms of CPU) and little more.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { performance } from 'node:perf_hooks';

import { endless } from '../tools/answers.mjs';
import { FAULTS, faulty } from '../tools/faults.mjs';
import { PATIENCE, assertError, plays } from '../tools/play.mjs';

const CPU_MS = 45; // the limit, how often it is looked at, the way out of a thousand calls, the answer
const TRIES = 5; // a busy machine may be late, but not each time
const slowness = () => PATIENCE * Math.max(1, os.loadavg()[0] / os.cpus().length);

/** CPU time of the thread that serves requests, in milliseconds. */
const cpuOf = (pid) => Number(fs.readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;

/** Reads a stream on, and keeps the longest time between two of its events. */
function watch(stream) {
  const seen = { gap: 0, events: 0, last: performance.now() };
  seen.end = (async () => {
    for await (const event of stream.events) {
      const now = performance.now();
      seen.gap = Math.max(seen.gap, now - seen.last);
      seen.last = now;
      seen.events += event ? 1 : 0;
    }
  })().catch(() => {});
  return seen;
}

async function delayOf({ gateway, seen, worker }, fault) {
  seen.gap = 0;
  const before = cpuOf(worker);
  const answer = await gateway.chat({}, { 'X-Fault': `before_request ${fault}` });
  assertError(answer, 500, { type: 'server_error', code: 'plugin_error' });
  const cpu = cpuOf(worker) - before;
  const events = seen.events;
  while (seen.events === events) await new Promise((resolve) => { setTimeout(resolve, 1); });
  return { cpu, gap: seen.gap };
}

plays('while another request is under way, a plugin that', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(endless({ every: 2 }));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: { 'plugins/faulty.lua': faulty('guardrail') },
    config: { plugins: [{ name: 'faulty' }], scripts: { rollback: { window: '0s' } } },
  });
  const stream = await gateway.stream({}, { 'X-Fault': 'none none' });
  return { gateway, stream, seen: watch(stream), worker: gateway.workers()[0] };
}, (act) => {
  for (const fault of Object.keys(FAULTS)) {
    act(`${fault} keeps it waiting no longer than the limit`, async (scene, t) => {
      const tries = [];
      const good = ({ cpu, gap }) => cpu <= CPU_MS * PATIENCE && gap <= 2 * CPU_MS * slowness();
      do tries.push(await delayOf(scene, fault)); while (!good(tries.at(-1)) && tries.length < TRIES);
      assert.ok(good(tries.at(-1)), `${JSON.stringify(tries)} ms`);
      t.diagnostic(`${JSON.stringify(tries)} ms`);
      assert.deepEqual(scene.gateway.workers(), [scene.worker], 'the worker lives');
    });
  }
  act('is over, the stream goes on', async ({ stream, seen }) => {
    stream.connection.close();
    await seen.end;
  });
});
