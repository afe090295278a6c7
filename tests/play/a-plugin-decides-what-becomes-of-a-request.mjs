// SPDX-License-Identifier: Apache-2.0
// Verdicts, stages, order, what hooks share and what they may change: seen from outside.
import assert from 'node:assert/strict';

import { chunk, completion, failure, speech, stream as streamOf, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const plugin = (name, type, members) => (
  [`plugins/${name}.lua`, `return { name = "${name}", type = "${type}", ${members} }`]);

/** A gateway with these plugins, in this order; `config` by plugin. */
async function stand(stage, scripts, { entries, more = {} } = {}) {
  const upstream = await stage.upstream();
  upstream.answer(completion('hello'));
  const names = scripts.map(([file]) => /([\w-]+)\.lua$/.exec(file)[1]);
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: Object.fromEntries(scripts),
    config: { plugins: entries ?? names.map((name) => ({ name })), ...more },
  });
  return { upstream, gateway };
}

const told = (verdict, hook = 'before_request') => (
  plugin('judge', 'guardrail', `${hook} = function(ctx) return ctx:${verdict} end`));

const BEFORE = 'request rejected by judge (before_request)';
const REJECTIONS = {
  'reject {}': [400, 'invalid_request_error', 'request_rejected', BEFORE],
  'reject { reason = "no" }': [400, 'invalid_request_error', 'request_rejected', `${BEFORE}: no`],
  'reject { status = 401, code = "who" }': [401, 'authentication_error', 'who', BEFORE],
  'reject { status = 402, message = "pay" }': [402, 'insufficient_quota', 'request_rejected', 'pay'],
  'reject { status = 403, message = "m" }': [403, 'permission_error', 'request_rejected', 'm'],
  'reject { status = 451, message = "m" }': [451, 'invalid_request_error', 'request_rejected', 'm'],
  'reject { status = 503, message = "m" }': [503, 'server_error', 'request_rejected', 'm'],
};

/** Which of them it says, the request tells in a header. */
const JUDGE = plugin('judge', 'guardrail', `before_request = function(ctx)
  local verdicts = {
    ${Object.keys(REJECTIONS).map((verdict) => `function() return ctx:${verdict} end`).join(',\n    ')}
  }
  return verdicts[tonumber(ctx.headers:get("x-verdict"))]()
end`);

plays('before the request', (stage) => stand(stage, [JUDGE]), (act) => {
  Object.entries(REJECTIONS).forEach(([verdict, [status, type, code, message]], i) => {
    act(verdict, async ({ upstream, gateway }) => {
      assertError(await gateway.chat({}, { 'X-Verdict': `${i + 1}` }), status, { type, code, message });
      assert.equal(upstream.requests.length, 0, 'nobody was asked');
      const metrics = await gateway.metrics();
      assert.equal(metrics.value('gateway_requests_total', { status: 'rejected', model: MODEL }), i + 1);
      assert.equal(metrics.value('gateway_provider_errors_total'), 0);
    });
  });
});

play('a rate limit answers 429 with Retry-After, and is counted', async (stage) => {
  const { gateway } = await stand(stage, [plugin('slow', 'ratelimit',
    'before_request = function(ctx) return ctx:reject { reason = "rate limit exceeded" } end')]);
  const answer = await gateway.chat();
  assertError(answer, 429, { type: 'rate_limit_error', code: 'rate_limit_exceeded',
    message: 'request rejected by slow (before_request): rate limit exceeded' });
  assert.equal(answer.header('retry-after'), '1');
  assert.equal((await gateway.metrics()).value('gateway_rate_limit_rejections_total', { key_type: 'plugin' }), 1);
});

play('headers of a verdict reach the client', async (stage) => {
  const { gateway } = await stand(stage, [
    told('reject { status = 429, message = "m", headers = { ["Retry-After"] = "7", ["X-Limit"] = "3" } }')]);
  const answer = await gateway.chat();
  assert.deepEqual([answer.header('retry-after'), answer.header('x-limit')], ['7', '3']);
});

play('an answer that is refused is a 502', async (stage) => {
  const { gateway } = await stand(stage, [
    told('reject { reason = "response blocked by content policy" }', 'after_request')]);
  assertError(await gateway.chat(), 502, { type: 'upstream_error', code: 'response_rejected',
    message: 'response rejected by judge: response blocked by content policy' });
  const metrics = await gateway.metrics();
  assert.equal(metrics.value('gateway_requests_total', { status: 'rejected', provider: 'openai' }), 1);
  assert.equal(metrics.value('gateway_tokens_output_total', { provider: 'openai' }), 3, 'its tokens were spent');
  assert.equal(metrics.value('gateway_provider_errors_total'), 0);
});

plays('a plugin that answers in the provider\'s place', (stage) => stand(stage, [
  plugin('canned', 'transform', `before_request = function(ctx)
    if ctx.headers:get("x-text") then
      return ctx:respond { status = 202, body = "plain", headers = { ["X-Own"] = "1" } }
    end
    return ctx:respond { body = { id = "own", object = "chat.completion", created = 1, model = ctx.model,
      choices = { { index = 0, message = { role = "assistant", content = "canned" }, finish_reason = "stop" } } } }
  end`),
  plugin('later', 'guardrail', `before_request = function(ctx) ctx.state.later = true
      if ctx.headers:get("x-refuse") then return ctx:reject { status = 403, code = "later" } end end,
    after_request = function(ctx)
      for part in ctx:texts() do part:replace(part.text .. (ctx.state.later and "!" or "?")) end
    end`),
]), (act) => {
  act('is heard, and its answer goes through the others', async ({ gateway, upstream }) => {
    const answer = await gateway.chat();
    assert.deepEqual([answer.status, answer.json.choices[0].message.content], [200, 'canned!']);
    assert.equal(upstream.requests.length, 0);
  });
  act('gives a streaming client a stream', async ({ gateway }) => {
    const stream = await gateway.stream();
    const { list, done } = await drain(stream);
    stream.connection.close();
    assert.deepEqual([spelled(list), done, list.at(-1).choices[0].finish_reason], ['canned!', 1, 'stop']);
    assert.ok(list.every((one) => one.object === 'chat.completion.chunk' && one.id === 'own'));
  });
  act('costs no tokens', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_tokens_output_total'), 0);
  });
  act('may say something that is no completion', async ({ gateway }) => {
    const answer = await gateway.chat({}, { 'X-Text': '1' });
    assert.deepEqual([answer.status, answer.text, answer.header('x-own')], [202, 'plain', '1']);
    assert.match(answer.header('content-type'), /^text\/plain/);
  });
  act('can be refused by a later one', async ({ gateway }) => {
    assertError(await gateway.chat({}, { 'X-Refuse': '1' }), 403, { code: 'later' });
  });
});

play('plugins run in the order of the file, share their state, and change body and answer', async (stage) => {
  const { upstream, gateway } = await stand(stage, [
    plugin('first', 'transform', `before_request = function(ctx)
      ctx.state.seen = "1" ctx.body:set("metadata", { model = ctx.model, endpoint = ctx.endpoint, stream = ctx.stream,
        header = ctx.headers:get("X-Test"), key = ctx.key.name, none = ctx.target }) end`),
    plugin('second', 'transform', `before_request = function(ctx)
        ctx.state.seen = ctx.state.seen .. "2" ctx.body:set("user", ctx.state.seen) end,
      after_request = function(ctx)
        for part in ctx:texts() do part:replace(part.text:upper()) end
        ctx.response.body:set("seen", { ctx.state.seen, ctx.usage.total_tokens, ctx.target, ctx.provider,
          ctx.response.status }) end`),
  ]);
  const body = chatBody({ unknown: { kept: [1.50, 'é'] } });
  const answer = await gateway.chat(body, { 'X-Test': 'yes' });
  assert.equal(answer.json.choices[0].message.content, 'HELLO');
  assert.deepEqual(answer.json.seen, ['12', 12, 'openai', 'openai', 200]);
  const sent = upstream.last.body.toString();
  assert.ok(sent.startsWith(body.slice(0, -1)), 'every other byte stays');
  assert.deepEqual(upstream.last.json.metadata,
    { model: MODEL, endpoint: 'chat', stream: false, header: 'yes', key: 'master key' });
  assert.equal(upstream.last.json.user, '12');
});

play('an answer that no plugin changes keeps its bytes', async (stage) => {
  const { upstream, gateway } = await stand(stage, [plugin('reader', 'logging',
    'after_request = function(ctx) for part in ctx:texts() do local _ = part.text end end')]);
  const bytes = '{ "choices":[ {"index":0, "message":{"role":"assistant","content":"\\u0068i"}} ],"odd": 1.50 }';
  upstream.answer(whole(bytes));
  assert.equal((await gateway.chat()).text, bytes);
});

play('a transform may send a request to another model', async (stage) => {
  const { upstream, gateway } = await stand(stage, [plugin('router', 'transform',
    `before_request = function(ctx) ctx.body:set("model", "${MODEL}") end`)]);
  assert.equal((await gateway.chat({ model: 'nobody-knows' })).status, 200);
  assert.equal(upstream.last.json.model, MODEL);
});

play('no plugin runs for a model that nobody serves', async (stage) => {
  const { gateway } = await stand(stage, [told('reject { status = 403 }')]);
  assertError(await gateway.chat({ model: 'nobody-knows' }), 404, { code: 'model_not_found' });
});

play('a body that plugins made invalid is their fault', async (stage) => {
  const { gateway } = await stand(stage, [plugin('breaker', 'transform',
    'before_request = function(ctx) ctx.body:set("temperature", 9) end')]);
  assertError(await gateway.chat(), 500, { code: 'plugin_error' });
  assert.equal((await gateway.log('plugins made the request invalid')).error, 'temperature must be between 0 and 2');
});

const STAGED = plugin('staged', 'guardrail', `
  before_request = function(ctx) return ctx:reject { status = 403, code = "before" } end,
  after_request = function(ctx) return ctx:reject { status = 451, code = "after" } end,
  on_error = function(ctx) return ctx:reject { status = 418, code = "error" } end,
  on_chunk = { feed = function(state, text) return text:upper() end }`);

for (const [stage, status, code] of [
  ['before_request', 403, 'before'], ['after_request', 451, 'after'], ['on_error', 200], [undefined, 418, 'error'],
]) {
  play(`stage ${stage} selects its hooks`, async (scene) => {
    const { gateway } = await stand(scene, [STAGED], { entries: [{ name: 'staged', stage }] });
    const answer = await gateway.chat();
    if (status === 200) assert.equal(answer.status, 200);
    else assertError(answer, status, { code });
  });
}

play('stage after_request takes on_chunk along', async (stage) => {
  const { upstream, gateway } = await stand(stage, [STAGED], { entries: [{ name: 'staged', stage: 'after_request' }] });
  upstream.answer(speech(['ab', 'cd']));
  const stream = await gateway.stream();
  const { list, done } = await drain(stream);
  stream.connection.close();
  assert.equal(spelled(list), 'ABCD');
  assert.deepEqual([list.at(-1).error.code, done], ['after', 0], 'what was said cannot be unsaid');
});

play('one plugin at two stages is opened once', async (stage) => {
  const { gateway } = await stand(stage, [plugin('both', 'transform', `
    open = function() return { count = 0 } end,
    before_request = function(_, _, opened) opened.count = opened.count + 1 end,
    after_request = function(ctx, _, opened) ctx.response.body:set("count", opened.count) end`)],
  { entries: [{ name: 'both', stage: 'before_request' }, { name: 'both', stage: 'after_request' }] });
  assert.equal((await gateway.chat()).json.count, 1);
  assert.equal((await gateway.chat()).json.count, 2);
});

play('a ctx that is kept is over with its request', async (stage) => {
  const { gateway } = await stand(stage, [['plugins/keeper.lua', `local kept
    return { name = "keeper", type = "guardrail", before_request = function(ctx)
      if kept then local model = kept.model error("kept " .. model) end kept = ctx end }`]]);
  assert.equal((await gateway.chat()).status, 200);
  assertError(await gateway.chat(), 500, { code: 'plugin_error' });
  assert.match((await gateway.log('plugin failed')).error, /ctx is over$/);
});

plays('on_error', (stage) => stand(stage, [
  plugin('watcher', 'logging', `on_error = function(ctx)
    require("gateway.log").info("watched",
      { code = ctx.error.code, status = ctx.error.status, target = ctx.target or "none" })
    ctx.error.status = 200 end`),
]), (act) => {
  const watched = (gateway, count) => gateway.log(() => gateway.logs.filter((line) => line.msg === 'watched')[count]);
  act('sees an upstream\'s 400, and cannot change it', async ({ upstream, gateway }) => {
    upstream.answer(failure(400, { code: 'theirs' }));
    assertError(await gateway.chat(), 400, { code: 'theirs' });
    assert.ok(await watched(gateway, 0));
    const line = gateway.logs.find((one) => one.msg === 'watched');
    assert.deepEqual([line.code, line.status, line.target], ['theirs', 400, 'openai']);
  });
  act('sees an error of the gateway\'s own', async ({ gateway }) => {
    assertError(await gateway.chat({ messages: [] }), 400, { code: 'invalid_request' });
    assert.ok(await watched(gateway, 1));
    assertError(await gateway.chat('{"model":'), 400, { code: 'invalid_request' });
    assert.ok(await watched(gateway, 2));
  });
  act('sees a stream that breaks', async ({ upstream, gateway }) => {
    upstream.answer(streamOf([chunk({ content: 'half' })], { end: 'cut' }));
    const stream = await gateway.stream();
    const { list, done } = await drain(stream);
    stream.connection.close();
    assert.deepEqual([list.at(-1).error.code, done], ['upstream_stream_truncated', 0]);
    assert.ok(await watched(gateway, 3));
  });
});

play('a plugin that only looks at whole answers sees a stream once it has been said', async (stage) => {
  const { upstream, gateway } = await stand(stage, [plugin('looker', 'logging', `after_request = function(ctx)
    local choice = ctx.response.body:get("choices[0]")
    require("gateway.log").info("looked",
      { length = #choice.message.content, finish = choice.finish_reason, total = ctx.usage.total_tokens })
  end`)]);
  upstream.answer(speech(['one ', 'two ', 'three']));
  const stream = await gateway.stream();
  const { list, done, complete } = await drain(stream);
  stream.connection.close();
  assert.deepEqual([spelled(list), done, complete], ['one two three', 1, true]);
  assert.equal(list.filter((one) => one.usage).length, 0);
  const line = await gateway.log('looked');
  assert.deepEqual([line.length, line.finish, line.total], [13, 'stop', 12]);
});

const NO_SECRETS = `local match = require "gateway.match"

return {
  name = "no-secrets", type = "guardrail",
  schema = { words = { "array", of = "string", required = true } },
  open = function(conf) return match.literals(conf.words, { caseless = true }) end,
  before_request = function(ctx, conf, set)
    for part in ctx:texts() do
      if set:find(part.text) then return ctx:reject { status = 400, code = "blocked_content", message = "not this" } end
    end
  end,
}`;

play('the first guardrail anybody writes works as it is written', async (stage) => {
  const { upstream, gateway } = await stand(stage, [['plugins/no-secrets.lua', NO_SECRETS]],
    { entries: [{ name: 'no-secrets', config: { words: ['tulip'] } }] });
  const say = (content) => gateway.chat({ messages: [{ role: 'user', content }] });
  assert.equal((await say('a rose')).status, 200);
  assertError(await say('a TuLiP'), 400, { code: 'blocked_content', message: 'not this' });
  assertError(await say([{ type: 'text', text: 'one tulip' }]), 400, { code: 'blocked_content' });
  assert.equal(upstream.requests.length, 1);
});

play('a configuration that a plugin does not take refuses the start, with its line', async (stage) => {
  const gateway = await stage.gateway({
    ready: null, scripts: { 'plugins/no-secrets.lua': NO_SECRETS },
    yaml: 'targets: auto\nplugins:\n  - name: no-secrets\n    config: { wrods: [a] }\n',
  });
  const { code, err } = await gateway.exit;
  assert.notEqual(code, 0);
  assert.match(err, /gateway\.yaml:4:15: plugins\[0\]\.config\.wrods: unknown key "wrods"; did you mean "words"\?/);
  assert.match(err, /plugins\[0\]\.config\.words: words is required/);
  stage.gateways = [];
});

play('a plugin that cannot be opened refuses the start', async (stage) => {
  const gateway = await stage.gateway({
    ready: null, config: { plugins: [{ name: 'closed' }] },
    scripts: Object.fromEntries([plugin('closed', 'guardrail', 'open = function(conf) error("no words") end')]),
  });
  const { code, err } = await gateway.exit;
  assert.notEqual(code, 0);
  assert.match(err, /plugins\/closed\.lua:1: open: no words/);
  stage.gateways = [];
});
