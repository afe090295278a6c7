// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { assertError, play } from '../tools/play.mjs';

const ERROR = { message: 'the model is overloaded', type: 'server_error', param: null, code: 'overloaded' };

async function open(stage, answer) {
  const upstream = await stage.upstream();
  upstream.answer(answer);
  return stage.gateway({ targets: { openai: upstream } });
}

play('before the first byte it becomes the status of the answer', async (stage) => {
  const gateway = await open(stage, stream([{ error: ERROR }, '[DONE]']));
  const answer = await gateway.chat({ stream: true });
  const error = assertError(answer, 502);
  assert.equal(error.code, 'overloaded', 'the upstream\'s code survives');
  assert.match(error.message, /overloaded/);
});

play('after the first byte it ends the stream, without [DONE], in a body that is whole', async (stage) => {
  const events = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'so far' }), { error: ERROR }];
  const gateway = await open(stage, stream(events, { every: 20 }));
  const answer = await gateway.stream();
  const { list, done, complete } = await drain(answer);
  assert.equal(answer.status, 200);
  assert.equal(spelled(list), 'so far');
  assert.equal(list[list.length - 1].error.message, ERROR.message);
  assert.deepEqual([done, complete], [0, true]);
  answer.connection.close();
});

play('and is counted as an error', async (stage) => {
  const gateway = await open(stage, stream([{ error: ERROR }]));
  await gateway.chat({ stream: true });
  const metrics = await gateway.metrics();
  assert.equal(metrics.value('gateway_requests_total', { status: 'error' }), 1);
  assert.equal(metrics.value('gateway_requests_total', { status: 'success' }), 0);
});
