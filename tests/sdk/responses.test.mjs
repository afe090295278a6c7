// SPDX-License-Identifier: Apache-2.0
// OpenAI's official SDK speaks the Responses API to models that know chat alone, to Anthropic's, and to those that
// have the API themselves; and the legacy completions to chat models.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import OpenAI from 'openai';

import {
  chunk, completion, failure, raw, head, spelling, stream, usageChunk, whole,
} from '../tools/answers.mjs';
import { MASTER_KEY, PROMPT } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const CHAT = 'chat-only';
const CLAUDE = 'claude-sonnet-4-5';
const GPT = 'gpt-4o';
const CODEX = 'gpt-5-codex';

const fixture = (name) => fs.readFileSync(new URL(`../../spec/fixtures/${name}`, import.meta.url), 'utf8');

async function open(stage) {
  const [chat, claude, openai] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { chutes: chat, anthropic: claude, openai },
    config: {
      targets: [
        { virtual_key: 'chutes', models: [CHAT] }, { virtual_key: 'anthropic', models: [CLAUDE] },
        { virtual_key: 'openai', models: [GPT, CODEX, 'gpt-3.5-turbo-instruct'] },
      ],
      responses_target: 'openai',
    },
  });
  const baseURL = `http://127.0.0.1:${gateway.port}/v1`;
  const client = new OpenAI({ baseURL, apiKey: MASTER_KEY, maxRetries: 0 });
  return { chat, claude, openai, gateway, client };
}

const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('it did not reject');
};

async function collect(events, list = []) {
  for await (const event of await events) list.push(event);
  return list;
}

const WEATHER = {
  type: 'function', name: 'get_weather', description: 'Current weather', strict: true,
  parameters: {
    type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false,
  },
};
const call = (id, name, args) => ({ id, type: 'function', function: { name, arguments: args } });
const wire = (text) => (
  raw(Buffer.from(`${head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' })}${text}`)));

plays('responses of a chat model', open, (act) => {
  act('are created, found, continued and deleted', async ({ chat, client }) => {
    chat.answer(completion('Green.'), completion('Hot.'));
    const first = await client.responses.create({ model: CHAT, input: PROMPT, instructions: 'Be brief.' });
    assert.equal(first.output_text, 'Green.');
    assert.deepEqual([first.status, first.usage.input_tokens, first.usage.total_tokens], ['completed', 9, 12]);
    assert.deepEqual(chat.last.json.messages, [{ role: 'system', content: 'Be brief.' },
      { role: 'user', content: PROMPT }]);
    const found = await client.responses.retrieve(first.id);
    assert.deepEqual([found.id, found.output_text], [first.id, 'Green.']);
    const items = await client.responses.inputItems.list(first.id);
    assert.equal(items.data[0].content[0].text, PROMPT);
    const second = await client.responses.create({ model: CHAT, input: 'And?', previous_response_id: first.id });
    assert.equal(second.previous_response_id, first.id);
    assert.deepEqual(chat.last.json.messages, [{ role: 'user', content: PROMPT },
      { role: 'assistant', content: 'Green.' }, { role: 'user', content: 'And?' }]);
    await client.responses.delete(first.id);
    assert.equal((await rejection(client.responses.retrieve(first.id))).status, 404);
    const lost = await rejection(client.responses.create({ model: CHAT, input: 'x', previous_response_id: first.id }));
    assert.deepEqual([lost.status, lost.code], [400, 'previous_response_not_found']);
  });
  act('are not kept when the client says so', async ({ client }) => {
    const made = await client.responses.create({ model: CHAT, input: PROMPT, store: false });
    assert.equal((await rejection(client.responses.retrieve(made.id))).status, 404);
  });
  act('cannot be cancelled', async ({ client }) => {
    const made = await client.responses.create({ model: CHAT, input: PROMPT });
    assert.equal((await rejection(client.responses.cancel(made.id))).status, 400);
  });
  act('call tools, and take their results', async ({ chat, client }) => {
    chat.answer(completion(null, { message: { tool_calls: [call('call_1', 'get_weather', '{"city":"Oslo"}')] },
      finish: 'tool_calls' }), completion('3 degrees.'));
    const input = [{ role: 'user', content: PROMPT }];
    const first = await client.responses.create({ model: CHAT, input, tools: [WEATHER] });
    const asked = first.output.find((item) => item.type === 'function_call');
    assert.deepEqual([asked.call_id, asked.name, asked.arguments], ['call_1', 'get_weather', '{"city":"Oslo"}']);
    const result = { type: 'function_call_output', call_id: asked.call_id, output: '3' };
    const second = await client.responses.create({ model: CHAT, input: [...input, ...first.output, result],
      tools: [WEATHER] });
    assert.equal(second.output_text, '3 degrees.');
    assert.deepEqual(chat.last.json.messages.slice(1), [
      { role: 'assistant', content: null, tool_calls: [call('call_1', 'get_weather', '{"city":"Oslo"}')] },
      { role: 'tool', tool_call_id: 'call_1', content: '3' },
    ]);
  });
  act('are parsed by their schema', async ({ chat, client }) => {
    chat.answer(completion('{"city":"Oslo"}'));
    const format = { type: 'json_schema', name: 'place', strict: true, schema: WEATHER.parameters };
    const made = await client.responses.parse({ model: CHAT, input: PROMPT, text: { format } });
    assert.deepEqual(made.output_parsed, { city: 'Oslo' });
    assert.equal(chat.last.json.response_format.json_schema.name, 'place');
  });
  act('have their arguments parsed', async ({ chat, client }) => {
    chat.answer(completion(null, { message: { tool_calls: [call('c', 'get_weather', '{"city":"Oslo"}')] },
      finish: 'tool_calls' }));
    const made = await client.responses.parse({ model: CHAT, input: PROMPT, tools: [WEATHER] });
    assert.deepEqual(made.output[0].parsed_arguments, { city: 'Oslo' });
  });
  act('name what was left out', async ({ client }) => {
    const { response } = await client.responses.create({ model: CHAT, input: PROMPT, tools: [{ type: 'web_search' }] })
      .withResponse();
    assert.equal(response.headers.get('x-gateway-dropped'), 'tools.web_search');
  });
  act('fail in the words of OpenAI', async ({ chat, client }) => {
    chat.answer(failure(400, { message: 'no', code: 'context_length_exceeded' }));
    const error = await rejection(client.responses.create({ model: CHAT, input: PROMPT }));
    assert.deepEqual([error.status, error.code], [400, 'context_length_exceeded']);
    assert.equal((await rejection(client.responses.create({ input: PROMPT }))).message, '400 model is required');
  });
});

plays('a streamed response of a chat model', open, (act) => {
  act('is what the helper makes of its events', async ({ chat, client }) => {
    chat.answer(stream(spelling(['Gr', 'een', '.'])));
    const runner = client.responses.stream({ model: CHAT, input: PROMPT });
    const texts = [];
    runner.on('response.output_text.delta', ({ delta }) => texts.push(delta));
    const final = await runner.finalResponse();
    assert.deepEqual(texts, ['Gr', 'een', '.']);
    assert.deepEqual([final.output_text, final.status, final.usage.total_tokens], ['Green.', 'completed', 12]);
    assert.equal((await client.responses.retrieve(final.id)).output_text, 'Green.');
  });
  act('has its reasoning and its calls', async ({ chat, client }) => {
    const delta = (index, more) => chunk({ tool_calls: [{ index, ...more }] });
    chat.answer(stream([chunk({ role: 'assistant', content: '' }), chunk({ reasoning_content: 'hm' }),
      delta(0, { ...call('a', 'get_weather', '') }), delta(1, { ...call('b', 'get_weather', '') }),
      delta(0, { function: { arguments: '{"city":' } }), delta(1, { function: { arguments: '{"city":"B"}' } }),
      delta(0, { function: { arguments: '"A"}' } }), chunk({}, 'tool_calls'), usageChunk(), '[DONE]']));
    const runner = client.responses.stream({ model: CHAT, input: PROMPT, tools: [WEATHER],
      reasoning: { summary: 'auto' } });
    const { output } = await runner.finalResponse();
    assert.deepEqual(output.map(({ type }) => type), ['reasoning', 'function_call', 'function_call']);
    assert.equal(output[0].summary[0].text, 'hm');
    assert.deepEqual(output.slice(1).map((item) => item.parsed_arguments), [{ city: 'A' }, { city: 'B' }]);
  });
  act('that breaks is an error with its message', async ({ chat, client }) => {
    chat.answer(stream([chunk({ role: 'assistant', content: '' }), chunk({ content: 'Gr' })], { end: 'cut' }));
    const events = [];
    const error = await rejection((async () => {
      for await (const event of await client.responses.create({ model: CHAT, input: PROMPT, stream: true })) {
        events.push(event.type);
      }
    })());
    assert.equal(error.code, 'upstream_stream_truncated');
    assert.equal(events.at(-1), 'response.failed');
  });
});

plays('responses of Anthropic', open, (act) => {
  act('are translated whole', async ({ claude, client }) => {
    claude.answer(whole(JSON.parse(fixture('anthropic/thinking.response.json')).body));
    const made = await client.responses.create({ model: CLAUDE, input: PROMPT, max_output_tokens: 4096,
      reasoning: { effort: 'high' }, include: ['reasoning.encrypted_content'] });
    assert.deepEqual(made.output.map(({ type }) => type), ['reasoning', 'message']);
    assert.ok(made.output[0].encrypted_content);
    const body = claude.last.json;
    assert.equal(body.messages[0].content[0].text ?? body.messages[0].content, PROMPT);
    claude.answer(whole(JSON.parse(fixture('anthropic/text.response.json')).body));
    await client.responses.create({ model: CLAUDE, previous_response_id: made.id, input: 'And?' });
    const thought = claude.last.json.messages[1].content[0];
    assert.equal(thought.type, 'thinking');
    assert.ok(thought.signature);
  });
  act('are translated streamed', async ({ claude, client }) => {
    claude.answer(wire(fixture('anthropic/stream-tools.stream.txt')));
    const runner = client.responses.stream({ model: CLAUDE, input: PROMPT, tools: [WEATHER] });
    const { output } = await runner.finalResponse();
    assert.deepEqual(output.map(({ type }) => type), ['message', 'function_call', 'function_call']);
    assert.equal(output[0].content[0].text, 'Checking both.');
    assert.deepEqual(JSON.parse(output[1].arguments), { city: 'Paris' });
    assert.equal(output[2].arguments, '{}');
  });
});

const RESPONSE = JSON.parse(fixture('responses/text.response.json')).body;

plays('responses of a provider that has them', open, (act) => {
  act('pass as they are, both ways', async ({ openai, client }) => {
    openai.answer(whole(RESPONSE));
    const body = { model: GPT, input: PROMPT, tools: [{ type: 'web_search' }], x_new: { y: 1 } };
    const made = await client.responses.create(body);
    assert.equal(openai.last.target, '/v1/responses');
    assert.deepEqual(openai.last.json, body);
    assert.equal(made.id, RESPONSE.id);
    await client.responses.retrieve(made.id);
    assert.equal(openai.last.target, `/v1/responses/${made.id}`);
    await client.responses.create({ model: GPT, input: 'And?', previous_response_id: made.id });
    assert.equal(openai.last.json.previous_response_id, made.id);
  });
  act('stream as they are', async ({ openai, client }) => {
    openai.answer(wire(fixture('responses/stream-text.stream.txt')));
    const events = await collect(client.responses.create({ model: GPT, input: PROMPT, stream: true }));
    assert.equal(events.at(-1).type, 'response.completed');
    assert.equal(events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta).join(''),
      'Héllo');
    openai.answer(whole({ ...RESPONSE, status: 'cancelled' }));
    await client.responses.cancel(events[0].response.id);
    assert.equal(openai.last.target, `/v1/responses/${events[0].response.id}/cancel`);
  });
});

plays('chat with a model that knows Responses alone', open, (act) => {
  act('is translated whole and streamed', async ({ openai, client }) => {
    openai.answer(whole(RESPONSE));
    const messages = [{ role: 'user', content: PROMPT }];
    const made = await client.chat.completions.create({ model: CODEX, messages });
    assert.deepEqual([made.choices[0].message.content, openai.last.target], ['Hello!', '/v1/responses']);
    openai.answer(wire(fixture('responses/stream-tools.stream.txt')));
    const texts = {};
    for (const { choices } of await collect(client.chat.completions.create({ model: CODEX, messages, stream: true }))) {
      for (const { index, function: said, custom } of choices[0].delta.tool_calls ?? []) {
        texts[index] = (texts[index] ?? '') + (said?.arguments ?? custom.input);
      }
    }
    assert.deepEqual(texts, { 0: '{"city":"Oslo"}', 1: '{}', 2: '*** x' });
  });
});

plays('legacy completions', open, (act) => {
  act('of a chat model have text, for each prompt', async ({ chat, client }) => {
    chat.answer(completion('one'), completion('two'));
    const { data, response } = await client.completions.create({ model: CHAT, prompt: ['a', 'b'], echo: true })
      .withResponse();
    assert.deepEqual(data.choices.map(({ index, text }) => [index, text]), [[0, 'aone'], [1, 'btwo']]);
    assert.deepEqual([data.object, data.usage.total_tokens], ['text_completion', 24]);
    assert.equal(response.headers.get('x-gateway-provider'), 'chutes');
  });
  act('of a chat model stream, for each prompt', async ({ chat, client }) => {
    chat.answer(completion('one'), completion('two'));
    const chunks = await collect(client.completions.create({ model: CHAT, prompt: ['a', 'b'], stream: true,
      stream_options: { include_usage: true } }));
    const texts = ['', ''];
    for (const { choices } of chunks) for (const { index, text } of choices) texts[index] += text;
    assert.deepEqual(texts, ['one', 'two']);
    assert.equal(chunks.at(-1).usage.total_tokens, 24);
  });
  act('of token ids are refused', async ({ client }) => {
    const error = await rejection(client.completions.create({ model: CHAT, prompt: [1, 2] }));
    assert.deepEqual([error.status, error.code], [400, 'unsupported_parameter']);
  });
  act('of legacy models pass as they are', async ({ openai, client }) => {
    openai.answer(whole({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm',
      choices: [{ text: 'x', index: 0, logprobs: null, finish_reason: 'stop' }] }));
    const made = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: [1, 2], suffix: 's' });
    assert.equal(made.choices[0].text, 'x');
    assert.deepEqual([openai.last.target, openai.last.json.suffix], ['/v1/completions', 's']);
  });
});
