// SPDX-License-Identifier: Apache-2.0
// Replicate's predictions: polled, followed as a stream, cancelled when nobody waits any more.
import assert from 'node:assert/strict';

import { completion, head, silence, whole } from '../tools/answers.mjs';
import { PATIENCE, play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const KEY = 'canary-key-of-replicate-3319';
const MODEL = 'meta/llama-3';

async function open(stage, more = {}) {
  const upstream = await stage.upstream();
  const root = `http://127.0.0.1:${upstream.port}`;
  const gateway = await stage.gateway({
    env: { REPLICATE_API_TOKEN: KEY, REPLICATE_BASE_URL: `${root}/v1`, REPLICATE_TEXT_MODELS: MODEL },
    config: { targets: [{ virtual_key: 'replicate' }], ...more },
  });
  const prediction = (status, extra = {}) => ({
    id: 'p1', model: MODEL, status, output: null, error: null, ...extra,
    urls: { get: `${root}/v1/predictions/p1`, cancel: `${root}/v1/predictions/p1/cancel`, ...extra.urls },
  });
  return { upstream, gateway, root, prediction };
}

play('one that takes longer is polled until it has ended', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage);
  upstream.answer(
    whole(prediction('starting'), { status: 201 }), whole(prediction('processing')),
    whole(prediction('succeeded', {
      output: ['Hel', 'lo'], metrics: { input_token_count: 2, output_token_count: 3 },
    })));
  const answer = await gateway.chat({ model: MODEL });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'Hello');
  assert.equal(answer.json.usage.total_tokens, 5);
  assert.deepEqual(upstream.requests.map(({ method, target }) => `${method} ${target}`), [
    `POST /v1/models/${MODEL}/predictions`, 'GET /v1/predictions/p1', 'GET /v1/predictions/p1',
  ]);
  assert.equal(upstream.requests[0].header('prefer'), 'wait=60');
  for (const request of upstream.requests) assert.equal(request.header('authorization'), `Bearer ${KEY}`);
});

play('one that streams is followed where it says', async (stage) => {
  const { upstream, gateway, root, prediction } = await open(stage);
  const events = 'event: output\ndata: Hello\n\nevent: output\ndata:  there\n\nevent: done\ndata: {}\n\n';
  upstream.answer(
    whole(prediction('starting', { urls: { stream: `${root}/stream/p1` } }), { status: 201 }),
    whole(events, { headers: { 'Content-Type': 'text/event-stream' } }),
    whole(prediction('succeeded', { metrics: { input_token_count: 2, output_token_count: 3 } })));
  const answer = await gateway.chat({ model: MODEL, stream: true, stream_options: { include_usage: true } });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /"content":"Hello"/);
  assert.match(answer.text, /"content":" there"/);
  assert.match(answer.text, /"total_tokens":5/);
  assert.match(answer.text, /data: \[DONE\]\n\n$/);
  assert.equal(upstream.requests[1].header('accept'), 'text/event-stream');
});

play('one whose model does not stream comes as a stream all the same', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage);
  upstream.answer(
    whole(prediction('starting'), { status: 201 }), whole(prediction('processing')),
    whole(prediction('succeeded', { output: 'Whole' })));
  const answer = await gateway.chat({ model: MODEL, stream: true });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /"content":"Whole"/);
  assert.match(answer.text, /data: \[DONE\]\n\n$/);
});

/** The request that cancels the prediction, once it has come. */
const cancelled = (upstream) => until(5000 * PATIENCE, 'the prediction is cancelled', () => (
  upstream.requests.find(({ target, complete }) => complete && target === '/v1/predictions/p1/cancel')));

play('#104 one whose client has gone is cancelled while it is polled', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage);
  upstream.answer(whole(prediction('starting'), { status: 201 }), whole(prediction('processing')));
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest({ model: MODEL }));
  await upstream.request(2);
  connection.reset();
  const request = await cancelled(upstream);
  assert.equal(request.method, 'POST');
  assert.equal(request.header('authorization'), `Bearer ${KEY}`);
});

play('#104 one whose client has gone is cancelled in the middle of its stream', async (stage) => {
  const { upstream, gateway, root, prediction } = await open(stage);
  const stalled = async (io) => {
    await io.write(`${head(200, { 'Content-Type': 'text/event-stream' })}event: output\ndata: Hel\n\n`);
    await io.leaves;
    return false;
  };
  upstream.answer(
    whole(prediction('starting', { urls: { stream: `${root}/stream/p1` } }), { status: 201 }), stalled,
    whole(prediction('canceled')));
  const stream = await gateway.stream({ model: MODEL });
  await stream.events.next();
  stream.connection.reset();
  await cancelled(upstream);
});

play('one whose client has gone is polled to its end where that is drained', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage, { client_gone: { policy: 'drain' } });
  upstream.answer(
    whole(prediction('starting'), { status: 201 }), whole(prediction('processing')),
    whole(prediction('succeeded', { output: 'Hi', metrics: { input_token_count: 2, output_token_count: 3 } })));
  const connection = await gateway.connect();
  await connection.send(gateway.chatRequest({ model: MODEL }));
  await upstream.request(2);
  connection.reset();
  const [line] = await gateway.access(1);
  assert.deepEqual([line.status, line.client_gone, line.tokens_in, line.tokens_out], [499, 'drain', 2, 3]);
  assert.deepEqual(upstream.requests.map(({ method }) => method), ['POST', 'GET', 'GET'], 'and is not cancelled');
});

play('#104 one that outlives the request is cancelled', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage, { request_timeout: '1200ms' });
  upstream.answer(whole(prediction('starting'), { status: 201 }), whole(prediction('processing')));
  const answer = await gateway.chat({ model: MODEL });
  assert.equal(answer.status, 504, answer.text);
  await cancelled(upstream);
});

play('one beside which another target was faster is cancelled', async (stage) => {
  const other = await stage.upstream();
  other.answer(completion('fast', { delay: 300 }));
  const { upstream, gateway, prediction } = await open(stage, {
    strategy: { mode: 'fallback', hedge: { delay: '50ms' } },
    targets: [{ virtual_key: 'replicate' },
      { name: 'fast', provider: 'openai-compatible', base_url: other.url, api_key: 'x', models: [MODEL] }],
  });
  upstream.answer(whole(prediction('starting'), { status: 201 }), whole(prediction('processing')));
  const answer = await gateway.chat({ model: MODEL });
  assert.equal(answer.json.choices[0].message.content, 'fast');
  await cancelled(upstream);
});

play('one that has ended is not cancelled', async (stage) => {
  const { upstream, gateway, prediction } = await open(stage);
  upstream.answer(whole(prediction('succeeded', { output: 'Hi' }), { status: 201 }), silence());
  const answer = await gateway.chat({ model: MODEL });
  assert.equal(answer.status, 200, answer.text);
  await gateway.access(1);
  assert.equal(upstream.requests.length, 1);
});
