// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure } from '../tools/answers.mjs';
import { assertError, play } from '../tools/play.mjs';

const own = (upstream, more = {}) => ({
  name: 'own', provider: 'openai', base_url: upstream.url, api_key: '${OWN_KEY}', models: ['own-model'], ...more,
});

play('with its own address, key and model names', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    config: { targets: [own(upstream, { model_map: { 'own-model': 'org/own-model-v2' } })] },
    env: { OWN_KEY: 'canary-own-key-value-77' },
  });
  const body = '{"messages":[{"role":"user","content":"hi"}],"model" : "own-model","x":1.0}';
  const answer = await gateway.chat(body);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(upstream.last.header('authorization'), 'Bearer canary-own-key-value-77');
  assert.equal(upstream.last.body.toString(), body.replace('"own-model"', '"org/own-model-v2"'));
  assert.ok(!(gateway.output.out + gateway.output.err).includes('canary-own-key-value-77'));
});

play('twice, with two keys of one provider', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(failure(429), completion('with the second key'));
  const targets = ['one', 'two'].map((name) => own(upstream, { name, api_key: `\${KEY_${name.toUpperCase()}}` }));
  const gateway = await stage.gateway({
    config: { targets }, env: { KEY_ONE: 'canary-key-number-one', KEY_TWO: 'canary-key-number-two' },
  });
  const answer = await gateway.chat({ model: 'own-model' });
  assert.equal(answer.json.choices[0].message.content, 'with the second key');
  assert.deepEqual(upstream.requests.map((request) => request.header('authorization')),
    ['Bearer canary-key-number-one', 'Bearer canary-key-number-two']);
});

play('and a name that does not resolve is a 502 or 504, soon', async (stage) => {
  const gateway = await stage.gateway({
    config: { targets: [own({ url: 'http://no-such-host.invalid/v1' })], timeouts: { upstream: { dns: '1s' } } },
    env: { OWN_KEY: 'canary-own-key-value-77' },
  });
  const answer = await gateway.chat({ model: 'own-model' });
  assert.ok([502, 504].includes(answer.status), answer.text);
  assertError(answer, answer.status, { type: 'upstream_error' });
});
