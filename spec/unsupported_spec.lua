-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local unsupported = spec.module "unsupported"

--- A target of a bundled provider.
local function target(name)
  local provider = spec.script("providers", name)
  return { provider = provider, dialect = spec.script("providers/dialects", provider.dialect) }
end

--- A call with these top-level members; what is removed of it is in `removed`.
local function call_with(members)
  local call = { removed = {} }
  function call.get(_, name)
    local value = members[name]
    if value == nil then return nil end
    return value, value == "null" and "null" or type(value)
  end
  function call.remove(_, name) call.removed[#call.removed + 1] = name end
  function call.trace_id() return "0" end
  return call
end

local function applied(mode, name, model, members)
  local call, asked = call_with(members), target(name)
  local route = {
    refused = unsupported.refused(asked.provider, asked.dialect, model, "chat"),
    kind = asked.dialect.edits and "own" or "translated",
  }
  return route.refused and unsupported.apply(call, mode, asked, route), table.concat(call.removed, " ")
end

describe("a member that the provider does not take", function()
  local members = { model = "x", seed = 1, logit_bias = {}, logprobs = true, presence_penalty = "null" }

  it("goes out all the same when it is only warned of", function()
    local failure, removed = applied("warn", "groq", "x", members)
    assert.is_nil(failure)
    assert.equal("", removed)
  end)

  it("is taken out on demand, and nothing else", function()
    local failure, removed = applied("drop", "groq", "x", members)
    assert.is_nil(failure)
    assert.equal("logprobs logit_bias", removed)
  end)

  it("is refused on demand, all of them named", function()
    local failure = applied("reject", "groq", "x", members)
    assert.same({ 400, "invalid_request_error", "unsupported_parameter", "logprobs" },
      { failure.status, failure.type, failure.code, failure.param })
    assert.equal('provider "groq" does not support request parameter(s): logprobs, logit_bias', failure.message)
    assert.is_true(failure.elsewhere)
  end)

  it("asks for nothing when it is the one answer that everybody gives", function()
    assert.is_nil(applied("reject", "anthropic", "claude-sonnet-4-5", { n = 1 }))
    assert.equal("n", applied("reject", "anthropic", "claude-sonnet-4-5", { n = 2 }).param)
  end)

  it("may be one of some models only", function()
    assert.is_nil(applied("reject", "openai", "gpt-4o", { temperature = 1 }))
    assert.equal("temperature", applied("reject", "openai", "o3", { temperature = 1 }).param)
  end)

  it("is told of a provider with another wire format too", function()
    local failure = applied("reject", "anthropic", "claude-sonnet-4-5", { seed = 1, logit_bias = {}, user = "u" })
    assert.equal('provider "anthropic" does not support request parameter(s): seed, logit_bias', failure.message)
    local none, removed = applied("drop", "anthropic", "claude-sonnet-4-5", { seed = 1 })
    assert.is_nil(none)
    assert.equal("", removed) -- a translation leaves it out by itself
  end)

  it("costs nothing where the provider takes all", function()
    local asked = target "openai-compatible"
    assert.is_nil(unsupported.refused(asked.provider, asked.dialect, "any", "chat"))
  end)
end)
