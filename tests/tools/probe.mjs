// SPDX-License-Identifier: Apache-2.0
// Exact bytes at the gateway, three ways: whole, one byte per write, and cut at every position.
import assert from 'node:assert/strict';

import { MASTER_KEY, SANITIZED, chatBody } from './gateway.mjs';
import { PATIENCE, assertError } from './play.mjs';

const STEP = SANITIZED ? 11 : 1; // sanitizers try every 11th cut
const AT_ONCE = 24;

/** A chat call that is right but for what `lines` adds and `body` is; `start` replaces the request line. */
export function chatBytes(lines, body = '', start = 'POST /v1/chat/completions HTTP/1.1') {
  const usual = ['Host: gateway.test', `Authorization: Bearer ${MASTER_KEY}`, 'Content-Type: application/json'];
  const head = [start, ...usual, ...lines];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body, 'latin1')]);
}

export const BODY = chatBody();
export const LENGTH = `Content-Length: ${BODY.length}`;
export const CHUNKED = 'Transfer-Encoding: chunked';
export const inChunks = (text, size = 10) => {
  let out = '';
  for (let at = 0; at < text.length; at += size) {
    const piece = text.slice(at, at + size);
    out += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${out}0\r\n\r\n`;
};

/** Refused: one error answer of one of the statuses, `Connection: close`, then nothing but the end. */
export async function refused(connection, { status = 400, code } = {}) {
  const answer = await connection.answer({ ms: 3000 * PATIENCE });
  assert.ok(answer, 'an answer before the end');
  const expected = [].concat(status);
  assert.ok(expected.includes(answer.status), `${answer.status}, not ${expected}: ${answer.text}`);
  assertError(answer, answer.status, code ? { code } : {});
  assert.equal(answer.header('connection'), 'close');
  assert.ok(await connection.closes(1000 * PATIENCE), 'the connection ends');
  assert.equal(connection.wire.pending.length, 0, 'nothing follows');
}

/** Served: one 200, and the upstream got `body` under a Content-Length. */
export async function served(connection) {
  const answer = await connection.answer({ ms: 3000 * PATIENCE });
  assert.equal(answer?.status, 200, answer?.text);
}

async function attempt(gateway, send, expect) {
  const connection = await gateway.connect();
  try {
    await send(connection);
    await expect(connection);
  } finally {
    connection.close();
  }
}

/** Runs `bytes` the three ways against `expect(connection)`. Returns how many times they went out. */
export async function threeWays(gateway, bytes, expect) {
  await attempt(gateway, (connection) => connection.send(bytes), expect);
  await attempt(gateway, (connection) => connection.sendBytewise(bytes), expect);
  const cuts = [];
  for (let at = 1; at < Math.min(bytes.length, 2048); at += STEP) cuts.push(at);
  for (let i = 0; i < cuts.length; i += AT_ONCE) {
    await Promise.all(cuts.slice(i, i + AT_ONCE).map((at) => (
      attempt(gateway, (connection) => connection.sendSplit(bytes, at), expect).catch((error) => {
        error.message = `cut at ${at}: ${error.message}`;
        throw error;
      }))));
  }
  return 2 + cuts.length;
}
