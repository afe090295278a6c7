// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, endless, stream, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { assertError, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

async function open(stage, limits) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream }, config: { limits } }) };
}

const answerOf = (bytes) => {
  const empty = JSON.stringify({ choices: [], filler: '' });
  return JSON.stringify({ choices: [], filler: 'x'.repeat(bytes - empty.length) });
};

play('with a body above the limit: 502, and at the limit it is served', async (stage) => {
  const { upstream, gateway } = await open(stage, { upstream_body: '64KiB' });
  upstream.answer(whole(answerOf(65536)));
  assert.equal((await gateway.chat()).bytes.length, 65536);
  upstream.answer(whole(answerOf(65537)));
  assertError(await gateway.chat(), 502);
  upstream.answer(async (io) => {
    await io.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 100_000 && !io.gone; i++) await io.write(`3e8\r\n${'y'.repeat(1000)}\r\n`);
    return false;
  });
  assertError(await gateway.chat(), 502);
  await until(2000, 'the endless call is closed', () => upstream.last.connection.closedAt !== null);
});

play('with an event above the limit: an error event ends the stream', async (stage) => {
  const { upstream, gateway } = await open(stage, { sse_event: '16KiB' });
  const contents = ['', 'small', 'x'.repeat(20_000)];
  upstream.answer(stream([...contents.map((content) => chunk({ content })), '[DONE]'], { every: 10 }));
  const reply = await gateway.stream();
  const { list, done, complete } = await drain(reply);
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  assert.ok(!list.some((one) => one.choices?.[0]?.delta?.content?.length > 16_000));
  reply.connection.close();
});

play('with a stream that never ends: an error event at the limit', async (stage) => {
  const { upstream, gateway } = await open(stage, { stream: '64KiB' });
  upstream.answer(endless({ every: 0, size: 500 }));
  const reply = await gateway.stream();
  const { list, done, complete } = await drain(reply);
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  await until(2000, 'the upstream call is closed', () => upstream.open === 0);
  reply.connection.close();
});
