// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';

import { completion, endless, speech } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

/** A key and a certificate of its own for `names`, valid for `days`. */
function certificate(stage, names, days = 2) {
  const dir = stage.folder();
  const files = { key: `${dir}/key.pem`, cert: `${dir}/cert.pem` };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', files.key, '-out', files.cert, '-days', String(days), '-subj', '/CN=play',
    '-addext', `subjectAltName=${names}`], { stdio: 'ignore' });
  return { key: fs.readFileSync(files.key), cert: fs.readFileSync(files.cert), file: files.cert };
}

async function open(stage, { names = 'DNS:localhost', trusted = true, config = {}, env = {} } = {}) {
  const pair = certificate(stage, names);
  const upstream = await stage.upstream({ tls: pair });
  const gateway = await stage.gateway({
    targets: { openai: `https://localhost:${upstream.port}/v1` },
    config: { ...(trusted ? { upstream: { ca_file: pair.file } } : {}), ...config },
    env,
  });
  return { upstream, gateway };
}

play('a trusted one is asked, again and again on one connection', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(completion('secret but heard'));
  for (let i = 0; i < 5; i++) {
    const answer = await gateway.chat();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, 'secret but heard');
  }
  assert.equal(upstream.connections.length, 1);
  assert.equal(upstream.connections[0].servername, 'localhost', 'the name is in the handshake');
});

play('a trusted one streams, and is closed when the client goes', async (stage) => {
  const { upstream, gateway } = await open(stage);
  upstream.answer(speech(['over ', 'TLS'], { every: 5 }), endless());
  const stream = await gateway.stream();
  const { list, done } = await drain(stream);
  assert.deepEqual([spelled(list), done], ['over TLS', 1]);
  stream.connection.close();
  const broken = await gateway.stream();
  await broken.events.next();
  broken.connection.reset();
  await until(2000, 'the upstream call is closed', () => upstream.open === 0);
});

play('one whose certificate nobody signed is refused: 502, and no key is shown', async (stage) => {
  const { upstream, gateway } = await open(stage, { trusted: false });
  assertError(await gateway.chat(), 502);
  assert.equal(upstream.requests.length, 0);
});

play('one whose certificate is for another name is refused', async (stage) => {
  const { upstream, gateway } = await open(stage, { names: 'DNS:other.test' });
  assertError(await gateway.chat(), 502);
  assert.equal(upstream.requests.length, 0);
});

play('one that speaks no TLS is refused', async (stage) => {
  const server = net.createServer((socket) => socket.end('220 mail.test ESMTP\r\n'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gateway = await stage.gateway({ targets: { openai: `https://localhost:${server.address().port}/v1` } });
  const answer = await gateway.chat();
  server.close();
  assertError(answer, 502, { code: 'upstream_tls' });
});

/** A proxy that knows CONNECT alone, and counts. */
async function startProxy() {
  const server = http.createServer((req, res) => res.writeHead(405).end());
  const asked = [];
  server.on('connect', (req, socket, first) => {
    asked.push(req.url);
    const onward = net.connect(Number(req.url.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(first);
      socket.pipe(onward).pipe(socket);
    });
    for (const side of [socket, onward]) side.on('error', () => { socket.destroy(); onward.destroy(); });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { asked, server, url: `http://127.0.0.1:${server.address().port}` };
}

play('one behind a proxy is asked through it, whole and streamed', async (stage) => {
  const proxy = await startProxy();
  try {
    const { upstream, gateway } = await open(stage, { env: { HTTPS_PROXY: proxy.url } });
    upstream.answer(completion('through the proxy'), speech(['through ', 'it']));
    assert.equal((await gateway.chat()).json.choices[0].message.content, 'through the proxy');
    const stream = await gateway.stream();
    assert.equal(spelled((await drain(stream)).list), 'through it');
    stream.connection.close();
    assert.ok(proxy.asked.length >= 1);
    assert.deepEqual(new Set(proxy.asked), new Set([`localhost:${upstream.port}`]));
    assert.equal(upstream.last.json.model, MODEL);
  } finally {
    proxy.server.closeAllConnections();
    proxy.server.close();
  }
});
