// SPDX-License-Identifier: Apache-2.0
// Starts and measures the programs of a benchmark: mock upstream, gateway, nginx. Everything on loopback, ended by pid.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const SERVER_CORE = '1'
export const LOAD_CORE = '0'
export const MASTER_KEY = 'bench-key-0123456789'

const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

const started = new Set()

function start(core, command, args, options = {}) {
  const child = spawn('taskset', ['-c', core, command, ...args], { stdio: 'ignore', ...options })
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

/** Whatever a run that failed has left. */
export function killAll() {
  for (const child of started) child.kill('SIGTERM')
}

async function listening(port) {
  for (let i = 0; i < 200; i++) {
    const open = await new Promise((done) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); done(true) })
      socket.on('error', () => done(false))
    })
    if (open) return
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port}`)
}

export async function stop(server) {
  server.child.kill('SIGTERM')
  const gone = new Promise((done) => server.child.once('exit', done))
  const killer = setTimeout(() => server.child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(killer)
}

export async function startMock(tools, port, args) {
  const child = start(LOAD_CORE, join(tools, 'bench_mock'), ['--port', String(port), ...args.map(String)])
  await listening(port)
  return { child, port }
}

const children = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number)

/**
 * One worker, key check, alias, Lua pipeline, metrics and log line: the full path. `plugins` are entries of the
 * configuration, `files` scripts of an operator's folder: name to text; `provider` whose wire format the mock speaks.
 */
export async function startGateway(binary, port, mockPort, { plugins = [], files = {}, provider = 'openai' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-bench-'))
  const config = join(folder, 'bench.yaml')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'scripts', dirname(name)), { recursive: true })
    writeFileSync(join(folder, 'scripts', name), text)
  }
  writeFileSync(config, [
    'strategy: { mode: fallback }',
    'targets:',
    `  - { name: mock, provider: ${provider}, base_url: "http://127.0.0.1:${mockPort}/v1",`,
    '      api_key: "sk-bench-upstream-0123", models: [bench-1] }',
    'aliases: { bench: bench-1 }',
    `plugins: ${JSON.stringify(plugins)}`,
    'log: { level: info }',
    'limits: { requests_per_connection: 1000000000 }', ''].join('\n'))
  const settings = { HOST: '127.0.0.1', PORT: String(port), WORKERS: '1', MASTER_KEY }
  const scripts = Object.keys(files).length ? { GATEWAY_SCRIPTS: join(folder, 'scripts') } : {}
  const env = { ...process.env, GATEWAY_CONFIG: config, ...scripts, ...settings }
  const child = start(SERVER_CORE, binary, ['serve'], { env })
  await listening(port)
  await sleep(300)
  return { name: 'moongate', child, port, folder, worker: children(child.pid)[0] }
}

export async function startNginx(port, mockPort, buffering = 'on') {
  const folder = mkdtempSync(join(tmpdir(), 'moongate-nginx-'))
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 20000; }
http {
  access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  keepalive_requests 1000000000; client_max_body_size 0; client_body_buffer_size 256k; tcp_nodelay on;
  upstream mock { server 127.0.0.1:${mockPort}; keepalive 8192; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering ${buffering}; proxy_buffers 8 32k; proxy_buffer_size 32k;
    }
  }
}`)
  const child = start(SERVER_CORE, 'nginx', ['-p', folder, '-c', config])
  await listening(port)
  await sleep(300)
  return { name: 'nginx', child, port, worker: children(child.pid)[0], config }
}

/** Nanoseconds this process was on a CPU, all its threads. */
export function cpuOf(pid) {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  }
  return sum
}

export function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

export function load(tools, port, options) {
  const args = ['-c', LOAD_CORE, join(tools, 'bench_load'), '--port', port]
  for (const [name, value] of Object.entries(options)) args.push(`--${name}`, value)
  const run = spawnSync('taskset', args.map(String), { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`load failed: ${run.stderr}${run.stdout}`)
  return JSON.parse(run.stdout)
}

export function loadAside(tools, port, options) {
  const args = ['--port', port]
  for (const [name, value] of Object.entries(options)) args.push(`--${name}`, value)
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = start(LOAD_CORE, join(tools, 'bench_load'), args.map(String), { stdio })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more) => { text += more })
  return { child, output: new Promise((done) => child.once('close', () => done(text))) }
}

export { sleep }
