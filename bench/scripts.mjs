// SPDX-License-Identifier: Apache-2.0
// What scripts cost: a hook, a guardrail over a body, a reload. Each figure is the difference of two gateways that take
// turns on the same core, so that what the machine does meanwhile is in both.
import { request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MASTER_KEY, cpuOf, load, loadAside, sleep, startGateway, startMock, stop } from './servers.mjs'

const HOOKS = 20 // so that one is seen above the noise
const WORDS = Array.from({ length: 100 }, (_, i) => `forbidden-word-${i}`)

const hook = (name) => `return { name = "${name}", type = "guardrail", before_request = function(ctx)
  if ctx.model == "never" then return ctx:reject { status = 400, code = "never" } end
end }`
const names = (count) => Array.from({ length: count }, (_, i) => `rule-${i}`)
const folder = (list, text) => Object.fromEntries(list.map((name) => [`plugins/${name}.lua`, text(name)]))

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

function cpuPerRequest(tools, server, options) {
  const before = cpuOf(server.worker)
  const { all_requests: count } = load(tools, server.port, options)
  return (cpuOf(server.worker) - before) / 1000 / count
}

/** Microseconds of CPU a request costs more on the second gateway, and the first one's. */
async function difference({ binary, tools, rounds, seconds }, body, made) {
  const mock = await startMock(tools, 9971, ['--body', 1024])
  const servers = [await startGateway(binary, 9972, 9971), await startGateway(binary, 9973, 9971, made)]
  const options = { connections: 64, seconds, warm: 1, body }
  const runs = []
  for (let round = 0; round < rounds; round++) {
    runs.push(servers.map((server) => cpuPerRequest(tools, server, options)))
  }
  for (const server of [...servers, mock]) await stop(server)
  return { more: median(runs.map(([bare, other]) => other - bare)), bare: median(runs.map(([bare]) => bare)) }
}

function reload(port) {
  return new Promise((done, fail) => {
    const at = process.hrtime.bigint()
    const call = { port, host: '127.0.0.1', method: 'POST', path: '/admin/scripts/reload' }
    const sent = request({ ...call, headers: { Authorization: `Bearer ${MASTER_KEY}` } }, (answer) => {
      const ended = () => done({ status: answer.statusCode, ms: Number(process.hrtime.bigint() - at) / 1e6 })
      answer.resume().once('end', ended)
    })
    sent.once('error', fail).end()
  })
}

/** Reloads with 100 scripts of an operator, one of them changed, while a steady load goes through. */
async function reloads({ binary, tools, rounds }) {
  const mock = await startMock(tools, 9971, ['--body', 1024])
  const server = await startGateway(binary, 9972, 9971, { files: folder(names(100), hook) })
  const times = []
  const quiet = load(tools, 9972, { connections: 4, seconds: 2, warm: 1, rate: 500 })
  const busy = loadAside(tools, 9972, { connections: 4, seconds: 2 * rounds + 2, warm: 0, rate: 500 })
  for (let round = 0; round < rounds; round++) {
    writeFileSync(join(server.folder, 'scripts/plugins/rule-7.lua'), `${hook('rule-7')} -- ${round}`)
    const { status, ms } = await reload(9972)
    if (status !== 200) throw new Error(`reload: ${status}`)
    times.push(ms)
    await sleep(1500)
  }
  const during = JSON.parse(await busy.output)
  for (const each of [server, mock]) await stop(each)
  return { ms: median(times), quiet: quiet.max_us, during: during.max_us }
}

/** Says the table of what scripts cost. */
export async function scripts(run, say) {
  say('\n| what scripts cost | figure | goal |')
  say('|---|---|---|')
  const hooks = await difference(run, 1024,
    { files: folder(names(HOOKS), hook), plugins: names(HOOKS).map((name) => ({ name })) })
  say(`| one Lua hook, 1 KB body | ${(hooks.more / HOOKS).toFixed(2)} us | 1 us |`)
  for (const kilobytes of [1, 20, 100]) {
    const filter = { plugins: [{ name: 'word-filter', stage: 'before_request', config: { blocked_words: WORDS } }] }
    const { more } = await difference(run, kilobytes * 1024, filter)
    say(`| word-filter, 100 words, ${kilobytes} KB body | ${(more / kilobytes).toFixed(2)} us per KB | 0.5 us |`)
  }
  const { ms, quiet, during } = await reloads(run)
  say(`| reload with 100 scripts of one's own | ${ms.toFixed(0)} ms | 150 ms |`)
  say(`| slowest request at 500 a second, without and with reloads | ${(quiet / 1000).toFixed(1)} and `
    + `${(during / 1000).toFixed(1)} ms | 5 ms more |`)
}
