// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const target = (virtual_key) => ({ virtual_key, models: ['m'] });

play('check names targets without credentials, and passes', async (stage) => {
  const targets = 'targets: [{ virtual_key: groq }, { virtual_key: azure-openai }, { virtual_key: openai }]\n';
  const dir = stage.folder({ 'gateway.yaml': `apiVersion: v7\n${targets}` });
  const env = { OPENAI_API_KEY: 'canary-key', AZURE_OPENAI_API_KEY: 'canary-key' };
  const { code, out, err } = await command(['check', `${dir}/gateway.yaml`], { env });
  assert.equal(code, 0, err);
  assert.match(out, /strategy single, 1 of 3 targets usable/);
  assert.match(out, /^target "groq" cannot be used: GROQ_API_KEY is not set$/m);
  assert.match(out, /^target "azure-openai" cannot be used: AZURE_OPENAI_ENDPOINT is not set$/m);
  assert.match(out, /^warning: apiVersion "v7" is not v1/m);
  assert.ok(!out.includes('canary-key'));
});

play('and that only the demo answers', async (stage) => {
  const words = /no provider's credential is in the environment: only the demo answers/;
  assert.match((await command(['check'])).out, words);
  const gateway = await stage.gateway();
  await gateway.log((line) => line.level === 'warn' && words.test(line.warning));
});

play('what the configuration warns of is in the log', async (stage) => {
  const gateway = await stage.gateway({
    config: { apiVersion: 'v7', targets: [target('demo')] }, env: { CORS_ORIGINS: '*' },
  });
  for (const words of ['apiVersion "v7"', 'CORS_ORIGINS']) {
    await gateway.log((line) => line.msg === 'configuration' && line.warning.includes(words));
  }
});

play('a port of zero is any free port', async (stage) => {
  const gateway = await stage.gateway({ env: { PORT: '0', WORKERS: '2' }, ready: null });
  const { addr } = await gateway.log('moongate started', 10_000);
  gateway.port = Number(/^127\.0\.0\.1:(\d+)$/.exec(addr)[1]);
  await gateway.ready('/readyz');
  assert.equal((await gateway.chat({ model: 'demo-echo' })).status, 200);
});

play('an address that is none names its variable', async () => {
  const env = { OPENAI_API_KEY: 'canary-key', OPENAI_BASE_URL: 'https://me:canary-word@llm.example/v1' };
  const { code, err } = await command(['check'], { env });
  assert.equal(code, 1);
  assert.match(err, /OPENAI_BASE_URL must not hold a user or password/);
  assert.ok(!err.includes('canary-word'));
});

play('the probes are read from their status on', async (stage) => {
  const gateway = await stage.gateway({ config: { targets: [target('demo'), target('groq')] } });
  const health = '{"status":"ok","providers":[{"name":"demo","status":"available","circuit":"closed","models":3},'
    + '{"name":"groq","status":"no_credentials","circuit":"closed","models":7,"missing":"GROQ_API_KEY"}],'
    + '"targets":[';
  assert.equal((await gateway.get('/health')).text.slice(0, health.length), health);
  const ready = '{"status":"ready","providers":[{"name":"demo","circuit":"closed"}],'
    + '"targets":[{"name":"demo","routable":true},{"name":"groq","routable":false}]}\n';
  assert.equal((await gateway.get('/readyz')).text, ready);
});
