// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion } from '../tools/answers.mjs';
import { assertError, plays } from '../tools/play.mjs';

const SCHEMA = {
  type: 'object', required: ['name', 'age'], additionalProperties: false,
  properties: { name: { type: 'string', pattern: '^[A-Z]' }, age: { type: 'integer', minimum: 0 } },
};

const guarded = (config) => async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [{ name: 'json-schema', config }] },
  });
  return { upstream, gateway };
};

plays('an answer that must match a configured schema', guarded({ schema: SCHEMA, fences: true }), (act) => {
  act('passes when it does, byte for byte', async ({ upstream, gateway }) => {
    upstream.answer(completion('{"name": "Ann", "age": 7}'));
    const answer = await gateway.chat();
    assert.equal(answer.status, 200);
    assert.equal(answer.json.choices[0].message.content, '{"name": "Ann", "age": 7}');
  });
  act('passes in a fenced block, too', async ({ upstream, gateway }) => {
    upstream.answer(completion('```json\n{"name": "Ann", "age": 7}\n```'));
    assert.equal((await gateway.chat()).status, 200);
  });
  for (const [said, place] of [
    ['{"name": "Ann", "age": -1}', 'age must be at least 0'], ['{"name": "ann", "age": 1}', 'name must match'],
    ['{"name": "Ann"}', 'member "age" is missing'], ['Certainly! Here it is', 'the answer is not JSON'],
    ['{"name": "Ann", "age": 1, "x": 1}', 'has a member that the schema does not name'],
  ]) {
    act(`is refused: ${place}`, async ({ upstream, gateway }) => {
      upstream.answer(completion(said));
      const answer = await gateway.chat();
      assertError(answer, 502, { code: 'response_rejected' });
      assert.ok(answer.json.error.message.startsWith('response rejected by json-schema: '));
      assert.ok(answer.json.error.message.includes(place), answer.json.error.message);
    });
  }
});

plays('an answer that must match what the request asked for', guarded({}), (act) => {
  const asked = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: SCHEMA } } };
  act('passes when it does', async ({ upstream, gateway }) => {
    upstream.answer(completion('{"name": "Ann", "age": 7}'));
    assert.equal((await gateway.chat(asked)).status, 200);
  });
  act('is refused when it does not', async ({ upstream, gateway }) => {
    upstream.answer(completion('{"name": "Ann"}'));
    assertError(await gateway.chat(asked), 502, { code: 'response_rejected' });
  });
  act('need only be an object for json_object', async ({ upstream, gateway }) => {
    upstream.answer(completion('{"a": 1}'), completion('[1]'));
    assert.equal((await gateway.chat({ response_format: { type: 'json_object' } })).status, 200);
    assertError(await gateway.chat({ response_format: { type: 'json_object' } }), 502);
  });
  act('may be anything when nothing was asked', async ({ upstream, gateway }) => {
    upstream.answer(completion('hello'));
    assert.equal((await gateway.chat()).status, 200);
  });
  act('is not asked for with a schema that cannot be checked', async ({ upstream, gateway }) => {
    const before = upstream.requests.length;
    const schema = { $ref: 'https://example.com/x' };
    const answer = await gateway.chat({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } });
    assertError(answer, 400, { code: 'invalid_schema' });
    assert.equal(upstream.requests.length, before);
  });
});
