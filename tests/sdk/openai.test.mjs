// SPDX-License-Identifier: Apache-2.0
// OpenAI's official SDK against the gateway.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import OpenAI from 'openai';

import { chunk, completion, endless, failure, speech, spelling, stream, usageChunk } from '../tools/answers.mjs';
import { MASTER_KEY, MODEL, PROMPT } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const messages = [{ role: 'user', content: PROMPT }];

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { aliases: { fast: MODEL } } });
  const baseURL = `http://127.0.0.1:${gateway.port}/v1`;
  const client = (options = {}) => new OpenAI({ baseURL, apiKey: MASTER_KEY, maxRetries: 0, ...options });
  return { upstream, gateway, openai: client(), client };
}

async function collect(stream, chunks = []) {
  for await (const one of await stream) chunks.push(one);
  return chunks;
}

const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('it did not reject');
};

plays('chat', open, (act) => {
  act('gives the message, the usage and the request id', async ({ upstream, openai }) => {
    upstream.answer(completion('Hello there'));
    const answer = await openai.chat.completions.create({ model: MODEL, messages });
    assert.equal(answer.choices[0].message.content, 'Hello there');
    assert.equal(answer.choices[0].finish_reason, 'stop');
    assert.equal(answer.usage.total_tokens, 12);
    assert.match(answer._request_id, /^[0-9a-f]{32}$/);
    assert.deepEqual(upstream.last.json, { model: MODEL, messages });
    assert.equal(upstream.last.header('authorization'), 'Bearer canary-provider-key-openai-9e41');
  });
  act('resolves an alias', async ({ upstream, openai }) => {
    await openai.chat.completions.create({ model: 'fast', messages });
    assert.equal(upstream.last.json.model, MODEL);
  });
  act('gives tool calls, and takes their results', async ({ upstream, openai }) => {
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"q":"tea"}' } };
    upstream.answer(completion(null, { message: { tool_calls: [call] }, finish: 'tool_calls' }), completion('Green.'));
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];
    const first = await openai.chat.completions.create({ model: MODEL, messages, tools });
    const { message, finish_reason: finish } = first.choices[0];
    assert.deepEqual([message.content, finish, message.tool_calls], [null, 'tool_calls', [call]]);
    const thread = [...messages, message, { role: 'tool', tool_call_id: 'call_1', content: 'green tea' }];
    const second = await openai.chat.completions.create({ model: MODEL, messages: thread, tools });
    assert.equal(second.choices[0].message.content, 'Green.');
    assert.deepEqual(upstream.last.json.messages, thread);
  });
  act('gives members the SDK does not know', async ({ upstream, openai }) => {
    const extra = { citations: ['https://a.example'] };
    upstream.answer(completion('x', { message: { reasoning_content: 'hm' }, extra }));
    const answer = await openai.chat.completions.create({ model: MODEL, messages, x_new: { y: [] } });
    assert.equal(answer.choices[0].message.reasoning_content, 'hm');
    assert.deepEqual(answer.citations, extra.citations);
    assert.deepEqual(upstream.last.json.x_new, { y: [] });
  });
});

plays('a stream', open, (act) => {
  act('is an async iterator of chunks', async ({ upstream, openai }) => {
    upstream.answer(speech(['Hel', 'lo ', 'there'], { every: 5 }));
    const chunks = await collect(openai.chat.completions.create({ model: MODEL, messages, stream: true }));
    assert.equal(chunks.map((one) => one.choices[0].delta.content ?? '').join(''), 'Hello there');
    assert.equal(chunks[chunks.length - 1].choices[0].finish_reason, 'stop');
    assert.ok(chunks.every((one) => !one.usage));
  });
  act('reports usage when it is asked to', async ({ upstream, openai }) => {
    upstream.answer(speech(['a']));
    const options = { model: MODEL, messages, stream: true, stream_options: { include_usage: true } };
    const chunks = await collect(openai.chat.completions.create(options));
    const last = chunks[chunks.length - 1];
    assert.deepEqual([last.choices, last.usage.total_tokens], [[], 12]);
    assert.equal(chunks.filter((one) => one.usage).length, 1);
  });
  act('works with the stream helper', async ({ upstream, openai }) => {
    upstream.answer(speech(['Hel', 'lo'], { every: 5 }));
    const deltas = [];
    const runner = openai.chat.completions.stream({ model: MODEL, messages, stream_options: { include_usage: true } });
    runner.on('content', (delta) => deltas.push(delta));
    assert.equal(await runner.finalContent(), 'Hello');
    assert.deepEqual(deltas.filter(Boolean), ['Hel', 'lo']);
    assert.equal((await runner.totalUsage()).total_tokens, 12);
  });
  act('accumulates tool calls with the stream helper', async ({ upstream, openai }) => {
    const call = (one) => chunk({ tool_calls: [one] });
    const start = (index, id, name) => call({ index, id, type: 'function', function: { name, arguments: '' } });
    const more = (index, text) => call({ index, function: { arguments: text } });
    upstream.answer(stream([chunk({ role: 'assistant', content: null }), start(0, 'call_1', 'look'), more(0, '{"q":'),
      more(0, '"tea"}'), start(1, 'call_2', 'time'), more(1, '{}'), chunk({}, 'tool_calls'), usageChunk(), '[DONE]']));
    const tools = ['look', 'time'].map((name) => ({ type: 'function', function: { name, parameters: {} } }));
    const message = await openai.chat.completions.stream({ model: MODEL, messages, tools }).finalMessage();
    const calls = message.tool_calls.map((one) => [one.id, one.type, one.function.name, one.function.arguments]);
    assert.deepEqual(calls, [['call_1', 'function', 'look', '{"q":"tea"}'], ['call_2', 'function', 'time', '{}']]);
  });
  act('that is aborted ends at the upstream', async ({ upstream, openai }, t) => {
    upstream.answer(endless());
    const running = await openai.chat.completions.create({ model: MODEL, messages, stream: true });
    let seen = 0;
    let at;
    for await (const one of running) {
      assert.equal(one.object, 'chat.completion.chunk');
      if (++seen === 5) {
        at = performance.now();
        running.controller.abort();
      }
    }
    const { connection } = upstream.last;
    await until(5000, 'the upstream call is closed', () => connection.closedAt !== null);
    t.diagnostic(`upstream closed after ${(connection.closedAt - at).toFixed(1)} ms`);
    assert.ok(connection.closedAt - at < 500 * PATIENCE);
  });
  act('that its reader breaks off ends at the upstream', async ({ upstream, openai }) => {
    upstream.answer(endless());
    for await (const one of await openai.chat.completions.create({ model: MODEL, messages, stream: true })) {
      if (one) break;
    }
    await until(5000, 'the upstream call is closed', () => upstream.last.connection.closedAt !== null);
  });
  act('with an error inside rejects with it', async ({ upstream, openai }) => {
    const error = { message: 'the model fell over', type: 'server_error', param: null, code: 'fell_over' };
    upstream.answer(stream([...spelling(['a']).slice(0, 2), { error }], { every: 10 }));
    const seen = [];
    const running = openai.chat.completions.create({ model: MODEL, messages, stream: true });
    const caught = await rejection(collect(running, seen));
    assert.equal(seen.length, 2);
    assert.ok(caught instanceof OpenAI.APIError);
    assert.match(caught.message, /the model fell over/);
    assert.equal(caught.code, 'fell_over');
  });
  act('that is cut rejects', async ({ upstream, openai }) => {
    upstream.answer(stream(spelling(['a', 'b']).slice(0, 3), { every: 10, end: 'reset' }));
    const caught = await rejection(collect(openai.chat.completions.create({ model: MODEL, messages, stream: true })));
    assert.ok(caught instanceof OpenAI.APIError, String(caught));
  });
});

plays('an error', open, (act) => {
  act('of the upstream keeps its status, code, type and param', async ({ upstream, openai }) => {
    const details = { message: 'too long', type: 'invalid_request_error', param: 'messages', code: 'context_length' };
    upstream.answer(failure(400, details));
    const error = await rejection(openai.chat.completions.create({ model: MODEL, messages }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    const { status, code, type, param } = error;
    assert.deepEqual({ status, code, type, param },
      { status: 400, code: details.code, type: details.type, param: details.param });
    assert.match(error.message, /too long/);
    assert.match(error.requestID, /^[0-9a-f]{32}$/);
  });
  act('of the key is an AuthenticationError', async ({ client }) => {
    const error = await rejection(client({ apiKey: 'wrong' }).chat.completions.create({ model: MODEL, messages }));
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.deepEqual([error.status, error.code], [401, 'invalid_api_key']);
  });
  act('of the model is a NotFoundError', async ({ openai }) => {
    const error = await rejection(openai.chat.completions.create({ model: 'no-such', messages }));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
  });
  act('of the rate is a RateLimitError that knows the wait', async ({ upstream, openai }) => {
    const limited = { type: 'requests', code: 'rate_limit_exceeded' };
    upstream.answer(failure(429, limited, { headers: { 'Retry-After': '4' } }));
    const error = await rejection(openai.chat.completions.create({ model: MODEL, messages }));
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.equal(error.headers.get('retry-after'), '4');
  });
  act('before the first byte of a stream has its class, too', async ({ upstream, openai }) => {
    upstream.answer(stream([{ error: { message: 'no', type: 'server_error', code: 'x' } }]));
    const error = await rejection(openai.chat.completions.create({ model: MODEL, messages, stream: true }));
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.equal(error.status, 502);
  });
  act('that passes is retried by the SDK', async ({ upstream, client }) => {
    upstream.answer(failure(503), completion('second try'));
    const before = upstream.complete;
    const answer = await client({ maxRetries: 2 }).chat.completions.create({ model: MODEL, messages });
    assert.equal(answer.choices[0].message.content, 'second try');
    assert.equal(upstream.complete, before + 2);
  });
});

plays('models', open, (act) => {
  act('are listed', async ({ openai }) => {
    const ids = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    assert.ok(ids.includes(MODEL));
    assert.equal(new Set(ids).size, ids.length);
  });
  act('are retrieved', async ({ openai }) => {
    const model = await openai.models.retrieve(MODEL);
    assert.deepEqual([model.id, model.object, model.owned_by], [MODEL, 'model', 'openai']);
    assert.ok(await rejection(openai.models.retrieve('no-such')) instanceof OpenAI.NotFoundError);
  });
});
