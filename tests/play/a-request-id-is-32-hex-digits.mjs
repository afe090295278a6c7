// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { plays } from '../tools/play.mjs';

const GOOD = '0123456789abcdef0123456789abcdef';

const idFor = async (gateway, headers = {}) => (
  (await gateway.get('/livez', { headers })).header('x-request-id'));

async function open(stage) {
  const upstream = await stage.upstream();
  return { upstream, gateway: await stage.gateway({ targets: { openai: upstream } }) };
}

plays('a request id', open, (act) => {
  act('that is 32 hex digits is kept, and is in the log', async ({ gateway }) => {
    const answer = await gateway.chat({}, { 'X-Request-ID': GOOD });
    assert.equal(answer.header('x-request-id'), GOOD);
    const line = await gateway.log((one) => one.msg === 'http request' && one.trace_id === GOOD);
    assert.equal(line.status, 200);
  });
  act('in capitals is lowered', async ({ gateway }) => {
    assert.equal(await idFor(gateway, { 'X-Request-ID': GOOD.toUpperCase() }), GOOD);
  });
  for (const bad of ['', 'abc', GOOD.slice(1), `${GOOD}0`, GOOD.replace('f', 'g'), '0'.repeat(32), 'x'.repeat(300)]) {
    act(`that is ${JSON.stringify(bad.slice(0, 36))} is replaced`, async ({ gateway }) => {
      const id = await idFor(gateway, { 'X-Request-ID': bad });
      assert.match(id, /^[0-9a-f]{32}$/);
      assert.notEqual(id, bad);
    });
  }
  act('is new for every request', async ({ gateway }) => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => idFor(gateway)));
    assert.equal(new Set(ids).size, 50);
  });
  act('is taken from a valid traceparent', async ({ gateway }) => {
    assert.equal(await idFor(gateway, { traceparent: `00-${GOOD}-00f067aa0ba902b7-01` }), GOOD);
  });
});
