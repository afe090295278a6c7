// SPDX-License-Identifier: Apache-2.0
// make bench: gateway and nginx proxy_pass in the same run, one worker each on the same core, rounds interleaved.
// CPU per request comes from schedstat; the load tool and the mock share the other core.
import { cpus } from 'node:os'
import { writeFileSync } from 'node:fs'
import { scripts } from './scripts.mjs'
import { translation } from './translation.mjs'
import { walk } from './walk.mjs'
import { killAll, load, loadAside, cpuOf, rssOf, sleep, startGateway, startMock, startNginx, stop } from './servers.mjs'

const [binary, tools, output] = process.argv.slice(2)
const quick = process.env.QUICK === '1'
const ROUNDS = quick ? 3 : 5
const SECONDS = quick ? 1 : 2
const only = process.env.ONLY
const lines = []

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]
const say = (line) => { lines.push(line); console.log(line) }

function measure(server, options, unit) {
  const before = cpuOf(server.worker)
  const began = process.hrtime.bigint()
  const result = load(tools, server.port, options)
  const cpu = cpuOf(server.worker) - before
  const wall = Number(process.hrtime.bigint() - began)
  const count = unit === 'chunk' ? result.all_chunks : result.all_requests
  return { ...result, cpu: cpu / 1000 / count, busy: cpu / wall }
}

async function compare(title, mockArgs, options, unit = 'request') {
  if (only && !title.startsWith(only)) return
  const mock = await startMock(tools, 9971, mockArgs)
  const servers = [await startGateway(binary, 9972, 9971), await startNginx(9973, 9971, options.stream ? 'off' : 'on')]
  const rows = servers.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    servers.forEach((server, i) => rows[i].push(measure(server, options, unit)))
  }
  const medians = (runs) => Object.fromEntries(
    ['cpu', 'p50_us', 'p99_us'].map((key) => [key, median(runs.map((run) => run[key]))]))
  const figures = rows.map(medians)
  const ratio = median(rows[0].map((run, i) => run.cpu / rows[1][i].cpu))
  servers.forEach((server, i) => {
    const f = figures[i]
    const against = i === 0 ? `${ratio.toFixed(2)}x` : ''
    const figure = [f.cpu.toFixed(2), (1e6 / f.cpu).toFixed(0), f.p50_us.toFixed(0), f.p99_us.toFixed(0)]
    const cells = [title, server.name, ...figure]
    say(`| ${cells.join(' | ')} | ${against} |`)
  })
  for (const server of servers) await stop(server)
  await stop(mock)
}

/** RSS of an open stream and of an idle connection, from the growth of a fresh worker. */
async function memory(name, start) {
  const mock = await startMock(tools, 9971, ['--chunks', 100000, '--interval', 1000])
  const server = await start()
  await sleep(500)
  const base = rssOf(server.worker)
  const streams = 4000
  const options = { connections: streams, seconds: 8, warm: 0, stream: 1, hold: 1 }
  const open = loadAside(tools, server.port, options)
  await sleep(6000)
  const perStream = (rssOf(server.worker) - base) / streams
  await new Promise((done) => open.child.once('exit', done))
  await stop(server)
  await stop(mock)
  const whole = await startMock(tools, 9971, [])
  const fresh = await start()
  const warm = loadAside(tools, fresh.port, { connections: 64, seconds: 1, warm: 0 })
  await new Promise((done) => warm.child.once('exit', done))
  const before = rssOf(fresh.worker)
  const connections = 8000
  const idle = loadAside(tools, fresh.port, { connections, seconds: 6, warm: 0, hold: 1 })
  await sleep(5000)
  const perIdle = (rssOf(fresh.worker) - before) / connections
  await new Promise((done) => idle.child.once('exit', done))
  await stop(fresh)
  await stop(whole)
  const kilobytes = (bytes, digits) => `${(bytes / 1024).toFixed(digits)} KB`
  say(`| ${name} | ${(base / 1048576).toFixed(1)} MB | ${kilobytes(perStream, 1)} | ${kilobytes(perIdle, 2)} |`)
}

process.on('exit', killAll)
say(`# Benchmark\n`)
const day = new Date().toISOString().slice(0, 10)
const machine = `${cpus()[0].model}, ${cpus().length} cores`
say(`${day}, ${machine}; one worker each, pinned to one core; load and mock on the other.
Medians of ${ROUNDS} interleaved rounds of ${SECONDS} s. moongate runs the full path: key check, alias, Lua pipeline,
metrics, log line; nginx a bare proxy_pass with keep-alive, no log.\n`)
say('| case | server | CPU us | per core and s | p50 us | p99 us | CPU against nginx |')
say('|---|---|---|---|---|---|---|')
const S = { seconds: SECONDS, warm: 1 }
for (const connections of [1, 64, 512]) {
  await compare(`1 KB, ${connections} connections`, ['--body', 1024], { ...S, connections, body: 1024 })
}
for (const connections of [1, 64, 512]) {
  await compare(`100 KB, ${connections} connections`, ['--body', 102400], { ...S, connections, body: 102400 })
}
await compare('3,000 in flight, 300 ms upstream', ['--delay', 300],
  { seconds: SECONDS + 1, warm: 2, connections: 3000, body: 1024 })
await compare('stream, 1,000 x 50 x 20 ms (per chunk)', ['--chunks', 50, '--interval', 20],
  { seconds: SECONDS + 2, warm: 2, connections: 1000, body: 1024, stream: 1 }, 'chunk')
if (!only || only === 'memory') {
  say('\n| server | base RSS of a worker | RSS per open stream | RSS per idle connection |')
  say('|---|---|---|---|')
  await memory('moongate', () => startGateway(binary, 9972, 9971))
  await memory('nginx', () => startNginx(9973, 9971, 'off'))
}
if (!only || only === 'scripts') await scripts({ binary, tools, rounds: ROUNDS, seconds: SECONDS }, say)
if (!only || only === 'translation') await translation({ binary, tools, rounds: ROUNDS, seconds: SECONDS }, say)
if (!only || only === 'walk') walk(binary, say)
if (output) writeFileSync(output, lines.join('\n') + '\n')
