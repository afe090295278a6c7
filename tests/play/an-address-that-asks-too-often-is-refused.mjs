// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion } from '../tools/answers.mjs';
import { assertError, plays } from '../tools/play.mjs';

const MESSAGE = 'rate limit exceeded';

async function open(stage) {
  const upstream = await stage.upstream();
  upstream.answer(completion('ok'));
  const gateway = await stage.gateway({
    targets: { openai: upstream },
    env: { WORKERS: '2', RATE_LIMIT_RPS: '0.05', RATE_LIMIT_BURST: '5', TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' },
  });
  return { upstream, gateway };
}

const from = (address) => ({ 'X-Forwarded-For': address });

plays('an address that asks too often', open, (act) => {
  act('has its burst over all workers, then 429 until a token is there', async ({ gateway, upstream }) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => gateway.chat({}, from('192.0.2.1'))));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 5);
    assert.equal(upstream.requests.length, 5);
    for (const answer of answers.filter((one) => one.status !== 200)) {
      assertError(answer, 429, { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: MESSAGE });
      const seconds = Number(answer.header('retry-after'));
      assert.ok(seconds >= 15 && seconds <= 20, `Retry-After: ${seconds}`);
    }
    const lines = await gateway.access(12);
    assert.equal(lines.filter((line) => line.error_code === 'rate_limit_exceeded').length, 7);
    for (const line of lines) assert.equal(line.remote, '192.0.2.1');
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_rate_limit_rejections_total', { key_type: 'ip' }), 7);
  });
  act('is refused whatever it asks for, and before its key is looked at', async ({ gateway }) => {
    const wrong = { Authorization: 'Bearer wrong', ...from('192.0.2.1') };
    assert.equal((await gateway.chat({}, wrong)).status, 429);
    assert.equal((await gateway.get('/v1/models', { headers: from('192.0.2.1') })).status, 429);
    assert.equal((await gateway.get('/admin/health', { headers: from('192.0.2.1') })).status, 429);
    assert.equal((await gateway.get('/metrics', { headers: from('192.0.2.1') })).status, 429);
    assert.equal((await gateway.get('/nowhere', { headers: from('192.0.2.1') })).status, 429);
  });
  act('is answered by the probes', async ({ gateway }) => {
    for (const path of ['/livez', '/readyz', '/health']) {
      assert.equal((await gateway.get(path, { headers: from('192.0.2.1') })).status, 200);
    }
  });
  act('hears of it in the words of its API', async ({ gateway }) => {
    const headers = { 'Content-Type': 'application/json', ...from('192.0.2.1') };
    const anthropic = await gateway.fetch('POST', '/v1/messages', { headers, body: '{}' });
    assert.equal(anthropic.status, 429);
    assert.equal(anthropic.json.error.type, 'rate_limit_error');
    assert.ok(Number(anthropic.header('retry-after')) > 0);
    const gemini = await gateway.fetch('POST', '/v1beta/models/m:generateContent', { headers, body: '{}' });
    assert.equal(gemini.status, 429);
    assert.equal(gemini.json.error.status, 'RESOURCE_EXHAUSTED');
  });
  act('is one household in IPv6 and another one next door', async ({ gateway }) => {
    for (let i = 1; i <= 5; i++) {
      assert.equal((await gateway.chat({}, from(`2001:db8:0:1::${i}`))).status, 200);
    }
    assert.equal((await gateway.chat({}, from('[2001:db8:0:1:ffff::1]:443'))).status, 429);
    assert.equal((await gateway.chat({}, from('2001:db8:0:2::1'))).status, 200);
    assert.equal((await gateway.chat({}, from('::ffff:192.0.2.1'))).status, 429);
  });
  act('cannot become another by what it writes itself', async ({ gateway }) => {
    const claims = ['192.0.2.77, 192.0.2.1', '192.0.2.77, 192.0.2.1, 10.1.2.3', '192.0.2.77,192.0.2.1:1234'];
    for (const claim of claims) assert.equal((await gateway.chat({}, from(claim))).status, 429, claim);
    const nonsense = { 'X-Forwarded-For': '192.0.2.77, unknown', 'X-Real-IP': '192.0.2.78' };
    await gateway.get('/nonsense', { headers: nonsense });
    const [line] = await gateway.access(1, '/nonsense');
    assert.equal(line.remote, '127.0.0.1');
  });
});
