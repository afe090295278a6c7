// SPDX-License-Identifier: Apache-2.0
// The table of framing and smuggling: each row's bytes go out whole, byte by byte, and cut at every position.
import assert from 'node:assert/strict';

import { completion } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';
import { BODY, CHUNKED, LENGTH, chatBytes, inChunks, refused, served, threeWays } from '../tools/probe.mjs';

const CHUNKS = inChunks(BODY);
const hex = BODY.length.toString(16);
const oneChunk = (sizeLine, after = '\r\n') => `${sizeLine}\r\n${BODY}${after}0\r\n\r\n`;
const withTrailers = (trailers) => `${hex}\r\n${BODY}\r\n0\r\n${trailers}\r\n`;

const AMBIGUOUS = { code: 'ambiguous_framing' };
const LENGTHS = ['+5', '-5', '0x5', '5x', '1 0', '0_5', '1e1', '', '   ', '\xb2', '5, 5', '005', '00', '9'.repeat(20)];
const SIZES = [
  `+${hex}`, `-${hex}`, ` ${hex}`, `${hex} `, `${hex};`, '0x5', '0_5', '', 'zz', 'f'.repeat(16), '1'.repeat(9),
];

const REFUSED = [
  ['Content-Length before Transfer-Encoding', ['Content-Length: 6', CHUNKED], '0\r\n\r\nG', AMBIGUOUS],
  ['Transfer-Encoding before Content-Length', [CHUNKED, 'Content-Length: 6'], '0\r\n\r\nG', AMBIGUOUS],
  ['Transfer-Encoding twice', [CHUNKED, CHUNKED], CHUNKS],
  ['chunked, identity', ['Transfer-Encoding: chunked, identity'], CHUNKS],
  ['gzip, chunked', ['Transfer-Encoding: gzip, chunked'], CHUNKS, { status: 501 }],
  ['identity beside Content-Length', ['Transfer-Encoding: identity', LENGTH], BODY],
  ...[', chunked', 'chunked,', 'chunked;q=1', '"chunked"', 'xchunked', ''].map((value) => (
    [`Transfer-Encoding: ${value}`, [`Transfer-Encoding: ${value}`], CHUNKS])),
  ...['\x0b', '\x0c', '\0', '\x01'].flatMap((byte) => [
    [`byte ${byte.charCodeAt(0)} before chunked`, [`Transfer-Encoding: ${byte}chunked`], CHUNKS],
    [`byte ${byte.charCodeAt(0)} after chunked`, [`Transfer-Encoding: chunked${byte}`], CHUNKS]]),
  ['Transfer_Encoding', ['Transfer_Encoding: chunked', LENGTH], BODY],
  ['Content_Length', ['Content_Length: 5', LENGTH], BODY],
  ['Transfer-Encoding folded', ['Transfer-Encoding:\r\n chunked'], CHUNKS],
  ['Transfer-Encoding on HTTP/1.0', [CHUNKED], CHUNKS, {}, 'POST /v1/chat/completions HTTP/1.0'],
  ['two Content-Length that differ', [LENGTH, 'Content-Length: 5'], BODY],
  ['two Content-Length that agree', [LENGTH, LENGTH], BODY],
  ...LENGTHS.map((value) => [`Content-Length: ${value}`, [`Content-Length: ${value}`], 'abcde']),
  ['a header folded with a space', ['X-A: b\r\n c', LENGTH], BODY],
  ['a header folded with a tab', ['X-A: b\r\n\tc', LENGTH], BODY],
  ['a first header line that is folded', [' X-A: b', LENGTH], BODY],
  ['a bare LF after a header', [`X-A: b\nX-C: d`, LENGTH], BODY],
  ['a bare CR in a header', ['X-A: b\rX-C: d', LENGTH], BODY],
  ['an empty value and a bare CR', ['X-Abc:\rxTransfer-Encoding: chunked'], CHUNKS],
  ...Array.from({ length: 32 }, (_, byte) => byte).concat(127).filter((byte) => byte !== 9).map((byte) => (
    [`byte ${byte} in a header value`, [`X-A: b${String.fromCharCode(byte)}c`, LENGTH], BODY])),
  ...['\x80', '\xa0', '\xe4', '\xff'].map((byte) => (
    [`byte ${byte.charCodeAt(0)} in a header name`, [`X-${byte}: b`, LENGTH], BODY])),
  ['a header line without a colon', ['X-A', LENGTH], BODY],
  ['a header without a name', [': b', LENGTH], BODY],
  ['a space inside a name', ['X A: b', LENGTH], BODY],
  ['a tab inside a name', ['X\tA: b', LENGTH], BODY],
  ['a space before the colon', ['X-A : b', LENGTH], BODY],
  ...SIZES.map((size) => [`chunk size ${JSON.stringify(size)}`, [CHUNKED], oneChunk(size)]),
  ...['XX', '\n', '\r', ''].map((end) => (
    [`${JSON.stringify(end)} after a chunk's data`, [CHUNKED], oneChunk(hex, end)])),
  ['LF alone after the chunk size', [CHUNKED], `${hex}\n${BODY}\r\n0\r\n\r\n`],
  ['CR alone after the chunk size', [CHUNKED], `${hex}\r${BODY}\r\n0\r\n\r\n`],
  ['LF alone after the last chunk', [CHUNKED], `${hex}\r\n${BODY}\r\n0\n\r\n`],
  ['LF alone after the trailers', [CHUNKED], `${hex}\r\n${BODY}\r\n0\r\n\n`],
  ['one chunk extension of 257 bytes', [CHUNKED], oneChunk(`${hex};${'e'.repeat(257)}`)],
  ['a control byte in a chunk extension', [CHUNKED], oneChunk(`${hex};a=\x01`)],
];

const WHOLE_ONLY = [
  ['chunk extensions of more than 16 KiB', [CHUNKED], `${`1;${'e'.repeat(200)}\r\n \r\n`.repeat(90)}0\r\n\r\n`],
  ['a trailer section above 8 KiB', [CHUNKED], withTrailers(`X-T: ${'t'.repeat(250)}\r\n`.repeat(36))],
  ['33 trailer fields', [CHUNKED], withTrailers('X-T: t\r\n'.repeat(33))],
];

const SERVED = [
  ['capitals', ['TRANSFER-ENCODING: CHUNKED'], CHUNKS],
  ['chunks of one byte', [CHUNKED], inChunks(BODY, 1)],
  ['a chunk size with zeros and capitals', [CHUNKED], oneChunk(hex.toUpperCase().padStart(8, '0'))],
  ['a chunk extension', [CHUNKED], oneChunk(`${hex};name=value`)],
  ['a quoted chunk extension', [CHUNKED], oneChunk(`${hex};name="va;lue"`)],
  ['trailers, which are dropped', [CHUNKED],
    withTrailers('Content-Length: 5\r\nTransfer-Encoding: x\r\nHost: evil\r\nAuthorization: Bearer x\r\n')],
  ['spaces and tabs around a value', ['X-A:\t b \t', LENGTH], BODY],
];

async function open(stage) {
  const upstream = await stage.upstream();
  upstream.answer(completion('ok'));
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('framing that could be read two ways', open, (act) => {
  for (const [what, lines, body, expected, start] of REFUSED) {
    act(`${what} is refused`, async ({ upstream, gateway }) => {
      await threeWays(gateway, chatBytes(lines, body, start), (connection) => refused(connection, expected));
      assert.equal(upstream.complete, 0, 'nothing reached the upstream');
    });
  }
  for (const [what, lines, body, expected] of WHOLE_ONLY) {
    act(`${what} is refused`, async ({ upstream, gateway }) => {
      const connection = await gateway.connect();
      await connection.send(chatBytes(lines, body));
      await refused(connection, expected);
      connection.close();
      assert.equal(upstream.complete, 0, 'nothing reached the upstream');
    });
  }
  act('a head ended by CR LF CR and another byte is one answer, of a refusal', async ({ upstream, gateway }) => {
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\n';
    const bytes = Buffer.from(`${head}\rX${head}\r\n`);
    await threeWays(gateway, bytes, (connection) => refused(connection));
    assert.equal(upstream.complete, 0);
  });
}, { ms: 60_000 });

plays('framing that is right', open, (act) => {
  for (const [what, lines, body] of SERVED) {
    act(`${what}: the upstream gets the joined body under a Content-Length`, async ({ upstream, gateway }) => {
      const before = upstream.complete;
      const sent = await threeWays(gateway, chatBytes(lines, body), served);
      assert.equal(upstream.complete, before + sent);
      for (const request of upstream.requests.slice(before)) {
        assert.equal(request.body.toString(), BODY);
        assert.equal(request.header('content-length'), String(BODY.length));
        assert.equal(request.header('transfer-encoding'), undefined);
        assert.equal(request.header('host'), `127.0.0.1:${upstream.port}`);
      }
    });
  }
}, { ms: 60_000 });

plays('after a request', open, (act) => {
  act('garbage is refused, and the answer before it stands', async ({ upstream, gateway }) => {
    const connection = await gateway.connect();
    await connection.send(Buffer.concat([chatBytes([LENGTH], BODY), Buffer.from('\x01garbage garbage\r\n\r\n')]));
    assert.equal((await connection.answer()).status, 200);
    await refused(connection);
    connection.close();
    assert.equal(upstream.complete, 1);
  });
  act('whose key is wrong, its body is never read as a request', async ({ gateway }) => {
    const inner = 'GET /metrics HTTP/1.1\r\nHost: gateway.test\r\n\r\n';
    const connection = await gateway.connect();
    await connection.send(`POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer wrong\r\n`
      + `Content-Length: ${inner.length}\r\n\r\n${inner}`);
    assert.equal((await connection.answer()).status, 401);
    connection.finish();
    assert.equal(await connection.answer(), null, 'no second answer');
    connection.close();
  });
  act('with a body on a probe, that body is never read as a request', async ({ gateway }) => {
    const inner = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
    const connection = await gateway.connect();
    await connection.send(`GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
    assert.ok([200, 400].includes((await connection.answer()).status));
    connection.finish();
    assert.equal(await connection.answer(), null, 'no second answer');
    connection.close();
  });
  act('cut short by the end of the connection, nothing reaches the upstream', async ({ upstream, gateway }) => {
    const before = upstream.requests.length;
    const connection = await gateway.connect();
    await connection.send(chatBytes(['Content-Length: 100'], 'x'.repeat(50)));
    connection.finish();
    await connection.closes();
    connection.close();
    assert.equal(upstream.requests.length, before);
  });
  act('that names our headers in Connection, they are sent upstream all the same', async ({ upstream, gateway }) => {
    const connection = await gateway.connect();
    await connection.send(chatBytes(['Connection: close, x-api-key, authorization, content-length', LENGTH], BODY));
    assert.equal((await connection.answer()).status, 200);
    connection.close();
    assert.equal(upstream.last.header('authorization'), 'Bearer canary-provider-key-openai-9e41');
  });
});
