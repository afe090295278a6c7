// SPDX-License-Identifier: Apache-2.0
// Every transcript of spec/fixtures, end to end: a client, the shipped binary, and a vendor that answers as written.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

import { head, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';
import { differences, failedEarly, streamBytes, streamDifferences, transcripts } from '../tools/transcripts.mjs';

// Vendors ------------------------------------------------------------------------------------------------------------

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const serviceAccount = (root) => JSON.stringify({
  type: 'service_account', project_id: 'my-proj', private_key_id: 'k1', client_email: 'play@my-proj.test',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }), token_uri: `${root}/token`,
});

/** Where each vendor is reached, as its users would say it. `root` answers everything. */
const environment = (root) => ({
  ANTHROPIC_API_KEY: 'key-anthropic', ANTHROPIC_BASE_URL: `${root}/v1`,
  GEMINI_API_KEY: 'key-gemini', GEMINI_BASE_URL: `${root}/v1beta`,
  AWS_BEARER_TOKEN_BEDROCK: 'key-bedrock', AWS_REGION: 'us-east-1', BEDROCK_BASE_URL: root,
  COHERE_API_KEY: 'key-cohere', COHERE_BASE_URL: root,
  AI21_API_KEY: 'key-ai21', AI21_BASE_URL: `${root}/studio/v1`,
  REPLICATE_API_TOKEN: 'key-replicate', REPLICATE_BASE_URL: `${root}/v1`,
  TGI_CHAT_TEMPLATE: 'chatml', OLLAMA_HOST: root, OPENAI_API_KEY: 'key-openai', OPENAI_BASE_URL: `${root}/v1`,
  VERTEX_AI_PROJECT_ID: 'my-proj', VERTEX_AI_REGION: 'us-central1',
  VERTEX_AI_SERVICE_ACCOUNT_JSON: serviceAccount(root),
  VERTEX_AI_BASE_URL: `${root}/v1/projects/my-proj/locations/us-central1`,
});

const TARGETS = (root) => [
  ...['anthropic', 'gemini', 'bedrock', 'cohere', 'ai21', 'replicate', 'ollama', 'openai'].map((name) => (
    { virtual_key: name })),
  { name: 'vertex', provider: 'vertex-ai' },
  { name: 'vertex-east', provider: 'vertex-ai', variables: { region: 'us-east5' },
    base_url: `${root}/v1/projects/my-proj/locations/us-east5` },
  { name: 'bedrock-west', provider: 'bedrock', variables: { region: 'us-west-2' } },
  { virtual_key: 'bedrock-invoke' },
  { name: 'tgi', provider: 'tgi-generate', base_url: root, models: ['tgi'] },
];

const MODELS = {
  anthropic: 'anthropic/claude-sonnet-4-5', gemini: 'gemini/gemini-2.5-flash', cohere: 'cohere/command-a-03-2025',
  bedrock: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0', ai21: 'ai21/jamba-large', ollama: 'ollama/llama3.2',
  replicate: 'replicate/meta/meta-llama-3-8b-instruct', vertex: 'vertex/gemini-2.5-flash', tgi: 'tgi/tgi',
};

const chat = (model, more = {}) => ({ method: 'POST', path: '/v1/chat/completions',
  body: { model, messages: [{ role: 'user', content: 'Hi' }], ...more } });

const STREAMED = { stream: true, stream_options: { include_usage: true } };

/** What a client asks where the transcript does not say it. */
const ASKED = {
  'ollama/embed': { method: 'POST', path: '/v1/embeddings',
    body: { model: 'ollama/nomic-embed-text', input: ['a', 'b'], dimensions: 2 } },
  'vertex/embed': { method: 'POST', path: '/v1/embeddings', body: { model: 'vertex/text-embedding-005',
    input: ['a', 'b'], dimensions: 3, input_type: 'search_query' } },
  'bedrock/rerank': { method: 'POST', path: '/v1/rerank', body: { model: 'bedrock-west/cohere.rerank-v3-5:0',
    query: 'capital of France', documents: ['Lyon', 'Paris'], top_n: 2 } },
  'tgi/text': chat('tgi/tgi', { max_tokens: 8, temperature: 0.5, top_p: 0.9, stop: ['END'], seed: 2 }),
  'bedrock/invoke-anthropic': chat('bedrock-invoke/anthropic.claude-sonnet-4-5-20250929-v1:0', STREAMED),
};

/** Claude is in another region there. */
const inItsRegion = (client) => {
  const { model } = client.body;
  if (model?.startsWith('vertex/claude')) client.body.model = model.replace('vertex/', 'vertex-east/');
  return client;
};

function asked(one, streamed) {
  const written = one.json('client.json') ?? ASKED[`${one.vendor}/${one.name}`];
  if (written) return inItsRegion(written);
  const model = MODELS[one.vendor];
  return model ? chat(model, streamed ? STREAMED : {}) : null;
}

// Answers ------------------------------------------------------------------------------------------------------------

/** The heads of streamed answers; the request's id of Bedrock is the one of its transcripts. */
const HEADS = {
  ollama: { 'Content-Type': 'application/x-ndjson' },
  bedrock: {
    'Content-Type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': '11111111-2222-3333-4444-555555555555',
  },
};
const EVENTS = { 'Content-Type': 'text/event-stream' };

/** A streamed body in pieces of `size` bytes. */
function pieces(bytes, headers, size) {
  let body = '';
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size).toString('latin1');
    body += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  const start = head(200, { ...headers, 'Transfer-Encoding': 'chunked' });
  return async (io) => { await io.write(Buffer.from(`${start}${body}0\r\n\r\n`, 'latin1')); return true; };
}

const here = (value, root) => JSON.parse(JSON.stringify(value)
  .replace(/https:\/\/(api|stream)\.replicate\.com/g, root));

/** What Replicate says of a prediction whose output is streamed from elsewhere. */
const prediction = (root) => ({ id: 'p1abc', status: 'starting', output: null, error: null,
  urls: { get: `${root}/v1/predictions/p1abc`, cancel: `${root}/v1/predictions/p1abc/cancel`,
    stream: `${root}/v1/files/p1abc` } });

function answersOf(one, root, size) {
  const prefix = one.text('upstream.openai.request.json') || one.text('upstream.openai.response.json')
    || one.text('upstream.openai.stream.txt') ? 'upstream.openai.' : '';
  const bytes = streamBytes(one, prefix);
  const list = [one.json(`${prefix}response.json`) ?? []].flat().map(({ status, headers, body }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(here(body, root));
    return whole(text, { status, headers });
  });
  if (bytes && one.vendor === 'replicate') list.push(whole(prediction(root), { status: 201 }));
  if (bytes) list.push(pieces(bytes, HEADS[one.vendor] ?? EVENTS, size));
  return list;
}

// Acts ---------------------------------------------------------------------------------------------------------------

const TOKEN = { access_token: 'token-vertex', expires_in: 3600, token_type: 'Bearer' };

async function open(stage) {
  const upstream = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}`;
  const gateway = await stage.gateway({
    env: environment(root), config: { strategy: { mode: 'single' }, targets: TARGETS(root) },
  });
  return { upstream, gateway, root };
}

/** Plays the answers in order; a request for an OAuth token in between is answered by itself. */
function program(upstream, answers) {
  const rest = [...answers];
  upstream.requests.length = 0;
  upstream.answer(async (io, request) => {
    if (request.target === '/token') return whole(TOKEN)(io, request);
    return (rest.length > 1 ? rest.shift() : rest[0])(io, request);
  });
}

function checkRequest(one, request, expected) {
  assert.ok(request, 'the vendor was asked');
  const url = new URL(expected.url);
  assert.equal(`${request.method} ${request.target}`, `${expected.method} ${url.pathname}${url.search}`);
  assert.deepEqual(differences(expected.body, request.json), [], request.body.toString());
}

async function live({ upstream, gateway, root }, one, size) {
  const face = one.vendor.endsWith('-face');
  const client = asked(one, streamBytes(one) !== null);
  program(upstream, answersOf(one, root, size));
  const answer = await gateway.fetch(client.method, client.path, {
    headers: { 'Content-Type': 'application/json', ...betas(client.headers) }, body: JSON.stringify(client.body),
  });
  const sent = upstream.requests.filter(({ target }) => target !== '/token');
  const request = one.json(face ? 'upstream.openai.request.json' : 'request.json');
  if (request && !one.name.startsWith('invoke-')) checkRequest(one, sent[0], request);
  const shape = face ? one.vendor.replace('-face', '') : 'openai';
  const whole = one.json(`expected.${shape}.json`);
  if (whole) {
    assert.equal(answer.status, whole.status, answer.text);
    assert.deepEqual(differences(whole.body, answer.json), [], answer.text);
  }
  const streamed = one.text(`expected.${shape}.stream.txt`);
  const early = streamed && failedEarly(streamed);
  if (early) assert.deepEqual([answer.status >= 400, answer.json], [true, early], answer.text);
  else if (streamed) assert.deepEqual(streamDifferences(streamed, answer.text), [], answer.text);
}

/** The client's headers but its credential, which is the play's. */
const betas = (headers = {}) => Object.fromEntries(Object.entries(headers).filter(([name]) => (
  name.startsWith('anthropic-'))));

const VENDORS = ['anthropic', 'gemini', 'vertex', 'bedrock', 'cohere', 'ai21', 'replicate', 'ollama', 'tgi',
  'anthropic-face', 'gemini-face'];

/** Answers without a question of their own in the faces are asked by specs; so is what only another face speaks. */
const isLive = (one) => {
  const face = one.vendor.endsWith('-face');
  const answered = one.json('response.json') || streamBytes(one) || one.json('upstream.openai.response.json')
    || one.text('upstream.openai.stream.txt');
  return Boolean(asked(one, false) && answered && (!face || one.json('client.json')));
};

plays('every transcript is spoken by the binary', open, (act) => {
  for (const one of VENDORS.flatMap(transcripts).filter(isLive)) {
    for (const size of streamBytes(one) ? [7, 1_000_000] : [1_000_000]) {
      const how = size < 100 ? ` in pieces of ${size} bytes` : '';
      act(`${one.vendor}/${one.name}${how}`, (scene) => live(scene, one, size));
    }
  }
});
