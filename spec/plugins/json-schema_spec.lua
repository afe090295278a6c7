-- SPDX-License-Identifier: Apache-2.0

local json = require "gateway.json"
local spec = require "gateway.spec"
local validator = spec.script("plugins/json-schema", "validator")

--- Compiles a schema written as JSON.
local function compile(text)
  return validator.compile((json.decode(text)))
end

--- Every value of the first list holds, none of the second does.
local function assert_judges(schema, good, bad)
  local check = compile(schema)
  for _, text in ipairs(good) do
    local held, place, problem = check(json.decode(text))
    assert.is_true(held, ("%s refused %s: %s %s"):format(schema, text, place, problem))
  end
  for _, text in ipairs(bad) do
    assert.is_false((check(json.decode(text))), schema .. " let through " .. text)
  end
end

local function fault_of(schema, text)
  local held, place, problem = compile(schema)(json.decode(text))
  assert.is_false(held)
  return place, problem
end

describe("a JSON schema", function()
  it("asks for types", function()
    assert_judges('{"type":"integer"}', { "1", "-3", "1.0", "1e3" }, { "1.5", '"1"', "null", "true", "[]", "{}" })
    assert_judges('{"type":["string","null"]}', { '""', "null" }, { "0", "false", "[]" })
    assert_judges('{"type":"object"}', { "{}", '{"a":1}' }, { "[]", "null" })
    assert_judges('{"type":"array"}', { "[]", "[1]" }, { "{}", '"[]"' })
    assert_judges('{"type":"number"}', { "0", "-0.5", "12345678901234567890" }, { '"0"', "null" })
  end)

  it("names values", function()
    assert_judges('{"enum":[1,"a",null,{"b":[1]}]}', { "1", "1.0", '"a"', "null", '{"b":[1]}' }, { "2", '"A"', "{}" })
    assert_judges('{"const":{"a":[1,2]}}', { '{"a":[1,2]}' }, { '{"a":[2,1]}', '{"a":[1,2],"b":1}', "null" })
  end)

  it("bounds numbers", function()
    assert_judges('{"minimum":1,"maximum":3}', { "1", "3", '"x"' }, { "0", "3.1" })
    assert_judges('{"exclusiveMinimum":1,"exclusiveMaximum":3}', { "2" }, { "1", "3" })
    assert_judges('{"multipleOf":0.1}', { "0.3", "1", "0" }, { "0.35" })
  end)

  it("measures strings in characters and matches patterns anywhere", function()
    assert_judges('{"minLength":2,"maxLength":3}', { '"äö"', '"abc"', "1" }, { '"ä"', '"abcd"' })
    assert_judges('{"pattern":"^a+$"}', { '"aaa"', "5" }, { '"ab"', '""' })
    assert_judges('{"pattern":"b"}', { '"abc"' }, { '"acc"' })
  end)

  it("knows what is in an object", function()
    assert_judges('{"properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}',
      { '{"a":"x"}', "[]" }, { "{}", '{"a":1}', '{"a":"x","b":1}' })
    assert_judges('{"additionalProperties":{"type":"number"},"patternProperties":{"^x-":{}}}',
      { '{"a":1,"x-b":"y"}', "{}" }, { '{"a":"y"}' })
    assert_judges('{"minProperties":1,"maxProperties":2}', { '{"a":1}' }, { "{}", '{"a":1,"b":1,"c":1}' })
    assert_judges('{"propertyNames":{"maxLength":1}}', { '{"a":1}' }, { '{"ab":1}' })
    assert_judges('{"dependentRequired":{"a":["b"]}}', { '{"b":1}', '{"a":1,"b":2}' }, { '{"a":1}' })
  end)

  it("knows what is in an array", function()
    assert_judges('{"items":{"type":"integer"},"minItems":1,"maxItems":2}', { "[1]", "[1,2]" }, { "[]", "[1,2,3]",
      '["a"]' })
    assert_judges('{"prefixItems":[{"type":"string"}],"items":false}', { '["a"]', "[]" }, { "[1]", '["a",1]' })
    assert_judges('{"uniqueItems":true}', { "[1,2]", '["1",1]', "[[1],[2]]" }, { "[1,1.0]", '[{"a":1},{"a":1}]' })
    assert_judges('{"contains":{"const":1},"maxContains":1}', { "[0,1]" }, { "[0]", "[1,1]" })
  end)

  it("joins schemas", function()
    assert_judges('{"anyOf":[{"type":"string"},{"minimum":5}]}', { '"a"', "5" }, { "4" })
    assert_judges('{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}', { "2", "3" }, { "6", "5" })
    assert_judges('{"allOf":[{"minimum":1},{"maximum":2}]}', { "1" }, { "0", "3" })
    assert_judges('{"not":{"type":"string"}}', { "1" }, { '"a"' })
    assert_judges('{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}',
      { '{"a":1,"b":1}', '{"c":1}' }, { '{"a":1}', "{}" })
    assert_judges("true", { "1", "null" }, {})
    assert_judges("false", {}, { "1", "null" })
    assert_judges("{}", { "1", "[]" }, {})
  end)

  it("refers to its own parts, also to itself", function()
    local tree = '{"type":"object","properties":{"value":{"$ref":"#/$defs/v"},"next":{"$ref":"#"}},'
      .. '"additionalProperties":false,"$defs":{"v":{"type":"integer"}}}'
    assert_judges(tree, { '{"value":1,"next":{"value":2,"next":{}}}' }, { '{"next":{"next":{"value":"x"}}}' })
    assert_judges('{"$ref":"#/$defs/a~1b%25","$defs":{"a/b%":{"type":"null"}}}', { "null" }, { "1" })
    assert_judges('{"prefixItems":[{"type":"string"},{"$ref":"#/prefixItems/0"}]}', { '["a","b"]' }, { '["a",1]' })
  end)

  it("says where a value fails, and why", function()
    local place, problem = fault_of('{"properties":{"a":{"items":{"properties":{"b":{"type":"string"}}}}}}',
      '{"a":[{"b":"x"},{"b":5}]}')
    assert.are.same({ "a[1].b", "must be of type string" }, { place, problem })
    assert.are.same({ "", 'member "b" is missing' }, { fault_of('{"required":["b"]}', "{}") })
  end)

  it("never tells the value", function()
    local _, problem = fault_of('{"properties":{"a":{"enum":["x"]}}}', '{"a":"canary"}')
    assert.is_nil(problem:find("canary", 1, true))
  end)

  it("is refused when it asks for what is not known here", function()
    for _, text in ipairs {
      '{"unevaluatedProperties":false}', '{"type":"strong"}', '{"$ref":"https://a.example/x"}', '{"$ref":"#/nowhere"}',
      '{"pattern":"("}', '{"items":5}', '{"required":"a"}', '{"minimum":"1"}', '{"anyOf":[]}', '{"properties":[1]}',
      '{"typo":1}', "[1]",
    } do
      assert.has_error(function() compile(text) end, nil, text)
    end
  end)

  it("of a client may hold no pattern that costs much to compile", function()
    for _, pattern in ipairs { ("a"):rep(201), "a{1001}", "(a{1,50}){1,50}", "((a{20}){20}){20,}" } do
      local schema = { pattern = pattern }
      assert.has_no_error(function() validator.compile({ minLength = 1 }, true) end)
      assert.has_error(function() validator.compile(schema, true) end)
      assert.has_error(function() validator.compile({ patternProperties = { [pattern] = true } }, true) end)
    end
    assert.is_true(validator.compile({ pattern = "^[A-Z]{3}-[0-9]{1,6}$" }, true) "ABC-1")
  end)

  it("ends, whatever refers to whatever", function()
    assert_judges('{"$ref":"#"}', {}, { "1" })
    assert_judges('{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},'
      .. '"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}', {}, { "1" })
  end)
end)

describe("json-schema", function()
  local conf = { schema = { type = "object", required = { "a" }, properties = { a = { type = "integer" } } } }

  --- The verdict's message on an answer of this text.
  local function refused(text, more, request)
    local config = { schema = conf.schema }
    for name, value in pairs(more or {}) do config[name] = value end
    local plugin = spec.plugin("json-schema", config)
    local verdict = plugin:after_request(request or spec.request(), spec.answer { text = text })
    return verdict and verdict.message
  end

  it("lets an answer out that matches, and no other", function()
    assert.is_nil(refused '{"a":1}')
    assert.are.equal("response rejected by json-schema: a must be of type integer", refused '{"a":"x"}')
    assert.are.equal('response rejected by json-schema: the answer member "a" is missing', refused "{}")
    assert.is_truthy(refused("Sure!"):find("the answer is not JSON", 1, true))
    assert.is_truthy(refused "")
  end)

  it("takes a fence off when told to", function()
    local fenced = "```json\n{\"a\": 1}\n```\n"
    assert.is_truthy(refused(fenced))
    assert.is_nil(refused(fenced, { fences = true }))
    assert.is_nil(refused('{"a": 1}', { fences = true }))
    assert.is_truthy(refused("```json\n{\"a\": 1}\n``` and more", { fences = true }))
  end)

  it("takes its schema as a text of JSON, too", function()
    assert.is_nil(refused("[]", { schema = '{"type":"array"}' }))
    assert.is_truthy(refused("{}", { schema = '{"type":"array"}' }))
    assert.has_error(function() spec.plugin("json-schema", { schema = "{" }) end)
    assert.has_error(function() spec.plugin("json-schema", { schema = { type = "strong" } }) end)
  end)

  it("looks at the arguments of tool calls when told to", function()
    local plugin = spec.plugin("json-schema", { schema = conf.schema, what = "arguments", required = true })
    local function answer(arguments)
      return spec.answer { message = { role = "assistant", content = json.null, tool_calls = { {
        id = "c", type = "function", ["function"] = { name = "f", arguments = arguments },
      } } } }
    end
    assert.is_nil(plugin:after_request(spec.request(), answer '{"a":1}'))
    assert.are.equal(502, plugin:after_request(spec.request(), answer '{"a":null}').status)
    assert.is_truthy(plugin:after_request(spec.request(), spec.answer { text = '{"a":1}' }))
  end)

  it("takes the request's own schema where none is configured", function()
    local plugin = spec.plugin "json-schema"
    local function asked(format)
      return spec.request { body = { model = "m", messages = {}, response_format = format } }
    end
    local request = asked { type = "json_schema", json_schema = { name = "x", schema = conf.schema } }
    assert.is_nil(plugin:before_request(request))
    assert.is_truthy(plugin:after_request(request, spec.answer { text = "{}" }))
    request = asked { type = "json_object" }
    assert.is_nil(plugin:before_request(request))
    assert.is_truthy(plugin:after_request(request, spec.answer { text = "[]" }))
    request = asked { type = "text" }
    assert.is_nil(plugin:before_request(request))
    assert.is_nil(plugin:after_request(request, spec.answer { text = "[]" }))
    request = asked { type = "json_schema", json_schema = { name = "x", schema = { ["$ref"] = "https://x/" } } }
    assert.are.same({ 400, "invalid_schema" }, { plugin:before_request(request).status,
      plugin:before_request(request).code })
  end)
end)
