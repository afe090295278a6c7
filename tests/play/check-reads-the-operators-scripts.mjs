// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { command, freePort } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const ENV = { HOST: '127.0.0.1', MASTER_KEY: 'k'.repeat(20) };
const plugin = (members) => `return {\n  name = "mine",\n  type = "guardrail",\n  ${members}\n}\n`;

/** Every broken script of `files`, as `check` tells it: lines after the folder's own path. */
async function check(stage, files, yaml = 'targets: auto\n') {
  const dir = stage.folder({ 'gateway.yaml': yaml, ...files });
  const env = { ...ENV, GATEWAY_SCRIPTS: `${dir}/scripts` };
  const { code, out, err } = await command(['check', `${dir}/gateway.yaml`], { env });
  return { code, out, lines: err.trimEnd().split('\n').map((line) => line.replace(`${dir}/`, '')) };
}

const WRONG = [
  ['an unknown member', plugin('before_reqest = function() end,'),
    /^scripts\/plugins\/mine\.lua:4: unknown member "before_reqest"; did you mean "before_request"\?$/],
  ['an unknown type', plugin('').replace('guardrail', 'gardrail'), /mine\.lua:3: type .*gardrail.*"guardrail"/],
  ['a hook that is no function', plugin('on_error = 7,'), /mine\.lua:4: on_error must be a function, got a number/],
  ['no name', 'return { type = "guardrail" }\n', /mine\.lua:1: needs a name/],
  ['no table', 'return 7\n', /mine\.lua:1: must return a table, got a number/],
  ['nothing', '', /mine\.lua:1: returns nothing/],
  ['broken syntax', 'return {\n  name = \n}\n', /mine\.lua:3: unexpected symbol near '}'/],
  ['a loop without an end', 'local n = 0\nwhile true do n = n + 1 end\n', /mine\.lua:2: script ran longer than/],
  ['a global write', 'x = 1\nreturn {}\n', /mine\.lua:1: global write to 'x'/],
];

for (const [what, text, expected] of WRONG) {
  play(`${what} is told with its line`, async (stage) => {
    const { code, lines } = await check(stage, { 'scripts/plugins/mine.lua': text });
    assert.equal(code, 1);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], expected);
  });
}

play('everything that is wrong is told at once', async (stage) => {
  const { code, lines } = await check(stage, {
    'scripts/plugins/a.lua': 'return 7\n', 'scripts/strategies/b.lua': 'return {\n',
    'scripts/providers/c.lua': 'return {}\n', 'scripts/admin/d.lua': 'return { x = 1 }\n',
  }, 'targets: auto\nserver: { port: 010 }\nplugin: []\n');
  assert.equal(code, 1);
  for (const place of ['scripts/plugins/a.lua:1: ', 'scripts/strategies/b.lua:', 'scripts/providers/c.lua:1: ',
    'scripts/admin/d.lua:1: ', 'gateway.yaml:2:17: server.port', 'gateway.yaml:3:1: plugin']) {
    assert.ok(lines.some((line) => line.startsWith(place)), `${place} in\n${lines.join('\n')}`);
  }
});

play('a script that keeps its contract may still not take its configuration', async (stage) => {
  const text = plugin('schema = { words = { "array", of = "string", required = true } },');
  const yaml = (config) => `targets: auto\nplugins:\n  - name: mine\n    config: ${config}\n`;
  const files = { 'scripts/plugins/mine.lua': text };
  const good = await check(stage, files, yaml('{ words: [a] }'));
  assert.equal(good.code, 0);
  assert.match(good.out, /1 script of yours can be loaded; moongate spec runs their specs/);
  const missing = await check(stage, files, yaml('{ word: [a] }'));
  assert.match(missing.lines.join('\n'), /gateway\.yaml:4:\d+: plugins\[0\]\.config\.word: unknown key "word"/);
  assert.match((await check(stage, files, yaml('{ words: [010] }'))).lines[0], /config\.words\[0\].*got 010/);
  const raising = { 'scripts/plugins/mine.lua': plugin('open = function()\n    error("no data")\n  end,') };
  const raised = await check(stage, raising, 'targets: auto\nplugins:\n  - name: mine\n');
  assert.match(raised.lines[0], /^scripts\/plugins\/mine\.lua:5: .*no data/);
});

play('a folder of scripts that is not there ends the start, too', async (stage) => {
  const dir = stage.folder({ 'gateway.yaml': 'targets: auto\nscripts:\n  path: mine\n' });
  const named = await command(['check'], { env: { ...ENV, GATEWAY_SCRIPTS: `${dir}/nowhere` } });
  assert.equal(named.code, 1);
  assert.match(named.err, /^environment: GATEWAY_SCRIPTS: there is no folder ".*nowhere"/);
  const written = await command(['serve'], {
    env: { ...ENV, PORT: String(await freePort()), GATEWAY_CONFIG: `${dir}/gateway.yaml` },
  });
  assert.notEqual(written.code, 0);
  assert.match(written.err, /gateway\.yaml:3:9: scripts\.path: there is no folder/);
});

play('serve with a broken script ends with the reasons', async (stage) => {
  const dir = stage.folder({
    'plugins/mine.lua': plugin('before_request = function() end,'), 'spec/plugins/mine_spec.lua':
      'it("is right", function()\n  assert.is_true(false)\nend)\n',
  });
  const env = { ...ENV, PORT: String(await freePort()), GATEWAY_SCRIPTS: dir };
  const { code, err } = await command(['serve'], { env });
  assert.notEqual(code, 0);
  assert.match(err, /spec\/plugins\/mine_spec\.lua:2: "is right" failed/);
});
