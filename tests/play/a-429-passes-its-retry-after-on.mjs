// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { failure } from '../tools/answers.mjs';
import { assertError, plays } from '../tools/play.mjs';

const LIMITED = { message: 'Rate limit reached for requests', type: 'requests', code: 'rate_limit_exceeded' };

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('a rate limited call', open, (act) => {
  act('is a 429 with the upstream\'s wait', async ({ upstream, gateway }) => {
    upstream.answer(failure(429, LIMITED, { headers: { 'Retry-After': '7' } }));
    const answer = await gateway.chat();
    assertError(answer, 429, { code: 'rate_limit_exceeded' });
    assert.equal(answer.header('retry-after'), '7');
  });
  act('keeps the upstream\'s rate limit headers', async ({ upstream, gateway }) => {
    const headers = {
      'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1s',
      'retry-after': '1',
    };
    upstream.answer(failure(429, LIMITED, { headers }));
    const answer = await gateway.chat();
    for (const [name, value] of Object.entries(headers)) assert.equal(answer.header(name), value, name);
  });
  act('has a whole number of seconds when the upstream named a date', async ({ upstream, gateway }) => {
    const date = new Date(Date.now() + 20_000).toUTCString();
    upstream.answer(failure(429, LIMITED, { headers: { 'Retry-After': date } }));
    const wait = (await gateway.chat()).header('retry-after');
    assert.match(wait, /^\d+$/);
    assert.ok(Number(wait) >= 15 && Number(wait) <= 21, wait);
  });
  for (const odd of ['-1', 'soon', '9'.repeat(4000)]) {
    act(`survives Retry-After: ${odd.slice(0, 12)}`, async ({ upstream, gateway }) => {
      upstream.answer(failure(429, LIMITED, { headers: { 'Retry-After': odd } }));
      const answer = await gateway.chat();
      assert.equal(answer.status, 429);
      const wait = answer.header('retry-after');
      if (wait !== undefined) assert.match(wait, /^\d{1,5}$/);
    });
  }
  act('streamed, is a 429 as well', async ({ upstream, gateway }) => {
    upstream.answer(failure(429, LIMITED, { headers: { 'Retry-After': '3' } }));
    const answer = await gateway.chat({ stream: true });
    assertError(answer, 429);
    assert.equal(answer.header('retry-after'), '3');
  });
});
