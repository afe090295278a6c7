// SPDX-License-Identifier: Apache-2.0
// node deploy/catalog.mjs PRICES.json [CATALOG.json]: makes conf/catalog.json from a flat list of prices. One row a
// line, sorted, so that a new list shows as a small difference. docs/catalog.md describes both sides.
//
// The list: {"models":[{"provider","model","mode","input",...}]}, prices as numbers, absent = unknown.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PRICES = [
  'input', 'output', 'cached_input', 'cache_write', 'reasoning_output', 'audio_input', 'audio_output', 'tier_input',
  'tier_output', 'tier_cached_input', 'per_image', 'audio_in_per_minute', 'speech_per_1m_chars', 'per_1k_requests',
];
const COUNTS = ['tier_above', 'context', 'max_input', 'max_output', 'dimensions'];
const FLAGS = [
  'vision', 'pdf', 'audio_in', 'audio_out', 'tools', 'parallel_tools', 'json_schema', 'reasoning', 'prompt_caching',
  'no_temperature', 'finetuneable', 'unverified',
];
const TEXTS = ['reasoning_field', 'released', 'deprecation_date', 'sunset_date', 'successor', 'src', 'as_of'];
const STATUS = { deprecated: 'deprecated', beta: 'preview', alpha: 'preview', ga: 'ga', preview: 'preview' };

// Whole micro-units of a dollar per million are the finest the gateway counts: six digits behind the point.
function decimal(value, where) {
  const text = value.toFixed(6).replace(/\.?0+$/, '');
  if (!(value >= 0) || Math.abs(Number(text) - value) > 1e-9) throw new Error(`${where}: ${value} is no exact price`);
  return text;
}

// Lists say 0 for what a vendor does not publish: no price of this list is free. An operator's own may be.
const isKnown = (price) => price !== undefined && price !== 0;

function pricesOf(row, key, out) {
  for (const name of PRICES) {
    if (isKnown(row[name])) out[name] = decimal(row[name], `${key}.${name}`);
  }
  const tiers = ['tier_input', 'tier_output', 'tier_cached_input'];
  if (out.tier_input === undefined) for (const name of tiers) delete out[name];
}

function rowOf(row, key, tuned) {
  const out = { mode: row.mode };
  pricesOf(row, key, out);
  for (const name of COUNTS) {
    if (row[name] > 0 && (name !== 'tier_above' || out.tier_input !== undefined)) out[name] = row[name];
  }
  for (const name of FLAGS) if (row[name] === true) out[name] = true;
  if (tuned) out.finetuneable = true;
  if (row.status) out.status = STATUS[row.status] ?? row.status;
  for (const name of TEXTS) if (row[name]) out[name] = row[name];
  return out;
}

function convert(list) {
  const keys = new Set(list.models.map((row) => `${row.provider}/${row.model}`));
  const lines = list.models.map((row) => {
    const key = `${row.provider}/${row.model}`;
    const value = rowOf(row, key, keys.has(`${row.provider}/ft:${row.model}`));
    return { key, text: `${JSON.stringify(key)}:${JSON.stringify(value)}` };
  });
  lines.sort((one, other) => (one.key < other.key ? -1 : 1));
  const sources = JSON.stringify(list.sources ?? {});
  return `{"schema":1,"sources":${sources},"models":{\n${lines.map((line) => line.text).join(',\n')}\n}}\n`;
}

const [from, to = fileURLToPath(new URL('../conf/catalog.json', import.meta.url))] = process.argv.slice(2);
if (!from) throw new Error('usage: node deploy/catalog.mjs PRICES.json [CATALOG.json]');
writeFileSync(to, convert(JSON.parse(readFileSync(from, 'utf8'))));
