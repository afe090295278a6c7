-- SPDX-License-Identifier: Apache-2.0
--- Parameters on their way to Anthropic. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local sent = anthropic.sent

local FIRST = "claude-sonnet-4-5"

local function refused(body, words, param)
  local made, failure = sent(body)
  assert.is_nil(made)
  assert.equal(400, failure.status)
  assert.truthy(failure.message:find(words, 1, true), failure.message)
  assert.equal(param, failure.param)
end

describe("max_tokens", function()
  it("#49 is always there, at most the model's, at least above the budget", function()
    assert.equal(4096, sent({}).max_tokens)
    assert.equal(64000, sent({ max_tokens = 1000000 }).max_tokens)
    assert.equal(4096, sent({ max_tokens = 1000000 }, "claude-3-haiku-20240307").max_tokens)
    assert.equal(128000, sent({ max_tokens = 1000000 }, "claude-new-9").max_tokens)
    assert.equal(8192, sent({ reasoning_effort = "high" }).max_tokens)
    assert.equal(5, sent({ max_completion_tokens = 5, max_tokens = 7 }).max_tokens)
  end)

  it("#49 a budget that cannot fit shrinks", function()
    local body = sent({ max_tokens = 10, thinking = { type = "enabled", budget_tokens = 100000 } })
    assert.equal(64000, body.max_tokens)
    assert.equal(59904, body.thinking.budget_tokens)
  end)

  it("that is no number is refused", function()
    refused({ max_tokens = "5" }, "max_tokens must be a number", "max_tokens")
  end)
end)

describe("sampling", function()
  local all = { temperature = 0.5, top_p = 0.5, top_k = 5 }

  it("#7 is dropped while the model thinks", function()
    local body = sent { temperature = 0.5, top_p = 0.5, top_k = 5, reasoning_effort = "low" }
    assert.is_nil(body.temperature or body.top_p or body.top_k)
  end)

  it("#8 Claude 4.5 takes temperature without top_p, or top_p alone", function()
    local body = sent(all, FIRST)
    assert.equal(0.5, body.temperature)
    assert.is_nil(body.top_p)
    assert.equal(5, body.top_k)
    assert.equal(0.5, sent({ top_p = 0.5 }, FIRST).top_p)
  end)

  it("#8 older ones take both", function()
    local body = sent(all, "claude-sonnet-4-20250514")
    assert.equal(0.5, body.temperature)
    assert.equal(0.5, body.top_p)
  end)

  it("#9 is dropped from Claude 4.7 on, for unknown models and with the newest version", function()
    for _, model in ipairs { "claude-opus-4-7", "claude-opus-5-5", "claude-sonnet-9", "some-deployment" } do
      local body = sent(all, model)
      assert.is_nil(body.temperature or body.top_p or body.top_k, model)
    end
    local call = anthropic.call { temperature = 0.5 }
    local made = anthropic.dialect.request(call, {
      headers = { ["anthropic-version"] = "2026-10-21" }, paths = { chat = "/messages" },
    })
    assert.is_nil(json.decode(made.body).temperature)
  end)

  it("#9 nothing is sent that the client did not say", function()
    assert.is_nil(sent({}).temperature)
  end)

  it("#10 a temperature above 1 is 1", function()
    assert.equal(1, sent({ temperature = 1.4 }).temperature)
    assert.equal(0, sent({ temperature = 0 }).temperature)
  end)

  it("#52 is read in any spelling of a number", function()
    local body = sent('{"messages":[{"role":"user","content":"Hi"}],"temperature":1.0,"n":1.0,"max_tokens":5e1}')
    assert.equal(1, body.temperature)
    assert.equal(50, body.max_tokens)
  end)

  it("#11 null is nothing, for every parameter", function()
    local names = {
      "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice", "user",
      "response_format", "reasoning_effort", "thinking", "n", "functions", "service_tier", "parallel_tool_calls",
      "cache_control", "metadata", "seed",
    }
    local body = {}
    for _, name in ipairs(names) do body[name] = json.null end
    local made, request = sent(body)
    assert.same({ "max_tokens", "messages", "model" }, (function()
      local keys = {}
      for key in pairs(made) do keys[#keys + 1] = key end
      table.sort(keys)
      return keys
    end)())
    assert.is_nil(request.body:find("null", 1, true))
  end)
end)

describe("stop", function()
  it("#12 blank sequences are dropped", function()
    assert.is_nil(sent({ stop = "" }).stop_sequences)
    assert.is_nil(sent({ stop = json.array {} }).stop_sequences)
    assert.equal("END", sent({ stop = json.array { " ", "END", "" } }).stop_sequences[1])
    assert.equal(1, #sent({ stop = json.array { " ", "END", "" } }).stop_sequences)
  end)

  it("that is neither text nor a list of texts is refused", function()
    refused({ stop = 7 }, "stop must be a string or an array of strings", "stop")
    refused({ stop = json.array { 7 } }, "stop must be a string or an array of strings", "stop")
  end)
end)

describe("the rest", function()
  it("#43 a user that is an address or a telephone number is left out", function()
    for _, user in ipairs { "bob@example.com", "+49 170 1234567", "(030) 123-4567", " " } do
      assert.is_nil(sent({ user = user }).metadata, user)
    end
    for _, user in ipairs { "u-123", "12345", "a@b" } do
      assert.equal(user, sent({ user = user }).metadata.user_id)
    end
  end)

  it("#44 a user that is too long goes as its digest", function()
    assert.equal(("u"):rep(256), sent({ user = ("u"):rep(256) }).metadata.user_id)
    assert.truthy(sent({ user = ("u"):rep(257) }).metadata.user_id:find("^%x+$"))
    assert.equal(64, #sent({ user = ("u"):rep(257) }).metadata.user_id)
  end)

  it("a safety_identifier goes before a user", function()
    assert.equal("s", sent({ safety_identifier = "s", user = "u" }).metadata.user_id)
  end)

  it("service_tier is translated or dropped", function()
    assert.equal("auto", sent({ service_tier = "auto" }).service_tier)
    assert.equal("standard_only", sent({ service_tier = "default" }).service_tier)
    assert.is_nil(sent({ service_tier = "flex" }).service_tier)
  end)

  it("several answers and functions of the old API are refused in the open", function()
    refused({ n = 2 }, "n must be 1", "n")
    assert.truthy(sent { n = 1 })
    refused({ functions = json.array {} }, "use tools", "functions")
  end)

  it("nothing of OpenAI's that Anthropic does not know is sent", function()
    local body = sent {
      seed = 1, logprobs = true, top_logprobs = 2, logit_bias = {}, presence_penalty = 1, frequency_penalty = 1,
      store = true, metadata = { a = "b" }, prediction = {}, verbosity = "low", unheard_of = 1,
    }
    assert.is_nil(body.metadata or body.seed or body.unheard_of or body.store)
  end)

  it("#45 betas are the client's and ours, each once", function()
    local body = { mcp_servers = json.array {} }
    local _, made = sent(body, nil, { headers = { ["anthropic-beta"] = "a, mcp-client-2025-11-20,a" } })
    assert.equal("a,mcp-client-2025-11-20", made.headers["anthropic-beta"])
    _, made = sent(body)
    assert.equal("mcp-client-2025-11-20", made.headers["anthropic-beta"])
    _, made = sent({})
    assert.is_nil(made.headers)
  end)

  it("Anthropic's own members are passed on, of the right type", function()
    assert.truthy(sent({ context_management = { edits = json.array {} } }).context_management)
    refused({ mcp_servers = 7 }, "mcp_servers must be an object or a list", "mcp_servers")
  end)

  it("a stream is asked for only when the client wants one", function()
    assert.is_true(sent({}, nil, { stream = true }).stream)
    assert.is_nil(sent({}).stream)
  end)
end)
