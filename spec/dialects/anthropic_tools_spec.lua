-- SPDX-License-Identifier: Apache-2.0
--- Tools and the choice among them on their way to Anthropic. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local sent, tool = anthropic.sent, anthropic.tool

local FIRST, NEWEST = "claude-sonnet-4-5", "claude-opus-5-5"

local function refused(body, words, param)
  local made, failure = sent(body)
  assert.is_nil(made)
  assert.equal(400, failure.status)
  assert.truthy(failure.message:find(words, 1, true), failure.message)
  assert.equal(param, failure.param)
end

describe("tools", function()
  local function schema(parameters)
    local body = { tools = json.array { tool("f", parameters and json.raw(parameters)) } }
    return json.text(anthropic.sent_raw(body, nil, { input_schema = true }).tools[1].input_schema)
  end

  it("#1 without parameters, or without a type, have an object schema", function()
    assert.equal('{"type":"object","properties":{}}', schema(nil))
    assert.equal('{"type":"object","properties":{}}', schema("{}"))
    assert.equal('{"type":"object","properties":{"a":{}}}', schema('{"properties":{"a":{}}}'))
  end)

  it("#2 an empty enum goes, and so does an empty text in one", function()
    assert.equal('{"type":"object","properties":{"a":{"type":"string"},"b":{"enum":["x"]}}}',
      schema('{"type":"object","properties":{"a":{"type":"string","enum":[]},"b":{"enum":["","x"]}}}'))
    assert.equal('{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}}}',
      schema('{"type":"object","properties":{"a":{"anyOf":[{"type":"string","enum":[""]}]}}}'))
  end)

  it("#2 what only looks like an enum stays", function()
    local text = '{"type":"object","properties":{"enum":{"type":"array","default":[]}},"default":{"enum":[""]}}'
    assert.equal(text, schema(text))
  end)

  it("#52 keep the order and the spelling of their schema", function()
    local text = '{"type":"object","properties":{"z":{"maximum":1.0},"a":{"maximum":12345678901234567890}}}'
    assert.equal(text, schema(text))
  end)

  it("#51 an empty description is left out", function()
    local body = sent {
      tools = json.array { tool("f", nil, { description = "" }), tool("g", nil, { description = "d" }) },
    }
    assert.is_nil(body.tools[1].description)
    assert.equal("d", body.tools[2].description)
  end)

  it("strict ones are strict where the model can, with a closed schema", function()
    local given = { tools = json.array { tool("f", { type = "object" }, { strict = true }) } }
    local body = sent(given, FIRST)
    assert.is_true(body.tools[1].strict)
    assert.is_false(body.tools[1].input_schema.additionalProperties)
    body = sent(given, "claude-sonnet-4-20250514")
    assert.is_nil(body.tools[1].strict)
    assert.is_nil(body.tools[1].input_schema.additionalProperties)
  end)

  it("of other kinds, or with odd parameters, are refused", function()
    refused({ tools = json.array { { type = "custom", custom = { name = "c" } } } }, 'only tools of type "function"',
      "tools[0]")
    refused({ tools = json.array { tool("f", json.raw "[]") } }, "must be a JSON Schema object",
      "tools[0].function.parameters")
  end)

  it("with odd names are sent under fitting ones and come back under their own", function()
    local call = anthropic.call { tools = json.array { tool "a.b", tool "a_b", tool(("n"):rep(200)) } }
    local made = json.decode(anthropic.dialect.request(call, anthropic.provider).body)
    assert.equal("a_b", made.tools[1].name)
    assert.equal("a_b_2", made.tools[2].name)
    assert.equal(128, #made.tools[3].name)
    local answer = anthropic.answered({ content = json.array {
      { type = "tool_use", id = "1", name = "a_b", input = {} },
      { type = "tool_use", id = "2", name = "a_b_2", input = {} },
    } }, call)
    assert.equal("a.b", answer.choices[1].message.tool_calls[1]["function"].name)
    assert.equal("a_b", answer.choices[1].message.tool_calls[2]["function"].name)
  end)
end)

describe("tool_choice", function()
  local function choice(given, more, model)
    local body = { tools = json.array { tool "f", tool "g" }, tool_choice = given }
    for name, value in pairs(more or {}) do body[name] = value end
    local made = sent(body, model)
    return made.tool_choice, made
  end

  local function is(expected, found) assert.same(expected, json.decode(json.encode(found))) end

  it("is absent when the client gives none", function()
    assert.is_nil(choice(nil))
  end)

  it("#4 required for several tools, one at a time, is any with its switch inside", function()
    is({ type = "any", disable_parallel_tool_use = true }, choice("required", { parallel_tool_calls = false }))
    is({ type = "auto", disable_parallel_tool_use = true }, choice(nil, { parallel_tool_calls = false }))
    is({ type = "any" }, choice("required", { parallel_tool_calls = true }))
  end)

  it("#5 none keeps the tools", function()
    local found, body = choice("none", { parallel_tool_calls = false })
    is({ type = "none" }, found)
    assert.equal(2, #body.tools)
  end)

  it("of allowed tools sends only those", function()
    local function allowed(mode)
      return { type = "allowed_tools", allowed_tools = { mode = mode, tools = json.array {
        { type = "function", ["function"] = { name = "g" } },
      } } }
    end
    local found, body = choice(allowed "auto")
    is({ type = "auto" }, found)
    assert.equal(1, #body.tools)
    assert.equal("g", body.tools[1].name)
    is({ type = "any" }, choice(allowed "required"))
  end)

  it("without tools is dropped, and so is parallel_tool_calls", function()
    for _, given in ipairs { "auto", "none", "required" } do
      local body = sent { tool_choice = given, parallel_tool_calls = false }
      assert.is_nil(body.tool_choice)
    end
  end)

  it("that cannot be read is refused", function()
    for _, given in ipairs { "maybe", { type = "function" } } do
      refused({ tools = json.array { tool "f" }, tool_choice = given }, "tool_choice must be", "tool_choice")
    end
  end)

  it("of a tool that is not there is refused", function()
    local given = { type = "function", ["function"] = { name = "h" } }
    refused({ tools = json.array { tool "f" }, tool_choice = given }, 'names "h", which is not among', "tool_choice")
  end)

  it("#6 a forced tool switches thinking off where the model can", function()
    local found, body = choice("required", { reasoning_effort = "high" }, FIRST)
    is({ type = "any" }, found)
    assert.is_nil(body.thinking)
    found, body = choice("required", { reasoning_effort = "max" }, "claude-opus-5")
    is({ type = "any" }, found)
    assert.equal("disabled", body.thinking.type)
    assert.equal("high", body.output_config.effort)
    local _, plain = choice("required", nil, "claude-sonnet-5")
    assert.equal("disabled", plain.thinking.type)
  end)

  it("#53 a forced tool is asked for in words where the model refuses it", function()
    local found, body = choice("required", nil, NEWEST)
    is({ type = "auto" }, found)
    assert.equal(2, #body.tools)
    assert.equal("Call one of the tools now.", body.system[1].text)
    assert.is_nil(body.thinking)
  end)
end)
