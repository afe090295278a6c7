// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { MODEL } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';

async function open(stage) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second },
    config: {
      targets: [
        { virtual_key: 'openai', models: [MODEL, 'only-openai'] },
        { virtual_key: 'groq', models: [MODEL, 'team/only-groq'] },
      ],
      aliases: { nickname: MODEL },
    },
  });
  return { first, second, gateway };
}

plays('the models', open, (act) => {
  act('are a list of unique ids, owned by the first target that serves them', async ({ gateway }) => {
    const { status, json } = await gateway.get('/v1/models');
    assert.equal(status, 200);
    assert.equal(json.object, 'list');
    const ids = json.data.map((model) => model.id);
    assert.equal(new Set(ids).size, ids.length);
    const owner = (id) => json.data.find((model) => model.id === id)?.owned_by;
    assert.deepEqual([owner(MODEL), owner('only-openai'), owner('team/only-groq')], ['openai', 'openai', 'groq']);
    assert.ok(ids.includes('nickname'), 'aliases are listed');
    for (const model of json.data) assert.deepEqual([model.object, typeof model.created], ['model', 'number']);
  });
  act('can be asked for one by one', async ({ gateway }) => {
    const { status, json } = await gateway.get(`/v1/models/${MODEL}`);
    assert.equal(status, 200);
    assert.deepEqual([json.id, json.object, json.owned_by], [MODEL, 'model', 'openai']);
    for (const path of ['/v1/models/team/only-groq', '/v1/models/team%2Fonly-groq']) {
      assert.equal((await gateway.get(path)).json.id, 'team/only-groq', path);
    }
  });
  act('are told to each client in its own words', async ({ gateway }) => {
    const headers = { 'anthropic-version': '2023-06-01' };
    const anthropic = (await gateway.get('/v1/models', { headers })).json;
    assert.deepEqual([anthropic.has_more, anthropic.first_id], [false, anthropic.data[0].id]);
    assert.deepEqual(anthropic.data.find(({ id }) => id === MODEL),
      { type: 'model', id: MODEL, display_name: MODEL, created_at: '1970-01-01T00:00:00Z' });
    assert.equal((await gateway.get(`/v1/models/${MODEL}`, { headers })).json.type, 'model');
    const missing = (await gateway.get('/v1/models/no-such-model', { headers })).json;
    assert.deepEqual([missing.type, missing.error.type], ['error', 'not_found_error']);
    const google = (await gateway.get('/v1beta/models')).json;
    assert.ok(google.models.some(({ name }) => name === `models/${MODEL}`));
    assert.equal((await gateway.get(`/v1beta/models/${MODEL}`)).json.name, `models/${MODEL}`);
    assert.equal((await gateway.get('/v1beta/models/no-such-model')).json.error.status, 'NOT_FOUND');
    const goog = { headers: { 'x-goog-api-key': 'any' } };
    assert.deepEqual((await gateway.get('/v1/models', goog)).json, google, 'who asks says so, below /v1, too');
    assert.equal((await gateway.get(`/v1/models/${MODEL}`, goog)).json.name, `models/${MODEL}`);
  });
  act('that are unknown are 404', async ({ gateway }) => {
    assertError(await gateway.get('/v1/models/no-such-model'), 404, { code: 'model_not_found' });
  });
  act('decide which target is asked', async ({ gateway, first, second }) => {
    const before = [first.complete, second.complete];
    await gateway.chat({ model: 'team/only-groq' });
    assert.deepEqual([first.complete, second.complete], [before[0], before[1] + 1]);
  });
});
