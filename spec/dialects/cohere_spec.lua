-- SPDX-License-Identifier: Apache-2.0
--- Cohere beyond its transcripts.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local provider = spec.script("providers", "cohere")
local dialect = spec.script("providers/dialects", "cohere_v2")
local way = ways.through(dialect, provider, "command-a")

local SCHEMA = '{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}}}'
local FORMAT = { type = "json_schema", json_schema = { name = "n", schema = json.raw(SCHEMA) } }

describe("a request to Cohere", function()
  it("has images and text as parts", function()
    local sent = way:sent { messages = json.array { ways.part {
      type = "image_url", image_url = { url = "https://a.example/b.png", detail = "low" },
    } } }
    assert.same({ type = "image_url", image_url = { url = "https://a.example/b.png", detail = "low" } },
      sent.messages[1].content[1])
  end)

  it("is refused for what it cannot say", function()
    local made, failure = way:sent { n = 2 }
    assert.is_nil(made)
    assert.equal("unsupported_parameter", failure.code)
    made, failure = way:sent { messages = json.array { ways.part { type = "file", file = { file_id = "f" } } } }
    assert.is_nil(made)
    assert.equal("unsupported_content", failure.code)
    made = way:sent { stop = json.array { "a", "b", "c", "d", "e", "f" } }
    assert.is_nil(made)
  end)

  it("has a schema in its order, or in words where there are tools", function()
    local plain = assert(dialect.request(way:call { response_format = FORMAT }, provider))
    assert.truthy(plain.body:find(SCHEMA, 1, true), plain.body)
    local sent = way:sent { response_format = FORMAT, tools = json.array { ways.tool("f", { type = "object" }) } }
    assert.is_nil(sent.response_format)
    assert.equal("system", sent.messages[1].role)
    assert.truthy(sent.messages[1].content:find(SCHEMA, 1, true))
  end)

  it("is strict for all tools when one is", function()
    local sent = way:sent { tools = json.array { ways.tool("f", nil, { strict = true }), ways.tool "g" } }
    assert.is_true(sent.strict_tools)
    assert.is_nil(sent.tools[1]["function"].strict)
    assert.same({ type = "object", properties = {} }, sent.tools[2]["function"].parameters)
  end)

  it("thinks by effort, or by its own object", function()
    assert.same({ type = "disabled" }, way:sent({ reasoning_effort = "none" }).thinking)
    assert.same({ type = "enabled", token_budget = 8192 }, way:sent({ reasoning_effort = "medium" }).thinking)
    assert.same({ type = "enabled", token_budget = 5 },
      way:sent({ thinking = { type = "enabled", budget_tokens = 5 } }).thinking)
  end)

  it("keeps numbers as they are spelt where nothing is wrong with them", function()
    local text = '{"messages":[{"role":"user","content":"a"}],"temperature":1.0}'
    local made = assert(dialect.request(way:call(text), provider))
    assert.truthy(made.body:find('"temperature":1.0', 1, true), made.body)
  end)

  it("passes on documents and how to cite them", function()
    local sent = way:sent { documents = json.array { { id = "1", data = { text = "a" } } }, safety_mode = "OFF" }
    assert.equal("a", sent.documents[1].data.text)
    assert.equal("OFF", sent.safety_mode)
  end)
end)

describe("an answer of Cohere", function()
  it("that ended in an error is a failure", function()
    for reason, status in pairs { ERROR = 502, TIMEOUT = 504 } do
      local made, failure = way:answered { id = "c", finish_reason = reason, message = { role = "assistant" } }
      assert.is_nil(made)
      assert.equal(status, failure.status)
    end
  end)

  it("counts whole tokens where they come as fractions", function()
    local made, usage = way:answered('{"id":"c","finish_reason":"COMPLETE","message":{"content":[]},'
      .. '"usage":{"tokens":{"input_tokens":507.0,"output_tokens":3.0}}}')
    assert.equal(510, made.usage.total_tokens)
    assert.equal(507, usage.prompt_tokens)
  end)

  it("tells how likely its tokens were", function()
    local made = way:answered {
      id = "c", finish_reason = "COMPLETE", message = { content = json.array { { type = "text", text = "ab" } } },
      logprobs = json.array { { token_ids = json.array { 1 }, text = "ab", logprobs = json.array { -0.5 } } },
    }
    assert.equal("ab", made.choices[1].logprobs.content[1].token)
    assert.equal(-0.5, made.choices[1].logprobs.content[1].logprob)
  end)
end)

describe("a stream of Cohere", function()
  it("#70 opens a call whose arguments are null with {}", function()
    local function part(calls) return { message = { tool_calls = calls } } end
    local list = way:streamed {
      { type = "message-start", id = "c" },
      { type = "tool-call-start", index = 0, delta = part { id = "a", ["function"] = { name = "f" } } },
      { type = "tool-call-delta", index = 0, delta = part { ["function"] = { arguments = "null" } } },
      { type = "tool-call-end", index = 0 },
      { type = "message-end", delta = { finish_reason = "TOOL_CALL" } },
    }
    assert.equal("{}", list[3].choices[1].delta.tool_calls[1]["function"].arguments)
    assert.equal("tool_calls", list[4].choices[1].finish_reason)
  end)

  it("that ends before its message does is truncated", function()
    local _, state = way:streamed { { type = "message-start", id = "c" } }
    local payloads, failure = dialect.finish(state)
    assert.is_nil(payloads)
    assert.equal("upstream_stream_truncated", failure.code)
  end)
end)

describe("embeddings of Cohere", function()
  local operation = dialect.surfaces.embeddings

  local function call(request, ask)
    return { surface = "embeddings", model = "embed-v4.0", request = request, kept = {}, ask = ask }
  end

  local function many(count)
    local list = json.array {}
    for i = 1, count do list[i] = "t" .. i end
    return list
  end

  it("of more texts than one call takes are asked for in order", function()
    local asked = {}
    local given = call({ input = many(200) }, function(request)
      local body = json.decode(request.body)
      asked[#asked + 1] = #body.texts
      local vectors = json.array {}
      for i, text in ipairs(body.texts) do vectors[i] = json.array { tonumber(text:sub(2)) } end
      return { status = 200, headers = {}, text = json.encode { embeddings = { float = vectors } } }
    end)
    local last = assert(operation.request(given, provider))
    assert.same({ 96, 96 }, asked)
    assert.equal(8, #json.decode(last.body).texts)
    local vectors = json.array {}
    for i = 1, 8 do vectors[i] = json.array { 192 + i } end
    local made = json.decode(assert(operation.response(given, json.encode { embeddings = { float = vectors } })))
    for i, item in ipairs(made.data) do assert.equal(i, item.embedding[1]) end
  end)

  it("that fail in between fail as the vendor says", function()
    local made, failure = operation.request(call({ input = many(97) }, function()
      return { status = 429, headers = { ["retry-after"] = "3" }, text = '{"message":"slow"}' }
    end), provider)
    assert.is_nil(made)
    assert.equal(429, failure.status)
    assert.equal(3, failure.retry_after)
  end)

  it("are asked for as base64 where the client wants that", function()
    local made = assert(operation.request(call { input = "a", encoding_format = "base64" }, provider))
    assert.same({ "base64" }, json.decode(made.body).embedding_types)
  end)

  it("take no token ids", function()
    local made, failure = operation.request(call { input = json.array { 1, 2 } }, provider)
    assert.is_nil(made)
    assert.equal("input", failure.param)
  end)
end)
