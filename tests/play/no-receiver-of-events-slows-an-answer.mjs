// SPDX-License-Identifier: Apache-2.0
// Receivers that are slow, dead, full or unwilling: answers go out all the same, what fails is sent again under its own
// id, and what nobody takes is counted.
import assert from 'node:assert/strict';

import { completion, silence, whole } from '../tools/answers.mjs';
import { freePort } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { Receiver, SECRET, verified } from '../tools/receiver.mjs';
import { until } from '../tools/wire.mjs';

const SUBJECT = { subject: 'gateway.request.completed' };

plays('a receiver', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('x'));
  const names = ['good', 'slow', 'shaky', 'refusing'];
  const hooks = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await stage.upstream()])));
  hooks.good.answer(whole(''));
  const receivers = Object.fromEntries(names.map((name) => [name, new Receiver(hooks[name])]));
  const shared = { secret: SECRET, subjects: ['gateway.request.*'], every: '20ms', backoff: '10ms', attempts: 3 };
  const entry = (url, more) => ({ ...shared, url, ...more });
  const gateway = await stage.gateway({
    targets: { openai: upstream },
    config: { events: { webhooks: [
      entry(receivers.good.url, { batch: 256 }),
      entry(receivers.slow.url, { timeout: '400ms', attempts: 1, batch: 64 }),
      entry(receivers.shaky.url),
      entry(receivers.refusing.url),
      entry(`http://127.0.0.1:${await freePort()}/nobody`),
    ] } },
  });
  const dropped = async () => (await gateway.metrics()).value('gateway_hook_events_dropped_total', SUBJECT);
  return { gateway, hooks, receivers, dropped };
}, (act) => {
  act('that fails for a while gets the same call once more', async ({ gateway, hooks, receivers, dropped }) => {
    hooks.slow.answer(whole(''));
    hooks.refusing.answer(whole('', { status: 410 }));
    const wait = whole('', { status: 429, headers: { 'Retry-After': '0' } });
    hooks.shaky.answer(whole('', { status: 503 }), wait, whole(''));
    const trace = (await gateway.chat()).header('x-request-id');
    await until(5000, 'three attempts', () => receivers.shaky.calls.length === 3);
    const calls = receivers.shaky.calls;
    assert.equal(new Set(calls.map((call) => call.header('webhook-id'))).size, 1);
    assert.equal(new Set(calls.map((call) => call.body.toString())).size, 1);
    for (const call of calls) assert.deepEqual(verified(call).map((event) => event.trace_id), [trace]);
    // The dead one and the one that is gone for good have lost theirs, the latter after one call.
    await until(5000, 'two are lost', async () => await dropped() === 2);
    assert.equal(receivers.refusing.calls.length, 1);
    const line = await gateway.log((one) => one.code === 'status_410');
    assert.ok(line.receiver.startsWith('http://127.0.0.1:') && !line.receiver.includes('/hook') && line.events === 1);
  });
  act('that is asked to wait is waited for', async ({ gateway, hooks, receivers }) => {
    hooks.shaky.answer(whole('', { status: 503, headers: { 'Retry-After': '1' } }), whole(''));
    const before = receivers.shaky.calls.length;
    await gateway.chat();
    await until(5000, 'the second attempt', () => receivers.shaky.calls.length === before + 2);
    const [first, second] = receivers.shaky.calls.slice(before);
    assert.ok(second.at - first.at >= 990, `${second.at - first.at} ms`);
  });
  act('that hangs costs no answer, no other receiver, and no more than its queue', async (scene) => {
    const { gateway, hooks, receivers, dropped } = scene;
    hooks.slow.answer(silence());
    hooks.refusing.answer(whole(''));
    hooks.shaky.answer(whole(''));
    const good = receivers.good.events.length, lost = await dropped(), count = 360;
    const begun = performance.now();
    for (let i = 0; i < count; i += 40) {
      await Promise.all(Array.from({ length: 40 }, async () => assert.equal((await gateway.chat()).status, 200)));
    }
    const took = performance.now() - begun;
    assert.equal((await receivers.good.count(good + count)).length, good + count);
    assert.ok(took < 20_000, `${took} ms for ${count} answers`);
    await until(5000, 'what found no room', async () => await dropped() - lost >= count - 256);
    hooks.slow.answer(whole(''));
  });
});
