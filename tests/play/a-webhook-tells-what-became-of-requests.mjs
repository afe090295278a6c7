// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { completion, failure, silence, speech, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { MODEL, PROMPT } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const SECRET = 'canary-hook-secret-11aa';

plays('a webhook', async (stage) => {
  const upstream = await stage.upstream();
  const hook = await stage.upstream();
  hook.answer(whole(''));
  const config = { url: `http://127.0.0.1:${hook.port}/hook`, secret: SECRET, flush: '50ms', backoff: '20ms',
    timeout: '500ms', headers: { 'X-Mine': 'yes' } };
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [{ name: 'webhook', config }] },
  });
  const told = () => hook.requests.filter(({ complete }) => complete).flatMap(({ json }) => json.events);
  const events = async (count) => {
    await until(5000, `${count} events`, () => told().length >= count);
    return told();
  };
  return { upstream, hook, gateway, events };
}, (act) => {
  act('is told of a whole answer, signed, without a word of it', async ({ upstream, hook, gateway, events }) => {
    upstream.answer(completion('canary answer'));
    const answer = await gateway.chat();
    const [event] = await events(1);
    const { timestamp, latency_ms: latency, ...rest } = event;
    assert.deepEqual(rest, {
      type: 'gateway.request.completed', trace_id: answer.header('x-request-id'), status: 200, provider: 'openai',
      target: 'openai', model: MODEL, stream: false, tokens_in: 9, tokens_out: 3, api_key: event.api_key,
    });
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000 && latency >= 0);
    const text = hook.last.body.toString();
    assert.ok(!text.includes(PROMPT) && !text.includes('canary answer'));
    const head = hook.last.raw.toString();
    const stamp = /X-Gateway-Timestamp: (\d+)\r\n/.exec(head)[1];
    const expected = createHmac('sha256', SECRET).update(`${stamp}.${text}`).digest('hex');
    assert.ok(head.includes(`X-Gateway-Signature: sha256=${expected}\r\n`) && head.includes('X-Mine: yes\r\n'));
  });
  act('is told of a failure', async ({ upstream, gateway, events }) => {
    upstream.answer(failure(400, { message: PROMPT }));
    await gateway.chat();
    const event = (await events(2))[1];
    assert.deepEqual([event.type, event.status, event.error],
      ['gateway.request.failed', 400, 'invalid_request']);
  });
  act('is told of a stream', async ({ upstream, gateway, events }) => {
    upstream.answer(speech(['a', 'b']));
    const reply = await gateway.stream();
    await drain(reply);
    reply.connection.close();
    const event = (await events(3))[2];
    assert.deepEqual([event.type, event.stream], ['gateway.request.completed', true]);
  });
  act('is tried again while it fails, and costs no answer', async ({ upstream, hook, gateway }) => {
    upstream.answer(completion('x'));
    const before = hook.requests.length;
    hook.answer(whole('', { status: 503 }), silence(), whole('', { status: 204 }));
    assert.equal((await gateway.chat()).status, 200);
    await until(5000, 'three tries', () => hook.requests.length === before + 3);
    const tries = hook.requests.slice(before).map(({ body }) => body.toString());
    assert.deepEqual(tries, [tries[0], tries[0], tries[0]]);
    await until(3000, 'the count', async () => (
      (await gateway.metrics()).value('gateway_script_events_total', { name: 'webhook.delivered' }) === 4));
  });
  act('gets many events in few calls', async ({ hook, gateway }) => {
    hook.answer(whole(''));
    const before = hook.requests.length;
    await Promise.all(Array.from({ length: 60 }, () => gateway.chat()));
    const calls = () => hook.requests.slice(before).filter(({ complete }) => complete);
    const arrived = () => calls().map(({ json }) => json.events.length);
    await until(5000, 'all events', () => arrived().reduce((sum, count) => sum + count, 0) === 60);
    assert.ok(Math.max(...arrived()) <= 20 && arrived().length < 30, `calls of ${arrived()}`);
  });
  act('is given up after three tries, with a line', async ({ hook, gateway }) => {
    hook.answer(whole('', { status: 500 }));
    assert.equal((await gateway.chat()).status, 200);
    const line = await gateway.log('webhook: events are lost', 5000);
    assert.deepEqual([line.events, line.code], [1, 'status_500']);
  });
});
