// SPDX-License-Identifier: Apache-2.0
// The official SDKs bear what keeps a stream alive: pings before the head, before the first content and in between.
import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI } from '@ai-sdk/openai';
import { GoogleGenAI } from '@google/genai';
import { ChatOpenAI } from '@langchain/openai';
import { streamText } from 'ai';
import OpenAI from 'openai';

import { MASTER_KEY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { MODELS, directions, vendors } from '../tools/vendors.mjs';
import { sleep } from '../tools/wire.mjs';

const PAUSE = 45; // milliseconds

/** The vendor's own words, a pause before each piece. */
const slowly = async (io, request) => vendors()({
  ...io,
  write: async (bytes) => {
    await sleep(PAUSE);
    return io.write(bytes);
  },
}, request);

async function open(stage) {
  const upstream = await stage.upstream();
  upstream.answer(slowly);
  const targets = Object.values(MODELS).map((model) => ({ virtual_key: model.split('/')[0] }));
  const gateway = await stage.gateway({
    env: directions(`http://127.0.0.1:${upstream.port}`),
    config: { strategy: { mode: 'fallback' }, targets, timeouts: { heartbeat: '20ms' } },
  });
  const root = `http://127.0.0.1:${gateway.port}`;
  return { root, openai: new OpenAI({ baseURL: `${root}/v1`, apiKey: MASTER_KEY, maxRetries: 0 }) };
}

const messages = [{ role: 'user', content: 'Hi' }];
const spelt = async (pieces, text) => {
  const said = [];
  for await (const piece of pieces) said.push(text(piece) ?? '');
  return said.join('');
};

const SDKS = {
  'OpenAI\'s, chat': async ({ openai }, model) => spelt(
    await openai.chat.completions.create({ model, messages, stream: true }),
    (piece) => piece.choices[0]?.delta.content),
  'OpenAI\'s, responses': async ({ openai }, model) => spelt(
    await openai.responses.create({ model, input: 'Hi', stream: true }),
    (event) => (event.type === 'response.output_text.delta' ? event.delta : '')),
  'Anthropic\'s': async ({ root }, model) => {
    const client = new Anthropic({ baseURL: root, apiKey: MASTER_KEY, maxRetries: 0 });
    const answer = await client.messages.stream({ model, max_tokens: 64, messages }).finalMessage();
    return answer.content[0].text;
  },
  'Google\'s': async ({ root }, model) => {
    const ai = new GoogleGenAI({ apiKey: MASTER_KEY, httpOptions: { baseUrl: root } });
    const name = model.startsWith('gemini/') ? model.slice('gemini/'.length) : model;
    return spelt(await ai.models.generateContentStream({ model: name, contents: 'Hi' }), (piece) => piece.text);
  },
  'LangChain': async ({ root }, model) => spelt(
    await new ChatOpenAI({ model, apiKey: MASTER_KEY, maxRetries: 0, configuration: { baseURL: `${root}/v1` } })
      .stream('Hi'), (piece) => piece.content),
  'the AI SDK': async ({ root }, model) => spelt(
    streamText({ model: createOpenAI({ baseURL: `${root}/v1`, apiKey: MASTER_KEY }).chat(model), prompt: 'Hi' })
      .textStream, (piece) => piece),
};

plays('a stream with pings is read', open, (act) => {
  for (const [sdk, read] of Object.entries(SDKS)) {
    act(`by ${sdk}`, async (scene) => {
      const own = { 'Anthropic\'s': 'anthropic', 'Google\'s': 'gemini' }[sdk] ?? 'openai';
      const other = own === 'openai' ? 'anthropic' : 'openai';
      const said = await Promise.all([own, other].map((name) => read(scene, MODELS[name])));
      assert.deepEqual(said, [own, other].map((name) => `Hello from ${name}.`));
    });
  }
});
