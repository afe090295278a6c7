// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { command, freePort } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';

const BASE = { HOST: '127.0.0.1', LOG_LEVEL: 'info' };
const GOOD = 'strategy: { mode: fallback }\ntargets:\n  - virtual_key: openai\n    models: [m]\n';

/** Runs `check` on a file of this text; every error is one line `file:line:column: message`. */
async function check(stage, text, { name = 'gateway.yaml', env = {} } = {}) {
  const dir = stage.folder({ [name]: text });
  const result = await command(['check', `${dir}/${name}`], { env: { ...BASE, ...env } });
  const faults = (result.err + result.out).split('\n').flatMap((line) => {
    const match = /^(?:error: )?(.*\/gateway\.\w+):(\d+):(\d+): (.+)$/.exec(line);
    return match ? [{ line: Number(match[2]), column: Number(match[3]), message: match[4] }] : [];
  });
  return { ...result, faults };
}

play('a good file passes', async (stage) => {
  const { code, err, faults } = await check(stage, GOOD);
  assert.equal(code, 0, err);
  assert.deepEqual(faults, []);
});

play('a good file of JSON passes', async (stage) => {
  const text = JSON.stringify({ strategy: { mode: 'single' }, targets: [{ virtual_key: 'openai' }] });
  assert.equal((await check(stage, text, { name: 'gateway.json' })).code, 0);
});

play('all faults are told at once, each with its place', async (stage) => {
  const text = `${GOOD}    weight: heavy\nmax_request_bytes: -5\nlog:\n  level: loud\nserver:\n  port: 99999\n`;
  const { code, faults, err } = await check(stage, text);
  assert.equal(code, 1);
  assert.deepEqual(faults.map(({ line }) => line), [5, 6, 8, 10], err);
  assert.deepEqual(faults.map(({ column }) => column), [13, 20, 10, 9], err);
});

play('an unknown key is an error with a suggestion', async (stage) => {
  const { code, faults } = await check(stage, `${GOOD}aliasses: { a: b }\nserver: { prot: 80 }\n`);
  assert.equal(code, 1);
  assert.deepEqual(faults.map(({ line, column }) => [line, column]), [[5, 1], [6, 11]]);
  assert.match(faults[0].message, /aliasses.*did you mean "aliases"/);
  assert.match(faults[1].message, /prot.*did you mean "port"/);
});

play('a fault of YAML names its place', async (stage) => {
  const broken = [['targets: [a, b\nx: 1\n', 2], ['targets:\n\t- a\n', 2], ['a: 1\na: 2\n', 2], ['a: "x\n', 1]];
  for (const [text, line] of broken) {
    const { code, faults, err } = await check(stage, text);
    assert.equal(code, 1);
    assert.ok(faults.some((fault) => fault.line >= line && fault.line <= line + 1), `${JSON.stringify(text)}: ${err}`);
  }
});

play('anchors, aliases, tags and second documents are refused', async (stage) => {
  for (const text of [`x: &a 1\n${GOOD}`, `${GOOD}x: *a\n`, `${GOOD}log: !!map {}\n`, `${GOOD}---\n${GOOD}`]) {
    assert.equal((await check(stage, text)).code, 1, text);
  }
});

play('hostile files are refused quickly', async (stage) => {
  const bomb = '['.repeat(100_000);
  for (const text of [bomb, `a: ${bomb}`, '\0\x01\x02', '', 'x'.repeat((4 << 20) + 1)]) {
    const at = Date.now();
    const { code } = await check(stage, text);
    assert.equal(code, 1);
    assert.ok(Date.now() - at < 5000);
  }
});

const RULES = [
  ['targets: []\n', /at least one target is required/],
  [`${GOOD.replace('fallback', 'fastest')}`, /unknown strategy mode: "fastest"/],
  [`${GOOD}aliases: { a: a }\n`, /alias "a" must not point to itself/],
  [`${GOOD}aliases: { a: b, b: c }\n`, /alias "a" points to another alias "b"; chained aliases are not supported/],
  [`${GOOD}aliases: { a: "" }\n`, /alias "a" must not map to an empty string/],
  [GOOD.replace('[m]', '["gpt-*"]'), /models\[0\] "gpt-\*" contains a wildcard; declare each model id exactly/],
  [GOOD.replace('[m]', '[m, m]'), /models\[1\] "m" is listed more than once/],
  [GOOD.replace('openai', 'opnai'), /opnai.*did you mean "openai"/],
  [`${GOOD}request_timeout: soon\n`, /invalid request_timeout/],
  [`${GOOD}compatibility: { on_unsupported_param: shout }\n`, /on_unsupported_param must be one of warn, drop, reject/],
  [`${GOOD}    retry: { attempts: -1 }\n`, /retry\.attempts/],
  [`${GOOD}    weight: -2\n`, /target "openai" has negative weight/],
];

for (const [text, message] of RULES) {
  play(`told: ${message.source}`, async (stage) => {
    const { code, faults, err } = await check(stage, text);
    assert.equal(code, 1, err);
    assert.ok(faults.some((fault) => message.test(fault.message)), err);
  });
}

play('an undefined variable is named with its place', async (stage) => {
  const text = 'targets:\n  - name: a\n    provider: openai\n    base_url: http://127.0.0.1:1/v1\n'
    + '    api_key: ${NO_SUCH_KEY}\n    models: [m]\n';
  const { code, faults, err } = await check(stage, text);
  assert.equal(code, 1, err);
  assert.deepEqual(faults.map(({ line, column }) => [line, column]), [[5, 14]]);
  assert.match(faults[0].message, /undefined environment variable\(s\): NO_SUCH_KEY/);
  const found = await check(stage, text, { env: { NO_SUCH_KEY: 'canary-key-value' } });
  assert.equal(found.code, 0, found.err);
  assert.ok(!(found.out + found.err).includes('canary-key-value'));
});

play('serve refuses what check refuses, and listens to nobody', async (stage) => {
  const port = await freePort();
  const dir = stage.folder({ 'gateway.yaml': `${GOOD}colour: red\n` });
  const env = { ...BASE, PORT: String(port), GATEWAY_CONFIG: `${dir}/gateway.yaml` };
  const { code, err } = await command(['serve'], { env });
  assert.equal(code, 1);
  assert.match(err, /gateway\.yaml:5:1: .*colour/);
});

play('a file that cannot be read says what to do', async (stage) => {
  const dir = stage.folder({ 'gateway.toml': 'x = 1\n' });
  const missing = await command(['check', `${dir}/none.yaml`], { env: BASE });
  assert.equal(missing.code, 1);
  assert.match(missing.err, /none\.yaml.*(no such file|not found)/i);
  const folder = await command(['check', dir], { env: BASE });
  assert.equal(folder.code, 1);
  const toml = await command(['check', `${dir}/gateway.toml`], { env: BASE });
  assert.equal(toml.code, 1);
  assert.match(toml.err, /unsupported config file extension "\.toml": use \.json, \.yaml, or \.yml/);
});

play('a variable that is out of range is named', async () => {
  for (const [name, value] of [['PORT', 'eighty'], ['PORT', '70000'], ['WORKERS', '-1'], ['LOG_LEVEL', 'loud'],
    ['ALLOW_UNAUTHENTICATED_PROXY', 'maybe']]) {
    const { code, err } = await command(['serve'], { env: { ...BASE, [name]: value } });
    assert.notEqual(code, 0, `${name}=${value}`);
    assert.match(err, new RegExp(name), `${name}=${value}`);
  }
});
