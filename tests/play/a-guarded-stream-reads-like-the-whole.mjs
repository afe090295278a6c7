// SPDX-License-Identifier: Apache-2.0
// Streams that go through on_chunk: whatever way the text is cut, in the client's own dialect and translated.
import assert from 'node:assert/strict';

import { chunk, endless, framed, head, speech, stream as streamOf, usageChunk } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const guard = (hold, ms, feed, { type = 'transform', more = '' } = {}) => ({ 'plugins/guard.lua':
  `return { name = "guard", type = "${type}", hold_bytes = ${hold}, hold_ms = ${ms},
     on_chunk = { feed = function(state, text, ctx, final) ${feed} end ${more} } }` });
const MASK = 'return (text:gsub("sk%-%d+", "[key]"))';

async function stand(stage, scripts, { provider = 'openai', plugins = [{ name: 'guard' }] } = {}) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { [provider]: upstream }, scripts, config: { plugins } });
  return { upstream, gateway };
}

async function ask(gateway, body) {
  const reply = await gateway.stream(body);
  const result = await drain(reply);
  reply.connection.close();
  return result;
}

/** Joined texts of one member of one choice. */
const joined = (list, index, read) => list.flatMap((one) => one.choices ?? [])
  .filter((one) => one.index === index).map((one) => read(one.delta) ?? '').join('');

const TEXT = 'my sk-123456 and é sk-9 😀';
const WANT = 'my [key] and é [key] 😀';

plays('a masked stream', (stage) => stand(stage, guard(32, 0, MASK)), (act) => {
  act('reads like the whole, wherever it is cut', async ({ upstream, gateway }) => {
    const letters = [...TEXT];
    for (let i = 0; i <= letters.length; i++) {
      for (let j = i; j <= letters.length; j += 4) {
        const pieces = [letters.slice(0, i), letters.slice(i, j), letters.slice(j)];
        upstream.answer(speech(pieces.map((one) => one.join(''))));
        const { list, done, complete } = await ask(gateway);
        assert.equal(spelled(list), WANT, `cut at ${i} and ${j}`);
        assert.deepEqual([done, complete], [1, true]);
        assert.equal(list.at(-1).choices[0].finish_reason, 'stop', 'what was held comes before the end');
        assert.equal(list.filter((one) => one.usage).length, 0, 'nobody asked for usage');
      }
    }
  });
  act('letter by letter', async ({ upstream, gateway }) => {
    upstream.answer(speech([...TEXT]));
    assert.equal(spelled((await ask(gateway)).list), WANT);
  });
  act('has its usage chunk when asked', async ({ upstream, gateway }) => {
    upstream.answer(speech(['sk-1']));
    const { list } = await ask(gateway, { stream_options: { include_usage: true } });
    assert.equal(list.at(-1).usage.total_tokens, 12);
    const metrics = await gateway.metrics();
    assert.ok(metrics.value('gateway_tokens_output_total', { provider: 'openai' }) > 0);
  });
  act('keeps what is not text', async ({ upstream, gateway }) => {
    const odd = { x_unknown: { kept: [1.5, 'é'] }, system_fingerprint: 'fp' };
    upstream.answer(streamOf([chunk({ role: 'assistant', content: 'sk-7 and so on and on, long enough' }, null, odd),
      chunk({}, 'stop'), '[DONE]']));
    const { list } = await ask(gateway);
    assert.deepEqual(list[0].x_unknown, odd.x_unknown);
    assert.equal(list[0].choices[0].delta.role, 'assistant');
    assert.equal(spelled(list), '[key] and so on and on, long enough');
  });
  act('does not show in logprobs what it masks', async ({ upstream, gateway }) => {
    const told = chunk({ content: 'sk-123456' });
    told.choices[0].logprobs = { content: [{ token: 'sk-123456', logprob: 0 }] };
    upstream.answer(streamOf([told, chunk({}, 'stop'), '[DONE]']));
    const { list } = await ask(gateway);
    assert.ok(!JSON.stringify(list).includes('sk-123456'), JSON.stringify(list));
  });
  act('that ends without a mark is complete once a choice has ended', async ({ upstream, gateway }) => {
    upstream.answer(streamOf([chunk({ content: 'sk-1' }), chunk({}, 'stop')]));
    const { list, done } = await ask(gateway);
    assert.deepEqual([spelled(list), done], ['[key]', 1]);
  });
  act('that is cut gives what was held to nobody', async ({ upstream, gateway }) => {
    const said = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'half a sk-1' })];
    upstream.answer(streamOf(said, { end: 'cut' }));
    const { list, done } = await ask(gateway);
    assert.equal(list.at(-1).error.code, 'upstream_stream_truncated');
    assert.equal(done, 0);
    assert.ok(!spelled(list.slice(0, -1)).includes('sk-'));
  });
  act('passes an error event of the upstream on, without [DONE]', async ({ upstream, gateway }) => {
    upstream.answer(streamOf([chunk({ content: 'long enough to be let go at once, this is' }),
      { error: { message: 'overloaded', type: 'server_error', code: 'busy' } }]));
    const { list, done } = await ask(gateway);
    assert.deepEqual([list.at(-1).error.code, done], ['busy', 0]);
  });
  act('never begins when it has more texts at once than anybody reads', async ({ upstream, gateway }) => {
    const many = Array.from({ length: 600 }, (_, index) => ({ index, delta: { content: 'x' }, finish_reason: null }));
    upstream.answer(streamOf([chunk({ role: 'assistant', content: '' }), { ...chunk({}), choices: many }, '[DONE]']));
    assertError(await gateway.chat({ stream: true }), 502, { code: 'upstream_stream_error' });
  });
  act('never begins when an event cannot be read', async ({ upstream, gateway }) => {
    upstream.answer(streamOf([chunk({ role: 'assistant', content: '' }), 'data: {"choices": sk-123456\n\n', '[DONE]']));
    assertError(await gateway.chat({ stream: true }), 502, { code: 'upstream_stream_error' });
  });
});

play('every choice and channel is a text of its own', async (stage) => {
  const { upstream, gateway } = await stand(stage, guard(16, 0, 'return (text:gsub("secret", "******"))'));
  const said = (index, delta, finish = null) => (
    { ...chunk({}), choices: [{ index, delta, finish_reason: finish }] });
  const call = (index, more) => said(0, { tool_calls: [{ index, ...more }] });
  upstream.answer(streamOf([
    said(0, { role: 'assistant', content: '' }), said(1, { role: 'assistant', content: '' }),
    said(0, { content: 'a sec' }), said(1, { content: 'b secre' }), said(0, { reasoning_content: 'think secr' }),
    said(0, { content: 'ret!' }), said(1, { content: 't?' }), said(0, { reasoning_content: 'et' }),
    call(0, { id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }),
    call(1, { id: 'call_2', type: 'function', function: { name: 'g', arguments: '{"b":"sec' } }),
    call(0, { function: { arguments: '{"a":"secre' } }), call(1, { function: { arguments: 'ret"}' } }),
    call(0, { function: { arguments: 't"}' } }),
    said(1, {}, 'stop'), said(0, {}, 'tool_calls'), usageChunk(), '[DONE]']));
  const { list, done } = await ask(gateway);
  assert.equal(done, 1);
  assert.equal(joined(list, 0, (delta) => delta.content), 'a ******!');
  assert.equal(joined(list, 1, (delta) => delta.content), 'b ******?');
  assert.equal(joined(list, 0, (delta) => delta.reasoning_content), 'think ******');
  for (const [index, text] of [[0, '{"a":"******"}'], [1, '{"b":"******"}']]) {
    const of = (delta) => (delta.tool_calls ?? []).filter((one) => one.index === index)
      .map((one) => one.function?.arguments ?? '').join('');
    assert.equal(joined(list, 0, of), text);
    const named = list.filter((one) => one.choices[0]?.delta?.tool_calls?.some((it) => it.index === index && it.id));
    assert.equal(named.length, 1, 'a call is named once');
  }
  for (const index of [0, 1]) {
    const own = list.filter((one) => one.choices[0].index === index);
    assert.ok(own.at(-1).choices[0].finish_reason, 'nothing comes behind the end of a choice');
  }
});

play('a character that two events share is one', async (stage) => {
  const { upstream, gateway } = await stand(stage, guard(0, 0, 'assert(not text:find("^[\\128-\\191]")) return nil'));
  const cut = (inner) => Buffer.concat([Buffer.from('data: {"id":"c","choices":[{"index":0,"delta":{"content":"'),
    Buffer.from(inner), Buffer.from('"},"finish_reason":null}]}\n\n')]);
  upstream.answer(streamOf([...[...Buffer.from('é€😀')].map((byte) => cut([byte])), cut('\\ud83d'), cut('\\ude00 ok'),
    chunk({}, 'stop'), '[DONE]']));
  const { list, done } = await ask(gateway);
  assert.deepEqual([spelled(list), done], ['é€😀😀 ok', 1]);
});

play('what is held is let go at hold_ms while the upstream pauses', async (stage) => {
  const { upstream, gateway } = await stand(stage, guard(64, 100, 'return nil'));
  let resume;
  const paused = new Promise((resolve) => { resume = resolve; });
  upstream.answer(async (io) => {
    await io.write(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' }));
    await io.write(framed(chunk({ role: 'assistant', content: '' })) + framed(chunk({ content: 'held text' })));
    await paused;
    await io.write(framed(chunk({ content: ' more' })) + framed(chunk({}, 'stop')) + framed('[DONE]'));
    return false;
  });
  const reply = await gateway.stream();
  let text = '';
  for await (const event of reply.events) {
    if (event.data && event.data !== '[DONE]') text += JSON.parse(event.data).choices[0].delta.content ?? '';
    if (text === 'held text') resume(); // it came although the upstream waits
  }
  reply.connection.close();
  assert.equal(text, 'held text more');
});

play('a text that is refused ends the stream, and the upstream call', async (stage) => {
  const { upstream, gateway } = await stand(stage, guard(8, 0,
    'if text:find("two") then return ctx:reject { code = "nope", message = "no two" } end', { type: 'guardrail' }));
  upstream.answer(speech(['one one one one ', 'two ', 'three'], { end: 'stall' }));
  const { list, done } = await ask(gateway);
  assert.ok(!/two|three/.test(spelled(list)));
  assert.deepEqual([list.at(-1).error.code, list.at(-1).error.message, done], ['nope', 'no two', 0]);
  await until(2000, 'the end of the upstream call', () => upstream.open === 0);
  assert.equal((await gateway.metrics()).value('gateway_requests_total', { status: 'rejected' }), 1);
});

play('close adds the last word, before the end of its choice', async (stage) => {
  const more = ', close = function() return " END" end';
  const { upstream, gateway } = await stand(stage, guard(8, 0, 'return nil', { more }));
  upstream.answer(speech(['one ', 'two']));
  const { list } = await ask(gateway);
  assert.equal(spelled(list), 'one two END');
  assert.equal(list.at(-1).choices[0].finish_reason, 'stop');
});

play('plugins take a stream one after the other', async (stage) => {
  const scripts = {
    ...guard(16, 0, MASK),
    'plugins/loud.lua': `return { name = "loud", type = "transform",
      on_chunk = { feed = function(_, text) return text:upper() end } }`,
  };
  const { upstream, gateway } = await stand(stage, scripts, { plugins: [{ name: 'guard' }, { name: 'loud' }] });
  upstream.answer(speech(['a sk', '-12', '3 b']));
  assert.equal(spelled((await ask(gateway)).list), 'A [KEY] B');
});

play('a guarded stream holds its upstream back for a slow reader, and ends with its client', async (stage) => {
  const { upstream, gateway } = await stand(stage, guard(32, 0, MASK));
  let sent = 0;
  upstream.answer(endless({ every: 0, size: 4000, onEvent: (i) => { sent = i; } }));
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest({ stream: true }));
  let before = -1;
  await until(20_000, 'the upstream to be held back', async () => {
    const stands = sent === before && sent > 0;
    before = sent;
    await sleep(300);
    return stands;
  });
  assert.ok(sent * 4000 < 16e6, `${sent} events of 4 kB were taken`);
  connection.close();
  await until(3000, 'the end of the upstream call', () => upstream.open === 0);
});

const event = (value) => `event: ${value.type}\n${framed(value)}`;
const delta = (index, value) => event({ type: 'content_block_delta', index, delta: value });

plays('a translated stream', (stage) => stand(stage, guard(32, 0, MASK), { provider: 'anthropic' }), (act) => {
  act('is guarded like any other', async ({ upstream, gateway }) => {
    for (let cut = 0; cut <= 12; cut++) {
      const text = 'my sk-123456';
      upstream.answer(streamOf([
        event({ type: 'message_start', message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 9 } } }),
        event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
        delta(0, { type: 'text_delta', text: text.slice(0, cut) }),
        delta(0, { type: 'text_delta', text: text.slice(cut) }),
        event({ type: 'content_block_stop', index: 0 }),
        event({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'f' } }),
        delta(1, { type: 'input_json_delta', partial_json: '{"key":"sk-' }),
        delta(1, { type: 'input_json_delta', partial_json: '99"}' }), event({ type: 'content_block_stop', index: 1 }),
        event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } }),
        event({ type: 'message_stop' })]));
      const { list, done } = await ask(gateway);
      assert.deepEqual([spelled(list), done], ['my [key]', 1], `cut at ${cut}`);
      assert.equal(joined(list, 0, (one) => one.tool_calls?.[0]?.function?.arguments), '{"key":"[key]"}');
      assert.equal(list.at(-1).choices[0].finish_reason, 'tool_calls');
    }
  });
});
