// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, completion, endless, speech, stream, usageChunk, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

// Dollars for a million tokens: micro-dollars for one.
const ROWS = {
  [`openai/${MODEL}`]: {
    mode: 'chat', input: '3', output: '15', cached_input: '0.3', reasoning_output: '20', tier_above: 1000,
    tier_input: '6', tier_output: '30',
  },
  'openai/unpriced': { mode: 'chat', context: 4096 },
  'openai/drawing': { mode: 'image', per_image: '0.04' },
  'openai/vectors': { mode: 'embedding', input: '0.5' },
  [`anthropic/${MODEL}`]: { mode: 'chat', input: '3', output: '15', cached_input: '0.3', cache_write: '3.75' },
};

async function open(stage, more = {}) {
  const upstream = await stage.upstream();
  const dir = stage.folder({ 'prices.json': JSON.stringify({ schema: 1, models: ROWS }) });
  const models = [MODEL, 'unpriced', 'drawing', 'vectors', 'unknown-to-all'];
  const gateway = await stage.gateway({
    targets: { openai: upstream, anthropic: upstream, ...more.targets },
    ...more,
    config: {
      catalog: { overlay: `${dir}/prices.json` },
      targets: [{ virtual_key: 'openai', models }, { virtual_key: 'anthropic', model_map: { claude: MODEL } }],
      ...more.config,
    },
  });
  return { upstream, gateway };
}

const lines = (gateway) => gateway.logs.filter((line) => line.msg === 'http request' && line.path.startsWith('/v1/'));

/** The access line of what `ask` asks. */
async function line(gateway, ask) {
  const before = lines(gateway).length;
  await ask();
  await until(3000, 'the access line', () => lines(gateway).length > before);
  return lines(gateway)[before];
}

const cost = async (gateway, model = MODEL, provider = 'openai') => (
  (await gateway.metrics()).value('gateway_request_cost_usd_total', { provider, model }));

const counted = (prompt, completion, more = {}) => ({
  prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, ...more,
});

plays('a request', open, (act) => {
  act('says what its tokens cost, in the log and in the metrics', async ({ upstream, gateway }) => {
    upstream.answer(completion('hello'));
    const { cost_usd: told, ...rest } = await line(gateway, () => gateway.chat());
    assert.equal(told, 0.000072);
    assert.equal('usage_estimated' in rest, false);
    assert.equal(await cost(gateway), 0.000072);
  });
  act('pays less for what was cached, and more for what was thought', async ({ upstream, gateway }) => {
    const usage = counted(100, 50, {
      prompt_tokens_details: { cached_tokens: 80 }, completion_tokens_details: { reasoning_tokens: 20 },
    });
    upstream.answer(completion('hello', { usage }));
    const { cost_usd: told } = await line(gateway, () => gateway.chat());
    assert.equal(told, (20 * 3 + 80 * 0.3 + 30 * 15 + 20 * 20) / 1e6);
  });
  act('with a long prompt pays the tier', async ({ upstream, gateway }) => {
    upstream.answer(completion('hello', { usage: counted(1001, 10) }));
    assert.equal((await line(gateway, () => gateway.chat())).cost_usd, (1001 * 6 + 10 * 30) / 1e6);
  });
  act('that is streamed costs the same', async ({ upstream, gateway }) => {
    upstream.answer(speech(['a', 'b']));
    const before = await cost(gateway);
    assert.equal((await line(gateway, async () => drain(await gateway.stream()))).cost_usd, 0.000072);
    assert.equal(Math.round((await cost(gateway) - before) * 1e6), 72);
  });
  act('whose stream tells of its cache pays for that', async ({ upstream, gateway }) => {
    const usage = counted(100, 2, { prompt_tokens_details: { cached_tokens: 90 } });
    upstream.answer(stream([chunk({ content: 'a' }), chunk({}, 'stop'), usageChunk(usage), '[DONE]']));
    const { cost_usd: told } = await line(gateway, async () => drain(await gateway.stream()));
    assert.equal(told, (10 * 3 + 90 * 0.3 + 2 * 15) / 1e6);
  });
  act('that is translated costs what the other vendor counts', async ({ upstream, gateway }) => {
    upstream.answer(whole({
      id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, content: [{ type: 'text', text: 'hello' }],
      stop_reason: 'end_turn', stop_sequence: null,
      usage: { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 40, output_tokens: 5 },
    }));
    const { cost_usd: told, provider } = await line(gateway, () => gateway.chat({ model: 'claude' }));
    assert.equal(provider, 'anthropic');
    assert.equal(told, (10 * 3 + 100 * 0.3 + 40 * 3.75 + 5 * 15) / 1e6);
  });
  act('for a model without a price costs null, never 0', async ({ upstream, gateway }) => {
    upstream.answer(completion('hello'));
    for (const model of ['unpriced', 'unknown-to-all']) {
      assert.equal((await line(gateway, () => gateway.chat({ model }))).cost_usd, null, model);
    }
    const text = (await gateway.get('/metrics')).text.split('\n').filter((one) => one.includes('cost_usd_total{'));
    assert.ok(text.every((one) => !one.includes('unpriced')), text.join('\n'));
  });
  act('for images pays by the image, for vectors by the token', async ({ upstream, gateway }) => {
    const ask = (target, body) => gateway.fetch('POST', target, {
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    upstream.answer(whole({ created: 1, data: [{ url: 'http://x.example/1' }, { url: 'http://x.example/2' }] }));
    const images = await line(gateway, () => (
      ask('/v1/images/generations', { model: 'drawing', prompt: 'a cat', n: 2 })));
    assert.equal(images.cost_usd, 0.08);
    upstream.answer(whole({ object: 'list', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } }));
    const vectors = await line(gateway, () => ask('/v1/embeddings', { model: 'vectors', input: 'a' }));
    assert.equal(vectors.cost_usd, 0.000004);
  });
});

plays('a request whose tokens nobody has counted', open, (act) => {
  const content = 'word '.repeat(80); // 400 bytes
  act('is estimated by its texts', async ({ upstream, gateway }) => {
    upstream.answer(completion(content, { extra: { usage: null } }));
    const told = await line(gateway, () => gateway.chat({ messages: [{ role: 'user', content }] }));
    assert.deepEqual([told.tokens_in, told.tokens_out, told.usage_estimated], [100, 100, true]);
    assert.equal(told.cost_usd, (100 * 3 + 100 * 15) / 1e6);
  });
  act('is estimated by what went out of its stream', async ({ upstream, gateway }) => {
    upstream.answer(speech(Array(50).fill('word '), { usage: false }));
    const told = await line(gateway, async () => drain(await gateway.stream()));
    assert.equal(told.usage_estimated, true);
    assert.ok(told.tokens_out >= 40 && told.tokens_out <= 90, `${told.tokens_out}`);
    assert.equal(told.cost_usd, (told.tokens_in * 3 + told.tokens_out * 15) / 1e6);
  });
  act('is estimated by the same for a client of another API', async ({ upstream, gateway }) => {
    upstream.answer(speech(Array(50).fill('word '), { usage: false }));
    const messages = [{ role: 'user', content: 'x' }];
    const body = { model: MODEL, max_tokens: 99, stream: true, messages };
    const answer = await gateway.fetch('POST', '/v1/messages', { body: JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.text);
    const told = (await gateway.access(1, '/v1/messages')).at(-1);
    assert.ok(told.usage_estimated && told.tokens_out >= 40 && told.tokens_out <= 90, JSON.stringify(told));
  });

  act('because its stream was cut by the provider is estimated, too', async ({ upstream, gateway }) => {
    upstream.answer(speech(Array(50).fill('word '), { usage: false, end: 'cut' }));
    const told = await line(gateway, async () => drain(await gateway.stream()).catch(() => {}));
    assert.ok(told.usage_estimated && told.tokens_out >= 40, JSON.stringify(told));
    assert.ok(told.cost_usd > 0);
  });
  act('because its client went away pays for what went out', async ({ upstream, gateway }) => {
    upstream.answer(endless({ every: 1 }));
    const told = await line(gateway, async () => {
      const reply = await gateway.stream();
      for (let i = 0; i < 30; i++) await reply.events.next();
      reply.connection.close();
    });
    assert.equal(told.status, 499);
    assert.ok(told.usage_estimated && told.tokens_out >= 20 && told.tokens_out <= 2000, JSON.stringify(told));
    assert.equal(told.cost_usd, Math.round(told.tokens_in * 3 + told.tokens_out * 15) / 1e6);
  });
});

const TELLING = `return {
  name = "telling", type = "logging",
  after_request = function(ctx)
    ctx:set_header("X-Cost", tostring(ctx.usage and ctx.usage.cost_usd))
    ctx:set_header("X-Estimated", tostring(ctx.usage and ctx.usage.estimated))
  end,
}
`;

play('plugins learn what a request cost', async (stage) => {
  const { upstream, gateway } = await open(stage, {
    scripts: { 'plugins/telling.lua': TELLING }, config: { plugins: [{ name: 'telling' }] },
  });
  const told = async (body) => {
    const answer = await gateway.chat(body);
    return [answer.header('x-cost'), answer.header('x-estimated')];
  };
  assert.deepEqual(await told(), ['7.2e-05', 'nil']);
  assert.deepEqual(await told({ model: 'unpriced' }), ['nil', 'nil']);
  upstream.answer(completion('hello', { extra: { usage: null } }));
  assert.equal((await told())[1], 'true');
});

play('an answer of the cache costs nothing', async (stage) => {
  const { gateway } = await open(stage, { config: { plugins: [{ name: 'response-cache' }] } });
  assert.equal((await line(gateway, () => gateway.chat())).cost_usd, 0.000072);
  const second = await line(gateway, () => gateway.chat());
  assert.deepEqual([second.provider, second.cost_usd], ['cache', 0]);
});
