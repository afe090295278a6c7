// SPDX-License-Identifier: Apache-2.0
// Four workers, a receiver of webhooks and a plugin: one event for the end of every routed request, whatever it was.
import assert from 'node:assert/strict';

import { chunk, completion, endless, failure, reset, speech, stream, whole } from '../tools/answers.mjs';
import { drain } from '../tools/client.mjs';
import { MODEL, PROMPT, providerKey } from '../tools/gateway.mjs';
import { plays } from '../tools/play.mjs';
import { Receiver, SECRET } from '../tools/receiver.mjs';
import { sleep, until } from '../tools/wire.mjs';

const COMPLETED = 'gateway.request.completed', FAILED = 'gateway.request.failed';

const PLUGINS = {
  'plugins/refuse.lua': `return {
    name = "refuse", type = "guardrail",
    before_request = function(ctx)
      if ctx.headers:get "x-refuse" then return ctx:reject { code = "no_thanks" } end
    end,
  }`,
  'plugins/listen.lua': `
    local metrics = require "gateway.metrics"
    return {
      name = "listen", type = "logging", subjects = { "gateway.request.*" },
      on_event = function(event, conf, opened)
        metrics.count("heard." .. event.subject)
        if event.error == "no_thanks" then error("on purpose " .. event.subject) end
        metrics.count("told." .. conf.word .. opened)
      end,
      open = function(conf) return "-" .. conf.word end,
      schema = { word = { "string", default = "x" } },
    }`,
};

plays('events', async (stage) => {
  const upstream = await stage.upstream(), hook = await stage.upstream();
  hook.answer(whole('', { status: 204 }));
  const receiver = new Receiver(hook);
  const gateway = await stage.gateway({
    targets: { openai: upstream }, scripts: PLUGINS, env: { WORKERS: '4', WEBHOOK_SECRET: SECRET },
    config: {
      plugins: [{ name: 'refuse' }, { name: 'listen', stage: 'on_error', config: { word: 'mine' } }],
      events: { webhooks: [
        { url: receiver.url, secret: '${WEBHOOK_SECRET}', subjects: ['gateway.request.*'], every: '50ms' },
      ] },
    },
  });
  const scene = { upstream, gateway, receiver, hook };
  /** The event that `count` requests have made beside those before. */
  scene.next = async (subject, body) => {
    const before = receiver.of(subject).length;
    const answer = await body();
    return { answer, event: (await receiver.count(before + 1, subject))[before] };
  };
  return scene;
}, (act) => {
  act('tell of a whole answer', async ({ upstream, gateway, next }) => {
    upstream.answer(completion('canary-answer'));
    const { answer, event } = await next(COMPLETED, () => gateway.chat());
    const { timestamp, latency_ms: latency, key_id: key, ...rest } = event;
    assert.deepEqual(rest, {
      subject: COMPLETED, trace_id: answer.header('x-request-id'), endpoint: 'chat', provider: 'openai',
      target: 'openai', model: MODEL, attempts: 1, status: 200, stream: false, generation: 1, tokens_in: 9,
      tokens_out: 3, estimated: false, cost_usd: 0, cost_model_found: false, cost_input_usd: 0, cost_output_usd: 0,
      cost_cache_read_usd: 0, cost_cache_write_usd: 0, cost_reasoning_usd: 0, cost_image_usd: 0, cost_audio_usd: 0,
      cost_embedding_usd: 0,
    });
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000 && Number.isInteger(latency) && key !== undefined);
  });
  act('tell of a stream', async ({ upstream, gateway, next }) => {
    upstream.answer(speech(['a', 'b'], { every: 20 }));
    const { event } = await next(COMPLETED, async () => {
      const reply = await gateway.stream();
      await drain(reply);
      reply.connection.close();
    });
    assert.equal(event.stream, true);
    assert.ok(event.first_token_ms >= 0 && event.latency_ms >= event.first_token_ms);
  });
  act('tell of a provider that fails', async ({ upstream, gateway, next }) => {
    upstream.answer(failure(500, { message: PROMPT }));
    const { event } = await next(FAILED, () => gateway.chat());
    assert.deepEqual([event.status, event.ended_by, event.target], [502, 'upstream', 'openai'], JSON.stringify(event));
    assert.ok(event.error && event.error_code, JSON.stringify(event));
  });
  act('tell of a model that nobody has', async ({ gateway, next }) => {
    const { event } = await next(FAILED, () => gateway.chat({ model: 'nobodys' }));
    assert.deepEqual([event.status, event.error_code, event.ended_by], [404, 'model_not_found', 'gateway']);
  });
  act('tell of a plugin that refuses', async ({ gateway, next }) => {
    const { event } = await next(FAILED, () => gateway.chat({}, { 'X-Refuse': '1' }));
    assert.deepEqual([event.error_code, event.ended_by], ['no_thanks', 'plugin']);
  });
  act('tell of a stream that breaks', async ({ upstream, gateway, next }) => {
    upstream.answer(stream([chunk({ role: 'assistant', content: 'a' }), chunk({ content: 'b' })], { end: 'cut' }));
    const { event } = await next(FAILED, async () => {
      const reply = await gateway.stream();
      await drain(reply).catch(() => {});
      reply.connection.close();
    });
    assert.deepEqual([event.status, event.stream, event.ended_by], [200, true, 'upstream']);
  });
  act('tell of a client that goes', async ({ upstream, gateway, next }) => {
    upstream.answer(endless());
    const { event } = await next(FAILED, async () => {
      const reply = await gateway.stream();
      await sleep(50);
      reply.connection.close();
    });
    assert.deepEqual([event.status, event.error_code, event.ended_by], [499, 'client_closed_request', 'client']);
    assert.ok(event.estimated && event.tokens_out > 0, JSON.stringify(event));
  });
  act('are told to plugins, whose faults are nobody\'s trouble', async ({ gateway }) => {
    const count = async (name) => (await gateway.metrics()).value('gateway_script_events_total', { name });
    const counts = () => Promise.all([`heard.${FAILED}`, `heard.${COMPLETED}`, 'told.mine-mine'].map(count));
    await until(3000, 'the plugin heard of all', async () => String(await counts()) === '5,2,6');
    const line = await gateway.log((one) => one.msg === 'plugin failed');
    assert.deepEqual([line.plugin, line.hook], ['listen', 'on_event']);
  });
  act('come once each, of a crowd of all kinds', async ({ upstream, gateway, receiver }) => {
    const kinds = [completion('x'), failure(429), reset(), speech(['x']), failure(503)];
    upstream.answer((io, request) => kinds[Number(request.json.user)](io, request));
    const before = receiver.events.length, answers = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      const user = String(i % kinds.length);
      if (user !== '3') return (await gateway.chat({ user })).header('x-request-id');
      const reply = await gateway.stream({ user });
      await drain(reply);
      reply.connection.close();
      return reply.header('x-request-id');
    }));
    const events = (await receiver.count(before + 200)).slice(before);
    await sleep(150);
    assert.equal(receiver.events.length, before + 200);
    assert.deepEqual(events.map((event) => event.trace_id).sort(), answers.sort());
    assert.equal(events.filter((event) => event.subject === COMPLETED).length, 80);
  });
  act('hold no prompt, no answer and no key', async ({ hook, gateway }) => {
    const said = hook.requests.map(({ body }) => body.toString()).join('\n');
    for (const secret of [PROMPT, 'canary-answer', providerKey('openai'), gateway.key, SECRET]) {
      assert.ok(!said.includes(secret), secret);
    }
    assert.equal((await gateway.metrics()).value('gateway_hook_events_dropped_total'), 0);
  });
});
