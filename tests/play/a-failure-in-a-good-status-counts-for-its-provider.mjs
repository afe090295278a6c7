// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, framed, stream, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const ANTHROPIC_ERROR = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

async function counted(gateway, provider) {
  const metrics = await gateway.metrics();
  return metrics.value('gateway_provider_errors_total', { provider, error_type: 'provider_error' });
}

function scene(provider) {
  return async (stage) => {
    const [first, second] = [await stage.upstream(), await stage.upstream()];
    second.answer(completion('from the second'));
    return { provider, first, gateway: await stage.gateway({ targets: { [provider]: first, groq: second } }) };
  };
}

async function failing({ first, gateway, provider }, answer, body) {
  const before = await counted(gateway, provider);
  first.answer(answer);
  await gateway.chat(body);
  assert.equal(await counted(gateway, provider), before + 1);
}

plays('of the client\'s own wire format', scene('openai'), (act) => {
  act('when a stream opens with it', (it) => failing(it, stream([{ error: { message: 'no' } }]), { stream: true }));
  act('when it is the whole answer', (it) => failing(it, whole({ error: { message: 'no' } })));
});

plays('of a translated one', scene('anthropic'), (act) => {
  act('when a stream opens with it', (it) => (
    failing(it, stream([`event: error\n${framed(ANTHROPIC_ERROR)}`]), { stream: true })));
  act('when a stream begins with something else', (it) => failing(it, stream([{ type: 'odd' }]), { stream: true }));
  act('when it is the whole answer', (it) => failing(it, whole(ANTHROPIC_ERROR)));
});
