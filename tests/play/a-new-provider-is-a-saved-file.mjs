// SPDX-License-Identifier: Apache-2.0
// A provider, and a wire format that nobody else speaks, arrive while the gateway runs: a file each.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

import { completion, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { PATIENCE, assertError, play } from '../tools/play.mjs';
import { Scripts, slowness, told } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const KEY = 'canary-key-of-the-house-7700';

const HOUSE = `return {
  name = "house", title = "House", dialect = "openai_chat", base = "http://127.0.0.1:9/v1",
  env = { key = { "HOUSE_API_KEY" }, base = { "HOUSE_BASE_URL" } },
  auth = { header = "authorization", prefix = "Bearer " }, models = { prefixes = { "house-" } },
}
`;

/** A gateway that uses whatever provider has its variables, with the variables of two that do not exist yet. */
async function open(stage) {
  const upstream = await stage.upstream();
  const scripts = new Scripts(stage.folder({ 'readme.txt': 'nothing yet' }));
  const gateway = await stage.gateway({ yaml: 'targets: auto\n', env: {
    GATEWAY_SCRIPTS: scripts.dir, HOUSE_API_KEY: KEY, HOUSE_BASE_URL: upstream.url,
    INKWELL_API_KEY: KEY, INKWELL_BASE_URL: `http://127.0.0.1:${upstream.port}`,
  } });
  return { upstream, scripts, gateway };
}

/** Saves files; resolves once a chat with the model is answered, which must be within a second. */
async function arrives({ gateway, scripts }, files, model) {
  for (const [name, text] of Object.entries(files)) scripts.save(name, text);
  const begun = Date.now(), limit = 1000 * slowness();
  const answer = await until(limit * 2, `an answer of ${model}`, async () => {
    const got = await gateway.chat({ model });
    return got.status === 200 && got;
  });
  const took = Date.now() - begun;
  assert.ok(took <= limit, `it took ${took} ms until ${model} answered`);
  return answer;
}

const inkwell = () => Object.fromEntries(['providers/dialects/inkwell.lua', 'providers/inkwell.lua',
  'spec/providers/dialects/inkwell_spec.lua', 'spec/providers/inkwell_spec.lua'].map((name) => (
  [name, fs.readFileSync(`${EXAMPLES}/${name}`, 'utf8')])));

play('a provider of data is called within a second of being saved, and gone when it is deleted', async (stage) => {
  const house = await open(stage);
  const { upstream, scripts, gateway } = house;
  upstream.answer(completion('at your service'));
  assertError(await gateway.chat({ model: 'house-1' }), 404, { code: 'model_not_found' });
  const answer = await arrives(house, { 'providers/house.lua': HOUSE }, 'house-1');
  assert.equal(answer.json.choices[0].message.content, 'at your service');
  assert.equal(answer.header('x-gateway-provider'), 'house');
  assert.equal(upstream.last.header('authorization'), `Bearer ${KEY}`);
  assert.equal((await gateway.chat({ model: 'house/anything' })).status, 200);
  scripts.remove('providers/house.lua');
  await until(3000 * PATIENCE, 'the end of the provider', async () => (
    (await gateway.chat({ model: 'house-1' })).status === 404));
});

const said = { says: 'ink', why: 'end', spent: { in: 3, out: 5 } };
const lines = [{ says: 'in' }, { says: 'k' }, { why: 'end', spent: { in: 3, out: 5 } }]
  .map((line) => `${JSON.stringify(line)}\n`).join('');
const answering = async (io, request) => (request.json.live
  ? whole(lines, { headers: { 'Content-Type': 'application/x-ndjson' } }) : whole(said))(io, request);

play('a wire format of the house\'s own arrives the same way, for every client', async (stage) => {
  const house = await open(stage);
  const { upstream, gateway } = house;
  upstream.answer(answering);
  const answer = await arrives(house, inkwell(), 'ink-1');
  assert.deepEqual([answer.json.choices[0].message.content, answer.json.usage.total_tokens], ['ink', 8]);
  assert.equal(upstream.last.target, '/talk');
  assert.equal(upstream.last.header('x-inkwell-key'), KEY);
  const stream = await gateway.stream({ model: 'ink-1' });
  const { list, done } = await drain(stream);
  assert.deepEqual([spelled(list), done], ['ink', 1]);
  stream.connection.close();
  const message = await gateway.fetch('POST', '/v1/messages', { body: JSON.stringify({
    model: 'ink-1', max_tokens: 7, messages: [{ role: 'user', content: 'Hi' }],
  }) });
  assert.equal(message.status, 200, message.text);
  assert.equal(message.json.content[0].text, 'ink');
  assert.equal(upstream.last.json.most, 7);
});

play('a wire format that fails its spec changes nothing', async (stage) => {
  const house = await open(stage);
  const { upstream, scripts, gateway } = house;
  upstream.answer(answering);
  await arrives(house, inkwell(), 'ink-1');
  const text = inkwell()['providers/dialects/inkwell.lua'];
  scripts.save('providers/dialects/inkwell.lua', text.replace('"says", "string"', '"said", "string"'));
  const line = await gateway.log('generation rejected', 5000 * PATIENCE);
  assert.match(line.reason, /inkwell/);
  assert.equal((await gateway.chat({ model: 'ink-1' })).json.choices[0].message.content, 'ink');
  assert.equal(told(gateway, 'generation rejected'), 1);
});
