// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { failure } from '../tools/answers.mjs';
import { providerKey } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';

play('in a refusal: the gateway\'s key and whoever is named', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(failure(400, { message: `bad ${providerKey('openai')} of ann@example.com`, code: 'bad_thing' }));
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const { message } = assertError(await gateway.chat(), 400, { code: 'bad_thing' });
  assert.equal(message, 'bad [REDACTED:OPENAI_API_KEY] of [REDACTED_EMAIL]');
});

play('also a key that only the configuration holds', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(failure(422, { message: 'who is plain-words-as-a-key?' }));
  const target = {
    name: 'own', base_url: upstream.url, api_key: 'plain-words-as-a-key', models: ['own-model'],
  };
  const gateway = await stage.gateway({ config: { targets: [target] } });
  const { message } = assertError(await gateway.chat({ model: 'own-model' }), 422);
  assert.ok(!message.includes('plain-words-as-a-key'), message);
});
