// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';

import { fetch } from '../tools/client.mjs';
import { BINARY, Metrics, SANITIZED, freePort } from '../tools/gateway.mjs';
import { until, within } from '../tools/wire.mjs';

const LINES = 12_000; // some 3 MB: more than the pipe and the waiting lines hold

test('while requests are served as fast as ever, and what was dropped is counted', { timeout: 120_000 }, async () => {
  const port = await freePort();
  const env = { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: String(port), WORKERS: '1' };
  const gateway = spawn(BINARY, ['serve'], { env, stdio: ['ignore', 'pipe', 'ignore'] }); // never read
  const exit = new Promise((resolve) => { gateway.once('exit', (code, signal) => resolve([code, signal])); });
  try {
    await until(30_000, 'the gateway is ready', async () => (
      (await fetch(port, 'GET', '/readyz').catch(() => null))?.status === 200));
    let slowest = 0;
    for (let sent = 0; sent < LINES; sent += 24) {
      const from = performance.now();
      await Promise.all(Array.from({ length: 24 }, () => fetch(port, 'GET', `/nope/${'x'.repeat(100)}`)));
      slowest = Math.max(slowest, performance.now() - from);
    }
    assert.ok(slowest < 1000 * (SANITIZED ? 4 : 1), `${slowest.toFixed(0)} ms`);
    await until(2000, 'the metric', async () => {
      const metrics = new Metrics((await fetch(port, 'GET', '/metrics')).text);
      return metrics.value('gateway_log_lines_dropped_total') > 0;
    });
    gateway.kill('SIGTERM');
    assert.deepEqual(await within(15_000, 'the end', exit), [0, null]);
  } finally {
    gateway.kill('SIGKILL');
  }
});
