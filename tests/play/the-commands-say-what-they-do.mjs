// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { BINARY, command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const KEY = 'k'.repeat(20);
const CONF = path.join(path.dirname(BINARY), '..', 'conf');

play('version is one line', async () => {
  const { code, out } = await command(['version']);
  assert.equal(code, 0);
  assert.match(out, /^moongate \d+\.\d+\.\d+\n$/);
});

play('help lists every command', async () => {
  const { code, out } = await command(['help']);
  assert.equal(code, 0);
  for (const name of ['serve', 'check', 'spec', 'new', 'version']) assert.match(out, new RegExp(`moongate ${name}\\b`));
});

play('an unknown command is refused with a suggestion', async () => {
  const { code, err } = await command(['serv']);
  assert.notEqual(code, 0);
  assert.match(err, /"serv".*"serve"/s);
  assert.notEqual((await command(['serve', 'stray'])).code, 0);
});

play('a port in use says what to do', async (stage) => {
  const gateway = await stage.gateway();
  const env = { HOST: '127.0.0.1', PORT: String(gateway.port), MASTER_KEY: KEY };
  const { code, err } = await command(['serve'], { env });
  assert.equal(code, 1);
  assert.match(err, new RegExp(`${gateway.port}`));
  assert.match(err, /in use|listens/);
  assert.match(err, /PORT/);
});

play('an address that is not ours says so', async () => {
  const { code, err } = await command(['serve'], { env: { HOST: '192.0.2.1', PORT: '18080', MASTER_KEY: KEY } });
  assert.equal(code, 1);
  assert.match(err, /192\.0\.2\.1/);
});

for (const name of fs.existsSync(CONF) ? fs.readdirSync(CONF).filter((file) => file.endsWith('.yaml')) : []) {
  play(`conf/${name} passes check`, async () => {
    const { code, err } = await command(['check', path.join(CONF, name)]);
    assert.equal(code, 0, err);
  });
}
