// SPDX-License-Identifier: Apache-2.0
// What passes through is asked of the plugins like anything else, as far as it can be looked into.
import assert from 'node:assert/strict';

import { providerKey } from '../tools/gateway.mjs';
import { whole } from '../tools/answers.mjs';
import { assertError, plays } from '../tools/play.mjs';

const SEEN = `local log = require "gateway.log"
return {
  name = "seen", type = "logging",
  before_request = function(ctx)
    local texts = {}
    for part in ctx:texts() do texts[#texts + 1] = part.text end
    log.info("seen", { endpoint = ctx.endpoint, model = ctx.model or "none", texts = #texts })
  end,
  after_request = function(ctx) log.info("seen after", { status = ctx.response.status, target = ctx.target }) end,
  on_error = function(ctx) log.info("seen error", { code = ctx.error.code }) end,
}
`;
const RAISES = `return {
  name = "raises", type = "logging",
  before_request = function(ctx) error("cannot bear " .. (ctx.body and ctx.body:get "say" or "nothing")) end,
}
`;
const REDACT = `return {
  name = "swap", type = "transform",
  before_request = function(ctx)
    for part in ctx:texts() do
      if part.text == "secret word" then part:replace "hidden" end
    end
  end,
}
`;

async function open(stage) {
  const upstream = await stage.upstream();
  const targets = [{ virtual_key: 'openai', models: ['gpt-play'] }];
  const env = { OPENAI_API_KEY: providerKey('openai'), OPENAI_BASE_URL: upstream.url };
  const guarded = await stage.gateway({
    config: {
      targets, plugins: [{ name: 'word-filter', stage: 'before_request', config: { blocked_words: ['mellon'] } }],
    },
    env,
  });
  const watched = await stage.gateway({
    config: { targets, plugins: [{ name: 'seen' }, { name: 'swap' }, { name: 'raises' }] }, env,
    scripts: { 'plugins/seen.lua': SEEN, 'plugins/swap.lua': REDACT, 'plugins/raises.lua': RAISES },
  });
  upstream.answer(whole({ ok: true }));
  return { upstream, guarded, watched };
}

const post = (gateway, body, headers = {}) => gateway.fetch('POST', '/v1/odd/surface', {
  headers: { 'Content-Type': 'application/json', 'X-Provider': 'openai', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

plays('plugins stand around what passes through', open, (act) => {
  act('every text of a JSON body is looked into', async ({ upstream, guarded }) => {
    const before = upstream.requests.length;
    assert.equal((await post(guarded, { model: 'gpt-play', deep: [{ text: 'friend' }] })).status, 200);
    assertError(await post(guarded, { model: 'gpt-play', deep: [{ text: 'say mellon now' }] }), 400,
      { code: 'request_rejected', message: /word-filter/ });
    assert.equal(upstream.requests.length, before + 1);
  });

  act('what a guardrail cannot look into is refused', async ({ upstream, guarded }) => {
    const before = upstream.requests.length;
    const long = JSON.stringify({ model: 'gpt-play', x: 'y'.repeat(1100000) });
    for (const body of ['no JSON at all', '{"broken": ', long]) {
      assertError(await post(guarded, body), 400, { code: 'request_rejected' });
    }
    assert.equal(upstream.requests.length, before);
    const nothing = await guarded.get('/v1/odd/surface', { headers: { 'X-Provider': 'openai' } });
    assert.equal(nothing.status, 200);
  });

  act('files are not asked for', async ({ guarded }) => {
    assert.equal((await guarded.fetch('POST', '/v1/files', { body: 'no JSON: mellon' })).status, 200);
  });

  act('what plugins change goes out', async ({ upstream, watched }) => {
    assert.equal((await post(watched, '{"n":1.0,"say":"secret word"}')).status, 200);
    assert.equal(upstream.last.body.toString(), '{"n":1.0,"say":"hidden"}');
  });

  act('they see that it was answered, and by whom', async ({ upstream, watched }) => {
    assert.equal((await post(watched, { model: 'gpt-play', say: 'x' }, { 'X-Provider': undefined })).status, 200);
    const line = await watched.log((one) => one.msg === 'seen' && one.model === 'gpt-play');
    assert.equal(line.endpoint, 'passthrough');
    const after = await watched.log('seen after');
    assert.deepEqual([after.status, after.target], [200, 'openai']);
    upstream.answer(whole({ error: {} }, { status: 404 }));
    assert.equal((await post(watched, {})).status, 404);
    await watched.log((one) => one.msg === 'seen after' && one.status === 404);
    upstream.answer(whole({ ok: true }));
  });

  act('no fault of theirs repeats what the client said', async ({ watched }) => {
    assert.equal((await post(watched, { say: 'unspeakable-words-of-a-client' })).status, 200);
    assert.ok(!watched.output.out.includes('unspeakable-words'), watched.output.out.slice(-2000));
  });

  act('a body of another kind passes where nobody must look into it', async ({ upstream, watched }) => {
    assert.equal((await post(watched, 'plain', { 'Content-Type': 'text/plain' })).status, 200);
    assert.equal(upstream.last.body.toString(), 'plain');
  });
});
