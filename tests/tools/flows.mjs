// SPDX-License-Identifier: Apache-2.0
// Streams of the four APIs whose clients may come, event by event: what is said before any content, and what then is.
import { chunk, framed, spelling } from './answers.mjs';
import { PROMPT } from './gateway.mjs';

const named = (type, more = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] };
const candidate = (parts, finishReason) => Buffer.from(`data: ${JSON.stringify({
  candidates: [{ content: { role: 'model', parts }, index: 0, finishReason }], usageMetadata: { promptTokenCount: 9 },
})}\r\n\r\n`);

/** Per client: where it asks, what its own provider begins with, says, and ends with. */
export const CLIENTS = {
  'OpenAI\'s': {
    path: () => '/v1/chat/completions', body: { messages: [{ role: 'user', content: PROMPT }] },
    before: [framed(chunk({ role: 'assistant', content: '' }))],
    says: spelling(['Hi', ' there'], { usage: false }).slice(1).map(framed),
    ping: ': ping\n\n', error: /^data: \{"error":\{"message":".*\}\}\n\n$/, end: '[DONE]',
  },
  'Anthropic\'s': {
    path: () => '/v1/messages', body: { max_tokens: 9, messages: [{ role: 'user', content: PROMPT }] },
    before: [named('message_start', { message: { id: 'msg_1', usage: { input_tokens: 7, output_tokens: 1 } } }),
      named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }), named('ping')],
    says: [named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
      named('content_block_stop', { index: 0 }),
      named('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }),
      named('message_stop')],
    ping: 'event: ping\ndata: {"type":"ping"}\n\n', error: /^event: error\ndata: \{.*"type":"error"\}\n\n$/,
    end: 'message_stop',
  },
  'OpenAI\'s responses': {
    path: () => '/v1/responses', body: { input: PROMPT, store: false },
    before: [named('response.created', { response: RESPONSE }), named('response.in_progress', { response: RESPONSE }),
      named('response.output_item.added', { output_index: 0, item: { type: 'message', id: 'msg_1', content: [] } })],
    says: [named('response.output_text.delta', { item_id: 'msg_1', delta: 'Hi' }),
      named('response.completed', { response: { ...RESPONSE, status: 'completed',
        usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 } } })],
    ping: ': ping\n\n', error: /event: response\.failed\ndata: .*\n\nevent: error\ndata: .*\n\n$/,
    end: 'response.completed',
  },
  'Google\'s': {
    path: (model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
    body: { contents: [{ role: 'user', parts: [{ text: PROMPT }] }] },
    before: [candidate([{ text: '' }])], says: [candidate([{ text: 'Hi' }]), candidate([{ text: '' }], 'STOP')],
    ping: '\r\n', error: /^data: \{"error":\{.*"status":.*\}\}\r\n\r\n$/, end: 'finishReason',
  },
};
export const OWN = {
  'OpenAI\'s': 'openai', 'Anthropic\'s': 'anthropic', 'OpenAI\'s responses': 'openai', 'Google\'s': 'gemini',
};
export const texts = (events) => Buffer.concat(events.map(Buffer.from)).toString();

/**
 * A gateway in front of two servers, each a target of three providers: the second is asked where the first fails,
 * whose targets have `more`.
 */
export async function twoOfEach(stage, config = {}, more = {}, scripts) {
  const [first, second] = [await stage.upstream(), await stage.upstream()];
  const targets = [['first', first], ['second', second]].flatMap(([name, upstream]) => (
    ['openai', 'anthropic', 'gemini'].map((provider) => ({
      name: `${provider}-${name}`, provider, base_url: upstream.url, api_key: 'canary-provider-key', models: [provider],
      ...(name === 'first' ? more : {}),
    }))));
  const gateway = await stage.gateway({ scripts, config: { strategy: { mode: 'fallback' }, targets, ...config } });
  return { first, second, gateway };
}
