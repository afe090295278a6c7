// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, speech } from '../tools/answers.mjs';
import { drain, request, spelled } from '../tools/client.mjs';
import { play } from '../tools/play.mjs';
import { sleep } from '../tools/wire.mjs';

const WORDS = Array.from({ length: 15 }, (_, i) => `word${i} `);

play('refuses new work and ends with 0', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(speech(WORDS, { every: 100 }));
  const gateway = await stage.gateway({ targets: { openai: upstream }, env: { WORKERS: '2' } });
  const streams = await Promise.all(Array.from({ length: 6 }, () => gateway.stream()));
  const ends = streams.map(drain);
  await sleep(300);

  gateway.signal();
  await sleep(300);
  const ready = await gateway.get('/readyz').catch(() => null);
  assert.ok(ready === null || ready.status === 503, `/readyz says ${ready?.status}`);
  assert.equal(gateway.over, false, 'it waits for its streams');

  for (const end of await Promise.all(ends)) {
    assert.equal(spelled(end.list), WORDS.join(''));
    assert.deepEqual([end.done, end.complete], [1, true]);
  }
  for (const stream of streams) stream.connection.close();
  const { code } = await gateway.stop(5000);
  assert.equal(code, 0);
});

play('answers a request that was on its way', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('late but here', { delay: 800 }));
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const reply = gateway.chat();
  await upstream.request(1);
  gateway.signal();
  const answer = await reply;
  assert.equal(answer.status, 200);
  assert.equal(answer.header('connection'), 'close');
  assert.equal((await gateway.stop(5000)).code, 0);
});

play('closes idle connections at once', async (stage) => {
  const gateway = await stage.gateway();
  const idle = await gateway.connect();
  await idle.send(request('GET', '/livez'));
  assert.equal((await idle.answer()).status, 200);
  gateway.signal();
  assert.ok(await idle.closes(2000));
  assert.equal((await gateway.stop(5000)).code, 0);
  idle.close();
});

play('ends at once on SIGINT when nothing is open', async (stage) => {
  const gateway = await stage.gateway();
  gateway.signal('SIGINT');
  assert.equal((await gateway.stop(5000)).code, 0);
});
