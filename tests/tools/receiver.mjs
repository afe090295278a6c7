// SPDX-License-Identifier: Apache-2.0
// A receiver of events, as an operator would write one after the Standard Webhooks specification.
import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';

import { until } from './wire.mjs';

export const SECRET = `whsec_${Buffer.from('canary-webhook-secret-of-a-play').toString('base64')}`;

/** The events of one call, once its signature is found right. */
export function verified(request, secret = SECRET) {
  const id = request.header('webhook-id'), stamp = request.header('webhook-timestamp');
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const digest = createHmac('sha256', key).update(`${id}.${stamp}.${request.body}`).digest();
  const given = (request.header('webhook-signature') ?? '').split(' ')
    .map((one) => Buffer.from(one.slice('v1,'.length), 'base64'));
  assert.ok(given.some((one) => one.length === digest.length && timingSafeEqual(one, digest)), 'a right signature');
  assert.match(id, /^msg_[0-9a-f]{32}$/);
  assert.ok(Math.abs(Number(stamp) - Date.now() / 1000) < 60, 'a fresh timestamp');
  return request.json;
}

/** Looks at what an upstream of the stage has got as a receiver. */
export class Receiver {
  constructor(upstream, secret = SECRET) { Object.assign(this, { upstream, secret }); }

  get url() { return `http://127.0.0.1:${this.upstream.port}/hook`; }
  get calls() { return this.upstream.requests.filter(({ complete }) => complete); }
  get events() { return this.calls.flatMap((call) => verified(call, this.secret)); }
  of(subject) { return this.events.filter((event) => event.subject === subject); }

  async count(count, subject, ms = 5000) {
    const list = () => (subject ? this.of(subject) : this.events);
    await until(ms, `${count} events ${subject ?? ''}`, () => list().length >= count);
    return list();
  }
}
