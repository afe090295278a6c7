// SPDX-License-Identifier: Apache-2.0
// What is explained is what happens: each strategy in a group of its own, chosen by a header; healthy, throttled, with
// an open circuit, drained. Where chance has a say, its shares add up and who comes is one of them.
import assert from 'node:assert/strict';

import { completion, failure, whole } from '../tools/answers.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const CERTAIN = {
  single: {}, fallback: {},
  priority: { of: [{ priority: 2, weight: 1 }, { priority: 1, weight: 1 }, { priority: 3, weight: 1 }] },
  conditional: { strategy: { conditions: [{ key: 'user', value: 'anna', target_key: 'conditional-2' }] } },
  'content-based': { strategy: {
    content_conditions: [{ type: 'prompt_contains', value: 'invoice', target_key: 'content-based-3' }] } },
  sticky: { strategy: { config: { by: ['user'] } } },
  'ab-test': { strategy: {
    ab_variants: [1, 2, 3].map((i) => ({ target_key: `ab-test-${i}`, weight: i, label: `v${i}` })),
    config: { by: ['user'] } } },
  'cost-optimized': {},
};
const DRAWN = {
  loadbalance: { of: [{ weight: 3 }, { weight: 1 }, { weight: 0 }] },
  'least-busy': {}, 'rate-aware': {}, 'least-latency': {},
};
const MODES = { ...CERTAIN, ...DRAWN };

const leaf = (upstream, name, more = {}) => ({
  name, provider: 'openai-compatible', base_url: `${upstream.url}/${name}`, api_key: 'canary-provider-key',
  models: [MODEL], circuit_breaker: { failure_threshold: 1, timeout: '60s' }, ...more,
});
const group = (upstream, [mode, { strategy = {}, of = [{}, {}, {}] }]) => ({
  name: `g-${mode}`, strategy: { mode, ...strategy },
  targets: of.map((more, i) => leaf(upstream, `${mode}-${i + 1}`, more)),
});
const body = (more) => ({ user: 'anna', messages: [{ role: 'user', content: 'an invoice' }], ...more });

plays('an explanation', async (stage) => {
  const upstream = await stage.upstream();
  const state = {}; // by target: what it answers in place of a completion
  const name = (request) => /\/v1\/([^/]+)\//.exec(request.target)[1];
  upstream.answer((io, request) => (state[name(request)] ?? completion('x'))(io, request));
  const gateway = await stage.gateway({ env: { WORKERS: '2' }, config: {
    strategy: { mode: 'conditional', conditions: Object.keys(MODES).map((mode) => (
      { key: 'header', name: 'X-Mode', value: mode, target_key: `g-${mode}` })) },
    targets: Object.entries(MODES).map((entry) => group(upstream, entry)),
  } });
  const explain = async (mode) => {
    const answer = await gateway.fetch('POST', '/v1/explain', {
      headers: { 'Content-Type': 'application/json', 'X-Mode': mode }, body: chatBody(body()) });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const asked = async (mode) => {
    const before = upstream.requests.length;
    const answer = await gateway.chat(body(), { 'X-Mode': mode });
    return { names: upstream.requests.slice(before).map(name), answer };
  };
  return { gateway, upstream, state, explain, asked };
}, (act) => {
  for (const mode of Object.keys(CERTAIN)) {
    act(`of ${mode} is what happens, whatever state its targets are in`, async ({ state, explain, asked }) => {
      const fresh = await explain(mode);
      assert.equal(fresh.draw, null);
      assert.deepEqual((await asked(mode)).names, [fresh.outcome.first]);
      // The first one asks for time: it is put behind the others, or asked all the same where it alone is meant.
      state[fresh.outcome.first] = whole('{}', { status: 429, headers: { 'Retry-After': '30' } });
      await asked(mode);
      delete state[fresh.outcome.first];
      const throttled = await explain(mode);
      assert.deepEqual((await asked(mode)).names, [throttled.outcome.first], `throttled: ${fresh.outcome.first}`);
      // Whoever comes first now fails: its circuit opens.
      state[throttled.outcome.first] = failure(500);
      await asked(mode);
      delete state[throttled.outcome.first];
      const open = await explain(mode);
      const down = open.targets.find((one) => one.target === throttled.outcome.first);
      assert.equal(down.passed_by.reason, 'open');
      assert.equal(down.place, null);
      const { names, answer } = await asked(mode);
      assert.deepEqual(names, open.outcome.first ? [open.outcome.first] : []);
      if (!open.outcome.first) assert.equal(answer.status, open.outcome.answer.status);
    });
  }
  act('of a strategy that draws tells the shares', async ({ explain, asked }) => {
    for (const mode of Object.keys(DRAWN)) {
      const said = await explain(mode);
      assert.ok(said.draw, mode);
      const shares = Object.fromEntries(said.draw.first.map((one) => [one.target, one.share]));
      const sum = Object.values(shares).reduce((all, one) => all + one, 0);
      assert.ok(Math.abs(sum - 1) < 1e-9, `${mode}: ${sum}`);
      assert.ok(shares[(await asked(mode)).names[0]] > 0, mode);
      if (mode !== 'loadbalance') continue;
      assert.deepEqual(said.draw.first.map((one) => one.target), ['loadbalance-1', 'loadbalance-2']);
      assert.ok(Math.abs(shares['loadbalance-1'] - 0.75) < 1 / 20, JSON.stringify(said.draw));
      const drained = said.targets.find((one) => one.target === 'loadbalance-3');
      assert.deepEqual([drained.place, drained.left_out], [null, 'drained: weight 0']);
    }
  });
  act('gives no share to a target that is down', async ({ state, explain, asked }) => {
    state['least-busy-1'] = failure(500);
    for (let i = 0; i < 100 && !(await asked('least-busy')).names.includes('least-busy-1'); i++);
    delete state['least-busy-1'];
    const said = await explain('least-busy');
    assert.equal(said.targets.find((one) => one.target === 'least-busy-1').passed_by.reason, 'open');
    assert.deepEqual(said.draw.first.map((one) => one.target).sort(), ['least-busy-2', 'least-busy-3']);
  });
  act('counts no run of any strategy', async ({ gateway, explain }) => {
    const stats = async () => JSON.stringify((await gateway.get('/admin/scripts')).json.scripts
      ?.filter((one) => one.kind === 'strategies').map(({ name, calls }) => [name, calls]));
    const before = await stats();
    for (let i = 0; i < 5; i++) for (const mode of Object.keys(MODES)) await explain(mode);
    assert.equal(await stats(), before);
    assert.ok(before.includes('fallback'), before);
  });
});
