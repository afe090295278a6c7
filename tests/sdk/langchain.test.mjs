// SPDX-License-Identifier: Apache-2.0
// LangChain against models of every dialect.
import assert from 'node:assert/strict';

import { AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, USAGE, openVendors } from '../tools/vendors.mjs';

const weather = tool(async ({ city }) => `18 degrees in ${city}`, {
  name: 'get_weather', description: 'Current weather.', schema: z.object({ city: z.string() }),
});

const open = (stage) => openVendors(stage);

const chat = (root, model, more = {}) => new ChatOpenAI({
  model, apiKey: MASTER_KEY, maxRetries: 0, configuration: { baseURL: `${root}/v1` }, ...more,
});

for (const [name, model] of Object.entries(MODELS)) {
  plays(`a chain over ${name}`, open, (act) => {
    act('is invoked', async ({ root }) => {
      const answer = await chat(root, model).invoke('Hi');
      assert.equal(answer.content, `Hello from ${name}.`);
      assert.equal(answer.usage_metadata.input_tokens, USAGE.input);
    });
    act('is streamed', async ({ root }) => {
      let whole = new AIMessageChunk('');
      for await (const piece of await chat(root, model).stream('Hi')) whole = whole.concat(piece);
      assert.equal(whole.content, `Hello from ${name}.`);
      assert.equal(whole.usage_metadata?.output_tokens, USAGE.output);
    });
    act('uses tools', async ({ root }) => {
      const bound = chat(root, model).bindTools([weather]);
      const question = new HumanMessage('Weather in Paris?');
      const first = await bound.invoke([question]);
      assert.deepEqual(first.tool_calls.map((call) => [call.name, call.args]), [['get_weather', { city: 'Paris' }]]);
      const result = new ToolMessage({ content: '18 degrees', tool_call_id: first.tool_calls[0].id });
      const second = await bound.invoke([question, first, result]);
      assert.equal(second.content, 'It is 18 degrees in Paris.');
    });
    act('gives structured output', async ({ root }) => {
      const structured = chat(root, model).withStructuredOutput(z.object({ city: z.string() }), { name: 'place' });
      assert.deepEqual(await structured.invoke('A city, please.'), { city: 'Paris' });
    });
    act('speaks the responses API', async ({ root }) => {
      const answer = await chat(root, model, { useResponsesApi: true }).invoke('Hi');
      assert.equal(answer.text, `Hello from ${name}.`);
    });
  });
}

