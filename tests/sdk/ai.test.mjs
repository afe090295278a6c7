// SPDX-License-Identifier: Apache-2.0
// Vercel's AI SDK against models of every dialect, by chat completions and by responses.
import assert from 'node:assert/strict';

import { createOpenAI } from '@ai-sdk/openai';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, USAGE, openVendors } from '../tools/vendors.mjs';

async function open(stage) {
  const scene = await openVendors(stage);
  const openai = createOpenAI({ baseURL: `${scene.root}/v1`, apiKey: MASTER_KEY });
  return { ...scene, openai };
}

const get_weather = tool({
  description: 'Current weather.', inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, temp: 18 }),
});

for (const [name, id] of Object.entries(MODELS)) {
  for (const surface of ['chat', 'responses']) {
    plays(`${surface} over ${name}`, open, (act) => {
      const model = (openai) => openai[surface](id);
      act('generates text', async ({ openai }) => {
        const answer = await generateText({ model: model(openai), prompt: 'Hi', maxRetries: 0 });
        assert.equal(answer.text, `Hello from ${name}.`);
        assert.equal(answer.finishReason, 'stop');
        assert.equal(answer.usage.outputTokens, USAGE.output);
      });
      act('streams text', async ({ openai }) => {
        const stream = streamText({ model: model(openai), prompt: 'Hi', maxRetries: 0 });
        const pieces = [];
        for await (const piece of stream.textStream) pieces.push(piece);
        assert.equal(pieces.join(''), `Hello from ${name}.`);
        assert.equal((await stream.usage).inputTokens, USAGE.input);
      });
      act('runs tools to the end', async ({ openai }) => {
        const answer = await generateText({
          model: model(openai), prompt: 'Weather in Paris?', tools: { get_weather }, stopWhen: stepCountIs(3),
          maxRetries: 0,
        });
        assert.equal(answer.text, 'It is 18 degrees in Paris.');
        assert.deepEqual(answer.steps[0].toolCalls.map((call) => [call.toolName, call.input]),
          [['get_weather', { city: 'Paris' }]]);
      });
      act('streams tools', async ({ openai }) => {
        const stream = streamText({
          model: model(openai), prompt: 'Weather in Paris?', tools: { get_weather }, stopWhen: stepCountIs(3),
          maxRetries: 0,
        });
        assert.equal(await stream.text, 'It is 18 degrees in Paris.');
      });
      act('generates an object', async ({ openai }) => {
        const { object } = await generateObject({
          model: model(openai), schema: z.object({ city: z.string() }), prompt: 'A city, please.', maxRetries: 0,
        });
        assert.deepEqual(object, { city: 'Paris' });
      });
    });
  }
}
