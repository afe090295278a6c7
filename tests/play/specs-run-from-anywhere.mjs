// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { SANITIZED, command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const PLUGIN = `local plugin = { name = "mine", type = "guardrail" }

function plugin.before_request(ctx)
  if ctx.bad then
    return ctx.bad
  end
end

return plugin
`;
const SPEC = `local mine = require "plugins.mine"
local spec = require "gateway.spec"

describe("mine", function()
  it("has a name", function() assert.are.equal("NAME", mine.name) end)
  it("lets others go on", function()
    assert.is_nil(mine.before_request {})
    assert.is_function(spec.script("plugins", "mine").before_request)
  end)
end)
`;
const files = (name = 'mine') => ({
  'plugins/mine.lua': PLUGIN, 'spec/plugins/mine_spec.lua': SPEC.replace('NAME', name),
});

play('a script, its spec, its folder and no path at all mean the same specs', async (stage) => {
  const dir = stage.folder(files());
  const calls = [
    [['spec', `${dir}/plugins/mine.lua`], {}],
    [['spec', `${dir}/spec/plugins/mine_spec.lua`], {}],
    [['spec', dir], {}],
    [['spec', 'mine.lua'], { cwd: `${dir}/plugins` }],
    [['spec'], { cwd: dir }],
    [['spec'], { env: { GATEWAY_SCRIPTS: dir } }],
  ];
  for (const [args, options] of calls) {
    const { code, out, err } = await command(args, options);
    assert.equal(code, 0, `${args.join(' ')}: ${err}${out}`);
    assert.match(out, /2 successes \/ 0 failures \/ 0 errors/, args.join(' '));
  }
});

play('a failing spec is told by busted, with its exit code', async (stage) => {
  const dir = stage.folder(files('yours'));
  const { code, out } = await command(['spec', dir]);
  assert.equal(code, 1);
  assert.match(out, /1 success \/ 1 failure/);
  assert.match(out, /mine_spec\.lua:5/);
});

play('one script is tested in a moment', async (stage) => {
  const dir = stage.folder(files());
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const at = performance.now();
    assert.equal((await command(['spec', `${dir}/plugins/mine.lua`])).code, 0);
    least = Math.min(least, performance.now() - at);
  }
  assert.ok(least < (SANITIZED ? 4000 : 1000), `${least} ms`);
});

play('coverage names the lines that no spec has run', async (stage) => {
  const dir = stage.folder(files());
  const { code, out } = await command(['spec', '--coverage', dir]);
  assert.equal(code, 0, out);
  assert.match(out, /plugins\/mine\.lua +83\.3 % +5 of 6 lines, missed: 5\n/);
});

play('a script that replaces a bundled one is the one its spec sees', async (stage) => {
  const spec = 'it("is mine", function() assert.is_true((require "strategies.single").mine) end)\n';
  const dir = stage.folder({
    'strategies/single.lua': 'return { name = "single", mine = true, choose = function(t) return t end }\n',
    'spec/strategies/single_spec.lua': spec,
  });
  assert.equal((await command(['spec', dir])).code, 0);
});

play('scripts under test live in the sandbox', async (stage) => {
  const spec = 'it("has no io", function()\n  local ok, message = pcall(require, "plugins.mine")\n'
    + '  assert.is_false(ok)\n  assert.matches("mine.lua:1: undefined global \'io\'", message)\nend)\n';
  const dir = stage.folder({ 'plugins/mine.lua': 'io.open("/etc/passwd")\n', 'spec/plugins/mine_spec.lua': spec });
  const { code, out } = await command(['spec'], { cwd: dir });
  assert.equal(code, 0, out);
});

const WRONG = [
  ['nowhere.lua', /there is no nowhere\.lua/],
  ['plugins/bare.lua', /plugins\/bare\.lua has no spec: write one at spec\/plugins\/bare_spec\.lua/],
  ['notes.txt', /notes\.txt is neither a spec .* nor a script/],
];

for (const [path, message] of WRONG) {
  play(`told: moongate spec ${path}`, async (stage) => {
    const cwd = stage.folder({ ...files(), 'plugins/bare.lua': 'return {}', 'notes.txt': '' });
    const { code, out, err } = await command(['spec', path], { cwd });
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.match(err, message);
  });
}

play('without specs anywhere the usage is told', async (stage) => {
  const { code, err } = await command(['spec'], { cwd: stage.folder() });
  assert.equal(code, 2);
  assert.match(err, /there is no folder spec here/);
});
