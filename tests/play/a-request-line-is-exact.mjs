// SPDX-License-Identifier: Apache-2.0
// The table of request lines, targets and hosts: each row goes out whole, byte by byte, and cut at every position.
import assert from 'node:assert/strict';

import { connect } from '../tools/client.mjs';
import { play, plays } from '../tools/play.mjs';
import { refused, threeWays } from '../tools/probe.mjs';

const get = (start, ...lines) => Buffer.from(`${[start, ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
const HOST = 'Host: gateway.test';

const REFUSED = [
  ['two spaces before the target', get('GET  /livez HTTP/1.1', HOST)],
  ['two spaces after the target', get('GET /livez  HTTP/1.1', HOST)],
  ['a tab for a space', get('GET\t/livez HTTP/1.1', HOST)],
  ['a space at the end', get('GET /livez HTTP/1.1 ', HOST)],
  ['a space at the start', get(' GET /livez HTTP/1.1', HOST)],
  ['a bare LF after the request line', Buffer.from(`GET /livez HTTP/1.1\n${HOST}\r\n\r\n`)],
  ['LF alone everywhere', Buffer.from(`GET /livez HTTP/1.1\n${HOST}\n\n`)],
  ['a bare LF ending the head', Buffer.from(`GET /livez HTTP/1.1\r\n${HOST}\r\n\n`)],
  ['HTTP/0.9', Buffer.from('GET /livez\r\n\r\n')],
  ['HTTP/2.0', get('GET /livez HTTP/2.0', HOST), [400, 505]],
  ['HTTP/1.2', get('GET /livez HTTP/1.2', HOST), [400, 505]],
  ['HTTP/11', get('GET /livez HTTP/11', HOST), [400, 505]],
  ['http/1.1', get('GET /livez http/1.1', HOST)],
  ['the HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), [400, 501, 505]],
  ['a TLS hello', Buffer.from([0x16, 3, 1, 0, 0xc8, 1, 0, 0, 0xc4, 3, 3, ...Array(196).fill(0x5a)])],
  ['CONNECT', get('CONNECT a:443 HTTP/1.1', 'Host: a:443'), [400, 501]],
  ['TRACE', get('TRACE / HTTP/1.1', HOST), 501],
  ['BREW', get('BREW / HTTP/1.1', HOST), 501],
  ['ICE', get('SOURCE /x ICE/1.0', HOST), [400, 501, 505]],
  ['RTSP', get('OPTIONS rtsp://a/ RTSP/1.0', HOST), [400, 501, 505]],
  ['a method in small letters', get('get /livez HTTP/1.1', HOST), [400, 501]],
  ['GET *', get('GET * HTTP/1.1', HOST)],
  ['a target without a slash', get('GET livez HTTP/1.1', HOST)],
  ['an absolute target for another host', get('GET http://evil/livez HTTP/1.1', HOST)],
  ['an absolute target with user info', get('GET http://a@gateway.test/livez HTTP/1.1', HOST)],
  ['no Host', get('GET /livez HTTP/1.1')],
  ['two equal Hosts', get('GET /livez HTTP/1.1', HOST, HOST)],
  ['two different Hosts', get('GET /livez HTTP/1.1', HOST, 'Host: evil')],
  ...['a,b', 'u@h', 'h/p', '', 'a b', 'h:x', 'h:99999'].map((host) => (
    [`Host: ${host}`, get('GET /livez HTTP/1.1', `Host: ${host}`)])),
  ...['/livez#x', '/li\\vez', '/li\xffvez', '/li"vez', '/li<vez', '/li{vez', '/li|vez', '/li^vez', '/li`vez',
    '/%00', '/%0d%0aX', '/%0a', '/%', '/%4', '/%zz', '/livez?a=%00', '/livez?a=%zz'].map((target) => (
    [`target ${JSON.stringify(target)}`, get(`GET ${target} HTTP/1.1`, HOST)])),
  ['an overlong slash', get('GET /%c0%af HTTP/1.1', HOST, 'Connection: close'), [400, 404]],
  ['three empty lines before', Buffer.concat([Buffer.from('\r\n\r\n\r\n'), get('GET /livez HTTP/1.1', HOST)])],
  ['a bare LF before', Buffer.concat([Buffer.from('\n'), get('GET /livez HTTP/1.1', HOST)])],
  ['an empty value and a bare CR', get('GET /livez HTTP/1.1', HOST, 'X-Abc:\rxTransfer-Encoding: chunked')],
];

const SERVED = [
  ['an empty line before', Buffer.concat([Buffer.from('\r\n'), get('GET /livez HTTP/1.1', HOST)])],
  ['an absolute target for this host', get('GET http://gateway.test/livez HTTP/1.1', HOST)],
  ['a host with a port', get('GET /livez HTTP/1.1', 'Host: gateway.test:8080')],
  ['an IPv6 host', get('GET /livez HTTP/1.1', 'Host: [::1]:8080')],
  ['a query', get('GET /livez?a=%41&b HTTP/1.1', HOST)],
  ['HTTP/1.0 without a Host', get('GET /livez HTTP/1.0')],
];

const open = async (stage) => ({ gateway: await stage.gateway() });

plays('a request line that is not exact', open, (act) => {
  for (const [what, bytes, status = 400] of REFUSED) {
    act(`${what} is refused`, async ({ gateway }) => {
      await threeWays(gateway, bytes, (connection) => refused(connection, { status }));
    });
  }
}, { ms: 60_000 });

plays('a request line that is right', open, (act) => {
  for (const [what, bytes] of SERVED) {
    act(`${what} is served`, async ({ gateway }) => {
      await threeWays(gateway, bytes, async (connection) => assert.equal((await connection.answer()).status, 200));
    });
  }
  act('OPTIONS * says what is allowed', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(get('OPTIONS * HTTP/1.1', HOST));
    const answer = await connection.answer();
    assert.equal(answer.status, 204);
    assert.match(answer.header('allow'), /\bGET\b.*\bPOST\b/);
    assert.equal(answer.header('content-length'), undefined);
    connection.close();
  });
});

play('TRACE never echoes a header', async (stage) => {
  const gateway = await stage.gateway();
  const connection = await connect(gateway.port);
  await connection.send(get('TRACE /livez HTTP/1.1', HOST, 'X-Secret: canary-trace-value'));
  const answer = await connection.answer();
  connection.close();
  assert.ok(!(answer.raw.toString() + answer.text).includes('canary-trace-value'));
});
