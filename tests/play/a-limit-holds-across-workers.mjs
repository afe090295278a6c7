// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, speech } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { command } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';

const WORKERS = '4';

async function open(stage, config, rest = {}) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { WORKERS }, config: { plugins: [{ name: 'rate-limit', config }] }, ...rest,
  });
  return { upstream, gateway };
}

const count = (answers, status) => answers.filter((answer) => answer.status === status).length;
const many = (times, call) => Promise.all(Array.from({ length: times }, (_, i) => call(i)));
const tokens = (total) => ({ usage: { prompt_tokens: 0, completion_tokens: total, total_tokens: total } });

play('of a minute, to the request', async (stage) => {
  const { upstream, gateway } = await open(stage, { requests_per_minute: 20 });
  const answers = await many(100, () => gateway.chat());
  assert.equal(count(answers, 200), 20);
  assert.equal(count(answers, 429), 80);
  assert.equal(upstream.complete, 20);
  const refused = answers.find((answer) => answer.status === 429);
  assertError(refused, 429, {
    type: 'rate_limit_error', code: 'rate_limit_exceeded',
    message: 'request rejected by rate-limit (before_request): rate limit exceeded',
  });
  assert.ok(Number(refused.header('retry-after')) >= 1 && Number(refused.header('retry-after')) <= 3);
  assert.equal(refused.header('x-ratelimit-limit-requests'), '20');
  assert.equal(refused.header('x-ratelimit-remaining-requests'), '0');
});

play('of a key, and says how much of it is left', async (stage) => {
  const { upstream, gateway } = await open(stage, { key_rpm: 3 });
  for (const left of ['2', '1', '0']) {
    const answer = await gateway.chat();
    assert.equal(answer.status, 200);
    assert.equal(answer.header('x-ratelimit-remaining-requests'), left);
    assert.match(answer.header('x-ratelimit-reset-requests'), /^(\d+m)?[\d.]+m?s$/);
  }
  assertError(await gateway.chat(), 429, { message: /: per-key rate limit exceeded$/ });
  assert.equal(upstream.complete, 3);
});

play('of a user, and leaves the others alone', async (stage) => {
  const { gateway } = await open(stage, { user_rpm: 1 });
  assert.equal((await gateway.chat({ user: 'ann' })).status, 200);
  assertError(await gateway.chat({ user: 'ann' }), 429, { message: /: per-user rate limit exceeded$/ });
  assert.equal((await gateway.chat({ user: 'bob' })).status, 200);
  assert.equal((await gateway.chat({ user: 'x'.repeat(5000) })).status, 200);
  assert.equal((await gateway.chat({ user: 'x'.repeat(5000) })).status, 429);
  assert.equal((await gateway.chat()).status, 200);
});

play('and a refused request costs the others nothing', async (stage) => {
  const { gateway } = await open(stage, { requests_per_minute: 3, key_rpm: 100, user_rpm: 1 });
  const answers = [];
  for (let i = 0; i < 5; i += 1) answers.push(await gateway.chat({ user: 'ann' }));
  assert.equal(count(answers, 200), 1);
  assert.equal((await gateway.chat({ user: 'bob' })).status, 200);
  assert.equal((await gateway.chat({ user: 'eve' })).status, 200);
  assertError(await gateway.chat({ user: 'joe' }), 429, { message: /\): rate limit exceeded$/ });
});

play('of tokens: reserved before, settled after', async (stage) => {
  const { upstream, gateway } = await open(stage, { tokens_per_minute: 1000 });
  upstream.answer(completion('short', tokens(100)));
  const first = await gateway.chat({ max_tokens: 900 });
  assert.equal(first.status, 200);
  assert.equal(first.header('x-ratelimit-limit-tokens'), '1000');
  assert.ok(Number(first.header('x-ratelimit-remaining-tokens')) < 100);
  const second = await gateway.chat({ max_tokens: 700 });
  assert.equal(second.status, 200, 'what was not used came back');
  upstream.answer(completion('long', tokens(1500)));
  assert.equal((await gateway.chat({ max_tokens: 10 })).status, 200);
  const refused = await gateway.chat({ max_tokens: 10 });
  assertError(refused, 429, { message: /: token rate limit exceeded$/ });
  assert.ok(Number(refused.header('retry-after')) > 30, 'the debt is paid by time');
});

play('of tokens, streamed or failed', async (stage) => {
  const { upstream, gateway } = await open(stage, { key_tpm: 1000 });
  upstream.answer(failure(400), speech(['a ', 'b ']));
  assert.equal((await gateway.chat({ max_tokens: 950 })).status, 400);
  const stream = await gateway.stream({ max_tokens: 950 });
  assert.equal(stream.status, 200, 'a failed request used no tokens');
  assert.equal(stream.header('x-ratelimit-limit-tokens'), '1000');
  await drain(stream);
  stream.connection.close();
  upstream.answer(completion('x'));
  assert.equal((await gateway.chat({ max_tokens: 950 })).status, 200, 'the stream used 12');
});

play('of tokens, also where the configuration names one stage', async (stage) => {
  const upstream = await stage.upstream();
  const plugins = [{ name: 'rate-limit', stage: 'before_request', config: { tokens_per_minute: 1000 } }];
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { plugins } });
  for (let i = 0; i < 5; i += 1) assert.equal((await gateway.chat({ max_tokens: 900 })).status, 200);
});

play('and what the provider says of its own limits is not shown instead', async (stage) => {
  const { upstream, gateway } = await open(stage, { requests_per_minute: 50 });
  const theirs = { 'x-ratelimit-limit-requests': '9999', 'x-ratelimit-limit-tokens': '7' };
  upstream.answer(completion('x', { headers: theirs }));
  const answer = await gateway.chat();
  assert.equal(answer.header('x-ratelimit-limit-requests'), '50');
  assert.equal(answer.header('x-ratelimit-limit-tokens'), '7');
});

play('and a wrong one is told', async (stage) => {
  const config = { plugins: [{ name: 'rate-limit', config: { key_rpm: 0, user_rpm: -1 } }], targets: 'auto' };
  const dir = stage.folder({ 'gateway.json': JSON.stringify(config) });
  const { code, err, out } = await command(['check', `${dir}/gateway.json`]);
  assert.equal(code, 1);
  assert.match(err + out, /rate-limit: key_rpm must be > 0, got 0/);
  assert.match(err + out, /rate-limit: user_rpm must be > 0, got -1/);
});
