// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, speech } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { PATIENCE, play } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const WORDS = Array.from({ length: 12 }, (_, i) => `word${i} `);

async function open(stage, workers) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { WORKERS: String(workers) }, expect: { restarts: true },
  });
  await until(3000, 'all workers', () => gateway.workers().length === workers);
  return { upstream, gateway };
}

const replaced = (gateway, pid, count) => until(5000 * PATIENCE, 'a replacement', () => (
  !gateway.workers().includes(pid) && gateway.workers().length === count));

play('and the streams of the other worker never notice', async (stage) => {
  const { upstream, gateway } = await open(stage, 2);
  upstream.answer(speech(WORDS, { every: 100 }));
  const streams = await Promise.all(Array.from({ length: 16 }, () => gateway.stream()));
  const [victim] = gateway.workers();
  process.kill(victim, 'SIGKILL');
  const results = await Promise.all(streams.map((stream) => drain(stream).catch(() => ({ list: [], done: 0 }))));
  for (const stream of streams) stream.connection.close();
  const whole = results.filter((result) => result.done === 1);
  assert.ok(whole.length > 0 && whole.length < 16, `${whole.length} of 16 streams came to their end`);
  for (const result of whole) assert.equal(spelled(result.list), WORDS.join(''));
  await replaced(gateway, victim, 2);
});

play('and a connection that waited in its queue is served by the replacement', async (stage) => {
  const { upstream, gateway } = await open(stage, 1);
  upstream.answer(completion('served after all'));
  const [victim] = gateway.workers();
  process.kill(victim, 'SIGSTOP');
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  await sleep(100);
  process.kill(victim, 'SIGKILL');
  const answer = await connection.answer({ ms: 10_000 * PATIENCE });
  assert.equal(answer?.status, 200);
  assert.equal(answer.json.choices[0].message.content, 'served after all');
  connection.close();
  await replaced(gateway, victim, 1);
});

play('and the restart is counted', async (stage) => {
  const { gateway } = await open(stage, 1);
  assert.equal((await gateway.metrics()).value('gateway_worker_restarts_total'), 0);
  const [victim] = gateway.workers();
  process.kill(victim, 'SIGKILL');
  await replaced(gateway, victim, 1);
  assert.equal((await gateway.metrics()).value('gateway_worker_restarts_total'), 1);
});

play('when it no longer ticks, too', async (stage) => {
  const { gateway } = await open(stage, 1);
  const [victim] = gateway.workers();
  process.kill(victim, 'SIGSTOP');
  await until(8000 * PATIENCE, 'a replacement', () => (
    !gateway.workers().includes(victim) && gateway.workers().length === 1));
  assert.equal((await gateway.get('/livez')).status, 200);
});

play('and numbers counted before survive it', async (stage) => {
  const { gateway } = await open(stage, 1);
  await gateway.chat();
  const [victim] = gateway.workers();
  process.kill(victim, 'SIGKILL');
  await replaced(gateway, victim, 1);
  await gateway.chat();
  assert.equal((await gateway.metrics()).value('gateway_requests_total', { status: 'success' }), 2);
});
