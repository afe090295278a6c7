// SPDX-License-Identifier: Apache-2.0
// Where the model stands in the path of a provider, no name of one leads to another place there.
import assert from 'node:assert/strict';

import { providerKey } from '../tools/gateway.mjs';
import { whole } from '../tools/answers.mjs';
import { play } from '../tools/play.mjs';

const NAMES = ['..', '.', 'a/../../b', '../x', 'a/..', 'a\\..\\b'];
const ENV = {
  HUGGINGFACE_API_KEY: providerKey('hugging-face'), GEMINI_API_KEY: providerKey('gemini'),
  AZURE_OPENAI_API_KEY: providerKey('azure-openai'), AZURE_OPENAI_API_VERSION: '2024-10-21',
};

play('a name with dots for segments is no model', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(whole({}));
  const gateway = await stage.gateway({
    config: { targets: [{ virtual_key: 'hugging-face' }, { virtual_key: 'azure-openai' }, { virtual_key: 'gemini' }]
      .map((target) => ({ ...target, base_url: `${upstream.url}/root` })) },
    env: ENV,
  });
  for (const provider of ['hugging-face', 'azure-openai', 'gemini']) {
    for (const name of NAMES) {
      for (const [path, more] of [['chat/completions', { messages: [{ role: 'user', content: 'x' }] }],
        ['embeddings', { input: 'x' }], ['images/generations', { prompt: 'x' }]]) {
        const body = JSON.stringify({ model: `${provider}/${name}`, ...more });
        const answer = await gateway.fetch('POST', `/v1/${path}`, { body });
        assert.ok([400, 404].includes(answer.status), `${provider} ${path} ${name}: ${answer.status} ${answer.text}`);
      }
    }
  }
  assert.deepEqual(upstream.requests.map((one) => one.target), []);
});
