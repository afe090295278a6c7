// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, reset, silence, speech, spelling, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL, PROMPT } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const HEDGED = { mode: 'fallback', hedge: { delay: '40ms' } };

async function open(stage) {
  const first = await stage.upstream(), second = await stage.upstream(), third = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second, anthropic: third }, config: { strategy: HEDGED },
    env: { WORKERS: '1' },
  });
  return { first, second, third, gateway };
}

/** Each upstream has been asked so often since the last look. */
function asked(scene, ...counts) {
  const now = [scene.first, scene.second, scene.third].map((upstream) => upstream.requests.length);
  const before = scene.seen ?? [0, 0, 0];
  scene.seen = now;
  assert.deepEqual(now.map((count, i) => count - before[i]), counts, 'requests at each upstream');
}

const closed = (upstream, request = upstream.last) => (
  until(2000, 'the loser\'s connection closes', () => request.connection.closedAt !== null));

/** The newest access line of a chat. */
async function line(scene) {
  scene.lines = (scene.lines ?? 0) + 1;
  const lines = await scene.gateway.access(scene.lines);
  assert.equal(lines.length, scene.lines, 'one line each');
  return lines[lines.length - 1];
}

plays('a hedged request', open, (act) => {
  act('is asked once where the first answers in time', async (scene) => {
    scene.first.answer(completion('first'));
    const answer = await scene.gateway.chat();
    assert.equal(answer.json.choices[0].message.content, 'first');
    asked(scene, 1, 0, 0);
    const told = await line(scene);
    assert.deepEqual([told.target, told.attempts, told.hedge], ['openai', undefined, undefined]);
  });
  act('is answered by the second where the first is slow, and the first is let go', async (scene) => {
    scene.first.answer(silence());
    scene.second.answer(completion('second'));
    const begun = performance.now();
    const answer = await scene.gateway.chat();
    assert.equal(answer.json.choices[0].message.content, 'second');
    assert.equal(answer.header('x-gateway-provider'), 'groq');
    assert.ok(performance.now() - begun >= 38, 'not before the delay');
    await closed(scene.first);
    asked(scene, 1, 1, 0);
    const told = await line(scene);
    assert.deepEqual([told.target, told.provider, told.attempts, told.hedge, told.tokens_in],
      ['groq', 'groq', 2, 'won', 9]);
  });
  act('is answered by the first where it is the faster one after all', async (scene) => {
    scene.first.answer(completion('first', { delay: 100 }));
    scene.second.answer(silence());
    const answer = await scene.gateway.chat();
    assert.equal(answer.json.choices[0].message.content, 'first');
    assert.equal(answer.header('x-gateway-provider'), 'openai');
    await closed(scene.second);
    asked(scene, 1, 1, 0);
    const told = await line(scene);
    assert.deepEqual([told.target, told.hedge], ['openai', 'lost']);
  });
  act('streams from whoever has the first content', async (scene) => {
    scene.first.answer(stream(spelling(['late']).slice(0, 1), { end: 'stall' })); // a role is no content
    scene.second.answer(speech(['from ', 'second']));
    const reply = await scene.gateway.stream();
    const { list, done, complete } = await drain(reply);
    assert.deepEqual([spelled(list), done, complete], ['from second', 1, true]);
    await closed(scene.first);
    reply.connection.close();
    asked(scene, 1, 1, 0);
    assert.equal((await line(scene)).hedge, 'won');
  });
  act('streams from the first, and the second is let go at its first word', async (scene) => {
    const words = ['a', 'b', 'c', 'd'];
    scene.first.answer(async (io, request) => (await sleep(100), speech(words, { every: 5 })(io, request)));
    scene.second.answer(silence());
    const reply = await scene.gateway.stream();
    assert.equal(spelled((await drain(reply)).list), 'abcd');
    await closed(scene.second);
    reply.connection.close();
    asked(scene, 1, 1, 0);
    assert.equal((await line(scene)).hedge, 'lost');
  });
  act('of another API is answered in its own words', async (scene) => {
    scene.first.answer(silence());
    scene.second.answer(completion('second'));
    const answer = await scene.gateway.fetch('POST', '/v1/messages', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: MODEL, max_tokens: 9, messages: [{ role: 'user', content: PROMPT }] }),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.content[0].text, 'second');
    await closed(scene.first);
    asked(scene, 1, 1, 0);
  });
  act('is not lost by the failure of one: the other goes on', async (scene) => {
    scene.first.answer(failure(500, {}, { delay: 90 }));
    scene.second.answer(completion('second', { delay: 100 }));
    assert.equal((await scene.gateway.chat()).json.choices[0].message.content, 'second');
    asked(scene, 1, 1, 0);
    await line(scene);
    scene.first.answer(completion('first', { delay: 100 }));
    scene.second.answer(reset());
    assert.equal((await scene.gateway.chat()).json.choices[0].message.content, 'first');
    asked(scene, 1, 1, 0);
    assert.equal((await line(scene)).hedge, 'lost');
  });
  act('that fails at both is asked of the third', async (scene) => {
    scene.first.answer(failure(500, {}, { delay: 90 }));
    scene.second.answer(failure(503, {}, { delay: 90 }));
    scene.third.answer(whole({
      id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'third' }],
      stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 3 },
    }));
    const answer = await scene.gateway.chat();
    assert.equal(answer.json.choices[0].message.content, 'third');
    asked(scene, 1, 1, 1);
    assert.equal((await line(scene)).target, 'anthropic');
  });
  act('that is wrong is told so at once, and whoever still runs is let go', async (scene) => {
    scene.first.answer(silence());
    scene.second.answer(failure(400, { message: 'no such thing', code: 'bad' }));
    assertError(await scene.gateway.chat(), 400);
    await closed(scene.first);
    asked(scene, 1, 1, 0);
    await line(scene);
  });
  act('counts once: what was used, and what was hedged', async (scene) => {
    const metrics = await scene.gateway.metrics();
    assert.equal(metrics.value('gateway_tokens_input_total'), 9 * 9);
    const hedges = (target, outcome) => metrics.value('gateway_hedges_total', { target, outcome });
    assert.deepEqual([hedges('groq', 'won'), hedges('groq', 'lost')], [4, 5]);
    assert.equal(metrics.value('gateway_hedges_total'), 9);
    assert.equal(metrics.value('gateway_requests_total', { status: 'success' }), 9);
    for (const target of ['openai', 'groq', 'anthropic']) {
      assert.equal(metrics.find('gateway_target_in_flight', { target }).length, 1, target);
    }
    assert.equal(metrics.value('gateway_target_in_flight'), 0);
  });
  act('whose client goes takes both along', async (scene) => {
    scene.first.answer(silence());
    scene.second.answer(silence());
    const connection = await scene.gateway.connect();
    await connection.send(scene.gateway.chatRequest());
    await scene.second.request(scene.second.requests.length + 1);
    connection.reset();
    await closed(scene.first);
    await closed(scene.second);
    asked(scene, 1, 1, 0);
    assert.equal((await line(scene)).status, 499);
  });
  act('leaves nothing in flight', async ({ gateway }) => {
    const inFlight = async () => (await gateway.metrics()).value('gateway_target_in_flight');
    await until(2000, 'nobody in flight', async () => await inFlight() === 0);
  });
});

play('plugins see who has answered a hedged request, and hear of no cut one', async (stage) => {
  const first = await stage.upstream(), second = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second }, env: { WORKERS: '1' },
    scripts: { 'plugins/ear.lua': `local log = require "gateway.log"
      return { name = "ear", type = "logging",
        before_request = function() end,
        after_request = function(ctx)
          log.info("saw", { target = ctx.target, provider = ctx.provider, model = ctx.model })
        end,
        on_error = function(ctx) log.warn("heard", { code = ctx.error.code }) end }` },
    config: { strategy: HEDGED, plugins: [{ name: 'ear' }] },
  });
  first.answer(silence());
  second.answer(completion('second'), speech(['sec', 'ond']), failure(500));
  assert.equal((await gateway.chat()).status, 200);
  assert.equal((await drain(await gateway.stream())).complete, true);
  const saw = () => gateway.logs.filter((line) => line.msg === 'saw');
  await until(2000, 'both were seen', () => saw().length === 2);
  for (const line of saw()) assert.deepEqual([line.target, line.provider, line.model], ['groq', 'groq', MODEL]);
  first.answer(failure(500));
  assert.equal((await gateway.chat()).status, 502);
  await gateway.log((line) => line.msg === 'heard');
  assert.equal(gateway.logs.filter((line) => line.msg === 'heard').length, 1, 'the failure alone');
});
