-- SPDX-License-Identifier: Apache-2.0
--- A client of Anthropic's in front of Anthropic: its bytes go out, but for thinking that would be refused. And
--- counting tokens, there and here.

local anthropic = require "spec.support.anthropic"
local face = require "spec.support.anthropic_face"
local json = require "gateway.json"
local spec = require "gateway.spec"

local provider = spec.script("providers", "anthropic")
local paths = { [face.messages] = provider.paths.chat, [face.count_tokens] = provider.paths.count_tokens }

local function forward(body, more, which)
  which = which or face.messages
  local target = { provider = provider, dialect = "anthropic_messages", path = paths[which] }
  return which.forward(face.context(body, more, which), target)
end

describe("the client's bytes", function()
  it("#117 go out as they are, whatever is in them", function()
    local made = forward [[{"model":"m","max_tokens":1,"new_member":{"x":1.0},"messages":[{"role":"user","content":[
      {"type":"new_block","y":[]}]},{"role":"assistant","content":[{"type":"thinking","thinking":"a",
      "signature":"c2ln"}]}]}]]
    assert.are.same({}, made.edits)
    assert.are.equal("/messages", made.path)
  end)

  it("#110 go out with the client's query", function()
    assert.are.equal("/messages?beta=true", forward(face.body {}, { query = "beta=true" }).path)
    assert.are.equal("/messages", forward(face.body {}, { query = "" }).path)
  end)

  it("#45 go out with the client's version, and its betas beside the gateway's", function()
    local made = forward(face.body {}, {
      headers = { ["anthropic-version"] = "2026-10-21", ["anthropic-beta"] = "a, b,a" },
    })
    assert.are.same({ ["anthropic-version"] = "2026-10-21", ["anthropic-beta"] = "a,b" }, made.headers)
    assert.are.equal(provider.headers["anthropic-version"], forward(face.body {}).headers["anthropic-version"])
    local own = { provider = { headers = { ["anthropic-beta"] = "b,c" } }, dialect = "anthropic_messages", path = "/x" }
    local merged = face.messages.forward(face.context(face.body {}, { headers = { ["anthropic-beta"] = "a,b" } }), own)
    assert.are.equal("a,b,c", merged.headers["anthropic-beta"])
  end)

  it("#46 take nothing of the client's credential with them", function()
    local made = forward(face.body {}, { headers = { ["x-api-key"] = "k", authorization = "Bearer k", cookie = "k" } })
    assert.are.same({ ["anthropic-version"] = provider.headers["anthropic-version"] }, made.headers)
  end)

  it("only go to those who speak the format", function()
    local other = { provider = spec.script("providers", "openai"), dialect = "openai_chat", path = "/chat/completions" }
    assert.is_nil(face.messages.forward(face.context(face.body {}), other))
  end)

  it("go to the place that the provider's data names for the model", function()
    local foundry = spec.script("providers", "azure-foundry")
    local target = { provider = foundry, dialect = "anthropic_messages", path = foundry.wires[1].path }
    assert.are.equal("/anthropic/v1/messages", face.messages.forward(face.context(face.body {}), target).path)
  end)
end)

describe("thinking", function()
  local BODY = [[{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[
    {"type":"thinking","thinking":"a","signature":"%s"},{"type":"tool_use","id":"t","name":"f","input":{"z":1.0,"a":2}}
    ]},{"role":"assistant","content":[{"type":"thinking","thinking":"b","signature":"%s"}]},
    {"role":"user","content":"y"}]}]]

  local function messages(body, more)
    local edits = forward(body, more).edits
    if #edits == 0 then return nil end
    assert.are.same({ "set", "messages" }, { edits[1].verb, edits[1].name })
    return json.decode(edits[1].value), edits[1].value
  end

  it("#34 that Anthropic did not sign is taken out, and nothing else", function()
    for _, signature in ipairs { "", "google:SIG" } do
      local list, text = messages(BODY:format("c2ln", signature))
      assert.are.equal(3, #list)
      assert.are.equal("thinking", list[2].content[1].type)
      assert.is_truthy(text:find('"input":{"z":1.0,"a":2}', 1, true))
      list = messages(BODY:format(signature, "c2ln"))
      assert.are.equal(4, #list)
      assert.are.equal("tool_use", list[2].content[1].type)
    end
  end)

  it("#55 of another model is taken out when an earlier target failed", function()
    local list = messages(BODY:format("c2ln", "c2ln"), { moved = true })
    assert.are.equal(3, #list)
    assert.are.equal("tool_use", list[2].content[1].type)
    assert.is_nil(messages(face.body {}, { moved = true }))
  end)
end)

describe("Claude on Vertex", function()
  local vertex = { provider = spec.script("providers", "vertex-ai"), dialect = "vertex_anthropic",
    model = "claude-sonnet-4-5@20250929" }

  local function sent(members, more)
    return face.messages.forward(face.context(face.body(members), more), vertex)
  end

  it("gets the client's bytes without what is not taken there", function()
    local made = sent({ service_tier = "auto", speed = "fast" }, {
      headers = { ["anthropic-version"] = "2023-06-01", ["anthropic-beta"] = "claude-code-20250219,effort-2025-11-24" },
    })
    assert.are.equal("/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict", made.path)
    assert.are.same({ ["anthropic-beta"] = "effort-2025-11-24" }, made.headers)
    assert.are.same({
      { verb = "remove", name = "model" }, { verb = "remove", name = "service_tier" },
      { verb = "remove", name = "speed" },
      { verb = "set", name = "anthropic_version", value = '"vertex-2023-10-16"' },
    }, made.edits)
    local streamed = sent({ stream = true }, { headers = { ["anthropic-version"] = "2026-10-21" } })
    assert.is_truthy(streamed.path:find(":streamRawPredict", 1, true))
    assert.are.equal('"2026-10-21"', streamed.edits[#streamed.edits].value)
  end)

  it("gets a translation of what must be mended", function()
    assert.is_nil(sent { cache_control = { type = "ephemeral" } })
    assert.is_nil(sent { messages = json.array { { role = "user", content = json.array {
      { type = "image", source = { type = "url", url = "https://x.example/a.png" } },
    } } } })
  end)
end)

describe("counting tokens", function()
  local operation = anthropic.dialect.surfaces.count_tokens

  it("goes to Anthropic as it came", function()
    assert.are.equal("/messages/count_tokens?beta=true",
      forward('{"model":"m","messages":[]}', { query = "beta=true" }, face.count_tokens).path)
  end)

  it("asks Anthropic with what a count takes", function()
    local call = anthropic.call({
      system = "s", max_tokens = 7, temperature = 1, stop = "x", user = "u", service_tier = "auto",
      tools = json.array { anthropic.tool("f", { type = "object" }) }, tool_choice = "required",
    }, "claude-sonnet-4-5", { surface = "count_tokens" })
    local made = assert(operation.request(call, provider))
    assert.are.equal("/messages/count_tokens", made.path)
    local names = {}
    for name in pairs(json.decode(made.body)) do names[#names + 1] = name end
    table.sort(names)
    assert.are.same({ "messages", "model", "tool_choice", "tools" }, names)
  end)

  it("answers with a number, or says that there is none", function()
    assert.are.equal('{"input_tokens":33}', (operation.response({}, '{"input_tokens":33}')))
    local text, failure = operation.response({}, "{}")
    assert.is_nil(text)
    assert.are.equal("upstream_invalid_response", failure.code)
  end)

  it("is the client's in the same form", function()
    local context = face.context('{"model":"m","messages":[]}', nil, face.count_tokens)
    assert.are.equal('{"input_tokens":33}', face.count_tokens.response(context, '{"input_tokens":33}'))
    assert.is_nil(face.count_tokens.response(context, "{}"))
  end)
end)
