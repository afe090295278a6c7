// SPDX-License-Identifier: Apache-2.0
// A TCP socket as bytes one can wait for, and HTTP/1.1 messages read off it strictly: what is not exactly right throws.
import { performance } from 'node:perf_hooks';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const ENOUGH = 256 << 10; // bytes waiting here before the socket is paused: a play that does not read is a slow reader

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects with `what` when `promise` is not settled in `ms`. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Polls until `check` gives something true; rejects with `what` after `ms`. */
export async function until(ms, what, check) {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(10);
  }
}

export class Wire {
  constructor(socket) {
    this.socket = socket;
    this.pending = Buffer.alloc(0);
    this.received = 0;
    this.ended = false; // the peer's FIN or the socket's end
    this.fault = null;
    this.stopped = false;
    this.writing = new Set();
    this.wake = () => {};
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#add(bytes));
    socket.on('error', (error) => { this.fault = error; });
    for (const event of ['end', 'close']) socket.on(event, () => this.#finish());
    this.gone = new Promise((resolve) => { for (const event of ['end', 'close']) socket.once(event, resolve); });
  }

  #add(bytes) {
    this.received += bytes.length;
    this.pending = this.pending.length ? Buffer.concat([this.pending, bytes]) : bytes;
    if (this.pending.length > ENOUGH) this.socket.pause();
    this.wake();
  }

  #finish() {
    this.ended = true;
    this.wake();
    if (this.socket.destroyed) for (const written of this.writing) written(false);
  }

  /** Resolves when the kernel took the bytes: true, or false when the connection is gone. */
  write(bytes) {
    const data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
    return new Promise((resolve) => {
      if (this.socket.destroyed || !this.socket.writable) return resolve(false);
      const written = (ok) => {
        this.writing.delete(written);
        resolve(ok);
      };
      this.writing.add(written);
      this.socket.write(data, (error) => written(!error));
    });
  }

  /** Waits for more bytes. False when there will be none. */
  async more(ms = 10_000) {
    if (this.ended) return false;
    const had = this.received;
    if (!this.stopped) this.socket.resume();
    await within(ms, 'bytes from the peer', new Promise((resolve) => {
      this.wake = () => { if (this.ended || this.received > had) resolve(); };
    }));
    return this.received > had;
  }

  take(length) {
    const bytes = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    return bytes;
  }

  async exactly(length, ms) {
    while (this.pending.length < length) {
      if (!(await this.more(ms)) && this.pending.length < length) throw new CutShort(length - this.pending.length);
    }
    return this.take(length);
  }

  /** Everything up to and with `mark`, or null when the peer ended before one byte came. */
  async through(mark, ms) {
    for (;;) {
      const at = this.pending.indexOf(mark);
      if (at >= 0) return this.take(at + mark.length);
      if (!(await this.more(ms)) && this.pending.indexOf(mark) < 0) {
        if (this.pending.length === 0) return null;
        throw new CutShort(1);
      }
    }
  }

  /** True when the peer closes (FIN or RST) within `ms`. */
  async peerCloses(ms = 1000) {
    const end = performance.now() + ms;
    while (!this.ended) {
      const left = end - performance.now();
      if (left <= 0) return false;
      await this.more(left).catch(() => false);
    }
    return true;
  }

  finish() { this.socket.end(); } // FIN
  reset() { this.socket.resetAndDestroy(); } // RST (Node has none for TLS)

  /** Stops reading until `resume`. */
  pause() {
    this.stopped = true;
    this.socket.pause();
  }

  resume() {
    this.stopped = false;
    this.socket.resume();
  }
}

export class CutShort extends Error {
  constructor(missing) {
    super(`the message was cut short (${missing} bytes or more missing)`);
    this.cutShort = true;
  }
}

/** Reads a head: `{ start, fields, header(name), raw }`, or null when the peer closed instead. */
export async function readHead(wire, ms) {
  const raw = await wire.through(HEAD_END, ms);
  if (raw === null) return null;
  const lines = raw.subarray(0, raw.length - 4).toString('latin1').split('\r\n');
  const start = lines.shift();
  const fields = lines.map((line) => {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (!match || /[\0\r\n]/.test(line)) throw new Error(`bad header line ${JSON.stringify(line)}`);
    return [match[1].toLowerCase(), match[2]];
  });
  const header = (name) => {
    const values = fields.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
    return values.length ? values.join(', ') : undefined;
  };
  return { start, fields, header, raw };
}

/** How the body after `head` is delimited. */
export function framingOf(head, { untilClose }) {
  const encoding = head.header('transfer-encoding');
  const length = head.header('content-length');
  if (encoding !== undefined && length !== undefined) throw new Error('Content-Length beside Transfer-Encoding');
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') throw new Error(`Transfer-Encoding: ${encoding}`);
    return { kind: 'chunked' };
  }
  if (length !== undefined) {
    if (!/^(0|[1-9][0-9]*)$/.test(length)) throw new Error(`Content-Length: ${length}`);
    return { kind: 'length', length: Number(length) };
  }
  return untilClose ? { kind: 'close' } : { kind: 'length', length: 0 };
}

/** Yields the body's bytes as they come; throws CutShort when the peer closes too early. */
export async function* readBody(wire, framing, ms) {
  if (framing.kind === 'length') yield* readLength(wire, framing.length, ms);
  else if (framing.kind === 'chunked') yield* readChunks(wire, ms);
  else yield* readUntilClose(wire, ms);
}

async function* readLength(wire, length, ms) {
  for (let left = length; left > 0;) {
    if (wire.pending.length === 0 && !(await wire.more(ms)) && wire.pending.length === 0) throw new CutShort(left);
    const piece = wire.take(Math.min(left, wire.pending.length));
    left -= piece.length;
    yield piece;
  }
}

async function* readChunks(wire, ms) {
  for (;;) {
    const line = await wire.through(LINE_END, ms);
    if (line === null) throw new CutShort(1);
    const match = /^([0-9a-fA-F]{1,8})(;.*)?\r\n$/.exec(line.toString('latin1'));
    if (!match) throw new Error(`bad chunk size line ${JSON.stringify(line.toString('latin1'))}`);
    const size = parseInt(match[1], 16);
    if (size === 0) break;
    const data = await wire.exactly(size + 2, ms);
    if (data.subarray(size).toString('latin1') !== '\r\n') throw new Error('no CRLF after a chunk');
    yield data.subarray(0, size);
  }
  for (;;) {
    const line = await wire.through(LINE_END, ms);
    if (line === null) throw new CutShort(1);
    if (line.length === 2) return;
  }
}

async function* readUntilClose(wire, ms) {
  do {
    if (wire.pending.length) yield wire.take(wire.pending.length);
  } while (await wire.more(ms));
  if (wire.pending.length) yield wire.take(wire.pending.length);
  if (wire.fault) throw new CutShort(1);
}

/** Splits server-sent events off an iterator of bytes: `{ text, data, event, at }`. Half an event at the end throws. */
export async function* readEvents(body) {
  let rest = Buffer.alloc(0);
  for await (const piece of body) {
    rest = rest.length ? Buffer.concat([rest, piece]) : piece;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      yield parseEvent(rest.subarray(0, end).toString('utf8'));
      rest = rest.subarray(end + 2);
    }
  }
  if (rest.length) throw new Error(`half an event at the end: ${JSON.stringify(rest.toString('utf8'))}`);
}

function parseEvent(text) {
  const event = { text, at: performance.now(), data: null, event: null };
  for (const line of text.split('\n')) {
    const match = /^(data|event): ?(.*)$/.exec(line.replace(/\r$/, ''));
    if (!match) continue;
    if (match[1] === 'event') event.event = match[2];
    else event.data = event.data === null ? match[2] : `${event.data}\n${match[2]}`;
  }
  return event;
}
