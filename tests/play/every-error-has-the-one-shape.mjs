// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, failure, whole } from '../tools/answers.mjs';
import { request } from '../tools/client.mjs';
import { MODEL, chatBody } from '../tools/gateway.mjs';
import { assertError, plays } from '../tools/play.mjs';

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream }, config: { max_request_bytes: 4096 } });
  return { upstream, gateway };
}

const INVALID = { type: 'invalid_request_error', code: 'invalid_request' };

plays('the routes', open, (act) => {
  act('an unknown path is 404', async ({ gateway }) => {
    for (const path of ['/nope', '/v2/models', '/v1x', '/favicon.ico']) {
      assertError(await gateway.get(path), 404, { type: 'invalid_request_error' });
    }
  });
  act('an unknown path under /v1 is for whoever is named', async ({ gateway }) => {
    assertError(await gateway.get('/v1/chat/completionsx'), 400,
      { type: 'invalid_request_error', code: 'provider_not_resolved' });
  });
  act('a wrong method is 405 and says which is right', async ({ gateway }) => {
    const answer = await gateway.get('/v1/chat/completions');
    assertError(answer, 405, { type: 'invalid_request_error', code: 'method_not_supported',
      message: 'Only POST requests are accepted on /v1/chat/completions.' });
    assert.equal(answer.header('allow'), 'POST');
    for (const path of ['/v1/models', '/health', '/livez', '/readyz', '/metrics']) {
      const refused = await gateway.fetch('POST', path, { body: '{}' });
      assertError(refused, 405, { code: 'method_not_supported' });
      assert.equal(refused.header('allow'), 'GET, HEAD', path);
    }
  });
  act('an unknown method is 501', async ({ gateway }) => {
    assertError(await gateway.fetch('BREW', '/livez'), 501, { ...INVALID, code: 'method_not_supported',
      message: 'The request method is not supported by this server.' });
  });
  act('a model that nobody serves is 404', async ({ gateway, upstream }) => {
    const before = upstream.requests.length;
    for (const stream of [false, true]) {
      assertError(await gateway.chat({ model: 'no-such-model', stream }), 404, { ...INVALID, code: 'model_not_found',
        message: 'no configured provider serves the requested model' });
    }
    assert.equal(upstream.requests.length, before);
  });
  act('a body over the limit is 413, announced or in chunks', async ({ gateway, upstream }) => {
    const before = upstream.requests.length;
    const body = chatBody({ filler: 'x'.repeat(4096) });
    const expected = { type: 'invalid_request_error', code: 'request_too_large', message: 'request body too large' };
    assertError(await gateway.chat(body), 413, expected);
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    assertError(await gateway.chat(chunked, { 'Transfer-Encoding': 'chunked' }), 413, expected);
    assert.equal(upstream.requests.length, before);
  });
  act('a body at the limit is served', async ({ gateway }) => {
    const body = chatBody({ filler: '' });
    const full = chatBody({ filler: 'x'.repeat(4096 - body.length) });
    assert.equal(full.length, 4096);
    assert.equal((await gateway.chat(full)).status, 200);
  });
});

const NOT_JSON = {
  'nothing': '', 'white space': ' \n', 'a half object': `{"model":"${MODEL}",`, 'a trailing comma': '{"model":"m",}',
  'two documents': '{} {}', 'a comment': '{/*x*/}', 'single quotes': "{'model':'m'}", 'a bad number': '{"a":01}',
  'invalid UTF-8': Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
  'a lone surrogate': '{"a":"\\ud800"}', 'a raw control character': '{"a":"\u0001"}',
  'a byte order mark': '\ufeff{}', 'depth 65': `${'['.repeat(65)}${']'.repeat(65)}`,
  'a million brackets': Buffer.alloc(4000, '['), 'duplicate keys': `{"model":"a","model":"b","messages":[]}`,
};

plays('a body that is not JSON', open, (act) => {
  for (const [what, body] of Object.entries(NOT_JSON)) {
    act(`${what}: 400 with the place of the fault`, async ({ gateway, upstream }) => {
      const before = upstream.requests.length;
      const answer = await gateway.chat(body);
      const { message } = assertError(answer, 400, INVALID);
      if (body.length > 2) assert.match(message, /\b(line|column|byte|offset|position)\b.*\d/);
      assert.equal(upstream.requests.length, before);
    });
  }
  act('a body of JSON that is no object: 400', async ({ gateway }) => {
    for (const body of ['null', '[]', '1', '"x"', 'true']) assertError(await gateway.chat(body), 400, INVALID);
  });
});

const ONE = [{ role: 'user', content: 'x' }];
const REFUSED = [
  [{ messages: ONE }, 'model is required'],
  [{ model: '', messages: ONE }, 'model is required'],
  [{ model: MODEL }, 'at least one message is required'],
  [{ model: MODEL, messages: [] }, 'at least one message is required'],
  [{ model: MODEL, messages: ONE, temperature: 2.01 }, 'temperature must be between 0 and 2'],
  [{ model: MODEL, messages: ONE, temperature: -0.1 }, 'temperature must be between 0 and 2'],
  [{ model: MODEL, messages: ONE, top_p: 1.5 }, 'top_p must be between 0 and 1'],
  [{ model: MODEL, messages: ONE, max_tokens: 0 }, 'max_tokens must be positive'],
  [{ model: MODEL, messages: ONE, max_completion_tokens: -1 }, 'max_completion_tokens must be positive'],
  [{ model: MODEL, messages: ONE, presence_penalty: 3 }, 'presence_penalty must be between -2 and 2'],
  [{ model: MODEL, messages: ONE, frequency_penalty: -3 }, 'frequency_penalty must be between -2 and 2'],
];
const MISTYPED = { model: 7, messages: {}, stream: 'true', temperature: 'warm', max_tokens: '9', top_p: [] };

plays('a request that is not valid', open, (act) => {
  for (const [body, message] of REFUSED) {
    act(`${message}: ${JSON.stringify(body).slice(0, 60)}`, async ({ gateway }) => {
      assertError(await gateway.chat(JSON.stringify(body)), 400, { ...INVALID, message });
    });
  }
  for (const [member, value] of Object.entries(MISTYPED)) {
    act(`${member} of a wrong type is named`, async ({ gateway }) => {
      assertError(await gateway.chat(chatBody({ [member]: value })), 400, { ...INVALID, message: new RegExp(member) });
    });
  }
  act('values at the edge are served', async ({ gateway, upstream }) => {
    upstream.answer(completion('ok'));
    const edge = { temperature: 2, top_p: 1, max_tokens: 1, presence_penalty: -2, frequency_penalty: 2, stop: null };
    assert.equal((await gateway.chat(chatBody(edge))).status, 200);
  });
});

const UPSTREAM = [
  [400, 400, { type: 'invalid_request_error' }], [422, 422, { type: 'invalid_request_error' }],
  [401, 502, { type: 'upstream_error' }], [403, 502, { type: 'upstream_error' }],
  [404, 404, { type: 'invalid_request_error' }], [408, 504, { type: 'upstream_error' }],
  [429, 429, { type: 'rate_limit_error' }], [504, 504, { type: 'upstream_error' }],
  [500, 502, { type: 'upstream_error' }], [503, 502, { type: 'upstream_error' }],
  [302, 502, { type: 'upstream_error' }],
];

plays('an upstream\'s error', open, (act) => {
  for (const [theirs, ours, expected] of UPSTREAM) {
    act(`${theirs} without a body of its own is ${ours}`, async ({ gateway, upstream }) => {
      upstream.answer(whole('', { status: theirs }));
      assertError(await gateway.chat(), ours, expected);
    });
  }
  act('keeps its message, code, type and param', async ({ gateway, upstream }) => {
    const error = { message: 'max_tokens is too large: 999', type: 'invalid_request_error', param: 'max_tokens',
      code: 'integer_above_max_value' };
    upstream.answer(failure(400, error));
    const answer = await gateway.chat();
    assert.equal(answer.status, 400);
    for (const member of Object.keys(error)) assert.equal(answer.json.error[member], error[member]);
  });
  act('never shows the provider\'s key', async ({ gateway, upstream }) => {
    upstream.answer(failure(401, { message: 'Incorrect API key provided: canary-provider-key-openai-9e41.' }));
    const answer = await gateway.chat();
    assertError(answer, 502);
    assert.ok(!answer.text.includes('canary-provider-key'));
  });
  act('never shows an address or a stack', async ({ gateway, upstream }) => {
    upstream.answer(whole('Traceback (most recent call last): /srv/app.py', { status: 500,
      headers: { 'Content-Type': 'text/plain' } }));
    const answer = await gateway.chat();
    assertError(answer, 502);
    assert.doesNotMatch(answer.text, /Traceback|127\.0\.0\.1|\.py/);
  });
});

plays('every answer', open, (act) => {
  act('has its request id, date, type and security headers', async ({ gateway }) => {
    const answers = await Promise.all([gateway.get('/livez'), gateway.get('/nope'), gateway.chat('{'), gateway.chat()]);
    for (const answer of answers) {
      assert.match(answer.header('x-request-id'), /^[0-9a-f]{32}$/);
      assert.ok(!Number.isNaN(Date.parse(answer.header('date'))));
      assert.equal(answer.header('content-type'), 'application/json');
      assert.equal(answer.header('x-content-type-options'), 'nosniff');
      assert.equal(answer.header('x-frame-options'), 'DENY');
      assert.equal(answer.header('referrer-policy'), 'strict-origin-when-cross-origin');
      assert.match(answer.header('content-security-policy'), /^default-src 'self'; .*frame-ancestors 'none'/);
      assert.equal(answer.header('permissions-policy'), 'camera=(), microphone=(), geolocation=()');
      assert.equal(answer.header('strict-transport-security'), undefined, 'only on TLS');
    }
  });
  act('refused before its head was understood has them too', async ({ gateway }) => {
    const connection = await gateway.connect();
    await connection.send(Buffer.concat([request('GET', '/livez', { headers: { Host: ['a', 'b'] } })]));
    const answer = await connection.answer();
    assertError(answer, 400);
    assert.match(answer.header('x-request-id'), /^[0-9a-f]{32}$/);
    assert.equal(answer.header('x-content-type-options'), 'nosniff');
    connection.close();
  });
});
