// SPDX-License-Identifier: Apache-2.0
// The transcripts of spec/fixtures: what a client sends, what a vendor must get and answers, what the client must get.
// Their rules of comparison: key order is free, null is absent, consecutive deltas of one kind may be cut anywhere.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = process.env.TRANSCRIPTS ?? fileURLToPath(new URL('../../spec/fixtures', import.meta.url));

// Reading ------------------------------------------------------------------------------------------------------------

/** One case: `part('client.json')` is the parsed (or raw) file, null when the case has none. */
function caseOf(folder, name) {
  const file = (suffix) => path.join(folder, `${name}.${suffix}`);
  const text = (suffix) => (fs.existsSync(file(suffix)) ? fs.readFileSync(file(suffix), 'utf8') : null);
  const json = (suffix) => { const found = text(suffix); return found === null ? null : JSON.parse(found); };
  return { name, vendor: path.basename(folder), text, json };
}

const SUFFIX = /\.(client\.json|request\.json|response\.json|expected\..*|stream\.(txt|hex)|upstream\..*)$/;

/** Every case of a vendor's folder. */
export function transcripts(vendor) {
  const folder = path.join(FIXTURES, vendor);
  const names = new Set(fs.readdirSync(folder).filter((file) => SUFFIX.test(file)).map((file) => file.split('.')[0]));
  return [...names].sort().map((name) => caseOf(folder, name));
}

/** A streamed body as bytes: text, or Bedrock's frames as lines of hexadecimal digits. */
export function streamBytes(one, prefix = '') {
  const text = one.text(`${prefix}stream.txt`);
  if (text !== null) return Buffer.from(text);
  const hex = one.text(`${prefix}stream.hex`);
  return hex === null ? null : Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

// Values -------------------------------------------------------------------------------------------------------------

/** A content that is text equals a list with one part of that text. */
const asParts = (value) => (typeof value === 'string' ? [{ type: 'text', text: value }] : value);

function settle(value, name) {
  if (Array.isArray(value)) return value.map((item) => settle(item));
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  const settled = Object.fromEntries(members.map(([key, member]) => [
    key === 'max_tokens' && name === 'body' ? 'max_completion_tokens' : key,
    settle(key === 'content' ? asParts(member) : member, key),
  ]));
  return settled;
}

/** `<generated:2>` inside a text is any run of characters, everywhere the same for the same number. */
function textMatches(expected, actual, generated) {
  if (!expected.includes('<generated')) return expected === actual;
  const numbers = [];
  const pattern = expected.split(/<generated(?::(\d+))?>/).map((piece, at) => {
    if (at % 2 === 0) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    numbers.push(piece);
    return '(.+)';
  }).join('');
  const found = new RegExp(`^${pattern}$`, 's').exec(actual);
  return found !== null && numbers.every((number, at) => {
    if (number === undefined) return true;
    generated[number] ??= found[at + 1];
    return generated[number] === found[at + 1];
  });
}

function leafMatches(expected, actual, key, generated) {
  if (key === 'created' || key === 'created_at') return Number.isInteger(actual);
  if (expected === '<rendered chat prompt>') return typeof actual === 'string';
  if (expected === '<integer>') return Number.isInteger(actual) && actual >= 0;
  if (typeof expected === 'string' && typeof actual === 'string') return textMatches(expected, actual, generated);
  return expected === actual;
}

const isTree = (value) => value !== null && typeof value === 'object';

function compare(expected, actual, at, generated, found, key) {
  if (!isTree(expected) || !isTree(actual)) {
    if (!leafMatches(expected, actual, key, generated)) {
      found.push(`${at || 'value'}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    }
    return;
  }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const where = Array.isArray(expected) ? `${at}[${name}]` : `${at}${at && '.'}${name}`;
    compare(expected[name], actual[name], where, generated, found, name);
  }
}

/** Where two JSON values differ by the transcripts' rules, one line each. */
export function differences(expected, actual, generated = {}) {
  const found = [];
  compare(settle({ body: expected }).body, settle({ body: actual }).body, '', generated, found);
  return found;
}

// Streams ------------------------------------------------------------------------------------------------------------

/** The events of an SSE text: `{ event, data }`, comments left out. */
export function eventsOf(text) {
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const lines = block.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith(':'));
    if (lines.length === 0) return [];
    const value = (name) => lines.filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, '')).join('\n');
    return [{ event: value('event'), data: value('data') }];
  });
}

/** The one text that a delta adds to, if that is all it does: where it belongs, and how to lengthen it. */
function spelled(value) {
  const [choice] = value?.choices?.length === 1 ? value.choices : [];
  if (choice?.delta && !value.usage && !choice.finish_reason) return spelledBy(choice.delta, choice.index);
  if (value?.type === 'content_block_delta') return spelledBy(value.delta, value.index);
  const parts = value?.candidates?.length === 1 && !value.candidates[0].finishReason
    && value.candidates[0].content?.parts;
  const text = parts?.length === 1 && typeof parts[0].text === 'string';
  return text ? { owner: parts[0], name: 'text', kind: 'part' } : null;
}

const SPELLED = ['content', 'reasoning_content', 'text', 'thinking', 'partial_json'];

function spelledBy(delta, index) {
  const names = Object.keys(delta).filter((name) => name !== 'type' && delta[name] !== null);
  if (names.length !== 1) return null;
  const [name] = names;
  if (SPELLED.includes(name)) return { owner: delta, name, kind: `${index}.${name}` };
  const [call] = name === 'tool_calls' && delta.tool_calls.length === 1 ? delta.tool_calls : [];
  if (!call || call.id || !call.function) return null;
  return { owner: call.function, name: 'arguments', kind: `${index}.tool.${call.index}` };
}

/** The payloads of a stream, consecutive deltas of one text joined; `[DONE]` is the text itself. */
export function payloadsOf(text) {
  const list = [];
  let before = null;
  for (const { event, data } of eventsOf(text)) {
    const value = data === '[DONE]' ? data : JSON.parse(data);
    const now = spelled(value);
    if (now && before && now.kind === before.kind) {
      before.owner[before.name] += now.owner[now.name];
      continue;
    }
    before = now;
    list.push(event ? { event, value } : { value });
  }
  return list;
}

const FREE_COUNTERS = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'];

/** The counters of message_start are an estimate. */
function forgetEstimate(list) {
  for (const { value } of list) {
    if (value?.type !== 'message_start') continue;
    for (const name of FREE_COUNTERS) if (value.message.usage) delete value.message.usage[name];
  }
  return list;
}

const said = ({ delta = {} }) => Object.entries(delta).some(([name, value]) => name !== 'role' && value);

/** The error that a stream ends with before any content: to a client it is the answer. Null: it is none such. */
export function failedEarly(stream) {
  const values = payloadsOf(stream).map(({ value }) => value);
  const last = values.at(-1);
  return last?.error && !values.some(({ choices = [] }) => choices.some(said)) ? last : null;
}

/** Where two streams differ, event by event. */
export function streamDifferences(expected, actual) {
  const wanted = forgetEstimate(payloadsOf(expected)).filter(({ value }) => value.type !== 'ping');
  const given = forgetEstimate(payloadsOf(actual)).filter(({ value }) => value.type !== 'ping');
  const generated = {};
  const found = wanted.flatMap((event, at) => (
    differences(event, given[at] ?? null, generated).map((line) => `event ${at}: ${line}`)));
  if (given.length > wanted.length) found.push(`more events: ${JSON.stringify(given.slice(wanted.length))}`);
  return found;
}
