// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure } from '../tools/answers.mjs';
import { MODEL, PROMPT } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

plays('a request log', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: {
    plugins: [{ name: 'request-logger', config: { level: 'warn', persist: true } }],
  } });
  return { upstream, gateway };
}, (act) => {
  act('has a line for the request and one for the answer', async ({ upstream, gateway }) => {
    upstream.answer(completion('canary answer'));
    const trace = (await gateway.chat()).header('x-request-id');
    const response = await gateway.log('gateway response');
    const request = await gateway.log('gateway request');
    assert.deepEqual([request.level, request.model, request.messages, request.stream, request.trace_id],
      ['warn', MODEL, 1, false, trace]);
    assert.deepEqual([response.model, response.provider, response.prompt_tokens, response.completion_tokens,
      response.total_tokens, response.choices, response.trace_id], [MODEL, 'openai', 9, 3, 12, 1, trace]);
    const seconds = Math.abs(Date.parse(response.timestamp) - Date.now()) / 1000;
    assert.ok(seconds < 60 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(response.timestamp));
    assert.ok(!gateway.output.out.includes('canary answer'));
  });
  act('names an error by its code', async ({ upstream, gateway }) => {
    upstream.answer(failure(400, { message: `what is ${PROMPT}?` }));
    await gateway.chat();
    const line = await gateway.log('gateway error');
    assert.deepEqual([line.model, line.error, line.status], [MODEL, 'invalid_request', 400]);
  });
  act('says that nothing is kept yet', async ({ gateway }) => {
    await gateway.log((line) => line.msg.includes('persist has no effect'));
  });
});
