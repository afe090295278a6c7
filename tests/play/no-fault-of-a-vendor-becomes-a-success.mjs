// SPDX-License-Identifier: Apache-2.0
// Every client's API in front of every vendor's, and whatever may go wrong with an answer: the client reads an error in
// its own words, in time, the vendor was asked once, and no stream that broke has an end.
import assert from 'node:assert/strict';

import { head } from '../tools/answers.mjs';
import { frame } from '../tools/eventstream.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { MODELS, directions, vendors } from '../tools/vendors.mjs';

const SAID = 'canary-prompt-marker';
const IDLE = 300; // milliseconds

// Clients ------------------------------------------------------------------------------------------------------------

const openaiError = (json) => typeof json.error.code === 'string' || json.error.code === null;
const CLIENTS = {
  chat: { path: () => '/v1/chat/completions', body: { messages: [{ role: 'user', content: SAID }] },
    end: '[DONE]', isError: openaiError },
  responses: { path: () => '/v1/responses', body: { input: SAID }, end: 'response.completed', isError: openaiError },
  messages: { path: () => '/v1/messages', body: { max_tokens: 9, messages: [{ role: 'user', content: SAID }] },
    end: 'message_stop', isError: (json) => json.type === 'error' && typeof json.error.type === 'string' },
  gemini: {
    path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: { contents: [{ role: 'user', parts: [{ text: SAID }] }] }, end: '"finishReason"',
    isError: (json, status) => json.error.code === status && typeof json.error.status === 'string',
  },
};

// Answers ------------------------------------------------------------------------------------------------------------

/** What the vendor would have said: its type and its pieces. */
async function said(request) {
  const written = [];
  await vendors()({ write: async (bytes) => written.push(Buffer.from(bytes)) }, request);
  const all = Buffer.concat(written).toString('latin1');
  const at = all.indexOf('\r\n\r\n') + 4;
  const type = /content-type: ([^\r\n]+)/i.exec(all)[1];
  if (!/transfer-encoding/i.test(all.slice(0, at))) return { type, pieces: [all.slice(at)] };
  const pieces = [];
  for (let from = at; ;) {
    const end = all.indexOf('\r\n', from);
    const size = parseInt(all.slice(from, end), 16);
    if (!size) return { type, pieces };
    pieces.push(all.slice(end + 2, end + 2 + size));
    from = end + 4 + size;
  }
}

async function tell(io, type, text, { end = 'whole', status = 200, headers = {} } = {}) {
  await io.write(head(status, { 'Content-Type': type, 'Transfer-Encoding': 'chunked', ...headers }));
  if (text) await io.write(Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1'));
  if (end === 'whole') return io.write('0\r\n\r\n');
  if (end === 'reset') io.reset();
  if (end === 'stall') await io.leaves;
  return false;
}

const raw = (bytes, after) => async (io) => {
  await io.write(bytes);
  if (after === 'stall') await io.leaves;
  return false;
};
const about = (share) => ({ pieces }) => {
  const text = pieces.slice(0, -1).join(''); // the last event is the one that ends a stream
  return text.slice(0, Math.floor(text.length * share));
};
const cut = (share, end) => (io, vendor) => tell(io, vendor.type, about(share)(vendor), { end });
const failed = (status) => (io) => tell(io, 'application/json', '{"error":{"message":"no","type":"t"}}', { status });

const ANYWAY = {
  'an HTML page': (io) => tell(io, 'text/html', '<html>hello</html>'),
  'nothing': (io, { type }) => tell(io, type, ''),
  'a compressed body nobody asked for': (io, { type, pieces }) => (
    tell(io, type, pieces.join(''), { headers: { 'Content-Encoding': 'gzip' } })),
  'a redirect': failed(302), 'a 304': raw('HTTP/1.1 304 Not Modified\r\n\r\n'), 'a 500': failed(500),
  'a 204': raw('HTTP/1.1 204 No Content\r\n\r\n'), 'a 401': failed(401), 'a 429': failed(429), 'a 503': failed(503),
  'another protocol': raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 'stall'),
  'no HTTP': raw('SSH-2.0-x\r\n'), 'a reset': async (io) => { io.reset(); return false; }, 'the end': async () => false,
};

const STREAMED = {
  ...ANYWAY,
  'a stream cut early': cut(0.2, 'cut'), 'a stream cut in the middle': cut(0.5, 'cut'),
  'a stream reset late': cut(0.7, 'reset'), 'a stream that ends well too early': cut(0.5, 'whole'),
  'a stream that stalls': cut(0.5, 'stall'), 'JSON': (io) => tell(io, 'application/json', '{"error":{"message":"no"}}'),
  'an error first': (io, { type }) => tell(io, type, type.includes('amazon')
    ? frame('internalServerException', { message: 'no' }).toString('latin1')
    : 'event: error\ndata: {"type":"error","error":{"message":"no","type":"t"}}\n\n'),
};

const WHOLE = {
  ...ANYWAY,
  'half of it': (io, { type, pieces: [text] }) => tell(io, type, text.slice(0, text.length / 2)),
  'half of it, and the end': (io, { type, pieces: [text] }) => tell(io, type, text.slice(0, 60), { end: 'cut' }),
  'half of it, then silence': (io, { type, pieces: [text] }) => tell(io, type, text.slice(0, 60), { end: 'stall' }),
  'a list': (io, { type }) => tell(io, type, '[]'), 'null': (io, { type }) => tell(io, type, 'null'),
};

const MISSHAPEN = ['{}', '{"choices":{}}', '{"choices":[5]}', '{"candidates":[5]}', '{"candidates":[{}]}',
  '{"content":5}', '{"output":5}', '{"message":5}'];

// Acts ---------------------------------------------------------------------------------------------------------------

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    env: { ...directions(`http://127.0.0.1:${upstream.port}`), WORKERS: '2' },
    config: {
      strategy: { mode: 'fallback' }, request_timeout: `${4 * IDLE}ms`,
      targets: Object.values(MODELS).map((model) => (
        { virtual_key: model.split('/')[0], timeout: { first_byte: `${IDLE}ms`, idle: `${IDLE}ms` } })),
    },
  });
  return { upstream, gateway };
}

async function ask({ upstream, gateway }, client, model, stream, answer) {
  upstream.answer(async (io, request) => {
    await answer(io, await said(request), request);
    return false;
  });
  const before = upstream.requests.length;
  const body = { model, stream, ...client.body };
  const got = await gateway.fetch('POST', client.path(model, stream), {
    body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, ms: 6000 * PATIENCE,
  });
  assert.ok(got, 'an answer');
  assert.equal(upstream.requests.length, before + 1, 'the vendor is asked once');
  return got;
}

function checkFailed(client, got) {
  assert.doesNotMatch(got.text, /attempt to|\.lua:\d|table: 0x|127\.0\.0\.1/);
  if (got.status === 200) {
    assert.ok(!got.text.includes(client.end), got.text);
    return assert.match(got.text, /"error"|response\.failed/);
  }
  assert.ok(got.status >= 400 && got.status <= 529, `${got.status}`);
  assert.ok(client.isError(got.json, got.status), got.text);
}

plays('no fault of a vendor becomes a success', open, (act) => {
  for (const [name, client] of Object.entries(CLIENTS)) {
    act(`for a client of ${name}`, async (scene) => {
      for (const model of Object.values(MODELS)) {
        const good = await ask(scene, client, model, true, (io, { type, pieces }) => tell(io, type, pieces.join('')));
        assert.ok(good.text.includes(client.end), good.text);
      }
      for (const [vendor, model] of Object.entries(MODELS)) {
        for (const [stream, faults] of [[true, STREAMED], [false, WHOLE]]) {
          for (const [what, answer] of Object.entries(faults)) {
            const got = await ask(scene, client, model, stream, answer);
            try {
              checkFailed(client, got);
              assert.ok(stream || got.status >= 400, got.text);
            } catch (error) {
              error.message = `${vendor}, ${stream ? 'streamed' : 'whole'}, ${what}: ${error.message}`;
              throw error;
            }
          }
        }
      }
    });
  }

  act('when an answer lacks what makes it one', async (scene) => {
    for (const model of Object.values(MODELS)) {
      for (const text of MISSHAPEN) {
        const got = await ask(scene, CLIENTS.chat, model, false, (io, { type }) => tell(io, type, text));
        assert.equal(got.status, 502, `${model} ${text}: ${got.text}`);
      }
    }
  });
});
