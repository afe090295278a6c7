// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure } from '../tools/answers.mjs';
import { SANITIZED, providerKey } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const NAMES = 600; // more than a label may have values
const ODD = ['gpt-"quoted"', 'gpt-\n{line}', 'gpt-back\\slash', 'gpt-\u0000', `gpt-${'long'.repeat(100)}`];
const BREAKER = { failure_threshold: 2, timeout: '60s' };
const SECRETS = [providerKey('groq'), 'sk-proj-abcdefghijklmnopqrstuvwx'];
const SAMPLE = /^gateway_\w+(\{\w+="(?:[^"\\\n]|\\[\\"n])*"(,\w+="(?:[^"\\\n]|\\[\\"n])*")*\})? [0-9.e+-]+$/;

plays('the exposition', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('hello'));
  const gateway = await stage.gateway({
    targets: { groq: upstream },
    config: {
      targets: [{ virtual_key: 'groq', model_map: { real: 'real-one' }, circuit_breaker: BREAKER }],
      scripts: { cpu_limit: SANITIZED ? '100ms' : '5ms' },
    },
  });
  const connection = await gateway.connect();
  const ask = async (model) => {
    await connection.send(gateway.chatRequest({ model }));
    const reply = await connection.answer();
    assert.equal(reply.status, 200, reply.text);
  };
  for (const name of [...ODD, ...SECRETS.map((secret) => `gpt-${secret}`)]) await ask(name);
  for (let i = 0; i < NAMES; i++) await ask(`gpt-${i}`);
  connection.close();
  return { gateway, upstream };
}, (act) => {
  act('is served whole with as many models as it can hold, within a small limit for scripts', async ({ gateway }) => {
    const { status, text } = await gateway.get('/metrics');
    assert.equal(status, 200, text);
    const samples = text.split('\n').filter((line) => line.startsWith('gateway_'));
    for (const line of samples) assert.match(line, SAMPLE);
    const total = (await gateway.metrics()).value('gateway_requests_total', { status: 'success' });
    assert.equal(total, ODD.length + SECRETS.length + NAMES, 'every request is counted somewhere');
  });
  act('shows no key that was typed where a model belongs', async ({ gateway }) => {
    const { text } = await gateway.get('/metrics');
    for (const secret of SECRETS) assert.ok(!text.includes(secret), secret);
  });
  act('leaves a model that there is a circuit of its own', async ({ gateway, upstream }) => {
    upstream.answer(failure(500), failure(500), completion('well'));
    const statuses = [];
    for (const model of ['real', 'real', 'real', 'gpt-7', 'gpt-new']) {
      statuses.push((await gateway.chat({ model })).status);
    }
    assert.deepEqual(statuses, [502, 502, 503, 200, 200]);
    const { targets } = (await gateway.get('/health')).json;
    assert.deepEqual(targets[0].models, [{ model: 'real-one', circuit: 'open' }]);
  });
});
