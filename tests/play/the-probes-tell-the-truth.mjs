// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { MODEL } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const target = (virtual_key) => ({ virtual_key, models: [MODEL] });

play('health lists every provider of the targets', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const { status, json } = await gateway.get('/health');
  assert.equal(status, 200);
  assert.equal(json.status, 'ok');
  const [provider] = json.providers;
  assert.deepEqual([provider.name, provider.status, provider.circuit], ['openai', 'available', 'closed']);
  assert.ok(provider.models >= 1);
});

play('a provider without credentials is listed as such, logged, and passed over', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { targets: [target('groq'), target('openai')] },
  });
  const { json } = await gateway.get('/health');
  const groq = json.providers.find((provider) => provider.name === 'groq');
  assert.ok(groq, JSON.stringify(json));
  assert.notEqual(groq.status, 'available');
  assert.match(JSON.stringify(groq), /GROQ_API_KEY/);
  await gateway.log((line) => line.level === 'warn' && JSON.stringify(line).includes('GROQ_API_KEY'));
  assert.equal((await gateway.chat()).header('x-gateway-provider'), 'openai');
  const ready = (await gateway.get('/readyz')).json;
  assert.equal(ready.status, 'ready');
  assert.deepEqual(ready.targets.map(({ name, routable }) => [name, routable]), [['groq', false], ['openai', true]]);
});

play('without any usable target it lives but is not ready', async (stage) => {
  const gateway = await stage.gateway({ config: { targets: [target('groq')] }, ready: '/livez' });
  assert.deepEqual((await gateway.get('/livez')).json, { status: 'ok' });
  const ready = await gateway.get('/readyz');
  assert.equal(ready.status, 503);
  assert.deepEqual(ready.json, { status: 'not_ready', reason: 'no routable targets' });
  const health = await gateway.get('/health');
  assert.equal(health.status, 503);
  assert.equal(health.json.status, 'no_providers');
});
