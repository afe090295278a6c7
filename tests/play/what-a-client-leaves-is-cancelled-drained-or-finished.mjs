// SPDX-License-Identifier: Apache-2.0
// client_gone: the same clients leave under each policy; answers in the client's own bytes and translated ones, whole
// and streamed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { performance } from 'node:perf_hooks';

import { chunk, completion, failure, head, silence, spelling, stream, usageChunk, whole } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const AIM_MS = 50;
const LIMIT_MS = 500 * PATIENCE;
const RATE = { mode: 'chat', input: '3', output: '15', cached_input: '0.3' };
const ROWS = { [`openai/${MODEL}`]: RATE, 'anthropic/claude-x': RATE };

const USAGE = { prompt_tokens: 100, completion_tokens: 40, total_tokens: 140,
  prompt_tokens_details: { cached_tokens: 80 } };
const COST = (20 * 3 + 80 * 0.3 + 40 * 15) / 1e6;

const ANTHROPIC_USAGE = { input_tokens: 20, cache_read_input_tokens: 80, output_tokens: 40 };
const MESSAGE = {
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn', stop_sequence: null, usage: ANTHROPIC_USAGE,
};
const event = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const BEGUN = [
  event('message_start', { message: { ...MESSAGE, content: [], stop_reason: null,
    usage: { ...ANTHROPIC_USAGE, output_tokens: 1 } } }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Good day to you. '.repeat(20) } }),
];
const ENDED = [
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ' there' } }),
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 40 } }),
  event('message_stop'),
];
const SPOKEN = spelling(['Hel', 'lo'], { usage: false });
const [CHUNKS, LAST] = [SPOKEN.slice(0, 2), [...SPOKEN.slice(2, -1), usageChunk(USAGE), '[DONE]']];

/** An answer that stops until `go()`: `first` events, then `rest`; without `first` the whole of `rest`. */
function held(first, rest) {
  let go;
  const open = new Promise((resolve) => { go = resolve; });
  const parts = { finished: false };
  const answer = async (io, got) => {
    if (first) await begin(first)(io);
    await Promise.race([open, io.leaves]);
    if (io.gone) return false;
    const kept = await (first ? streamRest(rest)(io) : rest(io, got));
    parts.finished = kept && !io.gone;
    return kept;
  };
  return Object.assign(parts, { answer, go });
}

const frame = (one) => (typeof one === 'string' && one.endsWith('\n\n') ? one
  : `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`);
const pieces = (events) => events.map(frame).map((data) => `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`);
const begin = (events) => (io) => io.write(
  `${head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' })}${pieces(events).join('')}`);
const streamRest = (events) => (io) => io.write(`${pieces(events).join('')}0\r\n\r\n`);

const KINDS = {
  'own, whole': { to: 'openai', model: MODEL, make: () => held(null, completion('hello', { usage: USAGE })) },
  'own, streamed': { to: 'openai', model: MODEL, begun: true, make: () => held(CHUNKS, LAST) },
  'translated, whole': { to: 'anthropic', model: 'claude-x', make: () => held(null, whole(MESSAGE)) },
  'translated, streamed': { to: 'anthropic', model: 'claude-x', begun: true, make: () => held(BEGUN, ENDED) },
};

const lines = (gateway) => gateway.logs.filter((line) => line.msg === 'http request' && line.path.startsWith('/v1/'));

/** Leaves a request behind, lets `then` happen, and returns the one access line of it, the last of `count`. */
async function leave(gateway, bytes, ready, then, count = 1) {
  const before = lines(gateway).length;
  const connection = await gateway.connect();
  await connection.send(bytes);
  await ready(connection);
  connection.reset();
  await then();
  await until(3000 * PATIENCE, 'the access line', () => lines(gateway).length >= before + count);
  assert.equal(lines(gateway).length, before + count);
  return lines(gateway).at(-1);
}

/** The role, and the first words. */
async function begins(connection) {
  const { events } = await connection.events();
  for (let i = 0; i < 2; i++) await events.next();
}

const opener = (policy) => async (stage) => {
  const [openai, anthropic, groq] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const dir = stage.folder({ 'prices.json': JSON.stringify({ schema: 1, models: ROWS }) });
  const gateway = await stage.gateway({
    targets: { openai, anthropic, groq },
    config: {
      catalog: { overlay: `${dir}/prices.json` }, client_gone: { policy },
      targets: [
        { virtual_key: 'openai', models: [MODEL, 'twice'], retry: { attempts: 2 } },
        { virtual_key: 'anthropic', models: ['claude-x'] },
        { virtual_key: 'groq', models: ['twice'] },
      ],
    },
  });
  const gone = async () => {
    const metrics = await gateway.metrics();
    return metrics.value('gateway_client_gone_total', { policy });
  };
  return { openai, anthropic, groq, gateway, gone };
};

/** Until the call is one that goes on without its client. */
const detached = (gateway) => until(3000 * PATIENCE, 'a detached request', async () => (
  (await gateway.metrics()).value('gateway_requests_detached_current') > 0));

/** How long the upstream's side stays open once the client has gone. */
async function closes(t, upstream) {
  const at = performance.now();
  const connection = upstream.last.connection;
  await until(5000, 'the upstream call is closed', () => connection.closedAt !== null);
  const took = connection.closedAt - at;
  t.diagnostic(`upstream closed after ${took.toFixed(1)} ms (aim ${AIM_MS})`);
  assert.ok(took < LIMIT_MS, `closed after ${took.toFixed(1)} ms`);
}

plays('cancel', opener('cancel'), (act) => {
  for (const [kind, { to, model, begun, make }] of Object.entries(KINDS)) {
    act(`an answer (${kind}) closes the upstream's connection`, async (scene, t) => {
      const { gateway, gone } = scene;
      const upstream = scene[to];
      const answer = make();
      upstream.answer(answer.answer);
      const [asked, before] = [upstream.requests.length, await gone()];
      const line = await leave(gateway, gateway.chatRequest({ model, stream: begun ?? false }), async (connection) => {
        await upstream.request(asked + 1);
        if (begun) await begins(connection);
      }, () => closes(t, upstream));
      assert.deepEqual([line.status, line.client_gone, line.usage_estimated], [499, 'cancel', true]);
      assert.ok(line.tokens_in > 0 && line.cost_usd > 0, JSON.stringify(line));
      assert.equal(line.tokens_out > 0, kind === 'own, streamed');
      assert.equal(await gone(), before + 1);
    });
  }
});

for (const policy of ['drain', 'finish']) {
  plays(policy, opener(policy), (act) => {
    for (const [kind, { to, model, begun, make }] of Object.entries(KINDS)) {
      act(`reads an answer (${kind}) to its end, and counts what the provider counted`, async (scene) => {
        const { gateway, gone } = scene;
        const upstream = scene[to];
        const answer = make();
        upstream.answer(answer.answer);
        const [asked, before, metrics] = [upstream.requests.length, await gone(), await gateway.metrics()];
        const line = await leave(gateway, gateway.chatRequest({ model, stream: begun ?? false }),
          async (connection) => {
            await upstream.request(asked + 1);
            if (begun) await begins(connection);
          },
          async () => {
            await detached(gateway);
            assert.equal((await gateway.metrics()).value('gateway_server_connections_current', { state: 'idle' }), 0);
            answer.go();
          });
        assert.deepEqual([line.status, line.client_gone, line.tokens_in, line.tokens_out, line.cost_usd],
          [499, policy, 100, 40, COST]);
        assert.equal('usage_estimated' in line, false);
        await until(1000 * PATIENCE, 'the whole answer is read', () => answer.finished);
        assert.equal(await gone(), before + 1);
        const labels = { provider: to, model };
        const more = (await gateway.metrics()).value('gateway_tokens_output_total', labels)
          - metrics.value('gateway_tokens_output_total', labels);
        assert.equal(more, 40);
      });
    }

    act('reads on what a slow reader held back', async ({ openai, gateway }) => {
      const events = [];
      for (let i = 0; i < 400; i++) events.push(chunk({ content: 'x'.repeat(40_000) }));
      let finished = false;
      openai.answer(async (io, got) => {
        finished = await stream([...CHUNKS, ...events, ...LAST])(io, got);
        return finished;
      });
      const line = await leave(gateway, gateway.chatRequest({ stream: true }), async (connection) => {
        await (await connection.events()).events.next();
        connection.wire.stopped = true;
        connection.wire.socket.pause();
      }, () => until(5000 * PATIENCE, 'the whole answer is read', () => finished));
      assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, policy, 40]);
    });

    act(policy === 'drain' ? 'asks nobody else' : 'asks the next', async ({ openai, groq, gateway }) => {
      const answer = held(null, failure(503));
      openai.answer(answer.answer, failure(503));
      groq.answer(completion('hello', { usage: USAGE }));
      const [asked, others] = [openai.complete, groq.complete];
      const line = await leave(gateway, gateway.chatRequest({ model: 'twice' }),
        () => until(3000 * PATIENCE, 'a request', () => openai.complete > asked),
        async () => { await detached(gateway); answer.go(); });
      const finished = policy === 'finish';
      assert.deepEqual([openai.complete - asked, groq.complete - others], finished ? [2, 1] : [1, 0]);
      assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, policy, finished ? 40 : undefined]);
    });

    if (policy === 'drain') {
      act('cancels what nobody has seen yet', async ({ openai, gateway }) => {
        openai.answer(failure(503, {}, { headers: { 'Retry-After': '1' } }));
        const before = openai.complete;
        const line = await leave(gateway, gateway.chatRequest(),
          () => gateway.log((one) => one.msg === 'retrying target'), () => {});
        assert.deepEqual([line.status, line.client_gone], [499, 'cancel']);
        assert.equal(openai.complete, before + 1);
        assert.equal('tokens_in' in line, false);
      });
    }

    act('says nothing of how soon a target speaks where nobody heard it', async ({ openai, gateway }) => {
      const samples = async () => (await gateway.get('/admin/routing/targets')).json
        .targets.find((one) => one.name === 'openai').models.find((one) => one.model === MODEL).figures.samples;
      const answer = held(null, stream([...CHUNKS, ...LAST]));
      openai.answer(answer.answer);
      const [asked, before] = [openai.requests.length, await samples()];
      const line = await leave(gateway, gateway.chatRequest({ stream: true }), () => openai.request(asked + 1),
        async () => { await detached(gateway); answer.go(); });
      assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, policy, 40]);
      assert.equal(await samples(), before);
    });

    act('ends when the upstream does not', async ({ openai, gateway }) => {
      const answer = held(CHUNKS, []);
      openai.answer(async (io, got) => { await answer.answer(io, got); return false; });
      const line = await leave(gateway, gateway.chatRequest({ stream: true }), async (connection) => {
        await (await connection.events()).events.next();
      }, async () => { await detached(gateway); answer.go(); });
      assert.deepEqual([line.status, line.client_gone, line.usage_estimated], [499, policy, true]);
    });

    act('leaves nothing behind', async ({ gateway }) => {
      await until(3000 * PATIENCE, 'no detached request', async () => (
        (await gateway.metrics()).value('gateway_requests_detached_current') === 0));
    });

    if (policy === 'drain') {
      act('lets go of what nobody waits for when memory has run out', async ({ openai, gateway }) => {
        openai.answer(silence());
        const [asked, count] = [openai.requests.length, lines(gateway).length];
        const connections = [await gateway.connect(), await gateway.connect()];
        for (const connection of connections) await connection.send(gateway.chatRequest());
        await openai.request(asked + 2);
        connections[0].reset();
        await detached(gateway);
        const file = `${gateway.dir}/gateway.yaml`;
        const config = JSON.parse(fs.readFileSync(file, 'utf8'));
        fs.writeFileSync(file, JSON.stringify({ ...config, overload: { memory: '1MiB' } }));
        assert.equal((await gateway.fetch('POST', '/admin/scripts/reload', { ms: 30_000 })).status, 200);
        await until(5000 * PATIENCE, 'its line', () => lines(gateway).length > count);
        const drained = lines(gateway)[count];
        assert.deepEqual([drained.status, drained.client_gone, drained.error_code, drained.usage_estimated],
          [499, 'cancel', 'overloaded', true]);
        connections[1].reset();
        await until(3000 * PATIENCE, 'the other line', () => lines(gateway).length > count + 1);
        const cancelled = lines(gateway)[count + 1];
        assert.deepEqual([cancelled.status, cancelled.client_gone], [499, 'cancel']);
        await until(3000, 'the upstream calls are closed', () => openai.open === 0);
      });
    }
  });
}

plays('the policy of an endpoint', async (stage) => {
  const [openai, groq, anthropic] = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai, groq, anthropic },
    config: {
      client_gone: { routes: { chat: 'finish' }, calls_per_worker: 1 }, strategy: { mode: 'single' },
      targets: [
        { virtual_key: 'openai', models: [MODEL], retry: { attempts: 2 } },
        { virtual_key: 'groq', models: ['fragile'], circuit_breaker: { failure_threshold: 1, timeout: '60s' },
          concurrency: { max_concurrency: 1, queue_size: 1, queue_timeout: '50ms' } },
        { virtual_key: 'anthropic', models: ['claude-x'], concurrency: { max_concurrency: 1 } },
      ],
      server: { drain_timeout: '200ms' },
      timeouts: { upstream: { total: '600ms' } },
    },
  });
  return { openai, groq, anthropic, gateway };
}, (act) => {
  act('is for that one alone', async ({ openai, gateway }) => {
    openai.answer(silence());
    const body = JSON.stringify({ model: MODEL, prompt: 'Hello' });
    const bytes = request('POST', '/v1/completions', {
      headers: gateway.headers({ 'Content-Type': 'application/json' }), body });
    const line = await leave(gateway, bytes, () => openai.request(1), () => {});
    assert.equal(line.client_gone, 'cancel');
  });

  act('goes on with what nobody has seen yet', async ({ openai, gateway }) => {
    openai.answer(failure(503, {}, { headers: { 'Retry-After': '1' } }), completion('hello', { usage: USAGE }));
    const before = openai.complete;
    const line = await leave(gateway, gateway.chatRequest(), () => gateway.log((one) => one.msg === 'retrying target'),
      () => detached(gateway));
    assert.deepEqual([line.status, line.client_gone, line.tokens_out], [499, 'finish', 40]);
    assert.equal(openai.complete, before + 2);
  });

  act('holds for so many, and for as long as the upstream may take', async ({ openai, gateway }) => {
    openai.answer(silence());
    const count = lines(gateway).length;
    const connections = [await gateway.connect(), await gateway.connect()];
    const before = openai.requests.length;
    for (const connection of connections) await connection.send(gateway.chatRequest());
    await openai.request(before + 2);
    connections[0].reset();
    await detached(gateway);
    connections[1].reset();
    await until(5000 * PATIENCE, 'both lines', () => lines(gateway).length === count + 2);
    assert.deepEqual(lines(gateway).slice(count).map((line) => line.client_gone), ['cancel', 'finish']);
    assert.equal(openai.open, 0);
  });

  act('keeps its place at the target, and counts there for what it came to', async ({ groq, gateway }) => {
    const inFlight = async () => (await gateway.metrics()).value('gateway_target_in_flight', { target: 'groq' });
    groq.answer(silence());
    const body = JSON.stringify({ model: 'fragile', prompt: 'Hello' });
    const cancelled = await leave(gateway, request('POST', '/v1/completions', {
      headers: gateway.headers({ 'Content-Type': 'application/json' }), body }), () => groq.request(1), () => {});
    assert.equal(cancelled.client_gone, 'cancel');
    assert.equal(await inFlight(), 0);
    const answer = held(null, failure(503));
    groq.answer(answer.answer);
    const line = await leave(gateway, gateway.chatRequest({ model: 'fragile' }), () => groq.request(2), async () => {
      await detached(gateway);
      assert.equal(await inFlight(), 1);
      assert.equal((await gateway.chat({ model: 'fragile' })).status, 429, 'the place is taken');
      answer.go();
    }, 2);
    assert.deepEqual([line.status, line.client_gone], [499, 'finish']);
    assert.equal(await inFlight(), 0);
    assert.equal((await gateway.chat({ model: 'fragile' })).status, 503, 'its failure has opened the circuit');
    assert.equal(groq.complete, 2);
    await until(3000, 'its line', () => lines(gateway).at(-1).status === 503);
  });

  act('is cancelled while it waits for its turn, unless it is finished', async ({ anthropic, gateway }) => {
    const queued = async (count) => until(3000, `${count} in the queue`, async () => (
      (await gateway.metrics()).value('gateway_target_queued', { target: 'anthropic' }) === count));
    const held_ = held(null, whole(MESSAGE));
    anthropic.answer(held_.answer, whole(MESSAGE));
    const first = await gateway.connect();
    await first.send(gateway.chatRequest({ model: 'claude-x' }));
    await anthropic.request(1);
    const body = JSON.stringify({ model: 'claude-x', prompt: 'Hello' });
    const cancelled = await leave(gateway, request('POST', '/v1/completions', {
      headers: gateway.headers({ 'Content-Type': 'application/json' }), body }), () => queued(1), () => queued(0));
    assert.deepEqual([cancelled.client_gone, 'tokens_in' in cancelled], ['cancel', false]);
    const finished = await leave(gateway, gateway.chatRequest({ model: 'claude-x' }), () => queued(1), async () => {
      await detached(gateway);
      held_.go();
      assert.equal((await first.answer()).status, 200);
      first.close();
    }, 2);
    assert.deepEqual([finished.client_gone, finished.tokens_out], ['finish', 40]);
    assert.equal(anthropic.complete, 2);
  });

  act('ends with the gateway', async ({ openai, gateway }) => {
    openai.answer(silence());
    const before = openai.requests.length;
    const line = await leave(gateway, gateway.chatRequest(), () => openai.request(before + 1), async () => {
      await detached(gateway);
      gateway.signal();
    });
    assert.deepEqual([line.status, line.client_gone, line.error_code], [499, 'finish', 'shutting_down']);
  });
});
