// SPDX-License-Identifier: Apache-2.0
// The failure table: every fault in every hook, for a type that fails closed and one that fails open. Which fault, and
// where, the request says in a header.
import assert from 'node:assert/strict';

import { completion, failure, speech } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { FAULTS, faulty } from '../tools/faults.mjs';
import { PROMPT } from '../tools/gateway.mjs';
import { PATIENCE, assertError, play, plays } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

async function open(stage, type) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: { 'plugins/faulty.lua': faulty(type) },
    config: { plugins: [{ name: 'faulty' }] },
  });
  return { upstream, gateway, worker: gateway.workers() };
}

const SAYS = { before_request: completion('hello'), after_request: completion('hello'),
  on_error: failure(400, { code: 'theirs' }), on_chunk: speech(['one ', 'two ', 'three']) };

async function ask({ upstream, gateway }, hook, fault) {
  upstream.answer(SAYS[hook]);
  const started = Date.now();
  const answer = await gateway.chat({ stream: hook === 'on_chunk' }, { 'X-Fault': `${hook} ${fault}` });
  return { answer, took: Date.now() - started };
}

const CLOSED = {
  before_request: ({ answer }) => assertError(answer, 500, { type: 'server_error', code: 'plugin_error' }),
  after_request: ({ answer }) => assertError(answer, 500, { type: 'server_error', code: 'plugin_error' }),
  on_error: ({ answer }) => assertError(answer, 500, { type: 'server_error', code: 'plugin_error' }),
  on_chunk: ({ answer }) => assertError(answer, 500, { type: 'server_error', code: 'plugin_error' }),
};

const OPEN = {
  before_request: ({ answer }) => assert.equal(answer.json.choices[0].message.content, 'hello'),
  after_request: ({ answer }) => assert.equal(answer.json.choices[0].message.content, 'hello'),
  on_error: ({ answer }) => assertError(answer, 400, { code: 'theirs' }),
  on_chunk: ({ answer }) => assert.match(answer.text, /one [^]*two [^]*three[^]*\[DONE\]/),
};

for (const [type, outcomes] of [['guardrail', CLOSED], ['logging', OPEN]]) {
  plays(`a ${type} that`, (stage) => open(stage, type), (act) => {
    for (const hook of Object.keys(SAYS)) {
      for (const fault of Object.keys(FAULTS)) {
        act(`${fault} in ${hook}`, async (scene) => {
          const result = await ask(scene, hook, fault);
          outcomes[hook](result);
          assert.ok(result.took < 1500 * PATIENCE, `answered after ${result.took} ms`);
          assert.deepEqual(scene.gateway.workers(), scene.worker, 'the worker lives');
        });
      }
      act(`fails in ${hook} is logged and counted, each time`, async ({ gateway }) => {
        const all = () => gateway.logs.filter((line) => line.msg === 'plugin failed');
        const lines = () => all().filter((line) => line.hook === hook);
        await until(3000, 'a line for each fault', () => lines().length >= Object.keys(FAULTS).length);
        for (const line of lines()) {
          assert.equal(line.plugin, 'faulty');
          assert.match(line.code, /^script_(error|cpu_limit|memory_limit)$/);
          assert.ok(line.error && line.trace_id);
        }
        const blamed = gateway.logs.filter((line) => /providers failed: .*plugin/.test(line.error));
        assert.deepEqual(blamed, [], 'no provider is blamed');
        const metrics = await gateway.metrics();
        assert.equal(metrics.value('gateway_script_faults_total', { name: 'plugins/faulty' }), all().length);
        const { scripts } = JSON.parse((await gateway.get('/admin/scripts')).text);
        const { calls } = scripts.find((one) => one.kind === 'plugins' && one.name === 'faulty');
        assert.equal(calls.faults, all().length);
      });
    }
  }, { ms: 10_000 });
}

for (const [type, status] of Object.entries({ auth: 500, transform: 500, ratelimit: 500, metrics: 200 })) {
  play(`a plugin of type ${type} that raises gives ${status}`, async (stage) => {
    const scene = await open(stage, type);
    assert.equal((await ask(scene, 'before_request', 'raises')).answer.status, status);
  });
}

play('an error that repeats the prompt loses it in the log', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('an answer-marker'));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [{ name: 'teller' }] },
    scripts: { 'plugins/teller.lua': `return { name = "teller", type = "logging",
      before_request = function(ctx) for part in ctx:texts() do error("cannot take " .. part.text:upper()) end end }` },
  });
  assert.equal((await gateway.chat()).status, 200);
  const line = await gateway.log('plugin failed');
  assert.match(line.error, /^plugins\/teller\.lua:2: cannot take \[withheld\]$/);
  assert.ok(!line.error.toLowerCase().includes(PROMPT));
});

play('an error that repeats the answer loses it in the log', async (stage) => {
  const upstream = await stage.upstream();
  upstream.answer(completion('an answer-marker'));
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { plugins: [{ name: 'teller' }] },
    scripts: { 'plugins/teller.lua': `return { name = "teller", type = "logging",
      after_request = function(ctx) for part in ctx:texts() do error("cannot take " .. part.text) end end,
      on_chunk = { feed = function(_, text) error("cannot feed " .. text) end } }` },
  });
  assert.equal((await gateway.chat()).json.choices[0].message.content, 'an answer-marker');
  assert.match((await gateway.log('plugin failed')).error, /^plugins\/teller\.lua:2: cannot take an \[withheld\]$/);
  upstream.answer(speech(['stream-marker']));
  const stream = await gateway.stream();
  assert.equal(spelled((await drain(stream)).list), 'stream-marker');
  stream.connection.close();
  const line = await gateway.log((one) => one.msg === 'plugin failed' && one.hook === 'on_chunk');
  assert.match(line.error, /^plugins\/teller\.lua:3: cannot feed \[withheld\]$/);
});
