// SPDX-License-Identifier: Apache-2.0
// The parts of the suite, in the order they run. `targets` is what must be built first; `sanitized` parts run again
// under sanitizers.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ROOT, build, each, files, run } from './suite.mjs';

const CORES = Math.min(os.cpus().length, 8);
/** At a time, of what waits half of its time or more. */
const waiters = (san) => (san ? CORES + 1 : CORES + 2);

/** What takes longest begins first, so that nobody waits for it in the end; the longest is the first here. */
const LONG = [
  'unit_bindings_gate', 'unit_script_runaway', 'unit_script_memory', 'unit_process_crew', 'unit_upstream_curl',
  'unit_http_server', 'a-storm-of-reloads-costs-no-request.mjs', 'a-plugin-decides-what-becomes-of-a-request.mjs',
  'a-recording-is-lived-through-again.mjs', 'generations-change-while-requests-go-on.mjs',
  'a-reload-is-answered-within-ten-seconds.mjs', 'a-plugins-fault-does-what-its-type-says.mjs',
  'a-wrong-configuration-names-its-lines.mjs', 'providers-say-which-models-they-have.mjs',
  'every-wait-has-an-end.mjs', 'vertex-buys-one-token-for-all-workers.mjs',
];
const rank = (file) => LONG.indexOf(path.basename(file)) >>> 0; // what is not there comes last
const longestFirst = (names) => [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
const SANITIZER = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};

/** The conventions a machine can check. */
async function lint({ tally }) {
  const c = files(['runtime', 'bindings', 'tests/unit', 'tests/fuzz', 'bench'], ['.c', '.h']);
  const types = ['bindings/types.lua', 'bindings/types_admin.lua'];
  const lua = [...files(['lua', 'spec', 'examples', 'tests'], ['.lua']), ...types];
  const checks = [
    ['clang-format', ['clang-format', '--dry-run', '-Werror', ...c]],
    ['luacheck', ['luacheck', '--no-color', '--quiet', ...lua]],
    ['layers', ['lua5.1', 'tests/layers.lua']],
    ['translation', ['lua5.1', 'tests/translation.lua']],
    ['providers', ['lua5.1', 'tests/providers.lua']],
  ];
  await each(checks, CORES, async ([name, [program, ...args]]) => {
    const { code, all } = await run(program, args);
    tally.check(`lint ${name}`, code === 0, all);
  });
}

/** Reads one program's Test Anything Protocol: every `ok` and `not ok`, and what the plan promised beyond them. */
function countTap(tally, name, { code, signal, out, all }) {
  let [seen, planned, failed] = [0, 0, 0];
  for (const line of out.split('\n')) {
    const plan = /^1\.\.(\d+)/.exec(line);
    const result = /^(not )?ok \d+\s*(?:- )?(.*)$/.exec(line);
    if (plan) planned += Number(plan[1]);
    if (!result) continue;
    seen += 1;
    if (result[1]) failed += 1;
    if (result[2].startsWith('# SKIP')) tally.fail(`${name}: ${result[2]}`, 'A test that is skipped proves nothing.');
    else tally.check(`${name}: ${result[2]}`, !result[1], result[1] ? all : '');
  }
  if (seen < planned) tally.fail(`${name}: ${planned - seen} of ${planned} tests did not run`, all);
  else if (seen === 0) tally.fail(`${name}: no test was run`, all);
  else if ((code !== 0 || signal) && failed === 0) tally.fail(`${name}: ended with ${signal ?? code}`, all);
}

/** C unit tests. */
async function unit({ tally, folder, san, only }) {
  const programs = fs.readdirSync(path.join(ROOT, folder, 'unit')).filter((name) => (
    name.startsWith('unit_') && name.includes(only)
    && fs.existsSync(path.join(ROOT, 'tests/unit', `${name.slice('unit_'.length)}.c`))));
  await each(longestFirst(programs), waiters(san) + CORES, async (name) => {
    countTap(tally, name, await run(`${folder}/unit/${name}`, [], {
      env: { CMOCKA_MESSAGE_OUTPUT: 'TAP', ...SANITIZER }, ms: 120_000,
    }));
  });
}

/** Every libFuzzer harness for a few seconds, from its corpus. */
async function fuzz({ tally, only }) {
  await build('fuzz', ['fuzzers']);
  const names = files(['tests/fuzz'], ['.c']).map((file) => path.basename(file, '.c'));
  const harnesses = names.filter((name) => name.includes(only));
  const seconds = process.env.FUZZ_SECONDS ?? '5';
  await each(harnesses, CORES, async (name) => {
    const fresh = fs.mkdtempSync(path.join(os.tmpdir(), `moongate-fuzz-${name}-`));
    const corpus = `tests/fuzz/corpus/${name}`;
    const dictionary = `tests/fuzz/${name}.dict`;
    const artifacts = path.join(ROOT, 'build-fuzz', `${name}-`);
    const { code, all } = await run(`build-fuzz/fuzz/fuzz_${name}`, [
      `-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048', '-print_final_stats=1',
      `-artifact_prefix=${artifacts}`,
      ...(fs.existsSync(path.join(ROOT, dictionary)) ? [`-dict=${dictionary}`] : []),
      fresh, ...(fs.existsSync(path.join(ROOT, corpus)) ? [corpus] : []),
    ], { ms: (Number(seconds) + 60) * 1000 });
    fs.rmSync(fresh, { recursive: true, force: true });
    const runs = Number(/^stat::number_of_executed_units: +(\d+)/m.exec(all)?.[1] ?? 0);
    tally.check(`fuzz ${name}`, code === 0 && runs > 100, all.split('\n').slice(-60).join('\n'));
  });
}

/** Shares of about the same size: the largest files first, each to whom has least. Many, so that all cores end at
 * about the same time: how long a file takes is not told by its size alone. */
function shares(paths, count) {
  const size = (name) => fs.statSync(path.join(ROOT, name)).size;
  const piles = Array.from({ length: count }, () => ({ bytes: 0, paths: [] }));
  for (const name of [...paths].sort((a, b) => size(b) - size(a))) {
    const least = piles.reduce((low, pile) => (pile.bytes < low.bytes ? pile : low));
    least.bytes += size(name);
    least.paths.push(name);
  }
  return piles.map((pile) => pile.paths).filter((some) => some.length > 0);
}

/** Lua specs, in the product's own binary: the gateway's own, and those of the examples, as an operator runs his. */
async function spec({ tally, folder, only }) {
  const named = (root) => files([root], ['_spec.lua']).filter((name) => name.includes(only));
  const runs = shares(named('spec'), CORES * 4).map((paths) => ['spec', paths]);
  if (named('examples').length > 0) runs.push(['examples', only ? named('examples') : ['examples']]);
  await each(runs, CORES, async ([root, paths]) => {
    countTap(tally, root, await run(`${folder}/moongate`, ['spec', '-o', 'TAP', ...paths], { env: SANITIZER }));
  });
}

/** One line of the reporter: a result to count, or something measured for who asks with VERBOSE. */
function countLine(tally, file, text) {
  const { name, ok, why, says } = JSON.parse(text);
  if (says === undefined) tally.check(`${file}: ${name}`, ok, why);
  else if (process.env.VERBOSE) console.log(`        ${path.basename(file)}: ${says}`);
  return ok === false;
}

/** Runs test files with Node's own runner, one process each, and counts each test. */
async function nodeTests({ tally, folder, san, only }, tests) {
  const env = { MOONGATE: `${folder}/moongate`, SAN: san ? '1' : '' };
  await each(longestFirst(tests.filter((file) => file.includes(only))), waiters(san), async (file) => {
    let [seen, failed] = [0, 0];
    const { code, signal, all } = await run('node', ['--test-reporter=./tests/tools/reporter.mjs', file], {
      env, ms: 300_000, onLine: (text) => {
        seen += 1;
        failed += countLine(tally, file, text) ? 1 : 0;
      },
    });
    if (seen === 0) tally.fail(`${file}: no test was run`, all);
    else if ((code !== 0 || signal) && failed === 0) tally.fail(`${file}: ended with ${signal ?? code}`, all);
  });
}

/** Upstream, gateway and client in one file each. */
const play = (suite) => nodeTests(suite, files(['tests/play'], ['.mjs']));

/** OpenAI's own SDK against the gateway. */
async function sdk(suite) {
  const { code, all } = await run('tests/tools/sdk-install.sh', [], { ms: 120_000 });
  if (code !== 0) throw new Error(all);
  await nodeTests(suite, files(['tests/sdk'], ['.test.mjs']));
}

export const PARTS = [
  { name: 'lint', run: lint },
  { name: 'unit', run: unit, targets: ['units'], sanitized: true },
  { name: 'spec', run: spec, targets: ['moongate'], sanitized: true },
  { name: 'play', run: play, targets: ['moongate'], sanitized: true },
  { name: 'sdk', run: sdk, targets: ['moongate'], sanitized: true },
  { name: 'fuzz', run: fuzz }, // last: .ci/run builds it meanwhile
];
