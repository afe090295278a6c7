// SPDX-License-Identifier: Apache-2.0
// Vertex AI behind a service account: who signs, who asks the token endpoint, and how often.
import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';

import { completion, failure, whole } from '../tools/answers.mjs';
import { assertError, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const MODEL = 'gemini-2.5-flash';

const account = (tokens) => JSON.stringify({
  type: 'service_account', project_id: 'my-proj', private_key_id: 'k1', client_email: 'play@my-proj.test',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }), token_uri: `http://127.0.0.1:${tokens.port}/token`,
});

const token = (name, holds = 3599) => whole({ access_token: name, expires_in: holds, token_type: 'Bearer' });
const said = (text) => whole({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 }, modelVersion: MODEL, responseId: 'r',
});

/** A gateway of two workers, its credential in a file. */
async function open(stage, more = {}) {
  const [upstream, tokens] = [await stage.upstream(), await stage.upstream()];
  upstream.answer(said('hello'));
  tokens.answer(token('one'));
  const dir = stage.folder({ 'account.json': account(tokens) });
  const gateway = await stage.gateway({
    env: {
      WORKERS: '2', VERTEX_AI_PROJECT_ID: 'my-proj', VERTEX_AI_REGION: 'europe-west4',
      VERTEX_AI_BASE_URL: `http://127.0.0.1:${upstream.port}`,
      GOOGLE_APPLICATION_CREDENTIALS: `${dir}/account.json`, ...more,
    },
    config: { targets: [{ virtual_key: 'vertex-ai' }], strategy: { mode: 'single' } },
  });
  return { upstream, tokens, gateway };
}

const chat = (gateway) => gateway.chat({ model: MODEL });
const many = (times, call) => Promise.all(Array.from({ length: times }, call));
const bearers = (upstream) => [...new Set(upstream.requests.map((request) => request.header('authorization')))];

function claimsOf(request) {
  const form = new URLSearchParams(request.body.toString());
  assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [head, claims, signature] = form.get('assertion').split('.');
  const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`);
  assert.ok(verify.verify(publicKey, signature, 'base64url'), 'the account has signed');
  assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url')), { alg: 'RS256', typ: 'JWT', kid: 'k1' });
  return JSON.parse(Buffer.from(claims, 'base64url'));
}

play('vertex buys one token for all workers', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage);
  const answers = await many(40, () => chat(gateway));
  for (const answer of answers) assert.equal(answer.json.choices[0].message.content, 'hello');
  assert.equal(tokens.complete, 1);
  assert.deepEqual(bearers(upstream), ['Bearer one']);
  assert.equal(upstream.last.target,
    `/v1/projects/my-proj/locations/europe-west4/publishers/google/models/${MODEL}:generateContent`);
  const claims = claimsOf(tokens.last);
  assert.equal(claims.iss, 'play@my-proj.test');
  assert.equal(claims.aud, `http://127.0.0.1:${tokens.port}/token`);
  assert.equal(claims.exp - claims.iat, 3600);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60);
});

play('what vertex says of a token that it does not like names no token', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage);
  const name = 'google-token-for-all-workers-0001';
  tokens.answer(token(name));
  upstream.answer(failure(403, { message: `who is ${name}?`, status: 'PERMISSION_DENIED' }));
  const passed = await gateway.get('/v1/other', { headers: { 'X-Provider': 'vertex-ai' } });
  assert.equal(upstream.last.header('authorization'), `Bearer ${name}`);
  for (const answer of [passed, await chat(gateway)]) {
    assert.ok(answer.status >= 400);
    assert.ok(!answer.text.includes(name), answer.text);
  }
  assert.ok(!gateway.output.out.includes(name));
});

play('vertex renews a token ahead of its end, and goes on with it while the endpoint is dead', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage);
  tokens.answer(token('one', 16), failure(503));
  assert.equal((await chat(gateway)).status, 200);
  await until(20_000, 'a try to renew the token', async () => {
    assert.equal((await chat(gateway)).status, 200, 'no request waits for it, or fails with it');
    return tokens.complete > 1;
  });
  await many(20, () => chat(gateway));
  assert.equal(tokens.complete, 2, 'one worker has tried, and not again at once');
  assert.deepEqual(bearers(upstream), ['Bearer one']);
  await gateway.log((line) => line.msg.startsWith('a credential could not be renewed'));
});

play('vertex asks for another token, once, when its own is refused', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage);
  tokens.answer(token('one'), token('two'), token('three'));
  const refused = failure(401, { error: { code: 401, message: 'expired', status: 'UNAUTHENTICATED' } });
  upstream.answer(refused, said('again'));
  const answer = await chat(gateway);
  assert.equal(answer.json.choices[0].message.content, 'again');
  assert.deepEqual(bearers(upstream), ['Bearer one', 'Bearer two']);
  upstream.answer(refused);
  assertError(await chat(gateway), 401, { code: 'invalid_api_key' });
  assert.equal(tokens.complete, 3);
});

play('vertex says why there is no token, and not with which key', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage);
  tokens.answer(whole({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, { status: 400 }));
  const answers = await many(10, () => chat(gateway));
  for (const answer of answers) {
    assertError(answer, 401, { code: 'invalid_api_key', message: /invalid_grant: Invalid JWT/ });
  }
  assert.ok(tokens.complete <= 3, 'one asks for all, and is not asked again at once');
  assert.equal(upstream.requests.length, 0);
  assert.ok(!gateway.output.out.includes('PRIVATE KEY'));
});

play('vertex takes a key as it is', async (stage) => {
  const { upstream, tokens, gateway } = await open(stage, { VERTEX_AI_API_KEY: 'canary-provider-key-vertex-9e41' });
  assert.equal((await chat(gateway)).status, 200);
  assert.equal(upstream.last.header('x-goog-api-key'), 'canary-provider-key-vertex-9e41');
  assert.equal(upstream.last.header('authorization'), undefined);
  assert.equal(tokens.requests.length, 0);
});

play('vertex serves Claude and other publishers where they are', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(whole({
    id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929', stop_reason: 'end_turn',
    content: [{ type: 'text', text: 'Bonjour' }], usage: { input_tokens: 1, output_tokens: 1 },
  }));
  const claude = await gateway.chat({ model: 'claude-sonnet-4-5@20250929' });
  assert.equal(claude.json.choices[0].message.content, 'Bonjour');
  const models = '/v1/projects/my-proj/locations/europe-west4/publishers/anthropic/models';
  assert.equal(upstream.last.target, `${models}/claude-sonnet-4-5@20250929:rawPredict`);
  assert.equal(upstream.last.json.anthropic_version, 'vertex-2023-10-16');
  upstream.answer(completion('Hola'));
  const llama = await gateway.chat({ model: 'vertex-ai/meta/llama-3.3-70b-instruct-maas' });
  assert.equal(llama.json.choices[0].message.content, 'Hola');
  assert.equal(upstream.last.target,
    '/v1/projects/my-proj/locations/europe-west4/endpoints/openapi/chat/completions');
  assert.equal(upstream.last.json.model, 'meta/llama-3.3-70b-instruct-maas');
  assert.deepEqual(bearers(upstream), ['Bearer one']);
});
