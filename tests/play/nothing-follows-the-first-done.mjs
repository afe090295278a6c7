// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, spelling, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { plays } from '../tools/play.mjs';

const AFTER = {
  'a second [DONE]': ['[DONE]'],
  'another chunk': [chunk({ content: 'more' }), '[DONE]'],
  'an error event': [{ error: { message: 'late', type: 'server_error', code: null } }],
  'garbage': ['}}}}'],
};

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('after the first [DONE]', open, (act) => {
  for (const [what, events] of Object.entries(AFTER)) {
    act(`${what} is kept from the client`, async ({ upstream, gateway }) => {
      upstream.answer(stream([...spelling(['all ', 'said']), ...events], { every: 5 }));
      const reply = await gateway.stream();
      const { list, done, complete } = await drain(reply);
      reply.connection.close();
      assert.equal(spelled(list), 'all said');
      assert.ok(!list.some((one) => one.error));
      assert.deepEqual([done, complete], [1, true]);
    });
  }
  act('in one piece with it, too', async ({ upstream, gateway }) => {
    const tail = Buffer.from('data: [DONE]\n\ndata: {"choices":[]}\n\ndata: [DONE]\n\n');
    upstream.answer(stream([...spelling(['one']).slice(0, -1), tail]));
    const reply = await gateway.stream();
    const { list, done } = await drain(reply);
    reply.connection.close();
    assert.deepEqual([spelled(list), done], ['one', 1]);
  });
  act('an upstream that keeps its body open ends anyway', async ({ upstream, gateway }) => {
    upstream.answer(stream(spelling(['one']), { end: 'stall' }));
    const reply = await gateway.stream();
    const { done, complete } = await drain(reply);
    reply.connection.close();
    assert.deepEqual([done, complete], [1, true]);
  });
});
