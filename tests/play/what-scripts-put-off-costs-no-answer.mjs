// SPDX-License-Identifier: Apache-2.0
// task.later from inside a request: the handler of GET /v1/models puts off what a header names.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { whole } from '../tools/answers.mjs';
import { programWith } from '../tools/program.mjs';
import { until } from '../tools/wire.mjs';

programWith({ 'admin/models.lua': `
local clock = require "gateway.clock"
local http = require "gateway.http"
local json = require "gateway.json"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local task = require "gateway.task"
local work = {
  says = function(_, said) log.info("put off", { said = said }) end,
  posts = function(url) http.fetch { url = url, body = "put off" } end,
  sleeps = function() clock.sleep(50) metrics.count "slept" end,
  ["sleeps long"] = function() clock.sleep(60000) end,
  raises = function() error "on purpose" end,
  ["never ends"] = function() while true do pcall(function() while true do end end) end end,
  ["fills the memory"] = function() local t = {} while true do t[#t + 1] = ("x"):rep(4e6) .. #t end end,
  ["uses the call"] = function(_, _, call) local ok, why = pcall(call.path, call) log.info("asked", { why = why }) end,
  chains = function() task.later(function() log.info "chained" end) end,
}
local function models(call)
  local name, taken = call:header "x-work", 0
  for _ = 1, tonumber(call:header "x-times" or 1) do
    if task.later(work[name], call:header "x-url", call:header "x-said", call) then taken = taken + 1 end
  end
  call:respond(200, "application/json", json.encode { taken = taken })
end
return { models = models }
` });
const { plays } = await import('../tools/play.mjs');

plays('what a script puts off', async (stage) => {
  const service = await stage.upstream();
  const gateway = await stage.gateway({ config: { scripts: { http_allow: ['127.0.0.1'] } } });
  const ask = async (work, { times = 1, said = 'x' } = {}) => {
    const url = `http://127.0.0.1:${service.port}/`;
    const headers = { 'X-Work': work, 'X-Times': String(times), 'X-Url': url, 'X-Said': said };
    const answer = await gateway.get('/v1/models', { headers });
    assert.equal(answer.status, 200);
    return answer.json.taken;
  };
  return { service, gateway, ask };
}, (act) => {
  act('runs with the values it was given', async ({ gateway, ask }) => {
    assert.equal(await ask('says', { said: 'hello' }), 1);
    await gateway.log((line) => line.msg === 'put off' && line.said === 'hello');
  });
  act('may wait, and counts', async ({ gateway, ask }) => {
    await ask('sleeps');
    await until(3000, 'the count', async () => (
      (await gateway.metrics()).value('gateway_script_events_total', { name: 'slept' }) === 1));
  });
  act('may put off more', async ({ gateway, ask }) => {
    await ask('chains');
    await gateway.log('chained');
  });
  act('finds the call it came from over', async ({ gateway, ask }) => {
    await ask('uses the call');
    const line = await gateway.log('asked');
    assert.match(line.why, /is over/);
  });
  for (const [name, code] of [['raises', /^script_error$/], ['never ends', /^script_cpu_limit$/],
    ['fills the memory', /^script_(memory|cpu)_limit$/]]) {
    act(`fails alone, is logged and counted: ${name}`, async ({ gateway, ask }) => {
      const failed = () => gateway.logs.filter((line) => line.msg === 'background work of a script failed');
      const before = failed().length;
      await ask(name);
      await until(5000, 'the line', () => failed().length > before);
      assert.match(failed()[before].code, code);
      assert.equal(await ask('says'), 1, 'the next request is served');
    });
  }
  act('is counted as a fault of its script', async ({ gateway }) => {
    assert.equal((await gateway.metrics()).value('gateway_script_faults_total'), 3);
  });
  act('is bounded, and says so', async ({ service, gateway, ask }) => {
    service.answer(whole('ok', { delay: 300 }));
    const taken = await ask('posts', { times: 400 });
    assert.ok(taken >= 250 && taken <= 256 + 32, `${taken} taken`);
    assert.equal((await gateway.metrics()).value('gateway_script_events_total', { name: 'task.refused' }), 400 - taken);
    await until(20000, 'all that was taken', () => service.complete === taken);
    assert.ok(service.connections.length <= 32, 'at most 32 run at once');
  });
  act('leaves requests their time, also when it loops', async ({ gateway, ask }) => {
    const failed = () => gateway.logs.filter((line) => line.code === 'script_cpu_limit').length;
    const before = failed();
    await ask('never ends', { times: 20 });
    let slowest = 0;
    while (failed() < before + 20) {
      const start = performance.now();
      assert.equal((await gateway.get('/livez')).status, 200);
      slowest = Math.max(slowest, performance.now() - start);
    }
    assert.ok(slowest < 500, `the slowest answer took ${slowest} ms`);
  });
  act('does not keep a gateway from its end', async ({ gateway, ask }) => {
    assert.equal(await ask('sleeps long', { times: 40 }), 40);
    const start = performance.now();
    const { code } = await gateway.stop();
    assert.equal(code, 0);
    assert.ok(performance.now() - start < 10_000);
  });
});
