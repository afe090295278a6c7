// SPDX-License-Identifier: Apache-2.0
// What the parts of the suite share: running programs, counting tests, finding files.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Counts every single test; a failure is shown at once, passes are not. */
export class Tally {
  constructor() { this.counts = { passed: 0, failed: 0 }; }

  pass(count = 1) { this.counts.passed += count; }

  fail(name, why = '') {
    this.counts.failed += 1;
    console.log(`NOT OK  ${name}`);
    const text = String(why).trim();
    if (text) console.log(text.split('\n').map((line) => `        ${line}`).join('\n'));
  }

  check(name, ok, why) {
    if (ok) this.pass();
    else this.fail(name, why);
  }
}

/** Runs a program to its end: `{ code, signal, out, all }`; `all` is both streams as they came. */
export function run(program, args, { env = {}, ms = 600_000, onLine } = {}) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio });
    let [out, all, rest] = ['', '', ''];
    const timer = setTimeout(() => {
      all += `\n${program} was ended after ${ms / 1000} s\n`;
      child.kill('SIGKILL');
    }, ms);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      all += text;
      out += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      if (onLine) lines.forEach(onLine);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => { all += text; });
    child.once('error', (error) => resolve({ code: -1, signal: null, out, all: `${all}${error.message}` }));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, all });
    });
  });
}

/** Builds; throws the compiler's words when that fails. */
export async function build(kind, targets) {
  const { code, all } = await run('deploy/build.sh', [kind, ...targets]);
  if (code !== 0) throw new Error(all);
}

/** Calls `work` for every item, `width` at a time. */
export async function each(items, width, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: width }, async () => {
    while (queue.length) await work(queue.shift());
  }));
}

/** The files below the folders whose names end in one of `endings`, sorted, relative to the root. */
export function files(folders, endings) {
  const found = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true })) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== 'node_modules') walk(name);
      else if (entry.isFile() && endings.some((ending) => name.endsWith(ending))) found.push(name);
    }
  };
  for (const folder of folders) if (fs.existsSync(path.join(ROOT, folder))) walk(folder);
  return found.sort();
}
