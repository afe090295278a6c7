// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { chunk, framed, spelling, stream } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { play } from '../tools/play.mjs';
import { sleep } from '../tools/wire.mjs';

const LETTERS = 7_800_000; // in one event: more than the kernel takes and than may be queued beyond that
const TEXT = 'B'.repeat(LETTERS);

const event = (value) => `event: ${value.type}\n${framed(value)}`;
const MESSAGE = [
  { type: 'message_start', message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 9, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: TEXT } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' and more' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
].map(event);

const [role, ...rest] = spelling([' and more']);
const STREAMS = {
  'of a translated stream': ['anthropic', stream(MESSAGE)],
  'of a stream as it came': ['openai', stream([role, chunk({ content: TEXT }), ...rest])],
};

for (const [which, [provider, answer]] of Object.entries(STREAMS)) {
  play(which, async (stage) => {
    const upstream = await stage.upstream();
    upstream.answer(answer);
    const gateway = await stage.gateway({
      targets: { [provider]: upstream }, config: { timeouts: { heartbeat: '100ms' }, scripts: { cpu_limit: '2s' } },
    });
    const reply = await gateway.stream();
    reply.connection.wire.pause();
    await sleep(1500);
    reply.connection.wire.resume();
    const { list, done, complete } = await drain(reply);
    reply.connection.close();
    assert.equal(spelled(list).length, LETTERS + ' and more'.length);
    assert.deepEqual([done, complete], [1, true]);
    const [line] = await gateway.access(1);
    assert.equal(line.status, 200);
  });
}
