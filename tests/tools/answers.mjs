// SPDX-License-Identifier: Apache-2.0
// Answers an upstream can give: `async (io, request) => keep`. Returning false closes the connection.
import { sleep } from './wire.mjs';

const REASONS = { 200: 'OK', 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 429: 'Too Many Requests' };

export function head(status, headers) {
  const lines = Object.entries(headers).flatMap(([name, value]) => (
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}\r\n`)));
  return `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${lines.join('')}\r\n`;
}

/** A whole answer: `body` is text, bytes, or a value for JSON. */
export function whole(body, { status = 200, headers = {}, delay = 0, slice = 0 } = {}) {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const data = Buffer.from(text);
  return async (io) => {
    if (delay) await sleep(delay);
    const start = head(status, { 'Content-Type': 'application/json', 'Content-Length': data.length, ...headers });
    const bytes = Buffer.concat([Buffer.from(start), data]);
    if (!slice) return io.write(bytes);
    for (let at = 0; at < bytes.length; at += slice) {
      await io.write(bytes.subarray(at, at + slice));
      await sleep(0);
    }
    return true;
  };
}

/** A chat completion that says `content`. */
export function completion(content, { message = {}, finish = 'stop', usage, extra = {}, ...options } = {}) {
  return whole({
    id: 'chatcmpl-play', object: 'chat.completion', created: 1767225600, model: 'upstream-model',
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null, ...message }, logprobs: null,
      finish_reason: finish }],
    usage: usage ?? { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    ...extra,
  }, options);
}

/** An error in OpenAI's shape. */
export function failure(status, error = {}, options = {}) {
  const body = { error: { message: 'the upstream says no', type: 'invalid_request_error', param: null, code: null,
    ...error } };
  return whole(body, { status, ...options });
}

const envelope = { id: 'chatcmpl-play', object: 'chat.completion.chunk', created: 1767225600, model: 'upstream-model' };

export const chunk = (delta, finish = null, extra = {}) => ({
  ...envelope, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...extra,
});

export const usageChunk = (usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }) => ({
  ...envelope, choices: [], usage,
});

/** The events of a chat stream spelling `words`: role, content, finish, usage, [DONE]. */
export function spelling(words, { usage = true } = {}) {
  return [chunk({ role: 'assistant', content: '', refusal: null }), ...words.map((content) => chunk({ content })),
    chunk({}, 'stop'), ...(usage ? [usageChunk()] : []), '[DONE]'];
}

export const framed = (event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
const piece = (text) => {
  const data = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
};

/** Bytes, and text that ends an event itself, go out as they are. */
const isWire = (event) => Buffer.isBuffer(event) || (typeof event === 'string' && event.endsWith('\n\n'));

const EVENT_STREAM = { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' };

/**
 * A stream of server-sent events, `every` milliseconds apart. `end`: 'whole' closes the body properly, 'cut' closes the
 * connection inside the chunked body, 'reset' resets it, 'stall' goes silent, 'late' keeps the body open after the
 * last event until the peer goes.
 */
export function stream(events, { every = 0, end = 'whole', status = 200, headers = {} } = {}) {
  return async (io) => {
    await io.write(head(status, { ...EVENT_STREAM, ...headers }));
    for (const event of events) {
      if (every) await sleep(every);
      if (io.gone) return false;
      await io.write(piece(isWire(event) ? event : framed(event)));
    }
    return STREAM_ENDS[end](io);
  };
}

const STREAM_ENDS = {
  whole: async (io) => { await io.write('0\r\n\r\n'); return true; },
  cut: async () => false,
  reset: async (io) => { io.reset(); return false; },
  stall: async (io) => { await io.leaves; return false; },
};

/** A chat stream spelling `words`. */
export const speech = (words, options = {}) => stream(spelling(words, options), options);

/** Events until the peer goes away; `io.sent` counts them. */
export function endless({ every = 5, size = 10, onEvent = () => {} } = {}) {
  return async (io) => {
    await io.write(head(200, EVENT_STREAM));
    await io.write(piece(framed(chunk({ role: 'assistant', content: '' }))));
    for (let i = 0; !io.gone; i++) {
      onEvent(i);
      await io.write(piece(framed(chunk({ content: `${i} `.padEnd(size, '.') }))));
      if (every) await sleep(every);
    }
    return false;
  };
}

/** Exact bytes, then `after`: 'keep', 'close', 'reset' or 'stall'. */
export function raw(bytes, { after = 'close', slice = 0 } = {}) {
  const data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
  return async (io) => {
    for (let at = 0; at < data.length; at += slice || data.length) {
      await io.write(data.subarray(at, at + (slice || data.length)));
      if (slice) await sleep(0);
    }
    if (after === 'reset') io.reset();
    if (after === 'stall') await io.leaves;
    return after === 'keep';
  };
}

/** Nothing at all, until the peer goes. */
export const silence = () => async (io) => { await io.leaves; return false; };

/** Resets the connection once the request is here. */
export const reset = () => async (io) => { io.reset(); return false; };

/** Resets the connection when the head is here, before the body. */
export const resetEarly = () => Object.assign(async (io) => { io.reset(); return false; }, { early: true });
