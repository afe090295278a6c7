-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local function plugin(members)
  members.name, members.type = "mine", members.type or "guardrail"
  return spec.plugin(members, nil)
end

describe("spec.plugin", function()
  it("types the configuration and opens the plugin with it", function()
    local seen
    local mine = spec.plugin({
      name = "mine", type = "logging", schema = { wait = { "duration", default = "1s" } },
      open = function(conf) seen = conf.wait; return { ready = true } end,
    }, { wait = "2s" })
    assert.are.equal(2000, seen)
    assert.are.equal(2000, mine.conf.wait)
    assert.is_true(mine.opened.ready)
  end)

  it("raises what would refuse the generation", function()
    assert.has_error(function() spec.plugin({ name = "mine", type = "logging" }, { a = 1 }) end,
      'config.a: unknown key "a": nothing can be written here')
    assert.has_error(function() plugin { open = function() error("no", 0) end } end, "no")
  end)

  it("hands the hook a ctx and returns what the client would read", function()
    local mine = plugin { before_request = function(ctx)
      return ctx:reject { status = 403, message = ctx.model .. ctx.headers:get "X-Who" .. ctx.key.id }
    end }
    local verdict = mine:before_request(spec.request { model = "m", headers = { ["x-who"] = "w" }, key = { id = "k" } })
    assert.are.same({ "reject", 403, "permission_error", "request_rejected", "mwk" },
      { verdict.kind, verdict.status, verdict.type, verdict.code, verdict.message })
  end)

  it("shows what a hook made of the body", function()
    local mine = plugin { before_request = function(ctx)
      for part in ctx:texts() do part:replace(part.text:upper()) end
      ctx.body:set("user", "u")
      ctx:set_header("X-Seen", "yes")
    end }
    local request = spec.request { text = "hello" }
    assert.is_nil(mine:before_request(request))
    assert.are.equal("HELLO", request:decoded().messages[1].content)
    assert.are.equal("u", request:decoded().user)
    assert.are.equal("yes", request.headers_put["X-Seen"])
  end)

  it("shows what a hook made of the answer", function()
    local mine = plugin { after_request = function(ctx)
      for part in ctx:texts() do part:replace(part.text .. ctx.usage.total_tokens) end
    end }
    local answer = spec.answer { text = "hi" }
    assert.is_nil(mine:after_request(spec.request {}, answer))
    assert.are.equal("hi12", answer:decoded().choices[1].message.content)
  end)

  it("shows a hook the error", function()
    local seen
    local mine = plugin { on_error = function(ctx) seen = ctx.error.code .. ctx.error.status end }
    assert.is_nil(mine:on_error(spec.request {}, { status = 429, code = "slow" }))
    assert.are.equal("slow429", seen)
  end)

  for name, hook in pairs {
    ["a raise"] = function() error("boom", 0) end,
    ["a verdict that was not returned"] = function(ctx) ctx:reject { status = 400 } end,
    ["what is no verdict"] = function() return { status = 400 } end,
    ["a status that is none of an error"] = function(ctx) return ctx:reject { status = 200 } end,
    ["a misspelt option"] = function(ctx) return ctx:reject { stauts = 400 } end,
    ["writing to ctx"] = function(ctx) ctx.model = "x" end,
  } do
    it("raises where the gateway would count a fault: " .. name, function()
      assert.has_error(function() plugin { before_request = hook }:before_request(spec.request {}) end)
    end)
  end
end)

describe("spec.stream", function()
  local mask = plugin {
    hold_bytes = 24, on_chunk = { feed = function(_, text) return (text:gsub("sk%-%d+", "[key]")) end },
  }

  it("tells what the client reads and how much was held", function()
    local streamed = spec.stream(mask, { "my sk-1", "2 and", " more" })
    assert.are.equal("my [key] and more", streamed.text)
    assert.is_true(streamed.held > 0 and streamed.held <= 24)
  end)

  it("tells the verdict that ended it", function()
    local strict = plugin { on_chunk = { feed = function(state, text)
      if text:find "two" then return state.ctx:reject { code = "nope", message = "no two" } end
    end } }
    local streamed = spec.stream(strict, { "one ", "two ", "three" })
    assert.are.same({ "one ", "nope", 502 }, { streamed.text, streamed.verdict.code, streamed.verdict.status })
  end)

  it("adds what close returns", function()
    local ending = plugin { on_chunk = { feed = function() end, close = function() return " END" end } }
    assert.are.equal("one two END", spec.stream(ending, { "one ", "two" }).text)
  end)

  it("keeps what feed says it keeps", function()
    local seen = {}
    local keeping = plugin { hold_bytes = 4, on_chunk = { feed = function(_, text, _, final)
      seen[#seen + 1] = text
      if not final then return text:sub(1, -2), 1 end
    end } }
    assert.are.equal("abcdef", spec.stream(keeping, { "ab", "cd", "ef" }).text)
    assert.are.same({ "ab", "bcd", "def", "f" }, seen)
  end)

  for name, feed in pairs {
    ["a raise"] = function() error("boom", 0) end,
    ["a number"] = function() return 5 end,
    ["keeping more than hold_bytes"] = function() return "", 5 end,
    ["a respond"] = function(state) return state.ctx:respond { body = "x" } end,
  } do
    it("raises where the gateway would count a fault: " .. name, function()
      local mine = plugin { hold_bytes = 4, on_chunk = { feed = feed } }
      assert.has_error(function() spec.stream(mine, "some text") end)
    end)
  end
end)

describe("spec.every_split", function()
  it("passes a plugin that masks", function()
    spec.every_split(plugin {
      hold_bytes = 12, on_chunk = { feed = function(_, text) return (text:gsub("sk%-%d+", "[key]")) end },
    }, "é sk-123 😀 sk-9", "é [key] 😀 [key]")
  end)

  it("shows where a plugin fails that looks at one piece at a time", function()
    local ok, message = pcall(spec.every_split, plugin {
      on_chunk = { feed = function(_, text) return (text:gsub("sk%-%d+", "[key]")) end },
    }, "sk-12", "[key]")
    assert.is_false(ok)
    assert.is_truthy(message:find('cut into "s|k-12": expected "[key]", the client reads "sk-12"', 1, true))
  end)
end)

describe("spec.splits", function()
  it("cuts into two and three at every place", function()
    local count = 0
    for pieces in spec.splits "abc" do
      count = count + 1
      assert.are.equal("abc", table.concat(pieces))
    end
    for pieces in spec.splits("abc", { pieces = 3 }) do
      count = count + 1
      assert.are.equal("abc", table.concat(pieces))
    end
    assert.are.equal(4 + 10, count)
  end)
end)
