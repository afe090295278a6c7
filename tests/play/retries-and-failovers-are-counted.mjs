// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure } from '../tools/answers.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

play('for the target that is asked again, and for the one that takes over', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  first.answer(failure(503));
  second.answer(completion('from the second'));
  const gateway = await stage.gateway({
    targets: { openai: first, groq: second },
    config: { targets: [
      { virtual_key: 'openai', models: [MODEL], retry: { attempts: 3, initial_backoff_ms: 1 } },
      { virtual_key: 'groq', models: [MODEL] },
    ] },
  });
  assert.equal((await gateway.chat()).status, 200);
  assert.deepEqual([first.complete, second.complete], [3, 1]);
  const metrics = await gateway.metrics();
  const counted = (name) => metrics.find(name).map(({ labels, value }) => [labels.target, value]);
  assert.deepEqual(counted('gateway_retries_total'), [['openai', 2]]);
  assert.deepEqual(counted('gateway_failovers_total'), [['groq', 1]]);
  const [line] = await gateway.access(1);
  assert.deepEqual([line.attempts, line.target, line.status], [4, 'groq', 200]);
});
