// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { completion, speech, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { chatBody, MASTER_KEY, providerKey } from '../tools/gateway.mjs';
import { play } from '../tools/play.mjs';
import { until } from '../tools/wire.mjs';

/** A gateway that records into a file of its own; `lines(count)` waits for that many records. */
async function recording(stage, more = {}, options = {}) {
  const upstream = await stage.upstream();
  const file = `${stage.folder()}/records.jsonl`;
  const config = { recording: { path: file, ...more } };
  const gateway = await stage.gateway({ targets: { openai: upstream }, config, ...options });
  const read = () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const lines = async (count) => (
    await until(5000, `${count} records`, () => read().length >= count && read())).map(JSON.parse);
  return { upstream, gateway, file, read, lines };
}

play('a record has the request, what the upstream said, and the answer', async (stage) => {
  const { upstream, gateway, file, lines } = await recording(stage);
  upstream.answer(completion('recorded words'));
  const answer = await gateway.chat({ temperature: 0.5 }, { 'X-Request-ID': 'ab'.repeat(16) });
  const [record] = await lines(1);
  assert.equal(record.v, 1);
  assert.equal(record.trace_id, 'ab'.repeat(16));
  assert.equal(record.access, 'key');
  assert.equal(record.request.body, chatBody({ temperature: 0.5 }));
  assert.equal(record.upstream.length, 1);
  assert.equal(record.upstream[0].origin, `http://127.0.0.1:${upstream.port}`);
  assert.equal(record.upstream[0].end, 'whole');
  assert.equal(record.upstream[0].pieces.map(([, text]) => text).join(''), answer.text);
  assert.equal(record.answer.status, 200);
  assert.equal(record.answer.body, answer.text);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
});

play('a stream is recorded in its pieces', async (stage) => {
  const { upstream, gateway, lines } = await recording(stage);
  upstream.answer(speech(['one', 'two', 'three'], { every: 20 }));
  const answer = await gateway.stream();
  await drain(answer);
  answer.connection.close();
  const [record] = await lines(1);
  const { pieces } = record.upstream[0];
  assert.ok(pieces.length >= 3, `${pieces.length} pieces`);
  assert.ok(pieces.at(-1)[0] >= 40, 'each with the time it came at');
  assert.equal(record.answer.body.match(/data: \[DONE\]/g).length, 1);
});

play('no credential is in a recording, and secrets in bodies are masked', async (stage) => {
  const { upstream, gateway, read, lines } = await recording(stage);
  const token = `sk-proj-${'a1B2'.repeat(9)}`;
  upstream.answer(completion(`call me at jo@example.com or ${token}`));
  const headers = { 'X-Api-Key': 'canary-header-key', Cookie: 'session=canary-cookie' };
  await gateway.chat({ user: 'max@example.com' }, headers);
  await lines(1);
  const text = read().join('\n');
  const secrets = [MASTER_KEY, providerKey('openai'), ...Object.values(headers), token, 'jo@', 'max@'];
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.ok(text.includes('REDACTED'));
});

play('redact: false keeps bodies as they were, and still no credential', async (stage) => {
  const { upstream, gateway, lines, read } = await recording(stage, { redact: false });
  upstream.answer(completion('write to jo@example.com'));
  await gateway.chat();
  assert.match((await lines(1))[0].answer.body, /jo@example\.com/);
  assert.ok(!read().join().includes(MASTER_KEY));
});

play('only the share asked for is recorded', async (stage) => {
  const { gateway, file } = await recording(stage, { sample: 0 });
  await gateway.chat();
  await gateway.stop();
  assert.ok(!fs.existsSync(file));
});

play('what was queued is written before the gateway ends', async (stage) => {
  const { gateway, read } = await recording(stage);
  for (let i = 0; i < 20; i++) await gateway.chat();
  await gateway.stop();
  assert.equal(read().length, 20);
});

play('a file that cannot be written costs the recording, no request', async (stage) => {
  const { gateway } = await recording(stage, { path: '/nonexistent/records.jsonl' });
  await gateway.log((line) => line.level === 'error' && /recording is off/.test(line.msg));
  assert.equal((await gateway.chat()).status, 200);
});

play('a device is no file to record into', async (stage) => {
  const { gateway } = await recording(stage, { path: '/dev/full' });
  await gateway.log((line) => /recording is off/.test(line.msg));
  assert.equal((await gateway.chat()).status, 200);
});

play('a full file takes nothing more, and says so once', async (stage) => {
  const { upstream, gateway, file } = await recording(stage, { max_size: 8192 });
  upstream.answer(completion('x'.repeat(3000)));
  for (let i = 0; i < 8; i++) assert.equal((await gateway.chat()).status, 200);
  await gateway.log((line) => /its file is full/.test(line.msg));
  assert.ok(fs.statSync(file).size <= 8192);
  await gateway.stop();
  assert.equal(gateway.logs.filter((line) => /its file is full/.test(line.msg)).length, 1);
});

play('administration and probes are not recorded', async (stage) => {
  const { gateway, file, lines } = await recording(stage);
  await gateway.get('/metrics');
  await gateway.get('/livez');
  await gateway.get('/v1/models');
  await lines(1);
  await gateway.stop();
  const records = fs.readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
  assert.deepEqual(records.map((record) => record.request.target), ['/v1/models']);
});

play('a failed target and the one that answered are both kept', async (stage) => {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const file = `${stage.folder()}/records.jsonl`;
  first.answer(whole({ error: { message: 'no' } }, { status: 500 }));
  const config = { recording: { path: file } };
  const gateway = await stage.gateway({ targets: { openai: first, groq: second }, config });
  assert.equal((await gateway.chat()).status, 200);
  const text = await until(5000, 'a record', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8'));
  const record = JSON.parse(text);
  assert.deepEqual(record.upstream.map((one) => [one.origin, one.status]),
    [[`http://127.0.0.1:${first.port}`, 500], [`http://127.0.0.1:${second.port}`, 200]]);
});

play('recording can be switched on and off while the gateway runs', async (stage) => {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const file = `${gateway.dir}/records.jsonl`;
  const config = JSON.parse(fs.readFileSync(`${gateway.dir}/gateway.yaml`, 'utf8'));
  const apply = async (recording) => {
    fs.writeFileSync(`${gateway.dir}/gateway.yaml`, JSON.stringify({ ...config, recording }));
    assert.equal((await gateway.fetch('POST', '/admin/scripts/reload')).status, 200);
  };
  await gateway.chat();
  await apply({ path: file });
  await gateway.chat({ user: 'on' });
  await until(5000, 'a record', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('\n'));
  await apply({ path: '' });
  await gateway.chat({ user: 'off' });
  await gateway.stop();
  const text = fs.readFileSync(file, 'utf8');
  assert.equal(text.split('\n').length, 2);
  assert.match(JSON.parse(text).request.body, /"user":"on"/);
});
