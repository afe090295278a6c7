// SPDX-License-Identifier: Apache-2.0
// What the way from the strategy to the first try costs a request, with nothing tried there: strategy, breaker, places
// and tries, in one process without a network (bench/walk_spec.lua).
import { spawnSync } from 'node:child_process'

const GOALS = [[/200 targets/, 3], [/./, 1]]

/** Says the table of walks. */
export function walk(binary, say) {
  const run = spawnSync(binary, ['spec', 'bench/walk_spec.lua'], { encoding: 'utf8' })
  const lines = run.stdout.split('\n').map((line) => line.replace(/^\+/, '').split('\t'))
  const rows = lines.filter((row) => row.length === 3)
  if (run.status !== 0 || rows.length === 0) throw new Error(`walk: ${run.stdout}${run.stderr}`)
  say('\n| strategy, breaker, limiter and tries | a try alone, us | the walk around it, us | goal |')
  say('|---|---|---|---|')
  for (const [title, alone, around] of rows) {
    const [, goal] = GOALS.find(([pattern]) => pattern.test(title))
    say(`| ${title} | ${(alone / 1000).toFixed(2)} | ${(around / 1000).toFixed(2)} | ${goal} us |`)
  }
}
