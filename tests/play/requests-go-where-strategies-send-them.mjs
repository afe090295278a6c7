// SPDX-License-Identifier: Apache-2.0
// One gateway with a group for each strategy; the header X-Way says which group a request is for.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, failure, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';
import { Scripts } from '../tools/scripts.mjs';
import { until } from '../tools/wire.mjs';

const MINE = (order) => `return {
  name = "mine", schema = { word = { "string", required = true } },
  choose = function(targets, request)
    if request.conf.config.word ~= "house" then error "no config" end
    return ${order}
  end,
}
`;

function configuration(servers, { without = '' } = {}) {
  const [east, west, south] = servers;
  const at = (group) => (name, upstream, more = {}) => ({
    name: `${group}-${name}`, provider: 'vllm', base_url: upstream.url, models: ['m'], ...more });
  const group = (name, strategy, list) => {
    const make = at(name);
    const targets = list.map((entry) => make(...entry)).filter((target) => target.name !== without);
    return { name, strategy, targets };
  };
  const ways = ['weighted', 'test', 'words', 'sticky', 'quick', 'own', 'deep'];
  return {
    strategy: { mode: 'conditional', conditions: [
      ...ways.map((way) => ({ key: 'header', name: 'X-Way', value: way, target_key: way })),
      { key: 'tag', value: ['none', 'batch'], target_key: 'quick' },
      { key: 'user', value: 'ann', target_key: 'weighted' },
      { key: 'min_tokens', value: 2000, target_key: 'words' },
      { key: 'tools', value: true, also: [{ key: 'stream', value: false }], target_key: 'own' },
    ] },
    targets: [
      group('plain', { mode: 'fallback' }, [['one', east], ['two', west]]),
      group('weighted', { mode: 'loadbalance' },
        [['one', east, { weight: 1 }], ['two', west, { weight: 1 }], ['drained', south, { weight: 0 }]]),
      group('test', { mode: 'ab-test', ab_variants: [
        { target_key: 'test-one', weight: 1, label: 'control' }, { target_key: 'test-two', weight: 1, label: 'new' }] },
        [['one', east], ['two', west]]),
      group('words', { mode: 'content-based', content_conditions: [
        { type: 'prompt_contains', value: 'Invoice', target_key: 'words-two' },
        { type: 'prompt_regex', value: '^sql:', target_key: 'words-three' },
        { type: 'prompt_regex', value: '(x+x+)+y.{50}z', target_key: 'words-three' }] },
        [['one', east], ['two', west], ['three', south]]),
      group('sticky', { mode: 'sticky', config: { by: ['user', 'prefix'] } },
        [['one', east], ['two', west], ['three', south]]),
      group('quick', { mode: 'least-latency', config: { explore: 0 } }, [['one', east], ['two', west]]),
      group('own', { mode: 'mine', config: { word: 'house' } }, [['one', east], ['two', west]]),
      { name: 'deep', strategy: { mode: 'fallback' }, targets: [
        { name: 'deeper', strategy: { mode: 'single' }, targets: [at('deep')('one', east), at('deep')('two', west)] },
        at('deep')('three', south)] },
    ],
  };
}

async function open(stage) {
  const servers = [await stage.upstream(), await stage.upstream(), await stage.upstream()];
  servers.forEach((server, i) => { server.own = completion(['east', 'west', 'south'][i]); });
  const scripts = new Scripts(stage.folder({ 'strategies/mine.lua': MINE('targets') }));
  const gateway = await stage.gateway({ config: configuration(servers), env: { GATEWAY_SCRIPTS: scripts.dir } });
  const fresh = () => servers.forEach((server) => { server.requests.length = 0; server.answer(server.own); });
  const ask = async (way, body = {}, headers = {}) => (
    gateway.chat({ model: 'm', ...body }, { ...(way ? { 'X-Way': way } : {}), ...headers }));
  const says = async (...given) => {
    const answer = await ask(...given);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.choices[0].message.content;
  };
  return { servers, scripts, gateway, fresh, ask, says };
}

const user = (content) => ({ messages: [{ role: 'system', content: 'INVOICE sql:' }, { role: 'user', content }] });

plays('a strategy', open, (act) => {
  act('leads to its first group where no condition holds, and the group goes on', async ({ servers, fresh, says }) => {
    fresh();
    assert.equal(await says(), 'east');
    servers[0].answer(failure(500));
    assert.equal(await says(), 'west');
  });
  act('that is named goes to no other group', async ({ servers, fresh, ask }) => {
    fresh();
    servers[0].answer(failure(500));
    servers[1].answer(failure(503));
    assert.equal((await ask()).status, 502);
    assert.deepEqual(servers.map(({ requests }) => requests.length), [1, 1, 0]);
  });
  act('with a named group inside asks one of it, then the next', async ({ servers, fresh, says }) => {
    fresh();
    servers[0].answer(failure(500));
    assert.equal(await says('deep'), 'south');
    assert.deepEqual(servers.map(({ requests }) => requests.length), [1, 0, 1]);
  });
  act('never asks a drained target, not even last', async ({ servers, fresh, ask, says }) => {
    fresh();
    const seen = new Set();
    for (let i = 0; i < 20; i++) seen.add(await says('weighted'));
    assert.deepEqual([...seen].sort(), ['east', 'west']);
    servers[0].answer(failure(500));
    servers[1].answer(failure(500));
    assert.equal((await ask('weighted')).status, 502);
    assert.equal(servers[2].requests.length, 0);
  });
  act('goes by several tests at once', async ({ gateway, fresh, ask }) => {
    fresh();
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const target = async (body) => {
      const id = (await ask('', body)).header('x-request-id');
      return (await gateway.log((one) => one.msg === 'http request' && one.trace_id === id)).target;
    };
    assert.equal(await target({ tools }), 'own-one');
    assert.equal(await target({ tools: [] }), 'plain-one');
  });
  act('gives a user one variant, whose label is logged and counted', async ({ gateway, fresh, ask }) => {
    fresh();
    const names = new Map(), ids = [];
    for (let i = 0; i < 24; i++) {
      const name = `user-${i % 8}`;
      const answer = await ask('test', { user: name });
      assert.equal(answer.status, 200);
      ids.push(answer.header('x-request-id'));
      const said = answer.json.choices[0].message.content;
      assert.equal(names.get(name) ?? said, said);
      names.set(name, said);
    }
    for (const id of ids) {
      const line = await gateway.log((one) => one.msg === 'http request' && one.trace_id === id);
      assert.equal(line.variant, line.target === 'test-one' ? 'control' : 'new');
    }
    const metrics = await gateway.metrics();
    const total = (variant, target) => metrics.value('gateway_variant_requests_total', { variant, target });
    assert.equal(total('control', 'test-one') + total('new', 'test-two'), 24);
    assert.ok(total('control', 'test-one') > 0 && total('new', 'test-two') > 0);
  });
  act('goes by what the user says, in any API', async ({ gateway, fresh, says }) => {
    fresh();
    assert.equal(await says('words', user('my INVOICE, please')), 'west');
    assert.equal(await says('words', user('sql: select')), 'south');
    assert.equal(await says('words', user('hello')), 'east');
    for (const [path, body] of [
      ['/v1/messages', { model: 'm', max_tokens: 5, system: 'sql:', messages: [
        { role: 'user', content: [{ type: 'text', text: 'an invoice' }] }] }],
      ['/v1/responses', { model: 'm', instructions: 'sql:', input: 'an invoice', store: false }],
      ['/v1beta/models/m:generateContent', { systemInstruction: { parts: [{ text: 'sql:' }] },
        contents: [{ role: 'user', parts: [{ text: 'an invoice' }] }] }],
      ['/v1/completions', { model: 'm', prompt: 'an invoice' }],
    ]) {
      const answer = await gateway.fetch('POST', path, {
        headers: { 'Content-Type': 'application/json', 'X-Way': 'words' }, body: JSON.stringify(body) });
      const line = await gateway.log((one) => one.msg === 'http request' && one.path === path);
      assert.equal(line.target, 'words-two', `${path}: ${answer.text}`);
    }
  });
  act('looks through a prompt of megabytes that was made to keep it busy', async ({ fresh, says }) => {
    fresh();
    assert.equal(await says('words', user('x'.repeat(4 << 20))), 'east');
    assert.equal(await says('words', user(`${'x'.repeat(4 << 20)} invoice`)), 'west');
  });
  act('goes by tags, users, sizes and bodies of any API', async ({ gateway, fresh, ask }) => {
    fresh();
    const target = async (body, headers) => {
      const id = (await ask('', body, headers)).header('x-request-id');
      return (await gateway.log((one) => one.msg === 'http request' && one.trace_id === id)).target;
    };
    assert.match(await target({ metadata: { tags: 'eu,batch' } }), /^quick-/);
    assert.match(await target({}, { 'X-Gateway-Tags': 'batch' }), /^quick-/);
    assert.match(await target({ user: 'ann' }), /^weighted-/);
    assert.equal(await target({ messages: [{ role: 'user', content: 'word '.repeat(4000) }] }), 'words-one');
    assert.equal(await target({ metadata: { tags: 'other' }, user: 'bob' }), 'plain-one');
  });
  act('leads the turns of a conversation to one server, and past it when it fails', async (stage) => {
    const { servers, fresh, says } = stage;
    fresh();
    for (let i = 0; i < 6; i++) {
      const first = user(`question ${i}`);
      const home = await says('sticky', first);
      const later = { messages: [...first.messages, { role: 'assistant', content: home },
        { role: 'user', content: 'go on' }] };
      assert.equal(await says('sticky', later), home);
      const server = servers[['east', 'west', 'south'].indexOf(home)];
      server.answer(failure(500));
      assert.notEqual(await says('sticky', later), home);
      server.answer(server.own);
      assert.equal(await says('sticky', later), home);
    }
  });
  act('leaves a server that became slow', async ({ servers, fresh, says }) => {
    fresh();
    const message = { role: 'assistant', content: 'ok' };
    const after = (delay) => whole({ choices: [{ index: 0, message }] }, { delay });
    servers[0].answer(after(1));
    servers[1].answer(after(40));
    for (let i = 0; i < 6; i++) await says('quick');
    servers[0].answer(after(400));
    servers[0].requests.length = 0;
    for (let i = 0; i < 10; i++) await says('quick');
    assert.ok(servers[0].requests.length <= 1, `${servers[0].requests.length} of 10 to the slow one`);
  });
  act('of one\'s own changes while requests go on', async ({ gateway, scripts, fresh, says }) => {
    fresh();
    assert.equal(await says('own'), 'east');
    scripts.replace('strategies/mine.lua', MINE('targets, 2'));
    const seen = [];
    await until(5000, 'the new order', async () => {
      seen.push(await says('own'));
      return seen.at(-1) === 'west';
    });
    assert.ok(seen.slice(0, -1).every((name) => name === 'east'));
    scripts.replace('strategies/mine.lua', MINE('} broken'));
    await gateway.log('generation rejected');
    assert.equal(await says('own'), 'west');
    scripts.replace('strategies/mine.lua', MINE('targets'));
    await until(5000, 'the first order', async () => await says('own') === 'east');
  });
  act('shares a removed target\'s users among the others at once', async ({ gateway, servers, fresh, says }) => {
    fresh();
    const homes = async () => {
      const found = [];
      for (let i = 0; i < 12; i++) found.push(await says('sticky', { user: `u${i}` }));
      return found;
    };
    const before = await homes();
    assert.deepEqual([...new Set(before)].sort(), ['east', 'south', 'west']);
    const activated = gateway.logs.filter((line) => line.msg === 'generation activated').length;
    fs.writeFileSync(`${gateway.dir}/gateway.yaml`,
      JSON.stringify(configuration(servers, { without: 'sticky-two' })));
    gateway.child.kill('SIGHUP');
    await until(5000, 'the new configuration', () => (
      gateway.logs.filter((line) => line.msg === 'generation activated').length > activated));
    const after = await homes();
    before.forEach((home, i) => {
      if (home === 'west') assert.notEqual(after[i], 'west');
      else assert.equal(after[i], home);
    });
  });
});
