// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const KEY = 'canary-key-of-a-provider-0451';
const chat = '/chat/completions';

// Provider: its variables beside the address's, the address's, what follows the host in the path.
const OPENAI_WIRE = {
  ai21: [{ AI21_API_KEY: KEY }, 'AI21_BASE_URL', `/v1${chat}`],
  'azure-foundry': [{ AZURE_FOUNDRY_API_KEY: KEY }, 'AZURE_FOUNDRY_ENDPOINT', `/openai/v1${chat}`, 'api-key'],
  'azure-openai': [
    { AZURE_OPENAI_API_KEY: KEY, AZURE_OPENAI_DEPLOYMENT: 'mine', AZURE_OPENAI_API_VERSION: '2025-01-01' },
    'AZURE_OPENAI_ENDPOINT', `/openai/deployments/mine${chat}?api-version=2025-01-01`, 'api-key',
  ],
  cerebras: [{ CEREBRAS_API_KEY: KEY }, 'CEREBRAS_BASE_URL', `/v1${chat}`],
  cloudflare: [{ CLOUDFLARE_API_KEY: KEY, CLOUDFLARE_ACCOUNT_ID: 'me' }, 'CLOUDFLARE_BASE_URL', `/v1${chat}`],
  databricks: [{ DATABRICKS_TOKEN: KEY }, 'DATABRICKS_HOST', `/serving-endpoints${chat}`],
  deepinfra: [{ DEEPINFRA_API_KEY: KEY }, 'DEEPINFRA_BASE_URL', `/v1${chat}`],
  deepseek: [{ DEEPSEEK_API_KEY: KEY }, 'DEEPSEEK_BASE_URL', `/v1${chat}`],
  fireworks: [{ FIREWORKS_API_KEY: KEY }, 'FIREWORKS_BASE_URL', `/v1${chat}`],
  groq: [{ GROQ_API_KEY: KEY }, 'GROQ_BASE_URL', `/v1${chat}`],
  'hugging-face': [{ HUGGING_FACE_API_KEY: KEY }, 'HUGGING_FACE_ENDPOINT', `/v1${chat}`],
  mistral: [{ MISTRAL_API_KEY: KEY }, 'MISTRAL_BASE_URL', `/v1${chat}`],
  moonshot: [{ MOONSHOT_API_KEY: KEY }, 'MOONSHOT_BASE_URL', `/v1${chat}`],
  novita: [{ NOVITA_API_KEY: KEY }, 'NOVITA_BASE_URL', `/v1${chat}`],
  'nvidia-nim': [{ NVIDIA_NIM_API_KEY: KEY }, 'NVIDIA_NIM_BASE_URL', `/v1${chat}`],
  ollama: [{}, 'OLLAMA_HOST', '/api/chat', null],
  'ollama-cloud': [{ OLLAMA_API_KEY: KEY }, 'OLLAMA_CLOUD_BASE_URL', `/v1${chat}`],
  openai: [{ OPENAI_API_KEY: KEY }, 'OPENAI_BASE_URL', `/v1${chat}`],
  openrouter: [{ OPENROUTER_API_KEY: KEY }, 'OPENROUTER_BASE_URL', `/v1${chat}`],
  perplexity: [{ PERPLEXITY_API_KEY: KEY }, 'PERPLEXITY_BASE_URL', chat],
  qwen: [{ QWEN_API_KEY: KEY }, 'QWEN_BASE_URL', `/v1${chat}`],
  sambanova: [{ SAMBANOVA_API_KEY: KEY }, 'SAMBANOVA_BASE_URL', `/v1${chat}`],
  together: [{ TOGETHER_API_KEY: KEY }, 'TOGETHER_BASE_URL', `/v1${chat}`],
  xai: [{ XAI_API_KEY: KEY }, 'XAI_BASE_URL', `/v1${chat}`],
};

/** One gateway that has found every provider by its variables alone: no file names a target. */
async function open(stage) {
  const upstream = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}/`;
  const env = {};
  for (const [variables, address] of Object.values(OPENAI_WIRE)) Object.assign(env, variables, { [address]: root });
  return { upstream, gateway: await stage.gateway({ env }) };
}

/** What a vendor answers, and how it knows the model, where that is not as OpenAI has it. */
const OWN = {
  ollama: { answer: whole({ model: 'm', message: { role: 'assistant', content: 'hello' }, done: true }) },
  fireworks: { model: 'accounts/fireworks/models/some-model' },
};

plays('by its own variables', open, (act) => {
  for (const [name, [, , path, header = 'authorization']] of Object.entries(OPENAI_WIRE)) {
    act(`${name} is reached at its path with its credential`, async ({ upstream, gateway }) => {
      const { answer: given = completion('hello'), model = 'some-model' } = OWN[name] ?? {};
      upstream.answer(given);
      const answer = await gateway.chat({ model: `${name}/some-model` });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.header('x-gateway-provider'), name);
      const { last } = upstream;
      assert.equal(last.target, path);
      assert.equal(last.header('host'), `127.0.0.1:${upstream.port}`);
      assert.equal(last.json.model, model);
      if (header) assert.equal(last.header(header), header === 'authorization' ? `Bearer ${KEY}` : KEY);
      for (const other of ['authorization', 'api-key', 'x-api-key']) {
        if (other !== header) assert.equal(last.header(other), undefined, `no ${other}`);
      }
    });
  }
  act('each is listed, in alphabetical order', async ({ gateway }) => {
    const { providers } = (await gateway.get('/health')).json;
    assert.deepEqual(providers.map((provider) => provider.name), Object.keys(OPENAI_WIRE).sort());
  });
});
