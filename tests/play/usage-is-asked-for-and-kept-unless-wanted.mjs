// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { speech } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

async function open(stage) {
  const upstream = await stage.upstream();
  upstream.answer(speech(['a', 'b']));
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

async function ask(gateway, body) {
  const reply = await gateway.stream(body);
  const result = await drain(reply);
  reply.connection.close();
  return { ...result, usages: result.list.filter((chunk) => chunk.usage).length };
}

plays('a streamed request', open, (act) => {
  act('that did not ask gets no usage chunk, but the upstream was asked', async ({ upstream, gateway }) => {
    const body = chatBody({ stream: true });
    const { usages, done, list } = await ask(gateway, body);
    assert.deepEqual([usages, done], [0, 1]);
    assert.ok(list.every((chunk) => chunk.choices.length > 0), 'no chunk without choices');
    const sent = upstream.last.body.toString('utf8');
    assert.equal(sent.slice(0, body.length - 1), body.slice(0, -1), 'every other byte stays');
    assert.deepEqual(upstream.last.json.stream_options, { include_usage: true });
  });
  act('that asked gets exactly one, and its bytes stay', async ({ upstream, gateway }) => {
    const body = chatBody({ stream: true, stream_options: { include_usage: true } });
    const { usages, done, list } = await ask(gateway, body);
    assert.deepEqual([usages, done], [1, 1]);
    assert.equal(list[list.length - 1].usage.total_tokens, 12);
    assert.equal(upstream.last.body.toString('utf8'), body);
  });
  act('that declined gets none, but the upstream was asked', async ({ upstream, gateway }) => {
    const declined = { include_usage: false, include_obfuscation: false };
    const { usages, done } = await ask(gateway, { stream_options: declined });
    assert.deepEqual([usages, done], [0, 1]);
    assert.deepEqual(upstream.last.json.stream_options, { include_usage: true, include_obfuscation: false });
  });
  act('with null options counts as one that did not ask', async ({ upstream, gateway }) => {
    const { usages } = await ask(gateway, { stream_options: null });
    assert.equal(usages, 0);
    assert.deepEqual(upstream.last.json.stream_options, { include_usage: true });
  });
  act('is counted in every case', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_tokens_input_total', { provider: 'openai', model: MODEL }), 4 * 9);
    assert.equal(metrics.value('gateway_tokens_output_total', { provider: 'openai', model: MODEL }), 4 * 3);
  });
});

plays('a whole request', open, (act) => {
  act('is never given stream options', async ({ upstream, gateway }) => {
    await gateway.chat(chatBody({ stream: false }));
    assert.equal(upstream.last.body.toString('utf8'), chatBody({ stream: false }));
  });
});
