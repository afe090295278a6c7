// SPDX-License-Identifier: Apache-2.0
// OpenAI's official SDK on every surface but chat.
import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { stream, whole } from '../tools/answers.mjs';
import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const AUDIO = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 31) % 256));
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const floats = Buffer.from(new Float32Array([0.5, -0.25]).buffer).toString('base64');
const file = { id: 'file-1', object: 'file', bytes: 12, created_at: 1, filename: 'a.jsonl', purpose: 'batch',
  status: 'processed' };
const batch = { id: 'batch_1', object: 'batch', endpoint: '/v1/chat/completions', input_file_id: 'file-1',
  completion_window: '24h', status: 'validating', created_at: 1 };

/** What OpenAI says, by method and path. */
const ANSWERS = {
  'POST /v1/embeddings': whole({ object: 'list', model: 'text-embedding-3-small',
    data: [{ object: 'embedding', index: 0, embedding: floats }], usage: { prompt_tokens: 2, total_tokens: 2 } }),
  'POST /v1/images/generations': whole({ created: 1, data: [{ b64_json: PIXEL }] }),
  'POST /v1/images/edits': whole({ created: 1, data: [{ b64_json: PIXEL }] }),
  'POST /v1/images/variations': whole({ created: 1, data: [{ b64_json: PIXEL }] }),
  'POST /v1/audio/speech': whole(AUDIO, { headers: { 'Content-Type': 'audio/mpeg' } }),
  'POST /v1/audio/transcriptions': whole({ text: 'hello', usage: { type: 'duration', seconds: 3 } }),
  'POST /v1/audio/translations': whole({ text: 'hello' }),
  'POST /v1/moderations': whole({ id: 'modr-1', model: 'omni-moderation-latest',
    results: [{ flagged: false, categories: {}, category_scores: {} }] }),
  'POST /v1/completions': whole({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'gpt-3.5-turbo-instruct',
    choices: [{ index: 0, text: 'Hi.', logprobs: null, finish_reason: 'stop' }] }),
  'POST /v1/files': whole(file),
  'GET /v1/files': whole({ object: 'list', data: [file], has_more: false }),
  'GET /v1/files/file-1': whole(file),
  'GET /v1/files/file-1/content': whole('{"a":1}\n', { headers: { 'Content-Type': 'application/octet-stream' } }),
  'DELETE /v1/files/file-1': whole({ id: 'file-1', object: 'file', deleted: true }),
  'POST /v1/batches': whole(batch),
  'GET /v1/batches': whole({ object: 'list', data: [batch], has_more: false }),
  'GET /v1/batches/batch_1': whole(batch),
  'POST /v1/batches/batch_1/cancel': whole({ ...batch, status: 'cancelling' }),
  'POST /v1/vector_stores': whole({ id: 'vs_1', object: 'vector_store', name: 'n' }),
};

async function open(stage) {
  const upstream = await stage.upstream();
  upstream.answer(async (io, request) => {
    const found = ANSWERS[`${request.method} ${request.target.split('?')[0]}`];
    return (found ?? whole({ error: { message: 'no such path' } }, { status: 404 }))(io, request);
  });
  const gateway = await stage.gateway({
    env: { OPENAI_API_KEY: 'key-openai', OPENAI_BASE_URL: upstream.url },
    config: { strategy: { mode: 'single' }, targets: [{ virtual_key: 'openai' }], batch_target: 'openai',
      aliases: { ears: 'whisper-1' } },
  });
  const openai = new OpenAI({ baseURL: `http://127.0.0.1:${gateway.port}/v1`, apiKey: MASTER_KEY, maxRetries: 0 });
  return { upstream, gateway, openai };
}

/** One answer, and then those of before. */
async function saying(upstream, answer, body) {
  const before = upstream.plan;
  upstream.answer(answer);
  try {
    return await body();
  } finally {
    upstream.answer(...before);
  }
}

/** A field of the form that went out. */
function part(request, name) {
  const pattern = new RegExp(`name="${name}"\\r\\n\\r\\n([^\\r]*)\\r\\n`);
  return pattern.exec(request.body.toString('latin1'))?.[1];
}

plays('the SDK on every surface', open, (act) => {
  act('embeds with its default encoding', async ({ openai, upstream }) => {
    const answer = await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' });
    assert.deepEqual(answer.data[0].embedding, [0.5, -0.25]);
    assert.equal(upstream.last.json.encoding_format, 'base64');
  });
  act('makes, edits and varies images', async ({ openai }) => {
    const image = () => toFile(Buffer.from(PIXEL, 'base64'), 'a.png', { type: 'image/png' });
    const made = await openai.images.generate({ model: 'gpt-image-1', prompt: 'a dot' });
    const edited = await openai.images.edit({ model: 'gpt-image-1', image: await image(), prompt: 'bigger' });
    const varied = await openai.images.createVariation({ model: 'dall-e-2', image: await image() });
    for (const answer of [made, edited, varied]) assert.equal(answer.data[0].b64_json, PIXEL);
  });
  act('speaks, byte for byte', async ({ openai }) => {
    const answer = await openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hello' });
    assert.equal(answer.headers.get('content-type'), 'audio/mpeg');
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(AUDIO));
  });
  act('listens, also by an alias', async ({ openai, upstream }) => {
    const audio = await toFile(AUDIO, 'a.mp3', { type: 'audio/mpeg' });
    assert.equal((await openai.audio.transcriptions.create({ model: 'whisper-1', file: audio })).text, 'hello');
    assert.equal((await openai.audio.translations.create({ model: 'ears', file: audio })).text, 'hello');
    assert.equal(part(upstream.last, 'model'), 'whisper-1');
    assert.ok(upstream.last.body.includes(AUDIO), 'the upload is untouched');
  });
  act('gets srt as it is', async ({ openai, upstream }) => {
    const srt = whole('1\n00:00:00,000 --> 00:00:01,000\nhello\n', { headers: { 'Content-Type': 'text/plain' } });
    const audio = await toFile(AUDIO, 'a.mp3', { type: 'audio/mpeg' });
    const text = await saying(upstream, srt, () => (
      openai.audio.transcriptions.create({ model: 'whisper-1', file: audio, response_format: 'srt' })));
    assert.match(text, /-->/);
  });
  act('streams a transcription', async ({ openai, upstream }) => {
    const events = [];
    const told = stream([
      { type: 'transcript.text.delta', delta: 'hel' }, { type: 'transcript.text.delta', delta: 'lo' },
      { type: 'transcript.text.done', text: 'hello' }, '[DONE]']);
    const audio = await toFile(AUDIO, 'a.mp3', { type: 'audio/mpeg' });
    await saying(upstream, told, async () => {
      const heard = await openai.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: audio, stream: true });
      for await (const event of heard) events.push(event);
    });
    assert.deepEqual(events.map(({ type }) => type.split('.').pop()), ['delta', 'delta', 'done']);
  });
  act('moderates', async ({ openai }) => {
    const answer = await openai.moderations.create({ model: 'omni-moderation-latest', input: 'hi' });
    assert.equal(answer.results[0].flagged, false);
  });
  act('completes', async ({ openai }) => {
    const answer = await openai.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Hi' });
    assert.equal(answer.choices[0].text, 'Hi.');
  });
  act('keeps files', async ({ openai }) => {
    const file = await toFile(Buffer.from('{"a":1}\n'), 'a.jsonl');
    const made = await openai.files.create({ file, purpose: 'batch' });
    assert.equal(made.id, 'file-1');
    assert.equal((await openai.files.list()).data.length, 1);
    assert.equal((await openai.files.retrieve('file-1')).filename, 'a.jsonl');
    assert.equal(await (await openai.files.content('file-1')).text(), '{"a":1}\n');
    assert.equal((await openai.files.delete('file-1')).deleted, true);
  });
  act('runs batches', async ({ openai }) => {
    const made = await openai.batches.create({ input_file_id: 'file-1', endpoint: '/v1/chat/completions',
      completion_window: '24h' });
    assert.equal(made.id, 'batch_1');
    assert.equal((await openai.batches.retrieve('batch_1')).status, 'validating');
    assert.equal((await openai.batches.list()).data.length, 1);
    assert.equal((await openai.batches.cancel('batch_1')).status, 'cancelling');
  });
  act('passes through what nobody has heard of', async ({ openai }) => {
    const made = await openai.vectorStores.create({ name: 'n' }, { headers: { 'X-Provider': 'openai' } });
    assert.equal(made.id, 'vs_1');
  });
  act('lists models', async ({ openai }) => {
    const ids = (await openai.models.list()).data.map(({ id }) => id);
    assert.ok(ids.includes('ears'), 'aliases are listed');
    assert.equal((await openai.models.retrieve('ears')).id, 'ears');
  });
});

