// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { failure, speech } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '30', '+Inf'];

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, env: { WORKERS: '2' } });
  return { upstream, gateway };
}

plays('the metrics', open, (act) => {
  act('are Prometheus text, each family described', async ({ gateway }) => {
    const answer = await gateway.get('/metrics');
    assert.match(answer.header('content-type'), /^text\/plain; version=0\.0\.4/);
    const types = [...answer.text.matchAll(/^# TYPE (\w+) (?:counter|gauge|histogram)$/gm)].map((match) => match[1]);
    const described = new Set(types);
    assert.equal(types.length, described.size, 'each once');
    for (const line of answer.text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const name = /^[a-zA-Z_:][\w:]*/.exec(line)[0];
      assert.ok(described.has(name) || described.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} has no TYPE`);
    }
  });
  act('count a success over all workers', async ({ gateway }) => {
    for (let i = 0; i < 10; i++) await gateway.chat();
    const metrics = await gateway.metrics();
    const labels = { provider: 'openai', model: MODEL };
    assert.equal(metrics.value('gateway_requests_total', { ...labels, status: 'success' }), 10);
    assert.equal(metrics.value('gateway_tokens_input_total', labels), 90);
    assert.equal(metrics.value('gateway_tokens_output_total', labels), 30);
    assert.equal(metrics.value('gateway_request_duration_seconds_count', labels), 10);
    const buckets = metrics.find('gateway_request_duration_seconds_bucket', labels);
    assert.deepEqual(buckets.map((one) => one.labels.le), BUCKETS);
    assert.equal(buckets[buckets.length - 1].value, 10);
    for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i].value >= buckets[i - 1].value, 'cumulative');
  });
  act('count an error and its provider', async ({ upstream, gateway }) => {
    upstream.answer(failure(500));
    await gateway.chat();
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_requests_total', { provider: 'openai', model: MODEL, status: 'error' }), 1);
    const labels = { provider: 'openai', error_type: 'provider_error' };
    assert.equal(metrics.value('gateway_provider_errors_total', labels), 1);
  });
  act('never take a model name from the caller', async ({ gateway }) => {
    for (let i = 0; i < 20; i++) await gateway.chat(chatBody({ model: `made-up-${i}` }));
    const metrics = await gateway.metrics();
    assert.ok(!metrics.text.includes('made-up-'));
    assert.equal(metrics.value('gateway_requests_total', { model: 'unknown', provider: 'none' }), 20);
  });
  act('count streams and the time to their first token', async ({ upstream, gateway }) => {
    upstream.answer(speech(['a']));
    const stream = await gateway.stream();
    await drain(stream);
    stream.connection.close();
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_requests_total', { status: 'success' }), 11);
    assert.equal(metrics.value('gateway_time_to_first_token_seconds_count', { model: MODEL }), 1);
  });
  act('count connections new and reused', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.ok(metrics.value('gateway_upstream_connections_total', { kind: 'new' }) >= 1);
    assert.ok(metrics.value('gateway_upstream_connections_total', { kind: 'reused' }) >= 8);
  });
});
