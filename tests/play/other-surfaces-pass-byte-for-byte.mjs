// SPDX-License-Identifier: Apache-2.0
// Embeddings, images, speech and the others go out as they came, with at most the model spliced, and their answers
// come back as they are, whatever they hold.
import assert from 'node:assert/strict';

import { failure, head, raw, stream, whole } from '../tools/answers.mjs';
import { plays } from '../tools/play.mjs';

const MODEL = 'gpt-mine';
const CASES = {
  embeddings: { path: '/embeddings', body: { input: ['a', 'b'], dimensions: 3 },
    answer: { object: 'list', data: [{ embedding: [0.10, 1e-7] }], usage: { prompt_tokens: 4, total_tokens: 4 } } },
  images: { path: '/images/generations', body: { prompt: 'a moon', n: 2 },
    answer: { created: 1, data: [{ b64_json: 'AAAA' }, { url: 'https://x.example/1.png' }] } },
  moderations: { path: '/moderations', body: { input: 'x' }, answer: { id: 'm', results: [{ flagged: false }] } },
  rerank: { path: '/rerank', body: { query: 'q', documents: ['a', 'b'], top_n: 1 },
    answer: { results: [{ index: 1, relevance_score: 0.93 }], meta: { billed_units: { search_units: 1 } } } },
  completions: { path: '/completions', body: { prompt: 'Once' },
    answer: { object: 'text_completion', choices: [{ text: ' upon', index: 0 }] } },
};

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({
    targets: { openai: upstream },
    config: {
      targets: [
        { name: 'own', provider: 'openai-compatible', base_url: upstream.url, models: [MODEL],
          model_map: { [MODEL]: 'theirs' } },
      ],
      aliases: { nick: MODEL },
    },
  });
  return { upstream, gateway };
}

const ask = (gateway, path, body, more) => gateway.fetch('POST', `/v1${path}`, {
  body: typeof body === 'string' ? body : JSON.stringify({ model: 'nick', ...body }),
  headers: { 'Content-Type': 'application/json' }, ...more,
});

plays('another surface', open, (act) => {
  for (const [name, { path, body, answer }] of Object.entries(CASES)) {
    act(`${name} go out with the model spliced, and come back byte for byte`, async ({ upstream, gateway }) => {
      const text = JSON.stringify(answer, null, 1);
      upstream.answer(whole(text, { headers: { 'openai-processing-ms': '7' } }));
      const got = await ask(gateway, path, body);
      assert.equal(got.status, 200);
      assert.equal(got.text, text);
      assert.equal(got.header('openai-processing-ms'), '7');
      assert.equal(upstream.last.target, `/v1${path}`);
      assert.equal(upstream.last.body.toString(), JSON.stringify({ model: 'theirs', ...body }));
    });
  }

  act('speech is passed on as it comes', async ({ upstream, gateway }) => {
    const audio = Buffer.from(Array.from({ length: 70000 }, (_, i) => i % 256));
    upstream.answer(whole(audio, { headers: { 'Content-Type': 'audio/mpeg' } }));
    const got = await ask(gateway, '/audio/speech', { input: 'hi', voice: 'nova' });
    assert.equal(got.status, 200);
    assert.equal(got.header('content-type'), 'audio/mpeg');
    assert.deepEqual(got.bytes, audio);
    assert.ok(got.complete);
  });

  act('speech that breaks off is seen to be cut', async ({ upstream, gateway }) => {
    const bytes = `${head(200, { 'Content-Type': 'audio/mpeg', 'Content-Length': 100 })}half`;
    upstream.answer(raw(bytes));
    const got = await ask(gateway, '/audio/speech', { input: 'hi', voice: 'nova' });
    assert.equal(got.text, 'half');
    assert.equal(got.complete, false);
  });

  act('events of another kind than chat are passed on as they are', async ({ upstream, gateway }) => {
    const events = ['event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image"}\n\n',
      'event: image_generation.completed\ndata: {"type":"image_generation.completed","usage":{"input_tokens":5}}\n\n'];
    upstream.answer(stream(events));
    const got = await ask(gateway, '/images/generations', { prompt: 'a moon', stream: true });
    assert.equal(got.text, events.join(''));
    assert.match(got.header('content-type'), /^text\/event-stream/);
  });

  act('an answer that is no JSON although it says so is refused', async ({ upstream, gateway }) => {
    upstream.answer(whole('{"data":[', {}));
    const got = await ask(gateway, '/embeddings', { input: 'a' });
    assert.equal(got.status, 502);
    assert.equal(got.json.error.code, 'upstream_not_json');
  });

  act('an error in a good status is an error', async ({ upstream, gateway }) => {
    upstream.answer(whole({ error: { message: 'no', code: 'nope' } }));
    assert.equal((await ask(gateway, '/embeddings', { input: 'a' })).status, 502);
  });

  act('a refusal has the words of the provider', async ({ upstream, gateway }) => {
    upstream.answer(failure(400, { message: 'too many dimensions' }));
    const got = await ask(gateway, '/embeddings', { input: 'a' });
    assert.equal(got.status, 400);
    assert.equal(got.json.error.message, 'too many dimensions');
  });

  const INVALID = [
    ['/embeddings', {}, 'input is required'], ['/embeddings', { model: null, input: 'a' }, 'model is required'],
    ['/images/generations', {}, 'prompt is required'], ['/moderations', {}, 'input is required'],
    ['/rerank', { documents: ['a'] }, 'query is required'], ['/rerank', { query: 'q' }, 'documents is required'],
    ['/audio/speech', { input: 'a' }, 'voice is required'], ['/audio/speech', { voice: 'a' }, 'input is required'],
    ['/audio/speech', { voice: 'a', input: 'ü'.repeat(4097) }, 'input must be at most 4096 characters, got 4097'],
  ];
  for (const [path, body, message] of INVALID) {
    act(`${path} says: ${message}`, async ({ gateway }) => {
      const got = await ask(gateway, path, body);
      assert.equal(got.status, 400);
      assert.deepEqual([got.json.error.message, got.json.error.code], [message, 'invalid_request']);
    });
  }

  act('a body that is no JSON is told with its prefix', async ({ gateway }) => {
    const got = await ask(gateway, '/embeddings', '{"model":');
    assert.equal(got.status, 400);
    assert.match(got.json.error.message, /^invalid request body: /);
  });
});
