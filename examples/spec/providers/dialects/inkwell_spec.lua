-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"
local ndjson = require "gateway.ndjson"
local spec = require "gateway.spec"

local inkwell = spec.script("providers/dialects", "inkwell")
local contract = spec.script("providers/dialects", "contract")

local STREAM = '{"says":"Hel"}\n{"says":"lo, \\u00e9"}\n{"why":"full","spent":{"in":3,"out":5}}\n'

local function call(request, stream)
  return {
    surface = "chat", model = "ink-1", created = 1, stream = stream or false, include_usage = true, kept = {},
    request = request or { messages = json.array { { role = "user", content = "Hi" } } },
  }
end

local function sent(request, stream)
  local made = assert(inkwell.request(call(request, stream)))
  return made.path, json.decode(made.body)
end

--- The chunks of a body that comes in these pieces, and what went wrong.
local function streamed(pieces)
  local state, lines, chunks = inkwell.stream(call(nil, true)), ndjson.new(), {}
  local function take(payloads, failure)
    for _, payload in ipairs(payloads or {}) do chunks[#chunks + 1] = json.decode(payload) end
    return failure
  end
  for _, piece in ipairs(pieces) do
    for _, line in ipairs(lines:feed(piece)) do
      local failure = take(inkwell.event(state, line.name, line.data))
      if failure then return chunks, failure end
    end
  end
  return chunks, take(inkwell.finish(state))
end

local function text_of(chunks)
  local texts = {}
  for _, chunk in ipairs(chunks) do
    local choice = chunk.choices[1]
    texts[#texts + 1] = choice and choice.delta.content or ""
  end
  return table.concat(texts)
end

describe("the dialect inkwell", function()
  it("keeps the contract of dialects", function()
    assert.is_true(contract.check(inkwell, "inkwell"))
  end)

  it("says the conversation in turns", function()
    local path, body = sent {
      temperature = 0.5, max_tokens = 10, max_completion_tokens = 20,
      messages = json.array { { role = "system", content = "Be brief." }, { role = "user", content = "Hi" } },
    }
    assert.are.equal("/talk", path)
    assert.are.same({
      model = "ink-1", heat = 0.5, most = 20, live = false,
      turns = { { by = "system", says = "Be brief." }, { by = "user", says = "Hi" } },
    }, body)
  end)

  it("refuses what it cannot say: tools, pictures, several answers", function()
    local user = { role = "user", content = "Hi" }
    local tool = { type = "function", ["function"] = { name = "f" } }
    local picture = { type = "image_url", image_url = { url = "https://a.example/b.png" } }
    local requests = {
      { messages = json.array { user }, tools = json.array { tool } },
      { messages = json.array { user }, n = 2 },
      { messages = json.array { { role = "user", content = json.array { picture } } } },
    }
    for _, request in ipairs(requests) do
      local made, failure = inkwell.request(call(request))
      assert.is_nil(made)
      assert.are.equal(400, failure.status)
    end
  end)
end)

describe("an answer of inkwell", function()
  it("reads like OpenAI's", function()
    local text, usage = inkwell.response(call(), '{"says":"Hello","why":"full","spent":{"in":3,"out":5}}')
    local answer = json.decode(text)
    assert.are.equal("Hello", answer.choices[1].message.content)
    assert.are.equal("length", answer.choices[1].finish_reason)
    assert.are.equal(8, answer.usage.total_tokens)
    assert.are.same({ prompt_tokens = 3, completion_tokens = 5 }, usage)
  end)

  it("is nothing else", function()
    for _, text in ipairs { "", "[]", "null", '{"says":7}', "<html>" } do
      local made, failure = inkwell.response(call(), text)
      assert.is_nil(made, text)
      assert.are.equal("upstream_invalid_response", failure.code)
    end
  end)

  it("streams the same, wherever it is cut", function()
    for at = 0, #STREAM do
      local chunks, failure = streamed { STREAM:sub(1, at), STREAM:sub(at + 1) }
      assert.is_nil(failure)
      assert.are.equal("Hello, é", text_of(chunks))
      assert.are.equal("length", chunks[#chunks - 1].choices[1].finish_reason)
      assert.are.equal(8, chunks[#chunks].usage.total_tokens)
    end
  end)

  it("never looks whole when it is half a stream", function()
    local _, failure = streamed { STREAM:sub(1, 20) }
    assert.are.equal("upstream_stream_truncated", failure.code)
  end)

  it("tells what went wrong in the server's own words", function()
    local failure = inkwell.failure(404, {}, '{"wrong":"no such pen"}')
    assert.are.equal(404, failure.status)
    assert.are.equal("no such pen", failure.message)
    local _, broken = streamed { '{"says":"Hel"}\n{"wrong":"the ink is dry"}\n' }
    assert.are.equal("the ink is dry", broken.message)
  end)
end)
