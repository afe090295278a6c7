// SPDX-License-Identifier: Apache-2.0
// scripts.shadow: a candidate beside the live script, on real requests.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { performance } from 'node:perf_hooks';

import { MODEL, PROMPT } from '../tools/gateway.mjs';
import { completion, silence } from '../tools/answers.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const LIVE = `
return {
  name = "short", type = "guardrail", schema = { most = { "integer", default = 50 } },
  before_request = function(ctx, conf)
    for part in ctx:texts() do
      if #part.text > conf.most then return ctx:reject { code = "too_long", message = "too long" } end
    end
  end,
}
`;

/** The same plugin, with `body` as its before_request. */
const candidate = (body, more = '') => `
local clock = require "gateway.clock"
local http = require "gateway.http"
local shared = require "gateway.shared"
local task = require "gateway.task"
return {
  name = "short", type = "guardrail",
  schema = { most = { "integer", default = 50 }, other = { "integer", default = 3 } },
  before_request = function(ctx, conf)
    local text = ctx.body:get "messages[0].content"
    ${body}
  end,
  ${more}
}
`;

async function stageWith(stage, script, config = {}) {
  const upstream = await stage.upstream();
  const scripts = stage.folder({ 'plugins/short.lua': LIVE, 'candidate.lua': script });
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { GATEWAY_SCRIPTS: scripts }, config: {
      plugins: [{ name: 'short', config: { most: 100 } }], scripts: { shadow: 'short@candidate.lua' }, ...config,
    },
  });
  const shadow = async () => (await gateway.get('/admin/scripts/shadow')).json;
  const seen = async (runs) => {
    await until(20_000, `${runs} runs`, async () => (await shadow()).runs >= runs);
    return shadow();
  };
  return { upstream, gateway, scripts, seen };
}

plays('a shadow that decides', async (stage) => stageWith(stage, candidate(`
    if text:find "refuse" then return ctx:reject { status = 403, code = "other" } end
    if text:find "rewrite" then ctx.body:set("messages[0].content", "changed") end
    if text:find "answer" then return ctx:respond { body = "mine" } end
    if text:find "raise" then error(text) end
    if text:find "loop" then while true do end end
    if text:find "sleep" then clock.sleep(60000) end
    if text:find "wrong" then return "nonsense" end
    if text:find "effects" then
      shared.set("canary", "x")
      task.later(function() shared.set("canary", "x") end)
      local answer = http.fetch { url = "http://127.0.0.1:1/" }
      if answer or shared.get "canary" ~= "x" then error "it has an effect" end
    end
    if ctx.headers:get "x-h" ~= "v" or ctx.model ~= "${MODEL}" then error "no request" end
    if conf.most ~= 100 or conf.other ~= 3 then error "no configuration" end
`)), (act) => {
  const says = (content) => [{ messages: [{ role: 'user', content }] }, { 'X-H': 'v' }];
  let runs = 0;

  act('and agrees leaves no difference', async ({ gateway, seen }) => {
    assert.equal((await gateway.chat(...says('hello'))).status, 200);
    assertError(await gateway.chat({ messages: [{ role: 'user', content: 'x'.repeat(101) }] }, { 'X-H': 'v' }), 400);
    runs += 2;
    const report = await seen(runs);
    assert.deepEqual(report.shadow, { kind: 'plugins', name: 'short', file: 'candidate.lua' });
    assert.deepEqual(report.differences.map(({ live, shadow }) => [live, shadow]),
      [[{ verdict: 'reject', status: 400, code: 'too_long' }, { verdict: 'none' }]]);
  });
  for (const [word, expected] of [
    ['refuse', { verdict: 'reject', status: 403, code: 'other' }], ['rewrite', { verdict: 'rewrite' }],
    ['answer', { verdict: 'respond', status: 200 }], ['raise', { fault: true, code: 'script_error' }],
    ['loop', { fault: true, code: 'script_cpu_limit' }], ['wrong', { fault: true, code: 'script_error' }],
  ]) {
    act(`otherwise is reported: ${word}`, async ({ upstream, gateway, seen }) => {
      upstream.answer(completion('fine'));
      const answer = await gateway.chat(...says(`${word} ${PROMPT}`));
      assert.equal(answer.status, 200, 'the live answer is as it was');
      assert.equal(upstream.last.json.messages[0].content, `${word} ${PROMPT}`);
      runs += 1;
      const [newest] = (await seen(runs)).differences;
      assert.equal(newest.trace_id, answer.header('x-request-id'));
      assert.deepEqual([newest.hook, newest.live], ['before_request', { verdict: 'none' }]);
      for (const [name, value] of Object.entries(expected)) assert.equal(newest.shadow[name], value);
      assert.ok(!JSON.stringify(newest).includes(PROMPT));
    });
  }
  act('is compared on requests whose client leaves, too', async ({ upstream, gateway, seen }) => {
    upstream.answer(silence(), completion('fine'));
    const connection = await gateway.connect();
    await connection.send(gateway.chatRequest(...says('hello')));
    await upstream.request(upstream.requests.length + 1);
    connection.reset();
    runs += 1;
    await seen(runs);
  });
  act('is compared on what passes through, too', async ({ gateway, seen }) => {
    const [body, headers] = says('hello');
    const answer = await gateway.fetch('POST', '/v1/something/else', {
      headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ model: MODEL, ...body }),
    });
    assert.equal(answer.status, 200, answer.text);
    runs += 1;
    await seen(runs);
  });
  act('has no effect and does not wait', async ({ gateway, seen }) => {
    for (const word of ['effects', 'sleep']) assert.equal((await gateway.chat(...says(word))).status, 200);
    runs += 2;
    const report = await seen(runs);
    assert.deepEqual([report.differs, report.faults, report.skipped], [7, 3, 0]);
  });
  act('and loops in every request delays none of them', async ({ gateway, seen }) => {
    const slowest = async (word) => {
      let most = 0;
      for (let i = 0; i < 30; i++) {
        const start = performance.now();
        assert.equal((await gateway.chat(...says(word))).status, 200);
        most = Math.max(most, performance.now() - start);
      }
      return most;
    };
    const before = await slowest('hello');
    assert.ok(await slowest('loop') < before + 500);
    runs += 60;
    assert.ok((await seen(runs)).faults >= 30);
  });
  act('anew when its file changes', async ({ gateway, scripts, seen }) => {
    const number = async () => (await gateway.get('/admin/scripts')).json.generation.number;
    const before = await number();
    fs.writeFileSync(`${scripts}/candidate.lua`, candidate('return ctx:reject { code = "newer" }'));
    await until(5000, 'the new generation', async () => (await number()) > before);
    await gateway.chat(...says('hello'));
    await until(5000, 'its difference', async () => (
      (await seen(1)).differences.some(({ shadow }) => shadow.code === 'newer')));
  });
});

const BACKWARDS = `
return { name = "fallback", choose = function(targets)
  local turned = {}
  for i, target in ipairs(targets) do
    turned[#targets + 1 - i] = target
    target.name = target.name .. "!"
  end
  return turned
end }
`;

play('a shadow of a strategy orders targets beside the live one', async (stage) => {
  const [one, two] = [await stage.upstream(), await stage.upstream()];
  const file = `${stage.folder({ 'backwards.lua': BACKWARDS })}/backwards.lua`;
  const gateway = await stage.gateway({
    targets: { openai: one, groq: two }, config: { scripts: { shadow: `fallback@${file}` } },
  });
  for (let i = 0; i < 3; i++) assert.equal((await gateway.chat()).status, 200);
  assert.deepEqual([one.requests.length, two.requests.length], [3, 0]);
  const report = async () => (await gateway.get('/admin/scripts/shadow')).json;
  await until(5000, 'three runs', async () => (await report()).runs === 3);
  const { differs, differences: [newest] } = await report();
  assert.equal(differs, 3);
  assert.deepEqual([newest.hook, newest.live, newest.shadow],
    ['choose', { order: ['openai', 'groq'] }, { order: ['groq!', 'openai!'] }]);
});

play('a shadow that cannot be loaded is refused with its place', async (stage) => {
  const upstream = await stage.upstream();
  for (const [file, words] of [
    [candidate('').replace('type =', 'before_reqest = 1, type ='), /before_reqest/],
    [candidate('local function'), /candidate\.lua:\d+/],
    ['return 5', /must return a table/], ['error "at load"', /at load/],
  ]) {
    const scripts = stage.folder({ 'plugins/short.lua': LIVE, 'candidate.lua': file });
    const gateway = await stage.gateway({
      targets: { openai: upstream }, env: { GATEWAY_SCRIPTS: scripts }, ready: null, expect: {},
      config: { plugins: [{ name: 'short' }], scripts: { shadow: 'short@candidate.lua' } },
    });
    const { code, err } = await gateway.exit;
    gateway.signalled = true;
    assert.notEqual(code, 0);
    assert.match(err, words);
    stage.gateways.pop();
  }
});
