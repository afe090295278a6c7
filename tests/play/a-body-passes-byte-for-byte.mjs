// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { completion, framed, spelling, stream, whole } from '../tools/answers.mjs';
import { drain, spelled } from '../tools/client.mjs';
import { MODEL } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';
const BODIES = {
  'unknown members': `{"model":"${MODEL}",${MESSAGES},"x_vendor":{"deep":[1,{"a":null}]},"zz":false}`,
  'unknown content parts': `{"model":"${MODEL}","messages":[{"role":"user","content":[{"type":"text","text":"a"},`
    + '{"type":"hologram","hologram":{"format":"h3","data":"AAEC/w=="}},'
    + '{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]}',
  'big and odd numbers': `{"model":"${MODEL}",${MESSAGES},"seed":9007199254740993,"a":18446744073709551615,"b":1.0,`
    + '"c":-0,"d":1E+2,"e":0.1000000000000000055511151231257827,"f":1e999}',
  'its own white space': ` {\n\t"model" : "${MODEL}" ,\r\n  ${MESSAGES} , "temperature"\t:\t1.0 }\n`,
  'escapes as written':
    `{"model":"${MODEL}","messages":[{"role":"user","content":"\\u0041\\/\\ud83d\\ude00é\\u0000 <&>"}]}`,
  'empty arrays and objects': `{"model":"${MODEL}",${MESSAGES},"tools":[],"metadata":{},"stop":null}`,
  'members in their order': `{"zeta":1,${MESSAGES},"model":"${MODEL}","alpha":2}`,
};

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream }, config: { aliases: { nickname: MODEL, 'nick"name\\': MODEL } },
  });
  return { upstream, gateway };
}

plays('a request', open, (act) => {
  for (const [what, body] of Object.entries(BODIES)) {
    act(`with ${what} reaches the upstream as it was sent`, async ({ upstream, gateway }) => {
      upstream.answer(completion('ok'));
      const answer = await gateway.chat(body);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(upstream.last.body.toString('utf8'), body);
    });
  }
  act('whose model is an alias changes in that one word', async ({ upstream, gateway }) => {
    for (const body of Object.values(BODIES)) {
      const answer = await gateway.chat(body.replace(`"${MODEL}"`, '"nickname"'));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(upstream.last.body.toString('utf8'), body);
    }
  });
  act('whose alias is written with escapes is understood', async ({ upstream, gateway }) => {
    for (const spelling of ['"\\u006eickname"', '"nick\\"name\\\\"']) {
      const answer = await gateway.chat(BODIES['unknown members'].replace(`"${MODEL}"`, spelling));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(upstream.last.body.toString('utf8'), BODIES['unknown members']);
    }
  });
  act('with the word model elsewhere keeps it there', async ({ upstream, gateway }) => {
    const body = '{"metadata":{"model":"nickname"},"messages":[{"role":"user","content":"\\"model\\":\\"nickname\\""}],'
      + '"model":"nickname"}';
    await gateway.chat(body);
    assert.equal(upstream.last.body.toString('utf8'), body.replace(/"nickname"}$/, `"${MODEL}"}`));
  });
  act('of 8 MiB reaches the upstream as it was sent', async ({ upstream, gateway }) => {
    const image = 'A'.repeat(8 << 20);
    const body = `{"model":"${MODEL}","messages":[{"role":"user","content":[{"type":"image_url",`
      + `"image_url":{"url":"data:image/png;base64,${image}"}}]}]}`;
    const answer = await gateway.chat(body);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(upstream.last.body.equals(Buffer.from(body)));
  });
  act('has the provider\'s key and none of the client\'s headers', async ({ upstream, gateway }) => {
    await gateway.chat({}, { Cookie: 'a=b', 'X-Forwarded-For': '10.1.2.3', 'OpenAI-Organization': 'org-client' });
    const { fields, header } = upstream.last;
    assert.equal(header('authorization'), 'Bearer canary-provider-key-openai-9e41');
    assert.equal(header('content-type'), 'application/json');
    assert.equal(header('host'), `127.0.0.1:${upstream.port}`);
    assert.equal(upstream.last.target, '/v1/chat/completions');
    assert.equal(header('cookie'), undefined);
    assert.equal(fields.filter(([name]) => name === 'authorization').length, 1);
  });
});

const ANSWER = '{ "id":"chatcmpl-1","object":"chat.completion", "created":1767225600,"model":"gpt-x",\n'
  + '"big":9007199254740993,'
  + '"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"annotations":[],"x":{"y":[]}},'
  + '"logprobs":{"content":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,'
  + '"total_tokens":3,"x_details":{}},"service_tier":"default","system_fingerprint":"fp_1",'
  + '"citations":["https://a.example/?a=1&b=<2>"]}';

plays('an answer', open, (act) => {
  act('comes back as the upstream wrote it', async ({ upstream, gateway }) => {
    upstream.answer(whole(ANSWER));
    const answer = await gateway.chat();
    assert.equal(answer.status, 200);
    assert.equal(answer.text, ANSWER);
    assert.equal(answer.header('content-type'), 'application/json');
    assert.equal(answer.header('x-gateway-provider'), 'openai');
  });
  act('comes back whole when it arrives three bytes at a time', async ({ upstream, gateway }) => {
    upstream.answer(whole(ANSWER, { slice: 3 }));
    assert.equal((await gateway.chat()).text, ANSWER);
  });
  act('leaves the upstream\'s own headers behind', async ({ upstream, gateway }) => {
    const private_ = {
      'Set-Cookie': 'a=b', Server: 'upstream/1', 'Alt-Svc': 'h3=":443"', 'Strict-Transport-Security': 'max-age=1',
      'Access-Control-Allow-Origin': '*', 'X-Powered-By': 'x',
    };
    upstream.answer(whole(ANSWER, { headers: private_ }));
    const answer = await gateway.chat();
    for (const name of Object.keys(private_)) assert.equal(answer.header(name), undefined, name);
  });
  act('streamed, has its events as the upstream wrote them', async ({ upstream, gateway }) => {
    const unusual = (event) => JSON.stringify(event).replace(/^\{/, '{ "x_new":9007199254740993, ');
    const events = spelling(['ä', '\u{1f600}', ' <&>'], { usage: false }).map((event) => (
      framed(typeof event === 'string' ? event : unusual(event))));
    upstream.answer(stream(events, { every: 2 }));
    const reply = await gateway.stream();
    const texts = [];
    for await (const event of reply.events) texts.push(`${event.text}\n\n`);
    reply.connection.close();
    assert.deepEqual(texts, events);
  });
});

const WORDS = ['Grüße ', 'aus ', '\u{1f600} ', 'und mehr'];
const LINES = {
  'CRLF line ends': (text) => text.replaceAll('\n', '\r\n'),
  'CR line ends': (text) => text.replaceAll('\n', '\r'),
  'a byte order mark': (text, i) => (i === 0 ? `\ufeff${text}` : text),
  'comments between': (text) => `: ping\n\n${text}`,
  'no space after the colon': (text) => text.replace('data: ', 'data:'),
  'id, retry and event lines': (text) => `id: 7\nretry: 10\nevent: message\n${text}`,
};

plays('a stream', open, (act) => {
  for (const [what, change] of Object.entries(LINES)) {
    act(`with ${what} says the same`, async ({ upstream, gateway }) => {
      upstream.answer(stream(spelling(WORDS).map((event, i) => Buffer.from(change(framed(event), i)))));
      const reply = await gateway.stream();
      const texts = [];
      const { list, done } = await drain({ events: (async function* seen() {
        for await (const event of reply.events) { texts.push(event.text); yield event; }
      })() });
      reply.connection.close();
      assert.deepEqual([spelled(list), done], [WORDS.join(''), 1]);
      assert.ok(!texts.some((text) => /^(id|retry|event):/m.test(text)), 'no line that breaks the SDKs');
    });
  }
  for (const size of [1, 2, 7]) {
    act(`cut into pieces of ${size} bytes says the same`, async ({ upstream, gateway }) => {
      const bytes = Buffer.from(spelling(WORDS).map(framed).join(''));
      const pieces = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      upstream.answer(stream(pieces));
      const reply = await gateway.stream();
      const { list, done } = await drain(reply);
      reply.connection.close();
      assert.deepEqual([spelled(list), done], [WORDS.join(''), 1]);
    });
  }
  act('has the headers that SDKs and proxies need', async ({ gateway }) => {
    const reply = await gateway.stream();
    await drain(reply);
    reply.connection.close();
    assert.match(reply.header('content-type'), /^text\/event-stream/);
    assert.equal(reply.header('cache-control'), 'no-cache');
    assert.equal(reply.header('x-accel-buffering'), 'no');
    assert.equal(reply.header('content-length'), undefined);
    assert.equal(reply.header('x-gateway-provider'), 'openai');
  });
});
