// SPDX-License-Identifier: Apache-2.0
import fs from 'node:fs';

import { play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

const alive = (pid) => {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

play('the workers end when their supervisor is killed', async (stage) => {
  const gateway = await stage.gateway({ env: { WORKERS: '2' }, expect: { signal: 'SIGKILL' } });
  const workers = gateway.workers();
  process.kill(gateway.pid, 'SIGKILL');
  await until(5000, 'the end of all workers', () => !workers.some(alive));
  await gateway.exit;
});
