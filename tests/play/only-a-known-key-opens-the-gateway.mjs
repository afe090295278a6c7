// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { request } from '../tools/client.mjs';
import { MASTER_KEY, chatBody } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const OPEN = ['/health', '/livez', '/readyz'];
const CLOSED = [['GET', '/v1/models'], ['GET', '/v1/models/x'], ['POST', '/v1/chat/completions'], ['GET', '/metrics']];

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

async function bare(gateway, method, target, headers = {}) {
  const connection = await gateway.connect();
  await connection.send(request(method, target, { headers, body: method === 'POST' ? chatBody() : undefined }));
  const answer = await connection.answer();
  connection.close();
  return answer;
}

const MISSING = {
  'no header': {},
  'another scheme': { Authorization: 'Basic YTpi' },
  'a small b': { Authorization: `bearer ${MASTER_KEY}` },
  'the bare key': { Authorization: MASTER_KEY },
  'another header': { 'X-Auth-Token': MASTER_KEY },
};
const WRONG = {
  'another key': 'Bearer fgw_0000',
  'half the key': `Bearer ${MASTER_KEY.slice(0, -1)}`,
  'one byte more': `Bearer ${MASTER_KEY}x`,
  'two spaces': `Bearer  ${MASTER_KEY}`,
  'another case': `Bearer ${MASTER_KEY.toUpperCase()}`,
  'a quote': "Bearer ' OR 1=1--",
  'a long one': `Bearer ${'k'.repeat(8000)}`,
  nothing: 'Bearer ',
};

plays('with a master key', open, (act) => {
  for (const path of OPEN) {
    act(`${path} needs none`, async ({ gateway }) => assert.equal((await bare(gateway, 'GET', path)).status, 200));
  }
  for (const [method, path] of CLOSED) {
    for (const [what, headers] of Object.entries(MISSING)) {
      act(`${path} with ${what} is 401 missing_api_key`, async ({ gateway, upstream }) => {
        assertError(await bare(gateway, method, path, headers), 401, { type: 'authentication_error',
          code: 'missing_api_key', message: 'missing or invalid authorization header' });
        assert.equal(upstream.requests.length, 0);
      });
    }
  }
  for (const [what, value] of Object.entries(WRONG)) {
    act(`${what} is 401 and tells nothing`, async ({ gateway, upstream }) => {
      const answer = await bare(gateway, 'POST', '/v1/chat/completions', { Authorization: value });
      const { message } = assertError(answer, 401, { type: 'authentication_error' });
      assert.ok(['invalid or revoked API key', 'missing or invalid authorization header'].includes(message), message);
      assert.equal(upstream.requests.length, 0);
    });
  }
  act('two Authorization headers are 400', async ({ gateway }) => {
    const both = [`Bearer ${MASTER_KEY}`, `Bearer ${MASTER_KEY}`];
    assertError(await bare(gateway, 'GET', '/v1/models', { Authorization: both }), 400);
  });
  act('a key in the query is not looked at', async ({ gateway }) => {
    assertError(await bare(gateway, 'GET', `/v1/models?api_key=${MASTER_KEY.slice(0, 4)}&key=x`), 401);
  });
  act('authentication comes before the method', async ({ gateway }) => {
    assertError(await bare(gateway, 'DELETE', '/v1/chat/completions'), 401);
  });
  act('the right key is served', async ({ gateway }) => {
    const Authorization = `Bearer ${MASTER_KEY}`;
    assert.equal((await bare(gateway, 'POST', '/v1/chat/completions', { Authorization })).status, 200);
    assert.equal((await bare(gateway, 'GET', '/metrics', { Authorization })).status, 200);
  });
});

play('without a master key a loopback gateway is open and says so once', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, key: null, env: { WORKERS: '2' } });
  assert.equal((await gateway.chat()).status, 200);
  assert.equal((await gateway.get('/v1/models')).status, 200);
  const said = gateway.output.err + gateway.output.out;
  assert.equal(said.split('\n').filter((line) => line.includes('MASTER_KEY')).length, 1, said);
});

play('without a master key any other address gets one, printed once', async (stage) => {
  const gateway = await stage.gateway({ key: null, env: { HOST: '0.0.0.0', WORKERS: '2' } });
  assertError(await gateway.get('/v1/models'), 401);
  const keys = gateway.output.err.match(/fgw_[0-9a-f]{32,}/g) ?? [];
  assert.equal(keys.length, 1, gateway.output.err);
  assert.ok(!gateway.output.out.includes(keys[0]), 'standard output holds no key');
  gateway.key = keys[0];
  assert.equal((await gateway.get('/v1/models')).status, 200);
});

play('ALLOW_UNAUTHENTICATED_PROXY opens /v1 and nothing else', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, env: { ALLOW_UNAUTHENTICATED_PROXY: 'true' } });
  assert.equal((await bare(gateway, 'POST', '/v1/chat/completions')).status, 200);
  assertError(await bare(gateway, 'GET', '/metrics'), 401);
});
