// SPDX-License-Identifier: Apache-2.0
// /v1/files, /v1/batches and /v1/responses/{id} are at one provider: which one, the configuration says.
import assert from 'node:assert/strict';

import { providerKey } from '../tools/gateway.mjs';
import { head, raw, whole } from '../tools/answers.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const key = (...names) => Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_API_KEY`, providerKey(name)]));

async function open(stage) {
  const groq = await stage.upstream();
  const openai = await stage.upstream();
  const anthropic = await stage.upstream();
  const gateway = await stage.gateway({
    config: {
      targets: [{ virtual_key: 'openai' }, { name: 'batches', provider: 'groq' }, { virtual_key: 'anthropic' }],
      batch_target: 'batches', responses_target: 'openai',
    },
    env: {
      ...key('openai', 'groq', 'anthropic'), OPENAI_BASE_URL: openai.url, GROQ_BASE_URL: groq.url,
      ANTHROPIC_BASE_URL: anthropic.url,
    },
  });
  for (const upstream of [groq, openai, anthropic]) upstream.answer(whole({ id: 'theirs' }));
  return { groq, openai, anthropic, gateway };
}

plays('files, batches and responses', open, (act) => {
  act('every method goes to batch_target, with native ids', async ({ groq, gateway }) => {
    for (const [method, path] of [['GET', '/files'], ['POST', '/files'], ['GET', '/files/file-1/content'],
      ['DELETE', '/files/file-1'], ['POST', '/batches'], ['POST', '/batches/b-1/cancel'],
      ['GET', '/batches?limit=3']]) {
      const answer = await gateway.fetch(method, `/v1${path}`, method === 'POST' ? { body: 'any bytes' } : {});
      assert.deepEqual([answer.status, answer.json], [200, { id: 'theirs' }]);
      assert.deepEqual([groq.last.method, groq.last.target], [method, `/v1${path}`]);
      assert.equal(groq.last.header('authorization'), `Bearer ${providerKey('groq')}`);
      assert.equal(answer.header('x-gateway-provider'), 'groq');
    }
  });

  act('X-Provider names another', async ({ openai, gateway }) => {
    assert.equal((await gateway.get('/v1/files', { headers: { 'X-Provider': 'openai' } })).status, 200);
    assert.equal(openai.last.target, '/v1/files');
  });

  act('a client that speaks Anthropic\'s API finds Anthropic\'s files', async ({ anthropic, gateway }) => {
    const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'files-api-2025-04-14' };
    assert.equal((await gateway.get('/v1/files?limit=1', { headers })).status, 200);
    assert.equal(anthropic.last.target, '/v1/files?limit=1');
    assert.equal(anthropic.last.header('x-api-key'), providerKey('anthropic'));
    assert.equal(anthropic.last.header('anthropic-beta'), 'files-api-2025-04-14');
  });

  act('a path must stay there', async ({ gateway }) => {
    assertError(await gateway.get('/v1/files/%2e%2e/models'), 400, { code: 'invalid_proxy_path' });
  });

  act('what is asked about a response goes on with its body', async ({ openai, gateway }) => {
    const headers = { 'X-Provider': 'openai', 'Content-Type': 'application/json' };
    for (const body of ['{"model":"m","previous_response_id":"resp_9","input":"x"}', '{"model":"m","input":1.0}']) {
      const answer = await gateway.fetch('POST', '/v1/responses/input_tokens', { body, headers });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual([openai.last.target, openai.last.body.toString()], ['/v1/responses/input_tokens', body]);
    }
  });

  act('a response that nobody here made is at responses_target', async ({ openai, gateway }) => {
    for (const [method, path] of [['GET', '/responses/resp_1'], ['DELETE', '/responses/resp_1'],
      ['POST', '/responses/resp_1/cancel'], ['GET', '/responses/resp_1/input_items?limit=2']]) {
      const answer = await gateway.fetch(method, `/v1${path}`);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual([openai.last.method, openai.last.target], [method, `/v1${path}`]);
    }
  });
});

play('a streamed response is found where it was made, however long its first event is', async (stage) => {
  const openai = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai } });
  const event = (type, more) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const response = { id: 'resp_long', object: 'response', status: 'in_progress', error: null,
    instructions: `say "error" ${'x'.repeat(100_000)}`, output: [] };
  openai.answer(raw(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' })
    + event('response.created', { sequence_number: 0, response })
    + event('response.completed', { sequence_number: 1, response: { ...response, status: 'completed' } })));
  const answer = await gateway.fetch('POST', '/v1/responses', {
    body: JSON.stringify({ model: 'gpt-5', input: 'x', stream: true }), headers: { 'Content-Type': 'application/json' },
  });
  assert.equal(answer.status, 200, answer.text);
  openai.answer(whole({ id: 'resp_long' }));
  assert.equal((await gateway.get('/v1/responses/resp_long')).status, 200);
  assert.equal(openai.last.target, '/v1/responses/resp_long');
});

play('the only target that has files needs no name', async (stage) => {
  const groq = await stage.upstream();
  groq.answer(whole({ id: 'theirs' }));
  const gateway = await stage.gateway({ targets: { groq } });
  assert.equal((await gateway.get('/v1/files')).status, 200);
  assertError(await gateway.get('/v1/responses/resp_1'), 501, { code: 'responses_not_configured' });
});

play('without anybody who speaks it, Anthropic\'s paths are not there, in its own words', async (stage) => {
  const groq = await stage.upstream();
  const gateway = await stage.gateway({ targets: { groq } });
  const answer = await gateway.get('/v1/messages/batches');
  assert.equal(answer.status, 404);
  assert.deepEqual([answer.json.type, answer.json.error.type], ['error', 'not_found_error']);
});

play('two that have them need one', async (stage) => {
  const one = await stage.upstream();
  const gateway = await stage.gateway({ targets: { groq: one, openai: one } });
  assertError(await gateway.get('/v1/batches'), 501, { code: 'batch_not_configured',
    message: 'the batch and files endpoints are not configured; set batch_target' });
});

play('a target without files, or without a credential, is told', async (stage) => {
  const one = await stage.upstream();
  const gateway = await stage.gateway({
    config: { targets: [{ virtual_key: 'perplexity' }, { virtual_key: 'openai' }], batch_target: 'perplexity' },
    env: { ...key('perplexity'), PERPLEXITY_BASE_URL: one.url },
  });
  assertError(await gateway.get('/v1/batches'), 501,
    { code: 'batch_not_supported', message: 'provider perplexity does not support the batch and files endpoints' });
  const other = await stage.gateway({
    config: { targets: [{ virtual_key: 'perplexity' }, { virtual_key: 'openai' }], batch_target: 'openai' },
    env: { ...key('perplexity'), PERPLEXITY_BASE_URL: one.url },
  });
  assertError(await other.get('/v1/files'), 501,
    { code: 'batch_not_configured', message: 'the configured batch target is unavailable' });
});
