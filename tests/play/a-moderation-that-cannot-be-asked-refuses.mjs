// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, silence, whole } from '../tools/answers.mjs';
import { freePort } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';

/** A moderations endpoint that scores every text with `violence`. */
const scoring = (violence) => (io, request) => whole({
  id: 'modr', model: 'm', results: request.json.input.map(() => ({
    flagged: violence > 0.5, categories: { violence: violence > 0.5 }, category_scores: { violence, hate: 0 },
  })),
})(io);

const moderated = (config) => async (stage) => {
  const upstream = await stage.upstream();
  const judge = await stage.upstream();
  const url = `http://127.0.0.1:${judge.port}/v1/moderations`;
  const plugin = { name: 'moderation', config: { url, api_key: '${JUDGE_KEY}', timeout: '300ms', ...config } };
  const gateway = await stage.gateway({
    targets: { openai: upstream }, env: { JUDGE_KEY: 'canary-judge-key-7f31' }, config: { plugins: [plugin] },
  });
  return { upstream, judge, gateway };
};

plays('moderation', moderated({ response: true, categories: { violence: 0.4 } }), (act) => {
  act('asks about request and answer, and lets both pass', async ({ upstream, judge, gateway }) => {
    judge.answer(scoring(0.1));
    upstream.answer(completion('an answer'));
    assert.equal((await gateway.chat({ messages: [
      { role: 'system', content: 'one' }, { role: 'user', content: [{ type: 'text', text: 'two' }] },
    ] })).status, 200);
    assert.deepEqual(judge.requests.map(({ json }) => json), [
      { model: 'omni-moderation-latest', input: ['one', 'two'] },
      { model: 'omni-moderation-latest', input: ['an answer'] },
    ]);
    assert.match(judge.last.raw.toString(), /\r\nAuthorization: Bearer canary-judge-key-7f31\r\n/);
  });
  act('refuses a request over a threshold', async ({ upstream, judge, gateway }) => {
    const before = upstream.requests.length;
    judge.answer(scoring(0.4));
    const answer = await gateway.chat();
    assertError(answer, 400, { code: 'content_flagged' });
    assert.equal(answer.json.error.message,
      'request rejected by moderation (before_request): request blocked by moderation');
    assert.equal(upstream.requests.length, before);
  });
  act('refuses an answer over a threshold', async ({ judge, gateway }) => {
    judge.answer(scoring(0), scoring(1));
    assertError(await gateway.chat(), 502, { code: 'content_flagged' });
  });
  for (const [what, answer] of [
    ['silent', silence()], ['failing', whole('{}', { status: 500 })], ['without results', whole({ results: [] })],
    ['without the category', whole({ results: [{ flagged: false, category_scores: {} }] })],
    ['no JSON', whole('fine', { headers: { 'Content-Type': 'text/plain' } })],
  ]) {
    act(`refuses when its endpoint is ${what}`, async ({ judge, gateway }) => {
      judge.answer(answer);
      assertError(await gateway.chat(), 503, { code: 'moderation_unavailable' });
    });
  }
});

plays('moderation told to let through what it cannot ask about', async (stage) => {
  const closed = await freePort();
  return moderated({ url: `http://127.0.0.1:${closed}/`, on_failure: 'allow' })(stage);
}, (act) => {
  act('does so, and says it', async ({ gateway }) => {
    assert.equal((await gateway.chat()).status, 200);
    assert.equal((await gateway.log('moderation cannot be asked')).code, 'refused');
    assert.equal((await gateway.metrics()).value('gateway_script_events_total', { name: 'moderation.unavailable' }), 1);
  });
});
