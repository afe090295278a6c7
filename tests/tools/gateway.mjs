// SPDX-License-Identifier: Apache-2.0
// The gateway of a play: the shipped binary, started on a free port with a configuration of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { connect, fetch, request } from './client.mjs';
import { until, within } from './wire.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BINARY = path.resolve(ROOT, process.env.MOONGATE ?? 'build/moongate');
export const SANITIZED = process.env.SAN === '1';

export const MASTER_KEY = 'canary-master-key-5c1d77aa';
export const PROMPT = 'canary-prompt-marker';
export const MODEL = 'play-model';
export const providerKey = (name) => `canary-provider-key-${name}-9e41`;

/** A body with the play's model and marker; `more` adds or replaces members. */
export const chatBody = (more = {}) => JSON.stringify({
  model: MODEL, messages: [{ role: 'user', content: PROMPT }], ...more,
});

const tried = (port) => new Promise((resolve) => {
  const server = net.createServer().once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

/** A port below those that the system gives to whoever connects: nobody takes it before the gateway does. */
export async function freePort() {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 22_000);
    if (await tried(port)) return port;
  }
}

const SANITIZER = { ASAN_OPTIONS: 'abort_on_error=0:detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };

/** Runs the binary with nothing of this process's environment but what is given. */
export function launch(args, { env = {}, cwd } = {}) {
  const child = spawn(BINARY, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd ?? os.tmpdir(), ...SANITIZER, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => { output.out += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { output.err += text; });
  const exit = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  exit.catch(() => {});
  return { child, output, exit };
}

/** Runs a command of the binary to its end: `{ code, out, err }`. */
export async function command(args, options = {}) {
  const { child, exit } = launch(args, options);
  try {
    return await within(options.ms ?? 20_000, `the end of moongate ${args.join(' ')}`, exit);
  } finally {
    child.kill('SIGKILL');
  }
}

/** A folder of its own for one play, with `files` in it. */
export function folder(files = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'moongate-play-'));
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), content);
  }
  return dir;
}

export class Gateway {
  constructor({ port, dir, env, key }) {
    Object.assign(this, { port, dir, env, key });
    Object.assign(this, launch(['serve'], { env, cwd: dir }));
    this.pid = this.child.pid;
    this.parsed = { bytes: 0, lines: [] }; // of standard output, so that a poll reads each line once
    this.over = false;
    this.signalled = false;
    this.exit.catch((error) => { this.output.err += error.message; }).then(() => { this.over = true; });
  }

  /** What was logged so far: parsed lines of standard output; what is not JSON is kept in `noise`. */
  get logs() {
    const lines = this.output.out.slice(this.parsed.bytes).split('\n').slice(0, -1);
    for (const line of lines) {
      this.parsed.bytes += line.length + 1;
      try { if (line) this.parsed.lines.push(JSON.parse(line)); } catch { /* noise */ }
    }
    return [...this.parsed.lines];
  }

  get noise() {
    return this.output.out.split('\n').slice(0, -1).filter((line) => {
      try { return typeof JSON.parse(line) !== 'object'; } catch { return line !== ''; }
    });
  }

  /** Waits for a log line that `match` accepts. */
  log(match, ms = 3000) {
    const test = typeof match === 'string' ? (line) => line.msg === match : match;
    return until(ms, `a log line ${match}`, () => this.logs.find(test));
  }

  /** The access lines of one path, once there are `count`. */
  async access(count, target = '/v1/chat/completions', ms = 3000) {
    const lines = () => this.logs.filter((line) => line.msg === 'http request' && line.path === target);
    await until(ms, `${count} access lines of ${target}`, () => lines().length >= count);
    return lines();
  }

  async ready(target) {
    const wait = SANITIZED ? 30_000 : 10_000;
    await until(wait, `${target} of the gateway`, async () => {
      if (this.over) throw new Error(`the gateway ended at its start:\n${this.output.err}\n${this.output.out}`);
      return (await fetch(this.port, 'GET', target).catch(() => null))?.status === 200;
    });
    this.firstWorkers = this.workers();
    return this;
  }

  /** The pids of the processes the supervisor started. */
  workers() { return childrenOf(this.pid); }

  /** Resident memory of all workers in KiB. */
  memory() {
    return this.workers().reduce((sum, pid) => sum + residentOf(pid), 0);
  }

  headers(more = {}) { return { ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}), ...more }; }

  connect() { return connect(this.port); }
  fetch(method, target, { headers, ...rest } = {}) {
    return fetch(this.port, method, target, { headers: this.headers(headers), ...rest });
  }
  get(target, options) { return this.fetch('GET', target, options); }

  /** The bytes of a chat request; `body` is text, or members to add to the play's own body. */
  chatRequest(body = {}, headers = {}) {
    return request('POST', '/v1/chat/completions', {
      headers: this.headers({ 'Content-Type': 'application/json', ...headers }),
      body: typeof body === 'string' || Buffer.isBuffer(body) ? body : chatBody(body),
    });
  }

  /** One chat call, whole. */
  async chat(body, headers) {
    const connection = await this.connect();
    try {
      await connection.send(this.chatRequest(body, headers));
      return await connection.answer();
    } finally {
      connection.close();
    }
  }

  /** One streamed chat call: the answer's head, `events`, and its `connection` (the caller closes it). */
  async stream(body = {}, headers = {}, options = {}) {
    const connection = await this.connect();
    const bytes = typeof body === 'string' ? body : { stream: true, ...body };
    await connection.send(this.chatRequest(bytes, headers));
    return Object.assign(await connection.events(options), { connection });
  }

  async metrics() { return new Metrics((await this.get('/metrics')).text); }

  /** Asks for the end, by SIGTERM or SIGINT. */
  signal(name = 'SIGTERM') {
    this.signalled = true;
    this.child.kill(name);
  }

  /** The end, asked for unless it was already: `{ code, signal, out, err }`. */
  async stop(ms = SANITIZED ? 60_000 : 35_000) {
    if (!this.over && !this.signalled) this.signal();
    return within(ms, 'the end of the gateway after SIGTERM', this.exit);
  }

  /** For clean-up only: no trace may stay behind. */
  kill() {
    const pids = [this.pid, ...this.workers()];
    for (const pid of pids) try { process.kill(pid, 'SIGKILL'); } catch { /* gone already */ }
  }
}

/** Parsed text exposition: `value(name, labels)` sums the series that have these labels. */
export class Metrics {
  constructor(text) {
    this.text = text;
    this.series = [];
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) continue;
      const labels = {};
      for (const [, key, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value;
      this.series.push({ name: match[1], labels, value: Number(match[3]) });
    }
  }

  find(name, labels = {}) {
    return this.series.filter((one) => one.name === name
      && Object.entries(labels).every(([key, value]) => one.labels[key] === value));
  }

  value(name, labels) { return this.find(name, labels).reduce((sum, one) => sum + one.value, 0); }
}

export function childrenOf(parent) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(ppid) === parent && state !== 'Z';
    } catch {
      return false;
    }
  }).sort((a, b) => a - b);
}

export function residentOf(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
