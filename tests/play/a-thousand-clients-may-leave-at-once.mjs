// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import net from 'node:net';
import { performance } from 'node:perf_hooks';

import { chunk, completion, framed, head, stream } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { PATIENCE, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const CHAT = '/v1/chat/completions';
const many = (count, work) => Promise.all(Array.from({ length: count }, (_, i) => work(i)));
const lines = (gateway, target) => gateway.logs.filter((line) => line.msg === 'http request' && line.path === target);

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { client_gone: { routes: { completions: 'drain' } } },
  });
  return { upstream, gateway };
}

/** A plain socket that has read the beginning of its stream. */
const begun = (gateway, bytes) => new Promise((resolve, reject) => {
  const socket = net.connect({ port: gateway.port, host: '127.0.0.1' }, () => socket.write(bytes));
  let text = '';
  socket.on('error', reject);
  socket.on('data', (data) => {
    text += data;
    if (text.includes('half a')) resolve(socket);
  });
});

const piece = (event) => `${Buffer.byteLength(framed(event)).toString(16)}\r\n${framed(event)}\r\n`;
const HALF = head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' })
  + piece(chunk({ role: 'assistant', content: '' })) + piece(chunk({ content: 'half a word' }));

plays('clients', open, (act) => {
  act('that leave in the middle of a thousand streams leave nothing behind', async ({ upstream, gateway }, t) => {
    upstream.answer(async (io) => { await io.write(HALF); await io.leaves; return false; });
    const bytes = gateway.chatRequest({ stream: true });
    const took = [];
    for (let round = 0; round < 10; round++) {
      const sockets = await many(100, () => begun(gateway, bytes));
      const at = performance.now();
      for (const socket of sockets) socket.resetAndDestroy();
      await until(5000 * PATIENCE, 'all upstream calls are closed', () => upstream.open === 0);
      took.push(...upstream.connections.slice(-100).map((connection) => connection.closedAt - at));
      upstream.connections.length = 0;
      upstream.requests.length = 0;
    }
    took.sort((a, b) => a - b);
    t.diagnostic(`upstreams closed after ${took[500].toFixed(1)} ms (median), ${took[999].toFixed(1)} ms (most)`);
    assert.ok(took[500] < 250 * PATIENCE, `the median closed after ${took[500].toFixed(1)} ms`);
    const all = await gateway.access(1000, CHAT, 5000 * PATIENCE);
    assert.equal(all.length, 1000);
    const told = new Set(all.map((line) => `${line.status} ${line.client_gone} ${line.usage_estimated} ${
      line.tokens_in > 0 && line.tokens_out >= 0}`));
    assert.deepEqual([...told], ['499 cancel true true']);
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_client_gone_total', { policy: 'cancel' }), 1000);
  });

  act('that drop thirty long answers at once keep nobody waiting', async ({ upstream, gateway }, t) => {
    const events = Array.from({ length: 128 }, () => chunk({ content: 'x'.repeat(40 << 10) })); // 5 MiB
    upstream.answer(stream(events));
    const count = lines(gateway, CHAT).length;
    const streams = await many(30, async () => {
      const one = await gateway.stream();
      await one.events.next();
      one.connection.wire.stopped = true;
      one.connection.wire.socket.pause();
      return one;
    });
    const waits = [];
    let over = false;
    const probing = (async () => {
      while (!over) {
        const at = performance.now();
        assert.equal((await gateway.get('/health')).status, 200);
        waits.push(performance.now() - at);
      }
    })();
    for (const one of streams) one.connection.reset();
    await until(5000 * PATIENCE, 'thirty lines', () => lines(gateway, CHAT).length >= count + 30);
    over = true;
    await probing;
    const most = Math.max(...waits);
    t.diagnostic(`/health answered ${waits.length} times, after ${most.toFixed(1)} ms at the most`);
    assert.ok(most < 500 * PATIENCE, `/health answered after ${most.toFixed(1)} ms`);
    await until(5000 * PATIENCE, 'all upstream calls are closed', () => upstream.open === 0);
  });

  act('that leave as the answer comes are counted once', async ({ upstream, gateway }) => {
    let answered;
    upstream.answer(async (io, got) => {
      const kept = await completion('x'.repeat(1000))(io, got);
      answered();
      return kept;
    });
    const bytes = request('POST', '/v1/completions', {
      headers: gateway.headers({ 'Content-Type': 'application/json' }),
      body: JSON.stringify({ model: MODEL, prompt: 'Hello' }),
    });
    for (let i = 0; i < 60; i++) {
      const connection = await gateway.connect();
      const done = new Promise((resolve) => { answered = resolve; });
      await connection.send(bytes);
      await done;
      if (i % 3 === 1) await new Promise(setImmediate);
      if (i % 3 === 2) await sleep(1);
      connection.reset();
    }
    const all = await gateway.access(60, '/v1/completions');
    await gateway.get('/livez');
    assert.equal(lines(gateway, '/v1/completions').length, 60);
    assert.deepEqual(all.filter((line) => ![200, 499].includes(line.status)), []);
    assert.ok(all.every((line) => line.tokens_out === 3 && !line.usage_estimated), 'each with the usage it had');
  });
});
