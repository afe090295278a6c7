// SPDX-License-Identifier: Apache-2.0
// A client that reads events hears in good time that somebody is still there: before the upstream says anything, and
// before it says anything worth reading. What then comes, or fails, is told inside the stream that has begun.
import assert from 'node:assert/strict';

import { failure, head, reset, silence, stream } from '../tools/answers.mjs';
import { CLIENTS, OWN, twoOfEach, texts } from '../tools/flows.mjs';
import { plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const BEAT = 20; // milliseconds
const THINKS = 4 * BEAT;

// The stage ----------------------------------------------------------------------------------------------------------

const PLUGINS = {
  'plugins/sour.lua': `return { name = "sour", type = "guardrail",
    on_error = function(ctx) return ctx:reject { status = 451, code = "sour", message = "not like this" } end,
    after_request = function(ctx) return ctx:reject { code = "bitter", message = "not this either" } end }`,
};

async function stand(stage, config = {}, scripts) {
  return twoOfEach(stage, { timeouts: { heartbeat: `${BEAT}ms` }, ...config }, {}, scripts);
}

/** Asks as a client of `kind` does for its own provider's stream, or another's. */
async function ask({ gateway }, kind, model = OWN[kind], { path = CLIENTS[kind].path(model), headers } = {}) {
  const body = JSON.stringify({ model, stream: true, ...CLIENTS[kind].body });
  return gateway.fetch('POST', path, { body, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** The answer's text without the pings it begins with; there was at least one. */
function behindPings(text, { ping }) {
  assert.ok(text.startsWith(ping), `pings first: ${JSON.stringify(text.slice(0, 200))}`);
  let rest = text;
  while (rest.startsWith(ping)) rest = rest.slice(ping.length);
  return rest;
}

const late = (answer) => async (io, request) => {
  await sleep(THINKS);
  return answer(io, request);
};
/** Says all of it, with a pause behind what is no content. */
const thoughtful = ({ before, says }) => async (io) => {
  await io.write(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' }));
  await io.write(texts(before));
  await sleep(THINKS);
  await io.write(texts(says));
  return false;
};

async function lastLine(gateway, path, count) {
  return (await gateway.access(count, path.split('?')[0])).at(-1);
}

plays('a client', (stage) => stand(stage), (act) => {
  for (const [kind, client] of Object.entries(CLIENTS)) {
    const path = client.path(OWN[kind]);
    let asked = 0;
    act(`of ${kind} hears pings before the head, then the upstream's own bytes`, async (scene) => {
      scene.first.answer(late(stream([...client.before, ...client.says])));
      const got = await ask(scene, kind);
      assert.equal(got.status, 200);
      assert.match(got.header('content-type'), /^text\/event-stream/);
      assert.equal(behindPings(got.text, client), texts([...client.before, ...client.says]));
      const line = await lastLine(scene.gateway, path, ++asked);
      assert.equal(line.error_code, undefined);
      assert.ok(line.ttft_ms >= THINKS, `the first content is no ping: ${line.ttft_ms}`);
    });
    act(`of ${kind} hears them before the first content`, async (scene) => {
      scene.first.answer(thoughtful(client));
      const got = await ask(scene, kind);
      assert.equal(behindPings(got.text, client), texts([...client.before, ...client.says]));
      assert.ok((await lastLine(scene.gateway, path, ++asked)).ttft_ms >= THINKS);
    });
    act(`of ${kind} reads the next target's answer in the stream that has begun`, async (scene) => {
      scene.first.answer(late(stream(client.before, { end: 'cut' })));
      scene.second.answer(stream([...client.before, ...client.says]));
      const got = await ask(scene, kind);
      assert.equal(behindPings(got.text, client), texts([...client.before, ...client.says]));
      const line = await lastLine(scene.gateway, path, ++asked);
      assert.deepEqual([line.target, line.attempts, line.error_code], [`${OWN[kind]}-second`, 2, undefined]);
    });
    act(`of ${kind} is told there that nobody could answer`, async (scene) => {
      scene.first.answer(late(reset()));
      scene.second.answer(late(failure(500)));
      const got = await ask(scene, kind);
      assert.deepEqual([got.status, got.complete], [200, true]);
      assert.match(behindPings(got.text, client), client.error);
      assert.ok(!got.text.includes(client.end), 'no end that looks good');
      const line = await lastLine(scene.gateway, path, ++asked);
      assert.deepEqual([line.status, line.error_code], [200, 'upstream_error']);
    });
  }
  act('of any API hears them in front of a model of another', async (scene) => {
    for (const [kind, client] of Object.entries(CLIENTS)) {
      const model = OWN[kind] === 'openai' ? 'anthropic' : 'openai';
      const other = CLIENTS[model === 'openai' ? 'OpenAI\'s' : 'Anthropic\'s'];
      scene.first.answer(thoughtful(other));
      const rest = behindPings((await ask(scene, kind, model)).text, client);
      assert.ok(rest.includes('Hi') && rest.includes(client.end), rest);
      scene.first.answer(late(stream(other.before, { end: 'reset' })));
      scene.second.answer(late(reset()));
      assert.match(behindPings((await ask(scene, kind, model)).text, client), client.error);
    }
  });
  act('that reads a JSON array is left alone', async (scene) => {
    const kind = 'Google\'s';
    scene.first.answer(late(stream(CLIENTS['OpenAI\'s'].before.concat(CLIENTS['OpenAI\'s'].says))));
    const got = await ask(scene, kind, 'openai', { path: '/v1beta/models/openai:streamGenerateContent' });
    assert.equal(got.header('content-type'), 'application/json');
    assert.equal(got.json[0].candidates[0].content.parts[0].text, 'Hi');
  });
  act('that knows no pings gets none', async (scene) => {
    const client = CLIENTS['Google\'s'];
    scene.first.answer(late(thoughtful(client)));
    const got = await ask(scene, 'Google\'s', 'gemini', { headers: { 'x-goog-api-client': 'genai-js/0.24.1' } });
    assert.equal(got.text, texts([...client.before, ...client.says]));
  });
  act('that wants no stream is left alone, too', async ({ first, second, gateway }) => {
    first.answer(late(failure(500)));
    second.answer(late(failure(500)));
    assert.equal((await gateway.chat({ model: 'openai' })).status, 502);
  });
  act('that goes meanwhile takes its call along', async ({ first, gateway }) => {
    first.answer(silence());
    const reply = await gateway.stream({ model: 'openai' });
    for await (const piece of reply.body) if (String(piece).includes('ping')) break;
    assert.equal(first.open, 1);
    reply.connection.close();
    await until(2000, 'the upstream call is closed', () => first.open === 0);
  });
  act('is counted by what it read in the end', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_requests_total', { status: 'rejected' }), 0);
    const told = metrics.value('gateway_time_to_first_token_seconds_count');
    assert.equal(told, metrics.value('gateway_requests_total', { status: 'success' }), 'no failure had a first token');
  });
});

plays('what is decided late', (stage) => stand(stage, {
  request_timeout: `${20 * BEAT}ms`,
  plugins: [
    { name: 'sour', type: 'guardrail', stage: 'on_error', enabled: true },
    { name: 'sour', type: 'guardrail', stage: 'after_request', enabled: true },
  ],
}, PLUGINS), (act) => {
  const kind = 'OpenAI\'s';
  act('is told inside the stream: a plugin\'s other error', async (scene) => {
    scene.first.answer(late(failure(500)));
    scene.second.answer(reset());
    const rest = behindPings((await ask(scene, kind)).text, CLIENTS[kind]);
    const { error } = JSON.parse(rest.slice(6));
    assert.deepEqual([error.code, error.message.includes('not like this')], ['sour', true]);
  });
  act('and its word on the whole', async (scene) => {
    scene.first.answer(late(stream([...CLIENTS[kind].before, ...CLIENTS[kind].says])));
    const rest = behindPings((await ask(scene, kind)).text, CLIENTS[kind]);
    assert.ok(rest.startsWith(texts([...CLIENTS[kind].before, ...CLIENTS[kind].says.slice(0, -1)])), rest);
    assert.match(rest, /"code":"sour"/);
    assert.doesNotMatch(rest, /DONE/);
  });
  act('and that the time is over', async (scene) => {
    scene.first.answer(silence());
    const got = await ask(scene, kind);
    const { error } = JSON.parse(behindPings(got.text, CLIENTS[kind]).slice(6));
    assert.deepEqual([error.code, got.complete], ['gateway_timeout', true]);
    assert.equal((await lastLine(scene.gateway, '/v1/chat/completions', 3)).error_code, 'gateway_timeout');
  });
});

plays('with heartbeats off', (stage) => stand(stage, { timeouts: { heartbeat: '0s' } }), (act) => {
  act('the head waits for the answer', async ({ first, gateway }) => {
    first.answer(late(stream(['[DONE]'])));
    const got = await gateway.chat({ model: 'openai', stream: true });
    assert.equal(got.text, 'data: [DONE]\n\n');
  });
});
