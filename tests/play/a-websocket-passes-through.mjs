// SPDX-License-Identifier: Apache-2.0
// GET /v1/realtime with an upgrade becomes a tunnel to the model's provider.
import assert from 'node:assert/strict';

import { MASTER_KEY, providerKey } from '../tools/gateway.mjs';
import { connect, request } from '../tools/client.mjs';
import { head, whole } from '../tools/answers.mjs';
import { assertError, play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const SOCKET = {
  Connection: 'keep-alive, Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};

/** Switches, says hello, sends back what comes in capitals, until the peer goes or says bye. */
const echoing = (more = {}) => async (io, got) => {
  await io.write(head(101, { Upgrade: 'websocket', Connection: 'Upgrade',
    'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', ...more }) + 'hello;');
  got.heard = '';
  for (;;) {
    const bytes = io.wire.take(io.wire.pending.length).toString('latin1');
    got.heard += bytes;
    if (bytes) await io.write(bytes.toUpperCase());
    if (got.heard.endsWith('bye')) return false;
    if (!(await io.wire.more(10_000).catch(() => false))) return false;
  }
};

async function scene(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    config: {
      targets: [{ virtual_key: 'openai', models: ['gpt-realtime'], model_map: { mapped: 'vendor/real time' } }],
      aliases: { voice: 'gpt-realtime' },
    },
    env: { OPENAI_API_KEY: providerKey('openai'), OPENAI_BASE_URL: upstream.url },
  });
  return { upstream, gateway };
}

async function dial(gateway, target, headers = gateway.headers()) {
  const connection = await connect(gateway.port);
  await connection.send(request('GET', target, { headers: { ...SOCKET, ...headers } }));
  return connection;
}

async function said(connection, text) {
  await until(5000, `${text} from the other side`, async () => {
    if (connection.wire.pending.toString('latin1').includes(text)) return true;
    await connection.wire.more(200).catch(() => {});
    return false;
  });
}

plays('a WebSocket passes through', scene, (act) => {
  act('to the model\'s provider, with its credential, both ways', async ({ upstream, gateway }) => {
    upstream.answer(echoing());
    const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime&x=1');
    const answer = await connection.begin();
    assert.equal(answer.status, 101);
    assert.equal(answer.header('upgrade'), 'websocket');
    assert.equal(answer.header('connection'), 'Upgrade');
    assert.equal(answer.header('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.equal(answer.header('x-gateway-provider'), 'openai');
    await said(connection, 'hello;');
    await connection.send('ping');
    await said(connection, 'PING');
    assert.equal(upstream.last.target, '/v1/realtime?model=gpt-realtime&x=1');
    assert.equal(upstream.last.header('authorization'), `Bearer ${providerKey('openai')}`);
    assert.equal(upstream.last.header('upgrade'), 'websocket');
    assert.equal(upstream.last.header('connection'), 'Upgrade');
    assert.equal(upstream.last.header('sec-websocket-key'), SOCKET['Sec-WebSocket-Key']);
    await connection.send('bye');
    await said(connection, 'BYE');
    assert.ok(await connection.closes(3000));
    connection.close();
  });

  act('aliases and mapped names are the provider\'s in the query', async ({ upstream, gateway }) => {
    upstream.answer(echoing());
    for (const [model, name] of [['voice', 'gpt-realtime'], ['mapped', 'vendor%2Freal%20time']]) {
      const connection = await dial(gateway, `/v1/realtime?intent=x&model=${model}`);
      assert.equal((await connection.begin()).status, 101);
      assert.equal(upstream.last.target, `/v1/realtime?intent=x&model=${name}`);
      connection.close();
    }
  });

  act('a browser\'s key among the subprotocols opens, and goes no further', async ({ upstream, gateway }) => {
    upstream.answer(echoing({ 'Sec-WebSocket-Protocol': 'realtime' }));
    const protocols = (key) => ({
      'Sec-WebSocket-Protocol': `realtime, openai-insecure-api-key.${key}, openai-beta.realtime-v1`,
    });
    const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime', protocols(MASTER_KEY));
    const answer = await connection.begin();
    assert.equal(answer.status, 101);
    assert.equal(answer.header('sec-websocket-protocol'), 'realtime');
    assert.equal(upstream.last.header('sec-websocket-protocol'), 'realtime, openai-beta.realtime-v1');
    connection.close();
    const stranger = await dial(gateway, '/v1/realtime?model=gpt-realtime', protocols('wrong'));
    assertError(await stranger.answer(), 401, { code: 'invalid_api_key' });
    stranger.close();
  });

  act('any path of a named provider may', async ({ upstream, gateway }) => {
    upstream.answer(echoing());
    const connection = await dial(gateway, '/v1/other/socket', gateway.headers({ 'X-Provider': 'openai' }));
    assert.equal((await connection.begin()).status, 101);
    assert.equal(upstream.last.target, '/v1/other/socket');
    connection.close();
  });

  act('a refused upgrade is an answer like any other', async ({ upstream, gateway }) => {
    upstream.answer(whole({ error: { message: 'not you' } }, { status: 403 }));
    const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime');
    const answer = await connection.answer();
    assert.deepEqual([answer.status, answer.json.error.message], [403, 'not you']);
    await connection.send(request('GET', '/v1/models', { headers: gateway.headers() }));
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });

  act('a switch to something else is none', async ({ upstream, gateway }) => {
    upstream.answer(async (io) => {
      await io.write(head(101, { Upgrade: 'h2c', Connection: 'Upgrade' }));
      await io.leaves;
      return false;
    });
    const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime');
    assertError(await connection.answer(), 502, { code: 'upstream_error' });
    connection.close();
  });

  act('a request that is none is answered by the provider', async ({ upstream, gateway }) => {
    upstream.answer(whole({ error: { message: 'upgrade, please' } }, { status: 426 }));
    const answer = await gateway.get('/v1/realtime?model=voice');
    assert.deepEqual([answer.status, answer.json.error.message], [426, 'upgrade, please']);
    assert.equal(upstream.last.target, '/v1/realtime?model=gpt-realtime');
    assert.equal(upstream.last.header('upgrade'), undefined);
  });

  act('a client of HTTP/1.0 cannot switch, and asks like any other', async ({ upstream, gateway }) => {
    upstream.answer(whole({ error: { message: 'upgrade, please' } }, { status: 426 }));
    const connection = await connect(gateway.port);
    const asked = request('GET', '/v1/realtime?model=gpt-realtime', { headers: { ...SOCKET, ...gateway.headers() } });
    await connection.send(asked.toString('latin1').replace(' HTTP/1.1', ' HTTP/1.0'));
    assert.equal((await connection.answer()).status, 426);
    assert.equal(upstream.last.header('upgrade'), undefined);
    connection.close();
  });

  act('without a model nobody knows whose', async ({ gateway }) => {
    const none = await dial(gateway, '/v1/realtime');
    assertError(await none.answer(), 400, { code: 'provider_not_resolved' });
    none.close();
    const other = await dial(gateway, '/v1/realtime?model=of-nobody');
    assertError(await other.answer(), 404, { code: 'model_not_found' });
    other.close();
  });

  act('a client that goes takes the upstream along', async ({ upstream, gateway }) => {
    upstream.answer(echoing());
    for (const leave of ['finish', 'reset']) {
      const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime');
      assert.equal((await connection.begin()).status, 101);
      const got = upstream.last;
      connection[leave]();
      await until(3000, 'the upstream to be closed', () => got.connection.closedAt !== null);
      connection.close();
    }
  });

  act('megabytes pass in order, each side as fast as the other reads', async ({ upstream, gateway }) => {
    const size = 8 << 20;
    let counted = 0;
    upstream.answer(async (io) => {
      await io.write(head(101, { Upgrade: 'websocket', Connection: 'Upgrade' }));
      while (counted < size && (io.wire.pending.length || await io.wire.more())) {
        const bytes = io.wire.take(io.wire.pending.length);
        counted += bytes.length;
        await io.write(bytes);
      }
      return false;
    });
    const connection = await dial(gateway, '/v1/realtime?model=gpt-realtime');
    assert.equal((await connection.begin()).status, 101);
    const block = Buffer.alloc(1 << 20, 'abcdefgh');
    const sending = (async () => { for (let i = 0; i < 8; i++) await connection.send(block); })();
    let back = 0;
    while (back < size) {
      if (!connection.wire.pending.length && !(await connection.wire.more())) break;
      const bytes = connection.wire.take(connection.wire.pending.length);
      assert.equal(bytes[0], block[back % 8]);
      back += bytes.length;
    }
    await sending;
    assert.deepEqual([counted, back], [size, size]);
    connection.close();
  });

  act('each has its access line when it is over', async ({ gateway }) => {
    const lines = await gateway.access(1, '/v1/realtime');
    const line = lines.find((one) => one.status === 101);
    assert.deepEqual([line.provider, line.model], ['openai', 'gpt-realtime']);
    assert.ok(line.bytes > 0);
  });
});

play('a drain ends the tunnels that do not end by themselves', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { server: { drain_timeout: '1s' } } });
  upstream.answer(echoing());
  const connection = await dial(gateway, '/v1/realtime', gateway.headers({ 'X-Provider': 'openai' }));
  assert.equal((await connection.begin()).status, 101);
  gateway.signal();
  await connection.send('still');
  await said(connection, 'STILL');
  assert.ok(await connection.closes(10_000));
  connection.close();
});
