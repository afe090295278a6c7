// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, speech } from '../tools/answers.mjs';
import { drain, request } from '../tools/client.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { sleep } from '../tools/wire.mjs';

const probe = (headers) => request('GET', '/livez', { headers });

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('a connection', open, (act) => {
  act('is kept open after an answer', async ({ gateway }) => {
    const connection = await gateway.connect();
    for (let i = 0; i < 5; i++) {
      await connection.send(gateway.chatRequest());
      assert.equal((await connection.answer()).status, 200);
    }
    connection.close();
  });
  act('is kept open after a stream', async ({ upstream, gateway }) => {
    upstream.answer(speech(['a', 'b']));
    const connection = await gateway.connect();
    for (let i = 0; i < 3; i++) {
      await connection.send(gateway.chatRequest({ stream: true }));
      assert.equal((await drain(await connection.events())).done, 1);
    }
    connection.close();
  });
  act('answers a hundred pipelined requests in order, one at a time upstream', async ({ upstream, gateway }) => {
    let running = 0;
    let most = 0;
    upstream.answer(async (io, req) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(req.json.seed % 3);
      running -= 1;
      return completion(`answer ${req.json.seed}`)(io, req);
    });
    const connection = await gateway.connect();
    await connection.send(Buffer.concat(Array.from({ length: 100 }, (_, seed) => gateway.chatRequest({ seed }))));
    for (let i = 0; i < 100; i++) {
      assert.equal((await connection.answer()).json.choices[0].message.content, `answer ${i}`);
    }
    assert.equal(most, 1);
    connection.close();
  });
  act('mixes pipelined probes, errors and chats in order', async ({ upstream, gateway }) => {
    upstream.answer(completion('chat', { delay: 50 }));
    const connection = await gateway.connect();
    const chat = gateway.chatRequest();
    await connection.send(Buffer.concat([chat, probe(), request('GET', '/nope'), chat, probe()]));
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await connection.answer()).status);
    assert.deepEqual(statuses, [200, 200, 404, 200, 200]);
    connection.close();
  });
  for (const value of ['close', 'close\t', 'CLOSE', 'keep-alive, close', 'x , close']) {
    act(`ends after an answer to Connection: ${JSON.stringify(value)}`, async ({ gateway }) => {
      const connection = await gateway.connect();
      await connection.send(Buffer.concat([probe({ Connection: value }), probe()]));
      assert.equal((await connection.answer()).header('connection'), 'close');
      assert.ok(await connection.closes(), 'closed');
      assert.equal(connection.wire.pending.length, 0, 'what followed was never parsed');
      connection.close();
    });
  }
  act('ends after HTTP/1.0, and is kept for HTTP/1.0 that asks', async ({ gateway }) => {
    const old = await gateway.connect();
    await old.send('GET /livez HTTP/1.0\r\n\r\n');
    assert.equal((await old.answer()).status, 200);
    assert.ok(await old.closes());
    old.close();
  });
});

play('a connection stops being read when its answers are not', async (stage, t) => {
  const gateway = await stage.gateway({ config: { limits: { requests_per_connection: 1_000_000_000 } } });
  const before = gateway.memory();
  const connection = await gateway.connect();
  connection.wire.pause();
  const flood = Buffer.concat(Array.from({ length: 1000 }, () => probe()));
  let sent = 0;
  let state = true;
  for (; sent < 1000 && state === true; sent++) {
    state = await Promise.race([connection.send(flood), sleep(1000).then(() => 'stuck')]);
  }
  t.diagnostic(`stuck after ${sent} thousand requests, ${gateway.memory() - before} KiB more`);
  assert.equal(state, 'stuck', 'the gateway stopped reading');
  if (!SANITIZED) assert.ok(gateway.memory() - before < 4096, `${gateway.memory() - before} KiB more`);
  connection.reset();
});

plays('Expect', open, (act) => {
  const waiting = (gateway, headers) => request('POST', '/v1/chat/completions', {
    headers: gateway.headers({ 'Content-Type': 'application/json', ...headers }),
  });
  act('100-continue is granted once, when key and size are right', async ({ gateway }) => {
    const body = Buffer.from(JSON.stringify({ model: 'play-model', messages: [{ role: 'user', content: 'x' }] }));
    const connection = await gateway.connect();
    await connection.send(waiting(gateway, { Expect: '100-continue', 'Content-Length': body.length }));
    assert.equal((await connection.begin()).status, 100);
    await connection.send(body);
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.interim.length], [200, 0]);
    await connection.send(probe());
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });
  act('100-continue with a wrong key is 401, without a 100', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(request('POST', '/v1/chat/completions', {
      headers: { Authorization: 'Bearer wrong', Expect: '100-continue', 'Content-Length': 10 },
    }));
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.interim.length], [401, 0]);
    connection.close();
  });
  act('100-continue with a body that is too large is 413, without a 100', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(waiting(gateway, { Expect: '100-continue', 'Content-Length': (1 << 30) * 8 }));
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.interim.length], [413, 0]);
    assert.ok(await connection.closes());
    connection.close();
  });
  act('100-continue with the body sent at once keeps the connection in step', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(Buffer.concat([gateway.chatRequest({}, { Expect: '100-continue' }), probe()]));
    const answer = await connection.answer();
    assert.equal(answer.status, 200);
    assert.ok(answer.interim.length <= 1);
    assert.equal((await connection.answer()).json.status, 'ok');
    connection.close();
  });
  act('anything else is 417', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(gateway.chatRequest({}, { Expect: 'banana' }));
    assertError(await connection.answer(), 417);
    assert.ok(await connection.closes());
    connection.close();
  });
});

plays('HEAD', open, (act) => {
  for (const path of ['/livez', '/readyz', '/health', '/metrics', '/v1/models']) {
    act(`${path} has GET's head and no body`, async ({ gateway }) => {
      const connection = await gateway.connect();
      const headers = gateway.headers();
      await connection.send(request('GET', path, { headers }));
      const full = await connection.answer();
      await connection.send(Buffer.concat([request('HEAD', path, { headers }), request('GET', path, { headers })]));
      const head = await connection.answer({ method: 'HEAD' });
      const again = await connection.answer();
      assert.deepEqual([full.status, head.status, again.status], [200, 200, 200]);
      const names = (answer) => answer.fields.map(([name]) => name).sort();
      assert.deepEqual(names(head), names(full));
      if (path !== '/metrics') assert.equal(head.header('content-length'), String(full.bytes.length));
      connection.close();
    });
  }
  act('of a missing path has no body either', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(Buffer.concat([request('HEAD', '/nope'), probe()]));
    assert.equal((await connection.answer({ method: 'HEAD' })).status, 404);
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });
});
