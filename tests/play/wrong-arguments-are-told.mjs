// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

import { BINARY, command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

play('whatever a command does not take ends with 2 and says so', async () => {
  for (const args of [['serve', 'x'], ['check', 'a.yaml', 'b.yaml'], ['version', 'x'], ['nonsense'], ['--nonsense']]) {
    const { code, out, err } = await command(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(out, '');
    assert.match(err, /takes|unknown command/, args.join(' '));
  }
});

play('help is at hand everywhere', async () => {
  for (const args of [['help'], ['--help'], ['-h'], ['serve', '--help'], ['check', '-h'], ['version', '--help']]) {
    const { code, out } = await command(args);
    assert.equal(code, 0, args.join(' '));
    assert.match(out, /moongate check/, args.join(' '));
  }
});

play('a program without its scripts says where they belong', async (stage) => {
  const dir = stage.folder({ 'bin/x': '' });
  fs.copyFileSync(BINARY, `${dir}/bin/moongate`);
  const run = (name) => spawnSync(`${dir}/bin/moongate`, [name], { encoding: 'utf8' });
  const { status, stderr } = run('check');
  assert.equal(status, 1);
  assert.match(stderr, /the folder lua belongs beside/);
  assert.equal(run('version').status, 0);
});
