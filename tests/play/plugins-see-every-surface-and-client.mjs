// SPDX-License-Identifier: Apache-2.0
// Guards and metering hold on every surface and for every client: a rule that is written once covers them all.
import assert from 'node:assert/strict';

import { completion, stream, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const sse = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const message = (text) => ({
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [{ type: 'text', text }],
  stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 7, output_tokens: 3 },
});
const events = (...texts) => [
  sse('message_start', { message: { ...message(''), content: [], stop_reason: null,
    usage: { input_tokens: 7, output_tokens: 1 } } }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...texts.map((text) => sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } }),
  sse('message_stop'),
];

const stage_of = (entry) => async (stage) => {
  const [openai, anthropic] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai, anthropic },
    config: {
      targets: [
        { name: 'own', provider: 'openai-compatible', base_url: openai.url, models: ['mine'] },
        { virtual_key: 'anthropic', models: ['claude-x'] },
      ],
      plugins: entry,
    },
  });
  return { openai, anthropic, gateway };
};

const guard = (stage) => ({ name: 'word-filter', type: 'guardrail', stage, config: { blocked_words: ['forbidden'] } });
const post = (gateway, path, body) => gateway.fetch('POST', path, { body: JSON.stringify(body) });
const ask = (model, content, more = {}) => ({ model, max_tokens: 9, messages: [{ role: 'user', content }], ...more });

plays('a guard', stage_of([guard('before_request'), guard('after_request')]), (act) => {
  const REQUESTS = {
    '/v1/embeddings': { input: ['fine', 'a forbidden thing'] },
    '/v1/images/generations': { prompt: 'a forbidden thing' },
    '/v1/audio/speech': { input: 'a forbidden thing', voice: 'x' },
    '/v1/moderations': { input: 'a forbidden thing' },
    '/v1/rerank': { query: 'q', documents: ['fine', 'a forbidden thing'] },
    '/v1/completions': { prompt: 'a forbidden thing' },
    '/v1/responses': { input: 'a forbidden thing' },
    '/v1/messages': { max_tokens: 5, messages: [{ role: 'user', content: 'a forbidden thing' }] },
    '/v1/messages/count_tokens': { messages: [{ role: 'user', content: 'a forbidden thing' }] },
    '/v1beta/models/mine:generateContent': { contents: [{ parts: [{ text: 'a forbidden thing' }] }] },
  };
  for (const [path, body] of Object.entries(REQUESTS)) {
    act(`refuses a request to ${path}`, async ({ openai, gateway }) => {
      const before = openai.requests.length;
      const got = await post(gateway, path, { model: 'mine', ...body });
      assert.equal(got.status, 400, got.text);
      assert.match(got.text, /request rejected by word-filter/);
      assert.equal(openai.requests.length, before);
    });
  }

  act('refuses an answer in the client\'s own form', async ({ anthropic, openai, gateway }) => {
    anthropic.answer(whole(message('a forbidden thing')));
    const own = await post(gateway, '/v1/messages', ask('claude-x', 'Hi'));
    assert.equal(own.json.error.type, 'api_error');
    openai.answer(completion('a forbidden thing'));
    const other = await post(gateway, '/v1/messages', ask('mine', 'Hi'));
    assert.match(other.json.error.message, /response rejected by word-filter/);
  });

  act('looks into a stream that could have passed as it is', async ({ anthropic, gateway }) => {
    anthropic.answer(stream(events('a for', 'bidden thing')));
    const got = await post(gateway, '/v1/messages', ask('claude-x', 'Hi', { stream: true }));
    assert.doesNotMatch(got.text, /bidden/);
    assert.match(got.text, /"type":"error"/);
    anthropic.answer(stream(events('all', ' is well')));
    const fine = await post(gateway, '/v1/messages', ask('claude-x', 'Hi', { stream: true }));
    assert.match(fine.text, /event: message_stop/);
    assert.match(fine.text.replace(/","|"text":"|\n|data: |\{|\}|"|event: \w+/g, ' '), /all.*is well/);
  });
});

const logger = { name: 'request-logger', type: 'logging', stage: 'after_request', config: {} };

plays('a logger', stage_of([logger]), (act) => {
  act('leaves a stream of the client\'s own form as it is', async ({ anthropic, gateway }) => {
    const list = events('Good', ' day');
    anthropic.answer(stream(list));
    const got = await post(gateway, '/v1/messages', ask('claude-x', 'Hi', { stream: true }));
    assert.equal(got.text, list.join(''));
    const line = (await gateway.access(1, '/v1/messages'))[0];
    assert.deepEqual([line.tokens_in, line.tokens_out], [7, 3]);
  });
  act('sees speech, of which there is nothing to read', async ({ openai, gateway }) => {
    openai.answer(whole(Buffer.from([0, 1, 2]), { headers: { 'Content-Type': 'audio/mpeg' } }));
    const got = await post(gateway, '/v1/audio/speech', { model: 'mine', input: 'Hi', voice: 'x' });
    assert.deepEqual([...got.bytes], [0, 1, 2]);
  });
});
