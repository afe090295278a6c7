// SPDX-License-Identifier: Apache-2.0
// The suite: builds what it needs, runs its parts in order, shows failures only, ends with `N passed, N failed`.
// SAN=1 runs what the sanitizers can tell about; PART names parts; ONLY picks files by a word of their name.
import { performance } from 'node:perf_hooks';

import { PARTS } from './tools/parts.mjs';
import { Tally, build } from './tools/suite.mjs';

const san = process.env.SAN === '1';
const asked = (process.env.PART ?? '').split(/[\s,]+/).filter(Boolean);
const only = process.env.ONLY ?? '';
const known = new Set(PARTS.map((part) => part.name));

function chosen() {
  const strangers = asked.filter((name) => !known.has(name));
  if (strangers.length) throw new Error(`PART: unknown ${strangers.join(', ')} (known: ${[...known].join(', ')})`);
  return PARTS.filter((part) => (asked.length ? asked.includes(part.name) : !san || part.sanitized));
}

async function timed(name, tally, work) {
  const before = { ...tally.counts };
  const at = performance.now();
  try {
    await work();
  } catch (error) {
    tally.fail(name, error.message);
  }
  const { passed, failed } = tally.counts;
  const good = passed - before.passed;
  const bad = failed - before.failed;
  const seconds = ((performance.now() - at) / 1000).toFixed(1);
  const words = bad ? `${good} ok, ${bad} NOT OK` : good ? `${good} ok` : 'done';
  console.log(`${name.padEnd(8)}${words.padEnd(24)}${seconds.padStart(7)} s`);
  return bad === 0;
}

async function main() {
  const tally = new Tally();
  const parts = chosen();
  const suite = { san, only, tally, folder: san ? 'build-san' : 'build' };
  const targets = [...new Set(parts.flatMap((part) => part.targets ?? []))];
  const built = targets.length === 0 || await timed('build', tally, () => build(san ? 'san' : 'release', targets));
  if (built) for (const part of parts) await timed(part.name, tally, () => part.run(suite));
  const { passed, failed } = tally.counts;
  if (passed + failed === 0) tally.fail('suite', 'no test was run');
  console.log(`${tally.counts.passed} passed, ${tally.counts.failed} failed`);
  process.exitCode = tally.counts.failed ? 1 : 0;
}

main().catch((error) => {
  console.log(`${error.message}\n0 passed, 1 failed`);
  process.exitCode = 1;
});
