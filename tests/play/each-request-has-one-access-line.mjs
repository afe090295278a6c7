// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, speech } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { PROMPT } from '../tools/gateway.mjs';
import { play, plays } from '../tools/play.mjs';

const ANSWER = 'canary-answer-marker';

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('the access log', open, (act) => {
  act('has a line with the published fields', async ({ upstream, gateway }) => {
    upstream.answer(completion(ANSWER));
    const answer = await gateway.chat({}, { 'User-Agent': 'play' });
    const [line] = await gateway.access(1);
    assert.equal(line.level, 'info');
    assert.ok(!Number.isNaN(Date.parse(line.time)));
    assert.equal(line.trace_id, answer.header('x-request-id'));
    assert.equal(line.method, 'POST');
    assert.equal(line.path, '/v1/chat/completions');
    assert.equal(line.status, 200);
    assert.equal(line.bytes, answer.bytes.length);
    assert.equal(typeof line.duration_ms, 'number');
    assert.match(line.remote, /^127\.0\.0\.1/);
  });
  act('warns of 4xx and calls 5xx errors', async ({ upstream, gateway }) => {
    await gateway.get('/nope');
    assert.equal((await gateway.access(1, '/nope'))[0].level, 'warn');
    upstream.answer(failure(500));
    await gateway.chat();
    const lines = await gateway.access(2);
    assert.deepEqual([lines[1].status, lines[1].level], [502, 'error']);
  });
  act('has one line per stream, with its bytes', async ({ upstream, gateway }) => {
    upstream.answer(speech([ANSWER, 'b'], { every: 20 }));
    const stream = await gateway.stream();
    let bytes = 0;
    for await (const event of stream.events) bytes += Buffer.byteLength(event.text) + 2;
    stream.connection.close();
    const lines = await gateway.access(3);
    assert.equal(lines.length, 3);
    assert.deepEqual([lines[2].status, lines[2].bytes], [200, bytes]);
    assert.ok(lines[2].duration_ms >= 40);
  });
  act('has a line for what was refused before it was understood, and a metric', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send('GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    const answer = await connection.answer();
    connection.close();
    assert.equal(answer.status, 400);
    const id = answer.header('x-request-id');
    const line = await gateway.log((one) => one.msg === 'http request' && one.trace_id === id);
    assert.deepEqual([line.status, line.level, line.error_code], [400, 'warn', answer.json.error.code]);
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_http_refused_total', { code: answer.json.error.code }), 1);
  });
  act('has no line for the probes', async ({ gateway }) => {
    await gateway.get('/livez');
    await gateway.get('/nope?late');
    await gateway.access(2, '/nope');
    assert.equal(gateway.logs.filter((line) => line.path === '/livez' || line.path === '/readyz').length, 0);
  });
  act('holds no query, no content and no answer', async ({ gateway }) => {
    await gateway.get('/nope?secret=canary-query-value');
    await gateway.access(3, '/nope');
    for (const marker of ['canary-query-value', PROMPT, ANSWER]) {
      assert.ok(!gateway.output.out.includes(marker), marker);
    }
  });
});

play('even at the level debug nothing of the content is logged', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion(ANSWER));
  const gateway = await stage.gateway({ targets: { openai: upstream }, env: { LOG_LEVEL: 'debug' } });
  await gateway.chat();
  await gateway.log('request completed');
  assert.ok(!gateway.output.out.includes(ANSWER));
  upstream.answer(failure(400, { message: `bad: ${PROMPT}` }));
  await gateway.chat('{"model":"play-model","messages":[{"role":"user","content":"canary-prompt-marker"}');
  await gateway.access(2);
});

play('a key typed into the wrong place is redacted', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const key = 'sk-proj-abcdefghijklmnopqrstuvwx';
  await gateway.get(`/nope/${key}`);
  await gateway.log((line) => line.msg === 'http request' && line.path.startsWith('/nope/'));
  assert.ok(!gateway.output.out.includes(key));
});
