// SPDX-License-Identifier: Apache-2.0
// What plugins find in a request, what they make of it, and that what they keep is good for one request only. The
// plugins are told what to do by headers.
import assert from 'node:assert/strict';

import { completion, whole } from '../tools/answers.mjs';
import { programWith } from '../tools/program.mjs';

programWith({
  'plugins/seen.lua': `
local match = require "gateway.match"
return {
  name = "seen", type = "guardrail",
  open = function() return match.literals({ "forbidden", "verboten" }, { caseless = true }) end,
  before_request = function(ctx, conf, set)
    local part, from, to, index = ctx:find(set)
    if part then
      local found = ("%s %s %s %s %d"):format(part.path, tostring(part.role), part.kind, part.text:sub(from, to), index)
      return ctx:reject { status = 400, code = "found", message = found }
    end
  end,
}`,
  'plugins/shaped.lua': `
local json = require "gateway.json"
local kept = {}
return {
  name = "shaped", type = "transform",
  before_request = function(ctx)
    local steps = ctx.headers:get "x-edit"
    if ctx.headers:get "x-late" then
      local what, part, body = ctx.headers:get "x-late", ctx:texts()(), ctx.body
      if kept[what] then return ctx:reject { message = select(2, pcall(kept[what])) } end
      local uses = {
        part = function() return part.text end, body = function() return body:get "model" end,
        ctx = function() return ctx.model end,
      }
      kept[what] = uses[what]
    end
    if ctx.headers:get "x-loud" then
      for part in ctx:texts() do
        if part.kind == "text" then part:replace(part.text:upper() .. "\\n\\"") end
      end
    end
    for _, step in ipairs(steps and json.decode(steps) or {}) do ctx.body:set(step[1], step[2]) end
  end,
  after_request = function(ctx)
    if not ctx.headers:get "x-mask" then return ctx.response.body:set("mine", true) end
    for part in ctx:texts() do
      if part.kind == "text" then part:replace((part.text:gsub("secret", "[gone]"))) end
    end
  end,
}`,
});
const { PATIENCE, plays } = await import('../tools/play.mjs');

plays('plugins and the texts of a request', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('fine'));
  const config = { plugins: [{ name: 'shaped' }, { name: 'seen' }] };
  const scripts = { cpu_limit: `${20 * PATIENCE}ms` };
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { scripts, ...config } });
  const sent = async (body, headers) => {
    const before = upstream.requests.length;
    const answer = await gateway.chat(body, headers);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(upstream.requests.length, before + 1);
    return upstream.last.body.toString();
  };
  return { upstream, gateway, sent };
}, (act) => {
  const odd = '{ "model" : "play-model", "messages":[{"role":"user","content":"gr\\u00fc\\u00dfe" , "x":1.0}],'
    + '\t"temperature":1e0 }';

  act('a body nobody changes keeps its bytes', async ({ sent }) => {
    assert.equal(await sent(odd), odd);
  });
  act('an edit changes one value and no other byte', async ({ sent }) => {
    const steps = [['messages[0].content', 'new'], ['user', 'u'], ['temperature', null], ['messages[0].x']];
    const expected = odd.replace('"gr\\u00fc\\u00dfe"', '"new"').replace('1e0 }', 'null ,"user":"u"}')
      .replace(' , "x":1.0', '');
    assert.equal(await sent(odd, { 'X-Edit': JSON.stringify(steps) }), expected);
  });
  act('texts are replaced where they stand', async ({ sent }) => {
    const body = JSON.stringify({ model: 'play-model', stream: false, messages: [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image_url', image_url: { url: 'data:hi' } }] },
    ] });
    const expected = body.replace('be kind', 'BE KIND\\n\\"').replace('"text":"hi"', '"text":"HI\\n\\""');
    assert.equal(await sent(body, { 'X-Loud': '1' }), expected);
  });
  act('two thousand messages are all replaced', async ({ sent }) => {
    const messages = Array.from({ length: 2000 }, (_, i) => ({ role: 'user', content: `message ${i}` }));
    const body = JSON.parse(await sent({ messages }, { 'X-Loud': '1' }));
    assert.deepEqual(body.messages.map((one) => one.content), messages.map((one) => `${one.content.toUpperCase()}\n"`));
  });
  act('what one plugin wrote the next one sees', async ({ gateway }) => {
    const edit = (...steps) => ({ 'X-Edit': JSON.stringify(steps) });
    const refused = async (headers) => (await gateway.chat({}, headers)).json.error.message;
    assert.equal(await refused(edit(['messages[0].content', 'is Forbidden!'])),
      'messages[0].content user text Forbidden 1');
    assert.equal(await refused(edit(['messages[1]', { role: 'tool', content: 'so\nVERBOTEN' }])),
      'messages[1].content tool tool_result VERBOTEN 2');
    assert.equal(await refused(edit(['metadata', { k: ['no', { z: 'forbidden' }] }])),
      'metadata.k[1].z nil other forbidden 1');
  });
  act('what may not be written costs that request only', async ({ gateway }) => {
    for (const step of [['a.b.c', 1], ['messages[7]', {}], ['model.x', 1], ['no path]', 1]]) {
      const answer = await gateway.chat({}, { 'X-Edit': JSON.stringify([step]) });
      assert.equal(answer.status, 500);
      assert.equal(answer.json.error.code, 'plugin_error');
    }
    assert.equal((await gateway.chat()).status, 200);
  });
  act('what repeats a text of an answer goes when the text is replaced', async ({ upstream, gateway }) => {
    const logprobs = { content: [{ token: 'se', logprob: -1 }, { token: 'cret', logprob: -2 }] };
    const answer = JSON.parse('{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}');
    answer.choices = [0, 1].map((index) => (
      { index, message: { role: 'assistant', content: 'a secret' }, logprobs, finish_reason: 'stop' }));
    upstream.answer(whole(JSON.stringify(answer)));
    const kept = (await gateway.chat()).json;
    assert.deepEqual([kept.choices, kept.mine], [answer.choices, true]);
    const masked = (await gateway.chat({}, { 'X-Mask': '1' })).json;
    assert.deepEqual(masked.choices.map((one) => [one.message.content, one.logprobs]),
      [['a [gone]', null], ['a [gone]', null]]);
    upstream.answer(completion('fine'));
  });
  for (const [kept, what] of [['part', 'part is over'], ['body', 'document is over'], ['ctx', 'ctx is over']]) {
    act(`a ${kept} kept for a later request raises`, async ({ gateway }) => {
      assert.equal((await gateway.chat({}, { 'X-Late': kept })).status, 200);
      const messages = [];
      for (let i = 0; i < 12; i++) {
        messages.push((await gateway.chat({}, { 'X-Late': kept })).json.error?.message ?? '');
      }
      assert.ok(messages.some((message) => message.includes(what)), messages.join(' | '));
    });
  }
});
