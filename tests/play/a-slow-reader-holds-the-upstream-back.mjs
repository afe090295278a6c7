// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { endless } from '../tools/answers.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const READERS = 20;
const PER_STREAM_KIB = 256;
const SLACK_KIB = 4096;

async function stalled(count) {
  let last = -1;
  await until(15_000, 'the upstream is held back', async () => {
    const before = last;
    last = count();
    await sleep(500);
    return last > 0 && last === before;
  });
}

play('in bounded memory, and gets every event in order when it reads again', async (stage, t) => {
  const upstream = await stage.upstream();
  let sent = 0;
  upstream.answer(endless({ every: 0, size: 4096, onEvent: () => { sent += 1; } }));
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  await gateway.get('/livez');
  const before = gateway.memory();

  const streams = await Promise.all(Array.from({ length: READERS }, () => gateway.stream({}, {}, { ms: 25_000 })));
  for (const stream of streams) stream.connection.wire.pause();
  await stalled(() => sent);
  const grown = gateway.memory() - before;
  t.diagnostic(`${READERS} stopped readers: ${grown} KiB more, ${(grown / READERS).toFixed(0)} KiB each`);
  if (!SANITIZED) assert.ok(grown < READERS * PER_STREAM_KIB + SLACK_KIB, `${grown} KiB more`);

  assert.equal((await gateway.get('/livez')).status, 200, 'others are served meanwhile');
  const [stream, ...others] = streams;
  for (const other of others) other.connection.reset();
  stream.connection.wire.resume();
  let next = 0;
  for await (const event of stream.events) {
    const text = JSON.parse(event.data).choices[0].delta.content;
    if (text === '') continue;
    assert.equal(Number.parseInt(text, 10), next);
    next += 1;
    if (next === 3000) break;
  }
  stream.connection.close();
});
