// SPDX-License-Identifier: Apache-2.0
// Recorded requests run through the gateway once more: the same scripts give the same bytes, others a difference.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, raw, reset, silence, speech, stream, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const FIXTURES = new URL('../../spec/fixtures/anthropic/', import.meta.url);
const fixture = (name) => fs.readFileSync(new URL(name, FIXTURES), 'utf8');
const CLAUDE = 'claude-sonnet-4-5';

/** A gateway that records everything as it is, and `replay(...arguments)` of what it recorded, once it has ended. */
async function recorded(stage, targets, config = {}, how = { redact: false }, env = {}) {
  const file = `${stage.folder()}/records.jsonl`;
  const recording = { path: file, ...how };
  const gateway = await stage.gateway({ targets, config: { recording, ...config }, env });
  const read = () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const records = async (count) => (await until(5000, `${count} records`, () => (
    read().length >= count && read()))).map(JSON.parse);
  const replay = (...args) => command(['replay', '--from', file, ...args], { env: gateway.env, cwd: gateway.dir });
  return { gateway, file, records, replay };
}

const streamed = async (gateway, body) => {
  const answer = await gateway.stream(body);
  await drain(answer);
  answer.connection.close();
};

/** Runs `replay` and wants every one of `count` requests identical. */
async function allIdentical(scene, count) {
  await scene.records(count);
  const { code, out, err } = await scene.replay();
  assert.equal(code, 0, out + err);
  assert.match(out, new RegExp(`^${count} of ${count} requests identical$`, 'm'));
}

play('whole answers, streams, errors and refusals come out byte for byte', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, { timeouts: { heartbeat: '150ms' } });
  const late = (answer) => async (io, request) => sleep(400).then(() => answer(io, request)); // pings go out before it
  upstream.answer(completion('whole words'), speech(['in', ' three', ' parts ä'], { every: 5 }),
    whole({ error: { message: 'too much', type: 'tokens', code: 'rate' } }, { status: 429 }),
    speech(['cut'], { end: 'cut' }), reset(), late(speech(['after all'])), late(reset()));
  await scene.gateway.chat();
  await streamed(scene.gateway);
  assert.equal((await scene.gateway.chat()).status, 429);
  await streamed(scene.gateway).catch(() => {});
  assert.equal((await scene.gateway.chat()).status, 502);
  assert.equal((await scene.gateway.chat({ temperature: 7 })).status, 400);
  assert.equal((await scene.gateway.chat({}, { Authorization: 'Bearer wrong' })).status, 401);
  await streamed(scene.gateway);
  await streamed(scene.gateway);
  await allIdentical(scene, 9);
});

play('translated answers and streams come out byte for byte', async (stage) => {
  const upstream = await stage.upstream();
  const targets = [{ virtual_key: 'anthropic', models: [CLAUDE] }];
  const scene = await recorded(stage, { anthropic: upstream }, { targets });
  const events = { 'Content-Type': 'text/event-stream' };
  const answer = JSON.parse(fixture('text.response.json'));
  const failure = JSON.parse(fixture('error-overloaded.response.json'));
  upstream.answer(whole(answer.body), stream([fixture('stream-text.stream.txt')], { headers: events }),
    stream([fixture('stream-tools.stream.txt')], { headers: events }), whole(failure.body, { status: failure.status }));
  await scene.gateway.chat({ model: CLAUDE });
  await streamed(scene.gateway, { model: CLAUDE });
  await streamed(scene.gateway, { model: CLAUDE });
  await scene.gateway.chat({ model: CLAUDE });
  await allIdentical(scene, 4);
});

play('retries and the next target are lived through again, without their pauses', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const targets = [
    { virtual_key: 'openai', models: ['play-model'], retry: { attempts: 3, initial_backoff_ms: 2000 } },
    { virtual_key: 'groq', models: ['play-model'] },
  ];
  const scene = await recorded(stage, { openai: first, groq: second }, { targets });
  first.answer(whole({ error: { message: 'no' } }, { status: 503 }));
  second.answer(completion('at last'));
  assert.equal((await scene.gateway.chat()).status, 200);
  const [record] = await scene.records(1);
  assert.equal(record.upstream.length, 4);
  await allIdentical(scene, 1);
});

play('a stream of many pieces, split anywhere, comes out byte for byte', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream });
  const text = Array.from({ length: 3000 }, (_, i) => (
    `data: {"id":"x","choices":[{"index":0,"delta":{"content":"Wörter ${i}"},"finish_reason":null}]}\n\n`)).join('');
  const bytes = Buffer.from(`${text}data: [DONE]\n\n`);
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ';
  const message = Buffer.concat([Buffer.from(`${head}${bytes.length}\r\n\r\n`), bytes]);
  upstream.answer(raw(message, { after: 'keep', slice: 777 }));
  await streamed(scene.gateway);
  await allIdentical(scene, 1);
});

play('what ran out of time, and what nobody waited for, is lived through again', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, { request_timeout: '300ms' });
  upstream.answer(silence(), whole('{"choices":', { headers: { 'Content-Length': 500 }, after: 'stall' }),
    stream(['data: {"choices":[{"index":0,"delta":{"content":"late"}}]}\n\n', 'data: [DONE]\n\n'], { end: 'stall' }));
  assert.equal((await scene.gateway.chat()).status, 504);
  assert.notEqual((await scene.gateway.chat()).status, 200);
  await streamed(scene.gateway);
  await allIdentical(scene, 3);
});

play('large requests and answers come out byte for byte', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream });
  upstream.answer(completion('y'.repeat(3_000_000)), speech(Array(300).fill('z'.repeat(5000))));
  await scene.gateway.chat({ user: 'x'.repeat(4_000_000) });
  await streamed(scene.gateway, { user: 'x'.repeat(2_000_000) });
  await allIdentical(scene, 2);
});

play('one request can be chosen by its trace id', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream });
  await scene.gateway.chat();
  await scene.gateway.chat({}, { 'X-Request-ID': 'cd'.repeat(16) });
  await scene.records(2);
  const { code, out } = await scene.replay('--trace', 'cd'.repeat(16));
  assert.equal(code, 0);
  assert.match(out, /^identical +(cd){16} /);
  assert.match(out, /^1 of 1 requests identical$/m);
  const unknown = await scene.replay('--trace', 'ef'.repeat(16));
  assert.deepEqual([unknown.code, /has no request (ef){16}/.test(unknown.err)], [2, true], unknown.err);
});

play('limits, caches and refusals of plugins come out as they did', async (stage) => {
  const upstream = await stage.upstream();
  const plugins = [
    { name: 'max-token', config: { max_tokens: 50 } },
    { name: 'rate-limit', config: { requests_per_minute: 3 } },
    { name: 'response-cache' },
  ];
  const scene = await recorded(stage, { openai: upstream }, { plugins });
  upstream.answer(completion('kept'));
  const statuses = [];
  for (const body of [{}, {}, { max_tokens: 51 }, { temperature: 1 }, {}]) {
    statuses.push((await scene.gateway.chat(body)).status);
  }
  assert.deepEqual(statuses, [200, 200, 400, 200, 429]);
  const records = await scene.records(5);
  assert.deepEqual(records.map((record) => record.upstream.length), [1, 0, 0, 1, 0], 'the second is from the cache');
  await allIdentical(scene, 5);
});

play('masked and refused streams come out as they did', async (stage) => {
  const upstream = await stage.upstream();
  const plugins = [
    { name: 'pii', config: { action: 'mask' } },
    { name: 'word-filter', config: { blocked_words: ['nightfall'] } },
  ];
  const scene = await recorded(stage, { openai: upstream }, { plugins });
  upstream.answer(speech(['mail j', 'o@exam', 'ple.com now'], { every: 5 }), completion('call +1 415 555 2671'),
    speech(['at night', 'fall it begins'], { every: 5 }));
  await streamed(scene.gateway);
  await scene.gateway.chat();
  await streamed(scene.gateway).catch(() => {});
  assert.equal((await scene.gateway.chat({ user: 'Nightfall' })).status, 400);
  const [first] = await scene.records(4);
  assert.ok(!first.answer.body.includes('example.com'));
  await allIdentical(scene, 4);
});

play('another version of a plugin shows whom it refuses, and exits with 1', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, { plugins: [{ name: 'max-token' }] });
  upstream.answer(completion('fine'));
  await scene.gateway.chat({ user: 'nobody' });
  await scene.gateway.chat();
  await scene.records(2);
  const script = `${stage.folder({ 'next.lua': `
    return {
      name = "max-token", type = "guardrail",
      before_request = function(ctx)
        if ctx.body:get "user" then return ctx:reject { status = 403, code = "nameless_only" } end
      end,
    }` })}/next.lua`;
  const { code, out, err } = await scene.replay('--script', `max-token@${script}`);
  assert.equal(code, 1, out + err);
  assert.match(out, /status: recorded 200, replayed 403\n/);
  assert.match(out, /upstream call 1: recorded http:\S+, replayed none\n/);
  assert.match(out, /^ {2}\+.*nameless_only/m);
  assert.match(out, /^1 of 2 requests identical, 1 different$/m);
});

play('scripts of an operator are replayed like the bundled ones', async (stage) => {
  const script = (code) => `return {
    name = "mine", type = "transform", hold_bytes = 8, hold_ms = 60,
    before_request = function(ctx) ctx:set_header("X-Drawn", require("gateway.random").hex(4)) end,
    after_request = function(ctx) ${code} end,
    on_chunk = { feed = function(_, text) return (text:gsub("secret", "[gone]")) end },
  }`;
  const scripts = stage.folder({ 'plugins/mine.lua': script(''), 'next.lua': script('error("no")') });
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, { plugins: [{ name: 'mine' }] }, { redact: false },
    { GATEWAY_SCRIPTS: scripts });
  upstream.answer(completion('a secret'), speech(['a se', 'cre', 't, and another sec', 'ret'], { every: 100 }));
  await scene.gateway.chat();
  await streamed(scene.gateway);
  await allIdentical(scene, 2);
  const [record] = await scene.records(2);
  assert.match(record.generation, /^[0-9a-f]{64}$/);
  const { code, out } = await scene.replay('--script', `mine@${scripts}/next.lua`);
  assert.equal(code, 1);
  assert.match(out, /status: recorded 200, replayed 500/);
  assert.equal((await scene.replay('--script', 'plugins/mine')).code, 0);
});

play('what a plugin asked others is answered as it was, without asking', async (stage) => {
  const [upstream, service] = [await stage.upstream(), await stage.upstream()];
  const host = `http://127.0.0.1:${service.port}`;
  const scripts = stage.folder({ 'plugins/asks.lua': `
    local http, task = require "gateway.http", require "gateway.task"
    local function ask(path)
      return http.fetch { url = "${host}" .. path, allow = { "${host}" } }
    end
    return {
      name = "asks", type = "guardrail",
      before_request = function(ctx)
        local answer = ask "/judge"
        task.later(ask, "/told")
        if answer.body ~= "good" then return ctx:reject { message = "the service says " .. answer.body } end
      end,
    }` });
  const scene = await recorded(stage, { openai: upstream }, { plugins: [{ name: 'asks' }] }, { redact: false },
    { GATEWAY_SCRIPTS: scripts });
  service.answer(whole('good'), whole('told'), whole('bad'), whole('told'));
  assert.equal((await scene.gateway.chat()).status, 200);
  await service.request(2);
  const refused = await scene.gateway.chat();
  assert.equal(refused.json.error.message, 'the service says bad');
  await service.request(4);
  await service.close();
  await allIdentical(scene, 2);
  assert.equal(service.requests.length, 4, 'nobody was asked');
});

play('a plugin that changes what is sent upstream is seen, though the answer is the same', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, { plugins: [{ name: 'max-token' }] });
  await scene.gateway.chat();
  await scene.records(1);
  const script = `${stage.folder({ 'next.lua': `
    return {
      name = "max-token", type = "transform",
      before_request = function(ctx) ctx.body:set("temperature", 0) end,
    }` })}/next.lua`;
  const { code, out } = await scene.replay('--script', `max-token@${script}`);
  assert.equal(code, 1, out);
  assert.match(out, /body of upstream call 1 differs/);
  assert.match(out, /^ {2}\+.*"temperature":0/m);
});

play('masked recordings are lived through again, masks and all', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream }, {}, { redact: true });
  const words = ['write to ', 'jo@example.com', ' and more'];
  upstream.answer(completion(words.join('')), speech(words, { every: 5 }));
  await scene.gateway.chat({ user: 'max@example.com' });
  await streamed(scene.gateway);
  await scene.records(2);
  assert.ok(!fs.readFileSync(scene.file, 'utf8').includes('example.com'));
  await allIdentical(scene, 2);
});

play('another strategy shows who was asked instead, and exits with 1', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const scene = await recorded(stage, { openai: first, groq: second });
  first.answer(completion('from the first'));
  await scene.gateway.chat();
  const [record] = await scene.records(1);
  const script = `${stage.folder({ 'backwards.lua': `
    local function choose(targets)
      local list = {}
      for i = #targets, 1, -1 do list[#list + 1] = targets[i] end
      return list
    end
    return { name = "fallback", choose = choose }` })}/backwards.lua`;
  const { code, out, err } = await scene.replay('--script', `fallback@${script}`);
  assert.equal(code, 1, out + err);
  assert.match(out, new RegExp(`^differs +${record.trace_id}`));
  assert.match(out, new RegExp(`upstream call 1: recorded http://127.0.0.1:${first.port}, replayed .*:${second.port}`));
  assert.match(out, /^0 of 1 requests identical, 1 different$/m);
});

play('another dialect shows the first differing event', async (stage) => {
  const upstream = await stage.upstream();
  const targets = [{ virtual_key: 'anthropic', models: [CLAUDE] }];
  const scene = await recorded(stage, { anthropic: upstream }, { targets });
  upstream.answer(stream([fixture('stream-text.stream.txt')]));
  await streamed(scene.gateway, { model: CLAUDE });
  await scene.records(1);
  const path = '../../lua/providers/dialects/anthropic_messages.lua';
  const source = fs.readFileSync(new URL(path, import.meta.url), 'utf8');
  const changed = source.replace('event = stream.event', `event = function(state, name, data)
    local payloads, failure = stream.event(state, name, data)
    for i, payload in ipairs(payloads or {}) do payloads[i] = payload:gsub('"content":"([^"])', '"content":"<%1') end
    return payloads, failure
  end`);
  assert.notEqual(changed, source);
  const script = `${stage.folder({ 'dialect.lua': changed })}/dialect.lua`;
  const { code, out, err } = await scene.replay('--script', `providers/dialects/anthropic_messages@${script}`);
  assert.equal(code, 1, out + err);
  assert.match(out, /answer differs from byte \d+, line \d+ on:\n {2}--- recorded\n {2}\+\+\+ replayed\n {2}@@ /);
  assert.match(out, /^ {2}-.*"content":"[^<"]/m);
  assert.match(out, /^ {2}\+.*"content":"<[^"]/m);
});

play('a replay without its recording, or with wrong arguments, says what to do and exits with 2', async (stage) => {
  const upstream = await stage.upstream();
  const scene = await recorded(stage, { openai: upstream });
  await scene.gateway.chat();
  await scene.records(1);
  const records = fs.readFileSync(scene.file, 'utf8');
  const broken = stage.folder({ 'bad.lua': 'return {', 'no.jsonl': '', 'bad.jsonl': `${records}{"v":1}\n` });
  const run = (...args) => command(['replay', ...args], { env: scene.gateway.env });
  const cases = [
    [[], /--from FILE is missing/],
    [['--from'], /nothing stands behind --from/],
    [['--from', '/nonexistent'], /\/nonexistent cannot be read: No such file/],
    [['--from', scene.file, '--form', 'x'], /unknown argument --form/],
    [['--from', scene.file, '--trace', 'x'], /32 lower-case hexadecimal digits/],
    [['--from', scene.file, '--script', 'nobody'], /no script called "nobody"/],
    [['--from', scene.file, '--script', 'fallback@/nonexistent.lua'], /\/nonexistent\.lua cannot be read/],
    [['--from', scene.file, '--script', 'fallback@'], /no file behind the @/],
    [['--from', scene.file, '--script', `fallback@${broken}/bad.lua`], /bad\.lua:1/],
    [['--from', `${broken}/no.jsonl`], /holds no request/],
    [['--from', `${broken}/bad.jsonl`], /bad\.jsonl:2: "trace_id" is missing/],
  ];
  for (const [args, words] of cases) {
    const { code, err } = await run(...args);
    assert.equal(code, 2, `${args}: ${err}`);
    assert.match(err, words);
  }
});

play('a hedged request comes out the same, whoever has won', async (stage) => {
  const first = await stage.upstream(), second = await stage.upstream();
  const strategy = { mode: 'fallback', hedge: { delay: '40ms' } };
  const scene = await recorded(stage, { openai: first, groq: second }, { strategy });
  first.answer(silence(), completion('first', { delay: 100 }), silence());
  second.answer(completion('second'), silence(), speech(['sec', 'ond']));
  await scene.gateway.chat();
  await scene.gateway.chat();
  await streamed(scene.gateway);
  await allIdentical(scene, 3);
});
