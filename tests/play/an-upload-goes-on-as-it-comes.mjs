// SPDX-License-Identifier: Apache-2.0
// Files and batches: their bodies go to the provider as they come, whatever becomes of either side meanwhile.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';

import { connect, request } from '../tools/client.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { head, whole } from '../tools/answers.mjs';
import { assertError, play } from '../tools/play.mjs';
import { framingOf, readBody, sleep, until } from '../tools/wire.mjs';

const MIB = 1 << 20;

/** An upstream that is asked before the body came, and then may read it. */
function early(answer) {
  return Object.assign(async (io, got) => {
    got.io = io;
    got.read = () => readBody(io.wire, framingOf(got, { untilClose: false }));
    return answer(io, got);
  }, { early: true });
}

/** Reads the whole body without keeping it. */
const digesting = early(async (io, got) => {
  const hash = crypto.createHash('sha256');
  let size = 0;
  for await (const piece of got.read()) {
    hash.update(piece);
    size += piece.length;
  }
  const text = JSON.stringify({ size, sha: hash.digest('hex') });
  await io.write(`${head(200, { 'Content-Type': 'application/json', 'Content-Length': text.length })}${text}`);
  return true;
});

async function scene(stage, more = {}) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, ...more });
  return { upstream, gateway };
}

/** A connection that has sent the head of an upload. */
async function begin(gateway, headers, target = '/v1/files') {
  const connection = await connect(gateway.port);
  await connection.send(request('POST', target, { headers: gateway.headers(headers) }));
  return connection;
}

play('256 MiB pass through with flat memory', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(digesting);
  const size = (SANITIZED ? 32 : 256) * MIB;
  const block = crypto.randomBytes(MIB);
  const hash = crypto.createHash('sha256');
  const connection = await begin(gateway, { 'Content-Length': size });
  const before = gateway.memory();
  let most = before;
  for (let sent = 0; sent < size; sent += MIB) {
    hash.update(block);
    await connection.send(block);
    if (sent % (8 * MIB) === 0) most = Math.max(most, gateway.memory());
  }
  const answer = await connection.answer({ ms: 20_000 });
  assert.deepEqual(answer.json, { size, sha: hash.digest('hex') });
  connection.close();
  if (!SANITIZED) assert.ok(most - before < 3072, `${most - before} KiB more while it passed`);
}, { ms: 120_000 });

play('an upload in chunks stays one in chunks, and its trailers stay here', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(whole({ ok: 1 }));
  const connection = await begin(gateway, { 'Transfer-Encoding': 'chunked' });
  await connection.send('3;ext=1\r\nabc\r\n');
  await upstream.request(1);
  assert.equal(upstream.complete, 0);
  await connection.send('5\r\ndefgh\r\n0\r\nX-Trailer: away\r\n\r\n');
  assert.equal((await connection.answer()).status, 200);
  assert.equal(upstream.last.header('transfer-encoding'), 'chunked');
  assert.equal(upstream.last.body.toString(), 'abcdefgh');
  assert.equal(upstream.last.header('x-trailer'), undefined);
  await connection.send(request('GET', '/v1/files', { headers: gateway.headers() }));
  assert.equal((await connection.answer()).status, 200);
  connection.close();
});

play('an upstream that does not read holds the client back', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  let size = 0;
  let go;
  upstream.answer(early(async (io, got) => {
    io.wire.pause();
    await new Promise((resolve) => { go = resolve; });
    io.wire.resume();
    for await (const piece of got.read()) size += piece.length;
    await io.write(`${head(200, { 'Content-Length': 2 })}ok`);
    return true;
  }));
  const connection = await begin(gateway, { 'Content-Length': 64 * MIB });
  await upstream.request(1);
  const before = gateway.memory();
  const block = Buffer.alloc(MIB);
  let sent = 0;
  const sending = (async () => { for (; sent < 64; sent += 1) await connection.send(block); })();
  let last = -1;
  await until(10_000, 'the client to be held back', async () => {
    const stuck = sent === last;
    last = sent;
    await sleep(300);
    return stuck;
  });
  assert.ok(sent < 48, `${sent} MiB were taken`);
  if (!SANITIZED) assert.ok(gateway.memory() - before < 3072);
  go();
  await sending;
  assert.equal((await connection.answer({ ms: 20_000 })).text, 'ok');
  assert.equal(size, 64 * MIB);
  connection.close();
}, { ms: 60_000 });

play('an answer before the body ends reaches the client, whose connection closes', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  for (const status of [413, 401]) {
    upstream.answer(early(async (io) => {
      const text = `{"error":{"message":"no ${status}"}}`;
      await io.write(`${head(status, { 'Content-Type': 'application/json', 'Content-Length': text.length })}${text}`);
      await io.leaves;
      return false;
    }));
    const connection = await begin(gateway, { 'Content-Length': 200 * MIB });
    await connection.send(Buffer.alloc(MIB));
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.json.error.message], [status, `no ${status}`]);
    assert.equal(answer.header('connection'), 'close');
    assert.ok(await connection.closes(15_000));
    connection.close();
  }
});

play('an upstream that answers, closes and reads no more is heard', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(early(async (io) => {
    await io.write(`${head(413, { 'Content-Type': 'text/plain', 'Content-Length': 3, Connection: 'close' })}big`);
    return false;
  }));
  const connection = await begin(gateway, { 'Content-Length': 200 * MIB });
  await connection.send(Buffer.alloc(MIB));
  const answer = await connection.answer();
  assert.deepEqual([answer.status, answer.text], [413, 'big']);
  connection.close();
});

play('a hundred is said once, when the body is wanted', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(whole({ ok: 1 }));
  const connection = await begin(gateway, { 'Content-Length': 5, Expect: '100-continue' });
  const interim = await connection.begin();
  assert.equal(interim.status, 100);
  await connection.send('hello');
  const answer = await connection.answer();
  assert.deepEqual([answer.status, answer.interim.length], [200, 0]);
  assert.equal(upstream.last.body.toString(), 'hello');
  assert.equal(upstream.last.header('expect'), undefined);
  connection.close();
  const stranger = await connect(gateway.port);
  await stranger.send(request('POST', '/v1/files', { headers: { 'Content-Length': 5, Expect: '100-continue' } }));
  const refused = await stranger.answer();
  assert.deepEqual([refused.status, refused.interim.length], [401, 0]);
  stranger.close();
});

play('a client that goes within its body takes the upstream call along', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(early((io) => io.leaves.then(() => false)));
  for (const leave of ['close', 'reset', 'finish']) {
    const count = upstream.requests.length + 1;
    const connection = await begin(gateway, { 'Content-Length': 1000 });
    await connection.send('x'.repeat(100));
    const got = await upstream.request(count);
    connection[leave]();
    await until(3000, 'the upstream connection to close', () => got.connection.closedAt !== null);
    connection.close();
  }
  const lines = await gateway.access(3, '/v1/files');
  assert.deepEqual(lines.map((line) => line.status), [499, 499, 499]);
});

play('an upstream that goes within the body is a 502', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  for (const leave of ['finish', 'reset']) {
    upstream.answer(early(async (io, got) => {
      for await (const piece of got.read()) { if (piece.length) break; }
      io[leave]();
      return false;
    }));
    const connection = await begin(gateway, { 'Content-Length': 100 * MIB });
    await connection.send(Buffer.alloc(MIB));
    assertError(await connection.answer(), 502,
      { type: 'server_error', code: 'upstream_error', message: 'upstream connection failed' });
    connection.close();
  }
});

play('a client that stops within its body is 408, and the upstream is let go', async (stage) => {
  const { upstream, gateway } = await scene(stage, { config: { timeouts: { body_idle: '300ms' } } });
  upstream.answer(whole({ ok: 1 }));
  const connection = await begin(gateway, { 'Content-Length': 10 });
  await connection.send('12345');
  const got = await upstream.request(1);
  assertError(await connection.answer(), 408, { code: 'request_timeout' });
  await until(3000, 'the upstream connection to close', () => got.connection.closedAt !== null);
  assert.equal(upstream.complete, 0);
  connection.close();
});

play('a malformed body never looks whole to the upstream', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(whole({ ok: 1 }));
  const connection = await begin(gateway, { 'Transfer-Encoding': 'chunked' });
  await connection.send('5\r\nhello\r\n');
  const got = await upstream.request(1);
  await connection.send('0x5\r\nhello\r\n0\r\n\r\n');
  assertError(await connection.answer(), 400, { code: 'bad_chunk' });
  assert.ok(await connection.closes());
  await until(3000, 'the upstream connection to close', () => got.connection.closedAt !== null);
  assert.equal(upstream.complete, 0);
  connection.close();
});

play('a request behind an upload is a request, and nothing in it is', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(whole({ ok: 1 }));
  const inner = request('GET', '/v1/files/inner');
  const connection = await connect(gateway.port);
  await connection.send(Buffer.concat([
    request('POST', '/v1/files', { headers: gateway.headers(), body: inner }),
    request('GET', '/v1/files/outer', { headers: gateway.headers() }),
  ]));
  assert.equal((await connection.answer()).status, 200);
  assert.equal((await connection.answer()).status, 200);
  assert.deepEqual(upstream.requests.map((one) => one.target), ['/v1/files', '/v1/files/outer']);
  connection.close();
  const refused = await connect(gateway.port);
  await refused.send(request('POST', '/v1/files', { headers: { Authorization: 'Bearer wrong' }, body: inner }));
  await refused.send(request('GET', '/v1/files/last', { headers: gateway.headers() }));
  assert.equal((await refused.answer()).status, 401);
  assert.equal((await refused.answer()).status, 200);
  assert.equal(upstream.last.target, '/v1/files/last');
  assert.equal(upstream.requests.length, 3);
  refused.close();
});

play('a large answer streams with its length, and a slow reader holds it back', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  const size = (SANITIZED ? 16 : 64) * MIB;
  let written = 0;
  upstream.answer(async (io) => {
    await io.write(head(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size }));
    const block = Buffer.alloc(MIB, 'y');
    for (; written < size; written += MIB) if (!(await io.write(block))) return false;
    return true;
  });
  const connection = await connect(gateway.port);
  await connection.send(request('GET', '/v1/files/f/content', { headers: gateway.headers() }));
  const answer = await connection.begin();
  assert.equal(answer.header('content-length'), String(size));
  assert.equal(answer.header('transfer-encoding'), undefined);
  connection.wire.pause();
  await sleep(500);
  assert.ok(written < size, `${written} bytes went out unread`);
  connection.wire.resume();
  let got = 0;
  for await (const piece of answer.body) got += piece.length;
  assert.equal(got, size);
  connection.close();
}, { ms: 60_000 });

play('an answer that breaks off is not whole', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(async (io) => {
    await io.write(`${head(200, { 'Content-Length': 1000 })}begun`);
    return false;
  });
  const answer = await gateway.get('/v1/files/f/content');
  assert.deepEqual([answer.status, answer.text, answer.complete], [200, 'begun', false]);
  const [line] = await gateway.access(1, '/v1/files/f/content');
  assert.equal(line.error_code, 'upstream_truncated');
});

play('a drain lets an upload end', async (stage) => {
  const { upstream, gateway } = await scene(stage);
  upstream.answer(whole({ ok: 1 }));
  const connection = await begin(gateway, { 'Content-Length': 10 });
  await connection.send('01234');
  await upstream.request(1);
  gateway.signal();
  await sleep(300);
  await connection.send('56789');
  const answer = await connection.answer();
  assert.equal(answer.status, 200);
  assert.equal(upstream.last.body.toString(), '0123456789');
  connection.close();
});
