// SPDX-License-Identifier: Apache-2.0
// Requests and answers that no client and no vendor should send, on the surfaces beside chat: each gets one exact
// answer, and the next request is served as if nothing had been.
import assert from 'node:assert/strict';

import { head, whole } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { PATIENCE, assertError, plays } from '../tools/play.mjs';

const BOUNDARY = 'x-odd';
const part = (disposition, data) => `--${BOUNDARY}\r\n${disposition}\r\n\r\n${data}\r\n`;
const field = (name, value) => part(`Content-Disposition: form-data; name="${name}"`, value);
const file = (name) => part(`Content-Disposition: form-data; name="${name}"; filename="a.wav"`, 'SOUND');
const END = `--${BOUNDARY}--\r\n`;
const MODEL = field('model', 'whisper-1');
const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

const SOCKET = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13' };

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { targets: [{ virtual_key: 'openai' }] },
    env: { WORKERS: '1' } });
  return { upstream, gateway };
}

const post = (gateway, target, body, headers = {}) => gateway.fetch('POST', target, {
  body: Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
});

const FORMS = {
  'without a boundary': ['multipart/form-data', MODEL + file('file') + END],
  'with another boundary': ['multipart/form-data; boundary=other', MODEL + file('file') + END],
  'with two boundaries': [`${FORM}; boundary=y`, MODEL + file('file') + END],
  'with two models': [FORM, MODEL + field('model', 'gpt-4o') + file('file') + END],
  'without a model': [FORM, file('file') + END],
  'with a file for a model': [FORM, file('model') + file('file') + END],
  'without a file': [FORM, MODEL + END],
  'that does not end': [FORM, MODEL + file('file')],
  'that ends in a head': [FORM, `${MODEL}--${BOUNDARY}\r\nContent-Dispo`],
  'of lines without CR': [FORM, (MODEL + file('file') + END).replaceAll('\r\n', '\n')],
  'with a part of no name': [FORM, MODEL + part('Content-Disposition: form-data', 'x') + file('file') + END],
  'of too many parts': [FORM, MODEL + field('x', '1').repeat(5000) + file('file') + END],
  'with a head of 100 KB': [FORM, field(`model"\r\nX: "${'a'.repeat(1e5)}`, 'x') + END],
  'that is JSON': ['application/json', '{"model":"whisper-1"}'],
  'of nothing': [FORM, ''],
};

/** For answers that come while the request still does: nobody reads the rest. */
const early = (bytes) => Object.assign(async (io) => {
  await io.write(bytes);
  await io.leaves;
  return false;
}, { early: true });

plays('what is odd harms nobody', open, (act) => {
  act('a form that is none', async ({ upstream, gateway }) => {
    upstream.answer(whole({ text: 'Hello' }));
    for (const [what, [type, body]] of Object.entries(FORMS)) {
      const before = upstream.requests.length;
      const got = await post(gateway, '/v1/audio/transcriptions', body, { 'Content-Type': type });
      assert.equal(got.status, 400, `a form ${what}: ${got.text}`);
      assertError(got, 400);
      assert.equal(upstream.requests.length, before, `a form ${what} stays here`);
    }
    const late = file('file') + MODEL + END;
    const behind = await post(gateway, '/v1/audio/transcriptions', late, { 'Content-Type': FORM });
    assert.equal(behind.status, 200, 'the model may stand behind the file');
  });

  act('a body behind a request to become a WebSocket', async ({ upstream, gateway }) => {
    upstream.answer(whole({ ok: true }));
    for (const target of ['/v1/realtime?model=gpt-realtime', '/v1/odd?model=gpt-realtime']) {
      const headers = { ...SOCKET, Connection: 'Upgrade, close' };
      const got = await gateway.fetch('GET', target, { headers, body: 'abc' });
      assertError(got, 400, { code: 'invalid_request' });
    }
    const connection = await gateway.connect();
    await connection.send(request('GET', '/v1/odd?model=gpt-realtime', {
      headers: gateway.headers({ ...SOCKET, 'Transfer-Encoding': 'chunked' }), body: '3\r\nabc\r\n0\r\n\r\n',
    }));
    assertError(await connection.answer(), 400);
    connection.close();
  });

  act('an answer before the request was read: its connection serves no other', async ({ upstream, gateway }) => {
    const refusal = `${head(413, { 'Content-Length': 2 })}no`;
    upstream.answer(early(refusal), whole({ ok: true }));
    const large = Buffer.alloc(8 << 20, 'a');
    const headers = { 'X-Provider': 'openai', Connection: 'keep-alive' };
    const connection = await gateway.connect();
    connection.send(request('POST', '/v1/odd', { headers: gateway.headers(headers), body: large }));
    assert.equal((await connection.answer({ ms: 5000 * PATIENCE })).status, 413);
    const got = await post(gateway, '/v1/odd', {}, { 'X-Provider': 'openai' });
    assert.equal(got.status, 200, got.text);
    assert.notEqual(upstream.requests.at(-1).connection, upstream.requests.at(-2).connection);
    connection.close();
  });

  act('a page where JSON belongs, on any surface', async ({ upstream, gateway }) => {
    const page = '<html>hello</html>';
    for (const type of ['text/html', 'text/plain', 'application/octet-stream']) {
      upstream.answer(whole(page, { headers: { 'Content-Type': type } }));
      for (const [target, body] of [
        ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'a' }],
        ['/v1/moderations', { model: 'omni-moderation-latest', input: 'a' }],
        ['/v1/images/generations', { model: 'dall-e-3', prompt: 'a' }],
        ['/v1/responses', { model: 'gpt-4o', input: 'a' }],
        ['/v1/completions', { model: 'gpt-3.5-turbo-instruct', prompt: 'a' }],
      ]) {
        const got = await post(gateway, target, body);
        assert.equal(got.status, 502, `${target} ${type}: ${got.text}`);
        assertError(got, 502);
      }
    }
  });

  act('an answer that is compressed although nobody asked', async ({ upstream, gateway }) => {
    const gzip = { 'Content-Encoding': 'gzip' };
    upstream.answer(whole('data: {}\n\n', { headers: { 'Content-Type': 'text/event-stream', ...gzip } }));
    assertError(await gateway.chat({ model: 'gpt-4o', stream: true }), 502);
    upstream.answer(whole('noise', { headers: { 'Content-Type': 'audio/mpeg', ...gzip } }));
    assertError(await post(gateway, '/v1/audio/speech', { model: 'tts-1', voice: 'alloy', input: 'a' }), 502);
  });

  act('JSON where a stream was asked for', async ({ upstream, gateway }) => {
    upstream.answer(whole({ id: 'resp_1', object: 'response', output: [] }));
    const got = await post(gateway, '/v1/responses', { model: 'gpt-4o', input: 'a', stream: true });
    assertError(got, 502, { code: 'upstream_not_stream' });
    upstream.answer(whole('', { headers: { 'Content-Type': 'text/event-stream' } }));
    assertError(await post(gateway, '/v1/responses', { model: 'gpt-4o', input: 'a', stream: true }), 502);
  });

  act('an error in bytes that are no text', async ({ upstream, gateway }) => {
    const body = { model: 'gpt-4o', max_tokens: 9, messages: [{ role: 'user', content: 'a' }] };
    for (const bytes of ['\x1f\x8b\x00\xff\xfe\x80', '{"error":{"message":"a\xff\xfeb","type":"t"}}']) {
      upstream.answer(whole(Buffer.from(bytes, 'latin1'), { status: 400 }));
      for (const target of ['/v1/chat/completions', '/v1/messages']) {
        const got = await post(gateway, target, body);
        assert.equal(got.status, 400);
        const text = new TextDecoder('utf-8', { fatal: true }).decode(got.bytes);
        assert.equal(typeof JSON.parse(text).error.message, 'string');
      }
    }
  });
});
