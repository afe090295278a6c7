// SPDX-License-Identifier: Apache-2.0
// The upstream of a play: records each request's exact bytes, counts the complete ones, answers as it is told.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import tls from 'node:tls';

import { Wire, framingOf, readBody, readHead, until } from './wire.mjs';
import { completion } from './answers.mjs';

export class Upstream {
  constructor(server) {
    this.server = server;
    this.port = server.address().port;
    this.url = `http://127.0.0.1:${this.port}/v1`;
    this.requests = []; // every request whose head came whole
    this.complete = 0; // those whose body came whole too
    this.connections = [];
    this.plan = [completion('hello')];
    this.faults = []; // malformed bytes from the gateway: a play fails on any
  }

  /** What the coming requests get, in order; the last one repeats. An answer is `async (io, request) => {}`. */
  answer(...answers) { this.plan = answers; }

  get last() { return this.requests[this.requests.length - 1]; }
  get open() { return this.connections.filter((connection) => connection.closedAt === null).length; }

  /** Waits for the `count`th request (its head; `complete` tells about the body). */
  async request(count = 1, ms = 5000) {
    await until(ms, `request ${count} at the upstream`, () => this.requests.length >= count);
    return this.requests[count - 1];
  }

  close() {
    for (const { wire } of this.connections) wire.socket.destroy();
    return new Promise((resolve) => this.server.close(resolve));
  }

  async accept(socket) {
    const wire = new Wire(socket);
    const connection = { wire, closedAt: null, servername: socket.servername };
    this.connections.push(connection);
    socket.once('end', () => { connection.closedAt ??= performance.now(); });
    socket.once('close', () => { connection.closedAt ??= performance.now(); });
    try {
      while (!socket.destroyed && (await this.serve(wire, connection)));
    } catch (error) {
      if (!error.cutShort && !wire.fault) this.faults.push(error);
    }
    if (!socket.destroyed) socket.end();
  }

  async serve(wire, connection) {
    const head = await readHead(wire, 3_600_000);
    if (head === null) return false;
    const [method, target] = head.start.split(' ');
    const request = { ...head, method, target, connection, at: performance.now(), body: null, complete: false };
    Object.defineProperty(request, 'json', { get() { return JSON.parse(this.body.toString('utf8')); } });
    const answer = this.plan.length > 1 ? this.plan.shift() : this.plan[0];
    this.requests.push(request);
    if (answer.early) return this.play(answer, wire, request);
    const pieces = [];
    for await (const piece of readBody(wire, framingOf(head, { untilClose: false }))) pieces.push(Buffer.from(piece));
    request.body = Buffer.concat(pieces);
    request.complete = true;
    this.complete += 1;
    return this.play(answer, wire, request);
  }

  async play(answer, wire, request) {
    const io = {
      write: (bytes) => wire.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'utf8')),
      reset: () => wire.reset(),
      finish: () => wire.finish(),
      get gone() { return wire.ended || wire.socket.destroyed; },
      leaves: wire.gone, // resolves when the gateway closes its side
      wire,
    };
    const keep = await answer(io, request);
    return keep !== false && !io.gone;
  }
}

/** Starts an upstream on a free port of loopback; `tls` is `{ key, cert }` for one that speaks TLS. */
export async function startUpstream({ port = 0, tls: pair } = {}) {
  let upstream;
  const accept = (socket) => upstream.accept(socket);
  const options = { allowHalfOpen: true, ...pair };
  const server = pair ? tls.createServer(options, accept) : net.createServer(options, accept);
  server.on('tlsClientError', () => {}); // a gateway that does not trust us hangs up
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  upstream = new Upstream(server);
  return upstream;
}
