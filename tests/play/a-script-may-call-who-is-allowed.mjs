// SPDX-License-Identifier: Apache-2.0
// gateway.http from inside a request: the handler of GET /v1/models/{x} is a script that fetches as a header says.
import assert from 'node:assert/strict';

import { raw, silence, whole } from '../tools/answers.mjs';
import { programWith } from '../tools/program.mjs';
import { until } from '../tools/wire.mjs';

programWith({ 'admin/models.lua': `
local http = require "gateway.http"
local json = require "gateway.json"
local function model(call)
  local answers = {}
  for i = 1, tonumber(call:header "x-times" or 1) do
    local answer, message, code = http.fetch(json.decode(call:header "x-fetch"))
    answers[i] = answer or { message = message, code = code }
  end
  call:respond(200, "application/json", json.encode(#answers == 1 and answers[1] or answers))
end
return { models = model, model = model }
` });
const { freePort } = await import('../tools/gateway.mjs');
const { plays } = await import('../tools/play.mjs');

const ALLOWED = ['*.invalid', 'http://nobody.invalid', '127.0.0.1'];

plays('a script that fetches', async (stage) => {
  const service = await stage.upstream();
  const gateway = await stage.gateway({ config: { scripts: { http_allow: ALLOWED } } });
  const fetch = async (options, times = 1) => {
    const url = options.url ?? `http://127.0.0.1:${service.port}/path?q=1`;
    const headers = { 'X-Fetch': JSON.stringify({ ...options, url }), 'X-Times': String(times) };
    return (await gateway.get('/v1/models/x', { headers })).json;
  };
  return { service, gateway, fetch };
}, (act) => {
  act('gets the whole answer, headers by lower-case name', async ({ service, fetch }) => {
    service.answer(whole('said', { headers: { 'X-Twice': ['a', 'b'], 'Content-Type': 'text/plain' } }));
    const answer = await fetch({ headers: { 'X-Mine': 'yes' } });
    assert.deepEqual([answer.status, answer.body, answer.headers['x-twice']], [200, 'said', 'a, b']);
    assert.deepEqual([service.last.method, service.last.target], ['GET', '/path?q=1']);
    assert.match(service.last.raw.toString(), /\r\nX-Mine: yes\r\n/);
    assert.match(service.last.raw.toString(), /\r\nUser-Agent: moongate\r\n/);
  });
  act('posts a body byte for byte', async ({ service, fetch }) => {
    service.answer(whole('ok', { status: 201 }));
    assert.equal((await fetch({ body: 'a\u0000b' })).status, 201);
    assert.deepEqual([service.last.method, service.last.body.toString()], ['POST', 'a\u0000b']);
  });
  act('is shown a redirect and not taken along', async ({ service, fetch }) => {
    const before = service.requests.length;
    service.answer(whole('', { status: 302, headers: { Location: 'http://127.0.0.1:1/' } }));
    assert.equal((await fetch({})).status, 302);
    assert.equal(service.requests.length, before + 1);
  });
  act('reaches nobody who is not allowed', async ({ service, fetch }) => {
    const before = service.connections.length;
    for (const url of ['https://example.com/', `http://localhost:${service.port}/`, 'http://x.invalid/',
      'https://invalid/', 'http://169.254.169.254/latest/meta-data/']) {
      assert.equal((await fetch({ url })).code, 'not_allowed', url);
    }
    assert.equal(service.connections.length, before);
  });
  act('may name further hosts itself', async ({ service, fetch }) => {
    service.answer(whole('named'));
    const url = `http://localhost:${service.port}/`;
    assert.equal((await fetch({ url, allow: [`localhost:${service.port}`] })).body, 'named');
    assert.equal((await fetch({ url, allow: [`localhost:${service.port + 1}`] })).code, 'not_allowed');
    assert.equal((await fetch({ url, allow: ['https://localhost'] })).code, 'not_allowed');
  });
  act('learns in a word why nothing came', async ({ service, fetch }) => {
    const closed = await freePort();
    assert.equal((await fetch({ url: `http://127.0.0.1:${closed}/` })).code, 'refused');
    assert.equal((await fetch({ url: 'https://nobody.invalid/' })).code, 'dns');
    assert.equal((await fetch({ url: 'https://user:pass@127.0.0.1/' })).code, 'bad_url');
    assert.equal((await fetch({ headers: { 'Content-Length': '5' } })).code, 'bad_request');
    assert.equal((await fetch({ headers: { 'X-A': 'b\r\nX-C: d' } })).code, 'bad_request');
    assert.equal((await fetch({ url: `http://127.0.0.1:${service.port}/a b` })).code, 'bad_request');
    service.answer(silence());
    assert.equal((await fetch({ timeout_ms: 200 })).code, 'timeout');
    await until(2000, 'the end of the call', () => service.last.connection.closedAt !== null);
    service.answer(raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'));
    assert.equal((await fetch({})).code, 'reset');
    service.answer(raw('nonsense\r\n\r\n'));
    assert.equal((await fetch({})).code, 'bad_response');
  });
  act('gets a mebibyte and not a byte more', async ({ service, fetch }) => {
    service.answer(whole('x'.repeat(1 << 20)));
    assert.equal((await fetch({})).body.length, 1 << 20);
    service.answer(whole('x'.repeat((1 << 20) + 1)));
    assert.equal((await fetch({})).code, 'too_large');
    assert.equal((await fetch({ max_bytes: 2 << 20 })).body.length, (1 << 20) + 1);
  });
  act('makes four calls at most', async ({ service, fetch }) => {
    service.answer(whole('ok'));
    const answers = await fetch({}, 5);
    assert.deepEqual(answers.map(({ status, code }) => status ?? code), [200, 200, 200, 200, 'too_many']);
  });
  act('stops calling when its client goes', async ({ service, gateway }) => {
    service.answer(silence());
    const before = service.requests.length;
    const connection = await gateway.connect();
    const options = JSON.stringify({ url: `http://127.0.0.1:${service.port}/`, timeout_ms: 60000 });
    await connection.send(`GET /v1/models/x HTTP/1.1\r\nHost: x\r\nX-Fetch: ${options}\r\n`
      + `Authorization: ${gateway.headers().Authorization}\r\n\r\n`);
    await service.request(before + 1);
    connection.close();
    await until(2000, 'the end of the call', () => service.last.connection.closedAt !== null);
  });
});
