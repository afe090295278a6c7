-- SPDX-License-Identifier: Apache-2.0
--- What a client of Anthropic's asks for, in OpenAI's words: parameters, tools, thinking; and what it must say.

local anthropic = require "spec.support.anthropic"
local face = require "spec.support.anthropic_face"
local json = require "gateway.json"
local spec = require "gateway.spec"

local openai = { provider = spec.script("providers", "openai"), dialect = "openai_chat", model = "gpt-5.1" }

local function target(name, dialect, model)
  return { target = { provider = spec.script("providers", name), dialect = dialect, model = model } }
end

local claude = target("anthropic", "anthropic_messages", "claude-sonnet-4-5")

describe("reading", function()
  local function refused(body, which)
    local _, failure = (which or face.messages).read(face.call(body))
    return failure and failure.message, failure and failure.status
  end

  it("finds the model, the stream, and always wants usage", function()
    local read = face.messages.read(face.call(face.body { model = "m", stream = true }))
    assert.are.equal("m", read.model)
    assert.is_true(read.stream)
    assert.is_true(read.include_usage)
    assert.is_false(face.messages.read(face.call(face.body { stream = json.null })).stream)
  end)

  it("misses what Anthropic misses, in its words", function()
    assert.are.same({ "model: Field required", 400 }, { refused '{"messages":[],"max_tokens":1}' })
    assert.are.equal("messages: Field required", refused '{"model":"m","max_tokens":1}')
    assert.are.equal("max_tokens: Field required", refused '{"model":"m","messages":[]}')
    assert.are.equal("max_tokens: Input should be a valid integer", refused(face.body { max_tokens = "4" }))
    assert.are.equal("max_tokens: Input should be greater than or equal to 0", refused(face.body { max_tokens = -1 }))
    assert.are.equal("messages: Input should be a valid list", refused(face.body { messages = "Hi" }))
    assert.are.equal("stream: Input should be a valid boolean", refused(face.body { stream = "yes" }))
    assert.are.equal("model: Input should be a valid string", refused(face.body { model = json.null }))
  end)

  it("#109 needs no max_tokens to count", function()
    assert.is_nil((refused('{"model":"m","messages":[]}', face.count_tokens)))
    assert.are.equal("messages: Field required", refused('{"model":"m"}', face.count_tokens))
  end)

  it("#47 asks for no sampling parameter, whatever the version", function()
    local context = face.context(face.body {}, { headers = { ["anthropic-version"] = "2026-10-21" } })
    local body = face.messages.request(context)
    assert.is_nil(body.temperature or body.top_p or body.top_k)
  end)
end)

describe("parameters", function()
  it("#13 stop_sequences are stop, four of them at most, none of them empty", function()
    local body = face.asked { stop_sequences = json.array { "a", "", "b", "c", "d", "e" } }
    assert.are.same({ "a", "b", "c", "d" }, body.stop)
    assert.is_nil(face.asked({ stop_sequences = json.array {} }).stop)
  end)

  it("#13 stop survives two translations", function()
    local made = assert(anthropic.sent(json.encode((face.asked({ stop_sequences = json.array { "END" } }, claude)))))
    assert.are.same({ "END" }, made.stop_sequences)
  end)

  it("#44 a user_id longer than 64 characters goes as its digest", function()
    assert.are.equal("u-1", face.asked({ metadata = { user_id = "u-1" } }).user)
    local user = face.asked({ metadata = { user_id = ("u"):rep(150) } }).user
    assert.are.equal(64, #user)
    assert.is_truthy(user:find "^[%da-f]+$")
    assert.is_nil(face.asked({ metadata = { other = "x" } }).metadata)
  end)

  it("#11 nulls are left out", function()
    local body = face.asked {
      temperature = json.null, top_p = json.null, system = json.null, tools = json.null, tool_choice = json.null,
      thinking = json.null, metadata = json.null, stop_sequences = json.null, output_config = json.null,
    }
    assert.are.same({ "max_completion_tokens", "messages", "model" }, (function()
      local names = {}
      for name in pairs(body) do names[#names + 1] = name end
      table.sort(names)
      return names
    end)())
  end)

  it("top_k only goes to those who know it", function()
    assert.is_nil(face.asked({ top_k = 4 }, { target = openai }).top_k)
    assert.are.equal(4, face.asked({ top_k = 4 }, claude).top_k)
  end)

  it("service tiers have other names", function()
    assert.are.equal("auto", face.asked({ service_tier = "auto" }).service_tier)
    assert.are.equal("default", face.asked({ service_tier = "standard_only" }).service_tier)
  end)

  it("output_config.format and its old name are a strict response_format with the schema as written", function()
    for _, members in ipairs {
      '"output_config":{"format":{"type":"json_schema","schema":{"b":1.0,"a":2}}}',
      '"output_format":{"type":"json_schema","schema":{"b":1.0,"a":2}}',
    } do
      local context = face.context('{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],'
        .. members .. "}")
      local text = json.encode(face.messages.request(context).response_format)
      assert.is_truthy(text:find('"schema":{"b":1.0,"a":2}', 1, true))
      assert.is_truthy(text:find('"strict":true', 1, true))
    end
  end)

  it("max_tokens 0 is answered with an empty message, and nobody is asked", function()
    local body, failure, text = face.messages.request(face.context(face.body { max_tokens = 0 }))
    assert.is_nil(body)
    assert.is_nil(failure)
    local message = json.decode(text)
    assert.are.same({}, message.content)
    assert.are.equal("max_tokens", message.stop_reason)
    assert.are.equal(0, message.usage.input_tokens)
  end)
end)

describe("thinking", function()
  local function effort(members, model)
    return face.asked(members, { model = model or "gpt-5.1" }).reasoning_effort
  end

  it("is an effort by its budget, unless the effort is named", function()
    assert.are.equal("low", effort { thinking = { type = "enabled", budget_tokens = 1024 } })
    assert.are.equal("medium", effort { thinking = { type = "enabled", budget_tokens = 2048 } })
    assert.are.equal("high", effort { thinking = { type = "enabled", budget_tokens = 8192 } })
    assert.are.equal("low", effort {
      thinking = { type = "enabled", budget_tokens = 8192 }, output_config = { effort = "low" },
    })
  end)

  it("adaptive and between_tools say nothing, disabled asks for the least the model has", function()
    assert.is_nil(effort { thinking = { type = "adaptive" } })
    assert.is_nil(effort { thinking = { type = "between_tools" } })
    assert.are.equal("none", effort { thinking = { type = "disabled" } })
    assert.are.equal("minimal", effort({ thinking = { type = "disabled" } }, "gpt-5-mini"))
    assert.are.equal("low", effort({ thinking = { type = "disabled" } }, "openai/o3"))
  end)

  it("the highest efforts are the highest the model has", function()
    assert.are.equal("high", effort { output_config = { effort = "max" } })
    assert.are.equal("xhigh", effort({ output_config = { effort = "max" } }, "gpt-5.2"))
    assert.are.equal("xhigh", effort({ output_config = { effort = "xhigh" } }, "gpt-5.1-codex-max"))
  end)

  it("does not concern models that do not reason", function()
    assert.is_nil(effort({ thinking = { type = "disabled" } }, "gpt-4.1-mini"))
    assert.is_nil(effort({ output_config = { effort = "high" } }, "gpt-4o"))
  end)

  it("reaches Claude as it was written, where it is asked in OpenAI's form", function()
    local body = face.asked({
      thinking = { type = "adaptive" }, output_config = { effort = "max" },
      context_management = { edits = json.array {} },
    }, claude)
    assert.are.same({ type = "adaptive" }, body.thinking)
    assert.are.equal("max", body.reasoning_effort)
    assert.are.same({ edits = {} }, body.context_management)
  end)
end)

describe("tools", function()
  it("#118 all go, those with defer_loading too, and nothing of Anthropic's own goes with them", function()
    local body = face.asked { tools = json.array {
      { name = "a", input_schema = { type = "object" }, defer_loading = true, eager_input_streaming = true },
      { type = "custom", name = "b", description = " ", input_schema = { type = "object" }, strict = true,
        cache_control = { type = "ephemeral" } },
    } }
    assert.are.same({
      { type = "function", ["function"] = { name = "a", parameters = { type = "object" } } },
      { type = "function", ["function"] = { name = "b", parameters = { type = "object" }, strict = true } },
    }, body.tools)
  end)

  it("without a schema take no arguments", function()
    local body = face.asked { tools = json.array { { name = "a" } } }
    assert.are.same({ type = "object", properties = {} }, body.tools[1]["function"].parameters)
  end)

  it("that Anthropic runs are dropped and named; a choice of nothing goes with them", function()
    local body, context = face.asked {
      tools = json.array { { type = "web_search_20260318", name = "web_search" } },
      tool_choice = { type = "any", disable_parallel_tool_use = true },
    }
    assert.is_nil(body.tools or body.tool_choice)
    assert.is_nil(body.parallel_tool_calls)
    assert.are.same({ "web_search" }, context.dropped)
  end)

  it("that clients run are functions with the schema they have there", function()
    local body, context = face.asked { tools = json.array {
      { type = "bash_20250124", name = "bash" },
      { type = "text_editor_20250728", name = "str_replace_based_edit_tool" },
      { type = "memory_20250818", name = "memory" }, { type = "computer_20251124", name = "computer" },
    } }
    assert.are.same({}, context.dropped)
    for i, name in ipairs { "bash", "str_replace_based_edit_tool", "memory", "computer" } do
      local spec_of = body.tools[i]["function"]
      assert.are.equal(name, spec_of.name)
      assert.are.equal("object", spec_of.parameters.type)
    end
  end)

  it("the choice among them, and whether several may be called", function()
    local function choice(given)
      local body = face.asked { tools = json.array { { name = "a" } }, tool_choice = given }
      return body.tool_choice, body.parallel_tool_calls
    end
    assert.are.equal("auto", choice { type = "auto" })
    assert.are.equal("required", choice { type = "any" })
    assert.are.equal("none", choice { type = "none" })
    assert.are.same({ type = "function", ["function"] = { name = "a" } }, choice { type = "tool", name = "a" })
    assert.is_nil(choice { type = "tool", name = "b" })
    assert.are.same({ "auto", false }, { choice { type = "auto", disable_parallel_tool_use = true } })
    assert.are.same({ "auto", true }, { choice { type = "auto", disable_parallel_tool_use = false } })
  end)

  it("without a name are refused", function()
    local _, failure = face.asked { tools = json.array { { input_schema = { type = "object" } } } }
    assert.are.equal("tools[0].name", failure.param)
  end)
end)
