// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { plays } from '../tools/play.mjs';
import { refused } from '../tools/probe.mjs';
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
