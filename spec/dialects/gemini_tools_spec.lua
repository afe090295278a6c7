-- SPDX-License-Identifier: Apache-2.0
--- Tools and schemas that Google is sent.

local gemini = require "spec.support.gemini"
local json = require "gateway.json"
local spec = require "gateway.spec"

local function sent(tools, more, model)
  local body = { tools = json.array(tools) }
  for name, value in pairs(more or {}) do body[name] = value end
  return gemini.sent(body, model)
end

local function declaration(parameters, more)
  return assert(sent { gemini.tool("f", parameters, more) }).tools[1].functionDeclarations[1]
end

describe("functions for Gemini", function()
  it("stand in one element, with their schemas as they are", function()
    local schema = { type = "object", properties = { x = { type = "string" } } }
    local body = sent { gemini.tool("a", schema), gemini.tool "b" }
    assert.equal(1, #body.tools)
    assert.same(schema, body.tools[1].functionDeclarations[1].parametersJsonSchema)
    assert.same({ name = "b" }, body.tools[1].functionDeclarations[2])
  end)

  it("#1 have no schema without parameters, and an object's without a type", function()
    assert.same({ name = "f" }, declaration(nil))
    assert.same({ name = "f" }, declaration {})
    assert.same({ name = "f" }, declaration { type = "object", properties = {} })
    assert.equal("object", declaration({ properties = { x = { type = "string" } } }).parametersJsonSchema.type)
  end)

  it("#2 have no empty choice in a schema", function()
    local schema = { type = "object", properties = { x = { enum = json.array { "", "a" } } } }
    assert.same({ "a" }, declaration(schema).parametersJsonSchema.properties.x.enum)
  end)

  it("#51 have no empty description", function()
    assert.is_nil(declaration(nil, { description = " " }).description)
    assert.equal("d", declaration(nil, { description = "d" }).description)
  end)

  it("have names that Google takes, which come back as the client's", function()
    local call = gemini.call({ tools = json.array { gemini.tool "9 lives", gemini.tool "ok.name:x-1" } })
    local made = assert(gemini.dialect.request(call))
    local list = json.decode(made.body).tools[1].functionDeclarations
    assert.equal("_9_lives", list[1].name)
    assert.equal("ok.name:x-1", list[2].name)
    local answer = gemini.answered(gemini.answer { { functionCall = { name = "_9_lives" } } }, call)
    assert.equal("9 lives", answer.choices[1].message.tool_calls[1]["function"].name)
  end)

  it("are refused by place when they are of another type", function()
    local body, failure = sent { gemini.tool "a", { type = "custom", custom = { name = "b" } } }
    assert.is_nil(body)
    assert.equal("tools[1]", failure.param)
  end)

  it("stand beside Google's own", function()
    local body = sent { gemini.tool "a", { google_search = {} }, { urlContext = {} } }
    local expected = { { functionDeclarations = { { name = "a" } } }, { googleSearch = {} }, { urlContext = {} } }
    assert.same(expected, body.tools)
    assert.truthy(gemini.sent_text({ tools = json.array { { googleSearch = {} } } }):find('"googleSearch":{}', 1, true))
  end)
end)

describe("the choice of tools for Gemini", function()
  local TOOLS = { gemini.tool "a", gemini.tool "b" }

  local function calling(choice, more)
    local body = { tool_choice = choice }
    for name, value in pairs(more or {}) do body[name] = value end
    local made, failure = sent(TOOLS, body)
    return made and (made.toolConfig or {}).functionCallingConfig, failure, made
  end

  local function allowed(mode)
    return {
      type = "allowed_tools", allowed_tools = { mode = mode, tools = json.array { gemini.tool "b" } },
    }
  end

  it("is a mode", function()
    assert.is_nil(calling(nil))
    assert.is_nil(calling "auto")
    assert.same({ mode = "NONE" }, calling "none")
    assert.same({ mode = "ANY" }, calling "required")
    assert.same({ mode = "ANY", allowedFunctionNames = { "b" } },
      calling { type = "function", ["function"] = { name = "b" } })
  end)

  it("#5 of none keeps the tools", function()
    local _, _, body = calling "none"
    assert.equal(2, #body.tools[1].functionDeclarations)
  end)

  it("#4 of required is not made by parallel_tool_calls", function()
    assert.is_nil(calling(nil, { parallel_tool_calls = false }))
    assert.same({ mode = "ANY" }, calling("required", { parallel_tool_calls = false }))
  end)

  it("among some sends those only", function()
    local config, _, body = calling(allowed "auto")
    assert.is_nil(config)
    assert.same({ { name = "b" } }, body.tools[1].functionDeclarations)
    assert.same({ mode = "ANY", allowedFunctionNames = { "b" } }, calling(allowed "required"))
  end)

  it("is dropped without tools", function()
    assert.is_nil(gemini.sent({ tool_choice = "required" }).toolConfig)
    assert.is_nil(gemini.sent({ tool_choice = "none", tools = json.array {} }).toolConfig)
  end)

  it("of a tool that is not there is refused", function()
    local config, failure = calling { type = "function", ["function"] = { name = "c" } }
    assert.is_nil(config)
    assert.equal("tool_choice", failure.param)
  end)

  it("is validated where a function is strict", function()
    local body = sent { gemini.tool("a", nil, { strict = true }) }
    assert.same({ mode = "VALIDATED" }, body.toolConfig.functionCallingConfig)
  end)
end)

describe("the subset of OpenAPI's schema", function()
  local openapi = spec.module "providers.dialects.gemini.schema".openapi

  local function is(expected, given)
    assert.same(json.decode(expected), json.decode(openapi(given)))
  end

  it("has types in capitals, and null as nullable", function()
    is('{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}',
      '{"type":"object","properties":{"a":{"type":["string","null"]}}}')
    is('{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]}', '{"type":["string","integer"]}')
    is('{"type":"STRING","nullable":true}', '{"anyOf":[{"type":"string"},{"type":"null"}]}')
  end)

  it("has choices of strings", function()
    is('{"type":"STRING","format":"enum","enum":["1","2"]}', '{"type":"integer","enum":[1,2]}')
    is('{"type":"STRING","format":"enum","enum":["a"],"nullable":true}', '{"enum":["a","",null]}')
    is('{"type":"STRING","format":"enum","enum":["x"]}', '{"const":"x"}')
    is('{"type":"STRING"}', '{"type":"string","enum":[]}')
  end)

  it("leaves out what Google refuses", function()
    is('{"type":"OBJECT","properties":{"a":{"type":"STRING","pattern":"^a"}},"required":["a"]}',
      '{"$schema":"x","type":"object","additionalProperties":false,'
        .. '"properties":{"a":{"type":"string","format":"email","pattern":"^a","$comment":"c"}},"required":["a"]}')
    is('{"type":"STRING","format":"date-time"}', '{"type":"string","format":"date-time"}')
  end)

  it("has oneOf as anyOf, and allOf in one", function()
    is('{"anyOf":[{"type":"STRING"},{"type":"NUMBER"}]}', '{"oneOf":[{"type":"string"},{"type":"number"}]}')
    is('{"description":"d","type":"STRING","minLength":1}',
      '{"description":"d","allOf":[{"type":"string","description":"other"},{"minLength":1}]}')
  end)

  it("#3 has references in their place, wherever they stand", function()
    is('{"type":"OBJECT","properties":{"a":{"type":"ARRAY","items":{"type":"STRING"}},"b":{"type":"STRING",'
      .. '"description":"d"}},"propertyOrdering":["a","b"]}',
      '{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#/$defs/s"}},'
        .. '"b":{"$ref":"#/definitions/t","description":"d"}},"$defs":{"s":{"type":"string"}},'
        .. '"definitions":{"t":{"$ref":"#/$defs/s"}}}')
  end)

  it("#3 ends a schema that holds itself", function()
    local node = '"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}'
    local text = openapi('{"$defs":{' .. node .. '},"$ref":"#/$defs/n"}')
    assert.truthy(json.decode(text))
    assert.truthy(#text < 2000)
    local loop = openapi '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}'
    assert.truthy(json.decode(loop))
  end)

  it("grows no larger than its references allow", function()
    local defs, properties = {}, {}
    for i = 1, 20 do properties[i] = ('"p%d":{"$ref":"#/$defs/nX"}'):format(i) end
    for i = 1, 30 do
      local inner = table.concat(properties, ","):gsub("nX", "n" .. i + 1)
      defs[i] = ('"n%d":{"type":"object","properties":{%s}}'):format(i, inner)
    end
    local text = openapi('{"$defs":{' .. table.concat(defs, ",") .. '},"$ref":"#/$defs/n1"}')
    assert.truthy(json.decode(text))
    assert.truthy(#text < 200000)
  end)

  it("keeps the order of properties, and says it", function()
    local text = openapi '{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"}}}'
    assert.truthy(text:find('"z".*"a".*"propertyOrdering":%["z","a"%]'))
  end)

  it("is what is sent where the configuration asks for it", function()
    local schema = { type = "object", properties = { x = { type = "string" } } }
    local body = { tools = json.array { gemini.tool("f", schema) } }
    local made = gemini.sent(body, "gemini-2.5-pro", { variables = { schema = "openapi" } })
    assert.equal("OBJECT", made.tools[1].functionDeclarations[1].parameters.type)
    local old = gemini.sent(body, "gemini-1.5-pro")
    assert.equal("OBJECT", old.tools[1].functionDeclarations[1].parameters.type)
  end)
end)
