-- SPDX-License-Identifier: Apache-2.0
--- Ollama's own API beyond its transcripts.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local provider = spec.script("providers", "ollama")
local dialect = spec.script("providers/dialects", "ollama")
local way = ways.through(dialect, provider, "llama3.2")

describe("a request to Ollama", function()
  it("has images that were fetched", function()
    local call = way:call {
      messages = json.array { ways.part { type = "image_url", image_url = { url = "https://a.example/b.png" } } },
    }
    function call.fetch(url, options)
      assert.equal("https://a.example/b.png", url)
      assert.is_true(options.max_bytes > 0)
      return "abc", "image/png"
    end
    local made = assert(dialect.request(call, provider))
    assert.same({ "YWJj" }, json.decode(made.body).messages[1].images)
  end)

  it("says why an image cannot be fetched", function()
    local call = way:call {
      messages = json.array { ways.part { type = "image_url", image_url = { url = "http://10.0.0.1/b.png" } } },
    }
    function call.fetch() return nil, { status = 400, message = "no" } end
    local made, failure = dialect.request(call, provider)
    assert.is_nil(made)
    assert.equal("no", failure.message)
  end)

  it("joins texts by line ends, and arguments keep their spelling", function()
    local text = '{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},'
      .. '{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f",'
      .. '"arguments":"{\\"b\\":1.0,\\"a\\":12345678901234567890}"}}]},'
      .. '{"role":"tool","tool_call_id":"c","content":"r"}]}'
    local made = assert(dialect.request(way:call(text), provider))
    assert.truthy(made.body:find('"content":"a\\nb"', 1, true), made.body)
    assert.truthy(made.body:find('"arguments":{"b":1.0,"a":12345678901234567890}', 1, true), made.body)
  end)

  it("has the operator's window, unless the client names one", function()
    local more = { variables = { num_ctx = "8192" } }
    assert.equal(8192, way:sent({}, nil, more).options.num_ctx)
    assert.equal(4096, way:sent({ options = { num_ctx = 4096 } }, nil, more).options.num_ctx)
    assert.equal(2048, way:sent({ num_ctx = 2048 }, nil, more).options.num_ctx)
  end)

  it("leaves tools out for none, and all but one for its name", function()
    local tools = json.array { ways.tool "f", ways.tool "g" }
    assert.is_nil(way:sent({ tools = tools, tool_choice = "none" }).tools)
    local sent = way:sent { tools = tools, tool_choice = { type = "function", ["function"] = { name = "g" } } }
    assert.equal(1, #sent.tools)
    assert.equal("g", sent.tools[1]["function"].name)
    local made, failure = way:sent { tools = tools, tool_choice = { type = "function", ["function"] = { name = "h" } } }
    assert.is_nil(made)
    assert.equal("tool_choice", failure.param)
  end)

  it("is made anew without thinking where the model cannot", function()
    local _, made = way:sent { reasoning_effort = "high" }
    local other = made.instead(400, '{"error":"\\"m\\" does not support thinking"}')
    assert.is_nil(json.decode(other.body).think)
    assert.is_nil(made.instead(400, '{"error":"something else"}'))
    assert.is_nil(made.instead(500, "does not support thinking"))
    local _, plain = way:sent {}
    assert.is_nil(plain.instead)
  end)

  it("gives reasoning back", function()
    local sent = way:sent { messages = json.array {
      { role = "assistant", content = "a", reasoning_content = "Hm." }, { role = "user", content = "b" },
    } }
    assert.equal("Hm.", sent.messages[1].thinking)
  end)
end)

describe("an answer of Ollama", function()
  it("#71 with the same tool twice has two calls with ids of their own", function()
    local call = { ["function"] = { name = "f", arguments = {} } }
    local made = way:answered {
      message = { content = "", tool_calls = json.array { call, call } }, done = true, done_reason = "stop",
    }
    local calls = made.choices[1].message.tool_calls
    assert.equal(2, #calls)
    assert.is_true(calls[1].id ~= calls[2].id)
    assert.equal("tool_calls", made.choices[1].finish_reason)
  end)

  it("that is an error in a 200 is a failure", function()
    local made, failure = way:answered { error = "stopped" }
    assert.is_nil(made)
    assert.equal("stopped", failure.message)
  end)

  it("without a count of a cached prompt counts none", function()
    local made = way:answered { message = { content = "a" }, done = true, eval_count = 3 }
    assert.equal(0, made.usage.prompt_tokens)
    assert.equal(3, made.usage.total_tokens)
  end)
end)
