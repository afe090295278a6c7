// SPDX-License-Identifier: Apache-2.0
// Every path under /v1 that the gateway has no handler for goes to the provider that the client or the model names.
import assert from 'node:assert/strict';
import zlib from 'node:zlib';

import { MASTER_KEY, providerKey } from '../tools/gateway.mjs';
import { connect, request } from '../tools/client.mjs';
import { failure, whole } from '../tools/answers.mjs';
import { assertError, plays } from '../tools/play.mjs';

async function open(stage) {
  const openai = await stage.upstream();
  const anthropic = await stage.upstream();
  const bedrock = await stage.upstream();
  const gateway = await stage.gateway({
    config: {
      targets: [
        { virtual_key: 'openai', models: ['gpt-play'] },
        { name: 'own', provider: 'openai', base_url: openai.url.replace('/v1', '/own/root'),
          api_key: 'own-secret-key-71', models: ['mapped'], model_map: { mapped: 'org/real-name' } },
        { virtual_key: 'anthropic' },
        { virtual_key: 'bedrock' },
        { name: 'play', provider: 'demo' },
      ],
      aliases: { fast: 'gpt-play' },
    },
    env: {
      OPENAI_API_KEY: providerKey('openai'), OPENAI_BASE_URL: openai.url,
      ANTHROPIC_API_KEY: providerKey('anthropic'), ANTHROPIC_BASE_URL: anthropic.url,
      AWS_ACCESS_KEY_ID: 'AKIDPLAYPLAYPLAYPLAY', AWS_SECRET_ACCESS_KEY: 'canary-aws-secret-key-of-the-play',
      AWS_REGION: 'eu-west-1', BEDROCK_BASE_URL: bedrock.url.replace('/v1', ''),
      SOME_SERVICE_TOKEN: 'canary-other-service-token', TRUSTED_PROXIES: '10.0.0.0/8', // not this client
    },
  });
  const json = (target, body, headers = {}) => gateway.fetch('POST', target, {
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { openai, anthropic, bedrock, gateway, json };
}

plays('what has no handler passes through', open, (act) => {
  act('X-Provider names who serves a path, which is put below the root', async ({ openai, gateway }) => {
    openai.answer(whole({ data: [] }, { headers: { 'X-Custom': 'kept', 'openai-processing-ms': '7' } }));
    const target = '/v1/fine_tuning/jobs?limit=2&after=a%20b';
    const answer = await gateway.get(target, { headers: { 'X-Provider': 'openai' } });
    assert.deepEqual([answer.status, answer.json], [200, { data: [] }]);
    assert.equal(answer.header('x-gateway-provider'), 'openai');
    assert.equal(answer.header('x-custom'), 'kept');
    assert.equal(answer.header('openai-processing-ms'), '7');
    assert.equal(openai.last.method, 'GET');
    assert.equal(openai.last.target, target);
    assert.equal(openai.last.header('authorization'), `Bearer ${providerKey('openai')}`);
    assert.equal(openai.last.header('content-length'), undefined);
  });

  act('a target is named like a provider', async ({ openai, gateway }) => {
    openai.answer(whole({ ok: true }));
    const answer = await gateway.get('/v1/things', { headers: { 'X-Provider': 'own' } });
    assert.equal(answer.status, 200);
    assert.equal(openai.last.target, '/own/root/things');
    assert.equal(openai.last.header('authorization'), 'Bearer own-secret-key-71');
  });

  act('the first model of a JSON body names who serves it', async ({ openai, json }) => {
    openai.answer(whole({ ok: true }));
    const body = '{"input": {"model": "no-such"}, "model" : "gpt-play", "x": 9007199254740993}';
    assert.equal((await json('/v1/new/surface', body)).status, 200);
    assert.equal(openai.last.body.toString(), body);
    assert.equal(openai.last.target, '/v1/new/surface');
    assert.equal(openai.last.header('content-type'), 'application/json');
  });

  act('an alias and a mapped name become the provider\'s', async ({ openai, json }) => {
    openai.answer(whole({ ok: true }));
    assert.equal((await json('/v1/new/surface', '{"a":1.0,"model":"fast"}')).status, 200);
    assert.equal(openai.last.body.toString(), '{"a":1.0,"model":"gpt-play"}');
    assert.equal((await json('/v1/new/surface', '{"model":"mapped","z":[]}')).status, 200);
    assert.equal(openai.last.body.toString(), '{"model":"org/real-name","z":[]}');
    assert.equal(openai.last.target, '/own/root/new/surface');
  });

  act('what is larger than 1 MiB passes, but no alias in it', async ({ openai, json }) => {
    openai.answer(whole({ ok: true }));
    const long = (model) => JSON.stringify({ model, text: 'x'.repeat(1500000) });
    assert.equal((await json('/v1/new/surface', long('gpt-play'))).status, 200);
    assert.equal(openai.last.body.toString(), long('gpt-play'));
    assertError(await json('/v1/new/surface', long('fast')), 400, { code: 'invalid_request', message: /alias|names/ });
  });

  act('any method passes', async ({ openai, gateway }) => {
    openai.answer(whole('', { status: 200 }));
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await gateway.fetch(method, '/v1/odd/thing', { headers: { 'X-Provider': 'openai' } });
      assert.equal(answer.status, 200, method);
      assert.equal(openai.last.method, method);
    }
  });

  act('neither credentials nor what is between us and the client goes on', async ({ openai, gateway }) => {
    openai.answer(whole({ ok: true }));
    const connection = await connect(gateway.port);
    await connection.send(request('POST', '/v1/things', {
      headers: gateway.headers({
        'X-Provider': 'openai', 'x-api-key': 'client-one', 'x-goog-api-key': 'client-two', 'api-key': 'client-three',
        X_Provider: 'client-four', Cookie: 'session=client-five', Connection: 'keep-alive, X-Hop',
        'X-Hop': 'client-six', TE: 'trailers', 'Proxy-Authorization': 'client-seven', 'X-Forwarded-For': '1.2.3.4',
        Forwarded: 'for=1.2.3.4', 'Openai-Organization': 'kept', 'User-Agent': 'play/1',
      }),
      body: 'text',
    }));
    assert.equal((await connection.answer()).status, 200);
    connection.close();
    const seen = openai.last.raw.toString('latin1');
    assert.ok(!seen.includes('client-') && !seen.includes(MASTER_KEY) && !/x-provider/i.test(seen), seen);
    assert.equal(openai.last.header('openai-organization'), 'kept');
    assert.equal(openai.last.header('user-agent'), 'play/1');
    assert.equal(openai.last.header('x-forwarded-for'), '127.0.0.1');
    assert.equal(openai.last.header('x-forwarded-host'), 'gateway.test');
    assert.equal(openai.last.header('x-forwarded-proto'), 'http');
    assert.equal(openai.last.header('te'), undefined);
  });

  act('who is not there, or not named, is told', async ({ gateway, json }) => {
    const named = (name, target = '/v1/things') => gateway.get(target, { headers: { 'X-Provider': name } });
    assertError(await named('groq'), 404,
      { code: 'provider_not_found', message: 'no configured target serves the requested provider' });
    assertError(await json('/v1/things', { model: 'of-nobody' }), 404, { code: 'model_not_found' });
    const none = { code: 'provider_not_resolved', message: 'no provider resolved; set the X-Provider header '
      + '(e.g. "X-Provider: openai") or include a "model" field in the request body' };
    assertError(await gateway.get('/v1/things'), 400, none);
    assertError(await json('/v1/things', { input: 'x' }), 400, none);
    assertError(await json('/v1/things', 'no JSON'), 400, none);
    assertError(await named('play'), 501,
      { code: 'proxy_not_supported', message: 'provider demo does not support proxy pass-through' });
    assertError(await json('/v1/things', { model: 'claude-sonnet-4-5' }), 501, { code: 'proxy_not_supported',
      message: /^provider anthropic is not available for OpenAI-compatible pass-through; use its native/ });
    assert.equal((await gateway.get('/v1/things', { headers: { Authorization: 'Bearer wrong' } })).status, 401);
  });

  act('a path that leads elsewhere is refused, however it is written', async ({ openai, gateway }) => {
    const before = openai.requests.length;
    for (const path of ['../admin', 'a/../b', './a', 'a/%2e%2e/b', 'a/%252e%252e/b', '..%5cadmin', 'a/..;x=1/b',
      'a//b', '%25252525252525252e%252e/a', `a/%${'25'.repeat(9)}2e`]) {
      const answer = await gateway.get(`/v1/${path}`, { headers: { 'X-Provider': 'openai' } });
      assertError(answer, 400, { code: 'invalid_proxy_path',
        message: 'pass-through path contains a disallowed traversal segment' });
    }
    assert.equal(openai.requests.length, before);
  });

  act('an error answer comes back as it is, but for secrets', async ({ openai, gateway }) => {
    const get = () => gateway.get('/v1/things', { headers: { 'X-Provider': 'openai' } });
    const words = `bad key ${providerKey('openai')} or canary-other-service-token`;
    openai.answer(whole({ error: { message: words } }, {
      status: 418, headers: { 'X-Echo': `Bearer ${providerKey('openai')}`, 'Retry-After': '9' } }));
    const answer = await get();
    assert.equal(answer.status, 418);
    assert.equal(answer.header('retry-after'), '9');
    assert.ok(!(answer.text + answer.raw.toString()).includes('canary-'), answer.text);
    assert.match(answer.text, /bad key \[REDACTED:GATEWAY_CREDENTIAL\] or \[REDACTED:SOME_SERVICE_TOKEN\]/);
    openai.answer(whole({ echoed: 1 }, { headers: { 'X-Echo': `key ${providerKey('openai')}` } }));
    assert.equal((await get()).header('x-echo'), 'key [REDACTED:GATEWAY_CREDENTIAL]');
  });

  act('an error answer that cannot be looked through is replaced', async ({ openai, gateway }) => {
    const get = () => gateway.get('/v1/things', { headers: { 'X-Provider': 'openai' } });
    const stand = { error: { message: 'upstream request failed', type: 'server_error', code: 'upstream_error' } };
    openai.answer(whole('x'.repeat(300 << 10), { status: 500 }));
    const large = await get();
    assert.deepEqual([large.status, large.json], [500, stand]);
    openai.answer(whole(zlib.gzipSync('{"secret":1}'), { status: 400, headers: { 'Content-Encoding': 'gzip' } }));
    const compressed = await get();
    assert.deepEqual([compressed.status, compressed.json], [400, stand]);
    assert.equal(compressed.header('content-encoding'), undefined);
  });

  act('what the upstream says of its connection and of browsers does not pass', async ({ openai, gateway }) => {
    openai.answer(whole('{}', { headers: {
      Connection: 'X-Hop', 'X-Hop': 'away', 'Set-Cookie': 'a=b', Server: 'theirs', 'Access-Control-Allow-Origin': '*',
      'Strict-Transport-Security': 'max-age=1', 'Alt-Svc': 'h3=":1"', 'X-Request-ID': 'req_theirs', ETag: '"kept"',
    } }));
    const answer = await gateway.get('/v1/things', { headers: { 'X-Provider': 'openai' } });
    for (const name of ['x-hop', 'set-cookie', 'server', 'access-control-allow-origin', 'strict-transport-security',
      'alt-svc']) assert.equal(answer.header(name), undefined, name);
    assert.equal(answer.header('etag'), '"kept"');
    assert.equal(answer.header('x-upstream-request-id'), 'req_theirs');
    assert.match(answer.header('x-request-id'), /^[0-9a-f]{32}$/);
  });

  act('a native provider is reached when it is named', async ({ anthropic, gateway, json }) => {
    anthropic.answer(whole({ data: [] }));
    assert.equal((await gateway.get('/v1/messages/batches?limit=1')).status, 200);
    assert.equal(anthropic.last.target, '/v1/messages/batches?limit=1');
    assert.equal(anthropic.last.header('x-api-key'), providerKey('anthropic'));
    assert.equal(anthropic.last.header('anthropic-version'), '2023-06-01');
    await json('/v1/other', {}, {
      'X-Provider': 'anthropic', 'anthropic-version': '2099-01-01', 'anthropic-beta': 'b1',
    });
    assert.equal(anthropic.last.target, '/v1/other');
    assert.equal(anthropic.last.header('anthropic-version'), '2099-01-01');
    assert.equal(anthropic.last.header('anthropic-beta'), 'b1');
  });

  act('a provider that wants signatures gets them over the whole body', async ({ bedrock, json }) => {
    bedrock.answer(whole({ ok: true }));
    const body = JSON.stringify({ text: 'x'.repeat(300000) });
    assert.equal((await json('/v1/model/some.model-v1%3A0/invoke', body, { 'X-Provider': 'bedrock' })).status, 200);
    assert.equal(bedrock.last.target, '/model/some.model-v1%3A0/invoke');
    assert.equal(bedrock.last.body.toString(), body);
    assert.match(bedrock.last.header('authorization'),
      /^AWS4-HMAC-SHA256 Credential=AKIDPLAYPLAYPLAYPLAY\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=/);
    assert.equal(bedrock.last.header('content-type'), 'application/json');
  });

  act('each has its access line and counts as a request', async ({ openai, gateway, json }) => {
    openai.answer(whole({ ok: true }));
    assert.equal((await json('/v1/counted', { model: 'fast' })).status, 200);
    const [line] = await gateway.access(1, '/v1/counted');
    assert.deepEqual([line.provider, line.target], ['openai', 'openai']);
    assert.deepEqual([line.model, line.requested_model], ['gpt-play', 'fast']);
    const metrics = await gateway.metrics();
    const labels = { provider: 'openai', model: 'gpt-play', status: 'success' };
    assert.ok(metrics.value('gateway_requests_total', labels) >= 1);
  });

  act('a target that asks to be left alone is, as long as it says', async ({ anthropic, openai, gateway, json }) => {
    const left = async (name) => {
      const { targets } = (await gateway.get('/admin/routing/targets', { key: MASTER_KEY })).json;
      return targets.find((target) => target.name === name).figures.throttled_ms;
    };
    openai.answer(failure(429, {}, { headers: { 'Retry-After': '20' } }));
    assert.equal((await json('/v1/jobs', {}, { 'X-Provider': 'own' })).status, 429);
    assert.ok(await left('own') > 5000, 'in seconds');
    openai.answer(failure(429, {}, { headers: { 'retry-after-ms': '30000', 'Retry-After': '1' } }));
    assert.equal((await json('/v1/jobs', {}, { 'X-Provider': 'own' })).status, 429);
    assert.ok(await left('own') > 20000, 'in milliseconds');
    anthropic.answer(failure(529, {}, { headers: { 'Retry-After': '20' } }));
    assert.equal((await json('/v1/jobs', {}, { 'X-Provider': 'anthropic' })).status, 529);
    assert.ok(await left('anthropic') > 5000, 'whatever it speaks');
  });
});
