// SPDX-License-Identifier: Apache-2.0
// Every transcript of spec/fixtures/anthropic, end to end: a client of OpenAI's API, a fake Anthropic upstream.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { head, raw, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { plays } from '../tools/play.mjs';

const FOLDER = new URL('../../spec/fixtures/anthropic/', import.meta.url);
const FILES = fs.readdirSync(FOLDER);
const read = (name) => fs.readFileSync(new URL(name, FOLDER), 'utf8');
const json = (name) => JSON.parse(read(name));
const has = (name) => FILES.includes(name);
const cases = (suffix) => FILES.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));

const PREFIX = 'anthropic/';
const REQUESTS = cases('.client.json').map((name) => json(`${name}.client.json`).body);
const MODELS = [...new Set(REQUESTS.map(({ model }) => model.replace(PREFIX, '')))];
const DEFAULT = { model: `${PREFIX}${MODELS[0]}`, messages: [{ role: 'user', content: 'Hello' }] };
const client = (name) => (has(`${name}.client.json`) ? json(`${name}.client.json`).body : DEFAULT);

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { anthropic: upstream },
    config: {
      strategy: { mode: 'single' },
      targets: [{ virtual_key: 'anthropic', models: MODELS }],
      aliases: Object.fromEntries(MODELS.map((model) => [PREFIX + model, model])),
    },
  });
  return { upstream, gateway };
}

/** As the transcripts compare: an optional null equals an absent member, any time is the expected one. */
const settled = (value) => JSON.parse(JSON.stringify(value, (name, member) => (
  name === 'created' ? 0 : member === null ? undefined : member)));

const dataOf = (text) => text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));

/** The upstream's event stream as bytes of a chunked body, cut into pieces of `size`. */
function eventStream(text, size) {
  const bytes = Buffer.from(text);
  let body = '';
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size).toString('latin1');
    body += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return raw(`${head(200, { 'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked' })}${body}0\r\n\r\n`,
    { after: 'keep' });
}

function checkRequest(upstream, name) {
  if (!has(`${name}.request.json`)) return;
  const expected = json(`${name}.request.json`);
  const request = upstream.last;
  assert.equal(`${request.method} ${request.target}`, `POST ${new URL(expected.url).pathname}`);
  assert.deepEqual(request.json, expected.body);
  for (const [field, value] of Object.entries(expected.headers)) {
    assert.equal(request.header(field), value.startsWith('$') ? 'canary-provider-key-anthropic-9e41' : value, field);
  }
  assert.equal(request.header('authorization'), undefined);
}

plays('a whole answer of Anthropic', open, (act) => {
  for (const name of cases('.response.json').filter((one) => has(`${one}.expected.openai.json`))) {
    act(`${name} is OpenAI's`, async ({ upstream, gateway }) => {
      const theirs = json(`${name}.response.json`);
      upstream.answer(whole(theirs.body, { status: theirs.status, headers: theirs.headers }));
      const answer = await gateway.chat(JSON.stringify(client(name)));
      const expected = json(`${name}.expected.openai.json`);
      assert.equal(answer.status, expected.status, answer.text);
      assert.deepEqual(settled(answer.json), settled(expected.body));
      for (const [field, value] of Object.entries(expected.headers)) assert.equal(answer.header(field), value, field);
      checkRequest(upstream, name);
    });
  }
});

plays('a stream of Anthropic', open, (act) => {
  for (const name of cases('.stream.txt').filter((one) => has(`${one}.expected.openai.stream.txt`))) {
    for (const size of [1, 7, 1 << 20]) {
      act(`${name} is OpenAI's, in pieces of ${size} bytes`, async ({ upstream, gateway }) => {
        upstream.answer(eventStream(read(`${name}.stream.txt`), size));
        const stream = await gateway.stream(JSON.stringify({
          stream_options: { include_usage: true }, ...client(name), stream: true,
        }));
        const { list, done, complete } = await drain(stream);
        stream.connection.close();
        const expected = dataOf(read(`${name}.expected.openai.stream.txt`));
        const chunks = expected.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data));
        assert.deepEqual(list.map(settled), chunks.map(settled));
        assert.deepEqual([done, complete], [expected.includes('[DONE]') ? 1 : 0, true]);
        checkRequest(upstream, name);
      });
    }
  }
  for (const name of cases('.stream.txt').filter((one) => has(`${one}.expected.openai.json`))) {
    act(`${name} is an error with its own status`, async ({ upstream, gateway }) => {
      upstream.answer(eventStream(read(`${name}.stream.txt`), 1 << 20));
      const answer = await gateway.chat(JSON.stringify({ ...client(name), stream: true }));
      const expected = json(`${name}.expected.openai.json`);
      assert.equal(answer.status, expected.status, answer.text);
      assert.deepEqual(settled(answer.json), settled(expected.body));
    });
  }
});
