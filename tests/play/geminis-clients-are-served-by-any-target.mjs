// SPDX-License-Identifier: Apache-2.0
// A client that speaks Gemini's API: before OpenAI everything is translated, before Google nothing is touched.
import assert from 'node:assert/strict';

import { completion, failure, head, raw, speech, whole } from '../tools/answers.mjs';
import { MASTER_KEY, MODEL } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const GEMINI = 'gemini-2.5-flash';

async function open(stage) {
  const [openai, gemini] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    env: {
      OPENAI_API_KEY: 'canary-provider-key-openai-9e41', OPENAI_BASE_URL: openai.url,
      GEMINI_API_KEY: 'canary-provider-key-gemini-9e41', GEMINI_BASE_URL: `http://127.0.0.1:${gemini.port}/v1beta`,
    },
    config: {
      strategy: { mode: 'fallback' }, targets: [{ virtual_key: 'openai', models: [MODEL] }, { virtual_key: 'gemini' }],
    },
  });
  const ask = (model, method, body, query = '') => gateway.fetch('POST', `/v1beta/models/${model}:${method}${query}`, {
    headers: { 'Content-Type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { openai, gemini, gateway, ask };
}

const said = (text, more = {}) => ({ contents: [{ role: 'user', parts: [{ text }] }], ...more });
const texts = (pieces) => pieces.flatMap((piece) => piece.candidates[0].content.parts).map(({ text }) => text).join('');
const eventsOf = (text) => text.split(/\r?\n\r?\n/).filter(Boolean)
  .map((event) => JSON.parse(event.replace(/^data: /, '')));

plays("Gemini's clients in front of OpenAI", open, (act) => {
  act('are answered', async ({ openai, ask }) => {
    openai.answer(completion('Red.'));
    const answer = await ask(MODEL, 'generateContent', said('Colour?', {
      generationConfig: { maxOutputTokens: 5 }, tools: [{ googleSearch: {} }],
    }));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.candidates[0], {
      content: { role: 'model', parts: [{ text: 'Red.' }] }, index: 0, finishReason: 'STOP',
    });
    assert.equal(answer.json.usageMetadata.totalTokenCount, 12);
    assert.equal(openai.last.target, '/v1/chat/completions');
    assert.equal(openai.last.header('authorization'), 'Bearer canary-provider-key-openai-9e41');
    assert.deepEqual(openai.last.json, {
      model: MODEL, messages: [{ role: 'user', content: 'Colour?' }], max_completion_tokens: 5,
    });
    assert.equal(answer.header('x-gateway-dropped'), 'tools.googleSearch');
  });

  act('are streamed events', async ({ openai, ask }) => {
    openai.answer(speech(['a ', 'b ', 'c']));
    const answer = await ask(MODEL, 'streamGenerateContent', said('x'), '?alt=sse');
    assert.match(answer.header('content-type'), /^text\/event-stream/);
    const pieces = eventsOf(answer.text);
    assert.equal(texts(pieces), 'a b c');
    const last = pieces[pieces.length - 1];
    assert.equal(last.candidates[0].finishReason, 'STOP');
    assert.equal(last.usageMetadata.totalTokenCount, 12);
    assert.ok(!answer.text.includes('[DONE]'));
    assert.equal(openai.last.json.stream_options.include_usage, true);
  });

  act('are streamed one array, if they do not ask for events', async ({ openai, ask }) => {
    openai.answer(speech(['a ', 'b ', 'c']));
    const answer = await ask(MODEL, 'streamGenerateContent', said('x'));
    assert.match(answer.header('content-type'), /^application\/json/);
    assert.equal(texts(answer.json), 'a b c');
  });

  act('get embeddings', async ({ openai, ask }) => {
    openai.answer(whole({
      object: 'list', data: [{ index: 0, embedding: [0.5, 1] }], usage: { prompt_tokens: 1, total_tokens: 1 },
    }));
    const answer = await ask(MODEL, 'embedContent', { content: { parts: [{ text: 'a' }] } });
    assert.deepEqual(answer.json, { embedding: { values: [0.5, 1] } });
    assert.equal(openai.last.target, '/v1/embeddings');
    assert.deepEqual(openai.last.json, { model: MODEL, input: ['a'], encoding_format: 'float' });
    const batch = await ask(MODEL, 'batchEmbedContents', { requests: [{ content: { parts: [{ text: 'a' }] } }] });
    assert.deepEqual(batch.json, { embeddings: [{ values: [0.5, 1] }] });
  });

  act('get counts, also where the provider counts nothing', async ({ ask }) => {
    const answer = await ask(MODEL, 'countTokens', said('Hello there'));
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.json.totalTokens > 0);
  });

  act('are told errors in their words', async ({ openai, ask, gateway }) => {
    openai.answer(failure(429, { message: 'Rate limit reached.', code: 'rate_limit_exceeded' },
      { headers: { 'Retry-After': '7' } }));
    const limited = await ask(MODEL, 'generateContent', said('x'));
    assert.equal(limited.status, 429);
    assert.equal(limited.header('retry-after'), '7');
    assert.deepEqual(limited.json.error, {
      code: 429, message: 'Rate limit reached.', status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' }],
    });
    const unknown = await ask('nobodys-model', 'generateContent', said('x'));
    assert.deepEqual([unknown.status, unknown.json.error.status], [404, 'NOT_FOUND']);
    const wrong = await ask(MODEL, 'generateContent', '{"contents":');
    assert.deepEqual([wrong.status, wrong.json.error.status], [400, 'INVALID_ARGUMENT']);
    const stranger = await gateway.fetch('POST', `/v1beta/models/${MODEL}:generateContent`, {
      headers: { Authorization: 'Bearer nobody', 'Content-Type': 'application/json' }, body: JSON.stringify(said('x')),
    });
    assert.deepEqual([stranger.status, stranger.json.error.status], [401, 'UNAUTHENTICATED']);
  });

  act('may show their key as Google has it', async ({ openai, gateway }) => {
    openai.answer(completion('hello'));
    const send = (target, headers) => gateway.fetch('POST', target, {
      headers: { Authorization: '', 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(said('x')),
    });
    const path = `/v1beta/models/${MODEL}:generateContent`;
    assert.equal((await send(path, { 'x-goog-api-key': MASTER_KEY })).status, 200);
    assert.equal((await send(`${path}?key=${MASTER_KEY}`, {})).status, 200);
    assert.equal((await send(path, {})).status, 401);
  });

  act('may ask for the version v1, in which models are OpenAI\'s, too', async ({ openai, gemini, gateway }) => {
    const ask = (model, method, body) => gateway.fetch('POST', `/v1/models/${model}:${method}`, {
      headers: { Authorization: '', 'Content-Type': 'application/json', 'x-goog-api-key': MASTER_KEY },
      body: JSON.stringify(body),
    });
    openai.answer(completion('Red.'), speech(['a ', 'b']));
    const answer = await ask(MODEL, 'generateContent', said('Colour?'));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(texts([answer.json]), 'Red.');
    assert.equal(texts(eventsOf((await ask(MODEL, 'streamGenerateContent?alt=sse', said('x'))).text)), 'a b');
    gemini.answer(whole({ totalTokens: 31 }), whole({ embedding: { values: [1] } }), whole({ embeddings: [] }));
    assert.deepEqual((await ask(GEMINI, 'countTokens', said('x'))).json, { totalTokens: 31 });
    const embedded = await ask('gemini-embedding-001', 'embedContent', said('x'));
    assert.deepEqual(embedded.json, { embedding: { values: [1] } });
    assert.equal(gemini.last.target, '/v1beta/models/gemini-embedding-001:embedContent');
    assert.equal((await ask('gemini-embedding-001', 'batchEmbedContents', { requests: [] })).status, 200);
    const unknown = await ask('nobodys-model', 'generateContent', said('x'));
    assert.deepEqual([unknown.status, unknown.json.error.status], [404, 'NOT_FOUND']);
    assert.equal((await gateway.get(`/v1/models/${MODEL}`)).json.object, 'model');
  });
});

const OWN = `{ "contents": [ {"parts":[{"text": "Hi", "futureMember": 1.0}]} ],\n "anything": {"z":1,"a":2} }`;
const THEIRS = '{ "candidates": [{"content": {"parts":[{"text":"Hello"}]}, "finishReason": "STOP"}],\n "future": 1.0,'
  + ' "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3, "totalTokenCount": 5} }';

plays("Gemini's clients in front of Google", open, (act) => {
  act('are forwarded byte for byte, both ways', async ({ gemini, ask }) => {
    gemini.answer(whole(THEIRS));
    const answer = await ask(GEMINI, 'generateContent', OWN);
    assert.equal(answer.text, THEIRS);
    assert.equal(gemini.last.body.toString(), OWN);
    assert.equal(gemini.last.target, `/v1beta/models/${GEMINI}:generateContent`);
    assert.equal(gemini.last.header('x-goog-api-key'), 'canary-provider-key-gemini-9e41');
    assert.equal(gemini.last.header('authorization'), undefined);
  });

  act('are forwarded streams as they come', async ({ gemini, ask }) => {
    const events = `data: ${THEIRS.replaceAll('\n', '')}\r\n\r\n`;
    gemini.answer(raw(`${head(200, { 'Content-Type': 'text/event-stream', 'Content-Length': events.length })}${events}`,
      { after: 'keep' }));
    const answer = await ask(GEMINI, 'streamGenerateContent', OWN, `?alt=sse&key=${MASTER_KEY}`);
    assert.equal(answer.text, events);
    assert.equal(gemini.last.target, `/v1beta/models/${GEMINI}:streamGenerateContent?alt=sse`);
  });

  act('get an array of pieces made of events', async ({ gemini, ask }) => {
    const events = `data: ${THEIRS.replaceAll('\n', '')}\r\n\r\n`;
    gemini.answer(raw(`${head(200, { 'Content-Type': 'text/event-stream', 'Content-Length': events.length })}${events}`,
      { after: 'keep' }));
    const answer = await ask(GEMINI, 'streamGenerateContent', said('Hi'));
    assert.match(answer.header('content-type'), /^application\/json/);
    assert.equal(texts(answer.json), 'Hello');
    assert.equal(answer.json.at(-1).usageMetadata.totalTokenCount, 5);
    assert.equal(gemini.last.target, `/v1beta/models/${GEMINI}:streamGenerateContent?alt=sse`);
  });

  act('are forwarded counts and embeddings', async ({ gemini, ask }) => {
    gemini.answer(whole({ totalTokens: 31 }), whole({ embedding: { values: [1] } }));
    assert.deepEqual((await ask(GEMINI, 'countTokens', OWN)).json, { totalTokens: 31 });
    assert.equal(gemini.last.body.toString(), OWN);
    const answer = await ask('gemini-embedding-001', 'embedContent', OWN);
    assert.deepEqual(answer.json, { embedding: { values: [1] } });
    assert.equal(gemini.last.target, '/v1beta/models/gemini-embedding-001:embedContent');
  });

  act('are told of failures as Google tells them', async ({ gemini, ask }) => {
    gemini.answer(whole([{ error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } }], { status: 503 }));
    const answer = await ask(GEMINI, 'generateContent', OWN);
    const { status, message } = answer.json.error;
    assert.deepEqual([answer.status, status, message], [503, 'UNAVAILABLE', 'busy']);
  });
});
