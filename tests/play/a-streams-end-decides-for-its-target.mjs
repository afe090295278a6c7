// SPDX-License-Identifier: Apache-2.0
// What a target's breaker and its places learn of a stream they learn at its end: one that breaks is a failure however
// well it began, one whose client leaves is none.
import assert from 'node:assert/strict';

import { stream } from '../tools/answers.mjs';
import { CLIENTS, OWN, twoOfEach, texts } from '../tools/flows.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { play, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const THRESHOLD = 2;

async function ask({ gateway }, kind) {
  const model = OWN[kind];
  const body = JSON.stringify({ model, stream: true, ...CLIENTS[kind].body });
  return gateway.fetch('POST', CLIENTS[kind].path(model), { body, headers: { 'Content-Type': 'application/json' } });
}
const all = ({ before, says }) => [...before, ...says];
const broken = ({ before, says }) => stream([...before, says[0]], { end: 'cut' });

const open = (stage) => twoOfEach(stage, {}, {
  circuit_breaker: { failure_threshold: THRESHOLD, timeout: '60s' }, concurrency: { max_concurrency: 1 },
});

plays('a target', open, (act) => {
  act('whose clients leave in the middle has not failed', async ({ first, gateway }) => {
    first.answer(stream([...CLIENTS['OpenAI\'s'].before, CLIENTS['OpenAI\'s'].says[0]], { end: 'stall' }));
    for (let i = 0; i <= THRESHOLD; i++) {
      const reply = await gateway.stream({ model: 'openai' });
      for await (const event of reply.events) if (event.data?.includes('Hi')) break;
      reply.connection.close();
      await until(2000, 'its place is free', () => first.open === 0);
    }
    assert.equal(first.complete, THRESHOLD + 1);
  });
  for (const kind of ['OpenAI\'s', 'Anthropic\'s', 'Google\'s']) {
    act(`whose streams for ${kind} clients break is left alone`, async (scene) => {
      const flow = CLIENTS[kind];
      scene.first.answer(broken(flow));
      scene.second.answer(stream(all(flow)));
      const before = scene.first.complete;
      for (let i = 0; i < THRESHOLD; i++) assert.match((await ask(scene, kind)).text, /Hi[^]*"error"/);
      assert.equal((await ask(scene, kind)).text, texts(all(flow)));
      assert.equal(scene.first.complete - before, THRESHOLD);
    });
  }
});

play('a stream that waits for its turn hears pings', async (stage) => {
  const flow = CLIENTS['OpenAI\'s'];
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream },
    config: {
      targets: [{ virtual_key: 'openai', models: [MODEL], concurrency: { max_concurrency: 1 } }],
      timeouts: { heartbeat: '20ms' },
    },
  });
  upstream.answer(async (io, request) => sleep(120).then(() => stream(all(flow))(io, request)), stream(all(flow)));
  const first = gateway.chat({ stream: true });
  await upstream.request(1);
  const second = await gateway.chat({ stream: true });
  assert.equal((await first).status, 200);
  assert.ok(second.text.startsWith(flow.ping), second.text);
  assert.ok(second.text.endsWith(texts(all(flow))));
  assert.equal(upstream.complete, 2);
});
