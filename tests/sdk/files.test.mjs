// SPDX-License-Identifier: Apache-2.0
// OpenAI's official SDK: files and batches, at the target that has them.
import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { whole } from '../tools/answers.mjs';
import { MASTER_KEY, providerKey } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';

async function open(stage) {
  const upstream = await stage.upstream();
  const gateway = await stage.gateway({ targets: { openai: upstream } });
  const baseURL = `http://127.0.0.1:${gateway.port}/v1`;
  return { upstream, openai: new OpenAI({ baseURL, apiKey: MASTER_KEY, maxRetries: 0 }) };
}

plays('files and batches', open, (act) => {
  act('a file is uploaded as it was', async ({ upstream, openai }) => {
    upstream.answer(whole({ id: 'file-1', object: 'file', bytes: 3000000, purpose: 'batch' }));
    const content = Buffer.alloc(3000000, '{"custom_id":"1"}\n');
    const file = await openai.files.create({ file: await toFile(content, 'in.jsonl'), purpose: 'batch' });
    assert.equal(file.id, 'file-1');
    assert.ok(upstream.last.body.includes(content));
    assert.match(upstream.last.header('content-type'), /^multipart\/form-data; boundary=/);
    assert.equal(upstream.last.header('authorization'), `Bearer ${providerKey('openai')}`);
  });

  act('files are listed, and read', async ({ upstream, openai }) => {
    upstream.answer(whole({ object: 'list', data: [{ id: 'file-1' }], has_more: false }));
    const ids = [];
    for await (const file of openai.files.list({ limit: 2 })) ids.push(file.id);
    assert.deepEqual(ids, ['file-1']);
    assert.equal(upstream.last.target, '/v1/files?limit=2');
    upstream.answer(whole(Buffer.from([0, 255, 10]), { headers: { 'Content-Type': 'application/octet-stream' } }));
    const bytes = Buffer.from(await (await openai.files.content('file-1')).arrayBuffer());
    assert.deepEqual([...bytes], [0, 255, 10]);
    assert.equal(upstream.last.target, '/v1/files/file-1/content');
  });

  act('a batch is begun, watched and cancelled', async ({ upstream, openai }) => {
    upstream.answer(whole({ id: 'batch_1', object: 'batch', status: 'validating' }));
    const batch = await openai.batches.create({
      input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h',
    });
    assert.equal(batch.status, 'validating');
    assert.equal(upstream.last.json.input_file_id, 'file-1');
    await openai.batches.retrieve('batch_1');
    assert.equal(upstream.last.target, '/v1/batches/batch_1');
    await openai.batches.cancel('batch_1');
    assert.deepEqual([upstream.last.method, upstream.last.target], ['POST', '/v1/batches/batch_1/cancel']);
  });

  act('an error is the provider\'s', async ({ upstream, openai }) => {
    upstream.answer(whole({ error: { message: 'no such file', type: 'invalid_request_error', code: 'gone' } },
      { status: 404 }));
    await assert.rejects(openai.files.retrieve('file-x'), (error) => (
      error.status === 404 && error.code === 'gone' && /no such file/.test(error.message)));
  });

  act('fine tuning passes to whoever is named', async ({ upstream, openai }) => {
    upstream.answer(whole({ id: 'ftjob-1', object: 'fine_tuning.job' }));
    const job = await openai.fineTuning.jobs.create({ model: 'gpt-4o-mini', training_file: 'file-1' });
    assert.equal(job.id, 'ftjob-1');
    assert.equal(upstream.last.target, '/v1/fine_tuning/jobs');
  });
});
