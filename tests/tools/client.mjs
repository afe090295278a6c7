// SPDX-License-Identifier: Apache-2.0
// The client of a play: exact bytes out, strictly parsed answers in.
import net from 'node:net';

import { CutShort, Wire, framingOf, readBody, readEvents, readHead } from './wire.mjs';

/** One connection to the gateway. */
export class Connection {
  constructor(socket, { half = false } = {}) {
    this.wire = new Wire(socket);
    this.half = half;
  }

  send(bytes) { return this.wire.write(bytes); }

  /** Every byte in a segment of its own. */
  async sendBytewise(bytes) {
    const data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
    for (let i = 0; i < data.length; i++) {
      if (this.wire.ended || !(await this.send(data.subarray(i, i + 1)))) return;
      await new Promise(setImmediate);
    }
  }

  /** Two segments, cut at `position`. */
  async sendSplit(bytes, position) {
    const data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
    await this.send(data.subarray(0, position));
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!this.wire.ended) await this.send(data.subarray(position));
  }

  /** The next answer's head, with `body` still to be read. Null when the gateway closed instead. */
  async begin({ method = 'GET', ms } = {}) {
    const head = await readHead(this.wire, ms);
    if (head === null) return null;
    const match = /^HTTP\/1\.1 ([1-5][0-9]{2}) (.*)$/.exec(head.start);
    if (!match) throw new Error(`bad status line ${JSON.stringify(head.start)}`);
    const status = Number(match[1]);
    const bare = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const framing = bare ? { kind: 'length', length: 0 } : framingOf(head, { untilClose: true });
    return { ...head, status, reason: match[2], framing, body: readBody(this.wire, framing, ms) };
  }

  /** The next answer, whole: `{ status, header(), bytes, text, json, complete, interim }`. */
  async answer(options = {}) {
    const interim = [];
    for (;;) {
      const answer = await this.begin(options);
      if (answer === null) return null;
      if (answer.status >= 200) return Object.assign(await collect(answer), { interim });
      interim.push(answer);
    }
  }

  /** The next answer as events: its head, and `events`, an async iterator. */
  async events(options = {}) {
    const answer = await this.begin(options);
    if (answer === null) throw new CutShort(1);
    return { ...answer, events: readEvents(answer.body) };
  }

  closes(ms) { return this.wire.peerCloses(ms); }
  finish() { this.wire.finish(); }
  reset() { this.wire.reset(); }
  close() { this.wire.socket.destroy(); }
}

async function collect(answer) {
  const pieces = [];
  let complete = true;
  try {
    for await (const piece of answer.body) pieces.push(Buffer.from(piece));
  } catch (error) {
    if (!error.cutShort) throw error;
    complete = false;
  }
  const bytes = Buffer.concat(pieces);
  const text = bytes.toString('utf8');
  return { ...answer, bytes, text, complete, get json() { return JSON.parse(text); } };
}

export function connect(port, { host = '127.0.0.1' } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new Connection(socket));
    });
  });
}

/** The bytes of a request; a body brings its Content-Length unless `headers` frame it otherwise. */
export function request(method, target, { headers = {}, body } = {}) {
  const lines = [`${method} ${target} HTTP/1.1`];
  const all = { Host: 'gateway.test', ...headers };
  const framed = Object.keys(all).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  const data = body === undefined ? null : Buffer.isBuffer(body) ? body : Buffer.from(body, 'utf8');
  if (data !== null && !framed) all['Content-Length'] = data.length;
  for (const [name, value] of Object.entries(all)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) lines.push(`${name}: ${one}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), data ?? Buffer.alloc(0)]);
}

/** One request on a connection of its own. */
export async function fetch(port, method, target, { headers, body, ms } = {}) {
  const connection = await connect(port);
  try {
    await connection.send(request(method, target, { headers: { Connection: 'close', ...headers }, body }));
    return await connection.answer({ method, ms });
  } finally {
    connection.close();
  }
}

/** Reads every event to the end: `{ list, done, complete }`; `list` holds parsed data, `done` counts [DONE]. */
export async function drain(stream) {
  const list = [];
  let done = 0;
  let complete = true;
  try {
    for await (const event of stream.events) {
      if (event.data === '[DONE]') done += 1;
      else if (event.data !== null) list.push(JSON.parse(event.data));
    }
  } catch (error) {
    if (!error.cutShort) throw error;
    complete = false;
  }
  return { list, done, complete };
}

/** The text a chat stream's chunks spell. */
export const spelled = (list) => list.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join('');
