// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { completion, failure } from '../tools/answers.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { PATIENCE, play } from '../tools/play.mjs';

async function open(stage, retry, ...answers) {
  const upstream = await stage.upstream();
  upstream.answer(...answers);
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { targets: [{ virtual_key: 'openai', models: [MODEL], retry }] },
  });
  return { upstream, gateway };
}

const ok = completion('at last');

play('a failing target is tried as often as it says', async (stage) => {
  const retry = { attempts: 3, initial_backoff_ms: 1 };
  const { upstream, gateway } = await open(stage, retry, failure(500), failure(503), ok);
  assert.equal((await gateway.chat()).status, 200);
  assert.equal(upstream.complete, 3);
  assert.equal((await gateway.metrics()).value('gateway_retries_total'), 2);
});

play('and not once more', async (stage) => {
  const { upstream, gateway } = await open(stage, { attempts: 2, initial_backoff_ms: 1 }, failure(503));
  assert.equal((await gateway.chat()).status, 502);
  assert.equal(upstream.complete, 2);
});

play('a fault of the caller is not tried again', async (stage) => {
  const { upstream, gateway } = await open(stage, { attempts: 3, initial_backoff_ms: 1 }, failure(400), ok);
  assert.equal((await gateway.chat()).status, 400);
  assert.equal(upstream.complete, 1);
});

play('named statuses replace the usual ones', async (stage) => {
  const retry = { attempts: 3, on_status_codes: [404], initial_backoff_ms: 1 };
  const first = await open(stage, retry, failure(404), ok);
  assert.equal((await first.gateway.chat()).status, 200);
  const second = await open(stage, retry, failure(500), ok);
  assert.equal((await second.gateway.chat()).status, 502);
  assert.equal(second.upstream.complete, 1);
});

play('an upstream\'s Retry-After is waited for', async (stage) => {
  const busy = failure(429, {}, { headers: { 'Retry-After': '1' } });
  const { upstream, gateway } = await open(stage, { attempts: 2, initial_backoff_ms: 1 }, busy, ok);
  const at = performance.now();
  assert.equal((await gateway.chat()).status, 200);
  const took = performance.now() - at;
  assert.ok(took >= 990 && took < 3000 * PATIENCE, `${took} ms`);
  assert.equal(upstream.complete, 2);
});

play('one that is too long is not', async (stage) => {
  const busy = failure(429, {}, { headers: { 'Retry-After': '31' } });
  const { upstream, gateway } = await open(stage, { attempts: 2, initial_backoff_ms: 1 }, busy, ok);
  const answer = await gateway.chat();
  assert.deepEqual([answer.status, answer.header('retry-after'), upstream.complete], [429, '31', 1]);
});

play('a client that goes while it waits ends it', async (stage) => {
  const busy = failure(429, {}, { headers: { 'Retry-After': '2' } });
  const { upstream, gateway } = await open(stage, { attempts: 2, initial_backoff_ms: 1 }, busy, ok);
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  await upstream.request(1);
  connection.reset();
  const [line] = await gateway.access(1, '/v1/chat/completions', 1500);
  assert.equal(line.status, 499);
});
