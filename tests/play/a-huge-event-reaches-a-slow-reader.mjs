// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, framed, head, spelling } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { play } from '../tools/play.mjs';
import { sleep } from '../tools/wire.mjs';

const LETTERS = 8_380_000; // with what is around them just below the limit of one event: far more than may be queued

/** Everything in one write: the huge event's end comes in one segment with the events behind it. */
const atOnce = (events) => async (io) => {
  const body = Buffer.from(events.join(''));
  await io.write(head(200, { 'Content-Type': 'text/event-stream', 'Content-Length': body.length }));
  await io.write(body);
  return true;
};

const crlf = (event) => framed(event).replaceAll('\n', '\r\n');

async function read(stage, events) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  upstream.answer(atOnce(events));
  const reply = await gateway.stream();
  reply.connection.wire.pause();
  await sleep(500);
  reply.connection.wire.resume();
  const { list, done, complete } = await drain(reply);
  reply.connection.close();
  const [line] = await gateway.access(1);
  return { text: spelled(list), list, done, complete, line };
}

const huge = chunk({ content: 'B'.repeat(LETTERS) });
const [role, word, ...rest] = spelling(['and more']);

for (const [how, form] of Object.entries({ 'as it came': framed, 'in another form': crlf })) {
  play(`with all that follows it, ${how}`, async (stage) => {
    const { text, done, complete, line } = await read(stage, [role, huge, word, ...rest].map(form));
    assert.equal(text.length, LETTERS + 'and more'.length);
    assert.ok(text.endsWith('and more'));
    assert.deepEqual([done, complete, line.status, line.tokens_out], [1, true, 200, 3]);
  });
}

play('also as the first one', async (stage) => {
  const { text, done, complete, line } = await read(stage, [huge, word, ...rest].map(crlf));
  assert.equal(text.length, LETTERS + 'and more'.length);
  assert.deepEqual([done, complete, line.status], [1, true, 200]);
});

play('and so does the error behind it', async (stage) => {
  const { text, list, done, complete } = await read(stage, [role, huge, word].map(crlf));
  assert.equal(text.length, LETTERS + 'and more'.length);
  assert.equal(list[list.length - 1].error?.code, 'upstream_stream_truncated');
  assert.deepEqual([done, complete], [0, true]);
});
