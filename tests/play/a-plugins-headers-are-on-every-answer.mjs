// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, speech } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { assertError, play } from '../tools/play.mjs';

/** A gateway whose plugin runs `body` before each request. */
async function open(stage, body, type = 'transform') {
  const upstream = await stage.upstream();
  const script = `return { name = "marks", type = "${type}", before_request = function(ctx) ${body} end }`;
  const scripts = stage.folder({ 'plugins/marks.lua': script });
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { GATEWAY_SCRIPTS: scripts }, config: { plugins: [{ name: 'marks' }] },
  });
  return { upstream, gateway };
}

play('passed on, streamed, refused or failed', async (stage) => {
  const { upstream, gateway } = await open(stage, `
    ctx:set_header("X-Mark", "first")
    ctx:set_header("x-mark", "second")
    if ctx.body:get "user" == "refuse" then return ctx:reject { status = 403 } end
    if ctx.body:get "user" == "answer" then return ctx:respond { body = "here" } end`);
  const marked = (answer, status) => {
    assert.equal(answer.status, status);
    assert.equal(answer.header('x-mark'), 'second', 'once, the later value');
  };
  upstream.answer(completion('x'), speech(['a ']), failure(400), completion('y', { headers: { 'X-Mark': 'theirs' } }));
  marked(await gateway.chat(), 200);
  const stream = await gateway.stream();
  marked(stream, 200);
  await drain(stream);
  stream.connection.close();
  marked(await gateway.chat(), 400);
  marked(await gateway.chat(), 200);
  marked(await gateway.chat({ user: 'refuse' }), 403);
  marked(await gateway.chat({ user: 'answer' }), 200);
});

play('in the place of a provider\'s of that name', async (stage) => {
  const { upstream, gateway } = await open(stage, 'ctx:set_header("x-ratelimit-limit-requests", 7)');
  const theirs = { 'x-ratelimit-limit-requests': '9', 'x-ratelimit-limit-tokens': '11' };
  upstream.answer(completion('x', { headers: theirs }), speech(['a '], { headers: theirs }));
  const answer = await gateway.chat();
  const stream = await gateway.stream();
  await drain(stream);
  stream.connection.close();
  for (const { header } of [answer, stream]) {
    assert.equal(header('x-ratelimit-limit-requests'), '7');
    assert.equal(header('x-ratelimit-limit-tokens'), '11');
  }
});

for (const [name, value] of [['Content-Length', '5'], ['transfer-encoding', 'chunked'], ['X-Request-ID', 'mine'],
  ['X Bad', 'name'], ['X-Bad', 'value\\r\\nX-Other: injected']]) {
  play(`but ${name} is not theirs to set`, async (stage) => {
    const headers = `headers = { ["${name}"] = "${value}" }`;
    const { upstream, gateway } = await open(stage, `
      if ctx.body:get "user" == "refuse" then return ctx:reject { status = 403, ${headers} } end
      if ctx.body:get "user" == "answer" then return ctx:respond { body = "here", ${headers} } end
      ctx:set_header("${name}", "${value}")`);
    for (const user of ['set', 'refuse', 'answer']) {
      assertError(await gateway.chat({ user }), 500, { code: 'plugin_error' });
    }
    assert.equal(upstream.complete, 0);
  });
}
