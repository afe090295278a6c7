// SPDX-License-Identifier: Apache-2.0
// An init system tells every process of the group, and the supervisor tells its workers once more.
import assert from 'node:assert/strict';
import { play } from '../tools/play.mjs';

play('workers that hear SIGTERM twice still end well', async (stage) => {
  for (let round = 0; round < 5; round++) {
    const gateway = await stage.gateway({ env: { WORKERS: '2' } });
    for (const pid of gateway.workers()) process.kill(pid, 'SIGTERM');
    process.kill(gateway.pid, 'SIGTERM');
    assert.equal((await gateway.exit).code, 0, gateway.output.out);
    assert.ok(!gateway.logs.some((line) => line.msg === 'worker ended' && line.signal), 'no signal killed a worker');
  }
});
