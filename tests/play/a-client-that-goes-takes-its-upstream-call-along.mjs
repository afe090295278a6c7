// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { endless, silence } from '../tools/answers.mjs';
import { PATIENCE, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const AIM_MS = 50;
const LIMIT_MS = 500 * PATIENCE;

/** Lets `leave` happen and measures how long the upstream's side stays open. */
async function measure(t, upstream, leave) {
  const at = performance.now();
  leave();
  const connection = await until(5000, 'the upstream call is closed', () => (
    upstream.connections.find((one) => one.closedAt !== null && one.closedAt >= at)));
  const took = connection.closedAt - at;
  t.diagnostic(`upstream closed after ${took.toFixed(1)} ms (aim ${AIM_MS})`);
  assert.ok(took < LIMIT_MS, `closed after ${took.toFixed(1)} ms`);
}

async function midStream(stage) {
  const upstream = await stage.upstream();
  upstream.answer(endless());
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const stream = await gateway.stream();
  for (let i = 0; i < 3; i++) await stream.events.next();
  return { upstream, gateway, stream };
}

play('by a reset in the middle of a stream', async (stage, t) => {
  const { upstream, gateway, stream } = await midStream(stage);
  await measure(t, upstream, () => stream.connection.reset());
  const [line] = await gateway.access(1);
  assert.equal(line.status, 499);
});

play('by a FIN in the middle of a stream', async (stage, t) => {
  const { upstream, gateway, stream } = await midStream(stage);
  await measure(t, upstream, () => stream.connection.finish());
  const [line] = await gateway.access(1);
  assert.equal(line.status, 499);
  stream.connection.close();
});

play('by a reset while it waits for the answer', async (stage, t) => {
  const upstream = await stage.upstream();
  upstream.answer(silence());
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  await upstream.request(1);
  await measure(t, upstream, () => connection.reset());
  const [line] = await gateway.access(1);
  assert.equal(line.status, 499);
});

play('and no other target is asked then', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  first.answer(silence());
  const gateway = await stage.gateway({ targets: { openai: first, groq: second } });
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  await first.request(1);
  connection.reset();
  await gateway.access(1);
  assert.equal(second.requests.length, 0);
});

play('a hundred clients that leave at once leave nothing behind', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(endless({ every: 20 }));
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const streams = await Promise.all(Array.from({ length: 100 }, () => gateway.stream()));
  await Promise.all(streams.map((stream) => stream.events.next()));
  for (const stream of streams) stream.connection.reset();
  await until(5000 * PATIENCE, 'all upstream calls are closed', () => upstream.open === 0);
  const lines = await gateway.access(100);
  assert.equal(lines.length, 100);
  assert.ok(lines.every((line) => line.status === 499));
});
