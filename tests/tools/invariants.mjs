// SPDX-License-Identifier: Apache-2.0
// What must hold after every play.
import assert from 'node:assert/strict';

import { MASTER_KEY, PROMPT, providerKey } from './gateway.mjs';
import { sleep, until } from './wire.mjs';

const SANITIZER_WORDS = /ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer/;

export async function checkInvariants(gateway, upstreams) {
  checkUpstreams(upstreams);
  if (!gateway.over && !gateway.signalled) await checkAlive(gateway);
  const { code, signal, err } = await gateway.stop();
  assert.doesNotMatch(err, SANITIZER_WORDS);
  if (gateway.expect.signal) assert.equal(signal, gateway.expect.signal);
  else assert.deepEqual([code, signal], [0, null], 'the gateway ends with 0 after SIGTERM');
  checkOutput(gateway);
}

function checkUpstreams(upstreams) {
  for (const upstream of upstreams) {
    assert.deepEqual(upstream.faults.map(String), [], 'the gateway speaks strict HTTP upstream');
    for (const request of upstream.requests) {
      const seen = request.raw.toString('latin1') + (request.body ?? '').toString('latin1');
      assert.ok(!seen.includes(MASTER_KEY), 'the client\'s key stays in the gateway');
    }
  }
}

async function checkAlive(gateway) {
  if (!gateway.expect.restarts) {
    assert.deepEqual(gateway.workers(), gateway.firstWorkers, 'the same workers are alive');
  }
  const health = await gateway.get('/livez');
  assert.equal(health.status, 200, 'a fresh request is served');
  // The scrape itself is the one active connection. A worker tells its own number with its tick, four times a second:
  // the last scrape must be forgotten before the next.
  await until(5000, 'no request in flight', async () => {
    const active = (await gateway.metrics()).value('gateway_server_connections_current', { state: 'active' });
    return active <= 1 || (await sleep(300), false);
  });
}

function checkOutput(gateway) {
  assert.deepEqual(gateway.noise, [], 'standard output is JSON lines');
  for (const line of gateway.logs) {
    for (const key of ['time', 'level', 'msg']) assert.equal(typeof line[key], 'string', `${key} in every log line`);
  }
  const said = gateway.output.out + gateway.output.err;
  const secrets = [MASTER_KEY, PROMPT, ...['openai', 'groq', 'anthropic'].map(providerKey)];
  for (const secret of secrets) {
    const bytes = Buffer.from(secret);
    for (const form of [secret, bytes.toString('base64url'), bytes.toString('hex')]) {
      assert.ok(!said.includes(form), `${secret} is in no log`);
    }
  }
}
