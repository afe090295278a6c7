// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion } from '../tools/answers.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';
import { chatBytes, refused } from '../tools/probe.mjs';
import { sleep } from '../tools/wire.mjs';

const KIB = 1024;
const START = 'GET /livez HTTP/1.1\r\nHost: gateway.test\r\n';

/** A head of exactly `total` bytes, in values that stay below their own limit. */
function headOf(total) {
  let head = START;
  while (total - head.length - 2 > 9000) head += `X-Fill: ${'f'.repeat(8000)}\r\n`;
  return `${head}X-Last: ${'l'.repeat(total - head.length - 'X-Last: \r\n\r\n'.length)}\r\n\r\n`;
}

const fields = (count) => `${START}${'X-A: b\r\n'.repeat(count - 1)}\r\n`;
const asking = (query) => `GET /livez?${query} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`;
const line = (total) => asking('q'.repeat(total - 'GET /livez? HTTP/1.1'.length));
const query = (count) => asking(Array.from({ length: count }, (_, i) => `a${i}=1`).join('&'));
const name = (length) => `${START}${'n'.repeat(length)}: v\r\n\r\n`;
const value = (length) => `${START}X-V: ${'v'.repeat(length)}\r\n\r\n`;

const LIMITS = [
  ['a request line of 8 KiB', line(8 * KIB), line(8 * KIB + 1), 414],
  ['a head of 32 KiB', headOf(32 * KIB), headOf(32 * KIB + 1), 431],
  ['100 header fields', fields(100), fields(101), 431],
  ['a name of 256 bytes', name(256), name(257), 431],
  ['a value of 16 KiB', value(16 * KIB), value(16 * KIB + 1), 431],
  ['128 query parameters', query(128), query(129), 400],
];

const open = async (stage) => ({ gateway: await stage.gateway() });

plays('a limit', open, (act) => {
  for (const [what, within, beyond, status] of LIMITS) {
    act(`${what} is served`, async ({ gateway }) => {
      const connection = await gateway.connect();
      await connection.send(within);
      assert.equal((await connection.answer()).status, 200);
      connection.close();
    });
    act(`one more than ${what} is ${status}`, async ({ gateway }) => {
      const connection = await gateway.connect();
      await connection.send(beyond);
      await refused(connection, { status });
      connection.close();
    });
  }
  act('a method of 10 KiB is refused long before its end', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send('G'.repeat(10 * KIB));
    await refused(connection, { status: [400, 501] });
    connection.close();
  });
  act('header bytes without an end are cut off at 32 KiB in constant memory', async ({ gateway }) => {
    const before = gateway.memory();
    const connection = await gateway.connect();
    await connection.send(START);
    const filler = Buffer.from(`X-F: ${'f'.repeat(1000)}\r\n`.repeat(64));
    for (let i = 0; i < 50 && !connection.wire.ended; i++) {
      await Promise.race([connection.send(filler), sleep(200)]);
    }
    const answer = await connection.answer().catch(() => null);
    if (answer) assert.equal(answer.status, 431);
    assert.ok(await connection.closes(2000));
    connection.close();
    assert.ok(gateway.memory() - before < 4 * KIB, 'less than 4 MiB more');
  });
});

const MOST = 2 * KIB * KIB;
const padded = (length) => chatBody().padEnd(length, ' ');
const chunk = (text, extension = '') => `${Buffer.byteLength(text).toString(16)}${extension}\r\n${text}\r\n`;
/** A chat body in chunks: `extension` behind the first chunk's size, `trailers` behind the last chunk. */
const chunked = (body, { extension = '', trailers = '', cut = (text) => [text] } = {}) => {
  const [first, ...rest] = cut(body);
  return `${chunk(first, extension)}${rest.map((text) => chunk(text)).join('')}0\r\n${trailers}\r\n`;
};
const extended = (length) => chunked(chatBody(), { extension: `;${'e'.repeat(length)}` });
/** `count` chunks with the longest extension, the last chunk without one. */
const allExtended = (count) => {
  const pieces = [...padded(count)].slice(0, count - 1);
  pieces.push(padded(count).slice(count - 1));
  return `${pieces.map((text) => chunk(text, `;${'e'.repeat(256)}`)).join('')}0\r\n\r\n`;
};
const trailing = (length) => {
  const line = `X-Trailer: ${'t'.repeat(length - 'X-Trailer: \r\n'.length)}\r\n`;
  return chunked(chatBody(), { trailers: line });
};
const inPieces = (count) => chunked(padded(count), { cut: (text) => [...text] });

const CHUNKED = [
  ['an extension of 256 bytes', extended(256), extended(257)],
  ['extensions of 16 KiB in all', allExtended(64), allExtended(65)],
  ['trailers of 8 KiB', trailing(8 * KIB), trailing(8 * KIB + 1)],
  ['65,536 chunks', inPieces(65_536), inPieces(65_537)],
];

/** A chat body with one member more, written as it is. */
const withMember = (text) => `${chatBody().slice(0, -1)},${text}}`;
const nested = (depth) => withMember(`"metadata":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}`);
const keys = (count) => withMember(`"metadata":{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join(',')}}`);
/** Every key and every value counts; the body has 12 without this list's elements. */
const values = (count) => withMember(`"metadata":[${Array(count - 12).fill(0).join(',')}]`);

const DOCUMENTS = [
  ['64 levels', nested(64), nested(65)],
  ['a key of 1 KiB', withMember(`"${'k'.repeat(KIB)}":0`), withMember(`"${'k'.repeat(KIB + 1)}":0`)],
  ['a number of 64 digits', withMember(`"seed":${'1'.repeat(64)}`), withMember(`"seed":${'1'.repeat(65)}`)],
  ['10,000 keys of one object', keys(10_000), keys(10_001)],
  ['250,000 keys and values', values(250_000), values(250_001)],
];

const asked = async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('ok'));
  const config = { max_request_bytes: MOST, limits: { requests_per_connection: 3 } };
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream }, config }) };
};

async function chatted(gateway, lines, body) {
  const connection = await gateway.connect();
  await connection.send(chatBytes(lines, body));
  const answer = await connection.answer();
  connection.close();
  return answer;
}

plays('a limit of bodies', asked, (act) => {
  act('a body of the limit is served, one byte more is 413 before it comes', async ({ gateway }) => {
    assert.equal((await chatted(gateway, [`Content-Length: ${MOST}`], padded(MOST))).status, 200);
    const answer = await chatted(gateway, [`Content-Length: ${MOST + 1}`], '');
    assertError(answer, 413, { code: 'request_too_large' });
  });
  act('the same holds for one in chunks', async ({ gateway }) => {
    const lines = ['Transfer-Encoding: chunked'];
    assert.equal((await chatted(gateway, lines, chunked(padded(MOST)))).status, 200);
    assertError(await chatted(gateway, lines, chunked(padded(MOST + 1))), 413, { code: 'request_too_large' });
  });
  for (const [what, within, beyond] of CHUNKED) {
    act(`${what} are served, one more is 400`, async ({ gateway }) => {
      assert.equal((await chatted(gateway, ['Transfer-Encoding: chunked'], within)).status, 200);
      assert.equal((await chatted(gateway, ['Transfer-Encoding: chunked'], beyond)).status, 400);
    });
  }
  for (const [what, within, beyond] of DOCUMENTS) {
    act(`${what} are served, one more is 400 and nobody is asked`, async ({ gateway, upstream }) => {
      const served = await gateway.chat(within);
      assert.equal(served.status, 200, served.text);
      const before = upstream.requests.length;
      assertError(await gateway.chat(beyond), 400, { code: 'invalid_request' });
      assert.equal(upstream.requests.length, before);
    });
  }
  act('the last request of a connection says so, and there is no further', async ({ gateway }) => {
    const connection = await gateway.connect();
    for (let i = 1; i <= 3; i++) {
      await connection.send(gateway.chatRequest({ model: MODEL }));
      const answer = await connection.answer();
      assert.equal(answer.status, 200);
      assert.equal(answer.header('connection'), i === 3 ? 'close' : undefined, `answer ${i}`);
    }
    assert.ok(await connection.closes(2000));
    connection.close();
  });
});
