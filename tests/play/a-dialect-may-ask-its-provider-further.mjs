// SPDX-License-Identifier: Apache-2.0
// A dialect of an operator's own: operations beside chat, further calls, absolute addresses, signatures, a client's
// URL.
import assert from 'node:assert/strict';

import { failure, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const DIALECT = `
-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"

local function failure(status, _, text)
  return { status = status, type = "x", code = "acme", message = text }
end

--- Creates a job, polls it, and hands the last answer on.
local function request(call)
  local made, lost = call.ask { path = "/jobs", body = json.encode { text = call.request.input, m = call.model } }
  if not made then return nil, lost end
  if made.status ~= 201 then return nil, failure(made.status, nil, made.text) end
  call.kept.region = call.variables.region
  repeat
    call.sleep(5)
    local job = call.ask { path = "/jobs/1", method = "GET" }
  until json.decode(job.text).done
  return { url = json.decode(made.text).result, method = "GET", headers = { ["x-extra"] = "1" } }
end

local function response(call, text, headers)
  return json.encode { object = "list", said = text, region = call.kept.region, type = headers["content-type"] },
    { prompt_tokens = 7, total_tokens = 7 }
end

local function images(call)
  local bytes, type = call.fetch(call.request.prompt)
  if not bytes then return nil, type end
  return { path = "/images", body = bytes, headers = { ["content-type"] = type } }
end

return {
  name = "acme", failure = failure,
  surfaces = {
    embeddings = { request = request, response = response },
    images = { request = images, response = function(_, text) return text, nil, "image/png" end },
  },
}
`;

const PROVIDER = `
-- SPDX-License-Identifier: Apache-2.0
local crypto = require "gateway.crypto"

local function sign(outgoing, target)
  local text = table.concat({ outgoing.method, outgoing.host, outgoing.path, outgoing.body, target.credential }, " ")
  return { ["x-signature"] = crypto.sha256(text), ["x-name"] = target.name, ["x-region"] = target.variables.region }
end

return {
  name = "acme", title = "Acme", dialect = "acme",
  env = { key = { "ACME_API_KEY" }, base = { "ACME_BASE_URL" }, vars = { region = { "ACME_REGION" } } },
  auth = { sign = sign },
  models = { prefixes = { "acme-" } },
}
`;

async function open(stage) {
  const [upstream, other] = [await stage.upstream(), await stage.upstream()];
  const gateway = await stage.gateway({
    config: { targets: [{ virtual_key: 'acme' }], scripts: { http_allow: [`127.0.0.1:${other.port}`] } },
    env: { ACME_API_KEY: 'canary-provider-key-acme-9e41', ACME_BASE_URL: upstream.url, ACME_REGION: 'north' },
    scripts: { 'providers/acme.lua': PROVIDER, 'providers/dialects/acme.lua': DIALECT },
  });
  return { upstream, other, gateway };
}

const ask = (gateway, path, body) => gateway.fetch('POST', `/v1${path}`, { body: JSON.stringify(body) });
const embed = (gateway) => ask(gateway, '/embeddings', { model: 'acme-1', input: 'hi' });

plays('an operation', open, (act) => {
  act('asks, polls, and takes its result from where it is told', async ({ upstream, other, gateway }) => {
    const result = `http://127.0.0.1:${other.port}/result?a=b`;
    upstream.answer(whole({ result }, { status: 201 }), whole({ done: false }), whole({ done: true }));
    other.answer(whole('plain words', { headers: { 'Content-Type': 'text/plain' } }));
    const got = await embed(gateway);
    assert.equal(got.status, 200, got.text);
    assert.deepEqual(got.json, { object: 'list', said: 'plain words', region: 'north', type: 'text/plain' });
    assert.deepEqual(upstream.requests.map(({ method, target }) => `${method} ${target}`),
      ['POST /v1/jobs', 'GET /v1/jobs/1', 'GET /v1/jobs/1']);
    assert.deepEqual(upstream.requests[0].json, { text: 'hi', m: 'acme-1' });
    assert.equal(upstream.requests[1].body.length, 0);
    assert.equal(other.last.target, '/result?a=b');
    assert.equal(other.last.header('x-extra'), '1');
    for (const request of [...upstream.requests, other.last]) {
      assert.match(request.header('x-signature'), /^[0-9a-f]{64}$/);
      assert.deepEqual([request.header('x-name'), request.header('x-region')], ['acme', 'north']);
    }
    const line = (await gateway.access(1, '/v1/embeddings'))[0];
    assert.equal(line.tokens_in, 7);
  });

  act('sends no credential to another host', async ({ upstream, other, gateway }) => {
    upstream.answer(whole({ result: `http://localhost:${other.port}/r` }, { status: 201 }), whole({ done: true }));
    other.answer(whole('x'));
    assert.equal((await embed(gateway)).status, 200);
    assert.equal(other.last.header('x-signature'), undefined);
  });

  act('says what its provider says when it refuses', async ({ upstream, gateway }) => {
    upstream.answer(failure(418, { message: 'teapot' }));
    const got = await embed(gateway);
    assert.equal(got.status, 418);
    assert.equal(got.json.error.code, 'acme');
  });

  act('reads a URL of the client where that is allowed', async ({ upstream, other, gateway }) => {
    const png = Buffer.from([137, 80, 78, 71, 0, 255, 10]);
    other.answer(whole(png, { headers: { 'Content-Type': 'image/png' } }));
    upstream.answer(whole(png, { headers: { 'Content-Type': 'application/octet-stream' } }));
    const got = await ask(gateway, '/images/generations',
      { model: 'acme-1', prompt: `http://127.0.0.1:${other.port}/a.png` });
    assert.equal(got.status, 200);
    assert.equal(got.header('content-type'), 'image/png');
    assert.deepEqual(got.bytes, png);
    assert.deepEqual(upstream.last.body, png);
    assert.equal(upstream.last.header('content-type'), 'image/png');
    assert.equal(other.last.header('x-signature'), undefined);
  });

  act('reads no address of the house', async ({ upstream, gateway }) => {
    const before = upstream.requests.length;
    for (const url of [`${upstream.url}/x`, 'http://169.254.169.254/latest', 'file:///etc/passwd', 'http://[::1]/']) {
      const got = await ask(gateway, '/images/generations', { model: 'acme-1', prompt: url });
      assert.equal(got.status, 400, url);
      assert.equal(got.json.error.code, 'invalid_request');
    }
    assert.equal(upstream.requests.length, before);
  });

  act('is the only thing the provider has', async ({ gateway }) => {
    const got = await gateway.chat({ model: 'acme-1' });
    assert.equal(got.status, 400);
    assert.deepEqual([got.json.error.code, got.json.error.message],
      ['unsupported_endpoint', 'provider "acme" does not serve the endpoint "chat"']);
  });
});
