// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, silence, whole } from '../tools/answers.mjs';
import { providerKey } from '../tools/gateway.mjs';
import { PATIENCE, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const WAIT = 8000 * PATIENCE;
const listing = (...ids) => whole({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) });

/** Lists of models get what `lists` says, everything else a completion. */
async function provider(stage, lists) {
  const upstream = await stage.upstream();
  const asked = { count: 0 };
  upstream.answer(async (io, request) => {
    if (!request.target.startsWith('/v1/models')) return completion('hello')(io, request);
    asked.count += 1;
    asked.last = request;
    return lists.now(io, request);
  });
  return { upstream, asked };
}

async function open(stage, lists, more = {}) {
  const { upstream, asked } = await provider(stage, lists);
  const name = more.provider ?? 'groq';
  const gateway = await stage.gateway({
    targets: { [name]: upstream },
    config: { targets: [{ virtual_key: name }], discovery: { interval: '1s', jitter: 0 }, ...more.config },
    env: { WORKERS: '2', ...more.env },
  });
  return { upstream, asked, gateway };
}

const ids = async (gateway) => (await gateway.get('/v1/models')).json.data.map((model) => model.id);
const lists = (gateway, id) => until(WAIT, `${id} in the list`, async () => (await ids(gateway)).includes(id));
const lines = (gateway, msg) => gateway.logs.filter((line) => line.msg === msg);

play('a model is found where its provider says it has it, in every worker', async (stage) => {
  const { asked, gateway } = await open(stage, { now: listing('brand-new', 'another') });
  await lists(gateway, 'brand-new');
  for (let i = 0; i < 6; i++) {
    const answer = await gateway.chat({ model: 'brand-new' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await gateway.get('/v1/models/another')).status, 200);
  }
  assert.equal(asked.last.target, '/v1/models');
  assert.equal(asked.last.method, 'GET');
  assert.equal(asked.last.header('authorization'), `Bearer ${providerKey('groq')}`);
  const line = await gateway.log('models discovered');
  assert.deepEqual([line.provider, line.models, line.changed], ['groq', 2, true]);
  const metrics = await gateway.metrics();
  assert.ok(metrics.value('gateway_model_discovery_total', { provider: 'groq', result: 'success' }) >= 1);
});

play('one worker asks, not each of them', async (stage) => {
  const { asked, gateway } = await open(stage, { now: listing('a-model') }, {
    config: { discovery: { interval: '1h', jitter: 0 } }, env: { WORKERS: '4' },
  });
  await lists(gateway, 'a-model');
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  assert.equal(asked.count, 1);
});

play('the last good list stays, whatever comes after it', async (stage) => {
  const said = { now: listing('kept') };
  const { asked, gateway } = await open(stage, said);
  await lists(gateway, 'kept');
  const answers = [
    failure(500), whole('<html>no</html>'), whole({ data: [] }), whole({ object: 'list' }), whole('{"data":[{"id":'),
    failure(401), whole({ data: [{ id: '' }, { id: 'a b' }, 7, null] }),
  ];
  for (const answer of answers) {
    const before = asked.count;
    said.now = answer;
    await until(WAIT, 'the next question', () => asked.count > before);
    assert.ok((await ids(gateway)).includes('kept'));
  }
  const refused = await until(WAIT, 'the reasons', () => {
    const found = lines(gateway, 'models could not be discovered');
    return found.length >= 5 && found;
  });
  for (const line of refused) assert.equal(line.kept, 1, JSON.stringify(line));
  said.now = listing('next');
  await lists(gateway, 'next');
  assert.ok(!(await ids(gateway)).includes('kept'));
  assert.equal((await gateway.chat({ model: 'next' })).status, 200);
});

play('what was found is known to a generation that comes later', async (stage) => {
  const said = { now: listing('lasting') };
  const { gateway } = await open(stage, said);
  await lists(gateway, 'lasting');
  said.now = failure(500);
  assert.equal((await gateway.fetch('POST', '/admin/scripts/reload')).status, 200);
  assert.ok((await ids(gateway)).includes('lasting'));
});

play('a provider that says nothing delays nobody', async (stage) => {
  const { asked, gateway } = await open(stage, { now: silence() });
  await until(WAIT, 'the question', () => asked.count > 0);
  const begun = Date.now();
  assert.equal((await gateway.chat({ model: 'anything' })).status, 200);
  assert.ok(Date.now() - begun < 2000 * PATIENCE);
});

play('nobody is asked unless the configuration says so', async (stage) => {
  const { asked, gateway } = await open(stage, { now: listing('unasked') }, {
    config: { discovery: { interval: '0s' } },
  });
  await gateway.chat({ model: 'x' });
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  assert.equal(asked.count, 0);
});

play('the variable of the compatible gateway switches it on', async (stage) => {
  const { gateway } = await open(stage, { now: listing('by-variable') }, {
    config: { discovery: {} }, env: { FERRO_MODEL_DISCOVERY_INTERVAL: '1m' },
  });
  await lists(gateway, 'by-variable');
});

play('Anthropic is asked for all of its models', async (stage) => {
  const { asked, gateway } = await open(stage, {
    now: whole({ data: [{ type: 'model', id: 'claude-next', display_name: 'Claude' }], has_more: false }),
  }, { provider: 'anthropic' });
  await lists(gateway, 'claude-next');
  assert.equal(asked.last.target, '/v1/models?limit=1000');
});
