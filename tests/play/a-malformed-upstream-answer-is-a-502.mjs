// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, raw, whole } from '../tools/answers.mjs';
import { PATIENCE, assertError, play, plays } from '../tools/play.mjs';

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const JSON_BODY = '{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}';
const LENGTH = `Content-Length: ${JSON_BODY.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const hex = JSON_BODY.length.toString(16);

const MALFORMED = {
  'Content-Length beside Transfer-Encoding': `${OK}${LENGTH}${CHUNKED}\r\n${hex}\r\n${JSON_BODY}\r\n0\r\n\r\n`,
  'two different Content-Length': `${OK}${LENGTH}Content-Length: 5\r\n\r\n${JSON_BODY}`,
  'Content-Length: +5': `${OK}Content-Length: +5\r\n\r\nabcde`,
  'Content-Length: 5x': `${OK}Content-Length: 5x\r\n\r\nabcde`,
  'Transfer-Encoding: gzip, chunked': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'LF alone': `${OK}${LENGTH}\r\n${JSON_BODY}`.replaceAll('\r\n', '\n'),
  'a folded header': `${OK}X-A: b\r\n c\r\n${LENGTH}\r\n${JSON_BODY}`,
  'a bare CR in a header': `${OK}X-A: b\rc\r\n${LENGTH}\r\n${JSON_BODY}`,
  'a NUL in a header': `${OK}X-A: b\0c\r\n${LENGTH}\r\n${JSON_BODY}`,
  'ICY 200': `ICY 200 OK\r\n${LENGTH}\r\n${JSON_BODY}`,
  'HTTP/0.9': JSON_BODY,
  'status 99': `HTTP/1.1 99 X\r\n${LENGTH}\r\n${JSON_BODY}`,
  'status 1000': `HTTP/1.1 1000 X\r\n${LENGTH}\r\n${JSON_BODY}`,
  'HTTP/3.7': `HTTP/3.7 200 OK\r\n${LENGTH}\r\n${JSON_BODY}`,
  'a chunk size that is none': `${OK}${CHUNKED}\r\nzz\r\n${JSON_BODY}\r\n0\r\n\r\n`,
  'no CRLF after a chunk': `${OK}${CHUNKED}\r\n${hex}\r\n${JSON_BODY}XX0\r\n\r\n`,
  'a missing last chunk': `${OK}${CHUNKED}\r\n${hex}\r\n${JSON_BODY}\r\n`,
  'a body that is cut': `${OK}Content-Length: 500\r\n\r\n${JSON_BODY}`,
  'an unasked 101': `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${JSON_BODY}`,
  '5,000 interim answers': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5000)}${OK}${LENGTH}\r\n${JSON_BODY}`,
  'a header line of 120 KB': `${OK}X-A: ${'a'.repeat(120_000)}\r\n${LENGTH}\r\n${JSON_BODY}`,
  'a head of 80 KiB': `${OK}${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(80)}${LENGTH}\r\n${JSON_BODY}`,
};

// Framed as it should be, so its connection is used again.
const WRONG_CONTENT = {
  HTML: `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<html>hi<`,
  'half of JSON': `${OK}Content-Length: 10\r\n\r\n{"id":"x",`,
  'an empty body': `${OK}Content-Length: 0\r\n\r\n`,
  'a scalar': `${OK}Content-Length: 4\r\n\r\nnull`,
};

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('an upstream that answers', open, (act) => {
  for (const [what, bytes] of Object.entries({ ...MALFORMED, ...WRONG_CONTENT })) {
    act(`${what} is a 502 of one request, and nothing of it is shown`, async ({ upstream, gateway }) => {
      const before = upstream.complete;
      const seenAtTheEnd = /cut|missing|0\.9/.test(what);
      upstream.answer(raw(bytes, { after: what in WRONG_CONTENT ? 'keep' : seenAtTheEnd ? 'close' : 'stall' }));
      const answer = await gateway.chat();
      assertError(answer, 502);
      assert.doesNotMatch(answer.text, /chat\.completion|<html>/);
      assert.equal(upstream.complete, before + 1);
    });
  }
  act('more than it announced loses its connection, not its answer', async ({ upstream, gateway }) => {
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    upstream.answer(raw(`${OK}${LENGTH}\r\n${JSON_BODY}${evil}`, { after: 'stall' }));
    assert.equal((await gateway.chat()).text, JSON_BODY);
    const { connection } = upstream.last;
    upstream.answer(completion('mine'));
    assert.equal((await gateway.chat()).json.choices[0].message.content, 'mine');
    assert.notEqual(upstream.last.connection, connection);
  });
  act('with interim answers first is understood', async ({ upstream, gateway }) => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(3);
    upstream.answer(raw(`${hints}${OK}${LENGTH}\r\n${JSON_BODY}`, { after: 'keep' }));
    assert.equal((await gateway.chat()).text, JSON_BODY);
  });
  act('until it closes the connection is understood', async ({ upstream, gateway }) => {
    upstream.answer(raw(`${OK}Connection: close\r\n\r\n${JSON_BODY}`));
    assert.equal((await gateway.chat()).text, JSON_BODY);
  });
  act('one byte at a time is understood', async ({ upstream, gateway }) => {
    const chunks = `${hex};x=y\r\n${JSON_BODY}\r\n0\r\nX-T: t\r\n\r\n`;
    upstream.answer(raw(`${OK}${CHUNKED}\r\n${chunks}`, { after: 'keep', slice: 1 }));
    assert.equal((await gateway.chat()).text, JSON_BODY);
  });
});

play('an upstream that sends headers without an end is stopped', async (stage) => {
  const { upstream, gateway } = await open(stage);
  let sent = 0;
  upstream.answer(async (io) => {
    await io.write('HTTP/1.1 200 OK\r\n');
    const filler = `X-A: ${'a'.repeat(1000)}\r\n`.repeat(16);
    for (; sent < 4000 && !io.gone; sent++) await io.write(filler);
    return false;
  });
  const before = gateway.memory();
  assertError(await gateway.chat(), 502);
  assert.ok(sent < 4000, 'the connection was closed');
  assert.ok(gateway.memory() - before < 8192 * PATIENCE);
});

play('an upstream that redirects is not followed', async (stage) => {
  const [upstream, other] = [await stage.upstream(), await stage.upstream()];
  upstream.answer(whole('', { status: 302, headers: { Location: `${other.url}/chat/completions` } }));
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  assertError(await gateway.chat(), 502);
  assert.equal(other.connections.length, 0);
});
