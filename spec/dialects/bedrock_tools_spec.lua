-- SPDX-License-Identifier: Apache-2.0
--- Tools, the choice among them, and answers by a schema, as Converse is asked for them.

local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"

local OBJECT = { type = "object", properties = { a = { type = "string" } } }
local USER = { role = "user", content = "a" }
local OPUS_5 = "us.anthropic.claude-opus-5-v1"
local NEWEST = "us.anthropic.claude-opus-5-5-v1"

local function sent(body, model, more)
  body.messages = body.messages or json.array { USER }
  return assert(bedrock.sent(body, model, more))
end

local function names_of(body)
  local list = {}
  for i, tool in ipairs(body.toolConfig and body.toolConfig.tools or {}) do list[i] = tool.toolSpec.name end
  return list
end

local function history(id)
  return json.array {
    USER, bedrock.called(id or "c1", "look up", '{"q":1.0}'),
    { role = "tool", tool_call_id = id or "c1", content = "r" },
  }
end

local function choose(choice) return { tools = json.array { bedrock.tool("f", OBJECT), bedrock.tool "g" },
  tool_choice = choice } end

describe("tools", function()
  it("#1 always have an object schema, and (#51) no empty description", function()
    local body = sent { tools = json.array {
      bedrock.tool("f", nil, { description = " " }), bedrock.tool("g", { properties = {} }),
    } }
    local first, second = body.toolConfig.tools[1].toolSpec, body.toolConfig.tools[2].toolSpec
    assert.are.same({ name = "f", inputSchema = { json = { type = "object", properties = {} } } }, first)
    assert.equal("object", second.inputSchema.json.type)
  end)

  it("keep the order and the numbers of their schemas", function()
    local text = '{"type":"object","properties":{"z":{"minimum":1.0},"a":{}}}'
    local body = bedrock.sent_raw(('{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function",'
      .. '"function":{"name":"f","parameters":%s}}]}'):format(text), nil, { json = true })
    assert.equal(text, json.text(body.toolConfig.tools[1].toolSpec.inputSchema.json))
  end)

  it("have names that Bedrock takes, each its own", function()
    local body = sent { tools = json.array { bedrock.tool "a.b", bedrock.tool "a b", bedrock.tool(("n"):rep(70)) } }
    assert.are.same({ "a_b", "a_b_2", ("n"):rep(64) }, names_of(body))
  end)

  it("of other types are refused", function()
    local body, failure = bedrock.sent { tools = json.array { { type = "custom", custom = { name = "c" } } } }
    assert.is_nil(body)
    assert.equal("tools[0]", failure.param)
  end)

  it("#38 stand in for themselves when only the history names them", function()
    local body = sent { messages = history() }
    assert.are.same({ { toolSpec = { name = "look_up", inputSchema = { json = { type = "object" } } } } },
      body.toolConfig.tools)
    assert.is_nil(body.toolConfig.toolChoice)
    assert.are.same({ "look_up" }, names_of(sent { messages = history(), tools = json.array {} }))
  end)

  it("#39 are left out where none may be called, unless the history needs them", function()
    assert.is_nil(sent(choose "none").toolConfig)
    assert.is_nil(sent({ tools = json.array {}, tool_choice = "auto" }).toolConfig)
    local body = choose "none"
    body.messages = history()
    assert.are.same({ "f", "g" }, names_of(sent(body)))
    assert.is_nil(sent(body).toolConfig.toolChoice)
    assert.is_nil(sent(body).system)
    table.insert(body.messages, 1, { role = "system", content = "A." })
    assert.are.same({ { text = "A." }, { text = "Do not call any tool." } }, sent(body).system)
  end)
end)

describe("the choice", function()
  it("is said in the vendor's words", function()
    assert.is_nil(sent(choose "auto").toolConfig.toolChoice)
    assert.are.same({ any = {} }, sent(choose "required").toolConfig.toolChoice)
    local named = { type = "function", ["function"] = { name = "g" } }
    assert.are.same({ tool = { name = "g" } }, sent(choose(named)).toolConfig.toolChoice)
  end)

  it("of allowed tools sends only those", function()
    local allowed = { type = "allowed_tools", allowed_tools = {
      mode = "required", tools = json.array { { type = "function", ["function"] = { name = "g" } } },
    } }
    local body = sent(choose(allowed))
    assert.are.same({ "g" }, names_of(body))
    assert.are.same({ any = {} }, body.toolConfig.toolChoice)
  end)

  it("of a tool that is not there is refused", function()
    local _, failure = bedrock.sent(choose { type = "function", ["function"] = { name = "h" } })
    assert.equal("tool_choice", failure.param)
  end)

  it("#6 excludes thinking", function()
    local body = choose "required"
    body.reasoning_effort = "high"
    assert.is_nil(sent(body).additionalModelRequestFields)
    assert.are.same({ type = "disabled" }, sent(body, OPUS_5).additionalModelRequestFields.thinking)
  end)

  it("#53 that a model refuses is said in words", function()
    local body = sent(choose { type = "function", ["function"] = { name = "g" } }, NEWEST)
    assert.are.same({ "g" }, names_of(body))
    assert.is_nil(body.toolConfig.toolChoice)
    assert.are.same({ { text = "Call the tool g now." } }, body.system)
  end)

  it("#56 of one call at a time has its type, and does not meet a forced choice", function()
    local body = choose(nil)
    body.parallel_tool_calls = false
    assert.are.same({ type = "auto", disable_parallel_tool_use = true },
      sent(body).additionalModelRequestFields.tool_choice)
    assert.is_nil(sent(body).toolConfig.toolChoice)
    body.tool_choice = "required"
    assert.is_nil(sent(body).additionalModelRequestFields)
    assert.are.same({ any = {} }, sent(body).toolConfig.toolChoice)
    assert.is_nil(sent({ parallel_tool_calls = false }).additionalModelRequestFields)
    body.tool_choice = nil
    assert.is_nil(sent(body, "anthropic.claude-3-7-sonnet-20250219-v1:0").additionalModelRequestFields)
    assert.is_nil(sent(body, bedrock.NOVA).additionalModelRequestFields)
  end)
end)

describe("calls and results", function()
  it("#52 keep the arguments as they were written, and have some (#27)", function()
    local made = bedrock.dialect.request(bedrock.call { messages = history() })
    assert.is_truthy(made.body:find('"input":{"q":1.0}', 1, true))
    local content = bedrock.content({ USER, bedrock.called("c1", "f", ""),
      { role = "tool", tool_call_id = "c1", content = "r" } }, 2)
    assert.are.same({}, content[1].toolUse.input)
  end)

  it("#25 have ids in the spelling that Bedrock takes, in both places, each its own", function()
    local long = ("i"):rep(70)
    local body = sent { messages = json.array {
      USER,
      { role = "assistant", tool_calls = json.array {
        { id = "functions.x:0", type = "function", ["function"] = { name = "f", arguments = "{}" } },
        { id = "a/b", type = "function", ["function"] = { name = "f", arguments = "{}" } },
        { id = "a+b", type = "function", ["function"] = { name = "f", arguments = "{}" } },
        { id = long .. "1", type = "function", ["function"] = { name = "f", arguments = "{}" } },
        { id = long .. "2", type = "function", ["function"] = { name = "f", arguments = "{}" } },
      } },
      { role = "tool", tool_call_id = long .. "2", content = "5" },
      { role = "tool", tool_call_id = "a+b", content = "3" },
      { role = "tool", tool_call_id = "functions.x:0", content = "1" },
      { role = "tool", tool_call_id = long .. "1", content = "4" },
      { role = "tool", tool_call_id = "a/b", content = "2" },
    } }
    local seen = {}
    for i, block in ipairs(body.messages[2].content) do
      local id = block.toolUse.toolUseId
      local result = body.messages[3].content[i].toolResult
      assert.equal(id, result.toolUseId)
      assert.equal(tostring(i), result.content[1].text)
      assert.is_truthy(#id <= 64 and id:find "^[%w_.:%-]+$")
      assert.is_nil(seen[id])
      seen[id] = true
    end
    assert.is_true(seen["functions.x:0"])
  end)

  it("#26 have the nine characters that Mistral's models want", function()
    local function id_of(id)
      local body = sent({ messages = history(id) }, "mistral.mistral-large-2407-v1:0")
      local sent_id = body.messages[2].content[1].toolUse.toolUseId
      assert.equal(sent_id, body.messages[3].content[1].toolResult.toolUseId)
      return sent_id
    end
    assert.equal("abcDEF123", id_of "abcDEF123")
    assert.is_truthy(id_of("call_1"):find "^%w%w%w%w%w%w%w%w%w$")
    assert.equal(id_of "call_1", id_of "call_1")
    assert.are_not.equal(id_of "call_1", id_of "call_2")
  end)

  it("#22 of nothing say so", function()
    local messages = { USER, bedrock.called("c1", "f"), { role = "tool", tool_call_id = "c1", content = "" } }
    assert.are.same({ { text = "(empty)" } }, bedrock.content(messages, 3)[1].toolResult.content)
  end)

  it("say that the tool failed, to the models that can hear it", function()
    local messages = { USER, bedrock.called("c1", "f"),
      { role = "tool", tool_call_id = "c1", content = "no", is_error = true } }
    assert.equal("error", bedrock.content(messages, 3)[1].toolResult.status)
    assert.is_nil(bedrock.content(messages, 3, bedrock.LLAMA)[1].toolResult.status)
    messages[3].is_error = nil
    assert.is_nil(bedrock.content(messages, 3)[1].toolResult.status)
  end)

  it("#28 hold images where the model reads them there, else words", function()
    local picture = { type = "image_url", image_url = { url = "data:image/png;base64,iVBORw0KGgo" } }
    local messages = { USER, bedrock.called("c1", "f"),
      { role = "tool", tool_call_id = "c1", content = json.array { picture } } }
    assert.equal("png", bedrock.content(messages, 3)[1].toolResult.content[1].image.format)
    local told = bedrock.content(messages, 3, bedrock.LLAMA)[1].toolResult.content
    assert.is_string(told[1].text)
    assert.is_nil(told[1].image)
  end)

  it("#24 come before what the user says next", function()
    local messages = history()
    messages[4] = { role = "user", content = "and?" }
    local content = bedrock.content(messages, 3)
    assert.is_table(content[1].toolResult)
    assert.equal("and?", content[2].text)
  end)
end)

describe("an answer by a schema", function()
  local function format(schema) return {
    response_format = { type = "json_schema", json_schema = { name = "my answer", schema = schema or OBJECT } },
  } end

  it("is asked for as a text of the schema", function()
    local wish = sent(format()).outputConfig.textFormat
    assert.equal("json_schema", wish.type)
    assert.equal("my_answer", wish.structure.jsonSchema.name)
    local schema = json.decode(wish.structure.jsonSchema.schema)
    assert.are.same(OBJECT.properties, schema.properties)
    assert.is_false(schema.additionalProperties)
  end)

  it("is a forced tool for models without it, whose arguments are the answer", function()
    local old, unlucky = "anthropic.claude-3-5-sonnet-20240620-v1:0", "us.anthropic.claude-opus-4-7-v1"
    for _, model in ipairs { bedrock.NOVA, old, unlucky } do
      local call = bedrock.call(format(), model)
      local body = json.decode(assert(bedrock.dialect.request(call)).body)
      assert.is_nil(body.outputConfig)
      assert.are.same({ tool = { name = "json_tool_call" } }, body.toolConfig.toolChoice)
      local answer = bedrock.answered(bedrock.message({
        { toolUse = { toolUseId = "t", name = "json_tool_call", input = { a = "b" } } },
      }, "tool_use"), call)
      assert.equal('{"a":"b"}', answer.choices[1].message.content)
      assert.equal("stop", answer.choices[1].finish_reason)
    end
  end)

  it("stands beside the client's tools, any of which may then be called", function()
    local body = format()
    body.tools = json.array { bedrock.tool "f" }
    body = sent(body, bedrock.NOVA)
    assert.are.same({ "f", "json_tool_call" }, names_of(body))
    assert.are.same({ any = {} }, body.toolConfig.toolChoice)
  end)

  it("of any object is asked for in words", function()
    local body = sent { response_format = { type = "json_object" } }
    assert.is_truthy(body.system[1].text:find "JSON object")
    assert.is_nil(body.outputConfig)
  end)

  it("needs a schema that is an object", function()
    local _, failure = bedrock.sent(format(json.array {}))
    assert.equal("response_format.json_schema.schema", failure.param)
    _, failure = bedrock.sent(format(json.array {}), bedrock.NOVA)
    assert.equal("response_format.json_schema.schema", failure.param)
  end)
end)
