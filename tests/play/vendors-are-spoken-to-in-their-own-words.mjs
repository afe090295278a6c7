// SPDX-License-Identifier: Apache-2.0
// Cohere, Ollama, TGI and the rerankers, found by their variables or the configuration, through the whole gateway.
import assert from 'node:assert/strict';

import { head, whole } from '../tools/answers.mjs';
import { play, plays } from '../tools/play.mjs';

const KEY = 'canary-key-of-a-vendor-7731';

/** A streamed body of any kind in chunks of `size` bytes. */
function body(text, type, size = 7) {
  const bytes = Buffer.from(text);
  const start = head(200, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' });
  return async (io) => {
    await io.write(start);
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      await io.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
    }
    await io.write('0\r\n\r\n');
    return true;
  };
}

const events = (list) => list.map(([name, value]) => (
  `${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(value)}\n\n`)).join('');

async function open(stage) {
  const upstream = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}`;
  const gateway = await stage.gateway({
    env: {
      COHERE_API_KEY: KEY, COHERE_BASE_URL: root, OLLAMA_HOST: root, VOYAGE_API_KEY: KEY, VOYAGE_BASE_URL: root,
      JINA_API_KEY: KEY, JINA_BASE_URL: root, NVIDIA_NIM_API_KEY: KEY, NVIDIA_NIM_BASE_URL: root,
      DEEPINFRA_API_KEY: KEY, DEEPINFRA_BASE_URL: root, TOGETHER_API_KEY: KEY, TOGETHER_BASE_URL: root,
      MISTRAL_API_KEY: KEY, MISTRAL_BASE_URL: root, HUGGING_FACE_API_KEY: KEY, HUGGING_FACE_ENDPOINT: root,
      TGI_CHAT_TEMPLATE: 'raw',
    },
    config: { strategy: { mode: 'single' }, targets: [
      ...['cohere', 'ollama', 'voyage', 'jina', 'nvidia-nim', 'deepinfra', 'together', 'mistral', 'hugging-face']
        .map((name) => ({ virtual_key: name })),
      { name: 'tgi', provider: 'tgi-generate', base_url: `${root}/v1` },
    ] },
  });
  return { upstream, gateway };
}

const post = (gateway, path, value) => gateway.fetch('POST', path, {
  headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value),
});

async function streamed(gateway, model) {
  const answer = await post(gateway, '/v1/chat/completions', {
    model, stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'Hi' }],
  });
  assert.equal(answer.status, 200, answer.text);
  const blocks = answer.text.split('\n\n').filter((block) => block.startsWith('data: '));
  const payloads = blocks.map((block) => block.slice(6));
  assert.equal(payloads.at(-1), '[DONE]', answer.text);
  const chunks = payloads.slice(0, -1).map((text) => JSON.parse(text));
  return {
    text: chunks.map((one) => one.choices[0]?.delta.content ?? '').join(''),
    finish: chunks.map((one) => one.choices[0]?.finish_reason).find(Boolean),
    usage: chunks.at(-1).usage,
  };
}

plays('in their own words', open, (act) => {
  act('cohere chats', async ({ upstream, gateway }) => {
    upstream.answer(whole({
      id: 'c1', finish_reason: 'COMPLETE', message: { role: 'assistant', content: [{ type: 'text', text: 'Paris.' }] },
      usage: { tokens: { input_tokens: 5, output_tokens: 2 } },
    }));
    const answer = await gateway.chat({ model: 'cohere/command-a', top_p: 1 });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, 'Paris.');
    assert.equal(answer.json.usage.total_tokens, 7);
    assert.equal(upstream.last.target, '/v2/chat');
    assert.equal(upstream.last.header('authorization'), `Bearer ${KEY}`);
    assert.equal(upstream.last.json.p, 0.99);
  });

  act('cohere streams', async ({ upstream, gateway }) => {
    const delta = (content) => ({ delta: { message: { content } } });
    upstream.answer(body(events([
      ['message-start', { type: 'message-start', id: 'c2' }],
      ['content-delta', { type: 'content-delta', ...delta({ text: 'Par' }) }],
      ['content-delta', { type: 'content-delta', ...delta({ text: 'is ü' }) }],
      ['message-end', { type: 'message-end', delta: {
        finish_reason: 'MAX_TOKENS', usage: { tokens: { input_tokens: 1, output_tokens: 2 } } } }],
    ]), 'text/event-stream'));
    const { text, finish, usage } = await streamed(gateway, 'cohere/command-a');
    assert.equal(text, 'Paris ü');
    assert.equal(finish, 'length');
    assert.equal(usage.total_tokens, 3);
  });

  act('cohere embeds a hundred texts in two calls', async ({ upstream, gateway }) => {
    const vectors = (count, first) => whole({
      id: 'e', embeddings: { float: Array.from({ length: count }, (_, at) => [first + at]) },
      meta: { billed_units: { input_tokens: count } },
    });
    upstream.answer(vectors(96, 0), vectors(4, 96));
    const before = upstream.requests.length;
    const answer = await post(gateway, '/v1/embeddings', {
      model: 'cohere/embed-v4.0', input: Array.from({ length: 100 }, (_, at) => `t${at}`),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.data.map((item) => item.embedding[0]), Array.from({ length: 100 }, (_, at) => at));
    assert.equal(answer.json.usage.prompt_tokens, 100);
    assert.equal(upstream.requests.length - before, 2);
  });

  act('ollama chats, and is asked again without thinking where the model cannot', async ({ upstream, gateway }) => {
    upstream.answer(
      whole({ error: '"llama3.2" does not support thinking' }, { status: 400 }),
      whole({ model: 'llama3.2', message: { role: 'assistant', content: 'Yes' }, done: true, done_reason: 'stop',
        prompt_eval_count: 3, eval_count: 1 }));
    const answer = await gateway.chat({ model: 'ollama/llama3.2', reasoning_effort: 'high' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, 'Yes');
    const [first, second] = upstream.requests.slice(-2);
    assert.equal(first.target, '/api/chat');
    assert.equal(first.json.think, 'high');
    assert.equal('think' in second.json, false);
  });

  act('ollama streams lines', async ({ upstream, gateway }) => {
    const line = (value) => `${JSON.stringify({ model: 'llama3.2', ...value })}\n`;
    upstream.answer(body([
      line({ message: { role: 'assistant', content: 'Sky ' }, done: false }),
      line({ message: { role: 'assistant', content: '蓝' }, done: false }),
      line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 2 }),
    ].join(''), 'application/x-ndjson'));
    const { text, finish, usage } = await streamed(gateway, 'ollama/llama3.2');
    assert.equal(text, 'Sky 蓝');
    assert.equal(finish, 'stop');
    assert.equal(usage.completion_tokens, 2);
  });

  act('ollama embeds', async ({ upstream, gateway }) => {
    upstream.answer(whole({ model: 'nomic', embeddings: [[0.5, -1]], prompt_eval_count: 2 }));
    const answer = await post(gateway, '/v1/embeddings', {
      model: 'ollama/nomic', input: 'a', encoding_format: 'base64',
    });
    assert.equal(answer.status, 200, answer.text);
    const bytes = Buffer.from(answer.json.data[0].embedding, 'base64');
    assert.deepEqual([bytes.readFloatLE(0), bytes.readFloatLE(4)], [0.5, -1]);
    assert.equal(upstream.last.target, '/api/embed');
  });

  act('a text generation server completes a prompt', async ({ upstream, gateway }) => {
    upstream.answer(body('data:{"token":{"text":"Bl","special":false},"details":null}\n\n'
      + 'data:{"token":{"text":"ue","special":false},"generated_text":"Blue",'
      + '"details":{"finish_reason":"length","generated_tokens":2,"input_length":1}}\n\n', 'text/event-stream'));
    const { text, finish } = await streamed(gateway, 'tgi/some-model');
    assert.equal(text, 'Blue');
    assert.equal(finish, 'length');
    assert.equal(upstream.last.target, '/generate_stream');
    assert.equal(upstream.last.json.inputs, 'Hi');
  });

  const RANKERS = {
    'cohere/rerank-v3.5': ['/v2/rerank', { results: [{ index: 1, relevance_score: 0.9 }] }],
    'voyage/rerank-2': ['/v1/rerank', { data: [{ index: 1, relevance_score: 0.9 }], usage: { total_tokens: 3 } }],
    'jina/jina-reranker-v2': ['/v1/rerank', { results: [{ index: 1, relevance_score: 0.9 }] }],
    'nvidia-nim/nvidia/rerank': ['/v1/retrieval/nvidia/reranking',
      { rankings: [{ index: 1, logit: 3 }, { index: 0, logit: -3 }] }],
    'deepinfra/qwen/rerank': ['/v1/inference/qwen/rerank', { scores: [0.1, 0.9] }],
    'together/rerank': ['/v1/rerank',
      { results: [{ index: 0, relevance_score: 0.1 }, { index: 1, relevance_score: 0.9 }] }],
  };
  for (const [model, [path, answered]] of Object.entries(RANKERS)) {
    act(`${model} ranks documents`, async ({ upstream, gateway }) => {
      upstream.answer(whole(answered));
      const answer = await post(gateway, '/v1/rerank', {
        model, query: 'capital', documents: ['Lyon', 'Paris'], top_n: 1, return_documents: true,
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(upstream.last.target, path);
      assert.equal(answer.json.results.length, 1);
      assert.equal(answer.json.results[0].index, 1);
      assert.deepEqual(answer.json.results[0].document, { text: 'Paris' });
      const score = answer.json.results[0].relevance_score;
      assert.ok(score > 0.5 && score < 1, `${score}`);
    });
  }

  act('mistral gets ids of nine characters and speaks in bytes', async ({ upstream, gateway }) => {
    upstream.answer(whole({ id: 'm', choices: [{ message: { content: [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }, { type: 'text', text: 'Hi' }] },
    finish_reason: 'model_length' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    const call = { id: 'call_abcdefghijkl', type: 'function', function: { name: 'f', arguments: '{}' } };
    const answer = await gateway.chat({ model: 'mistral/mistral-large', user: 'u', seed: 4, messages: [
      { role: 'user', content: 'Hi', name: 'me' }, { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: '3' },
    ] });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, 'Hi');
    assert.equal(answer.json.choices[0].message.reasoning_content, 'Hm.');
    assert.equal(answer.json.choices[0].finish_reason, 'length');
    const { messages, random_seed: seed, user } = upstream.last.json;
    assert.equal(seed, 4);
    assert.equal(user, undefined);
    assert.match(messages[1].tool_calls[0].id, /^[A-Za-z0-9]{9}$/);
    assert.equal(messages[2].tool_call_id, messages[1].tool_calls[0].id);
    assert.equal(messages[2].name, 'f');
    upstream.answer(whole({ audio_data: Buffer.from('sound').toString('base64') }));
    const speech = await post(gateway, '/v1/audio/speech', { model: 'mistral/voxtral', input: 'Hi', voice: 'v' });
    assert.equal(speech.status, 200, speech.text);
    assert.equal(speech.header('content-type'), 'audio/mpeg');
    assert.equal(speech.text, 'sound');
    assert.equal(upstream.last.json.voice_id, 'v');
  });

  act('hugging face makes an image of bytes', async ({ upstream, gateway }) => {
    upstream.answer(whole(Buffer.from('89504e47', 'hex'), { headers: { 'Content-Type': 'image/png' } }));
    const answer = await post(gateway, '/v1/images/generations', { model: 'hugging-face/a/b', prompt: 'p' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.data[0].b64_json, Buffer.from('89504e47', 'hex').toString('base64'));
    assert.equal(upstream.last.target, '/hf-inference/models/a/b');
  });
});

play('azure is reached by deployment, its empty first chunk ends nothing', async (stage) => {
  const upstream = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}`;
  const gateway = await stage.gateway({
    env: { AZURE_OPENAI_API_KEY: KEY, AZURE_OPENAI_ENDPOINT: root },
    config: { targets: [{ virtual_key: 'azure-openai', model_map: { 'gpt-4o': 'my-deployment' } }] },
  });
  const chunk = (more) => ({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', ...more });
  const choice = (delta, finish = null) => ({ choices: [{ index: 0, delta, finish_reason: finish }] });
  upstream.answer(body(events([
    ['', { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] }],
    ['', chunk(choice({ role: 'assistant', content: 'Hi' }))], ['', chunk(choice({}, 'stop'))],
    ['', chunk({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })],
  ]) + 'data: [DONE]\n\n', 'text/event-stream'));
  const { text, usage } = await streamed(gateway, 'gpt-4o');
  assert.equal(text, 'Hi');
  assert.equal(usage.total_tokens, 2);
  assert.equal(upstream.last.target, '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21');
  assert.equal(upstream.last.header('api-key'), KEY);
  upstream.answer(whole({ object: 'list', data: [{ index: 0, embedding: [1] }], usage: { prompt_tokens: 1 } }));
  const embedded = await post(gateway, '/v1/embeddings', { model: 'azure-openai/embed-me', input: 'a' });
  assert.equal(embedded.status, 200, embedded.text);
  assert.equal(upstream.last.target, '/openai/deployments/embed-me/embeddings?api-version=2024-10-21');
});

play('claude on azure foundry speaks its own format', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    env: { AZURE_FOUNDRY_API_KEY: KEY, AZURE_FOUNDRY_ENDPOINT: `http://127.0.0.1:${upstream.port}` },
    config: { targets: [{ virtual_key: 'azure-foundry' }] },
  });
  upstream.answer(whole({ id: 'm', type: 'message', role: 'assistant', model: 'claude', stop_reason: 'end_turn',
    content: [{ type: 'text', text: 'Hi' }], usage: { input_tokens: 1, output_tokens: 1 } }));
  const answer = await gateway.chat({ model: 'azure-foundry/claude-sonnet-4-5' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'Hi');
  assert.equal(upstream.last.target, '/anthropic/v1/messages');
  assert.equal(upstream.last.header('anthropic-version'), '2023-06-01');
});
