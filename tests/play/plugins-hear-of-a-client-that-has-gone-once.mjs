// SPDX-License-Identifier: Apache-2.0
// What plugins see of a request whose client leaves, under each policy: chat is finished, legacy completions are
// drained, messages are cancelled.
import assert from 'node:assert/strict';

import { chunk, completion, head, usageChunk } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const WATCH = `
local log = require "gateway.log"
local function told(word, ctx)
  local usage = ctx.usage or {}
  log.info("watch", { hook = word, code = ctx.error and ctx.error.code, tokens = usage.completion_tokens,
    estimated = usage.estimated, body = ctx.response ~= nil and ctx.response.body ~= nil, path = ctx.endpoint })
end
return {
  name = "watch", type = "guardrail",
  before_request = function(ctx)
    if ctx.model ~= "slow" then return end
    told("before", ctx)
    for _ = 1, 100000 do math.sqrt(2) end
  end,
  after_request = function(ctx) told("after", ctx) end,
  on_error = function(ctx) told("error", ctx) end,
  on_chunk = { feed = function(_, text, ctx) told("chunk", ctx) return text end },
}`;

const USAGE = { prompt_tokens: 9, completion_tokens: 40, total_tokens: 49 };
const ENDPOINTS = { finish: '/v1/chat/completions', drain: '/v1/completions', cancel: '/v1/messages' };
const BODIES = {
  finish: (model, stream) => ({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  drain: (model, stream) => ({ model, stream, prompt: 'Hello' }),
  cancel: (model, stream) => ({ model, stream, max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] }),
};

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: { 'plugins/watch.lua': WATCH },
    config: {
      client_gone: { policy: 'cancel', routes: { chat: 'finish', completions: 'drain', responses: 'finish' } },
      targets: [{ virtual_key: 'openai', models: [MODEL, 'slow', 'cached'] }],
      plugins: [{ name: 'watch' }, { name: 'response-cache' }],
    },
  });
  const ask = (policy, model, stream) => request('POST', ENDPOINTS[policy], {
    headers: gateway.headers({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }),
    body: JSON.stringify(BODIES[policy](model, stream)),
  });
  return { upstream, gateway, ask };
}

const piece = (event) => {
  const data = `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
};
const HEAD = head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' });
const FIRST = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'Good day' })];
const REST = [chunk({ content: ' to you' }), chunk({}, 'stop'), usageChunk(USAGE), '[DONE]'];

/** A stream that goes on once `go()` was called. */
function halved() {
  let go;
  const open_ = new Promise((resolve) => { go = resolve; });
  const answer = async (io) => {
    await io.write(HEAD + FIRST.map(piece).join(''));
    await Promise.race([open_, io.leaves]);
    return io.gone ? false : io.write(`${REST.map(piece).join('')}0\r\n\r\n`);
  };
  return { answer, go };
}

const heard = (gateway) => gateway.logs.filter((line) => line.msg === 'watch');
const lines = (gateway) => gateway.logs.filter((line) => line.msg === 'http request' && line.path.startsWith('/v1/'));
const isDetached = (gateway) => until(3000 * PATIENCE, 'a detached request', async () => (
  (await gateway.metrics()).value('gateway_requests_detached_current') > 0));

/** What hooks said of a stream that is left in its middle, and its access line. */
async function leave({ upstream, gateway, ask }, policy) {
  const half = halved();
  upstream.answer(half.answer);
  const [told, count] = [heard(gateway).length, lines(gateway).length];
  const connection = await gateway.connect();
  await connection.send(ask(policy, MODEL, true));
  const { events } = await connection.events();
  await events.next();
  const before = await until(3000, 'the guard has looked at what went out', () => (
    heard(gateway).length > told && heard(gateway).length));
  connection.reset();
  if (policy !== 'cancel') await isDetached(gateway);
  half.go();
  await until(3000 * PATIENCE, 'the access line', () => lines(gateway).length > count);
  if (policy !== 'finish') await until(3000, 'the hook', () => heard(gateway).at(-1).hook === 'error');
  return { hooks: heard(gateway).slice(before), line: lines(gateway)[count] };
}

plays('a guarded stream', open, (act) => {
  act('that is finished is looked at to its end', async (scene) => {
    const { hooks, line } = await leave(scene, 'finish');
    assert.deepEqual(hooks.map((one) => one.hook), ['chunk', 'after']);
    assert.deepEqual([hooks[1].tokens, hooks[1].estimated, hooks[1].body], [40, undefined, true]);
    assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, 'finish', 40]);
  });

  act('that is drained is told of as cut, with what it used', async (scene) => {
    const { hooks, line } = await leave(scene, 'drain');
    assert.deepEqual(hooks.map((one) => [one.hook, one.code, one.tokens, one.estimated]),
      [['error', 'client_closed_request', 40, undefined]]);
    assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, 'drain', 40]);
    assert.equal('usage_estimated' in line, false);
  });

  act('that is cancelled is told of as cut, with about what went out', async (scene) => {
    const { hooks, line } = await leave(scene, 'cancel');
    assert.deepEqual(hooks.map((one) => [one.hook, one.code, one.estimated]),
      [['error', 'client_closed_request', true]]);
    assert.deepEqual([line.status, line.client_gone, line.usage_estimated], [499, 'cancel', true]);
  });

  act('an answer that is finished is kept for the next who asks', async ({ upstream, gateway }) => {
    let go;
    const opened = new Promise((resolve) => { go = resolve; });
    upstream.answer(async (io, got) => { await opened; return completion('kept', { usage: USAGE })(io, got); });
    const [asked, count] = [upstream.complete, lines(gateway).length];
    const connection = await gateway.connect();
    await connection.send(gateway.chatRequest({ model: 'cached' }));
    await until(3000, 'the request', () => upstream.complete > asked);
    connection.reset();
    await isDetached(gateway);
    go();
    await until(3000 * PATIENCE, 'the access line', () => lines(gateway).length > count);
    const again = await gateway.chat({ model: 'cached' });
    assert.equal(again.header('x-gateway-cache'), 'hit');
    assert.equal(again.json.choices[0].message.content, 'kept');
    assert.equal(upstream.complete, asked + 1);
  });

  act('a response that is finished can be asked for', async ({ upstream, gateway }) => {
    const half = halved();
    upstream.answer(half.answer);
    const body = JSON.stringify({ model: MODEL, stream: true, input: 'Hello' });
    const count = lines(gateway).length;
    const connection = await gateway.connect();
    await connection.send(request('POST', '/v1/responses', {
      headers: gateway.headers({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }), body }));
    const { events } = await connection.events();
    const { value } = await events.next();
    const { id } = JSON.parse(value.data).response;
    connection.reset();
    await isDetached(gateway);
    half.go();
    await until(3000 * PATIENCE, 'the access line', () => lines(gateway).length > count);
    const kept = await gateway.get(`/v1/responses/${id}`);
    assert.equal(kept.status, 200, kept.text);
    assert.equal(kept.json.output[0].content[0].text, 'Good day to you');
  });

  act('a client may leave while hooks run', async ({ upstream, gateway, ask }) => {
    upstream.answer(completion('hello'));
    const told = heard(gateway).length;
    const made = () => lines(gateway).filter((line) => line.model === 'slow');
    const begun = () => heard(gateway).slice(told).filter((one) => one.hook === 'before').length;
    for (let i = 0; i < 15; i++) {
      const connection = await gateway.connect();
      await connection.send(ask(['finish', 'drain', 'cancel'][i % 3], 'slow', false));
      while (begun() <= i) await new Promise(setImmediate);
      connection.reset();
    }
    await until(5000 * PATIENCE, 'nothing runs', async () => {
      const metrics = await gateway.metrics();
      return metrics.value('gateway_requests_detached_current') === 0
        && metrics.value('gateway_server_connections_current') <= 1;
    });
    await until(3000, '15 lines', () => made().length >= 15);
    assert.equal(made().length, 15);
    assert.deepEqual(made().filter((line) => ![200, 499].includes(line.status)), []);
  });
});
