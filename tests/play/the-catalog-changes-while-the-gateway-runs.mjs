// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { command } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';
import { says } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

// A plugin that answers with what the catalog says of one model.
const TELLING = `local catalog = require "gateway.catalog"
return {
  name = "mark", type = "transform",
  before_request = function(ctx)
    local row = catalog.find("acme", "x")
    return ctx:respond { status = 200, body = { mark = row and row.input or "unknown" } }
  end,
}
`;

const rows = (models) => JSON.stringify({ schema: 1, models }, null, 1);
const priced = (input) => rows({ 'acme/x': { mode: 'chat', input } });

async function telling(stage, overlay) {
  const dir = stage.folder(overlay === undefined ? {} : { 'mine.json': overlay });
  const file = path.join(dir, 'mine.json');
  const gateway = await stage.gateway({
    scripts: { 'plugins/mark.lua': TELLING },
    config: { plugins: [{ name: 'mark' }], ...(overlay === undefined ? {} : { catalog: { overlay: file } }) },
    env: { WORKERS: '2' },
  });
  return { gateway, file };
}

play('a row that is saved serves within a second, in every worker', async (stage) => {
  const { gateway, file } = await telling(stage, priced('1.5'));
  await says(gateway, '1.5');
  fs.writeFileSync(file, priced('2.5'));
  await says(gateway, '2.5');
  fs.writeFileSync(`${file}~`, priced('3'));
  fs.renameSync(`${file}~`, file);
  await says(gateway, '3');
  const line = gateway.logs.find((one) => one.msg === 'generation activated' && one.generation === 2);
  assert.equal(line.changed, 'catalog');
});

play('a broken catalog is refused with its line, and the one before goes on', async (stage) => {
  const { gateway, file } = await telling(stage, priced('1.5'));
  await says(gateway, '1.5');
  fs.writeFileSync(file, rows({ 'acme/x': { mode: 'chat', input: 'dear' }, 'acme/y': { mode: 'talk' } }));
  const line = await gateway.log((one) => one.msg === 'generation rejected', 5000);
  assert.match(JSON.stringify(line), /mine\.json:6: acme\/x: input must be US dollars/);
  await says(gateway, '1.5');
  fs.writeFileSync(file, '{"schema": 1,\n "models": {');
  await until(5000, 'the second refusal', () => (
    gateway.logs.filter((one) => one.msg === 'generation rejected').length === 2));
  await says(gateway, '1.5');
  fs.writeFileSync(file, priced('4'));
  await says(gateway, '4');
});

play('an overlay that a new configuration names may come later than it', async (stage) => {
  const { gateway } = await telling(stage);
  await says(gateway, 'unknown');
  const config = path.join(gateway.dir, 'gateway.yaml'), file = path.join(gateway.dir, 'late.json');
  const document = JSON.parse(fs.readFileSync(config, 'utf8'));
  fs.writeFileSync(config, JSON.stringify({ ...document, catalog: { overlay: 'late.json' } }));
  const line = await gateway.log((one) => one.msg === 'generation rejected', 5000);
  assert.match(JSON.stringify(line), /late\.json: No such file/);
  fs.writeFileSync(file, priced('5'));
  await says(gateway, '5');
});

play('a program does not start with a catalog that is broken', async (stage) => {
  const dir = stage.folder({
    'gateway.yaml': 'targets: auto\ncatalog:\n  overlay: mine.json\n', 'mine.json': rows({ x: {} }),
  });
  const env = { GATEWAY_CONFIG: path.join(dir, 'gateway.yaml') };
  const { code, err } = await command(['serve'], { env });
  assert.equal(code, 1);
  assert.match(err, /mine\.json:4: "x": a row's name must be provider\/model/);
  const checked = await command(['check'], { env });
  assert.equal(checked.code, 1);
  assert.match(checked.err, /mine\.json:4: /);
});

play('catalog check tells every error with its line, or that there is none', async (stage) => {
  const wrong = rows({ 'acme/x': { mode: 'chat', input: '-1' }, 'acme/y': { mode: 'chat', colour: 'red' } });
  const dir = stage.folder({ 'good.json': priced('1'), 'wrong.json': wrong });
  const good = await command(['catalog', 'check', path.join(dir, 'good.json')]);
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^the catalog is valid: \d+ models of \d+ providers, \d+ with a price\n$/);
  const bad = await command(['catalog', 'check', path.join(dir, 'wrong.json')]);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /wrong\.json:6: acme\/x: input must be/);
  assert.match(bad.err, /wrong\.json:10: acme\/y: colour is no member/);
  assert.match((await command(['catalog', 'check', path.join(dir, 'none.json')])).err, /none\.json: No such file/);
});

play('catalog show prints a row as it holds', async (stage) => {
  const models = { 'openai/gpt-4o': { input: '3', cached_input: null } };
  const config = 'targets: auto\ncatalog: { overlay: mine.json }\n';
  const dir = stage.folder({ 'gateway.yaml': config, 'mine.json': rows(models) });
  const ours = JSON.parse((await command(['catalog', 'show', 'openai/gpt-4o'])).out);
  const env = { GATEWAY_CONFIG: path.join(dir, 'gateway.yaml') };
  const yours = JSON.parse((await command(['catalog', 'show', 'openai/gpt-4o'], { env })).out);
  const { cached_input: cached, ...rest } = ours;
  assert.ok(cached);
  assert.deepEqual(yours, { ...rest, input: '3' });
  assert.equal((await command(['catalog', 'show', 'openai/nothing'])).code, 1);
  assert.equal((await command(['catalog', 'shwo', 'openai/gpt-4o'])).code, 2);
});
