// SPDX-License-Identifier: Apache-2.0
// A client of Anthropic's API in front of Claude on other platforms: its bytes go there, as far as the platform takes
// them, and the answer's bytes come back.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

import { failure, stream, whole } from '../tools/answers.mjs';
import { play } from '../tools/play.mjs';

const MESSAGE = JSON.stringify({
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [{ type: 'new_block', odd: 1.0 }],
  stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 7, output_tokens: 3 },
}, null, 1);
const sse = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const EVENTS = [
  sse('message_start', { message: { ...JSON.parse(MESSAGE), content: [], stop_reason: null } }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } }),
  sse('message_stop'),
];

const send = (gateway, target, body, headers = {}) => gateway.fetch('POST', target, {
  body, headers: { 'Content-Type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
});

play('Claude on Azure Foundry gets the bytes of its own API', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    env: { AZURE_FOUNDRY_API_KEY: 'canary-provider-key-foundry-9e41',
      AZURE_FOUNDRY_ENDPOINT: `http://127.0.0.1:${upstream.port}` },
    config: { targets: [{ virtual_key: 'azure-foundry' }] },
  });
  const body = '{"model": "claude-sonnet-4-5","max_tokens":5, "odd":1.00,"messages":[{"role":"user","content":"a"}]}';
  upstream.answer(whole(MESSAGE));
  const answer = await send(gateway, '/v1/messages', body);
  assert.equal(answer.text, MESSAGE);
  assert.equal(upstream.last.body.toString(), body);
  assert.equal(upstream.last.target, '/anthropic/v1/messages');
  upstream.answer(whole({ input_tokens: 33 }));
  const counted = await send(gateway, '/v1/messages/count_tokens', body);
  assert.deepEqual(counted.json, { input_tokens: 33 });
  assert.equal(upstream.last.target, '/anthropic/v1/messages/count_tokens');
});

play('Claude on Vertex gets them without what is not taken there', async (stage) => {
  const [upstream, tokens] = [await stage.upstream(), await stage.upstream()];
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = JSON.stringify({
    type: 'service_account', project_id: 'p', private_key_id: 'k', client_email: 'play@p.test',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `http://127.0.0.1:${tokens.port}/token`,
  });
  tokens.answer(whole({ access_token: 'canary-token', expires_in: 3599, token_type: 'Bearer' }));
  const gateway = await stage.gateway({
    env: {
      VERTEX_AI_PROJECT_ID: 'p', VERTEX_AI_REGION: 'r', VERTEX_AI_BASE_URL: `http://127.0.0.1:${upstream.port}`,
      GOOGLE_APPLICATION_CREDENTIALS: `${stage.folder({ 'account.json': account })}/account.json`,
    },
    config: {
      targets: [{ virtual_key: 'vertex-ai' }],
      aliases: { 'claude-nick': 'claude-sonnet-4-5@20250929' },
    },
  });
  const models = '/v1/projects/p/locations/r/publishers/anthropic/models/claude-sonnet-4-5@20250929';
  const rest = '"max_tokens":5,"odd":1.00,"messages":[{"role":"user","content":"a"}]';
  upstream.answer(whole(MESSAGE));
  const answer = await send(gateway, '/v1/messages', `{"model":"claude-sonnet-4-5@20250929","speed":"fast",${rest}}`);
  assert.equal(answer.text, MESSAGE);
  assert.equal(upstream.last.body.toString(), `{${rest},"anthropic_version":"vertex-2023-10-16"}`);
  assert.equal(upstream.last.target, `${models}:rawPredict`);
  assert.equal(upstream.last.header('authorization'), 'Bearer canary-token');
  upstream.answer(stream(EVENTS));
  const streamed = await send(gateway, '/v1/messages', `{"stream":true,"model":"claude-nick",${rest}}`,
    { 'anthropic-beta': 'claude-code-20250219,effort-2025-11-24' });
  assert.equal(streamed.text, EVENTS.join(''));
  assert.equal(upstream.last.target, `${models}:streamRawPredict`);
  assert.equal(upstream.last.header('anthropic-beta'), 'effort-2025-11-24');
  assert.equal(upstream.last.body.toString(), `{"stream":true,${rest},"anthropic_version":"vertex-2023-10-16"}`);
  upstream.answer(failure(400, {}, { headers: {} }));
  const refused = await send(gateway, '/v1/messages', `{"model":"claude-nick",${rest}}`);
  assert.deepEqual([refused.status, refused.json.type], [400, 'error']);
});
