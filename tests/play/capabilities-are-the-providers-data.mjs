// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { plays } from '../tools/play.mjs';

const PARAMETERS = ['temperature', 'top_p', 'n', 'seed', 'max_tokens', 'max_completion_tokens', 'presence_penalty',
  'frequency_penalty', 'stop', 'tools', 'tool_choice', 'response_format', 'logprobs', 'top_logprobs',
  'parallel_tool_calls', 'user', 'logit_bias'];

async function open(stage) {
  const upstream = await stage.upstream();
  return { gateway: await stage.gateway({ targets: { openai: upstream, groq: upstream, gemini: upstream } }) };
}

plays('the capabilities', open, (act) => {
  act('are told of every provider that a target names', async ({ gateway }) => {
    const { status, json } = await gateway.get('/v1/capabilities');
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json.providers).sort(), ['gemini', 'groq', 'openai']);
    for (const [name, map] of Object.entries(json.providers)) {
      assert.deepEqual(Object.keys(map).sort(), [...PARAMETERS].sort(), name);
      for (const word of Object.values(map)) assert.match(word, /^(forward|translate|unsupported)$/);
    }
    assert.equal(json.providers.groq.logit_bias, 'unsupported');
    assert.equal(json.providers.openai.seed, 'forward');
    assert.equal(json.providers.gemini.response_format, 'translate');
    assert.deepEqual(json.image_response_formats, { gemini: ['b64_json'] });
  });
  act('refuse an image in another form than the provider makes', async ({ gateway }) => {
    const got = await gateway.fetch('POST', '/v1/images/generations', {
      body: JSON.stringify({ model: 'gemini/gemini-2.5-flash-image', prompt: 'a hat', response_format: 'url' }),
    });
    assert.equal(got.status, 400);
    assert.deepEqual([got.json.error.code, got.json.error.message],
      ['unsupported_parameter', 'provider "gemini" does not support request parameter(s): response_format']);
  });
  act('are behind a key', async ({ gateway }) => {
    const { status } = await gateway.get('/v1/capabilities', { headers: { Authorization: '' } });
    assert.equal(status, 401);
  });
  act('are not needed to see that somebody is there', async ({ gateway }) => {
    for (const method of ['GET', 'HEAD']) {
      assert.equal((await gateway.fetch(method, '/', { headers: { Authorization: '' } })).status, 200, method);
    }
  });
});
