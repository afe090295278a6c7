// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { fetch, request } from '../tools/client.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const PLUGIN = 'return { name = "mine", type = "guardrail", before_request = function() end }\n';
const SPEC = 'it("is mine", function() assert.are.equal("mine", (require "plugins.mine").name) end)\n';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

async function open(stage) {
  const scripts = stage.folder({ 'plugins/mine.lua': PLUGIN, 'spec/plugins/mine_spec.lua': SPEC });
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, env: { GATEWAY_SCRIPTS: scripts } });
  const write = (name, text) => fs.writeFileSync(`${scripts}/${name}`, text);
  const reload = (query = '') => gateway.fetch('POST', `/admin/scripts/reload${query}`);
  return { scripts, gateway, write, reload };
}

const find = (answer, name) => answer.json.scripts.find((script) => script.name === name && script.kind === 'plugins');

plays('the admin API over scripts', open, (act) => {
  act('lists every script with its spec and its calls', async ({ gateway }) => {
    const answer = await gateway.get('/admin/scripts');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.header('cache-control'), 'no-store');
    const { generation, last_rejected: rejected } = answer.json;
    assert.equal(generation.number, 1);
    assert.match(generation.id, /^[0-9a-f]{64}$/);
    assert.match(generation.activated_at, TIME);
    assert.equal(rejected, null);
    const mine = find(answer, 'mine');
    assert.equal(mine.source, 'operator');
    assert.match(mine.hash, /^[0-9a-f]{64}$/);
    assert.equal(mine.spec.passed, 1);
    assert.equal(mine.spec.failed, 0);
    assert.equal(typeof mine.spec.duration_ms, 'number');
    assert.deepEqual(Object.keys(mine.calls).sort(), ['count', 'faults', 'p99_us']);
    assert.ok(answer.json.scripts.some((script) => script.source === 'bundled' && script.spec === null));
  });

  act('a reload without a change changes nothing', async ({ reload }) => {
    const answer = await reload();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.generation.number, 1);
  });

  act('a reload answers with the new generation', async ({ gateway, write, reload }) => {
    write('plugins/mine.lua', `-- changed\n${PLUGIN}`);
    const answer = await reload();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.generation.number, 2);
    assert.deepEqual((await gateway.get('/admin/scripts')).json.generation, answer.json.generation);
  });

  act('a refused reload says why, and so does the list', async ({ gateway, write, reload, scripts }) => {
    write('spec/plugins/mine_spec.lua', 'it("is yours", function()\n  assert.are.equal(1, 2)\nend)\n');
    const answer = await reload();
    assert.equal(answer.status, 422, answer.text);
    const { error, reasons } = answer.json;
    assert.equal(error.code, 'generation_rejected');
    assert.equal(error.param, null);
    assert.match(error.message, /mine_spec\.lua:2: "is yours" failed/);
    assert.equal(reasons.length, 1);
    assert.equal(reasons[0].file, `${scripts}/spec/plugins/mine_spec.lua`);
    assert.equal(reasons[0].line, 2);
    assert.match(reasons[0].message, /"is yours" failed: Expected objects to be equal/);
    const list = (await gateway.get('/admin/scripts')).json;
    assert.equal(list.generation.number, 2);
    assert.deepEqual(list.last_rejected.reasons, reasons);
    assert.match(list.last_rejected.at, TIME);
    assert.equal((await reload()).status, 422, 'still on disk, refused again');
    write('spec/plugins/mine_spec.lua', SPEC);
    assert.equal((await reload()).status, 200);
  });

  act('a broken script is named with its line', async ({ write, reload, scripts }) => {
    write('plugins/mine.lua', 'return {\n  name = "mine",\n  type = "guardrail",\n  before_reqest = print,\n}\n');
    const answer = await reload();
    assert.equal(answer.status, 422, answer.text);
    const [reason] = answer.json.reasons;
    assert.equal(reason.file, `${scripts}/plugins/mine.lua`);
    assert.equal(typeof reason.line, 'number');
    write('plugins/mine.lua', PLUGIN);
    assert.equal((await reload()).status, 200);
  });

  act('every spec can be asked for', async ({ gateway, reload }) => {
    const answer = await reload('?specs=all');
    assert.equal(answer.status, 200, answer.text);
    const list = await gateway.get('/admin/scripts');
    const judged = (script) => script.kind !== 'strategies' && script.kind !== 'plugins' || script.spec?.passed > 0;
    const bundled = list.json.scripts.filter((script) => script.source === 'bundled');
    assert.deepEqual(bundled.filter((script) => !judged(script)).map((script) => script.name), []);
    assert.ok(bundled.filter((script) => script.spec).length > 20);
  });

  act('an older generation can be brought back', async ({ gateway }) => {
    const before = (await gateway.get('/admin/scripts/generations')).json.generations;
    assert.ok(before.length >= 2);
    assert.deepEqual(before.map((one) => one.number), before.map((one) => one.number).sort((a, b) => b - a));
    assert.equal(before.filter((one) => one.active).length, 1);
    const answer = await gateway.fetch('POST', '/admin/scripts/rollback/1');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.generation.number, 1);
    await until(2000, 'generation 1', async () => (await gateway.get('/admin/scripts')).json.generation.number === 1);
  });

  act('an unknown generation is a 404, no number a 400', async ({ gateway }) => {
    const post = (tail) => gateway.fetch('POST', `/admin/scripts/rollback/${tail}`);
    assertError(await post('99'), 404, { type: 'invalid_request_error', code: 'generation_not_found' });
    assertError(await post('one'), 400, { type: 'invalid_request_error', code: 'invalid_request' });
  });

  act('what a shadow saw can be asked for', async ({ gateway }) => {
    assert.equal((await gateway.get('/admin/scripts/shadow')).status, 200);
  });

  act('wrong methods and paths have the one error shape', async ({ gateway }) => {
    for (const path of ['/admin/scripts/reload', '/admin/scripts/rollback/1']) {
      const answer = await gateway.get(path);
      assertError(answer, 405, { code: 'method_not_supported' });
      assert.equal(answer.header('allow'), 'POST');
    }
    for (const path of ['/admin/scripts', '/admin/scripts/generations', '/admin/scripts/shadow']) {
      assertError(await gateway.fetch('POST', path), 405, { code: 'method_not_supported' });
    }
    assertError(await gateway.get('/admin/scripts/nothing'), 404, { code: 'unknown_url' });
    assertError(await gateway.get('/admin/nothing'), 404, { code: 'unknown_url' });
  });

  act('nobody without the key is answered', async ({ gateway }) => {
    for (const [method, path] of [['GET', '/admin/scripts'], ['POST', '/admin/scripts/reload'], ['GET', '/admin/x']]) {
      assertError(await fetch(gateway.port, method, path), 401, { code: 'missing_api_key' });
      const headers = { Authorization: 'Bearer wrong' };
      assertError(await fetch(gateway.port, method, path, { headers }), 401, { code: 'invalid_api_key' });
    }
  });
});

play('a gateway without any key has no admin and says how to get one', async (stage) => {
  const gateway = await stage.gateway({ key: null });
  for (const [method, path] of [['GET', '/admin/scripts'], ['POST', '/admin/scripts/reload']]) {
    assertError(await gateway.fetch(method, path), 401, { code: 'missing_api_key', message: /MASTER_KEY/ });
  }
  const connection = await gateway.connect();
  await connection.send(request('GET', '/admin/scripts', { headers: { Authorization: 'Bearer x' } }));
  assertError(await connection.answer(), 401, { code: 'missing_api_key', message: /MASTER_KEY/ });
  connection.close();
});
