// SPDX-License-Identifier: Apache-2.0
// AWS Bedrock end to end: every transcript of spec/fixtures/bedrock, signatures recomputed here, frames of the binary
// stream cut anywhere, keys that a container lends.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';

import { head, raw, spelling, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { assertError, play, plays } from '../tools/play.mjs';

const FOLDER = new URL('../../spec/fixtures/bedrock/', import.meta.url);
const FILES = fs.readdirSync(FOLDER);
const read = (name) => fs.readFileSync(new URL(name, FOLDER), 'utf8');
const json = (name) => JSON.parse(read(name));
const has = (name) => FILES.includes(name);
const cases = (suffix) => FILES.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const KEYS = { access: 'AKIDPLAY', secret: 'canary-aws-secret-77c1', token: 'canary-aws-session-token-41f0' };
const DEFAULT = { model: `bedrock/${CLAUDE}`, messages: [{ role: 'user', content: 'Hello' }] };
const client = (name) => (has(`${name}.client.json`) ? json(`${name}.client.json`).body : DEFAULT);

// Signatures ----------------------------------------------------------------------------------------------------------

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (mark) => (
  `%${mark.charCodeAt(0).toString(16).toUpperCase()}`));

/** What the request's Authorization must be, computed from its bytes. */
function expectedSignature(request, { access, secret }, region) {
  const given = request.header('authorization');
  const names = /SignedHeaders=([^,]+)/.exec(given)[1].split(';');
  const date = request.header('x-amz-date');
  const canonical = [
    request.method, request.target.split('/').map(encode).join('/'), '',
    ...names.map((name) => `${name}:${request.header(name).trim().replace(/ +/g, ' ')}`), '',
    names.join(';'), sha256(request.body),
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/bedrock/aws4_request`;
  const key = scope.split('/').reduce((last, part) => hmac(last, part), `AWS4${secret}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

function checkSigned(request, keys, region) {
  assert.equal(request.header('authorization'), expectedSignature(request, keys, region));
  assert.equal(request.header('x-amz-security-token'), keys.token);
  for (const name of ['host', 'content-type', 'x-amz-date']) {
    assert.match(request.header('authorization'), new RegExp(`SignedHeaders=[^,]*\\b${name}\\b`));
  }
}

// The stage -----------------------------------------------------------------------------------------------------------

const at = (upstream) => `http://127.0.0.1:${upstream.port}`;
const MODELS = [CLAUDE, 'amazon.titan-embed-text-v2:0', 'cohere.embed-english-v3', 'cohere.rerank-v3-5:0'];

function config(more = {}) {
  return {
    strategy: { mode: 'fallback' },
    targets: [{ virtual_key: 'bedrock', models: MODELS }],
    aliases: Object.fromEntries(MODELS.map((model) => [`bedrock/${model}`, model])),
    ...more,
  };
}

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    config: config(),
    env: {
      BEDROCK_BASE_URL: at(upstream), AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: KEYS.access,
      AWS_SECRET_ACCESS_KEY: KEYS.secret, AWS_SESSION_TOKEN: KEYS.token,
    },
  });
  return { upstream, gateway };
}

/** As the transcripts compare: an optional null equals an absent member, any time is the expected one. */
const settled = (value) => JSON.parse(JSON.stringify(value, (name, member) => {
  if (name === 'created') return 0;
  if (name === 'id' && /^rerank-/.test(member)) return 'rerank-';
  return member === null ? undefined : member;
}));

const dataOf = (text) => text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));

/** The frames as bytes of a chunked body, in pieces of `size`. */
function frames(name, size) {
  const bytes = Buffer.from(read(`${name}.stream.hex`).replace(/\s/g, ''), 'hex');
  const pieces = [Buffer.from(head(200, {
    'Content-Type': 'application/vnd.amazon.eventstream', 'Transfer-Encoding': 'chunked',
    'x-amzn-RequestId': '11111111-2222-3333-4444-555555555555',
  }))];
  for (let from = 0; from < bytes.length; from += size) {
    const piece = bytes.subarray(from, from + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return raw(Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]), { after: 'keep' });
}

function checkRequest(upstream, name) {
  if (!has(`${name}.request.json`)) return;
  const expected = json(`${name}.request.json`);
  const request = upstream.last;
  assert.equal(`${request.method} ${request.target}`, `POST ${new URL(expected.url).pathname}`);
  assert.deepEqual(request.json, expected.body);
}

// Acts ----------------------------------------------------------------------------------------------------------------

plays('a whole answer of Bedrock', open, (act) => {
  const names = cases('.response.json')
    .filter((one) => has(`${one}.expected.openai.json`) && !/^(embed|rerank)/.test(one));
  for (const name of names) {
    act(`${name} is OpenAI's, and its request signed`, async ({ upstream, gateway }) => {
      const theirs = json(`${name}.response.json`);
      upstream.answer(whole(theirs.body, { status: theirs.status, headers: theirs.headers }));
      const answer = await gateway.chat(JSON.stringify(client(name)));
      const expected = json(`${name}.expected.openai.json`);
      assert.equal(answer.status, expected.status, answer.text);
      assert.deepEqual(settled(answer.json), settled(expected.body));
      checkRequest(upstream, name);
      checkSigned(upstream.last, KEYS, 'eu-west-1');
    });
  }
});

plays('other surfaces of Bedrock', open, (act) => {
  const post = (gateway, path, body) => gateway.fetch('POST', path, {
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });

  act('Titan embeds text by text, each call signed', async ({ upstream, gateway }) => {
    const theirs = json('embed-titan.response.json');
    upstream.answer(whole(theirs.body, { headers: theirs.headers }));
    const before = upstream.requests.length;
    const answer = await post(gateway, '/v1/embeddings', json('embed-titan.client.json').body);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(settled(answer.json), settled(json('embed-titan.expected.openai.json').body));
    const asked = upstream.requests.slice(before);
    assert.deepEqual(asked.map((request) => request.json.inputText), ['a', 'b']);
    for (const request of asked) checkSigned(request, KEYS, 'eu-west-1');
  });

  act('a failure of an earlier call is the request\'s', async ({ upstream, gateway }) => {
    const theirs = json('error-throttling.response.json');
    upstream.answer(whole(theirs.body, { status: 429, headers: theirs.headers }));
    const answer = await post(gateway, '/v1/embeddings', json('embed-titan.client.json').body);
    assert.equal(answer.status, 429);
    assert.equal(answer.json.error.code, 'rate_limit_exceeded');
  });

  act('Cohere embeds them in one call', async ({ upstream, gateway }) => {
    const theirs = json('embed-cohere.response.json');
    upstream.answer(whole(theirs.body, { headers: theirs.headers }));
    const answer = await post(gateway, '/v1/embeddings', json('embed-cohere.client.json').body);
    assert.deepEqual(settled(answer.json), settled(json('embed-cohere.expected.openai.json').body));
    checkRequest(upstream, 'embed-cohere');
  });

  act('documents are ranked by the agent runtime', async ({ upstream, gateway }) => {
    upstream.answer(whole(json('rerank.response.json').body));
    const answer = await post(gateway, '/v1/rerank', {
      model: 'bedrock/cohere.rerank-v3-5:0', query: 'capital of France', documents: ['Lyon', 'Paris'],
    });
    assert.equal(answer.status, 200, answer.text);
    const expected = json('rerank.expected.openai.json').body;
    assert.deepEqual(settled(answer.json), settled({ ...expected, id: 'rerank-' }));
    assert.equal(upstream.last.target, '/rerank');
    checkSigned(upstream.last, KEYS, 'eu-west-1');
  });
});

plays('a client of Anthropic in front of Bedrock', open, (act) => {
  const model = `bedrock/${CLAUDE}`;
  const ask = { model, max_tokens: 64, messages: [{ role: 'user', content: 'Weather in Paris?' }] };
  const post = (gateway, path, body) => gateway.fetch('POST', path, {
    headers: { 'Content-Type': 'application/json', 'anthropic-version': '2023-06-01' }, body: JSON.stringify(body),
  });

  act('reads its blocks', async ({ upstream, gateway }) => {
    const theirs = json('tool-call.response.json');
    upstream.answer(whole(theirs.body, { headers: theirs.headers }));
    const answer = await post(gateway, '/v1/messages', ask);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.stop_reason, 'tool_use');
    assert.deepEqual(answer.json.content.map((block) => block.type), ['text', 'tool_use']);
    assert.deepEqual(answer.json.content[1].input, { city: 'Paris' });
    assert.match(upstream.last.target, /converse$/);
  });

  act('reads its stream', async ({ upstream, gateway }) => {
    upstream.answer(frames('stream-thinking', 5));
    const answer = await post(gateway, '/v1/messages', { ...ask, stream: true });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /event: message_start[^]*"thinking_delta"[^]*"text":"No\."[^]*event: message_stop/);
    assert.equal(upstream.last.header('accept'), 'application/vnd.amazon.eventstream');
  });

  act('reads its failures', async ({ upstream, gateway }) => {
    const theirs = json('error-throttling.response.json');
    upstream.answer(whole(theirs.body, { status: 429, headers: theirs.headers }));
    const answer = await post(gateway, '/v1/messages', ask);
    assert.equal(answer.status, 429);
    assert.deepEqual([answer.json.type, answer.json.error.type], ['error', 'rate_limit_error']);
  });

  act('has its tokens counted by Bedrock', async ({ upstream, gateway }) => {
    upstream.answer(whole({ inputTokens: 33 }));
    const answer = await post(gateway, '/v1/messages/count_tokens', {
      model, system: 'Be brief.', messages: [{ role: 'user', content: 'Hi there' }],
      tools: [{ name: 'get_time', description: 'Server time.', input_schema: { type: 'object', properties: {} } }],
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.input_tokens, 33);
    checkRequest(upstream, 'count-tokens');
    checkSigned(upstream.last, KEYS, 'eu-west-1');
  });
});

plays('a stream of Bedrock', open, (act) => {
  const names = cases('.stream.hex')
    .filter((one) => has(`${one}.expected.openai.stream.txt`) && one.startsWith('stream-') && one !== 'stream-bad-crc');
  for (const name of names) {
    for (const size of [1, 7, 1 << 20]) {
      act(`${name} is OpenAI's, in pieces of ${size} bytes`, async ({ upstream, gateway }) => {
        upstream.answer(frames(name, size));
        const answer = await gateway.stream(JSON.stringify({
          stream_options: { include_usage: true }, ...client(name), stream: true,
        }));
        const { list, done, complete } = await drain(answer);
        answer.connection.close();
        const expected = dataOf(read(`${name}.expected.openai.stream.txt`));
        const chunks = expected.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data));
        assert.deepEqual(list.map(settled), chunks.map(settled));
        assert.deepEqual([done, complete], [expected.includes('[DONE]') ? 1 : 0, true]);
        assert.equal(upstream.last.header('accept'), 'application/vnd.amazon.eventstream');
        checkRequest(upstream, name);
        checkSigned(upstream.last, KEYS, 'eu-west-1');
      });
    }
  }

  act('that is corrupt before its first content is an error', async ({ upstream, gateway }) => {
    for (const size of [1, 7, 1 << 20]) {
      upstream.answer(frames('stream-bad-crc', size));
      const answer = await gateway.chat(JSON.stringify({ ...DEFAULT, stream: true }));
      assertError(answer, 502, { code: 'upstream_stream_corrupt' });
    }
  });

  act('an error as first event is an error with its own status', async ({ upstream, gateway }) => {
    upstream.answer(frames('stream-error-first', 1 << 20));
    const answer = await gateway.chat(JSON.stringify({ ...DEFAULT, stream: true }));
    const expected = json('stream-error-first.expected.openai.json');
    assert.equal(answer.status, expected.status, answer.text);
    assert.deepEqual(settled(answer.json), settled(expected.body));
  });
});

play('an error as first event moves to the next target, and so does a damaged first frame', async (stage) => {
  const bedrock = await stage.upstream();
  const openai = await stage.upstream();
  const gateway = await stage.gateway({
    config: config({
      targets: [{ virtual_key: 'bedrock', models: [CLAUDE] }, { virtual_key: 'openai', models: [CLAUDE] }],
      aliases: { [`bedrock/${CLAUDE}`]: CLAUDE },
    }),
    env: {
      BEDROCK_BASE_URL: at(bedrock), AWS_BEARER_TOKEN_BEDROCK: 'canary-bedrock-key-8d',
      OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'canary-openai-2b',
    },
  });
  const damaged = Buffer.from(read('stream-text.stream.hex').split('\n')[0], 'hex');
  damaged[damaged.length - 1] ^= 1;
  const first = raw(Buffer.concat([
    Buffer.from(head(200, { 'Content-Type': 'application/vnd.amazon.eventstream', 'Content-Length': damaged.length })),
    damaged,
  ]), { after: 'keep' });
  openai.answer(stream(spelling(['from the other'])));
  for (const failed of [frames('stream-error-first', 1 << 20), first]) {
    bedrock.answer(failed);
    const answer = await gateway.stream(JSON.stringify({ ...DEFAULT, stream: true }));
    assert.equal(spelled((await drain(answer)).list), 'from the other');
    answer.connection.close();
    assert.equal(bedrock.last.header('authorization'), 'Bearer canary-bedrock-key-8d');
    assert.equal(bedrock.last.header('x-amz-date'), undefined);
  }
  assert.equal(openai.requests.length, 2);
});

play('keys that a container lends sign, are kept, and are lent anew once they have ended', async (stage) => {
  const [bedrock, container] = [await stage.upstream(), await stage.upstream()];
  const lent = (access) => whole({
    AccessKeyId: access, SecretAccessKey: KEYS.secret, Token: KEYS.token, Expiration: '2100-01-01T00:00:00Z',
  });
  const ended = whole({ message: 'The security token included in the request is expired' }, {
    status: 403, headers: { 'x-amzn-ErrorType': 'ExpiredTokenException' },
  });
  const theirs = json('text.response.json');
  const good = whole(theirs.body, { headers: theirs.headers });
  container.answer(lent('AKIDFIRST'), lent('AKIDSECOND'));
  bedrock.answer(good, good, ended, good);
  const gateway = await stage.gateway({
    config: config(),
    env: {
      BEDROCK_BASE_URL: at(bedrock), AWS_CONTAINER_CREDENTIALS_FULL_URI: `${at(container)}/creds`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'canary-container-token-55',
    },
  });
  for (let i = 0; i < 3; i++) assert.equal((await gateway.chat(JSON.stringify(DEFAULT))).status, 200);
  const keys = ['AKIDFIRST', 'AKIDFIRST', 'AKIDFIRST', 'AKIDSECOND'];
  assert.equal(bedrock.requests.length, keys.length);
  bedrock.requests.forEach((request, i) => checkSigned(request, { ...KEYS, access: keys[i] }, 'us-east-1'));
  assert.equal(container.requests.length, 2);
  assert.equal(container.last.header('authorization'), 'canary-container-token-55');
  assert.equal(container.last.target, '/creds');
});

play('a shared file signs with its profile', async (stage) => {
  const bedrock = await stage.upstream();
  const theirs = json('text.response.json');
  bedrock.answer(whole(theirs.body, { headers: theirs.headers }));
  const dir = stage.folder({
    credentials: `[default]\naws_access_key_id = AKIDNO\naws_secret_access_key = no\n[work]\n`
      + `aws_access_key_id = ${KEYS.access}\naws_secret_access_key = ${KEYS.secret}\n`,
  });
  const gateway = await stage.gateway({
    config: config(),
    env: {
      BEDROCK_BASE_URL: at(bedrock), AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`, AWS_PROFILE: 'work',
    },
  });
  assert.equal((await gateway.chat(JSON.stringify(DEFAULT))).status, 200);
  checkSigned(bedrock.last, { access: KEYS.access, secret: KEYS.secret }, 'us-east-1');
});

play('an image is fetched for Bedrock, from public hosts and those that are allowed', async (stage) => {
  const [bedrock, web] = [await stage.upstream(), await stage.upstream()];
  const theirs = json('text.response.json');
  bedrock.answer(whole(theirs.body, { headers: theirs.headers }));
  const png = Buffer.from('89504e470d0a1a0a0000', 'hex');
  web.answer(whole(png, { headers: { 'Content-Type': 'image/png' } }));
  const env = { BEDROCK_BASE_URL: at(bedrock), AWS_BEARER_TOKEN_BEDROCK: 'canary-bedrock-key-8d' };
  const body = (url) => JSON.stringify({
    ...DEFAULT, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  });
  const shut = await stage.gateway({ config: config(), env });
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '10.0.0.1']) {
    const answer = await shut.chat(body(`http://${host}:${web.port}/cat.png`));
    assert.equal(answer.status, 400, `${host}: ${answer.text}`);
    assert.equal(answer.json.error.type, 'invalid_request_error');
  }
  assert.deepEqual([web.requests.length, bedrock.requests.length], [0, 0]);
  const open = await stage.gateway({ config: config({ scripts: { http_allow: [at(web)] } }), env });
  const answer = await open.chat(body(`${at(web)}/cat.png`));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(web.last.header('authorization'), undefined);
  assert.deepEqual(bedrock.last.json.messages[0].content[0].image, {
    format: 'png', source: { bytes: png.toString('base64') },
  });
  web.answer(whole('moved', { status: 302, headers: { Location: `${at(web)}/other` } }));
  assert.equal((await open.chat(body(`${at(web)}/cat.png`))).status, 400);
});

play('without any credential it is said which ones are looked for', async (stage) => {
  const bedrock = await stage.upstream();
  const gateway = await stage.gateway({
    config: config(),
    env: { BEDROCK_BASE_URL: at(bedrock), AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' },
  });
  const answer = await gateway.chat(JSON.stringify(DEFAULT));
  assert.equal(answer.status, 401, answer.text);
  assert.match(answer.json.error.message, /AWS_BEARER_TOKEN_BEDROCK/);
  assert.equal(bedrock.requests.length, 0);
});
