// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { play, PATIENCE } from '../tools/play.mjs';
import { MARKED, Scripts, mark, marked, marking, says, told } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const commandOf = (pid) => { try { return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1'); } catch { return ''; } };

const BROKEN = {
  'a syntax error': ['return { name = "mark", type = ', /plugins\/mark\.lua/],
  'an unknown member': [marking('x').replace('before_request', 'before_reqest'), /before_reqest/],
  'a top level that never ends': ['while true do end', /ran longer/],
  'no table': ['return 7', /mark/],
  'a memory bomb': ['local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end', /memory|ran longer/],
};

play('what is broken is refused with its reason, and the running generation serves on', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  let refused = 0;
  for (const [what, [text, reason]] of Object.entries(BROKEN)) {
    scripts.save('plugins/mark.lua', text);
    refused += 1;
    await until(12_000 * PATIENCE, `the refusal of ${what}`, () => told(gateway, 'generation rejected') === refused);
    const line = gateway.logs.filter((one) => one.msg === 'generation rejected').at(-1);
    assert.match(line.reason, reason, what);
    assert.equal(await mark(gateway), 'one', what);
  }
  const rejected = async () => (await gateway.metrics()).value('gateway_script_reloads_total', { result: 'rejected' });
  await until(3000 * PATIENCE, 'the count of all refusals', async () => (await rejected()) === refused);
  assert.equal((await gateway.metrics()).value('gateway_generation'), 1);
  scripts.save('plugins/mark.lua', marking('good again'));
  await says(gateway, 'good again');
}, { ms: 60_000 });

const SPECS = {
  'a spec that fails': ['it("holds", function() assert.are.equal(1, 2) end)', /mark_spec\.lua:1/],
  'a spec that never ends': ['it("ends", function() while true do end end)', /./],
  'a spec that eats memory': [
    'it("fits", function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end end)', /./],
  'a spec that leaves a process behind': [
    'it("is alone", function() os.execute("sleep 77 &") assert.is_true(false) end)', /./],
};

play('a spec that does not hold, end or fit is refused in time, and requests go on', async (stage) => {
  const { gateway, scripts } = await marked(stage);
  let refused = 0;
  for (const [what, [text, reason]] of Object.entries(SPECS)) {
    scripts.save('spec/plugins/mark_spec.lua', text);
    const begun = Date.now();
    refused += 1;
    let slowest = 0;
    while (told(gateway, 'generation rejected') < refused) {
      const asked = Date.now();
      assert.equal(await mark(gateway), 'one', what);
      slowest = Math.max(slowest, Date.now() - asked);
      assert.ok(Date.now() - begun < 12_000 * PATIENCE, `${what} is refused in time`);
    }
    assert.ok(slowest < 2000 * PATIENCE, `a request took ${slowest} ms beside ${what}`);
    assert.match(gateway.logs.filter((one) => one.msg === 'generation rejected').at(-1).reason, reason, what);
  }
  assert.ok(!fs.readdirSync('/proc').some((pid) => commandOf(pid).includes('sleep\x0077')), 'nothing is left behind');
}, { ms: 90_000 });

play('a broken script at the start is told, and nothing is started', async (stage) => {
  const scripts = new Scripts(stage.folder({ 'plugins/mark.lua': 'return {' }));
  const gateway = await stage.gateway({ config: MARKED, env: { GATEWAY_SCRIPTS: scripts.dir }, ready: null });
  const { code, err } = await gateway.exit;
  stage.gateways.pop();
  assert.notEqual(code, 0);
  assert.match(err, /plugins\/mark\.lua:1/);
});
