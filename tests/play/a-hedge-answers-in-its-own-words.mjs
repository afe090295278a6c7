// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, framed, silence, speech, spelling, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { play, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const HEDGED = { mode: 'fallback', hedge: { delay: '40ms' } };

const closed = (upstream) => (
  until(2000, 'the loser\'s connection closes', () => upstream.last.connection.closedAt !== null));

/** Both have been asked once for each of the requests so far. */
function asked(scene) {
  assert.deepEqual([scene.first.requests.length, scene.second.requests.length], [scene.lines + 1, scene.lines + 1]);
}

/** The newest access line of a chat. */
async function line(scene) {
  scene.lines += 1;
  return (await scene.gateway.access(scene.lines)).at(-1);
}

const said = (text) => ({
  id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text }],
  stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 3 },
});
const event = (value) => `event: ${value.type}\n${framed(value)}`;
const OPENING = [
  event({ type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 9 } } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
];
const saying = (text) => [
  ...OPENING, event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  event({ type: 'content_block_stop', index: 0 }),
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }),
  event({ type: 'message_stop' }),
];

const WITNESS = `local log = require "gateway.log"
return {
  name = "witness", type = "logging",
  after_request = function(ctx) log.info("witnessed") end,
}
`;

plays('a hedged request that is translated', async (stage) => {
  const first = await stage.upstream(), second = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { anthropic: first, openai: second }, scripts: { 'plugins/witness.lua': WITNESS },
    config: { strategy: HEDGED, plugins: [{ name: 'witness' }] },
  });
  return { first, second, gateway, lines: 0 };
}, (act) => {
  act('is answered by the second', async (scene) => {
    scene.first.answer(silence());
    scene.second.answer(completion('second'));
    assert.equal((await scene.gateway.chat()).json.choices[0].message.content, 'second');
    await closed(scene.first);
    asked(scene);
    assert.deepEqual([(await line(scene)).target, scene.first.requests.length], ['openai', 1]);
  });
  act('is answered by the first', async (scene) => {
    scene.first.answer(whole(said('first'), { delay: 100 }));
    scene.second.answer(silence());
    assert.equal((await scene.gateway.chat()).json.choices[0].message.content, 'first');
    await closed(scene.second);
    asked(scene);
    assert.equal((await line(scene)).target, 'anthropic');
  });
  act('streams from the second where the first says nothing but its name', async (scene) => {
    scene.first.answer(stream(OPENING, { end: 'stall' }));
    scene.second.answer(speech(['sec', 'ond']));
    const reply = await scene.gateway.stream();
    assert.equal(spelled((await drain(reply)).list), 'second');
    await closed(scene.first);
    reply.connection.close();
    asked(scene);
    await line(scene);
  });
  act('streams from the first', async (scene) => {
    scene.first.answer(async (io, request) => (await sleep(100), stream(saying('first'))(io, request)));
    scene.second.answer(stream(spelling(['x']).slice(0, 1), { end: 'stall' }));
    const reply = await scene.gateway.stream();
    const { list, done } = await drain(reply);
    assert.deepEqual([spelled(list), done], ['first', 1]);
    await closed(scene.second);
    reply.connection.close();
    asked(scene);
    assert.equal((await line(scene)).target, 'anthropic');
  });
  act('is looked at by plugins once', async (scene) => {
    assert.equal(scene.gateway.logs.filter((one) => one.msg === 'witnessed').length, 4);
    const metrics = await scene.gateway.metrics();
    assert.equal(metrics.value('gateway_tokens_input_total'), 4 * 9);
    assert.equal(metrics.value('gateway_target_in_flight'), 0);
  });
});

// ---- the delay that is measured ----

play('without a delay of one\'s own, nobody is asked beside a target that is not known yet', async (stage) => {
  const first = await stage.upstream(), second = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second }, config: { strategy: { mode: 'fallback', hedge: {} } },
  });
  second.answer(completion('second'));
  first.answer(completion('slow', { delay: 100 }));
  await gateway.chat();
  assert.equal(second.requests.length, 0, 'nothing is known of it');
  first.answer(completion('fast'));
  for (let i = 0; i < 40; i++) await gateway.chat();
  assert.equal(first.requests.length + second.requests.length, 41 + second.requests.length, 'asked once each');
  first.answer(silence());
  assert.equal((await gateway.chat()).json.choices[0].message.content, 'second');
  await closed(first);
});
