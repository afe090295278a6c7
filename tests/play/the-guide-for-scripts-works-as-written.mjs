// SPDX-License-Identifier: Apache-2.0
// docs/scripting.md, docs/providers-of-your-own.md and examples/: what stands there runs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

import { command } from '../tools/gateway.mjs';
import { assertError, play } from '../tools/play.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDE = fs.readFileSync(`${ROOT}docs/scripting.md`, 'utf8');
const OTHERS = ['clients', 'providers', 'providers-of-your-own', 'configuration', 'plugins', 'catalog'];
const guides = { scripting: GUIDE, ...Object.fromEntries(OTHERS.map((name) => (
  [name, fs.readFileSync(`${ROOT}docs/${name}.md`, 'utf8')]))) };
const blocksOf = (guide) => (
  [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text })));
const blocks = blocksOf(GUIDE);

/** The blocks that name the file they are, as files of a folder. */
const files = () => Object.fromEntries([...blocks, ...blocksOf(guides['providers-of-your-own'])].flatMap((block) => {
  const { kind, text } = block;
  const path = kind === 'lua' && /^-- ((?:plugins|strategies|providers|admin|spec)\/\S+\.lua)\n/.exec(text)?.[1];
  return path ? [[path, text]] : [];
}));

const chat = (gateway, content) => gateway.chat({ model: 'demo-echo', messages: [{ role: 'user', content }] });

play('the first guardrail of the guide guards, as it is written', async (stage) => {
  const first = blocks.findIndex(({ kind }) => kind === 'lua');
  const yaml = blocks.slice(first).find(({ kind }) => kind === 'yaml').text;
  const name = /name = "([a-z-]+)"/.exec(blocks[first].text)[1];
  const scripts = stage.folder({ [`plugins/${name}.lua`]: blocks[first].text });
  const gateway = await stage.gateway({ yaml, env: { GATEWAY_SCRIPTS: scripts } });
  assert.equal((await chat(gateway, 'What is a project?')).status, 200);
  const [, status, body] = /^# (\d+) (\{.*\})$/m.exec(GUIDE);
  const refused = await chat(gateway, 'When is Project Nightfall due?');
  assertError(refused, Number(status));
  assert.deepEqual(refused.json, JSON.parse(body));
});

play('the admin script of the guide serves, as it is written', async (stage) => {
  const gateway = await stage.gateway({ scripts: { 'admin/notes.lua': files()['admin/notes.lua'] } });
  const put = (body) => gateway.fetch('PUT', '/admin/notes/today', { body });
  assertError(await gateway.get('/admin/notes/today'), 404, { code: 'note_not_found' });
  assertError(await put('{'), 400, { code: 'invalid_request' });
  assertError(await put('{"text":7}'), 400, { code: 'invalid_request' });
  assert.deepEqual((await put('{"text":"closed at noon"}')).json, { name: 'today', text: 'closed at noon' });
  assert.equal((await gateway.get('/admin/notes/today')).json.text, 'closed at noon');
});

play('the specs of the guide pass', async (stage) => {
  const scripts = stage.folder(files());
  assert.ok(Object.keys(files()).filter((path) => path.startsWith('spec/')).length >= 2);
  const { code, out, err } = await command(['spec', scripts]);
  assert.equal(code, 0, out + err);
});

play('every script of the guide is one', async (stage) => {
  const yaml = 'targets: auto\n';
  const scripts = stage.folder({ ...files(), 'gateway.yaml': yaml });
  const { code, out, err } = await command(['check', `${scripts}/gateway.yaml`], { env: { GATEWAY_SCRIPTS: scripts } });
  assert.equal(code, 0, out + err);
});

play('the examples serve together', async (stage) => {
  const yaml = fs.readFileSync(`${ROOT}examples/gateway.yaml`, 'utf8');
  const gateway = await stage.gateway({ yaml, env: { GATEWAY_SCRIPTS: `${ROOT}examples` } });
  const answer = await chat(gateway, 'Tell me of Nightfall');
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.json.choices[0].message.content, /the project/);
  assert.equal(answer.header('x-quota-remaining'), '999');
  assertError(await chat(gateway, 'project nightfall'), 400, { code: 'blocked_content' });
});

play('the links of the guides lead somewhere', async () => {
  const anchors = (text) => new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => (
    title.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'))));
  for (const [name, text] of Object.entries(guides)) {
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('http')) continue;
      const [file, anchor] = target.split('#');
      const there = file ? `${ROOT}docs/${file}` : `${ROOT}docs/${name}.md`;
      assert.ok(fs.existsSync(there), `${name}: ${target}`);
      if (anchor) assert.ok(anchors(fs.readFileSync(there, 'utf8')).has(anchor), `${name}: ${target}`);
    }
  }
});
