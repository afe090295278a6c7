// SPDX-License-Identifier: Apache-2.0
// A client that speaks Anthropic's API in front of OpenAI's, of Anthropic's own, and of nobody at all.
import assert from 'node:assert/strict';

import { completion, failure, speech, stream, whole } from '../tools/answers.mjs';
import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const MESSAGE = {
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn', stop_sequence: null,
  usage: { input_tokens: 7, cache_read_input_tokens: 2, cache_creation_input_tokens: 1, output_tokens: 3 },
};
const sse = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const EVENTS = [
  sse('message_start', { message: { ...MESSAGE, content: [], stop_reason: null,
    usage: { input_tokens: 7, cache_read_input_tokens: 2, cache_creation_input_tokens: 1, output_tokens: 1 } } }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }), sse('ping'),
  sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } }),
  sse('message_stop'),
];
const ask = (model, more = {}) => ({
  model, max_tokens: 99, messages: [{ role: 'user', content: 'Hello' }], unknown: [1.0, 1e400], ...more,
});

async function open(stage) {
  const [openai, anthropic] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai, anthropic },
    config: {
      targets: [
        { virtual_key: 'openai', models: ['gpt-mine'] },
        { virtual_key: 'anthropic', models: ['claude-x'], model_map: { 'claude-nick': 'claude-x' } },
        { virtual_key: 'demo' },
      ],
    },
  });
  return { openai, anthropic, gateway };
}

const post = (gateway, target, body, headers = {}) => gateway.fetch('POST', target, {
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
});

plays('a client of Anthropic', open, (act) => {
  act('is answered by a model of OpenAI', async ({ openai, gateway }) => {
    openai.answer(completion('Good day', { usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } }));
    const got = await post(gateway, '/v1/messages?beta=true', ask('gpt-mine', { system: 'Be brief' }));
    assert.equal(got.status, 200, got.text);
    assert.deepEqual(got.json.content, [{ type: 'text', text: 'Good day' }]);
    assert.deepEqual([got.json.type, got.json.stop_reason, got.json.usage.input_tokens], ['message', 'end_turn', 9]);
    assert.match(got.header('request-id'), /^req_[0-9a-f]{32}$/);
    assert.equal(openai.last.target, '/v1/chat/completions');
    assert.deepEqual(openai.last.json.messages[0], { role: 'system', content: 'Be brief' });
    const line = (await gateway.access(1, '/v1/messages'))[0];
    assert.deepEqual([line.tokens_in, line.tokens_out, line.provider], [9, 3, 'openai']);
  });

  act('reads a stream of OpenAI as one of Anthropic', async ({ openai, gateway }) => {
    openai.answer(speech(['Good', ' day']));
    const got = await post(gateway, '/v1/messages', ask('gpt-mine', { stream: true }));
    assert.equal(got.status, 200);
    const types = got.text.split('\n').filter((line) => line.startsWith('event: ')).map((line) => line.slice(7));
    assert.deepEqual(types.filter((type) => type !== 'ping'), ['message_start', 'content_block_start',
      'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
    assert.equal(openai.last.json.stream_options.include_usage, true);
    assert.doesNotMatch(got.text, /DONE/);
  });

  act('sees a stream that is cut as an error', async ({ openai, gateway }) => {
    openai.answer(speech(['Good'], { end: 'cut' }), speech(['Good'], { end: 'cut' }));
    openai.answer(async (io, request) => speech(['Good'], { end: 'cut' })(io, request));
    const got = await post(gateway, '/v1/messages', ask('gpt-mine', { stream: true }));
    assert.match(got.text, /message_stop|event: error/);
  });

  act('meets Anthropic byte for byte', async ({ anthropic, gateway }) => {
    const text = JSON.stringify(MESSAGE, null, 1);
    anthropic.answer(whole(text, { headers: { 'request-id': 'req_theirs' } }));
    const body = '{"model":"claude-x", "max_tokens":5, "messages":[{"role":"user","content":"Hi"}], "odd":1.00}';
    const got = await post(gateway, '/v1/messages', body, {
      'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1,b-2', 'x-api-key': 'of-the-client',
    });
    assert.equal(got.text, text);
    assert.equal(got.header('x-upstream-request-id'), 'req_theirs');
    assert.equal(anthropic.last.body.toString(), body);
    assert.equal(anthropic.last.target, '/v1/messages');
    assert.equal(anthropic.last.header('anthropic-beta'), 'a-1,b-2');
    assert.notEqual(anthropic.last.header('x-api-key'), 'of-the-client');
    const line = (await gateway.access(4, '/v1/messages')).at(-1);
    assert.deepEqual([line.tokens_in, line.tokens_out, line.provider], [10, 3, 'anthropic']);
  });

  act('meets it byte for byte when the model has another name', async ({ anthropic, gateway }) => {
    anthropic.answer(whole(MESSAGE));
    const body = (model) => `{"max_tokens":5,"model":"${model}","messages":[{"role":"user","content":"a"}]}`;
    await post(gateway, '/v1/messages', body('claude-nick'));
    assert.equal(anthropic.last.body.toString(), body('claude-x'));
  });

  act('gets a stream of Anthropic byte for byte', async ({ anthropic, gateway }) => {
    anthropic.answer(stream(EVENTS));
    const got = await post(gateway, '/v1/messages', ask('claude-x', { stream: true }));
    assert.equal(got.text, EVENTS.join(''));
    const line = (await gateway.access(6, '/v1/messages')).at(-1);
    assert.deepEqual([line.tokens_in, line.tokens_out], [10, 3]);
  });

  act('reads how such a stream was cut', async ({ anthropic, gateway }) => {
    anthropic.answer(stream(EVENTS.slice(0, 4), { end: 'cut' }));
    const got = await post(gateway, '/v1/messages', ask('claude-x', { stream: true }));
    assert.ok(got.text.startsWith(EVENTS.slice(0, 4).join('')));
    const last = got.text.slice(EVENTS.slice(0, 4).join('').length);
    assert.match(last, /^event: error\ndata: \{"type":"error","error":\{"type":"api_error","message":".*"\}\}\n\n$/);
  });

  act('reads an error inside of a stream once', async ({ anthropic, gateway }) => {
    const error = sse('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
    anthropic.answer(stream([...EVENTS.slice(0, 4), error]));
    const got = await post(gateway, '/v1/messages', ask('claude-x', { stream: true }));
    assert.equal(got.text, EVENTS.slice(0, 4).join('') + error);
  });

  act('gets an error as first event as an answer', async ({ anthropic, gateway }) => {
    anthropic.answer(stream([sse('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })]));
    const got = await post(gateway, '/v1/messages', ask('claude-x', { stream: true }));
    assert.equal(got.status, 529);
    assert.equal(got.json.error.type, 'overloaded_error');
  });

  act('has errors in its own words', async ({ openai, gateway }) => {
    openai.answer(failure(429, { message: 'slower' }, { headers: { 'Retry-After': '7' } }));
    const busy = await post(gateway, '/v1/messages', ask('gpt-mine'));
    assert.equal(busy.status, 429);
    assert.equal(busy.header('retry-after'), '7');
    assert.deepEqual(busy.json.error, { type: 'rate_limit_error', message: 'slower' });
    const unknown = await post(gateway, '/v1/messages', ask('nobody'));
    assert.deepEqual([unknown.status, unknown.json.error.type], [404, 'not_found_error']);
    const lacking = await post(gateway, '/v1/messages', { model: 'gpt-mine', messages: [] });
    assert.deepEqual([lacking.status, lacking.json.error.message], [400, 'max_tokens: Field required']);
    const broken = await post(gateway, '/v1/messages', '{"model":');
    assert.deepEqual([broken.status, broken.json.type], [400, 'error']);
  });

  act('counts tokens of any model', async ({ openai, gateway }) => {
    const before = openai.requests.length;
    const got = await post(gateway, '/v1/messages/count_tokens',
      { model: 'gpt-mine', messages: [{ role: 'user', content: 'x'.repeat(400) }] });
    assert.equal(got.status, 200, got.text);
    assert.deepEqual(got.json, { input_tokens: 104 });
    assert.equal(openai.requests.length, before);
  });

  act('is served without any network', async ({ gateway }) => {
    const got = await post(gateway, '/v1/messages', ask('demo-echo'));
    assert.deepEqual(got.json.content, [{ type: 'text', text: 'Hello' }]);
    const streamed = await post(gateway, '/v1/messages', ask('demo-echo', { stream: true }));
    assert.match(streamed.text, /message_stop/);
  });

  act('is refused in its own words before any script runs', async ({ gateway }) => {
    const bare = (method, target) => gateway.fetch(method, target, { headers: { Authorization: '' } });
    const missing = await bare('POST', '/v1/messages');
    assert.equal(missing.status, 401);
    assert.deepEqual(missing.json, {
      type: 'error', error: { type: 'authentication_error', message: 'missing or invalid authorization header' },
      request_id: missing.header('request-id'),
    });
    const google = await bare('POST', '/v1beta/models/gpt-mine:generateContent');
    assert.deepEqual(google.json.error.status, 'UNAUTHENTICATED');
    const method = await post(gateway, '/v1/messages', '', {});
    assert.equal(method.status, 400);
    const wrong = await gateway.fetch('GET', '/v1/messages');
    assert.deepEqual([wrong.status, wrong.header('allow')], [405, 'POST']);
    assert.equal(wrong.json.error.type, 'invalid_request_error');
  });

  act('may send its key where SDKs do', async ({ gateway }) => {
    const get = (target, headers) => gateway.fetch('GET', target, { headers: { Authorization: '', ...headers } });
    assert.equal((await get('/v1/models', { 'x-api-key': MASTER_KEY })).status, 200);
    assert.equal((await get('/v1/models', { 'x-goog-api-key': MASTER_KEY })).status, 200);
    assert.equal((await get(`/v1beta/models?key=${MASTER_KEY}`)).status, 200);
    assert.equal((await get(`/v1/models?key=${MASTER_KEY}`)).status, 401);
    assert.equal((await get('/v1/models', { 'x-api-key': 'wrong' })).status, 401);
    assert.equal((await get('/metrics', { 'x-api-key': MASTER_KEY })).status, 401);
  });
});
