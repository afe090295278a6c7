// SPDX-License-Identifier: Apache-2.0
// A target's time-outs beat those of all targets, which beat what a provider is known to need: connect, first byte,
// between bytes, in all, for whole answers and for streams.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

import { chunk, completion, endless, head, silence, speech, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { PATIENCE, assertError, plays } from '../tools/play.mjs';
import { sleep } from '../tools/wire.mjs';

const ALL = 200;  // milliseconds: timeouts.upstream
const OWN = 350;  // of a target
const LATE = 450; // when a slow model begins

/** The head and half a body, then a byte now and then, or silence. */
const trickle = (every) => async (io) => {
  await io.write(head(200, { 'Content-Type': 'application/json', 'Content-Length': 100_000 }) + '{"id":"x"');
  while (every && !io.gone) {
    await sleep(every);
    await io.write(' ');
  }
  await io.leaves;
  return false;
};

const later = (answer) => async (io, got) => (await sleep(LATE), answer(io, got));

async function open(stage) {
  const upstream = await stage.upstream();
  const target = (name, timeout, more = {}) => ({
    name, provider: 'openai', base_url: upstream.url, api_key: 'key', models: [name], timeout, ...more,
  });
  const gateway = await stage.gateway({ config: {
    strategy: { mode: 'fallback' },
    timeouts: { upstream: { first_byte: `${ALL}ms`, idle: `${ALL}ms` } },
    targets: [
      target('plain', {}),
      target('slow', { first_byte: '5s', idle: '5s' }),
      target('patient', { first_byte: `${OWN}ms` }),
      target('idle', { idle: `${OWN}ms` }),
      target('total', { total: `${OWN}ms`, idle: '5s', first_byte: '5s' }),
      target('tls', { connect: `${OWN}ms` }, { base_url: upstream.url.replace('http:', 'https:') }),
      { name: 'known', provider: 'ollama', base_url: upstream.url.replace('/v1', ''), models: ['known'] },
    ],
  } });
  return { upstream, gateway };
}

/** Runs `body` and checks that it took about `ms`. */
async function about(ms, body) {
  const at = performance.now();
  const result = await body();
  const took = performance.now() - at;
  assert.ok(took > ms * 0.8 && took < ms * 1.6 * PATIENCE + 400, `took ${took.toFixed(0)} ms of ${ms}`);
  return result;
}

const whole = (gateway, model, ms) => about(ms, async () => {
  assertError(await gateway.chat({ model }), 504, { type: 'upstream_error' });
});

/** A stream that was not begun is an answer like any other. */
const unbegun = (gateway, model, ms) => about(ms, async () => {
  assertError(await gateway.chat({ model, stream: true }), 504, { type: 'upstream_error' });
});

/** A stream that says `word` and then ends with an error event. */
const broken = (gateway, model, ms) => about(ms, async () => {
  const reply = await gateway.stream({ model });
  const { list, done, complete } = await drain(reply);
  assert.match(spelled(list), /^word/);
  assert.equal(typeof list[list.length - 1].error?.message, 'string');
  assert.deepEqual([done, complete], [0, true]);
  reply.connection.close();
});

plays('a target\'s time-outs', open, (act) => {
  act('for the first byte are those of all, unless it has its own', async ({ upstream, gateway }) => {
    upstream.answer(silence());
    await Promise.all([
      whole(gateway, 'plain', ALL), unbegun(gateway, 'plain', ALL), whole(gateway, 'patient', OWN),
      unbegun(gateway, 'patient', OWN),
    ]);
  });

  act('that the configuration says beat those that the provider is known to need', async ({ upstream, gateway }) => {
    upstream.answer(silence());
    await Promise.all([whole(gateway, 'known', ALL), unbegun(gateway, 'known', ALL)]);
  });

  act('give a slow model its time', async ({ upstream, gateway }) => {
    upstream.answer(later((io, got) => (got.json.stream ? speech(['slow']) : completion('slow'))(io, got)));
    const [answer, reply] = await Promise.all([
      about(LATE, () => gateway.chat({ model: 'slow' })), about(LATE, () => gateway.stream({ model: 'slow' })),
    ]);
    assert.equal(answer.json.choices[0].message.content, 'slow');
    assert.equal(spelled((await drain(reply)).list), 'slow');
    reply.connection.close();
  });

  act('run between two bytes', async ({ upstream, gateway }) => {
    upstream.answer((io, got) => (got.json.stream
      ? stream([chunk({ content: 'word' })], { end: 'stall' }) : trickle(0))(io, got));
    await Promise.all([
      whole(gateway, 'plain', ALL), broken(gateway, 'plain', ALL), whole(gateway, 'idle', OWN),
      broken(gateway, 'idle', OWN),
    ]);
  });

  act('end what takes too long in all', async ({ upstream, gateway }) => {
    upstream.answer(trickle(20));
    await whole(gateway, 'total', OWN);
    upstream.answer(endless({ every: 20 }));
    const reply = await about(OWN, async () => {
      const begun = await gateway.stream({ model: 'total' });
      return { ...(await drain(begun)), connection: begun.connection };
    });
    assert.equal(typeof reply.list[reply.list.length - 1].error?.message, 'string');
    assert.deepEqual([reply.done, reply.complete], [0, true]);
    reply.connection.close();
  });

  act('run while a connection is made: a server that shakes no hands', async ({ gateway }) => {
    await Promise.all([whole(gateway, 'tls', OWN), unbegun(gateway, 'tls', OWN)]);
  });
});
