// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { play } from '../tools/play.mjs';
import { MARKED, Scripts, mark, marked, marking, says, told } from '../tools/scripts.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

play('a script saved in place and one renamed over it serve within a second', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  assert.equal(await mark(gateway), 'one');
  scripts.save('plugins/mark.lua', marking('two'));
  await says(gateway, 'two');
  scripts.replace('plugins/mark.lua', marking('three'));
  await says(gateway, 'three');
  assert.equal((await gateway.metrics()).value('gateway_generation'), 3);
  assert.equal((await gateway.metrics()).value('gateway_script_reloads_total', { result: 'accepted' }), 2);
  const line = gateway.logs.find((one) => one.msg === 'generation activated' && one.generation === 3);
  assert.equal(line.changed, 'plugins/mark.lua');
  const [first] = await gateway.access(1);
  assert.equal(first.generation, 1);
});

play('fifty saves within half a second end in the last content, in few generations', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  for (let i = 1; i <= 50; i++) {
    scripts.save('plugins/mark.lua', marking(`save ${i}`));
    await pause(10);
  }
  await says(gateway, 'save 50');
  assert.ok((await gateway.metrics()).value('gateway_generation') <= 8);
});

play('a file that is still being written is not read', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  const text = marking('whole');
  const file = fs.openSync(scripts.where('plugins/mark.lua'), 'w');
  for (let at = 0; at < text.length; at += 40) {
    fs.writeSync(file, text.slice(at, at + 40));
    await pause(100);
  }
  fs.closeSync(file);
  await says(gateway, 'whole');
  assert.equal(told(gateway, 'generation rejected'), 0);
});

play('droppings of editors change nothing', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  for (const name of ['mark.lua~', '.mark.lua.swp', '#mark.lua#', '4913', '.#mark.lua']) {
    scripts.save(`plugins/${name}`, 'not { Lua');
  }
  await pause(700);
  assert.equal(told(gateway, 'generation rejected') + told(gateway, 'generation activated'), 0);
});

play('a folder made later is watched, and what is deleted there is gone', async (stage) => {
  const scripts = new Scripts(stage.folder({ 'readme.txt': 'nothing yet' }));
  const gateway = await stage.gateway({ env: { GATEWAY_SCRIPTS: scripts.dir } });
  scripts.save('strategies/mine.lua', 'return { name = "mine", choose = function(targets) return targets end }\n');
  await gateway.log((line) => line.msg === 'generation activated' && line.changed === 'strategies/mine.lua');
  await pause(300);
  scripts.remove('strategies/mine.lua');
  await gateway.log((line) => line.msg === 'generation activated' && line.generation === 3);
});

play('an overlay that is deleted brings the bundled script back; one that is needed is not let go', async (stage) => {
  const scripts = new Scripts(stage.folder({
    'strategies/fallback.lua': 'return { name = "fallback", choose = function(targets) return targets end }\n',
    'plugins/mark.lua': marking('still here'),
  }));
  const gateway = await stage.gateway({ config: MARKED, env: { GATEWAY_SCRIPTS: scripts.dir } });
  scripts.remove('strategies/fallback.lua');
  await gateway.log((line) => line.msg === 'generation activated' && line.generation === 2);
  scripts.remove('plugins/mark.lua');
  const line = await gateway.log('generation rejected');
  assert.match(line.reason, /mark/);
  assert.equal(await mark(gateway), 'still here');
});

play('a bundled script\'s spec does not judge the operator\'s script in its place', async (stage) => {
  const config = { plugins: [{ name: 'word-filter' }] };
  const scripts = new Scripts(stage.folder({ 'plugins/word-filter.lua': marking('mine', 'word-filter') }));
  const gateway = await stage.gateway({ config, env: { GATEWAY_SCRIPTS: scripts.dir } });
  assert.equal(await mark(gateway), 'mine');
  scripts.save('plugins/word-filter.lua', marking('still mine', 'word-filter'));
  await says(gateway, 'still mine');
});

play('a change of the configuration takes the same path, and its limits hold from then on', async (stage) => {
  const { gateway } = await marked(stage);
  const file = `${gateway.dir}/gateway.yaml`, config = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...config, max_request_bytes: 200, upstream: { pool: { size: 5 } } }));
  await gateway.log((line) => line.msg === 'generation activated' && line.changed === 'config');
  await gateway.log((line) => line.msg.endsWith('takes effect at the next start') && line.key === 'upstream.pool.size');
  await gateway.chat();
  assert.equal((await gateway.chat({ padding: 'x'.repeat(300) })).status, 413);
  fs.writeFileSync(file, JSON.stringify({ ...config, strategy: { mode: 'nonsense' } }));
  const line = await gateway.log('generation rejected');
  assert.match(line.reason, /nonsense/);
  assert.equal((await gateway.chat({ padding: 'x'.repeat(300) })).status, 413);
});
