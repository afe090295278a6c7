// SPDX-License-Identifier: Apache-2.0
// Named targets: several credentials and addresses of one provider, names of models mapped, another vendor at the end.
import assert from 'node:assert/strict';

import { completion, failure, silence, whole } from '../tools/answers.mjs';
import { play } from '../tools/play.mjs';

const KEYS = {
  EAST_KEY: 'canary-key-east-5512', WEST_KEY: 'canary-key-west-5513', COHERE_API_KEY: 'canary-key-co-5514',
};

async function open(stage, mode = 'fallback') {
  const [east, west, cohere] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    env: { ...KEYS, COHERE_BASE_URL: `http://127.0.0.1:${cohere.port}` },
    config: { strategy: { mode }, targets: [
      { name: 'east', provider: 'vllm', base_url: east.url, api_key: '${EAST_KEY}', models: ['house-model'],
        model_map: { 'house-model': 'org/llama-3-8b' } },
      { name: 'west', provider: 'vllm', base_url: west.url, api_key: '${WEST_KEY}',
        models: ['house-model', 'west-only'] },
      { name: 'rescue', provider: 'cohere', models: ['house-model'], model_map: { 'house-model': 'command-a' } },
    ] },
  });
  return { east, west, cohere, gateway };
}

play('each is asked with its own credential and its own name for the model', async (stage) => {
  const { east, west, gateway } = await open(stage);
  east.answer(failure(500));
  const answer = await gateway.chat({ model: 'house-model' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(east.last.header('authorization'), `Bearer ${KEYS.EAST_KEY}`);
  assert.equal(east.last.json.model, 'org/llama-3-8b');
  assert.equal(west.last.header('authorization'), `Bearer ${KEYS.WEST_KEY}`);
  assert.equal(west.last.json.model, 'house-model');
});

play('another vendor answers in the end, translated', async (stage) => {
  const { east, west, cohere, gateway } = await open(stage);
  east.answer(failure(503));
  west.answer(failure(429));
  cohere.answer(whole({ id: 'c', finish_reason: 'COMPLETE', message: { content: [{ type: 'text', text: 'saved' }] } }));
  const answer = await gateway.chat({ model: 'house-model', max_completion_tokens: 5 });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'saved');
  assert.equal(answer.header('x-gateway-provider'), 'cohere');
  assert.equal(cohere.last.json.model, 'command-a');
  assert.equal(cohere.last.json.max_tokens, 5);
  assert.equal(cohere.last.header('authorization'), `Bearer ${KEYS.COHERE_API_KEY}`);
});

play('one is asked by its name', async (stage) => {
  const { east, west, gateway } = await open(stage);
  west.answer(completion('from the west'));
  const answer = await gateway.chat({ model: 'west/house-model' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'from the west');
  assert.equal(east.requests.length, 0);
  const other = await gateway.chat({ model: 'west-only' });
  assert.equal(other.status, 200, other.text);
  assert.equal(east.requests.length, 0);
});

play('a whole base address of Ollama with /v1 serves its own API', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(whole({ model: 'm', message: { role: 'assistant', content: 'hello' }, done: true }));
  const gateway = await stage.gateway({
    config: { targets: [{ name: 'gpu', provider: 'ollama', base_url: upstream.url, models: ['qwen3:8b'] }] },
  });
  const answer = await gateway.chat({ model: 'qwen3:8b' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(upstream.last.target, '/api/chat');
});

play('a server that needs more time than others gets it where its target says so', async (stage) => {
  const slow = await stage.upstream();
  slow.answer(whole({ model: 'm', message: { role: 'assistant', content: 'late' }, done: true }, { delay: 700 }));
  const silent = await stage.upstream();
  silent.answer(silence());
  const gateway = await stage.gateway({ config: {
    timeouts: { upstream: { first_byte: '250ms' } },
    targets: [
      { name: 'slow', provider: 'ollama', base_url: slow.url, models: ['slow'], timeout: { first_byte: '20s' } },
      { name: 'silent', provider: 'ollama', base_url: silent.url, models: ['silent'] },
    ],
  } });
  const answer = await gateway.chat({ model: 'slow' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await gateway.chat({ model: 'silent' })).status, 504);
});
