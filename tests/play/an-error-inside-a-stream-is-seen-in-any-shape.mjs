// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, framed, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { plays } from '../tools/play.mjs';

const BEGUN = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'so far' })];
const ERROR = { code: 'server_error', message: 'provider disconnected' };

const SHAPES = {
  'beside choices with a finish_reason': framed(chunk({ content: '' }, 'error', { error: ERROR })),
  'beside choices, with blanks': 'data: {"choices":[],"error" : {"message":"provider disconnected"}}\n\n',
  'beside choices, as a text': framed({ choices: [], error: 'provider disconnected' }),
  'over several lines': 'data: {"choices":[],"error":\ndata: {"message":"provider disconnected"}}\n\n',
  'by its event\'s name alone': 'event: error\ndata: {"detail":"provider disconnected"}\n\n',
  'by its event\'s name, and no JSON': 'event: error\ndata: provider disconnected\n\n',
};

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('told', open, (act) => {
  for (const [how, event] of Object.entries(SHAPES)) {
    for (const [end, more] of Object.entries({ 'nothing': [], 'a [DONE]': ['[DONE]'] })) {
      act(`${how}, with ${end} behind it`, async ({ upstream, gateway }) => {
        upstream.answer(stream([...BEGUN, event, ...more], { every: 5 }));
        const reply = await gateway.stream();
        const { list, done, complete } = await drain(reply);
        reply.connection.close();
        assert.equal(spelled(list), 'so far');
        assert.ok(list[list.length - 1].error, 'the last event is an error to the client, too');
        assert.deepEqual([done, complete], [0, true]);
      });
    }
  }
  act('is counted as an error each time', async ({ gateway }) => {
    const count = Object.keys(SHAPES).length * 2;
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_requests_total', { status: 'success' }), 0);
    assert.equal(metrics.value('gateway_requests_total', { status: 'error' }), count);
    assert.equal(metrics.value('gateway_provider_errors_total', { error_type: 'provider_error' }), count);
  });
  act('is not seen where there is none', async ({ upstream, gateway }) => {
    const harmless = [chunk({ content: ' "error":{' }), chunk({ content: '!' }, null, { error: null })];
    upstream.answer(stream([...BEGUN, ...harmless, chunk({}, 'stop'), '[DONE]'], { every: 5 }));
    const reply = await gateway.stream();
    const { list, done } = await drain(reply);
    reply.connection.close();
    assert.deepEqual([spelled(list), done], ['so far "error":{!', 1]);
  });
});
