// SPDX-License-Identifier: Apache-2.0
// OpenAI's official SDK against models of every dialect.
import assert from 'node:assert/strict';

import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, USAGE, openVendors } from '../tools/vendors.mjs';

const Place = z.object({ city: z.string() });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const messages = [{ role: 'user', content: 'Weather in Paris?' }];

async function open(stage) {
  const scene = await openVendors(stage);
  const openai = new OpenAI({ baseURL: `${scene.root}/v1`, apiKey: MASTER_KEY, maxRetries: 0 });
  return { ...scene, openai };
}

for (const [name, model] of Object.entries(MODELS)) {
  plays(`chat over ${name}`, open, (act) => {
    act('comes whole', async ({ openai }) => {
      const answer = await openai.chat.completions.create({ model, messages });
      assert.equal(answer.choices[0].message.content, `Hello from ${name}.`);
      assert.equal(answer.usage.total_tokens, USAGE.input + USAGE.output);
    });
    act('comes as a stream that the SDK puts together', async ({ openai }) => {
      const stream = openai.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
      const answer = await stream.finalChatCompletion();
      assert.equal(answer.choices[0].message.content, `Hello from ${name}.`);
      assert.equal(answer.usage.completion_tokens, USAGE.output);
    });
    act('runs tools to the end', async ({ openai }) => {
      const called = [];
      const runner = openai.chat.completions.runTools({ model, messages, tools: [{ type: 'function', function: {
        name: 'get_weather', description: 'Current weather.', parameters, parse: JSON.parse,
        function: (given) => { called.push(given); return '18 degrees'; },
      } }] });
      assert.equal(await runner.finalContent(), 'It is 18 degrees in Paris.');
      assert.deepEqual(called, [{ city: 'Paris' }]);
    });
    act('parses structured outputs', async ({ openai }) => {
      const answer = await openai.chat.completions.parse({
        model, messages, response_format: zodResponseFormat(Place, 'place') });
      assert.deepEqual(answer.choices[0].message.parsed, { city: 'Paris' });
    });
  });
  plays(`responses over ${name}`, open, (act) => {
    act('come whole', async ({ openai }) => {
      const answer = await openai.responses.create({ model, input: 'Hi' });
      assert.equal(answer.output_text, `Hello from ${name}.`);
      assert.equal(answer.status, 'completed');
      assert.equal(answer.usage.input_tokens, USAGE.input);
    });
    act('come as a stream', async ({ openai }) => {
      const stream = openai.responses.stream({ model, input: 'Hi' });
      const answer = await stream.finalResponse();
      assert.equal(answer.output_text, `Hello from ${name}.`);
    });
    act('call functions and go on', async ({ openai }) => {
      const tools = [{ type: 'function', name: 'get_weather', parameters, strict: false }];
      const first = await openai.responses.create({ model, input: 'Weather in Paris?', tools });
      const call = first.output.find(({ type }) => type === 'function_call');
      assert.deepEqual([call.name, JSON.parse(call.arguments)], ['get_weather', { city: 'Paris' }]);
      const result = { type: 'function_call_output', call_id: call.call_id, output: '18 degrees' };
      const second = await openai.responses.create({ model, tools, previous_response_id: first.id, input: [result] });
      assert.equal(second.output_text, 'It is 18 degrees in Paris.');
    });
    act('parse structured outputs', async ({ openai }) => {
      const format = zodTextFormat(Place, 'place');
      const answer = await openai.responses.parse({ model, input: 'A city.', text: { format } });
      assert.deepEqual(answer.output_parsed, { city: 'Paris' });
    });
    act('are kept, and deleted', async ({ openai }) => {
      const made = await openai.responses.create({ model, input: 'Hi' });
      assert.equal((await openai.responses.retrieve(made.id)).output_text, `Hello from ${name}.`);
      await openai.responses.delete(made.id);
      await assert.rejects(openai.responses.retrieve(made.id), OpenAI.NotFoundError);
    });
  });
}
