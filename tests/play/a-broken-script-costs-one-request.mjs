// SPDX-License-Identifier: Apache-2.0
// The shipped binary beside a copy of its scripts in which two are broken on purpose: what they do follows from the
// model's name, or from the text of an event.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { completion, framed, silence, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { until } from '../tools/wire.mjs';

const STRATEGY = `
local faults = {
  raises = function() error("on purpose") end,
  ["raises a table"] = function() error({}) end,
  ["raises nothing"] = function() error(nil) end,
  ["reads nil"] = function() return (nil).member end,
  ["never ends"] = function() while true do pcall(function() while true do end end) end end,
  ["fills the memory"] = function() local t = {} while true do t[#t + 1] = ("x"):rep(4e6) .. #t end end,
  ["chooses nothing"] = function() return nil end,
}
return {
  name = "fallback",
  choose = function(targets, request)
    local fault = faults[request.model]
    if fault then return fault() end
    return targets
  end,
}
`;
const EVENT = `event = function(state, name, data)
    if data:find("raise here", 1, true) then error("on purpose") end
    if data:find("loop here", 1, true) then while true do end end
    return stream.event(state, name, data)
  end,`;

const BINARY = path.resolve(fileURLToPath(new URL('../..', import.meta.url)), process.env.MOONGATE ?? 'build/moongate');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'moongate-scripts-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
fs.cpSync(path.join(path.dirname(BINARY), '..', 'lua'), `${dir}/lua`, { recursive: true });
fs.mkdirSync(`${dir}/build`);
fs.copyFileSync(BINARY, `${dir}/build/moongate`);
fs.writeFileSync(`${dir}/lua/strategies/fallback.lua`, STRATEGY);
const dialect = `${dir}/lua/providers/dialects/anthropic_messages.lua`;
const source = fs.readFileSync(dialect, 'utf8');
assert.ok(source.includes('event = stream.event,'), 'the dialect still has the member that is broken here');
fs.writeFileSync(dialect, source.replace('event = stream.event,', EVENT));
process.env.MOONGATE = `${dir}/build/moongate`;

const { MODEL } = await import('../tools/gateway.mjs');
const { assertError, plays } = await import('../tools/play.mjs');

const FAULTS = {
  raises: /^script_error$/,
  'raises a table': /^script_error$/,
  'raises nothing': /^script_error$/,
  'reads nil': /^script_error$/,
  'never ends': /^script_cpu_limit$/,
  'fills the memory': /^script_(memory|cpu)_limit$/, // whichever it meets first
  'chooses nothing': /^script_error$/,
};

plays('a strategy that', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('fine'));
  const models = [MODEL, ...Object.keys(FAULTS)];
  return { gateway: await stage.gateway({
    targets: { openai: upstream }, config: { targets: [{ virtual_key: 'openai', models }] },
  }) };
}, (act) => {
  for (const [model, code] of Object.entries(FAULTS)) {
    act(model, async ({ gateway }) => {
      const before = gateway.logs.filter((line) => line.msg === 'script failed').length;
      assertError(await gateway.chat({ model }), 500, { code: 'script_error' });
      const failed = () => gateway.logs.filter((line) => line.msg === 'script failed')[before];
      const line = await gateway.log(() => failed());
      assert.match(failed().code, code);
      assert.ok(line);
      assert.equal((await gateway.chat()).status, 200, 'the next request is served');
    });
  }
  act('is counted, each fault', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_script_faults_total'), Object.keys(FAULTS).length);
    assert.ok(metrics.value('gateway_script_faults_total', { kind: 'script_error', name: 'strategies/fallback' }) > 0);
  });
});

const event = (value) => `event: ${value.type}\n${framed(value)}`;
const text = (said) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said } });
const BEGIN = [
  event({ type: 'message_start', message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 9 } } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
];

const HEDGED = { strategy: { mode: 'fallback', hedge: { delay: '1ms' } } };

const failing = (where, config) => plays(`a dialect that fails inside ${where}`, async (stage) => {
  const upstream = await stage.upstream(), other = await stage.upstream();
  other.answer(silence());
  return { upstream, gateway: await stage.gateway({ targets: { anthropic: upstream, openai: other }, config }) };
}, (act) => {
  for (const how of ['raise here', 'loop here']) {
    act(`ends it with an error event (${how})`, async ({ upstream, gateway }) => {
      upstream.answer(stream([...BEGIN, text('so far'), text(how), text('never seen')], { every: 5, end: 'stall' }));
      const reply = await gateway.stream();
      const { list, done, complete } = await drain(reply);
      reply.connection.close();
      assert.equal(spelled(list), 'so far');
      assert.equal(list[list.length - 1].error.code, 'script_error');
      assert.deepEqual([done, complete], [0, true]);
      await gateway.log('script failed');
      await until(2000, 'the end of the upstream call', () => upstream.open === 0);
    });
  }
});

failing('a stream', {});
failing('a stream, while another target is asked beside it', HEDGED);
