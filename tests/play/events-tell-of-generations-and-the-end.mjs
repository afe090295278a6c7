// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';
import { Receiver, SECRET } from '../tools/receiver.mjs';
import { marked, marking, says } from '../tools/scripts.mjs';
import { sleep } from '../tools/wire.mjs';

const hooks = (receiver, more = {}) => ({
  events: { webhooks: [{ url: receiver.url, secret: SECRET, every: '20ms', ...more }] },
});

plays('events of generations', async (stage) => {
  const hook = await stage.upstream();
  hook.answer(whole(''));
  const receiver = new Receiver(hook);
  const { gateway, scripts } = await marked(stage, 'one', {
    config: hooks(receiver, { subjects: ['gateway.reload.*'] }), env: { WORKERS: '4' },
  });
  return { gateway, scripts, receiver };
}, (act) => {
  act('tell once of one that serves from now on', async ({ gateway, scripts, receiver }) => {
    scripts.save('plugins/mark.lua', marking('two'));
    await says(gateway, 'two', 3000);
    const [event] = await receiver.count(1, 'gateway.reload.applied');
    assert.deepEqual([event.generation, event.previous], [2, 1]);
    assert.match(event.changed, /mark/);
  });
  act('tell once of one that is refused, and why', async ({ scripts, receiver }) => {
    scripts.save('plugins/mark.lua', 'return { name = "mark", ');
    const [event] = await receiver.count(1, 'gateway.reload.refused');
    assert.equal(event.generation, 2);
    assert.match(event.file, /mark\.lua/);
    assert.ok(event.reason.length > 0);
  });
  act('tell once of a way back', async ({ gateway, receiver }) => {
    const answer = await gateway.fetch('POST', '/admin/scripts/rollback/1', { ms: 10_000 });
    assert.equal(answer.status, 200, answer.text);
    const [event] = await receiver.count(1, 'gateway.reload.rolled_back');
    assert.deepEqual([event.generation, event.previous], [1, 2]);
    await sleep(300); // what comes twice comes soon
    assert.equal(receiver.events.length, 3, JSON.stringify(receiver.events));
    const value = (await gateway.metrics()).value('gateway_events_total');
    assert.equal(value, 3);
  });
});

plays('events at the end', async (stage) => {
  const upstream = await stage.upstream(), hook = await stage.upstream();
  upstream.answer(completion('x'));
  hook.answer(whole(''));
  const receiver = new Receiver(hook);
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: hooks(receiver, { every: '60s' }), env: { WORKERS: '2' },
  });
  return { gateway, receiver };
}, (act) => {
  act('that wait for a batch go out before the process does', async ({ gateway, receiver }) => {
    await Promise.all(Array.from({ length: 10 }, () => gateway.chat()));
    await sleep(100);
    assert.equal(receiver.calls.length, 0);
    gateway.signal();
    assert.equal((await gateway.stop(5000)).code, 0);
    assert.equal(receiver.of('gateway.request.completed').length, 10);
  });
});
