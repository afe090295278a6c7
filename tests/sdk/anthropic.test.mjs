// SPDX-License-Identifier: Apache-2.0
// Anthropic's official SDK against models of every dialect.
import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, USAGE, openVendors } from '../tools/vendors.mjs';

const tools = [{
  name: 'get_weather', description: 'Current weather.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}];
const messages = [{ role: 'user', content: 'Weather in Paris?' }];

async function open(stage) {
  const scene = await openVendors(stage);
  const client = new Anthropic({ baseURL: scene.root, apiKey: MASTER_KEY, maxRetries: 0 });
  return { ...scene, client };
}

const greeting = (name) => `Hello from ${name}.`;

for (const [name, model] of Object.entries(MODELS)) {
  plays(`messages of ${name}`, open, (act) => {
    act('come whole', async ({ client }) => {
      const hello = [{ role: 'user', content: 'Hi' }];
      const answer = await client.messages.create({ model, max_tokens: 64, messages: hello });
      assert.equal(answer.type, 'message');
      assert.deepEqual(answer.content.map(({ type, text }) => [type, text]), [['text', greeting(name)]]);
      assert.equal(answer.stop_reason, 'end_turn');
      assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [USAGE.input, USAGE.output]);
    });
    act('come as a stream that the SDK puts together', async ({ client }) => {
      const stream = client.messages.stream({ model, max_tokens: 64, messages: [{ role: 'user', content: 'Hi' }] });
      const pieces = [];
      stream.on('text', (piece) => pieces.push(piece));
      const answer = await stream.finalMessage();
      assert.equal(pieces.join(''), greeting(name));
      assert.equal(answer.stop_reason, 'end_turn');
      assert.equal(answer.usage.output_tokens, USAGE.output);
    });
    act('call tools and take their results', async ({ client }) => {
      const first = await client.messages.create({ model, max_tokens: 64, messages, tools });
      assert.equal(first.stop_reason, 'tool_use');
      const call = first.content.find(({ type }) => type === 'tool_use');
      assert.deepEqual([call.name, call.input], ['get_weather', { city: 'Paris' }]);
      const result = { type: 'tool_result', tool_use_id: call.id, content: '18 degrees' };
      const second = await client.messages.create({ model, max_tokens: 64, tools,
        messages: [...messages, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }] });
      assert.equal(second.content[0].text, 'It is 18 degrees in Paris.');
    });
    act('stream the arguments of tools', async ({ client }) => {
      const answer = await client.messages.stream({ model, max_tokens: 64, messages, tools }).finalMessage();
      const call = answer.content.find(({ type }) => type === 'tool_use');
      assert.deepEqual([call.name, call.input, answer.stop_reason], ['get_weather', { city: 'Paris' }, 'tool_use']);
    });
    act('are counted', async ({ client }) => {
      const counted = await client.messages.countTokens({ model, messages, tools });
      assert.ok(Number.isInteger(counted.input_tokens) && counted.input_tokens > 0);
    });
  });
}

plays('errors', open, (act) => {
  act('are of the SDK\'s own classes', async ({ client }) => {
    const asked = client.messages.create({ model: 'nobody-serves-this', max_tokens: 5, messages });
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof Anthropic.NotFoundError, String(error));
      assert.equal(error.error.type, 'error');
      assert.equal(error.error.error.type, 'not_found_error');
      assert.match(error.requestID, /\w/);
      return true;
    });
  });
  act('tell a wrong key', async ({ root }) => {
    const client = new Anthropic({ baseURL: root, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(client.messages.create({ model: MODELS.openai, max_tokens: 5, messages }),
      Anthropic.AuthenticationError);
  });
  act('tell what is missing', async ({ client }) => {
    await assert.rejects(client.messages.create({ model: MODELS.openai, max_tokens: 5 }), Anthropic.BadRequestError);
  });
});
