// SPDX-License-Identifier: Apache-2.0
// A stream that has said nothing yet moves on to the next target, however it fails; what the client reads is what one
// upstream sent, byte for byte. Once something is said it stays, and its end is told in the client's words.
import assert from 'node:assert/strict';

import { framed, head, stream } from '../tools/answers.mjs';
import { CLIENTS, OWN, twoOfEach, texts } from '../tools/flows.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const IDLE = 200 * PATIENCE; // milliseconds; only the first server of each is asked in such a hurry
const KINDS = Object.keys(CLIENTS);

// What a provider says when it fails, in its own words.
const oops = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const ERRORS = {
  openai: framed({ error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } }),
  anthropic: `event: error\n${framed(oops)}`,
  gemini: framed({ error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }),
};

/** `before` and whatever then goes wrong. */
const FAULTS = {
  'it is cut': (before) => stream(before, { end: 'cut' }),
  'it is reset': (before) => stream(before, { end: 'reset', every: 2 }),
  'its body ends properly': (before) => stream(before),
  'it ends inside an event': (before) => stream([...before, Buffer.from('data: {"cho')]),
  'it says that it failed': (before, provider) => stream([...before, ERRORS[provider]]),
  'it says so by a name': (before) => stream([...before, 'event: error\ndata: {"detail":"no"}\n\n'], { every: 2 }),
  'it has nothing but comments': () => stream([': hello\n\n', ': PROCESSING\n\n']),
  'it has nothing at all': () => stream([]),
};

// Pairs --------------------------------------------------------------------------------------------------------------

const OTHERS = {
  'OpenAI\'s': 'anthropic', 'Anthropic\'s': 'openai', 'OpenAI\'s responses': 'anthropic', 'Google\'s': 'openai',
};
const FLOW_OF = { openai: CLIENTS['OpenAI\'s'], anthropic: CLIENTS['Anthropic\'s'], gemini: CLIENTS['Google\'s'] };
const PAIRS = KINDS.flatMap((kind) => [[kind, OWN[kind], CLIENTS[kind]], [kind, OTHERS[kind], FLOW_OF[OTHERS[kind]]]]);
/** A guard reads chat: whatever the client's API, the provider is asked in the one that it speaks for all. */
const GUARDED_PAIRS = KINDS.map((kind) => [kind, OWN[kind], FLOW_OF[OWN[kind]]]).concat([['OpenAI\'s', 'anthropic',
  FLOW_OF.anthropic]]);

/** Ids and times are made anew for each answer that is translated. */
const settled = (text) => (
  text.replace(/(mg)?[0-9a-f]{24,}/g, 'ID').replace(/"(created|completed)(_at)?":\d+/g, '"at":0'));

async function ask({ gateway }, kind, model) {
  const body = JSON.stringify({ model, stream: true, ...CLIENTS[kind].body });
  return gateway.fetch('POST', CLIENTS[kind].path(model), { body, headers: { 'Content-Type': 'application/json' } });
}

/** Asks, and tells how often each server was asked. */
async function counted(scene, kind, model) {
  const before = [scene.first.complete, scene.second.complete];
  const got = await ask(scene, kind, model);
  return Object.assign(got, { asked: [scene.first.complete - before[0], scene.second.complete - before[1]] });
}

/** What was counted since it was last asked: requests that failed, and tries. */
async function newFailures(scene) {
  const metrics = await scene.gateway.metrics();
  const now = [metrics.value('gateway_requests_total', { status: 'error' }),
    metrics.value('gateway_provider_errors_total')];
  const since = now.map((count, at) => count - (scene.counted?.[at] ?? 0));
  scene.counted = now;
  return since;
}

/** The flow of the API that a server was asked in. */
const flowAt = ({ target }) => CLIENTS[target.endsWith('/messages') ? 'Anthropic\'s'
  : target.endsWith('/responses') ? 'OpenAI\'s responses' : target.includes(':stream') ? 'Google\'s' : 'OpenAI\'s'];

const good = ({ before, says }) => stream([...before, ...says]);

const HURRY = { timeout: { idle: `${IDLE}ms` } };
const GUARD = {
  'plugins/mask.lua': `return { name = "mask", type = "guardrail", hold_bytes = 8,
    on_chunk = { feed = function(_, text) return (text:gsub("secret", "******")) end } }`,
};
const GUARDED = { plugins: [{ name: 'mask', type: 'guardrail', stage: 'after_request', enabled: true }] };

const everyFault = (pairs) => (act) => {
  for (const [kind, model, flow] of pairs) {
    act(`of ${kind} clients at ${model}`, async (scene) => {
      scene.first.answer(good(flow));
      const expected = settled((await ask(scene, kind, model)).text);
      scene.second.answer(good(flow));
      for (const [how, fault] of Object.entries(FAULTS)) {
        scene.first.answer(fault(flow.before, model));
        const got = await counted(scene, kind, model);
        assert.equal(got.status, 200, `${how}: ${got.text}`);
        assert.equal(settled(got.text), expected, how);
        assert.deepEqual(got.asked, [1, 1], how);
      }
    });
  }
  act('of any client moves on when it goes silent', async (scene) => {
    scene.first.answer(async (io, request) => stream(flowAt(request).before, { end: 'stall' })(io, request));
    scene.second.answer(async (io, request) => good(flowAt(request))(io, request));
    const answers = await Promise.all(pairs.map(([kind, model]) => ask(scene, kind, model)));
    for (const [at, { text }] of answers.entries()) {
      assert.ok(text.includes('Hi') && text.includes(CLIENTS[pairs[at][0]].end), `${pairs[at]}: ${text}`);
    }
  });
  act('is a failure of the provider that had it, and none of the request', async (scene) => {
    assert.deepEqual(await newFailures(scene), [0, pairs.length * (Object.keys(FAULTS).length + 1)]);
  });
};

function quietStreams(act) {
  for (const kind of KINDS) {
    const { before, says, end } = CLIENTS[kind];
    act(`that says nothing and ends well is what it is to ${kind} clients`, async (scene) => {
      const quiet = [...before, ...says.filter((event) => /stop|completed|STOP|\[DONE\]/.test(event))];
      scene.first.answer(stream(quiet));
      const got = await counted(scene, kind, OWN[kind]);
      assert.deepEqual([got.text, got.asked], [texts(quiet), [1, 0]]);
      assert.ok(got.text.includes(end));
    });
  }
  act('without an end mark ends as it may', async (scene) => {
    const quiet = [...CLIENTS['OpenAI\'s'].before, Buffer.from('data: [DONE]')];
    scene.first.answer(stream(quiet));
    const got = await counted(scene, 'OpenAI\'s', 'openai');
    assert.deepEqual([got.status, got.asked], [200, [1, 0]]);
    assert.ok(got.text.endsWith('data: [DONE]\n\n'), got.text);
  });
  act('that begins for ever is passed on at some point, and ends at its own limit', async (scene) => {
    const [role] = CLIENTS['OpenAI\'s'].before;
    const many = Array.from({ length: 600 }, () => role);
    scene.first.answer(stream(many));
    const got = await counted(scene, 'OpenAI\'s', 'openai');
    assert.deepEqual([got.status, got.asked], [200, [1, 0]]);
    assert.ok(got.text.startsWith(texts(many)), 'byte for byte');
    assert.match(got.text, /"code":"upstream_stream_truncated"/);
  });
}

// Slices -------------------------------------------------------------------------------------------------------------

/** A small generator of numbers: the same ones for the same seed. */
function dice(seed) {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % most;
  };
}

function sliced(text, roll, end) {
  const data = Buffer.from(text);
  return async (io) => {
    await io.write(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' }));
    for (let at = 0; at < data.length;) {
      const size = 1 + roll(roll(4) ? 12 : 400);
      await io.write(data.subarray(at, at + size));
      if (roll(2)) await new Promise(setImmediate);
      at += size;
    }
    if (end === 'reset') io.reset();
    return false;
  };
}

function slices(act) {
  for (const kind of KINDS) {
    act(`in whatever slices it comes is the same for ${kind} clients`, async (scene) => {
      const { before, says } = CLIENTS[kind];
      const whole = texts([...before, ...says]);
      for (let seed = 1; seed <= 25; seed++) {
        const roll = dice(seed);
        const cut = roll(texts(before).length);
        scene.first.answer(sliced(texts(before).slice(0, cut), roll, 'reset'));
        scene.second.answer(sliced(whole, roll));
        const got = await ask(scene, kind, OWN[kind]);
        assert.equal(got.text, whole, `seed ${seed}`);
      }
    });
  }
  act('waits byte by byte, and comes whole', async (scene) => {
    for (const kind of KINDS) {
      const { before, says } = CLIENTS[kind];
      scene.first.answer(async (io) => {
        await io.write(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' }));
        for (const byte of Buffer.from(texts([...before, ...says]))) {
          await io.write(Buffer.from([byte]));
          await new Promise(setImmediate);
        }
        return false;
      });
      const got = await ask(scene, kind, OWN[kind]);
      assert.equal(got.text, texts([...before, ...says]));
    }
  });
}

// After it -----------------------------------------------------------------------------------------------------------

const LATE = {
  'cut': (events) => stream(events, { end: 'cut', every: 3 }),
  'reset': (events) => stream(events, { end: 'reset', every: 5 }),
  'ended without its mark': (events) => stream(events),
  'an error': (events, provider) => stream([...events, ERRORS[provider]], { every: 3 }),
};

function lateFaults(act) {
  const count = KINDS.length * (Object.keys(LATE).length + 1);
  for (const kind of KINDS) {
    act(`that has said something stays, and ${kind} clients read how it ended`, async (scene) => {
      if (kind === KINDS[0]) await newFailures(scene);
      const { before, says, end } = CLIENTS[kind];
      const said = [...before, says[0]];
      for (const [how, fault] of Object.entries(LATE)) {
        scene.first.answer(fault(said, OWN[kind]));
        const got = await counted(scene, kind, OWN[kind]);
        assert.deepEqual([got.status, got.complete, got.asked], [200, true, [1, 0]], how);
        assert.ok(got.text.startsWith(texts(said)), `${how}: what came stays`);
        const rest = got.text.slice(texts(said).length);
        assert.match(rest, /"error"/, how);
        assert.ok(!rest.includes(end) && rest.split('"message"').length === 2, `${how}, told once: ${rest}`);
      }
    });
  }
  act('that goes silent behind its first word is told so', async (scene) => {
    scene.first.answer(async (io, request) => {
      const { before, says } = flowAt(request);
      return stream([...before, says[0]], { end: 'stall' })(io, request);
    });
    for (const { text } of await Promise.all(KINDS.map((kind) => ask(scene, kind, OWN[kind])))) {
      assert.match(text, /Hi[^]*stream timed out waiting for next chunk/);
    }
  });
  act('and then breaks is a failure of its provider, and has its line', async (scene) => {
    assert.deepEqual(await newFailures(scene), [count, count]);
    const broken = () => scene.gateway.logs.filter(({ msg, error_code: code, ttft_ms: first }) => (
      msg === 'http request' && code && first > 0));
    await until(2000, 'all lines', () => broken().length >= count);
  });
  act('is not held back by what waited before its first word', async (scene) => {
    const { before, says } = CLIENTS['OpenAI\'s'];
    let wrote;
    scene.first.answer(async (io) => {
      await io.write(head(200, { 'Content-Type': 'text/event-stream', Connection: 'close' }));
      await io.write(texts(before));
      await sleep(20);
      wrote = performance.now();
      await io.write(says[0]);
      await io.leaves;
      return false;
    });
    const reply = await scene.gateway.stream({ model: 'openai' });
    for await (const event of reply.events) if (event.data?.includes('Hi')) break;
    assert.ok(performance.now() - wrote < IDLE / 2, `${performance.now() - wrote} ms from its word`);
    reply.connection.close();
  });
}

plays('a stream', (stage) => twoOfEach(stage, {}, HURRY), (act) => {
  everyFault(PAIRS)(act);
  quietStreams(act);
  slices(act);
  lateFaults(act);
});

plays('a guarded stream', (stage) => twoOfEach(stage, GUARDED, HURRY, GUARD), everyFault(GUARDED_PAIRS));
