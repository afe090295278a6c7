// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, raw, reset } from '../tools/answers.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

async function open(stage, config) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream }, config }) };
}

play('when a fresh connection is reset after the request', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(reset());
  assertError(await gateway.chat(), 502);
  assert.equal(upstream.complete, 1);
});

play('when a reused connection dies after it read the request', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(completion('first'), reset());
  assert.equal((await gateway.chat()).status, 200);
  assertError(await gateway.chat(), 502);
  assert.equal(upstream.complete, 2, 'one request per call');
  assert.equal(upstream.connections.length, 1, 'the connection was reused');
});

play('when a reused connection closes cleanly after it read the request', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(completion('first'), raw(''));
  assert.equal((await gateway.chat()).status, 200);
  assertError(await gateway.chat(), 502);
  assert.equal(upstream.complete, 2);
});

play('and a connection the upstream closed while it was idle costs nothing', async (stage) => {
  const { upstream, gateway } = await open(stage);
  for (let i = 0; i < 20; i++) {
    assert.equal((await gateway.chat()).status, 200);
    upstream.connections[i].wire.socket.end();
    await until(2000, 'the gateway closes its side', () => upstream.open === 0);
    await sleep(5);
  }
  assert.equal(upstream.complete, 20);
  assert.equal(upstream.connections.length, 20);
});

play('and idle connections are used again', async (stage) => {
  const { upstream, gateway } = await open(stage);
  for (let i = 0; i < 20; i++) assert.equal((await gateway.chat()).status, 200);
  assert.equal(upstream.connections.length, 1);
});

play('unless the retry policy of the target says so', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(reset(), reset(), completion('third time'));
  const retry = { attempts: 3, initial_backoff_ms: 1, retry_ambiguous: true };
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { targets: [{ virtual_key: 'openai', models: [MODEL], retry }] },
  });
  const answer = await gateway.chat();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(upstream.complete, 3);
});
