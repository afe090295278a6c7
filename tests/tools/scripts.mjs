// SPDX-License-Identifier: Apache-2.0
// An operator's folder of scripts in a play, saved to as editors do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { until } from './wire.mjs';
import { PATIENCE } from './play.mjs';

/** A plugin that answers every request by itself with `word`. */
export const marking = (word, name = 'mark') => `return {
  name = "${name}", type = "transform",
  before_request = function(ctx) return ctx:respond { status = 200, body = { mark = "${word}" } } end,
}
`;

export const MARKED = { plugins: [{ name: 'mark' }] };

export class Scripts {
  constructor(dir) { this.dir = dir; }

  where(name) {
    const file = path.join(this.dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return file;
  }

  /** In place. */
  save(name, text) { fs.writeFileSync(this.where(name), text); }

  /** As most editors do: beside it, then renamed over it. */
  replace(name, text) {
    const file = this.where(name), beside = `${file}~`;
    fs.writeFileSync(beside, text);
    fs.renameSync(beside, file);
  }

  remove(name) { fs.rmSync(this.where(name)); }
}

/** A gateway over a folder with the plugin `mark` in it. */
export async function marked(stage, word = 'one', options = {}) {
  const scripts = new Scripts(stage.folder({ 'plugins/mark.lua': marking(word) }));
  const { env, config, ...rest } = options;
  const gateway = await stage.gateway({
    config: { ...MARKED, ...config }, env: { GATEWAY_SCRIPTS: scripts.dir, ...env }, ...rest,
  });
  return { gateway, scripts };
}

export async function mark(gateway) {
  const answer = await gateway.chat();
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text).mark;
}

/** A machine that does other things as well may take that much longer. */
export const slowness = () => PATIENCE * Math.max(1, os.loadavg()[0] / os.cpus().length);

/** Waits until `word` is what the gateway says; by default for as long as a save may take. */
export async function says(gateway, word, ms = 1000) {
  const begun = Date.now(), limit = ms * slowness();
  await until(limit * 2, `the answer ${word}`, async () => await mark(gateway) === word);
  const took = Date.now() - begun;
  assert.ok(took <= limit, `it took ${took} ms until the answer was ${word}`);
}

/** How often the log says `message`. */
export const told = (gateway, message) => gateway.logs.filter((line) => line.msg === message).length;
