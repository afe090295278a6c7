// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { MODEL } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';

const TEMPLATES = {
  support: { system: 'You help {{customer}} of {{ header.x-team }}. Tier: {{tier}}.', suffix: '\n\nBe brief.' },
  strict: { system: 'Only facts.', replace_system: true, prefix: 'Facts on: ' },
  translate: { user: 'Translate for {{body.user}}: {{input}} ({{model}})' },
};

plays('a prompt template', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: {
    plugins: [{ name: 'prompt-template', config: { templates: TEMPLATES } }],
  } });
  return { upstream, gateway };
}, (act) => {
  const user = (content) => ({ role: 'user', content });

  act('fills in what the request brings and takes its own members out', async ({ upstream, gateway }) => {
    await gateway.chat({
      messages: [{ role: 'system', content: 'Be kind.' }, user('Hi {{tier}}')], prompt_template: 'support',
      template_variables: { customer: 'Ann {{tier}}' }, metadata: { tier: 3 },
    }, { 'X-Team': 'blue' });
    const { messages, ...rest } = upstream.last.json;
    assert.deepEqual(messages, [
      { role: 'system', content: 'You help Ann {{tier}} of blue. Tier: 3.' }, { role: 'system', content: 'Be kind.' },
      user('Hi {{tier}}\n\nBe brief.'),
    ]);
    assert.deepEqual(rest, { model: MODEL, metadata: { tier: 3 } });
  });
  act('may take the place of the system message', async ({ upstream, gateway }) => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    const parts = [image, { type: 'text', text: 'x' }];
    await gateway.chat({
      messages: [{ role: 'developer', content: 'old' }, user('a'), user(parts)], prompt_template: 'strict',
    });
    assert.deepEqual(upstream.last.json.messages, [
      { role: 'system', content: 'Only facts.' }, user('a'), user([parts[0], { type: 'text', text: 'Facts on: x' }]),
    ]);
  });
  act('may be around the user message', async ({ upstream, gateway }) => {
    await gateway.chat({ messages: [user('cat')], user: 'bob', prompt_template: 'translate' });
    assert.deepEqual(upstream.last.json.messages, [user(`Translate for bob: cat (${MODEL})`)]);
  });
  act('refuses a request that leaves a hole', async ({ upstream, gateway }) => {
    const before = upstream.requests.length;
    const answer = await gateway.chat({ prompt_template: 'support', template_variables: { customer: 'Ann' } });
    assertError(answer, 400, { code: 'template_variable_missing' });
    assert.ok(answer.json.error.message.includes('"header.x-team"'));
    assertError(await gateway.chat({ prompt_template: 'none' }), 400, { code: 'unknown_template' });
    assertError(await gateway.chat({ prompt_template: 5 }), 400, { code: 'unknown_template' });
    assert.equal(upstream.requests.length, before);
  });
  act('leaves a request alone that names none', async ({ upstream, gateway }) => {
    const body = `{"model":"${MODEL}", "messages":[{"role":"user","content":"as it is"}],"x":1e2}`;
    await gateway.chat(body);
    assert.match(upstream.last.body.toString(), /"messages":\[\{"role":"user","content":"as it is"\}\],"x":1e2\}$/);
  });
});
