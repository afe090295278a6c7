// SPDX-License-Identifier: Apache-2.0
// Google's official SDK against models of every dialect.
import assert from 'node:assert/strict';

import { GoogleGenAI } from '@google/genai';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, USAGE, openVendors } from '../tools/vendors.mjs';

const parameters = { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] };
const tools = [{ functionDeclarations: [{ name: 'get_weather', description: 'Current weather.', parameters }] }];
const question = { role: 'user', parts: [{ text: 'Weather in Paris?' }] };

async function open(stage) {
  const scene = await openVendors(stage);
  const ai = new GoogleGenAI({ apiKey: MASTER_KEY, httpOptions: { baseUrl: scene.root } });
  return { ...scene, ai };
}

for (const [name, served] of Object.entries(MODELS)) {
  const model = name === 'gemini' ? 'gemini-2.5-flash' : served;
  plays(`contents of ${name}`, open, (act) => {
    act('come whole', async ({ ai }) => {
      const answer = await ai.models.generateContent({ model, contents: 'Hi' });
      assert.equal(answer.text, `Hello from ${name}.`);
      assert.equal(answer.candidates[0].finishReason, 'STOP');
      assert.equal(answer.usageMetadata.promptTokenCount, USAGE.input);
    });
    act('come as a stream', async ({ ai }) => {
      const pieces = [];
      let last;
      for await (const chunk of await ai.models.generateContentStream({ model, contents: 'Hi' })) {
        pieces.push(chunk.text ?? '');
        last = chunk;
      }
      assert.equal(pieces.join(''), `Hello from ${name}.`);
      assert.equal(last.candidates[0].finishReason, 'STOP');
    });
    act('call functions and take their results', async ({ ai }) => {
      const first = await ai.models.generateContent({ model, contents: [question], config: { tools } });
      const [call] = first.functionCalls;
      assert.deepEqual([call.name, call.args], ['get_weather', { city: 'Paris' }]);
      const result = { role: 'user', parts: [{ functionResponse: {
        id: call.id, name: call.name, response: { temp: 18 } } }] };
      const second = await ai.models.generateContent({
        model, contents: [question, first.candidates[0].content, result], config: { tools } });
      assert.equal(second.text, 'It is 18 degrees in Paris.');
    });
    act('follow a schema', async ({ ai }) => {
      const answer = await ai.models.generateContent({ model, contents: 'A city, please.',
        config: { responseMimeType: 'application/json', responseSchema: parameters } });
      assert.deepEqual(JSON.parse(answer.text), { city: 'Paris' });
    });
  });
}
