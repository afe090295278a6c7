// SPDX-License-Identifier: Apache-2.0
// Every fault of an upstream, at a target that is alone, at one that is tried three times, and at one with another
// behind it; whole and streamed: what the client gets, and how often the upstream was asked. What may have been carried
// out is not asked for again.
import assert from 'node:assert/strict';

import { chunk, completion, failure, framed, raw, reset, resetEarly, silence, speech, stream, whole }
  from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { freePort } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const ROLE = chunk({ role: 'assistant', content: '' });
const WORD = chunk({ content: 'begun' });
const ERROR_EVENT = { error: { message: 'overloaded', type: 'server_error', param: null, code: 'overloaded' } };
const AT_ONCE = { headers: { 'Retry-After': '0' } };
const TRIES = 3;
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

// status: of the client, when nobody else answers. again: calls of the target with three tries. moves: to the next.
const ANSWERS = {
  'answers 500': { answer: failure(500), status: 502, again: TRIES },
  'answers 503': { answer: failure(503, {}, AT_ONCE), status: 502, again: TRIES },
  'answers 504': { answer: failure(504, {}, AT_ONCE), status: 504, again: TRIES },
  'answers 408': { answer: failure(408, {}, AT_ONCE), status: 504, again: TRIES },
  'answers 429': { answer: failure(429, {}, AT_ONCE), status: 429, again: TRIES },
  'answers 500 and asks to be left alone': {
    answer: failure(500, {}, { headers: { 'X-Should-Retry': 'false' } }), status: 502, again: 1 },
  'answers 302': {
    answer: whole('', { status: 302, headers: { Location: 'http://127.0.0.1:9/' } }), status: 502, again: 1 },
  'answers 400': { answer: failure(400), status: 400, again: 1, moves: false },
  'answers 401': { answer: failure(401), status: 502, again: 1 },
  'answers 404': { answer: failure(404), status: 404, again: 1 },
  'resets before the head': { answer: reset(), status: 502, again: 1 },
  'resets before it read the body': { answer: resetEarly(), status: 502, again: 1 },
  'resets inside the head': {
    answer: raw('HTTP/1.1 200 OK\r\nContent-', { after: 'reset' }), status: 502, again: 1 },
  'closes without a byte': { answer: raw(''), status: 502, again: 1 },
  'speaks another protocol': { answer: raw('220 smtp.example ESMTP\r\n'), status: 502, again: 1 },
  'answers a page of HTML': {
    answer: whole('<html>It works!</html>', { headers: { 'Content-Type': 'text/html' } }), status: 502, again: 1 },
  'says nothing': { answer: silence(), status: 504, again: 1 },
  'stops inside the head': { answer: raw(HEAD, { after: 'stall' }), status: 504, again: 1 },
  'frames its answer twice': {
    answer: raw(`${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`), status: 502, again: 1 },
  'counts bytes in words': { answer: raw(`${HEAD}Content-Length: 2x\r\n\r\n{}`), status: 502, again: 1 },
  'speaks HTTP/0.9': { answer: raw('{"choices":[]}'), status: 502, again: 1 },
  'says 100 Continue 5,000 times': {
    answer: raw('HTTP/1.1 100 Continue\r\n\r\n'.repeat(5000), { after: 'stall' }), status: 502, again: 1 },
  'sends a header line of 120 KB': { answer: raw(`${HEAD}X-A: ${'a'.repeat(120_000)}\r\n\r\n`), status: 502, again: 1 },
};
const WHOLE = {
  'cuts its body': {
    answer: raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":'),
    status: 502, again: 1 },
  'stops inside its body': {
    answer: raw(`${HEAD}Content-Length: 9\r\n\r\n{`, { after: 'stall' }), status: 504, again: 1 },
  'ends without its last chunk': {
    answer: raw(`${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`), status: 502, again: 1 },
  'answers half of JSON': { answer: whole('{"id":"x",'), status: 502, again: 1 },
  'answers null': { answer: whole('null'), status: 502, again: 1 },
  'answers nothing': { answer: whole(''), status: 502, again: 1 },
  'answers 200 with an error': { answer: whole(ERROR_EVENT), status: 502, again: TRIES },
};
const STREAMED = {
  'opens its stream with an error event': { answer: stream([ERROR_EVENT, '[DONE]']), status: 502, again: TRIES },
  'sends a role and then an error event': { answer: stream([ROLE, ERROR_EVENT, '[DONE]']), status: 502, again: TRIES },
  'sends comments and then an error event': {
    answer: stream([': waiting\n\n', framed(ERROR_EVENT)]), status: 502, again: TRIES },
  'ends its stream without an event': { answer: stream([]), status: 502, again: 1 },
  'cuts its stream before an event': { answer: stream([], { end: 'cut' }), status: 502, again: 1 },
  'ends behind the role': { answer: stream([ROLE]), status: 502, again: 1 },
  'cuts its stream behind the role': { answer: stream([ROLE], { end: 'cut' }), status: 502, again: 1 },
  'is silent behind the role': { answer: stream([ROLE], { end: 'stall' }), status: 504, again: 1 },
};
const BEGUN = {
  'resets': { end: 'reset' }, 'cuts its stream': { end: 'cut' }, 'goes silent': { end: 'stall' },
  'ends without a mark': { end: 'whole' },
  'sends an error event': { events: [ERROR_EVENT] },
};

const FAULTS = { 'the whole answer': { ...ANSWERS, ...WHOLE }, 'the stream': { ...ANSWERS, ...STREAMED } };

async function open(stage) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const retry = { attempts: TRIES, initial_backoff_ms: 1 };
  const at = (name, upstream, model, more) => (
    { name, provider: 'vllm', base_url: upstream.url ?? upstream, models: [model], ...more });
  const nobody = `http://127.0.0.1:${await freePort()}/v1`;
  const gateway = await stage.gateway({ config: {
    timeouts: { upstream: { first_byte: '200ms', idle: '200ms' } },
    targets: [at('alone', first, 'alone'), at('again', first, 'again', { retry }), at('first', first, 'both'),
      at('second', second, 'both'), at('brave', first, 'brave', { retry: { ...retry, retry_ambiguous: true } }),
      at('gone', nobody, 'gone', { retry }),
      { name: 'parts', provider: 'groq', base_url: first.url, api_key: 'canary-key-parts', models: ['parts'], retry }],
  } });
  return { first, second, gateway };
}

/** What the client gets of one call, and how often each upstream was asked for it. */
async function ask({ first, second, gateway }, model, streamed, answer) {
  first.answer(answer);
  second.answer(streamed ? speech(['from the second']) : completion('from the second'));
  const before = [first.requests.length, second.requests.length];
  const calls = () => [first.requests.length - before[0], second.requests.length - before[1]];
  if (!streamed) {
    const { status, json } = await gateway.chat({ model });
    return { status, text: json?.choices?.[0].message.content, calls: calls() };
  }
  const reply = await gateway.stream({ model });
  const { list, done } = reply.status === 200 ? await drain(reply) : { list: [], done: 0 };
  reply.connection.close();
  return { status: reply.status, text: spelled(list.filter((one) => !one.error)), done, calls: calls(),
    failed: list.some((one) => one.error) };
}

function of(kind, streamed, act) {
  for (const [name, { answer, status, again, moves = true }] of Object.entries(FAULTS[kind])) {
    act(`${kind} of a target that ${name}`, async (scene) => {
      const alone = await ask(scene, 'alone', streamed, answer);
      assert.deepEqual([alone.status, ...alone.calls], [status, 1, 0], 'alone');
      const tried = await ask(scene, 'again', streamed, answer);
      assert.deepEqual([tried.status, ...tried.calls], [status, again, 0], 'with three tries');
      const both = await ask(scene, 'both', streamed, answer);
      assert.deepEqual([both.status, ...both.calls], moves ? [200, 1, 1] : [status, 1, 0], 'with another behind it');
      if (moves) assert.equal(both.text, 'from the second');
    });
  }
  act(`${kind} that may have been carried out, where the operator wants it all the same`, async (scene) => {
    for (const answer of [reset(), raw('')]) {
      const { status, calls } = await ask(scene, 'brave', streamed, answer);
      assert.deepEqual([status, ...calls], [502, TRIES, 0]);
    }
  });
  act(`${kind} of a target where nobody is`, async ({ gateway }) => {
    const retries = async () => (await gateway.metrics()).value('gateway_retries_total', { target: 'gone' });
    const before = await retries();
    assert.equal((await gateway.chat({ model: 'gone', stream: streamed })).status, 502);
    assert.equal(await retries() - before, TRIES - 1, 'nobody has seen it: it is tried again');
  });
}

plays('a call', open, (act) => {
  of('the whole answer', false, act);
  of('the stream', true, act);
  for (const [name, { end, events = [] }] of Object.entries(BEGUN)) {
    act(`whose stream has begun when its target ${name}`, async (scene) => {
      for (const model of end === 'stall' ? ['both'] : ['alone', 'again', 'both', 'brave']) {
        const answer = stream([ROLE, WORD, ...events], { end });
        const { status, text, failed, done, calls } = await ask(scene, model, true, answer);
        assert.deepEqual({ status, text, failed, done, calls },
          { status: 200, text: 'begun', failed: true, done: 0, calls: [1, 0] }, model);
      }
    });
  }
  act('of two prompts in one is not made again when one of them has been answered', async ({ first, gateway }) => {
    const ask = (...answers) => {
      first.answer(...answers);
      return gateway.fetch('POST', '/v1/completions', { headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ model: 'parts', prompt: ['one', 'two'] }) });
    };
    const before = first.requests.length;
    assert.equal((await ask(completion('one'), failure(503, {}, AT_ONCE), completion('three'))).status, 502);
    assert.equal(first.requests.length - before, 2);
    const answer = await ask(failure(503, {}, AT_ONCE), completion('one'), completion('two'));
    assert.deepEqual(answer.json.choices.map(({ text }) => text), ['one', 'two']);
    assert.equal(first.requests.length - before, 5);
  });
});
