// SPDX-License-Identifier: Apache-2.0
// Health checks and circuits: who is down is not asked, and the probes, the admin API and the metrics say so, whichever
// worker is asked and whichever found out.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, failure, whole } from '../tools/answers.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { PATIENCE, assertError, plays } from '../tools/play.mjs';
import { sleep, until } from '../tools/wire.mjs';

const EVERY_MS = 100;

/** Answers checks with `life`, and everything else with `answer`. */
const living = (life, answer = completion('hello')) => (io, got) => (got.method === 'GET' ? life : answer)(io, got);

const ALIVE = whole({ ok: true });
const DEAD = whole({ error: 'dead' }, { status: 503 });

async function open(stage) {
  const checked = await stage.upstream();
  const other = await stage.upstream();
  const broken = await stage.upstream();
  checked.answer(living(ALIVE));
  other.answer(living(ALIVE));
  const target = (name, upstream, more) => ({
    name, provider: 'openai', base_url: upstream.url, api_key: 'canary-own-key', models: [MODEL], ...more,
  });
  const gateway = await stage.gateway({
    config: { targets: [
      target('checked', checked, { health_check: {
        interval: `${EVERY_MS}ms`, timeout: '2s', path: '/live', unhealthy_after: 2, healthy_after: 2 } }),
      target('other', other),
      target('broken', broken, {
        models: ['bad', 'good'], circuit_breaker: { failure_threshold: 2, timeout: '1h' },
        concurrency: { max_concurrency: 7 } }),
    ], strategy: { mode: 'fallback' } },
    env: { WORKERS: '2' }, expect: { restarts: true },
  });
  return { checked, other, broken, gateway };
}

const checks = (upstream) => upstream.requests.filter((got) => got.method === 'GET');
const target = (list, name) => list.find((one) => one.name === name);

/** Every worker says the same: what is asked often enough is asked of both. */
async function all(gateway, path, test) {
  for (let i = 0; i < 8; i++) test((await gateway.get(path)).json);
}

plays('a target that does not answer', open, (act) => {
  act('is found by one worker at a time', async ({ checked }) => {
    await until(5000, 'the first checks', () => checks(checked).length >= 3);
    const [first] = checks(checked);
    assert.deepEqual([first.target, first.header('authorization')], ['/v1/live', 'Bearer canary-own-key']);
    const before = checks(checked).length;
    const begun = performance.now();
    await sleep(8 * EVERY_MS);
    const most = Math.ceil((performance.now() - begun) / (EVERY_MS * 0.9)) + 1;
    const count = checks(checked).length - before;
    assert.ok(count >= 1 && count <= most, `${count} checks, at most ${most}`);
  });

  act('is passed over, and nobody waits for it', async ({ checked, other, gateway }) => {
    checked.answer(living(DEAD));
    const line = await gateway.log('target unhealthy', 10_000 * PATIENCE);
    assert.deepEqual([line.level, line.target, line.error], ['warn', 'checked', 'status 503']);
    for (let i = 0; i < 6; i++) assert.equal((await gateway.chat()).status, 200);
    assert.equal(checked.requests.filter((got) => got.method === 'POST').length, 0);
    assert.equal(other.requests.filter((got) => got.method === 'POST').length, 6);
    await all(gateway, '/readyz', (json) => {
      assert.equal(json.status, 'ready');
      assert.deepEqual(json.targets.map((one) => [one.name, one.routable]),
        [['checked', false], ['other', true], ['broken', true]]);
    });
    await all(gateway, '/health', (json) => assert.equal(target(json.targets, 'checked').healthy, false));
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_target_up', { target: 'checked' }), 0);
    assert.equal(metrics.find('gateway_target_up', { target: 'other' }).length, 0, 'who is not checked has none');
    assert.equal(metrics.value('gateway_events_total', { subject: 'gateway.target.unhealthy' }), 1);
  });

  act('is checked on when the worker that did it is killed', async ({ checked, gateway }) => {
    const [victim] = gateway.workers();
    process.kill(victim, 'SIGKILL');
    const before = checks(checked).length;
    await until(10_000 * PATIENCE, 'further checks', () => checks(checked).length >= before + 3);
    await until(10_000 * PATIENCE, 'another worker', () => gateway.workers().length === gateway.firstWorkers.length
      && !gateway.workers().includes(victim));
  });

  act('is asked again once it answers', async ({ checked, gateway }) => {
    checked.answer(living(ALIVE));
    await gateway.log('target healthy', 10_000 * PATIENCE);
    const before = checked.requests.filter((got) => got.method === 'POST').length;
    assert.equal((await gateway.chat()).status, 200);
    assert.equal(checked.requests.filter((got) => got.method === 'POST').length, before + 1);
    const metrics = await gateway.metrics();
    assert.equal(metrics.value('gateway_target_up', { target: 'checked' }), 1);
  });

  act('with one model is bad with that model alone', async ({ broken, gateway }) => {
    broken.answer((io, got) => (got.json.model === 'bad' ? failure(500) : completion('fine'))(io, got));
    for (let i = 0; i < 2; i++) assertError(await gateway.chat({ model: 'bad' }), 502);
    assert.equal((await gateway.chat({ model: 'good' })).status, 200);
    const asked = broken.requests.length;
    const refused = await gateway.chat({ model: 'bad' });
    assertError(refused, 503, { code: 'upstream_unavailable' });
    assert.ok(Number(refused.header('retry-after')) >= 1);
    assert.equal(broken.requests.length, asked, 'nobody is asked');
    await all(gateway, '/health', (json) => {
      assert.equal(json.providers[0].circuit, 'open');
      const one = target(json.targets, 'broken');
      assert.deepEqual([one.circuit, one.routable, one.models], ['open', true, [{ model: 'bad', circuit: 'open' }]]);
    });
    await all(gateway, '/admin/routing/targets', (json) => {
      const one = target(json.targets, 'broken');
      assert.deepEqual(one.models.map(({ model, circuit }) => [model, circuit]), [['bad', 'open'], ['good', 'closed']]);
      assert.deepEqual([one.max_concurrency, one.figures.in_flight, one.figures.queued], [7, 0, 0]);
    });
    for (let i = 0; i < 4; i++) {
      const metrics = await gateway.metrics();
      assert.equal(metrics.value('gateway_circuit_breaker_state', { provider: 'broken' }), 1);
      assert.equal(metrics.find('gateway_circuit_breaker_state', { provider: 'other' }).length, 0);
    }
  });

  act('with any model is not routable', async ({ broken, gateway }) => {
    broken.answer(failure(502));
    for (let i = 0; i < 2; i++) assertError(await gateway.chat({ model: 'good' }), 502);
    await all(gateway, '/readyz', (json) => assert.equal(target(json.targets, 'broken').routable, false));
  });

  act('leaves the metrics when it is taken out', async ({ gateway }) => {
    const gauges = async (name) => {
      const metrics = await gateway.metrics();
      const families = ['in_flight', 'queued', 'up'].map((family) => [`gateway_target_${family}`, { target: name }]);
      families.push(['gateway_circuit_breaker_state', { provider: name }]);
      return families.filter(([family, labels]) => metrics.find(family, labels).length > 0).map(([family]) => family);
    };
    assert.equal((await gauges('checked')).length, 2);
    assert.equal((await gauges('broken')).length, 3);
    const config = JSON.parse(fs.readFileSync(gateway.env.GATEWAY_CONFIG));
    config.targets = config.targets.filter(({ name }) => name === 'other');
    fs.writeFileSync(gateway.env.GATEWAY_CONFIG, JSON.stringify(config));
    const reloaded = await gateway.fetch('POST', '/admin/scripts/reload');
    assert.equal(reloaded.status, 200, reloaded.text);
    for (const name of ['checked', 'broken']) {
      await until(5000, `nobody is ${name}`, async () => (await gauges(name)).length === 0);
    }
    assert.deepEqual(await gauges('other'), ['gateway_target_in_flight']);
  });
});
