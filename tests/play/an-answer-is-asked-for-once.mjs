// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, failure, silence, speech, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL, PROMPT, chatBody } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

async function open(stage, config = {}, rest = {}) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { WORKERS: '4' },
    config: { plugins: [{ name: 'response-cache', config }] }, ...rest,
  });
  return { upstream, gateway };
}

/** Which of these processes holds the connection from this port. */
function ownerOf(port, pids) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = fs.readFileSync('/proc/net/tcp', 'latin1').split('\n').map((line) => line.trim().split(/\s+/));
  const inode = lines.find((words) => words[1]?.endsWith(`:${hex}`) && words[9] !== '0')?.[9];
  return pids.find((pid) => fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try { return fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`; } catch { return false; }
  }));
}

const many = (times, call) => Promise.all(Array.from({ length: times }, (_, i) => call(i)));
const cacheOf = (answer) => answer.header('x-gateway-cache');
const told = (answers, word) => answers.filter((answer) => cacheOf(answer) === word).length;

play('and given again from then on', async (stage) => {
  const { upstream, gateway } = await open(stage);
  const first = await gateway.chat();
  assert.equal(cacheOf(first), 'miss');
  for (let i = 0; i < 20; i += 1) {
    const again = await gateway.chat();
    assert.equal(cacheOf(again), 'hit');
    assert.ok(Number(again.header('age')) >= 0);
    assert.deepEqual(again.json, first.json);
  }
  assert.equal(upstream.complete, 1);
  const metrics = await gateway.metrics();
  assert.equal(metrics.value('gateway_requests_total', { provider: 'openai' }), 1);
  assert.equal(metrics.value('gateway_requests_total', { provider: 'cache' }), 20);
  assert.equal(metrics.value('gateway_tokens_output_total'), 3, 'what came from the cache cost nothing');
});

play('by many at the same time, in all workers', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(completion('once', { delay: 200 }));
  const answers = await many(40, () => gateway.chat());
  assert.equal(upstream.complete, 1);
  assert.equal(told(answers, 'miss'), 1);
  assert.equal(told(answers, 'hit'), 39);
  for (const { json } of answers) assert.equal(json.choices[0].message.content, 'once');
});

play('but anew for any other request', async (stage) => {
  const { upstream, gateway } = await open(stage);
  const bodies = [{}, { temperature: 0 }, { temperature: 1 }, { user: 'ann' }, { max_tokens: 5 }, { vendor: true },
    { messages: [{ role: 'user', content: 'other' }] }, { seed: 9007199254740992 },
    chatBody({ seed: 9007199254740992 }).replace('0992', '0993')];
  for (const body of bodies) assert.equal(cacheOf(await gateway.chat(body)), 'miss', JSON.stringify(body));
  for (const body of bodies) assert.equal(cacheOf(await gateway.chat(body)), 'hit', JSON.stringify(body));
  assert.equal(upstream.complete, bodies.length);
  const turned = `{"messages": [{"content":"${PROMPT}", "role":"user"}], "model":"${MODEL}"}`;
  assert.equal(cacheOf(await gateway.chat(turned)), 'hit', 'the order of members means nothing');
});

play('streamed: the kept stream is played again', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(speech(['one ', 'two ', 'three']));
  for (const word of ['miss', 'hit', 'hit']) {
    const stream = await gateway.stream();
    assert.equal(cacheOf(stream), word);
    assert.match(stream.header('content-type'), /^text\/event-stream/);
    const { list, done } = await drain(stream);
    stream.connection.close();
    assert.equal(spelled(list), 'one two three');
    assert.equal(done, 1);
  }
  assert.equal(upstream.complete, 1);
  assert.equal(cacheOf(await gateway.chat()), 'miss', 'whole is another request');
});

play('unless the client says otherwise', async (stage) => {
  const { upstream, gateway } = await open(stage);
  const ask = (control) => gateway.chat({}, { 'Cache-Control': control });
  assertError(await ask('only-if-cached'), 504);
  assert.equal(upstream.complete, 0);
  assert.equal(cacheOf(await ask('no-store')), 'bypass');
  assert.equal(cacheOf(await gateway.chat()), 'miss', 'no-store kept nothing');
  assert.equal(cacheOf(await ask('no-cache')), 'bypass');
  assert.equal(cacheOf(await ask('max-age=0')), 'bypass');
  assert.equal(upstream.complete, 4);
  assert.equal(cacheOf(await ask('only-if-cached')), 'hit');
  assert.equal(cacheOf(await ask('max-age=60')), 'hit');
  await sleep(2100);
  assert.equal(cacheOf(await ask('max-age=1')), 'miss');
  assert.equal(upstream.complete, 5);
});

play('or the provider does', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(completion('x', { headers: { 'Cache-Control': 'no-store' } }));
  for (let i = 0; i < 3; i += 1) assert.equal(cacheOf(await gateway.chat()), 'miss');
  assert.equal(upstream.complete, 3);
});

play('and errors are never kept', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(failure(400), whole('{"error":"odd"', { status: 200 }), completion('good'));
  assert.equal((await gateway.chat()).status, 400);
  assert.notEqual((await gateway.chat()).status, 200);
  const good = await gateway.chat();
  assert.equal(good.status, 200);
  assert.equal(cacheOf(good), 'miss');
  assert.equal(cacheOf(await gateway.chat()), 'hit');
});

play('and who waits for one that fails asks itself', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(failure(400, {}, { delay: 300 }), completion('second try', { delay: 100 }));
  const answers = await many(10, () => gateway.chat());
  assert.equal(answers.filter(({ status }) => status === 400).length, 1);
  assert.equal(upstream.complete, 2);
  assert.equal(told(answers, 'hit'), 8);
});

play('and the stages of the published configuration suffice', async (stage) => {
  const upstream = await stage.upstream();
  const at = (stage_) => ({ name: 'response-cache', stage: stage_, enabled: true, config: { max_age: 120 } });
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [at('before_request'), at('after_request')] },
  });
  upstream.answer(failure(400), completion('x'));
  assert.equal((await gateway.chat()).status, 400);
  assert.equal(cacheOf(await gateway.chat()), 'miss', 'nobody waits for the one that failed');
  assert.equal(cacheOf(await gateway.chat()), 'hit');
  assert.equal(upstream.complete, 2);
});

play('and a client that leaves holds nobody up', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(silence(), completion('for the others'));
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  await upstream.request(1);
  const others = many(5, () => gateway.chat());
  connection.close();
  const answers = await others;
  assert.equal(told(answers, 'miss'), 1);
  assert.equal(told(answers, 'hit'), 4);
  assert.equal(upstream.complete, 2);
});

play('and a worker that dies holds nobody up', async (stage) => {
  const { upstream, gateway } = await open(stage, {}, { expect: { restarts: true } });
  upstream.answer(silence(), completion('for the others'));
  await until(3000, 'all workers', () => gateway.workers().length === 4);
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest());
  const { connection: { wire } } = await upstream.request(1);
  const asked = performance.now();
  const others = many(8, () => gateway.chat().catch(() => null));
  process.kill(ownerOf(wire.socket.remotePort, gateway.workers()), 'SIGKILL');
  const answers = (await others).filter(Boolean);
  connection.close();
  assert.ok(answers.length > 0);
  for (const answer of answers) assert.equal(answer.status, 200);
  assert.ok(performance.now() - asked < 10_000, 'long before the lock would have ended');
  await until(5000, 'a replacement', () => gateway.workers().length === 4);
});

play('and no more are kept than may be', async (stage) => {
  const { upstream, gateway } = await open(stage, { max_entries: 4 });
  const ask = (n) => gateway.chat({ seed: n });
  for (let n = 0; n < 8; n += 1) await ask(n);
  const hits = [];
  for (let n = 7; n >= 0; n -= 1) {
    const { status } = await gateway.chat({ seed: n }, { 'Cache-Control': 'only-if-cached' });
    if (status === 200) hits.push(n);
  }
  assert.deepEqual(hits, [7, 6, 5, 4]);
  assert.equal(upstream.complete, 8);
});
