-- SPDX-License-Identifier: Apache-2.0
local json = require "gateway.json"
local gather = require("gateway.spec").module "gather"

local function chunk(choices, more)
  local value = { id = "c", object = "chat.completion.chunk", created = 1, model = "m", choices = json.array(choices) }
  for name, member in pairs(more or {}) do value[name] = member end
  return json.encode(value)
end

local function said(delta, finish, index)
  return { index = index or 0, delta = delta, finish_reason = finish or json.null }
end

local function answer(payloads) return json.decode(gather.answer(payloads)) end

describe("the answer that chunks spell", function()
  it("joins texts by choice and keeps the last usage", function()
    local whole = answer {
      chunk { said { role = "assistant", content = "" } },
      chunk { said { content = "a" }, said({ content = "x" }, nil, 1) },
      chunk { said({ content = "b" }, "stop") }, chunk { said({}, "length", 1) },
      chunk({}, { usage = { total_tokens = 5 } }),
    }
    assert.are.equal("chat.completion", whole.object)
    assert.are.equal("ab", whole.choices[1].message.content)
    assert.are.equal("stop", whole.choices[1].finish_reason)
    assert.are.equal("x", whole.choices[2].message.content)
    assert.are.equal(1, whole.choices[2].index)
    assert.are.equal(5, whole.usage.total_tokens)
  end)

  it("merges fragments of calls by their index", function()
    local function call(index, more)
      more.index = index
      return chunk { said { tool_calls = json.array { more } } }
    end
    local whole = answer {
      call(0, { id = "c0", type = "function", ["function"] = { name = "f", arguments = "" } }),
      call(1, { id = "c1", ["function"] = { name = "g", arguments = "{" } }),
      call(0, { ["function"] = { arguments = "{}" } }), call(1, { ["function"] = { arguments = "}" } }),
    }
    local calls = whole.choices[1].message.tool_calls
    assert.are.same({ "c0", "f", "{}" }, { calls[1].id, calls[1]["function"].name, calls[1]["function"].arguments })
    assert.are.same({ "c1", "g", "{}" }, { calls[2].id, calls[2]["function"].name, calls[2]["function"].arguments })
    assert.are.equal(json.null, whole.choices[1].message.content)
  end)

  it("is not counted up to by an upstream's numbers", function()
    local call = '{"index":%s,"id":"c","function":{"name":"%s","arguments":"{}"}}'
    local calls = call:format("4000000000", "late") .. "," .. call:format("0", "early")
    local made = answer { '{"choices":[{"index":1000000000,"delta":{"tool_calls":[' .. calls .. "]}}]}" }
    local names = {}
    for i, one in ipairs(made.choices[1].message.tool_calls) do names[i] = one["function"].name end
    assert.are.same({ "early", "late" }, names)
  end)

  it("leaves out what cannot be read", function()
    assert.are.equal("a", answer { "nonsense", "[1]", chunk { said { content = "a" } } }.choices[1].message.content)
    assert.are.same({}, answer {}.choices)
  end)
end)

describe("the chunks of an answer", function()
  local whole = json.encode {
    id = "c", object = "chat.completion", created = 1, model = "m", usage = { total_tokens = 5 },
    choices = json.array { { index = 0, finish_reason = "tool_calls", message = {
      role = "assistant", content = "hi",
      tool_calls = json.array { { id = "t", type = "function", ["function"] = { name = "f", arguments = "{}" } } },
    } } },
  }

  it("spell it", function()
    local payloads = gather.chunks(whole, false)
    local again = answer(payloads)
    again.usage = { total_tokens = 5 }
    assert.is_true(json.equal(json.decode(whole), again))
  end)

  it("end with its usage when that was asked for", function()
    local payloads = gather.chunks(whole, true)
    local last = json.decode(payloads[#payloads])
    assert.are.same({ 0, 5 }, { #last.choices, last.usage.total_tokens })
  end)

  it("are none for what is no completion", function()
    for _, text in ipairs { "plain", "[]", '{"hello":"there"}', '{"choices":[]}', '{"choices":[1]}' } do
      assert.is_nil(gather.chunks(text, false))
    end
  end)
end)
