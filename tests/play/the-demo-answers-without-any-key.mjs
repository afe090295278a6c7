// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import path from 'node:path';

import { drain, spelled } from '../tools/client.mjs';
import { BINARY } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const CONFIG = path.join(path.dirname(BINARY), '..', 'conf', 'gateway.yaml');
const ask = (model, content, more = {}) => JSON.stringify({ model, messages: [{ role: 'user', content }], ...more });

const open = async (stage) => ({ gateway: await stage.gateway({ key: null, env: { GATEWAY_CONFIG: CONFIG } }) });

plays('with conf/gateway.yaml and an empty environment', open, (act) => {
  act('demo-echo answers with the question', async ({ gateway }) => {
    const { status, json } = await gateway.chat(ask('demo-echo', 'Is anybody there?'));
    assert.equal(status, 200);
    assert.equal(json.object, 'chat.completion');
    assert.match(json.choices[0].message.content, /Is anybody there\?/);
    assert.equal(json.choices[0].finish_reason, 'stop');
    assert.equal(json.usage.total_tokens, json.usage.prompt_tokens + json.usage.completion_tokens);
    assert.ok(json.usage.prompt_tokens > 0 && json.usage.completion_tokens > 0);
  });
  act('demo-echo streams the same words', async ({ gateway }) => {
    const stream = await gateway.stream(ask('demo-echo', 'Is anybody there?', { stream: true }));
    const { list, done } = await drain(stream);
    stream.connection.close();
    assert.match(spelled(list), /Is anybody there\?/);
    assert.equal(done, 1);
  });
  act('demo-lorem streams many chunks and reports usage when asked', async ({ gateway }) => {
    const options = { stream: true, stream_options: { include_usage: true } };
    const stream = await gateway.stream(ask('demo-lorem', 'Go on.', options));
    const { list, done } = await drain(stream);
    stream.connection.close();
    assert.ok(list.length > 5);
    assert.ok(list[list.length - 1].usage.completion_tokens > 0);
    assert.equal(done, 1);
  });
  act('both models are listed', async ({ gateway }) => {
    const ids = (await gateway.get('/v1/models')).json.data.map((model) => model.id);
    assert.ok(ids.includes('demo-echo') && ids.includes('demo-lorem'), ids.join());
  });
});
