// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const ENV = { MASTER_KEY: 'k'.repeat(20) };
const FOLDERS = { plugin: 'plugins', strategy: 'strategies', provider: 'providers' };

for (const [kind, folder] of Object.entries(FOLDERS)) {
  play(`a new ${kind} passes spec and check as it is written`, async (stage) => {
    const cwd = stage.folder();
    const made = await command(['new', kind, 'my-first'], { cwd });
    assert.equal(made.code, 0, made.err);
    for (const file of [`${folder}/my-first.lua`, `spec/${folder}/my-first_spec.lua`]) {
      assert.match(made.out, new RegExp(`wrote ${file}`));
      assert.ok(fs.readFileSync(`${cwd}/${file}`, 'utf8').includes('my-first'));
    }
    const spec = await command(['spec', `${folder}/my-first.lua`], { cwd });
    assert.equal(spec.code, 0, spec.err + spec.out);
    assert.match(spec.out, /2 successes \/ 0 failures/);
    const check = await command(['check'], { cwd, env: { ...ENV, GATEWAY_SCRIPTS: cwd } });
    assert.equal(check.code, 0, check.err);
  });
}

play('GATEWAY_SCRIPTS says where new scripts go, also when it is not there yet', async (stage) => {
  const dir = `${stage.folder()}/deep/scripts`;
  const { code, out } = await command(['new', 'plugin', '007'], { env: { GATEWAY_SCRIPTS: dir } });
  assert.equal(code, 0);
  assert.ok(out.includes(`moongate spec ${dir}/plugins/007.lua`), out);
  assert.equal((await command(['spec', `${dir}/plugins/007.lua`])).code, 0);
});

play('nothing is ever overwritten', async (stage) => {
  const cwd = stage.folder({ 'spec/plugins/mine_spec.lua': 'precious' });
  const { code, err } = await command(['new', 'plugin', 'mine'], { cwd });
  assert.equal(code, 1);
  assert.match(err, /spec\/plugins\/mine_spec\.lua is there already; nothing was written/);
  assert.equal(fs.readFileSync(`${cwd}/spec/plugins/mine_spec.lua`, 'utf8'), 'precious');
  assert.ok(!fs.existsSync(`${cwd}/plugins`));
});

const WRONG = [
  [['plugin'], /the name is missing: moongate new plugin no-secrets/],
  [[], /what kind of script\? There are plugin, strategy and provider/],
  [['plugn', 'x'], /"plugn" is no kind of script; did you mean "plugin"\?/],
  [['plugin', 'No Secrets'], /"No Secrets" cannot be a name: small letters, digits and hyphens/],
  [['plugin', '-x'], /cannot be a name/],
  [['plugin', '../x'], /cannot be a name/],
  [['plugin', 'a_b'], /cannot be a name/],
  [['plugin', 'x', 'y'], /takes a kind and a name/],
  [['strategy', 'fallback'], /fallback is the name of a bundled strategy: choose another, or copy .*fallback\.lua/],
];

for (const [args, message] of WRONG) {
  play(`told: moongate new ${args.join(' ')}`, async (stage) => {
    const cwd = stage.folder();
    const { code, out, err } = await command(['new', ...args], { cwd });
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.match(err, message);
    assert.deepEqual(fs.readdirSync(cwd), []);
  });
}
