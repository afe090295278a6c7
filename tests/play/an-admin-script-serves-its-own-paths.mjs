// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { fetch } from '../tools/client.mjs';
import { PATIENCE, assertError, play, plays } from '../tools/play.mjs';
import { Scripts } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const hello = (word) => `return {
  path = "/admin/hello",
  GET = function(call, view) view.respond(call, 200, { hello = "${word}" }) end,
}
`;

play('a saved admin script answers within a second, and a broken one changes nothing', async (stage) => {
  const scripts = new Scripts(stage.folder({ 'readme.txt': 'nothing yet' }));
  const gateway = await stage.gateway({ env: { GATEWAY_SCRIPTS: scripts.dir, WORKERS: '2' } });
  const says = async (word) => {
    const begun = Date.now();
    await until(10_000, `hello ${word}`, async () => (await gateway.get('/admin/hello')).json?.hello === word);
    assert.ok(Date.now() - begun < 1000 * PATIENCE * 3, `it took ${Date.now() - begun} ms`);
  };
  assertError(await gateway.get('/admin/hello'), 404, { code: 'unknown_url' });
  scripts.save('admin/hello.lua', hello('one'));
  await says('one');
  assert.equal((await gateway.get('/admin/hello')).header('cache-control'), 'no-store');
  scripts.replace('admin/hello.lua', hello('two'));
  await says('two');
  scripts.save('admin/hello.lua', 'return { path = "/admin/hello",\n  GTE = function() end,\n}\n');
  const line = await gateway.log('generation rejected');
  assert.match(line.reason, /hello\.lua:2: unknown member "GTE"; did you mean "GET"\?/);
  await says('two');
  scripts.remove('admin/hello.lua');
  await until(10_000, 'its end', async () => (await gateway.get('/admin/hello')).status === 404);
});

play('two scripts that serve the same are refused by both their names; a bundled one is replaced', async (stage) => {
  const scripts = new Scripts(stage.folder({ 'admin/hello.lua': hello('one') }));
  const gateway = await stage.gateway({ env: { GATEWAY_SCRIPTS: scripts.dir } });
  scripts.save('admin/taken.lua', 'return { path = "/admin/scripts", GET = function() end }\n');
  const line = await gateway.log('generation rejected');
  assert.match(line.reason, /taken\.lua:1: GET \/admin\/scripts is served by admin\/scripts\.lua already/);
  scripts.remove('admin/taken.lua');
  scripts.save('spec/admin/scripts_spec.lua', 'it("is mine", function() end)\n');
  scripts.save('admin/scripts.lua', hello('mine').replace('/hello', '/scripts'));
  await until(10_000, 'its own', async () => (await gateway.get('/admin/scripts')).json.hello === 'mine');
  assertError(await gateway.get('/admin/scripts/generations'), 404, { code: 'unknown_url' });
  scripts.remove('admin/scripts.lua');
  await until(10_000, 'the bundled one', async () => (await gateway.get('/admin/scripts')).json.generation);
});

const FAULTS = `local faults = {
  raises = function() error("on purpose") end,
  reads = function() return (nil).member end,
  loops = function() while true do pcall(function() while true do end end) end end,
  eats = function() local t = {} while true do t[#t + 1] = ("x"):rep(4e6) .. #t end end,
  silent = function() end,
  encodes = function(call, view) view.respond(call, 200, { print }) end,
  streams = function(call) call:stream() call:write("data: 1\\n\\n") end,
}
return {
  { path = "/admin/faults/{how}", GET = function(call, view, params) return faults[params.how](call, view) end },
  { path = "/admin/twice", GET = function(call, view)
    view.respond(call, 200, { once = true })
    view.respond(call, 200, { twice = true })
  end },
  { path = "/admin/echo/{a}/{b}", POST = function(call, view, params)
    local id, name, admin = call:key()
    view.respond(call, 201, {
      params = params, method = call:method(), path = call:path(), q = call:query "q", header = call:header "X-Mine",
      body = view.read(call), key = { id = id, name = name, admin = admin }, trace_id = call:trace_id(),
    }, { ["X-More"] = "yes" })
  end },
}
`;
const CODES = { loops: /^script_cpu_limit$/, eats: /^script_(memory|cpu)_limit$/ };
const RAISING = ['raises', 'reads', 'loops', 'eats', 'silent', 'encodes'];

plays('a handler', async (stage) => {
  const upstream = await stage.upstream();
  return stage.gateway({ targets: { openai: upstream }, scripts: { 'admin/faults.lua': FAULTS } });
}, (act) => {
  const failed = (gateway) => gateway.logs.filter((line) => line.msg === 'script failed');
  const calls = async (gateway) => (await gateway.get('/admin/scripts')).json.scripts.find((script) => (
    script.kind === 'admin' && script.name === 'faults')).calls;

  for (const how of RAISING) {
    act(`that ${how} is a 500 and costs nobody else anything`, async (gateway) => {
      const before = failed(gateway).length;
      const [answer, chat] = await Promise.all([gateway.get(`/admin/faults/${how}`), gateway.chat()]);
      const { message } = assertError(answer, 500, { type: 'server_error', code: 'script_error' });
      assert.equal(message, 'the gateway could not complete the request');
      assert.equal(chat.status, 200);
      await until(3000, 'its line', () => failed(gateway).length > before);
      const line = failed(gateway)[before];
      assert.equal(line.script, 'admin/faults');
      assert.match(line.code, CODES[how] ?? /^script_error$/);
    });
  }

  act('that answers twice has answered once, and failed', async (gateway) => {
    const answer = await gateway.get('/admin/twice');
    assert.deepEqual([answer.status, answer.json], [200, { once: true }]);
    await gateway.log((line) => line.msg === 'script failed' && /answered already/.test(line.error));
  });

  act('is counted, with each of its faults', async (gateway) => {
    const { count, faults } = await calls(gateway);
    assert.deepEqual([count >= RAISING.length + 1, faults], [true, RAISING.length + 1]);
    const metrics = await gateway.metrics();
    const value = (kind) => metrics.value('gateway_script_faults_total', { kind, name: 'admin/faults' });
    assert.ok(value('script_error') >= 5);
    assert.ok(value('script_cpu_limit') >= 1);
  });

  act('that leaves its stream open does not leave its client waiting', async (gateway) => {
    const answer = await gateway.get('/admin/faults/streams');
    assert.match(answer.text, /^data: 1\n\ndata: \{"error":.*"script_error"/);
  });

  act('has the request before it', async (gateway) => {
    const answer = await gateway.fetch('POST', '/admin/echo/a%20b/%C3%A9?q=1&r=2', {
      headers: { 'X-Mine': 'mine' }, body: '{"deep":[1,null]}',
    });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.header('x-more'), 'yes');
    const { trace_id: trace, key, ...rest } = answer.json;
    assert.deepEqual(rest, {
      params: { a: 'a b', b: 'é' }, method: 'POST', path: '/admin/echo/a%20b/%C3%A9', q: '1', header: 'mine',
      body: { deep: [1, null] },
    });
    assert.equal(trace, answer.header('x-request-id'));
    assert.equal(key.admin, true);
  });

  act('is reached with a key alone, whatever its methods', async (gateway) => {
    for (const method of ['GET', 'POST', 'PUT']) {
      assertError(await fetch(gateway.port, method, '/admin/echo/a/b'), 401, { code: 'missing_api_key' });
    }
    const answer = await gateway.fetch('PUT', '/admin/echo/a/b');
    const message = 'Only POST requests are accepted on /admin/echo/a/b.';
    assertError(answer, 405, { code: 'method_not_supported', message });
    assert.equal(answer.header('allow'), 'POST');
  });
});
