// SPDX-License-Identifier: Apache-2.0
// Every transcript of spec/fixtures/anthropic-face, end to end: an agent that speaks Anthropic's API, in front of a
// server that speaks OpenAI's, and in front of Anthropic itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { chunk, completion, failure, head, raw, stream, whole } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { MASTER_KEY, MODEL, providerKey } from '../tools/gateway.mjs';
import { play, plays } from '../tools/play.mjs';

const FOLDER = new URL('../../spec/fixtures/anthropic-face/', import.meta.url);
const FILES = fs.readdirSync(FOLDER);
const read = (name) => fs.readFileSync(new URL(name, FOLDER), 'utf8');
const json = (name) => JSON.parse(read(name));
const has = (name) => FILES.includes(name);
const cases = (suffix) => FILES.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));

const ASK = { model: 'openai/gpt-4.1-mini', max_tokens: 64, messages: [{ role: 'user', content: 'Hi' }] };

async function open(stage) {
  const [openai, anthropic, other] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai, anthropic },
    env: { OTHER_KEY: 'canary-other-key' },
    config: {
      strategy: { mode: 'fallback' },
      targets: [
        { virtual_key: 'openai', models: ['gpt-5.1', 'gpt-4.1-mini'] },
        { virtual_key: 'anthropic', models: ['claude-sonnet-4-5', 'claude-a'] },
        { name: 'again', provider: 'openai', base_url: other.url, api_key: '${OTHER_KEY}', models: ['claude-a'] },
      ],
      aliases: {
        'claude-sonnet-5': 'gpt-5.1', 'claude-haiku-4-5-20251001': 'gpt-4.1-mini',
        'openai/gpt-4.1-mini': 'gpt-4.1-mini',
      },
    },
  });
  return { openai, anthropic, other, gateway };
}

const send = (gateway, target, body, headers = {}) => gateway.fetch('POST', target, {
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
});

/** As the transcripts compare: null is nothing. */
const settled = (value) => JSON.parse(JSON.stringify(value, (name, member) => (member === null ? undefined : member)));

/** The same for what may hold generated ids. */
const generated = (expected, found) => {
  if (typeof expected === 'string' && expected.includes('<generated>')) {
    const [before, after] = expected.split('<generated>');
    assert.ok(found.startsWith(before) && found.endsWith(after) && found.length > expected.length - 11, found);
    return;
  }
  if (expected === null || typeof expected !== 'object') {
    assert.equal(found ?? null, expected);
    return;
  }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    generated(expected[name] ?? null, found[name] ?? null);
  }
};

const eventsOf = (text) => text.split('\n\n').filter(Boolean).map((event) => {
  const lines = event.split('\n');
  const data = JSON.parse(lines.find((line) => line.startsWith('data: ')).slice(6));
  assert.equal(lines.find((line) => line.startsWith('event: ')).slice(7), data.type);
  return data;
}).filter(({ type }) => type !== 'ping');

/** The counters of the first event may be guesses. */
const withoutGuess = ([first, ...rest]) => [{ ...first, message: { ...first.message, usage: 0 } }, ...rest];

function upstreamStream(text, size) {
  const bytes = Buffer.from(text);
  let body = '';
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size).toString('latin1');
    body += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return raw(`${head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' })}${body}0\r\n\r\n`,
    { after: 'keep' });
}

/** The client's headers with its key, which takes the place of the tool's. */
const headersOf = (client) => Object.fromEntries(Object.entries({ Authorization: '', ...client.headers })
  .map(([name, value]) => [name === 'authorization' ? 'Authorization' : name,
    value.replace('$GATEWAY_KEY', MASTER_KEY)]));

plays('an agent that speaks the Messages API', open, (act) => {
  for (const name of cases('.upstream.openai.request.json')) {
    act(`${name}: a server of OpenAI's is asked in its own words`, async ({ openai, gateway }) => {
      const client = json(`${name}.client.json`);
      openai.answer(client.body.stream ? stream(['[DONE]']) : completion('x'));
      await gateway.fetch(client.method, client.path, {
        headers: headersOf(client), body: JSON.stringify(client.body),
      });
      const expected = json(`${name}.upstream.openai.request.json`);
      assert.equal(openai.last.target, new URL(expected.url).pathname);
      assert.deepEqual(settled(openai.last.json), settled(expected.body));
      assert.equal(openai.last.header('authorization'), `Bearer ${providerKey('openai')}`);
      for (const field of ['x-api-key', 'anthropic-version', 'anthropic-beta']) {
        assert.equal(openai.last.header(field), undefined, field);
      }
    });
  }

  for (const name of cases('.upstream.openai.response.json')) {
    act(`${name}: its answer is Anthropic's`, async ({ openai, gateway }) => {
      const theirs = json(`${name}.upstream.openai.response.json`);
      openai.answer(whole(theirs.body, { status: theirs.status, headers: theirs.headers }));
      const answer = await send(gateway, '/v1/messages', ASK);
      const expected = json(`${name}.expected.anthropic.json`);
      assert.equal(answer.status, expected.status, answer.text);
      generated(expected.body, answer.json);
      for (const [field, value] of Object.entries(expected.headers)) assert.equal(answer.header(field), value, field);
      assert.match(answer.header('request-id'), /^req_/);
    });
  }

  for (const name of cases('.upstream.openai.stream.txt')) {
    for (const size of [1, 7, 1 << 20]) {
      act(`${name}: its stream is Anthropic's, in pieces of ${size}`, async ({ openai, gateway }) => {
        openai.answer(upstreamStream(read(`${name}.upstream.openai.stream.txt`), size));
        const answer = await send(gateway, '/v1/messages', { ...ASK, stream: true });
        assert.equal(answer.status, 200);
        assert.match(answer.header('content-type'), /^text\/event-stream/);
        const expected = withoutGuess(eventsOf(read(`${name}.expected.anthropic.stream.txt`)));
        generated(expected, withoutGuess(eventsOf(answer.text)));
      });
    }
  }
});

plays('an agent in front of Anthropic', open, (act) => {
  const client = json('claude-code.client.json');
  const body = JSON.stringify({ ...client.body, model: 'claude-sonnet-4-5' }, null, 1);
  const events = read('stream-tools.expected.anthropic.stream.txt').replace(/\n\n/g, '\r\n\r\n: kept\n\n');

  act('is passed on byte for byte, and back, stream and all', async ({ anthropic, gateway }) => {
    const fields = { 'Content-Type': 'text/event-stream', 'Content-Length': events.length };
    anthropic.answer(raw(`${head(200, fields)}${events}`, { after: 'keep' }));
    const answer = await gateway.fetch('POST', client.path, { headers: headersOf(client), body });
    assert.equal(answer.text, events);
    assert.equal(anthropic.last.body.toString(), body);
    assert.equal(anthropic.last.target, '/v1/messages?beta=true');
    const expected = json('claude-code.upstream.anthropic.request.json');
    for (const [field, value] of Object.entries(expected.headers)) {
      const wanted = value.startsWith('$') ? providerKey('anthropic') : value;
      assert.equal(anthropic.last.header(field), wanted, field);
    }
    assert.equal(anthropic.last.header('authorization'), undefined);
  });

  act('loses thinking that Anthropic has not signed', async ({ anthropic, gateway }) => {
    anthropic.answer(whole({ type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } }));
    const block = (signature) => ({ type: 'thinking', thinking: 'x', signature });
    await send(gateway, '/v1/messages', { ...ASK, model: 'claude-sonnet-4-5', messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [block(''), block('c2ln'), { type: 'text', text: 'b' }] },
      { role: 'user', content: 'c' }] });
    assert.deepEqual(anthropic.last.json.messages[1].content, [block('c2ln'), { type: 'text', text: 'b' }]);
  });

  act('counts there, and here when nobody counts there', async ({ anthropic, openai, gateway }) => {
    const tools = [{ name: 'f', input_schema: { type: 'object' } }];
    const count = { model: 'claude-sonnet-4-5', messages: ASK.messages, tools };
    anthropic.answer(whole({ input_tokens: 33 }));
    const counted = await send(gateway, '/v1/messages/count_tokens?beta=true', count);
    assert.deepEqual(counted.json, { input_tokens: 33 });
    assert.equal(anthropic.last.target, '/v1/messages/count_tokens?beta=true');
    anthropic.answer(failure(404, { message: 'no such path' }));
    const missing = await send(gateway, '/v1/messages/count_tokens', count);
    assert.equal(missing.status, 200, missing.text);
    assert.ok(missing.json.input_tokens > 300, missing.text);
    const asked = openai.requests.length;
    const guessed = await send(gateway, '/v1/messages/count_tokens', json('count-tokens.client.json').body);
    assert.equal(guessed.status, 200);
    assert.ok(Number.isInteger(guessed.json.input_tokens), guessed.text);
    assert.equal(openai.requests.length, asked);
  });

  act('moves on when Anthropic is busy, without its thinking', async ({ anthropic, other, gateway }) => {
    anthropic.answer(whole({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } }, { status: 529 }));
    other.answer(completion('from elsewhere'));
    const thinking = { type: 'thinking', thinking: 'x', signature: 'c2ln' };
    const messages = [{ role: 'user', content: 'a' },
      { role: 'assistant', content: [thinking, { type: 'text', text: 'b' }] }, { role: 'user', content: 'c' }];
    const answer = await send(gateway, '/v1/messages', { ...ASK, model: 'claude-a', messages });
    assert.deepEqual(answer.json.content, [{ type: 'text', text: 'from elsewhere' }], answer.text);
    assert.deepEqual(other.last.json.messages[1], { role: 'assistant', content: 'b' });
  });
});

plays('the rest an agent needs', open, (act) => {
  act('the gateway answers its probe', async ({ gateway }) => {
    for (const method of ['GET', 'HEAD']) assert.equal((await gateway.fetch(method, '/')).status, 200, method);
  });

  act('small requests for its small model have one', async ({ openai, gateway }) => {
    openai.answer(completion('x'));
    const answer = await send(gateway, '/v1/messages', { ...ASK, model: 'claude-haiku-4-5-20251001' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(openai.last.json.model, 'gpt-4.1-mini');
  });

  act('a call that was interrupted has a result', async ({ openai, gateway }) => {
    openai.answer(completion('x'));
    await send(gateway, '/v1/messages', { ...ASK, messages: [{ role: 'user', content: 'a' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: {} }] },
      { role: 'user', content: '[Request interrupted by user]' }] });
    assert.deepEqual(openai.last.json.messages.map(({ role }) => role), ['user', 'assistant', 'tool', 'user']);
  });

  act('tools that Anthropic runs are dropped, and named', async ({ openai, gateway }) => {
    const tools = [{ type: 'web_search_20260318', name: 'web_search' },
      { name: 'f', input_schema: { type: 'object' } }];
    openai.answer(completion('x'), stream(['[DONE]']));
    const answer = await send(gateway, '/v1/messages', { ...ASK, tools });
    assert.equal(answer.header('x-gateway-dropped'), 'web_search');
    assert.equal(openai.last.json.tools.length, 1);
  });

  act('what they are called breaks no header', async ({ openai, gateway }) => {
    const tools = [{ type: 'web_search_20260318', name: 'a\r\nSet-Cookie: b=c' }, { type: 'w_1', name: '\u00e9\u0001' },
      ...Array.from({ length: 60 }, (_, i) => ({ type: 'w_1', name: `n${i}`.padEnd(300, 'x') }))];
    openai.answer(completion('x'));
    const answer = await send(gateway, '/v1/messages', { ...ASK, tools });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.header('x-gateway-dropped'), /^a\?\?Set-Cookie: b\?c, \?\?\?, n0x+, /);
    assert.equal(answer.header('set-cookie'), undefined);
    assert.ok(answer.header('x-gateway-dropped').length < 4096);
  });

  act('nothing is asked for no tokens', async ({ openai, gateway }) => {
    const asked = openai.requests.length;
    const answer = await send(gateway, '/v1/messages', { ...ASK, max_tokens: 0 });
    assert.deepEqual([answer.json.content, answer.json.stop_reason], [[], 'max_tokens'], answer.text);
    assert.equal(openai.requests.length, asked);
  });

  act('a prompt that is too long is told so, behind failover too', async ({ anthropic, other, gateway }) => {
    anthropic.answer(whole({ type: 'error', error: { type: 'invalid_request_error',
      message: 'prompt is too long: 210000 tokens > 200000 maximum' } }, { status: 400 }));
    other.answer(failure(400, { message: 'maximum context length is 128000 tokens', code: 'context_length_exceeded' }));
    const answer = await send(gateway, '/v1/messages', { ...ASK, model: 'claude-a' });
    assert.equal(answer.status, 400);
    assert.match(answer.json.error.message, /^prompt is too long: /);
  });

  act('models are listed as it knows them', async ({ gateway }) => {
    const answer = await gateway.fetch('GET', '/v1/models', { headers: { 'anthropic-version': '2023-06-01' } });
    assert.equal(answer.json.has_more, false, answer.text);
    assert.ok(answer.json.data.every(({ type, id, display_name: name }) => type === 'model' && id && name));
    assert.equal(answer.json.first_id, answer.json.data[0].id);
  });
});

play('a guard sees every word between an agent and Anthropic, and what is signed stays signed', async (stage) => {
  const anthropic = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { anthropic },
    scripts: { 'plugins/loud.lua': `return { name = "loud", type = "transform",
      on_chunk = { feed = function(_, text) return text:upper() end } }` },
    config: { plugins: [{ name: 'loud' }] },
  });
  const block = (index, start, deltas) => [{ type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }];
  const usage = { input_tokens: 3, output_tokens: 1 };
  const theirs = [
    { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [],
      stop_reason: null, stop_sequence: null, usage } },
    ...block(0, { type: 'thinking', thinking: '', signature: '' },
      [{ type: 'thinking_delta', thinking: 'hm' }, { type: 'signature_delta', signature: 'c2ln' }]),
    ...block(1, { type: 'text', text: '' }, [{ type: 'text_delta', text: 'hel' }, { type: 'text_delta', text: 'lo' }]),
    ...block(2, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
      [{ type: 'input_json_delta', partial_json: '{"a":1}' }]),
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop' }];
  const body = theirs.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  anthropic.answer(upstreamStream(body, 1 << 20));
  const answer = await send(gateway, '/v1/messages', { ...ASK, model: 'claude-x', stream: true });
  const events = eventsOf(answer.text);
  const told = (kind, name) => events.filter(({ delta }) => delta?.type === kind)
    .map(({ delta }) => delta[name]).join('');
  assert.equal(told('text_delta', 'text'), 'HELLO', answer.text);
  assert.equal(told('signature_delta', 'signature'), 'c2ln');
  assert.deepEqual(events.filter(({ type }) => type === 'content_block_start').map((event) => event.content_block.type),
    ['thinking', 'text', 'tool_use']);
  assert.deepEqual(events.at(-2).usage,
    { input_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 9 });
});

play('an agent whose model thinks for long is told that it is still there', async (stage) => {
  const openai = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai }, config: { timeouts: { heartbeat: '100ms' } } });
  openai.answer(stream([chunk({ role: 'assistant', content: '' })], { end: 'stall' }));
  const connection = await gateway.connect();
  const body = JSON.stringify({ ...ASK, model: MODEL, stream: true });
  await connection.send(request('POST', '/v1/messages', {
    headers: gateway.headers({ 'Content-Type': 'application/json' }), body,
  }));
  const reply = await connection.begin();
  let text = '';
  for await (const piece of reply.body) {
    text += piece;
    if (text.split('event: ping').length > 2) break;
  }
  assert.match(text, /^(event: ping\ndata: \{"type":"ping"\}\n\n){2}$/);
  connection.close();
});
