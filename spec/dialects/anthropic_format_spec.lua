-- SPDX-License-Identifier: Apache-2.0
--- Structured output on its way to Anthropic and back. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local sent, tool = anthropic.sent, anthropic.tool

local function refused(body, words, param)
  local made, failure = sent(body)
  assert.is_nil(made)
  assert.equal(400, failure.status)
  assert.truthy(failure.message:find(words, 1, true), failure.message)
  assert.equal(param, failure.param)
end

describe("response_format", function()
  local function schema_text(text)
    local body = { response_format = { type = "json_schema", json_schema = { name = "n", schema = json.raw(text) } } }
    return json.text(anthropic.sent_raw(body, nil, { schema = true }).output_config.format.schema)
  end

  it("of text changes nothing", function()
    assert.is_nil(sent({ response_format = { type = "text" } }).output_config)
  end)

  it("of json_object is asked for in words", function()
    local body = sent { response_format = { type = "json_object" } }
    assert.equal("Answer with one JSON object and nothing else.", body.system[1].text)
  end)

  it("closes every object, and keeps the order of its properties", function()
    assert.equal('{"type":"object","properties":{"z":{"type":"object","properties":{},"additionalProperties":false},'
      .. '"a":{"type":"string"}},"additionalProperties":false}',
      schema_text '{"type":"object","properties":{"z":{"type":"object","properties":{}},"a":{"type":"string"}}}')
  end)

  it("says in words what decoding does not know", function()
    assert.equal('{"type":"object","properties":{"a":{"type":"string",'
      .. '"description":"A name.\\n\\n{minLength: 1, pattern: \\"^x\\"}"}},"additionalProperties":false}',
      schema_text('{"$schema":"s","type":"object","properties":{"a":{"type":"string","minLength":1,"pattern":"^x",'
      .. '"description":"A name."}}}'))
  end)

  it("keeps what decoding knows, and calls oneOf anyOf", function()
    local text = '{"type":"object","properties":{"a":{"type":"array","minItems":1},"b":{"format":"uuid"},'
      .. '"c":{"anyOf":[{"type":"null"}]},"d":{"$ref":"#/$defs/e"}},"$defs":{"e":{"const":1}},'
      .. '"additionalProperties":false}'
    assert.equal(text, schema_text((text:gsub("anyOf", "oneOf"))))
    assert.truthy(schema_text('{"type":"object","properties":{"a":{"minItems":2}}}'):find("{minItems: 2}", 1, true))
    assert.truthy(schema_text('{"type":"object","properties":{"b":{"format":"iban"}}}')
      :find('{format: \\"iban\\"}', 1, true))
  end)

  it("treats a property called minimum as a property", function()
    local text = '{"type":"object","properties":{"minimum":{"type":"integer"}},"additionalProperties":false}'
    assert.equal(text, schema_text(text))
  end)

  it("is a forced tool for models without structured output, whose input is the answer", function()
    local call = anthropic.call({
      reasoning_effort = "high",
      response_format = { type = "json_schema", json_schema = { name = "n", schema = json.raw '{"type":"object"}' } },
    }, "claude-sonnet-4-20250514")
    local body = json.decode(anthropic.dialect.request(call, anthropic.provider).body)
    assert.same({ type = "tool", name = "json_tool_call", disable_parallel_tool_use = true },
      json.decode(json.encode(body.tool_choice)))
    assert.is_nil(body.thinking)
    local answer = anthropic.answered('{"content":[{"type":"tool_use","id":"1","name":"json_tool_call",'
      .. '"input":{"b":1.0,"a":2}}],"stop_reason":"tool_use"}', call)
    assert.equal('{"b":1.0,"a":2}', answer.choices[1].message.content)
    assert.equal("stop", answer.choices[1].finish_reason)
    assert.is_nil(answer.choices[1].message.tool_calls)
  end)

  it("is any of the tools for such models when the client has tools of its own", function()
    local body = sent({
      tools = json.array { tool "f" },
      response_format = { type = "json_schema", json_schema = { name = "n", schema = json.raw "{}" } },
    }, "claude-sonnet-4-20250514")
    assert.equal("any", body.tool_choice.type)
    assert.equal(2, #body.tools)
  end)

  it("is asked for by a tool whose name no tool of the client has", function()
    local call = anthropic.call({
      tools = json.array { tool "json_tool_call" },
      response_format = { type = "json_schema", json_schema = { name = "n", schema = json.raw "{}" } },
    }, "claude-sonnet-4-20250514")
    assert(anthropic.dialect.request(call, anthropic.provider))
    assert.equal("json_tool_call_2", call.kept.answer_tool)
  end)

  it("without a schema is refused", function()
    refused({ response_format = { type = "json_schema", json_schema = { name = "n" } } }, "json_schema needs a schema",
      "response_format.json_schema.schema")
    refused({ response_format = { type = "json_schema", json_schema = { schema = json.raw "7" } } },
      "schema must be a JSON Schema object", "response_format.json_schema.schema")
  end)
end)
