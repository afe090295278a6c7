// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, framed, raw, reset, resetEarly, speech, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { freePort } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const ERROR_EVENT = { error: { message: 'overloaded', type: 'server_error', param: null, code: 'overloaded' } };

const ALWAYS = {
  'answers 500': failure(500),
  'answers 503': failure(503),
  'answers 429': failure(429, {}, { headers: { 'Retry-After': '0' } }), // else it is asked last for a while
  'resets before the head': reset(),
  'resets before it read the body': resetEarly(),
  'resets inside the head': raw('HTTP/1.1 200 OK\r\nContent-', { after: 'reset' }),
  'closes inside the head': raw('HTTP/1.1 200 OK\r\nContent-'),
  'closes without a byte': raw(''),
  'speaks another protocol': raw('220 smtp.example ESMTP\r\n'),
  'answers a page of HTML': whole('<html>It works!</html>', { headers: { 'Content-Type': 'text/html' } }),
};
const WHOLE = {
  'cuts its body': raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":'),
};
const STREAMED = {
  'opens its stream with an error event': stream([ERROR_EVENT, '[DONE]']),
  'sends comments and then an error event': stream([': waiting\n\n', framed(ERROR_EVENT)]),
  'ends its stream without an event': stream([]),
  'cuts its stream before the first event': stream([], { end: 'cut' }),
};

async function open(stage) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  return { first, second, gateway: await stage.gateway({ targets: { openai: first, groq: second } }) };
}

plays('a whole answer', open, (act) => {
  for (const [fault, answer] of Object.entries({ ...ALWAYS, ...WHOLE })) {
    act(`comes from the second target when the first ${fault}`, async ({ first, second, gateway }) => {
      first.answer(answer);
      second.answer(completion('from the second'));
      const before = [first.requests.length, second.complete];
      const reply = await gateway.chat();
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.header('x-gateway-provider'), 'groq');
      assert.equal(reply.json.choices[0].message.content, 'from the second');
      assert.deepEqual([first.requests.length, second.complete], [before[0] + 1, before[1] + 1], 'one request each');
    });
  }
});

plays('a stream', open, (act) => {
  for (const [fault, answer] of Object.entries({ ...ALWAYS, ...STREAMED })) {
    act(`comes from the second target when the first ${fault}`, async ({ first, second, gateway }) => {
      first.answer(answer);
      second.answer(speech(['from ', 'the ', 'second']));
      const reply = await gateway.stream();
      const { list, done, complete } = await drain(reply);
      reply.connection.close();
      assert.equal(reply.status, 200);
      assert.equal(reply.header('x-gateway-provider'), 'groq');
      assert.equal(spelled(list), 'from the second');
      assert.ok(!list.some((chunk) => chunk.error), 'nothing of the failure shows');
      assert.deepEqual([done, complete], [1, true]);
    });
  }
});

plays('a target that refuses connections', async (stage) => {
  const second = await stage.upstream();
  const nobody = `http://127.0.0.1:${await freePort()}/v1`;
  return { second, gateway: await stage.gateway({ targets: { openai: nobody, groq: second } }) };
}, (act) => {
  act('is replaced by the next for a whole answer', async ({ second, gateway }) => {
    second.answer(completion('from the second'));
    const reply = await gateway.chat();
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.header('x-gateway-provider'), 'groq');
  });
  act('is replaced by the next for a stream', async ({ second, gateway }) => {
    second.answer(speech(['hi']));
    const reply = await gateway.stream();
    const { list, done } = await drain(reply);
    reply.connection.close();
    assert.deepEqual([spelled(list), done], ['hi', 1]);
  });
  act('counts as an error of that provider', async ({ gateway }) => {
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_provider_errors_total', { provider: 'openai' }), 2);
    assert.equal(metrics.value('gateway_requests_total', { provider: 'groq', status: 'success' }), 2);
  });
});

plays('when every target fails', open, (act) => {
  act('the last one\'s error is the answer', async ({ first, second, gateway }) => {
    first.answer(failure(500));
    second.answer(failure(429, { message: 'slow down', code: 'rate_limit_exceeded' }));
    const reply = await gateway.chat();
    assert.equal(reply.status, 429, reply.text);
    assert.equal(reply.json.error.code, 'rate_limit_exceeded');
  });
});

plays('the strategy single', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second }, config: { strategy: { mode: 'single' } },
  });
  return { first, second, gateway };
}, (act) => {
  act('asks nobody but the first target', async ({ first, second, gateway }) => {
    first.answer(failure(500));
    const reply = await gateway.chat();
    assert.equal(reply.status, 502, reply.text);
    assert.deepEqual([first.complete, second.complete], [1, 0]);
  });
});
