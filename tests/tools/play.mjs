// SPDX-License-Identifier: Apache-2.0
// A play: upstream, gateway and client in one short test. The stage builds them, checks what must hold after every
// play, and leaves nothing behind.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it, test } from 'node:test';

import { Gateway, MASTER_KEY, MODEL, SANITIZED, folder, freePort, providerKey } from './gateway.mjs';
import { checkInvariants } from './invariants.mjs';
import { startUpstream } from './upstream.mjs';
import { within } from './wire.mjs';

export const PATIENCE = SANITIZED ? 4 : 1; // factor for times that sanitizers stretch

export class Stage {
  constructor() {
    this.upstreams = [];
    this.gateways = [];
    this.folders = [];
  }

  async upstream(options) {
    const upstream = await startUpstream(options);
    this.upstreams.push(upstream);
    return upstream;
  }

  folder(files) {
    const dir = folder(files);
    this.folders.push(dir);
    return dir;
  }

  /**
   * Starts a gateway. `targets` maps provider names to upstreams (a fallback list in that order, each serving MODEL);
   * `config` adds members to the configuration, `yaml` replaces it, `env` adds variables; `key: null` leaves
   * MASTER_KEY out; `scripts` are files of an operator's folder; `expect` loosens what must hold afterwards: `restarts`
   * of workers, an end by `signal`.
   */
  async gateway({
    targets = {}, config = {}, yaml, env = {}, key = MASTER_KEY, ready = '/readyz', expect = {}, scripts,
  } = {}) {
    const port = await freePort();
    if (scripts) env = { GATEWAY_SCRIPTS: this.folder(scripts), ...env };
    const text = yaml ?? JSON.stringify(configuration(targets, config), null, 2);
    const dir = this.folder({ 'gateway.yaml': text });
    const gateway = new Gateway({
      port, dir, key,
      env: {
        HOST: '127.0.0.1', PORT: String(port), WORKERS: '1', GATEWAY_CONFIG: `${dir}/gateway.yaml`, LOG_LEVEL: 'info',
        RATE_LIMIT_RPS: '0', ...(key ? { MASTER_KEY: key } : {}), ...credentials(targets), ...env,
      },
    });
    gateway.expect = expect;
    this.gateways.push(gateway);
    return ready ? gateway.ready(ready) : gateway;
  }

  async check() {
    for (const gateway of this.gateways) await checkInvariants(gateway, this.upstreams);
  }

  async close() {
    for (const gateway of this.gateways) gateway.kill();
    await Promise.all(this.gateways.map((gateway) => gateway.exit.catch(() => {})));
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
    for (const dir of this.folders) fs.rmSync(dir, { recursive: true, force: true });
  }

  /** What the gateways said, for the report of a failure. */
  story() {
    return this.gateways.map((gateway) => (
      `--- gateway ${gateway.pid}, standard error:\n${gateway.output.err.slice(-4000)}\n`
      + `--- standard output:\n${gateway.output.out.slice(-4000)}`)).join('\n');
  }
}

function configuration(targets, config) {
  const list = Object.keys(targets).map((name) => ({ virtual_key: name, models: [MODEL] }));
  return { strategy: { mode: 'fallback' }, targets: list.length ? list : 'auto', ...config };
}

function credentials(targets) {
  return Object.fromEntries(Object.entries(targets).flatMap(([name, upstream]) => {
    const prefix = name.toUpperCase().replaceAll('-', '_');
    return [[`${prefix}_API_KEY`, providerKey(name)], [`${prefix}_BASE_URL`, upstream.url ?? upstream]];
  }));
}

async function tell(stage, body) {
  try {
    return await body();
  } catch (error) {
    if (error instanceof Error) error.stack = `${error.stack}\n${stage.story()}`;
    throw error;
  }
}

/** One behaviour with a stage of its own. The invariants are checked at its end. */
export function play(name, body, { ms = 30_000 } = {}) {
  const limit = ms * PATIENCE;
  test(name, { timeout: limit + 60_000 }, async (t) => {
    const stage = new Stage();
    try {
      await tell(stage, async () => {
        await within(limit, `the end of the play`, body(stage, t));
        await stage.check();
      });
    } finally {
      await stage.close();
    }
  });
}

/**
 * Several acts on one stage: `open(stage)` makes what each act gets, `script(act)` declares acts with
 * `act(name, body)`. The invariants are checked once, as a last act.
 */
export function plays(title, open, script, { ms = 30_000 } = {}) {
  describe(title, () => {
    const stage = new Stage();
    let scene;
    before(() => tell(stage, async () => { scene = await open(stage); }));
    after(() => stage.close());
    const limit = ms * PATIENCE;
    const act = (name, body) => it(name, { timeout: limit + 1000 }, (t) => (
      tell(stage, () => within(limit, 'the end of the act', body(scene, t)))));
    script(act);
    it('leaves everything in order', () => tell(stage, () => stage.check()));
  });
}

/** Asserts an error answer: its status, shape, and what `expected` names of type, code, message (text or pattern). */
export function assertError(answer, status, expected = {}) {
  assert.ok(answer, 'an answer');
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.header('content-type'), 'application/json');
  const { error, ...rest } = answer.json;
  assert.deepEqual(rest, {}, 'one member: error');
  for (const member of ['message', 'type', 'code']) {
    assert.equal(typeof error[member], 'string', `${member}: ${answer.text}`);
  }
  assert.notEqual(error.message, '');
  for (const [member, value] of Object.entries(expected)) {
    if (value instanceof RegExp) assert.match(error[member], value);
    else assert.equal(error[member], value, answer.text);
  }
  return error;
}
