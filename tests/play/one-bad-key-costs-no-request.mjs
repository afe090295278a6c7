// SPDX-License-Identifier: Apache-2.0
// Several credentials of one target: requests are spread over those that are accepted, whichever worker serves them.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, failure, head, speech, whole } from '../tools/answers.mjs';
import { connect, drain, request } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const KEYS = ['canary-pool-key-aaaa', 'canary-pool-key-bbbb', 'canary-pool-key-cccc'];
const [A, B, C] = KEYS;
const PAUSE_MS = 200;

const keyOf = (got) => (got.header('authorization') ?? '').replace('Bearer ', '');

/** Answers by the credential that came. */
const keyed = (answers, otherwise = completion('hello')) => (io, got) => (answers[keyOf(got)] ?? otherwise)(io, got);

const refusal = failure(401, { code: 'invalid_api_key', message: `Incorrect API key provided: ${B}` });

async function open(stage) {
  const upstream = await stage.upstream();
  const single = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}`;
  const gateway = await stage.gateway({
    config: {
      strategy: { mode: 'single' },
      targets: [
        { name: 'pool', provider: 'openai', base_url: upstream.url, api_key: A, api_keys: [B, C],
          api_key_pause: `${PAUSE_MS}ms`, models: [MODEL, 'gpt-realtime'] },
        { name: 'claude', provider: 'anthropic', base_url: upstream.url, api_keys: [B, C],
          api_key_pause: `${PAUSE_MS}ms`, models: ['claude-play'] },
        { name: 'single', provider: 'openai', base_url: single.url, api_key: 'canary-only-key-dddd', models: ['lone'] },
        { virtual_key: 'groq', models: ['listed'] },
        { name: 'aws', provider: 'bedrock', base_url: root, api_keys: [A, C], models: ['anthropic.play'] },
        { name: 'google', provider: 'vertex-ai', base_url: upstream.url, api_keys: [A, C], models: ['gemini-play'] },
        { name: 'jobs', provider: 'replicate', base_url: upstream.url, api_keys: [A, B, C], models: ['own/job'] },
      ],
      batch_target: 'pool',
    },
    env: { WORKERS: '2', GROQ_API_KEYS: `${A}, ${C}`, GROQ_BASE_URL: upstream.url },
  });
  return { upstream, single, gateway };
}

/** So many requests, each on a connection of its own: both workers get some. Asserts that none is lost. */
async function chats(gateway, count, body = {}) {
  const answers = await Promise.all(Array.from({ length: count }, () => gateway.chat(body)));
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
}

const used = (upstream, from = 0) => {
  const counts = Object.fromEntries(KEYS.map((key) => [key, 0]));
  for (const got of upstream.requests.slice(from)) counts[keyOf(got)] += 1;
  return counts;
};

const credentials = async (gateway, name = 'pool') => {
  const { targets } = (await gateway.get('/admin/routing/targets')).json;
  return targets.find((target) => target.name === name).credentials.map(({ state }) => state).join(' ');
};

/** Until the credentials stand so: a pause may be over just then, and the next request ends that. */
const stand = (gateway, expected, name = 'pool', body = {}) => until(5000, `${name}: ${expected}`, async () => (
  await credentials(gateway, name) === expected || (await chats(gateway, 2, body), false)));

/** Until every credential of the pool is used again: each of those that were refused has had its trial. */
async function recovered(gateway, upstream) {
  upstream.answer(keyed({}));
  await until(5000, 'all credentials', async () => !/disabled|throttled/.test(await credentials(gateway)));
  for (const key of KEYS) {
    const from = upstream.requests.length;
    await until(5000, `a request with ${key}`, async () => (await gateway.chat(), used(upstream, from)[key] > 0));
  }
}

const told = (gateway, msg) => gateway.logs.filter((line) => line.msg === msg);

plays('several credentials of a target', open, (act) => {
  act('share the requests', async ({ upstream, gateway }) => {
    await chats(gateway, 30);
    const counts = used(upstream);
    for (const key of KEYS) assert.ok(counts[key] >= 8, JSON.stringify(counts));
  });

  act('lose the one that is refused, and no request', async ({ upstream, gateway }) => {
    const from = upstream.requests.length;
    upstream.answer(keyed({ [B]: refusal }));
    await chats(gateway, 30);
    const before = used(upstream, from)[B];
    assert.ok(before >= 1 && before <= 20, `asked ${before} times before anybody knew`);
    await stand(gateway, 'usable disabled usable');
    let metrics;
    await until(5000, 'the gauge', async () => {
      metrics = await gateway.metrics();
      return metrics.value('gateway_credential_disabled', { target: 'pool', index: '2' }) === 1
        || (await chats(gateway, 2), false);
    });
    assert.equal(metrics.value('gateway_credential_disabled', { target: 'pool', index: '1' }), 0);
    assert.equal(metrics.value('gateway_events_total', { subject: 'gateway.credential.disabled' }), 1);
    assert.equal(metrics.value('gateway_retries_total'), 0, 'which is no retry');
    assert.equal(metrics.value('gateway_provider_errors_total'), 0, 'and no failure of the provider');
    await gateway.log('credential disabled');
    const [line, ...more] = told(gateway, 'credential disabled');
    assert.deepEqual([line.level, line.target, line.index, line.status], ['warn', 'pool', 2, 401]);
    assert.deepEqual(more, []);
  });

  act('take it back when it is accepted again', async ({ upstream, gateway }) => {
    await recovered(gateway, upstream);
    assert.equal((await gateway.log('credential restored')).index, 2);
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_credential_disabled', { target: 'pool' }), 0);
    assert.equal(metrics.value('gateway_events_total', { subject: 'gateway.credential.restored' }), 1);
  });

  act('leave one alone that is throttled, for as long as the provider says', async ({ upstream, gateway }) => {
    const from = upstream.requests.length;
    upstream.answer(keyed({ [C]: failure(429, {}, { headers: { 'Retry-After': '1' } }) }));
    await chats(gateway, 20);
    await stand(gateway, 'usable usable throttled');
    assert.ok(used(upstream, from)[C] <= 14);
  });

  act('are not lost to a client that asks for what is not theirs', async ({ upstream, gateway }) => {
    upstream.answer(failure(401, { message: 'admin keys only' }));
    for (let i = 0; i < 3; i++) {
      const answer = await gateway.get('/v1/organization/users', { headers: { 'X-Provider': 'pool' } });
      assert.equal(answer.status, 401);
    }
    assert.doesNotMatch(await credentials(gateway), /disabled/);
    await recovered(gateway, upstream);
    assert.equal(told(gateway, 'credential disabled').length, 1, 'nobody is disabled for that');
  });

  act('serve streams and clients of other APIs alike', async ({ upstream, gateway }) => {
    upstream.answer(keyed({ [A]: refusal }, speech(['Hel', 'lo'])));
    for (let i = 0; i < 3; i++) {
      const stream = await gateway.stream();
      assert.equal(stream.status, 200);
      await drain(stream);
      stream.connection.close();
    }
    upstream.answer(keyed({ [A]: refusal }));
    await stand(gateway, 'disabled usable usable');
    await recovered(gateway, upstream);
    const message = whole({ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-play',
      stop_reason: 'end_turn', content: [{ type: 'text', text: 'hello' }],
      usage: { input_tokens: 1, output_tokens: 1 } });
    const byHeader = (answers) => (io, got) => (answers[got.header('x-api-key')] ?? message)(io, got);
    upstream.answer(byHeader({ [B]: failure(401) }));
    await chats(gateway, 4, { model: 'claude-play' });
    await stand(gateway, 'disabled usable', 'claude', { model: 'claude-play' });
  });

  act('are signed with, where a signature is a key', async ({ upstream, gateway }) => {
    const converse = whole({ output: { message: { role: 'assistant', content: [{ text: 'hello' }] } },
      stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } });
    upstream.answer(keyed({ [A]: failure(403) }, converse));
    await chats(gateway, 3, { model: 'anthropic.play' });
    assert.equal(await credentials(gateway, 'aws'), 'disabled usable');
    const generated = whole({ candidates: [{ content: { role: 'model', parts: [{ text: 'hello' }] },
      finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } });
    upstream.answer((io, got) => (got.header('x-goog-api-key') === C ? failure(401) : generated)(io, got));
    await chats(gateway, 3, { model: 'gemini-play' });
    assert.equal(await credentials(gateway, 'google'), 'usable disabled');
  });

  act('stay with a job that is asked for again', async ({ upstream, gateway }) => {
    const job = (status, more = {}) => whole({ id: 'p1', model: 'own/job', status, output: null, error: null, ...more,
      urls: { get: `${upstream.url}/predictions/p1`, cancel: `${upstream.url}/predictions/p1/cancel` } },
    { status: status === 'starting' ? 201 : 200 });
    const from = upstream.requests.length;
    upstream.answer(keyed({ [A]: refusal }, (io, got) => (got.method === 'POST'
      ? job('starting') : job('succeeded', { output: ['hello'] }))(io, got)));
    await chats(gateway, 4, { model: 'own/job' });
    const polls = upstream.requests.slice(from).filter((got) => got.method === 'GET');
    assert.equal(polls.length, 4);
    const accepted = upstream.requests.slice(from).filter((got) => got.method === 'POST' && keyOf(got) !== A);
    assert.deepEqual(polls.map(keyOf).sort(), accepted.map(keyOf).sort(), 'each with the key that began it');
  });

  act('go with what passes through, and again as long as its body is there', async ({ upstream, gateway }) => {
    upstream.answer(keyed({ [A]: refusal, [B]: refusal }, whole({ ok: true })));
    const headers = { 'X-Provider': 'pool' };
    for (let i = 0; i < 3; i++) assert.equal((await gateway.get('/v1/things', { headers })).status, 200);
    upstream.answer(keyed({ [A]: refusal, [B]: refusal }));
    await stand(gateway, 'disabled disabled usable');
    await recovered(gateway, upstream);
    upstream.answer(keyed({ [A]: refusal, [C]: refusal }, whole({ ok: true })));
    const body = JSON.stringify({ model: MODEL, words: 'x'.repeat(5000) });
    for (let i = 0; i < 3; i++) {
      const answer = await gateway.fetch('POST', '/v1/things', {
        headers: { ...headers, 'Content-Type': 'application/json' }, body,
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(upstream.last.body.toString(), body);
    }
    assert.equal((await gateway.get('/v1/files')).status, 200);
    await recovered(gateway, upstream);
  });

  act('open WebSockets', async ({ upstream, gateway }) => {
    const switching = async (io) => {
      await io.write(head(101, { Upgrade: 'websocket', Connection: 'Upgrade',
        'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }));
      return false;
    };
    upstream.answer(keyed({ [A]: refusal, [C]: refusal }, switching));
    for (let i = 0; i < 3; i++) {
      const connection = await connect(gateway.port);
      await connection.send(request('GET', '/v1/realtime?model=gpt-realtime', { headers: {
        Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version': '13', ...gateway.headers() } }));
      assert.equal((await connection.begin()).status, 101);
      connection.close();
    }
    await recovered(gateway, upstream);
  });

  act('are each asked once when all are refused', async ({ upstream, gateway }) => {
    let from = upstream.requests.length;
    upstream.answer(keyed({ [A]: refusal, [B]: refusal, [C]: refusal }));
    const answer = await gateway.chat();
    assertError(answer, 502, { code: 'upstream_auth_error' });
    for (const key of KEYS) assert.ok(!answer.text.includes(key));
    assert.deepEqual(used(upstream, from), { [A]: 1, [B]: 1, [C]: 1 });
    from = upstream.requests.length;
    assertError(await gateway.chat(), 502, { code: 'upstream_auth_error' });
    assert.equal(upstream.requests.length - from, 1, 'then one for each request');
    const restored = async () => (await gateway.metrics())
      .value('gateway_events_total', { subject: 'gateway.credential.restored' });
    const before = await restored();
    upstream.answer(keyed({}, completion('hello', { delay: 5 })));
    await chats(gateway, 40);
    const told = await restored() - before;
    assert.ok(told >= 1 && told <= 2 * KEYS.length, `a crowd comes back, and that is told ${told} times`);
    await recovered(gateway, upstream);
  });

  act('come from the environment as a list', async ({ upstream, gateway }) => {
    const from = upstream.requests.length;
    upstream.answer(keyed({ [A]: refusal }));
    await chats(gateway, 4, { model: 'listed' });
    assert.ok(used(upstream, from)[C] >= 4);
    assert.equal(await credentials(gateway, 'groq'), 'disabled usable');
  });

  act('are all asked for a request that is throttled everywhere', async ({ upstream, gateway }) => {
    const from = upstream.requests.length;
    upstream.answer(failure(429));
    assertError(await gateway.chat(), 429);
    assert.deepEqual(used(upstream, from), { [A]: 1, [B]: 1, [C]: 1 });
  });

  act('are another matter than a single one, which is asked on', async ({ single, gateway }) => {
    single.answer(failure(401));
    const before = await gateway.metrics();
    for (let i = 0; i < 3; i++) {
      assertError(await gateway.chat({ model: 'lone' }), 502, { code: 'upstream_auth_error' });
    }
    assert.equal(single.requests.length, 3);
    assert.equal(await credentials(gateway, 'single'), 'usable');
    const metrics = await gateway.metrics();
    assert.equal(metrics.find('gateway_credential_disabled', { target: 'single' }).length, 0);
    const subject = { subject: 'gateway.credential.disabled' };
    assert.equal(metrics.value('gateway_events_total', subject), before.value('gateway_events_total', subject) + 1);
  });

  act('begin anew after a reload when they are others, and only then', async ({ gateway }) => {
    assert.deepEqual([await credentials(gateway, 'aws'), await credentials(gateway, 'groq')],
      ['disabled usable', 'disabled usable']);
    const config = JSON.parse(fs.readFileSync(gateway.env.GATEWAY_CONFIG));
    config.targets.find(({ name }) => name === 'aws').api_keys = [B, C];
    fs.writeFileSync(gateway.env.GATEWAY_CONFIG, JSON.stringify(config));
    const reloaded = await gateway.fetch('POST', '/admin/scripts/reload');
    assert.equal(reloaded.status, 200, reloaded.text);
    await until(5000, 'other credentials', async () => await credentials(gateway, 'aws') === 'usable usable');
    assert.equal(await credentials(gateway, 'groq'), 'disabled usable');
  });

  act('are shown nowhere', async ({ gateway }) => {
    const said = [gateway.output.out, gateway.output.err, (await gateway.get('/health')).text,
      (await gateway.get('/readyz')).text, (await gateway.get('/admin/routing/targets')).text,
      (await gateway.metrics()).text].join('\n');
    for (const key of [...KEYS, 'canary-only-key-dddd']) {
      for (const form of [key, Buffer.from(key).toString('base64url'), Buffer.from(key).toString('hex')]) {
        assert.ok(!said.includes(form), key);
      }
    }
  });
});
