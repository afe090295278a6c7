// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const WORDS = ['half a ', 'sentence'];
const BEGUN = [chunk({ role: 'assistant', content: '' }), ...WORDS.map((content) => chunk({ content }))];

/** Some providers have a finish_reason in every chunk, an empty one. */
const EMPTY = [chunk({ role: 'assistant', content: '' }, ''), ...WORDS.map((content) => chunk({ content }, ''))];

const CUTS = {
  'inside its chunked body': stream(BEGUN, { every: 10, end: 'cut' }),
  'by a reset': stream(BEGUN, { every: 10, end: 'reset' }),
  'by a proper end of the body, but no [DONE] and no finish_reason': stream(BEGUN, { every: 10 }),
  'by a proper end, with nothing but empty finish_reasons': stream(EMPTY, { every: 5 }),
  'inside an event': stream([...BEGUN, Buffer.from('data: {"id":"x","choi')], { every: 10, end: 'cut' }),
};

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('a stream cut', open, (act) => {
  for (const [how, answer] of Object.entries(CUTS)) {
    act(how, async ({ upstream, gateway }) => {
      upstream.answer(answer);
      const reply = await gateway.stream();
      const { list, done, complete } = await drain(reply);
      reply.connection.close();
      assert.equal(spelled(list), 'half a sentence', 'what came is delivered');
      assert.equal(done, 0, 'no [DONE]');
      assert.equal(complete, true, 'the body is ended properly');
      const { error } = list[list.length - 1];
      assert.equal(typeof error?.message, 'string', 'the last event says what happened');
      assert.ok(!list.some((one) => one.choices?.[0]?.finish_reason), 'no invented finish_reason');
    });
  }
  act('is none to clients of other APIs either', async ({ upstream, gateway }) => {
    upstream.answer(stream(EMPTY));
    const asked = {
      '/v1/messages': { model: MODEL, max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }] },
      [`/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`]: { contents: [{ parts: [{ text: 'Hi' }] }] },
    };
    for (const [path, body] of Object.entries(asked)) {
      const got = await gateway.fetch('POST', path, {
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
      });
      assert.match(got.text, /half a [^]*sentence[^]*"error"/, path);
      assert.doesNotMatch(got.text, /message_stop|finishReason/);
    }
  });
  act('is counted as an error', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_requests_total', { status: 'success' }), 0);
    assert.equal(metrics.value('gateway_requests_total', { status: 'error' }), Object.keys(CUTS).length + 2);
  });
});
