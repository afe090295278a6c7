// SPDX-License-Identifier: Apache-2.0
// GET /admin/routing/explain and POST /v1/explain: what they say is what the next request does, and asking costs
// nothing: no upstream is called, no counter moves.
import assert from 'node:assert/strict';

import { completion, failure, whole } from '../tools/answers.mjs';
import { MODEL, PROMPT, chatBody } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const target = (name, upstream, more = {}) => ({
  name, provider: 'openai-compatible', base_url: upstream.url, api_key: `canary-provider-key-${name}`, models: [MODEL],
  ...more,
});

/** Series that this very question moves: connections, processes, the admin script's own calls. */
const OWN = /^(gateway_server_connection|process_|gateway_worker|gateway_upstream_connections|gateway_loop_lag)/;

async function counters(gateway) {
  const text = (await gateway.metrics()).text;
  return text.split('\n').filter((line) => line && !line.startsWith('#') && !OWN.test(line)).sort().join('\n');
}

const asked = (gateway, query = `model=${MODEL}`) => gateway.get(`/admin/routing/explain?${query}`);
const written = (gateway, body, headers = {}) => gateway.fetch('POST', '/v1/explain', {
  headers: { ...JSON_TYPE, ...headers }, body: typeof body === 'string' ? body : chatBody(body),
});
const named = (explained, name) => explained.targets.find((one) => one.target === name);

plays('an explanation', async (stage) => {
  const upstreams = { a: await stage.upstream(), b: await stage.upstream(), c: await stage.upstream() };
  for (const one of Object.values(upstreams)) one.answer(completion('x'));
  const gateway = await stage.gateway({
    env: { WORKERS: '1' },
    scripts: {
      'plugins/gate.lua': `return { name = "gate", type = "guardrail", before_request = function(ctx)
        for part in ctx:texts() do
          if part.text:find "forbidden" then return ctx:reject { code = "no_thanks", message = "not here" } end
        end
      end }`,
      'plugins/calls.lua': `local http = require "gateway.http"
        return { name = "calls", type = "logging", before_request = function(ctx)
          if ctx.headers:get "x-call" then http.fetch { url = "http://127.0.0.1:9/" } end
        end }`,
    },
    config: {
      strategy: { mode: 'fallback' }, aliases: { nick: MODEL },
      targets: [
        target('a', upstreams.a, { circuit_breaker: { failure_threshold: 2, timeout: '60s' },
          retry: { attempts: 1 }, timeout: { first_byte: '7s' } }),
        target('b', upstreams.b, { retry: { attempts: 1 } }),
        target('c', upstreams.c, { models: ['other'] }),
      ],
      plugins: [{ name: 'gate' }, { name: 'calls' },
        { name: 'rate-limit', config: { requests_per_minute: 30 } }],
    },
  });
  const served = async (body = {}) => {
    const before = Object.fromEntries(Object.entries(upstreams).map(([name, one]) => [name, one.requests.length]));
    await gateway.chat(body);
    return Object.keys(upstreams).filter((name) => upstreams[name].requests.length > before[name]);
  };
  return { gateway, upstreams, served };
}, (act) => {
  act('says who would be asked, in which order, and who not', async ({ gateway, served }) => {
    const answer = await asked(gateway, 'model=nick');
    assert.equal(answer.status, 200, answer.text);
    const said = answer.json;
    assert.deepEqual(said.outcome, { first: 'a', asked: ['a', 'b'], answer: null, certain: true });
    assert.deepEqual(said.model, { requested: 'nick', alias_of: MODEL, name: MODEL, known: true, owners: ['a', 'b'] });
    assert.deepEqual(said.strategy, { mode: 'fallback', named: false, members: ['a', 'b', 'c'] });
    assert.equal(said.draw, null);
    const [a, c] = [named(said, 'a'), named(said, 'c')];
    assert.deepEqual([a.place, a.left_out, a.passed_by, a.timeouts.first_byte_ms], [1, null, null, 7000]);
    assert.deepEqual(a.credentials, { total: 1, usable: 1, disabled: 0, throttled: 0 });
    assert.equal(a.circuit_breaker.failure_threshold, 2);
    assert.deepEqual([c.place, c.left_out], [null, 'it does not have the model']);
    assert.ok(!answer.text.includes('canary-provider-key'));
    assert.deepEqual(await served({ model: 'nick' }), ['a']);
  });
  act('says what plugins would decide', async ({ gateway }) => {
    const fine = (await written(gateway, {})).json;
    assert.deepEqual(fine.plugins.before_request.map((one) => [one.plugin, one.decision]),
      [['gate', 'pass'], ['calls', 'pass'], ['rate-limit', 'pass']]);
    assert.ok(fine.request.tokens > 0 && fine.outcome.certain);
    const refused = (await written(gateway, { messages: [{ role: 'user', content: 'forbidden' }] })).json;
    assert.deepEqual(refused.plugins.before_request, [
      { plugin: 'gate', type: 'guardrail', decision: 'reject', status: 400, code: 'no_thanks' }]);
    assert.equal(refused.outcome.first, null);
    assert.deepEqual([refused.outcome.answer.status, refused.outcome.answer.code], [400, 'no_thanks']);
    const unsure = (await written(gateway, {}, { 'X-Call': '1' })).json;
    assert.deepEqual(unsure.plugins.before_request[1],
      { plugin: 'calls', type: 'logging', decision: 'unknown', why: 'it asks another service' });
    assert.equal(unsure.outcome.certain, false);
  });
  act('reads a request of any endpoint, and refuses what is none', async ({ gateway }) => {
    const said = await written(gateway, JSON.stringify({
      endpoint: 'embeddings', body: { model: MODEL, input: 'hello' } }));
    assert.equal(said.status, 200, said.text);
    assert.deepEqual([said.json.request.endpoint, said.json.outcome.first], ['embeddings', 'a']);
    assertError(await written(gateway, '{"endpoint":"nowhere","body":{}}'), 400);
    assertError(await written(gateway, '{"model":'), 400);
    assertError(await written(gateway, '{}'), 400);
    assertError(await asked(gateway, 'endpoint=chat'), 400);
    const nobody = (await asked(gateway, 'model=nobodys')).json;
    assert.deepEqual([nobody.outcome.answer.status, nobody.outcome.answer.code], [404, 'model_not_found']);
    assert.equal((await gateway.get('/v1/explain')).status, 405);
    assert.equal((await written(gateway, '{}', { Authorization: 'Bearer no' })).status, 401);
  });
  act('passes by a target whose circuit is open', async ({ gateway, upstreams, served }) => {
    upstreams.a.answer(failure(500));
    await gateway.chat();
    await gateway.chat();
    const said = (await asked(gateway)).json;
    assert.deepEqual([said.outcome.first, said.outcome.asked], ['b', ['b']]);
    assert.deepEqual([named(said, 'a').passed_by.reason, named(said, 'a').left_out], ['open', null]);
    assert.ok(named(said, 'a').passed_by.for_ms > 1000);
    assert.equal(named(said, 'a').figures.circuit, 'open');
    assert.deepEqual(await served(), ['b']);
  });
  act('puts a target that asks for time behind the others', async ({ gateway, upstreams, served }) => {
    upstreams.b.answer(whole('{}', { status: 429, headers: { 'Retry-After': '30' } }));
    await gateway.chat();
    upstreams.b.answer(completion('x'));
    const said = (await asked(gateway)).json;
    assert.deepEqual([said.outcome.first, named(said, 'b').passed_by.reason], ['b', 'throttled']);
    assert.deepEqual(await served(), ['b']);
  });
  act('moves no counter and asks nobody, a hundred times', async ({ gateway, upstreams }) => {
    const requests = () => Object.values(upstreams).map((one) => one.requests.length);
    const [before, calls] = [await counters(gateway), requests()];
    for (let i = 0; i < 50; i++) {
      assert.equal((await asked(gateway)).status, 200);
      assert.equal((await written(gateway, { stream: i % 2 === 0 })).status, 200);
    }
    assert.deepEqual(requests(), calls);
    assert.equal(await counters(gateway), before);
    // The bucket of 30 a minute is as it was: 100 explanations have taken nothing from it.
    assert.equal((await gateway.chat()).status, 200);
  });
  act('shows no prompt in the log', async ({ gateway }) => {
    assert.ok(!gateway.output.out.includes(PROMPT));
    await until(2000, 'lines', () => gateway.logs.some((line) => line.path === '/v1/explain'));
  });
});

play('a hedge is told of before it is needed', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ config: {
    strategy: { mode: 'fallback', hedge: { delay: '300ms' } }, targets: [target('a', upstream), target('b', upstream)],
  } });
  const said = (await asked(gateway)).json;
  assert.deepEqual(named(said, 'a').hedge, { after_ms: 300, max: 1 });
});

play('three hundred targets are no script that runs away', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ config: {
    scripts: { cpu_limit: '10ms' },
    targets: Array.from({ length: 300 }, (_, i) => target(`t${i}`, upstream)),
  } });
  assert.equal((await gateway.chat()).status, 200, 'the first request plans for all of them');
});
