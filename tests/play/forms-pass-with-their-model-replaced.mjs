// SPDX-License-Identifier: Apache-2.0
// Transcriptions and changed images are asked for with forms: their bytes go out with at most the model's field
// replaced, plugins see the fields, and the answer comes back in whatever form was asked for.
import assert from 'node:assert/strict';

import { failure, stream, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const SOUND = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256));
const BOUNDARY = 'x-boundary-7f';
const part = (head, data) => Buffer.concat([
  Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), Buffer.from(data),
  Buffer.from('\r\n')]);
const form = (fields, files = { file: SOUND }) => Buffer.concat([
  ...Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value)),
  ...Object.entries(files).map(([name, data]) => part(`name="${name}"; filename="a.wav"`, data)),
  Buffer.from(`--${BOUNDARY}--\r\n`)]);

const config = (upstream) => ({
  targets: [
    { name: 'first', provider: 'openai-compatible', base_url: upstream.url, models: ['whisper'],
      model_map: { whisper: 'whisper-large' }, retry: { attempts: 2, initial_backoff_ms: 1 } },
  ],
  plugins: [
    { name: 'word-filter', type: 'guardrail', stage: 'before_request', config: { blocked_words: ['forbidden'] } },
    { name: 'word-filter', type: 'guardrail', stage: 'after_request', config: { blocked_words: ['forbidden'] } },
  ],
});

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ config: config(upstream) }) };
}

const send = (gateway, path, body, type = `multipart/form-data; boundary=${BOUNDARY}`) => (
  gateway.fetch('POST', `/v1${path}`, { body, headers: { 'Content-Type': type } }));
const hear = (gateway, fields, files) => send(gateway, '/audio/transcriptions', form(fields, files));

plays('a form', open, (act) => {
  act('goes out byte for byte with another model', async ({ upstream, gateway }) => {
    upstream.answer(whole({ text: 'Hello', usage: { type: 'duration', seconds: 9 } }));
    const got = await hear(gateway, { model: 'whisper', prompt: 'names' });
    assert.equal(got.status, 200, got.text);
    assert.deepEqual(got.json.text, 'Hello');
    assert.equal(upstream.last.target, '/v1/audio/transcriptions');
    assert.equal(upstream.last.header('content-type'), `multipart/form-data; boundary=${BOUNDARY}`);
    assert.deepEqual(upstream.last.body, form({ model: 'whisper-large', prompt: 'names' }));
  });

  act('goes out whole when it is tried again', async ({ upstream, gateway }) => {
    upstream.answer(failure(500), whole({ text: 'Hello' }));
    assert.equal((await hear(gateway, { model: 'whisper' })).status, 200);
    assert.deepEqual(upstream.last.body, form({ model: 'whisper-large' }));
  });

  act('is answered in plain text where that was asked for', async ({ upstream, gateway }) => {
    upstream.answer(whole('1\n00:00 --> 00:01\nHello\n', { headers: { 'Content-Type': 'text/plain; charset=utf-8' } }));
    const got = await hear(gateway, { model: 'whisper', response_format: 'srt' });
    assert.equal(got.text, '1\n00:00 --> 00:01\nHello\n');
    assert.equal(got.header('content-type'), 'text/plain; charset=utf-8');
  });

  act('is answered with events where that was asked for', async ({ upstream, gateway }) => {
    const events = ['data: {"type":"transcript.text.delta","delta":"Hel"}\n\n',
      'data: {"type":"transcript.text.done","text":"Hello","usage":{"input_tokens":14,"output_tokens":3}}\n\n'];
    upstream.answer(stream(events));
    const got = await hear(gateway, { model: 'whisper', stream: 'true' });
    assert.equal(got.text, events.join(''));
  });

  act('is looked into by plugins, both ways', async ({ upstream, gateway }) => {
    const before = upstream.requests.length;
    const asked = await hear(gateway, { model: 'whisper', prompt: 'say forbidden things' });
    assert.deepEqual([asked.status, asked.json.error.code], [400, 'request_rejected']);
    assert.equal(upstream.requests.length, before);
    const plain = whole('forbidden', { headers: { 'Content-Type': 'text/plain' } });
    for (const answer of [whole({ text: 'forbidden' }), plain]) {
      upstream.answer(answer);
      const heard = await hear(gateway, { model: 'whisper' });
      assert.equal(heard.json.error.code, 'response_rejected');
    }
  });

  act('of an image passes, too, and so does JSON', async ({ upstream, gateway }) => {
    upstream.answer(whole({ created: 1, data: [{ b64_json: 'AAAA' }] }));
    const fields = { model: 'whisper', prompt: 'a hat' };
    assert.equal((await send(gateway, '/images/edits', form(fields, { 'image[]': SOUND }))).status, 200);
    assert.deepEqual(upstream.last.body, form({ ...fields, model: 'whisper-large' }, { 'image[]': SOUND }));
    const got = await send(gateway, '/images/edits', JSON.stringify({ ...fields, images: [] }), 'application/json');
    assert.equal(got.status, 200);
    assert.equal(upstream.last.json.model, 'whisper-large');
  });

  act('that lacks something says what', async ({ gateway }) => {
    const refused = async (fields, files, path = '/audio/transcriptions') => {
      const got = await send(gateway, path, form(fields, files));
      assert.equal(got.status, 400);
      return got.json.error.message;
    };
    assert.equal(await refused({ model: 'whisper' }, {}), 'file is required');
    assert.equal(await refused({}), 'model is required');
    assert.equal(await refused({ model: 'whisper', prompt: 'x' }, {}, '/images/edits'), 'image is required');
    const broken = await send(gateway, '/audio/transcriptions', 'no form at all');
    assert.deepEqual([broken.status, broken.json.error.message], [400, 'invalid multipart form']);
  });
});
