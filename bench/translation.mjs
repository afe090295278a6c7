// SPDX-License-Identifier: Apache-2.0
// What a translation costs: OpenAI in and Anthropic out, against the same gateway passing OpenAI's bytes through. Both
// take turns on the same core.
import { cpuOf, load, startGateway, startMock, stop } from './servers.mjs'

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

function measure(tools, server, options) {
  const before = cpuOf(server.worker)
  const { all_requests: requests, all_chunks: chunks } = load(tools, server.port, options)
  return (cpuOf(server.worker) - before) / 1000 / (options.stream ? chunks : requests)
}

async function compare({ binary, tools, rounds }, mockArgs, options) {
  const mocks = [await startMock(tools, 9971, mockArgs), await startMock(tools, 9974, [...mockArgs, '--anthropic', 1])]
  const servers = [await startGateway(binary, 9972, 9971),
    await startGateway(binary, 9973, 9974, { provider: 'anthropic' })]
  const runs = []
  for (let round = 0; round < rounds; round++) {
    runs.push(servers.map((server) => measure(tools, server, options)))
  }
  for (const server of [...servers, ...mocks]) await stop(server)
  return {
    passed: median(runs.map(([passed]) => passed)), translated: median(runs.map(([, translated]) => translated)),
    ratio: median(runs.map(([passed, translated]) => translated / passed)),
  }
}

/** Says the table of translations. */
export async function translation(bench, say) {
  const S = { seconds: bench.seconds, warm: 1 }
  const cases = [
    ['1 KB request', '2.5x', ['--body', 1024], { ...S, connections: 64, body: 1024 }],
    ['20 KB request', '3x', ['--body', 1024], { ...S, connections: 64, body: 20480 }],
    ['stream, 200 x 50 x 20 ms (per chunk)', '2x', ['--chunks', 50, '--interval', 20],
      { ...S, seconds: bench.seconds + 1, connections: 200, body: 1024, stream: 1 }],
  ]
  say('\n| OpenAI in, Anthropic out | passed through, us | translated, us | ratio | goal |')
  say('|---|---|---|---|---|')
  for (const [title, goal, mockArgs, options] of cases) {
    const { passed, translated, ratio } = await compare(bench, mockArgs, options)
    say(`| ${title} | ${passed.toFixed(2)} | ${translated.toFixed(2)} | ${ratio.toFixed(2)}x | ${goal} |`)
  }
}
