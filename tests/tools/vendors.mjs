// SPDX-License-Identifier: Apache-2.0
// Vendors that think: each reads a request in its own wire format and answers sensibly, whole or streamed. A thought is
// `{ text } | { calls: [{ name, arguments }] }`; which one, the request decides (see `think`).
import { frame } from './eventstream.mjs';
import { framed, head, stream, whole } from './answers.mjs';

export const USAGE = { input: 20, output: 7 };

// Thoughts -----------------------------------------------------------------------------------------------------------

/** The smallest value that a JSON schema accepts, more or less. */
export function example(schema = {}) {
  if (schema.enum) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  const type = String([schema.type].flat()[0] ?? 'object').toLowerCase();
  if (type === 'object') {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, example(inner)]));
  }
  return { string: 'Paris', integer: 18, number: 18.5, boolean: true, array: [], null: null }[type];
}

/** What a request comes to: its tools answered -> text; a schema -> JSON; tools -> every one is called; else text. */
function think({ tools = [], schema, answered, forced, name }) {
  if (schema && !(tools.length && !answered)) return { text: JSON.stringify(example(schema)) };
  const called = forced ? tools.filter((tool) => tool.name === forced) : tools;
  if (called.length && !answered) {
    return { calls: called.map((tool) => ({ name: tool.name, arguments: example(tool.schema) })) };
  }
  return { text: answered ? 'It is 18 degrees in Paris.' : `Hello from ${name}.` };
}

const words = (text) => text.match(/\S+\s*/g) ?? [''];

// OpenAI -------------------------------------------------------------------------------------------------------------

const openaiUsage = {
  prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: USAGE.input + USAGE.output,
};

function openaiThought(body) {
  const last = body.messages[body.messages.length - 1];
  return think({
    name: 'openai', answered: last.role === 'tool', schema: body.response_format?.json_schema?.schema,
    forced: body.tool_choice?.function?.name,
    tools: (body.tools ?? []).map(({ function: tool }) => ({ name: tool.name, schema: tool.parameters })),
  });
}

const openaiCalls = (calls) => calls.map((call, at) => ({
  id: `call_${at}`, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.arguments) },
}));

function openaiEvents(thought, model) {
  const chunk = (delta, finish = null) => ({ id: 'chatcmpl-v', object: 'chat.completion.chunk', created: 1767225600,
    model, choices: [{ index: 0, delta, finish_reason: finish }] });
  const said = thought.calls
    ? openaiCalls(thought.calls).flatMap((call, index) => [
      chunk({ tool_calls: [{ ...call, index, function: { name: call.function.name, arguments: '' } }] }),
      chunk({ tool_calls: [{ index, function: { arguments: call.function.arguments } }] })])
    : words(thought.text).map((content) => chunk({ content }));
  return [chunk({ role: 'assistant', content: '' }), ...said, chunk({}, thought.calls ? 'tool_calls' : 'stop'),
    { ...chunk({}), choices: [], usage: openaiUsage }, '[DONE]'];
}

function openaiChat(body) {
  const thought = openaiThought(body);
  if (body.stream) return stream(openaiEvents(thought, body.model));
  const message = { role: 'assistant', content: thought.text ?? null, refusal: null,
    ...(thought.calls ? { tool_calls: openaiCalls(thought.calls) } : {}) };
  return whole({ id: 'chatcmpl-v', object: 'chat.completion', created: 1767225600, model: body.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: thought.calls ? 'tool_calls' : 'stop' }],
    usage: openaiUsage });
}

// Anthropic ----------------------------------------------------------------------------------------------------------

function anthropicThought(body) {
  const last = body.messages[body.messages.length - 1].content;
  return think({
    name: 'anthropic', answered: Array.isArray(last) && last.some(({ type }) => type === 'tool_result'),
    schema: body.output_config?.format?.schema, forced: body.tool_choice?.name,
    tools: (body.tools ?? []).map((tool) => ({ name: tool.name, schema: tool.input_schema })),
  });
}

const anthropicBlocks = (thought) => (thought.calls
  ? thought.calls.map((call, at) => ({ type: 'tool_use', id: `toolu_${at}`, name: call.name, input: call.arguments }))
  : [{ type: 'text', text: thought.text }]);

function anthropicEvents(thought, message) {
  const blocks = anthropicBlocks(thought);
  const told = blocks.flatMap((block, index) => {
    const text = block.type === 'text';
    const start = text ? { type: 'text', text: '' } : { ...block, input: {} };
    const deltas = text ? words(block.text).map((piece) => ({ type: 'text_delta', text: piece }))
      : [{ type: 'input_json_delta', partial_json: JSON.stringify(block.input) }];
    return [{ type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index }];
  });
  return [{ type: 'message_start', message: { ...message, content: [], stop_reason: null } }, { type: 'ping' }, ...told,
    { type: 'message_delta', delta: { stop_reason: thought.calls ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: USAGE.output } }, { type: 'message_stop' }];
}

function anthropicMessages(body) {
  const thought = anthropicThought(body);
  const message = { id: 'msg_v', type: 'message', role: 'assistant', model: body.model,
    content: anthropicBlocks(thought), stop_reason: thought.calls ? 'tool_use' : 'end_turn', stop_sequence: null,
    usage: { input_tokens: USAGE.input, output_tokens: USAGE.output } };
  if (!body.stream) return whole(message);
  return stream(anthropicEvents(thought, message).map((event) => `event: ${event.type}\n${framed(event)}`));
}

// Gemini -------------------------------------------------------------------------------------------------------------

function geminiThought(body) {
  const last = body.contents[body.contents.length - 1].parts ?? [];
  const config = body.generationConfig ?? {};
  return think({
    name: 'gemini', answered: last.some((part) => part.functionResponse),
    schema: config.responseJsonSchema ?? config.responseSchema,
    forced: body.toolConfig?.functionCallingConfig?.allowedFunctionNames?.[0],
    tools: (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])
      .map((tool) => ({ name: tool.name, schema: tool.parametersJsonSchema ?? tool.parameters })),
  });
}

function geminiGenerate(body, target) {
  const thought = geminiThought(body);
  const answer = (parts, finishReason) => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason ? { finishReason } : {}) }],
    usageMetadata: { promptTokenCount: USAGE.input, candidatesTokenCount: USAGE.output,
      totalTokenCount: USAGE.input + USAGE.output },
    modelVersion: /models\/([^:]+)/.exec(target)[1], responseId: 'resp_v' });
  const parts = thought.calls
    ? thought.calls.map((call) => ({ functionCall: { name: call.name, args: call.arguments } }))
    : [{ text: thought.text }];
  if (!target.includes(':streamGenerateContent')) return whole(answer(parts, 'STOP'));
  const pieces = thought.calls ? parts.map((part) => [part]) : words(thought.text).map((text) => [{ text }]);
  const events = pieces.map((piece, at) => answer(piece, at === pieces.length - 1 ? 'STOP' : undefined));
  return stream(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).map(Buffer.from));
}

// Bedrock ------------------------------------------------------------------------------------------------------------

function bedrockThought(body) {
  const last = body.messages[body.messages.length - 1].content;
  const format = body.outputConfig?.textFormat?.structure?.jsonSchema?.schema;
  return think({
    name: 'bedrock', answered: last.some((block) => block.toolResult), schema: format && JSON.parse(format),
    forced: body.toolConfig?.toolChoice?.tool?.name,
    tools: (body.toolConfig?.tools ?? []).filter((tool) => tool.toolSpec)
      .map(({ toolSpec }) => ({ name: toolSpec.name, schema: toolSpec.inputSchema.json })),
  });
}

const bedrockUsage = {
  inputTokens: USAGE.input, outputTokens: USAGE.output, totalTokens: USAGE.input + USAGE.output,
};

function bedrockEvents(thought) {
  const told = thought.calls
    ? thought.calls.flatMap((call, at) => [
      ['contentBlockStart',
        { contentBlockIndex: at, start: { toolUse: { toolUseId: `tooluse_${at}`, name: call.name } } }],
      ['contentBlockDelta', { contentBlockIndex: at, delta: { toolUse: { input: JSON.stringify(call.arguments) } } }],
      ['contentBlockStop', { contentBlockIndex: at }]])
    : [...words(thought.text).map((text) => ['contentBlockDelta', { contentBlockIndex: 0, delta: { text } }]),
      ['contentBlockStop', { contentBlockIndex: 0 }]];
  return [['messageStart', { role: 'assistant' }], ...told,
    ['messageStop', { stopReason: thought.calls ? 'tool_use' : 'end_turn' }],
    ['metadata', { usage: bedrockUsage, metrics: { latencyMs: 5 } }]];
}

function bedrockConverse(body, target) {
  const thought = bedrockThought(body);
  if (target.endsWith('-stream')) {
    return stream(bedrockEvents(thought).map(([name, value]) => frame(name, value)),
      { headers: { 'Content-Type': 'application/vnd.amazon.eventstream' } });
  }
  const content = thought.calls
    ? thought.calls.map((call, at) => (
      { toolUse: { toolUseId: `tooluse_${at}`, name: call.name, input: call.arguments } }))
    : [{ text: thought.text }];
  return whole({ output: { message: { role: 'assistant', content } },
    stopReason: thought.calls ? 'tool_use' : 'end_turn', usage: bedrockUsage, metrics: { latencyMs: 5 } });
}

// Cohere -------------------------------------------------------------------------------------------------------------

function cohereThought(body) {
  return think({
    name: 'cohere', answered: body.messages[body.messages.length - 1].role === 'tool',
    schema: body.response_format?.json_schema ?? body.response_format?.schema,
    tools: (body.tools ?? []).map(({ function: tool }) => ({ name: tool.name, schema: tool.parameters })),
  });
}

const cohereUsage = { tokens: { input_tokens: USAGE.input, output_tokens: USAGE.output } };

function cohereEvents(thought) {
  const told = thought.calls
    ? openaiCalls(thought.calls).flatMap((call, index) => [
      { type: 'tool-call-start', index,
        delta: { message: { tool_calls: { ...call, function: { name: call.function.name, arguments: '' } } } } },
      { type: 'tool-call-delta', index,
        delta: { message: { tool_calls: { function: { arguments: call.function.arguments } } } } },
      { type: 'tool-call-end', index }])
    : [{ type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } },
      ...words(thought.text).map((text) => (
        { type: 'content-delta', index: 0, delta: { message: { content: { text } } } })),
      { type: 'content-end', index: 0 }];
  return [{ type: 'message-start', id: 'c-v', delta: { message: { role: 'assistant' } } }, ...told,
    { type: 'message-end', delta: { finish_reason: thought.calls ? 'TOOL_CALL' : 'COMPLETE', usage: cohereUsage } }];
}

function cohereChat(body) {
  const thought = cohereThought(body);
  if (body.stream) return stream(cohereEvents(thought).map((event) => `event: ${event.type}\n${framed(event)}`));
  const message = thought.calls ? { role: 'assistant', tool_calls: openaiCalls(thought.calls) }
    : { role: 'assistant', content: [{ type: 'text', text: thought.text }] };
  return whole({ id: 'c-v', finish_reason: thought.calls ? 'TOOL_CALL' : 'COMPLETE', message, usage: cohereUsage });
}

// Who is asked -------------------------------------------------------------------------------------------------------

const anthropicCount = () => whole({ input_tokens: USAGE.input });

const VENDORS = [
  [/\/messages\/count_tokens$/, anthropicCount],
  [/\/chat\/completions$/, openaiChat],
  [/\/messages(\?.*)?$/, anthropicMessages],
  [/:(generateContent|streamGenerateContent)/, geminiGenerate],
  [/\/converse(-stream)?$/, bedrockConverse],
  [/\/v2\/chat$/, cohereChat],
];

/** An answer for an upstream (tests/tools/upstream.mjs) that is all these vendors at once, told apart by the path. */
export const vendors = () => async (io, request) => {
  const [, answer] = VENDORS.find(([pattern]) => pattern.test(request.target)) ?? [];
  if (!answer) {
    const text = `{"error":{"message":"nobody serves ${request.target}"}}`;
    await io.write(`${head(404, { 'Content-Type': 'application/json', 'Content-Length': text.length })}${text}`);
    return true;
  }
  return answer(request.json, request.target)(io, request);
};

/** The environment that leads a gateway to them, and a model of each. */
export const directions = (root) => ({
  OPENAI_API_KEY: 'key-openai', OPENAI_BASE_URL: `${root}/v1`,
  ANTHROPIC_API_KEY: 'key-anthropic', ANTHROPIC_BASE_URL: `${root}/v1`,
  GEMINI_API_KEY: 'key-gemini', GEMINI_BASE_URL: `${root}/v1beta`,
  AWS_BEARER_TOKEN_BEDROCK: 'key-bedrock', AWS_REGION: 'us-east-1', BEDROCK_BASE_URL: root,
  COHERE_API_KEY: 'key-cohere', COHERE_BASE_URL: root,
  DEEPSEEK_API_KEY: 'key-deepseek', DEEPSEEK_BASE_URL: `${root}/v1`,
});

/** By who answers; DeepSeek stands for all who know chat completions alone. */
export const MODELS = {
  openai: 'deepseek/deepseek-chat', anthropic: 'anthropic/claude-sonnet-4-5', gemini: 'gemini/gemini-2.5-flash',
  bedrock: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0', cohere: 'cohere/command-a-03-2025',
};

/** A scene with all of them behind one gateway. */
export async function openVendors(stage, more = {}) {
  const upstream = await stage.upstream();
  upstream.answer(vendors());
  const root = `http://127.0.0.1:${upstream.port}`;
  const targets = Object.values(MODELS).map((model) => ({ virtual_key: model.split('/')[0] }));
  const config = { strategy: { mode: 'fallback' }, targets };
  const gateway = await stage.gateway({ env: directions(root), config, ...more });
  return { upstream, gateway, root: `http://127.0.0.1:${gateway.port}` };
}
