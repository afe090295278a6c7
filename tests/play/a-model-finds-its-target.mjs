// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { failure } from '../tools/answers.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const target = (virtual_key, more = {}) => ({ virtual_key, ...more });

async function open(stage) {
  const [openai, groq, own] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai, groq },
    config: {
      targets: [
        target('openai'), target('groq'),
        { name: 'own', base_url: own.url, api_key: 'canary-key-of-my-own', models: ['mine', 'groq/mine'],
          model_map: { nick: 'org/real-name' } },
      ],
      aliases: { fast: 'groq/some-llama', lost: 'nobodys/model' },
    },
  });
  /** Who was asked for what: "groq llama". */
  const asked = async (model) => {
    const upstreams = { openai, groq, own };
    const before = Object.values(upstreams).map((upstream) => upstream.complete);
    await gateway.chat({ model });
    const names = Object.keys(upstreams).filter((name, i) => upstreams[name].complete > before[i]);
    return names.map((name) => `${name} ${upstreams[name].last.json.model}`).join(', ');
  };
  return { gateway, asked };
}

plays('a model', open, (act) => {
  act('goes to the provider whose prefix it has', async ({ asked }) => {
    assert.equal(await asked('gpt-4o'), 'openai gpt-4o');
    assert.equal(await asked('o5-mini'), 'openai o5-mini');
  });
  act('goes to the target that names it, under the name it has there', async ({ asked }) => {
    assert.equal(await asked('mine'), 'own mine');
    assert.equal(await asked('nick'), 'own org/real-name');
  });
  act('that nobody owns goes to who takes any name', async ({ asked }) => {
    assert.equal(await asked('meta-llama/llama-4-scout'), 'groq meta-llama/llama-4-scout');
  });
  act('may be addressed to a provider or a target', async ({ asked }) => {
    assert.equal(await asked('openai/any-name'), 'openai any-name');
    assert.equal(await asked('own/any-name'), 'own any-name');
    assert.equal(await asked('own/nick'), 'own org/real-name');
  });
  act('keeps a name that only looks like an address', async ({ asked }) => {
    assert.equal(await asked('groq/mine'), 'own groq/mine');
    assert.equal(await asked('groq/compound'), 'groq groq/compound');
  });
  act('may be meant by an alias, which may hold an address', async ({ asked }) => {
    assert.equal(await asked('fast'), 'groq some-llama');
  });
  act('is listed when it has a name of its own', async ({ gateway }) => {
    const ids = (await gateway.get('/v1/models')).json.data.map((model) => model.id);
    for (const id of ['mine', 'groq/mine', 'nick', 'llama-3.1-8b-instant']) assert.ok(ids.includes(id), id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

play('a failing target is not followed by one that never had the model', async (stage) => {
  const [openai, groq] = [await stage.upstream(), await stage.upstream()];
  openai.answer(failure(503, { message: 'overloaded', type: 'server_error' }));
  const gateway = await stage.gateway({
    targets: { openai, groq }, config: { targets: [target('groq'), target('openai')] },
  });
  assertError(await gateway.chat({ model: 'gpt-4o' }), 502, { message: 'overloaded' });
  assert.equal(groq.requests.length, 0);
});

play('a model that nobody serves is a 404', async (stage) => {
  const openai = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai }, config: { targets: [target('openai')], aliases: { dead: 'claude-sonnet-4-5' } },
  });
  const expected = {
    type: 'invalid_request_error', code: 'model_not_found',
    message: 'no configured provider serves the requested model',
  };
  for (const model of ['claude-sonnet-4-5', 'dead', 'anthropic/claude', 'openai/']) {
    assertError(await gateway.chat({ model }), 404, expected);
  }
  assert.equal(openai.requests.length, 0);
});
