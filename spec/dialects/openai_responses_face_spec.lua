-- SPDX-License-Identifier: Apache-2.0
--- Requests of the Responses API in front of a chat model: what each member becomes, what is refused, what is left out.

local json = require "gateway.json"
local responses = require "spec.support.responses"

local face = responses.face

local function user(text)
  return { role = "user", content = text }
end

local CLAUDE = { target = { dialect = "anthropic_messages", provider = { name = "anthropic" } } }
local DEEPSEEK = {
  target = { dialect = "openai_variant", provider = { name = "deepseek", history = { reasoning = "always" } } },
}
local CODEX = { target = { dialect = "openai_responses", provider = { name = "openai" } } }

describe("reading a request", function()
  local function call_of(body)
    local decoded = json.decode(body)
    return { get = function(_, name)
      local found = decoded[name]
      if found == nil then return nil end
      if found == json.null then return nil, "null" end
      if type(found) == "table" then return nil, json.is_array(found) and "array" or "object" end
      return found, type(found)
    end }
  end

  it("finds what decides where it goes", function()
    local read = face.read(call_of '{"model":"m","stream":true,"previous_response_id":"resp_1","store":false}')
    assert.same({ previous = "resp_1", kept = false }, read.facts)
    assert.same({ "m", true, true }, { read.model, read.stream, read.include_usage })
  end)

  it("keeps a response unless told otherwise", function()
    assert.is_true(face.read(call_of '{"model":"m","store":null}').facts.kept)
  end)

  it("wants a model, and kinds that are right", function()
    local function message(body) return select(2, face.read(call_of(body))).message end
    assert.equal("model is required", message "{}")
    assert.equal("model is required", message '{"model":""}')
    assert.equal("model is required", message '{"model":7}')
    assert.equal("stream must be a boolean", message '{"model":"m","stream":1}')
    assert.equal("previous_response_id must be a string", message '{"model":"m","previous_response_id":1}')
  end)
end)

describe("forwarding", function()
  local target = { paths = { responses = "/responses" }, provider = {}, dialect = "openai_chat" }

  it("goes to who has the same API", function()
    assert.same({ path = "/responses" }, face.forward({}, target))
    assert.is_nil(face.forward({}, { paths = {}, provider = {}, dialect = "openai_chat" }))
  end)

  it("does not when the conversation is kept here", function()
    assert.is_nil(face.forward({ history = {} }, target))
  end)
end)

describe("an input", function()
  it("of one string is the user's", function()
    assert.same({ user "Hi" }, responses.messages "Hi")
  end)

  it("has its instructions first, then the conversation so far", function()
    local body = { input = "And?", instructions = "Be brief", previous_response_id = "resp_1" }
    local made = responses.asked(body, { history = { user "Hi", { type = "message", role = "assistant",
      content = json.array { { type = "output_text", text = "Hello" } } } } })
    assert.same({ { role = "system", content = "Be brief" }, user "Hi", { role = "assistant", content = "Hello" },
      user "And?" }, made.messages)
  end)

  it("may have instructions that are items", function()
    local made = responses.asked { input = "x", instructions = json.array { { role = "developer", content = "d" } } }
    assert.same({ role = "system", content = "d" }, made.messages[1])
  end)

  it("joins what an assistant said and called in one turn", function()
    local messages = responses.messages(json.array {
      user "Hi", { role = "assistant", content = "Looking." },
      { type = "function_call", call_id = "a", name = "f", arguments = "{}" },
      { type = "function_call", call_id = "b", name = "f", arguments = "{}" },
      { type = "function_call_output", call_id = "a", output = "1" },
      { type = "function_call", call_id = "c", name = "f", arguments = "{}" },
    })
    assert.same({ "user", "assistant", "tool", "assistant" },
      { messages[1].role, messages[2].role, messages[3].role, messages[4].role })
    assert.same({ "Looking.", "a", "b" },
      { messages[2].content, messages[2].tool_calls[1].id, messages[2].tool_calls[2].id })
    assert.same({ json.null, "c" }, { messages[4].content, messages[4].tool_calls[1].id })
  end)

  it("#52 keeps arguments as they were written", function()
    local messages = responses.messages(json.array {
      { type = "function_call", call_id = "a", name = "f", arguments = '{"b":1.0,"a":12345678901234567890}' },
    })
    assert.equal('{"b":1.0,"a":12345678901234567890}', messages[1].tool_calls[1]["function"].arguments)
  end)

  it("keeps the order and the numbers of schemas", function()
    local body = '{"input":"x","tools":[{"type":"function","name":"f","parameters":{"z":1.0,"a":{"schema":[]}}}],'
      .. '"text":{"format":{"type":"json_schema","name":"n","schema":{"z":1.0,"a":2}}}}'
    local made = json.encode(face.request(responses.context(body)))
    assert.truthy(made:find('"parameters":{"z":1.0,"a":{"schema":[]}}', 1, true))
    assert.truthy(made:find('"schema":{"z":1.0,"a":2}', 1, true))
  end)

  it("has refusals as what the assistant said", function()
    local messages = responses.messages(json.array { { type = "message", role = "assistant",
      content = json.array { { type = "refusal", refusal = "No." } } } })
    assert.same({ role = "assistant", content = json.null, refusal = "No." }, messages[1])
  end)

  it("takes results as text, what is no text follows as the user's", function()
    local messages = responses.messages(json.array {
      { type = "function_call_output", call_id = "a", output = json.array {
        { type = "input_text", text = "x" }, { type = "input_text", text = "y" },
        { type = "input_file", file_id = "file-1" } } },
      { type = "function_call_output", call_id = "b", output = json.null },
      user "And?",
    })
    assert.same({ role = "tool", tool_call_id = "a", content = "x\ny" }, messages[1])
    assert.same({ role = "tool", tool_call_id = "b", content = "" }, messages[2])
    assert.same({ { type = "file", file = { file_id = "file-1" } } }, messages[3].content)
    assert.equal("And?", messages[4].content)
  end)

  it("#28 leaves an image in its result for who takes it there", function()
    local messages = responses.messages(json.array { { type = "function_call_output", call_id = "a",
      output = json.array { { type = "input_image", image_url = "data:image/png;base64,AA" } } } }, CLAUDE)
    assert.same(1, #messages)
    assert.equal("image_url", messages[1].content[1].type)
  end)

  it("drops message phases, ids, and states", function()
    local messages = responses.messages(json.array {
      { type = "message", id = "msg_1", status = "completed", phase = "commentary", role = "assistant", content = "x" },
    })
    assert.same({ role = "assistant", content = "x" }, messages[1])
  end)

  it("finds items that it only names", function()
    local found = { msg_1 = { type = "message", role = "assistant", content = "Hello" } }
    local input = json.array { { type = "item_reference", id = "msg_1" } }
    local messages = responses.messages(input, { item = function(id) return found[id] end })
    assert.same({ { role = "assistant", content = "Hello" } }, messages)
    local _, failure = responses.asked({ input = input })
    assert.same({ 404, "Item with id 'msg_1' not found.", "input" }, { failure.status, failure.message, failure.param })
  end)

  it("that is missing or odd is told of, with its place", function()
    local function failure(body) return select(2, responses.asked(body)) end
    assert.equal("input is required", failure({}).message)
    assert.equal("input must be a string or an array of items", failure({ input = 7 }).message)
    assert.equal("input[0]", failure({ input = json.array { 7 } }).param)
    assert.equal("input[0].role", failure({ input = json.array { { role = "nobody", content = "" } } }).param)
    local parts = json.array { { role = "user", content = json.array { { type = "input_text" } } } }
    assert.equal("input[0].content[0].text", failure({ input = parts }).param)
    parts = json.array { { role = "user", content = json.array { { type = "input_file", file_url = "https://x" } } } }
    assert.same({ "unsupported_parameter", "input[0].content[0].file_url" },
      { failure({ input = parts }).code, failure({ input = parts }).param })
  end)
end)

describe("reasoning that comes back", function()
  local function input()
    local _, context = responses.answered({
      content = "4", reasoning_content = "hm",
      thinking_blocks = json.array { { type = "thinking", thinking = "hm", signature = "sig" } },
    }, nil, { input = "2+2", include = json.array { "reasoning.encrypted_content" } })
    local items = json.decode(json.decode(context.kept.record.response, { raw = { output = true } }).output
      and json.text(json.decode(context.kept.record.response, { raw = { output = true } }).output))
    return json.array(items)
  end

  it("#33 reaches who signed it, unchanged and with its message", function()
    local messages = responses.messages(input(), CLAUDE)
    assert.same({ { type = "thinking", thinking = "hm", signature = "sig" } }, messages[1].thinking_blocks)
    assert.same({ "4", "hm" }, { messages[1].content, messages[1].reasoning_content })
  end)

  it("#37 is text for who wants it, and nothing for who refuses it", function()
    assert.same({ { role = "assistant", content = "4", reasoning_content = "hm" } },
      responses.messages(input(), DEEPSEEK))
    assert.same({ { role = "assistant", content = "4" } }, responses.messages(input()))
  end)

  it("joins several items, and goes with a call, too", function()
    local messages = responses.messages(json.array {
      { type = "reasoning", summary = json.array { { type = "summary_text", text = "a" } } },
      { type = "reasoning", summary = json.array { { type = "summary_text", text = "b" } } },
      { type = "function_call", call_id = "c", name = "f", arguments = "{}" },
    }, DEEPSEEK)
    assert.equal("a\n\nb", messages[1].reasoning_content)
    assert.equal("c", messages[1].tool_calls[1].id)
  end)

  it("#34 that somebody else has sealed is left alone", function()
    local messages = responses.messages(json.array {
      { type = "reasoning", summary = json.array {}, encrypted_content = "gAAAA" },
      { role = "assistant", content = "x" },
      { type = "reasoning", summary = json.array {}, encrypted_content = "moongate.!!" },
      { role = "assistant", content = "y" },
    }, CLAUDE)
    assert.is_nil(messages[1].thinking_blocks)
    assert.is_nil(messages[2].thinking_blocks)
  end)

  it("#36 a vendor's additions to a call come back with it", function()
    local extra = { google = { thought_signature = "s" } }
    local input_items = json.array {
      { type = "function_call", call_id = "c", name = "f", arguments = "{}", extra_content = extra },
    }
    local gemini = { target = { dialect = "gemini", provider = { name = "gemini" } } }
    assert.same(extra, responses.messages(input_items, gemini)[1].tool_calls[1].extra_content)
    assert.is_nil(responses.messages(input_items)[1].tool_calls[1].extra_content)
  end)
end)

describe("tools", function()
  local GRAMMAR = { type = "grammar", syntax = "lark", definition = "start: x" }
  local CUSTOM = { type = "custom", name = "patch", description = "Edits.", format = GRAMMAR }

  it("that take free text go as functions with one string", function()
    local made, _, context = responses.asked { input = "x", tools = json.array { CUSTOM },
      tool_choice = { type = "custom", name = "patch" } }
    local spec = made.tools[1]["function"]
    assert.equal("Edits.\n\nThe input must match this lark grammar:\nstart: x", spec.description)
    assert.same({ "input" }, spec.parameters.required)
    assert.same({ type = "function", ["function"] = { name = "patch" } }, made.tool_choice)
    assert.is_true(context.kept.custom.patch)
  end)

  it("that take free text stay what they are where they are known", function()
    local made = responses.asked({ input = json.array {
      { type = "custom_tool_call", call_id = "c", name = "patch", input = "x" },
      { type = "custom_tool_call_output", call_id = "c", output = "ok" } },
      tools = json.array { CUSTOM }, tool_choice = { type = "custom", name = "patch" } }, CODEX)
    assert.same({ syntax = "lark", definition = "start: x" }, made.tools[1].custom.format.grammar)
    assert.same({ type = "custom", custom = { name = "patch" } }, made.tool_choice)
    assert.same({ name = "patch", input = "x" }, made.messages[1].tool_calls[1].custom)
  end)

  it("'s calls come back as what they were", function()
    local messages = responses.messages(json.array {
      { type = "custom_tool_call", call_id = "c", name = "patch", input = 'a "b"' },
    })
    assert.same({ name = "patch", arguments = '{"input":"a \\"b\\""}' }, messages[1].tool_calls[1]["function"])
  end)

  it("may be allowed in part: the others are not sent", function()
    local tools = json.array { { type = "function", name = "f" }, { type = "function", name = "g" } }
    local allowed = json.array { { type = "function", name = "g" } }
    local made = responses.asked { input = "x", tools = tools,
      tool_choice = { type = "allowed_tools", mode = "required", tools = allowed } }
    assert.same({ 1, "g", "required" }, { #made.tools, made.tools[1]["function"].name, made.tool_choice })
  end)

  it("are chosen only among those there are", function()
    local tools = json.array { { type = "function", name = "f" } }
    local function failure(choice)
      return select(2, responses.asked { input = "x", tools = tools, tool_choice = choice })
    end
    assert.equal("tool_choice", failure({ type = "function", name = "g" }).param)
    assert.equal("tool_choice.name", failure({ type = "function" }).param)
    assert.equal("tool_choice", failure("any").param)
    assert.is_nil(responses.asked { input = "x", tool_choice = "required", parallel_tool_calls = false }.tool_choice)
  end)

  it("of the provider's own are left out, and named", function()
    local made, _, context = responses.asked { input = "x",
      tools = json.array { { type = "web_search" }, { type = "web_search" }, { type = "mcp", server_label = "m" } },
      tool_choice = { type = "web_search" } }
    assert.is_nil(made.tools)
    assert.is_nil(made.tool_choice)
    assert.same({ "tools.web_search", "tools.mcp" }, context.dropped)
  end)

  it("of the provider's own are refused where the configuration wants it", function()
    local _, failure = responses.asked({ input = "x", tools = json.array { { type = "file_search" } } },
      { on_unsupported_param = "reject" })
    assert.same({ 400, "unsupported_parameter", "tools[0]", "tools.file_search is not available for this model" },
      { failure.status, failure.code, failure.param, failure.message })
  end)

  it("of the provider's own leave traces that are left out likewise", function()
    local input = json.array { { type = "web_search_call", id = "ws_1" }, user "x" }
    local made, _, context = responses.asked { input = input }
    assert.same({ 1, { "input.web_search_call" } }, { #made.messages, context.dropped })
    local _, failure = responses.asked({ input = input }, { on_unsupported_param = "reject" })
    assert.equal("input[0]", failure.param)
  end)

  it("must have names", function()
    local _, failure = responses.asked { input = "x", tools = json.array { { type = "function" } } }
    assert.equal("tools[0].name", failure.param)
    _, failure = responses.asked { input = "x", tools = json.array { "f" } }
    assert.equal("tools[0]", failure.param)
  end)
end)

describe("members", function()
  local function made(body, more)
    body.input = body.input or "x"
    return responses.asked(body, more)
  end

  it("#11 that are null are absent", function()
    local body = made { temperature = json.null, tools = json.null, text = json.null, reasoning = json.null,
      instructions = json.null, max_output_tokens = json.null, tool_choice = json.null, include = json.null }
    assert.same({ model = "gpt-4o", messages = { user "x" } }, body)
  end)

  it("of the wrong kind are refused by name", function()
    local _, failure = made { temperature = "hot" }
    assert.same({ "temperature must be a number", "temperature" }, { failure.message, failure.param })
  end)

  it("ask for a stream with its usage", function()
    local body = made({ stream = true })
    assert.same({ true, { include_usage = true } }, { body.stream, body.stream_options })
  end)

  it("that only concern what is kept are not sent", function()
    local body = made { store = true, metadata = { a = "b" }, truncation = "auto", max_tool_calls = 3,
      service_tier = "ultrafast", stream_options = { include_obfuscation = false } }
    assert.same({ model = "gpt-4o", messages = { user "x" } }, body)
  end)

  it("without which the request would mean something else are refused", function()
    for name, value in pairs { prompt = { id = "p" }, conversation = "conv_1", background = true } do
      local _, failure = made { [name] = value }
      assert.same({ 400, "unsupported_parameter", name }, { failure.status, failure.code, failure.param })
    end
    assert.truthy(made { background = false })
  end)

  it("of a conversation that nobody knows are refused as OpenAI does", function()
    local _, failure = made { previous_response_id = "resp_x" }
    assert.same({ 400, "previous_response_not_found", "Previous response with id 'resp_x' not found." },
      { failure.status, failure.code, failure.message })
  end)

  it("ask for probabilities in two ways", function()
    local body = made { include = json.array { "message.output_text.logprobs" } }
    assert.same({ true }, { body.logprobs, body.top_logprobs })
    body = made { top_logprobs = 0 }
    assert.is_nil(body.logprobs)
  end)
end)
