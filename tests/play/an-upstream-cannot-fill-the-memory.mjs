// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, head, stream, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const MIB = 1 << 20;
const MOST = 96 * MIB; // what an endless upstream offers at most before a play calls it read without end
const GROWTH_KIB = 24 * 1024;

/** The same bytes again and again until the gateway hangs up; `io.sent` counts them. */
function flood(type, text, status = 200) {
  const piece = `${text.length.toString(16)}\r\n${text}\r\n`;
  const answer = async (io) => {
    await io.write(head(status, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' }));
    for (answer.sent = 0; answer.sent < MOST && !io.gone; answer.sent += piece.length) await io.write(piece);
    return false;
  };
  return answer;
}

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

async function givenUp({ upstream, gateway }, answer, body) {
  await gateway.get('/livez');
  const before = gateway.memory();
  upstream.answer(answer);
  const reply = await gateway.chat(body);
  await until(3000, 'the call is ended', () => upstream.open === 0);
  assert.ok(answer.sent < MOST / 2, `${(answer.sent / MIB).toFixed(0)} MiB were read`);
  const grown = gateway.memory() - before;
  if (!SANITIZED) assert.ok(grown < GROWTH_KIB, `${grown} KiB more`);
  return reply;
}

plays('with an answer to a streamed request', open, (act) => {
  act('that is nothing but comments', async (scene) => {
    const comments = `: ${'x'.repeat(1000)}\n\n`.repeat(60);
    assertError(await givenUp(scene, flood('text/event-stream', comments), { stream: true }), 502);
  });
  act('that fails without end', async (scene) => {
    assertError(await givenUp(scene, flood('text/plain', 'no '.repeat(20_000), 500), { stream: true }), 502);
  });
  act('that is no stream and has no end', async (scene) => {
    const reply = await givenUp(scene, flood('application/json', ' '.repeat(60_000)), { stream: true });
    assertError(reply, 502, { code: 'upstream_not_stream' });
  });
});

plays('with a failure of many megabytes', open, (act) => {
  act('in a bad status', async ({ upstream, gateway }) => {
    upstream.answer(failure(429, { message: 'z'.repeat(20 * MIB) }));
    assertError(await gateway.chat(), 429);
  });
  act('in a good one', async ({ upstream, gateway }) => {
    upstream.answer(whole({ error: { message: 'z'.repeat(20 * MIB) } }));
    assertError(await gateway.chat(), 502);
  });
  act('and the next request is served', async ({ upstream, gateway }) => {
    upstream.answer(completion('hello'));
    assert.equal((await gateway.chat()).status, 200);
  });
});

plays('with an answer that has to be translated', async (stage) => {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { anthropic: upstream } }) };
}, (act) => {
  act('and is larger than scripts have room for: 502', async ({ upstream, gateway }) => {
    upstream.answer(whole({ type: 'message', content: [{ type: 'text', text: 'z'.repeat(12 * MIB) }] }));
    assertError(await gateway.chat(), 502, { code: 'upstream_too_large' });
  });
});

plays('with a stream that has to be translated', async (stage) => {
  const upstream = await stage.upstream();
  const limits = { stream: '64KiB', sse_event: '16KiB' };
  return { upstream, gateway: await stage.gateway({ targets: { anthropic: upstream }, config: { limits } }) };
}, (act) => {
  const message = { id: 'msg_1', model: 'claude', usage: { input_tokens: 9, output_tokens: 1 } };
  const begin = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ];
  const text = (length) => ({
    type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'z'.repeat(length) },
  });
  async function lastOf({ upstream, gateway }, events) {
    upstream.answer(stream(events, { every: 1, end: 'stall' }));
    const reply = await gateway.stream();
    const { list, done, complete } = await drain(reply);
    reply.connection.close();
    assert.deepEqual([done, complete], [0, true]);
    await until(2000, 'the upstream call is closed', () => upstream.open === 0);
    return list[list.length - 1];
  }
  act('and never ends: an error event at the limit', async (scene) => {
    const { error } = await lastOf(scene, [...begin, ...Array.from({ length: 100 }, () => text(1000))]);
    assert.equal(error.code, 'stream_too_long');
  });
  act('and has an event above its limit', async (scene) => {
    const { error } = await lastOf(scene, [...begin, text(9), text(20_000)]);
    assert.equal(error.code, 'upstream_event_too_large');
  });
});
