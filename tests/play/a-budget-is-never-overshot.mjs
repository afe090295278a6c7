// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, endless, failure, silence, speech, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { command } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const RATES = { input_per_m_tokens: 1000, output_per_m_tokens: 1000 }; // a tenth of a cent a token

const MANY = { env: { WORKERS: '4' } };

async function open(stage, config, rest = {}) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { WORKERS: '2' },
    config: { plugins: [{ name: 'budget', config: { ...RATES, ...config } }] }, ...rest,
  });
  return { upstream, gateway };
}

/** An answer that costs `cents`. */
const costing = (cents, options = {}) => completion('x', {
  usage: { prompt_tokens: 0, completion_tokens: cents * 10, total_tokens: cents * 10 }, ...options,
});
const many = (times, call) => Promise.all(Array.from({ length: times }, (_, i) => call(i)));
const count = (answers, status) => answers.filter((answer) => answer.status === status).length;

play('by parallel requests that say how long their answer may be', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 1 }, MANY);
  upstream.answer(costing(10, { delay: 50 }));
  const answers = await many(60, () => gateway.chat({ max_tokens: 100 }));
  assert.equal(count(answers, 200), upstream.complete);
  assert.equal(count(answers, 402), 60 - upstream.complete);
  assert.ok(upstream.complete >= 8 && upstream.complete <= 10, `${upstream.complete} requests of 10 cents`);
});

play('by parallel requests that do not', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 0.5 }, MANY);
  upstream.answer(costing(10, { delay: 20 }));
  const answers = await many(60, () => gateway.chat());
  assert.equal(count(answers, 402), 60 - upstream.complete);
  assert.ok(upstream.complete >= 1 && upstream.complete <= 5, `${upstream.complete} requests of 10 cents`);
});

play('and the refusal says so', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 1, output_per_m_tokens: 100 });
  upstream.answer(completion('x', { usage: { prompt_tokens: 1000, completion_tokens: 2345, total_tokens: 3345 } }));
  assert.equal((await gateway.chat()).status, 200);
  const refused = await gateway.chat();
  assertError(refused, 402, {
    type: 'insufficient_quota', code: 'insufficient_quota',
    message: 'request rejected by budget (before_request): budget exceeded: spent $1.2345 of $1.00 limit',
  });
  assert.equal(upstream.complete, 1);
});

play('but what failed, and what was never used, comes back', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 0.2 });
  upstream.answer(failure(400), failure(500), costing(1));
  assert.equal((await gateway.chat({ max_tokens: 190 })).status, 400);
  assert.equal((await gateway.chat({ max_tokens: 190 })).status, 502);
  for (let i = 0; i < 5; i += 1) assert.equal((await gateway.chat({ max_tokens: 100 })).status, 200);
});

play('and a client that leaves takes its claim along', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 1 });
  upstream.answer(silence());
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest({ max_tokens: 1000 }));
  await upstream.request(1);
  connection.close();
  upstream.answer(costing(1));
  await until(5000, 'the claim to be given back', async () => (
    (await Promise.all([gateway.chat({ max_tokens: 600 }), gateway.chat({ max_tokens: 300 })]))
      .every(({ status }) => status === 200)));
});

play('and neither does a request that takes too long', async (stage) => {
  const upstream = await stage.upstream();
  const config = { plugins: [{ name: 'budget', config: { ...RATES, spend_limit_usd: 1 } }], request_timeout: '300ms' };
  const gateway = await stage.gateway({ targets: { openai: upstream }, config });
  upstream.answer(silence(), costing(1));
  assert.equal((await gateway.chat({ max_tokens: 1000 })).status, 504);
  await until(5000, 'the claim to be given back', async () => (await gateway.chat({ max_tokens: 900 })).status === 200);
});

play('and who leaves a stream pays for what was sent', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 0.01 });
  upstream.answer(endless({ every: 1, size: 400 }));
  const stream = await gateway.stream({ max_tokens: 5 });
  for (let i = 0; i < 40; i += 1) await stream.events.next();
  stream.connection.close();
  upstream.answer(costing(0));
  let refused;
  await until(5000, 'the cost of the stream', async () => {
    refused = await gateway.chat();
    return refused.status === 402;
  });
  const [, spent] = /spent \$([\d.]+) of/.exec(refused.json.error.message);
  assert.ok(Number(spent) > 1 && Number(spent) < 10, `$${spent} for 40 times 400 characters`);
});

play('and who leaves before the answer pays for the question', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 2 });
  upstream.answer(silence());
  const connection = await gateway.connect();
  const messages = [{ role: 'user', content: 'word '.repeat(2000) }];
  await connection.send(gateway.chatRequest({ messages, max_tokens: 5 }));
  await upstream.request(1);
  connection.reset();
  upstream.answer(costing(0));
  await until(5000, 'the cost of the question', async () => (await gateway.chat()).status === 402);
});

play('and streams are charged by their usage', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 0.012 });
  upstream.answer(speech(['a ', 'b ']));
  const stream = await gateway.stream();
  await drain(stream);
  stream.connection.close();
  assertError(await gateway.chat(), 402, { message: /spent \$0\.0120 of \$0\.01 limit$/ });
});

play('of a team or of a model, each for itself', async (stage) => {
  const { upstream, gateway } = await open(stage, {
    team_header: 'X-Team', limits: [{ scope: 'team', window: 'day', spend_limit_usd: 0.1 },
      { scope: 'model', window: 'month', spend_limit_usd: 0.25 }],
  });
  upstream.answer(costing(10));
  const spend = async (team) => (await gateway.chat({}, team ? { 'X-Team': team } : {})).status;
  assert.equal(await spend('blue'), 200);
  assert.equal(await spend('blue'), 402);
  assert.equal(await spend('red'), 200);
  assert.equal(await spend(), 200);
  assert.equal(await spend(), 402, 'who names no team is one of the nameless');
  assert.equal(await spend('green'), 402, 'the model has its own limit');
});

play('with the price of tokens that came from a cache', async (stage) => {
  const { upstream, gateway } = await open(stage, { spend_limit_usd: 1, cache_read_per_m_tokens: 100 });
  upstream.answer(whole({
    id: 'c', object: 'chat.completion', created: 1, model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 2000, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 1000 } },
  }));
  await gateway.chat();
  assertError(await gateway.chat(), 402, { message: /spent \$1\.1000 of \$1\.00 limit$/ });
});

play('and a limit without any price is a mistake', async (stage) => {
  const config = { plugins: [{ name: 'budget', config: { spend_limit_usd: 5 } }], targets: 'auto' };
  const dir = stage.folder({ 'gateway.json': JSON.stringify(config) });
  const { code, err, out } = await command(['check', `${dir}/gateway.json`]);
  assert.equal(code, 1);
  assert.match(err + out, /budget.*a spend limit is set and all rates are 0/);
});
