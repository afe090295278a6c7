// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, whole } from '../tools/answers.mjs';
import { SANITIZED } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';

const MIB = 1 << 20;
const ANSWER = whole({
  id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [{ type: 'text', text: 'seen' }],
  stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 1 },
});

const picture = (bytes) => ({
  messages: [{ role: 'user', content: [
    { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` } },
  ] }],
});

const history = (count) => ({
  messages: Array.from({ length: count }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `turn ${i}` })),
});

async function open(stage) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  first.answer(ANSWER);
  second.answer(completion('from the second'));
  const config = SANITIZED ? { scripts: { cpu_limit: '500ms' } } : {};
  const alone = await stage.gateway({ targets: { anthropic: first }, config });
  return { first, alone, both: await stage.gateway({ targets: { anthropic: first, groq: second }, config }) };
}

plays('for a provider with a wire format of its own', open, (act) => {
  act('a picture of ten megabytes', async ({ first, alone }) => {
    const reply = await alone.chat(picture(10 * MIB));
    assert.equal(reply.status, 200, reply.text);
    assert.equal(first.last.json.messages[0].content[0].source.data.length, 10 * MIB);
  });
  act('a conversation of five thousand turns', async ({ first, alone }) => {
    let reply; // on a machine that others keep busy, a script's time counts for more than it is
    for (let tries = 0; tries < 5 && reply?.status !== 200; tries++) reply = await alone.chat(history(5001));
    assert.equal(reply.status, 200, reply.text);
    assert.equal(first.last.json.messages.length, 5001);
  });
  act('a body that scripts have no room for: 413', async ({ first, alone }) => {
    const before = first.requests.length;
    assertError(await alone.chat(picture(30 * MIB)), 413, { code: 'request_too_large' });
    assert.equal(first.requests.length, before);
  });
  act('the same with another provider behind it that needs no translation', async ({ both }) => {
    const reply = await both.chat(picture(30 * MIB));
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.header('x-gateway-provider'), 'groq');
  });
  act('and then small ones as before', async ({ alone }) => {
    for (let i = 0; i < 5; i++) assert.equal((await alone.chat(history(101))).status, 200);
  });
});
