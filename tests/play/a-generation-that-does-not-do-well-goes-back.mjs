// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { play, PATIENCE } from '../tools/play.mjs';
import { MARKED, Scripts, mark, marked, marking, says, told } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const before = (code, word) => marking(word).replace('return ctx:respond', `${code} return ctx:respond`);
const RAISING = before('if ctx.model then error("on purpose") end', 'bad');

const goesBack = async (gateway, word) => {
  await until(12_000 * PATIENCE, 'the generation before', async () => {
    const answer = await gateway.chat();
    await pause(100);
    return answer.status === 200 && JSON.parse(answer.text).mark === word;
  });
};

play('a version that raises in every request is gone soon, and does not come back by itself', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  scripts.save('plugins/mark.lua', marking('two'));
  await says(gateway, 'two');
  scripts.save('plugins/mark.lua', RAISING);
  await gateway.log((line) => line.msg === 'generation activated' && line.generation === 3, 5000);
  await goesBack(gateway, 'two');
  const why = gateway.logs.find((line) => line.msg.includes('rolled back') && line.metric === 'fault_rate');
  assert.equal(why.script, 'plugins/mark');
  assert.deepEqual([why.from, why.to], [3, 2]);
  const metrics = await gateway.metrics();
  assert.equal(metrics.value('gateway_script_reloads_total', { result: 'rolled_back' }), 1);
  assert.equal(metrics.value('gateway_generation'), 2);
  fs.utimesSync(scripts.where('plugins/mark.lua'), new Date(), new Date());
  scripts.save('plugins/mark.lua', RAISING);
  await pause(800);
  assert.equal(await mark(gateway), 'two');
  assert.equal(told(gateway, 'generation activated'), 2);
  scripts.save('plugins/mark.lua', marking('repaired'));
  await says(gateway, 'repaired');
  assert.equal((await gateway.metrics()).value('gateway_generation'), 4);
}, { ms: 60_000 });

play('the first generation has nothing to go back to', async (stage) => {
  const scripts = new Scripts(stage.folder({ 'plugins/mark.lua': RAISING }));
  const gateway = await stage.gateway({ config: MARKED, env: { GATEWAY_SCRIPTS: scripts.dir } });
  for (let i = 0; i < 5; i++) assert.equal((await gateway.chat()).status, 500);
  await pause(600);
  assert.equal(gateway.logs.filter((line) => line.msg.includes('rolled back')).length, 0);
});

play('a version that takes too long goes back for its time', async (stage) => {
  const { gateway, scripts } = await marked(stage, 'one', {
    config: { scripts: { cpu_limit: '500ms', rollback: { p99: '5ms' } } },
  });
  scripts.save('plugins/mark.lua', before('local n = 0 for i = 1, 3e6 do n = n + i end', 'slow'));
  await gateway.log((line) => line.msg === 'generation activated' && line.generation === 2, 5000);
  for (let i = 0; i < 130; i++) {
    await gateway.chat();
    if (gateway.logs.some((line) => line.msg === 'generation rolled back')) break;
  }
  const why = await gateway.log((line) => line.metric === 'p99_us');
  assert.equal(why.threshold, 5000);
  await goesBack(gateway, 'one');
}, { ms: 60_000 });
