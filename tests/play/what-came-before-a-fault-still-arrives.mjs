// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { framed, head, raw, spelling } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { plays } from '../tools/play.mjs';

const HEAD = head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' });
const chunked = (events) => events.map(framed).map((text) => (
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)).join('');
const ALL = spelling(['first ', 'second']);
const SOME = ALL.slice(0, 3);

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

async function received({ upstream, gateway }, answer) {
  upstream.answer(answer);
  const reply = await gateway.stream();
  const result = await drain(reply);
  reply.connection.close();
  return result;
}

plays('of an upstream that says all of it in one segment with the fault,', open, (act) => {
  act('the events before broken framing reach the client', async (scene) => {
    const { list, done, complete } = await received(scene, raw(`${HEAD}${chunked(SOME)}no chunk\r\n`));
    assert.equal(spelled(list), 'first second');
    assert.equal(typeof list[list.length - 1].error?.message, 'string');
    assert.deepEqual([done, complete], [0, true]);
  });
  act('a stream with its [DONE] is complete', async (scene) => {
    const { list, done, complete } = await received(scene, raw(`${HEAD}${chunked(ALL)}no chunk\r\n`));
    assert.equal(spelled(list), 'first second');
    assert.ok(!list.some((one) => one.error), JSON.stringify(list));
    assert.deepEqual([done, complete], [1, true]);
  });
  act('a reset right behind the events takes none of them along', async (scene) => {
    const { list, done } = await received(scene, raw(`${HEAD}${chunked(ALL)}`, { after: 'reset' }));
    assert.equal(spelled(list), 'first second');
    assert.equal(done, 1);
  });
});
