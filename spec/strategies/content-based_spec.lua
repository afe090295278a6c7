-- SPDX-License-Identifier: Apache-2.0

local routing = require "spec.support.routing"
local spec = require "gateway.spec"

local Routing = spec.module "routing"

local targets = routing.targets "a b c"

describe("the strategy content-based", function()
  local said
  local user_texts = Routing.user_texts

  before_each(function() Routing.user_texts = function() return said end end)
  after_each(function() Routing.user_texts = user_texts end)

  local function first(rules, ...)
    said = { ... }
    local plan = routing.plan(routing.conf("content-based", { content_conditions = rules }), targets)
    return routing.order(plan):next().name
  end

  local function rule(kind, value, key) return { type = kind, value = value, target_key = key or "b" } end

  it("finds words in any case", function()
    assert.equal("b", first({ rule("prompt_contains", "Invoice") }, "where is my INVOICE?"))
    assert.equal("a", first({ rule("prompt_contains", "Invoice") }, "where is my bill?"))
    assert.equal("b", first({ rule("prompt_contains", "größe") }, "welche GRÖßE?"))
    assert.equal("b", first({ rule("prompt_contains", "СЧЁТ") }, "где счёт"))
    assert.equal("b", first({ rule("prompt_contains", "Łódź") }, "łódź"))
  end)

  it("takes words for words", function()
    assert.equal("b", first({ rule("prompt_contains", "a.b(c)*[d]") }, "say A.B(C)*[D]"))
    assert.equal("a", first({ rule("prompt_contains", "a.b") }, "axb"))
  end)

  it("misses words", function()
    assert.equal("b", first({ rule("prompt_not_contains", "secret") }, "hello", "there"))
    assert.equal("a", first({ rule("prompt_not_contains", "secret") }, "hello", "a Secret"))
  end)

  it("matches regular expressions, which mind the case", function()
    assert.equal("b", first({ rule("prompt_regex", "^sql:|\\bselect\\b") }, "hi", "sql: x"))
    assert.equal("a", first({ rule("prompt_regex", "^sql") }, "SQL"))
    assert.equal("b", first({ rule("prompt_regex", "(?i)^sql") }, "SQL"))
  end)

  it("takes the first rule that holds", function()
    local rules = { rule("prompt_contains", "x", "c"), rule("prompt_contains", "y", "b") }
    assert.equal("b", first(rules, "y"))
    assert.equal("c", first(rules, "y x"))
    assert.equal("a", first(rules, "z"))
  end)

  it("knows no rule where nobody chats", function()
    assert.equal("a", first { rule("prompt_not_contains", "x") })
  end)

  it("asks one target, or those as they are written", function()
    said = { "x" }
    local plan = routing.plan(routing.conf("content-based", { content_conditions = { rule("prompt_contains", "x") } }),
      targets)
    assert.equal("b", routing.names(routing.order(plan)))
    assert.equal("b a c", routing.names(routing.order(plan), function() return false end))
  end)
end)
