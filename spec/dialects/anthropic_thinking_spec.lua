-- SPDX-License-Identifier: Apache-2.0
--- Thinking and effort on their way to Anthropic. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local sent = anthropic.sent

local FIRST, NEWEST = "claude-sonnet-4-5", "claude-opus-5-5"

describe("thinking", function()
  local function thought(body, model)
    local made = sent(body, model)
    return made.thinking and made.thinking.type, made.output_config and made.output_config.effort, made
  end

  it("by effort is a budget for the models that know only budgets", function()
    local budgets = { minimal = 1024, low = 1024, medium = 2048, high = 4096, xhigh = 8192, max = 16384 }
    for effort, budget in pairs(budgets) do
      local kind, sent_effort, made = thought({ reasoning_effort = effort }, FIRST)
      assert.equal("enabled", kind)
      assert.is_nil(sent_effort)
      assert.equal(budget, made.thinking.budget_tokens)
      assert.is_true(made.max_tokens > budget)
    end
  end)

  it("by effort is an effort for the others, as far as they know it", function()
    local known = {
      ["claude-opus-4-6"] = {
        minimal = "low", low = "low", medium = "medium", high = "high", xhigh = "max", max = "max",
      },
      ["claude-opus-4-8"] = { minimal = "low", high = "high", xhigh = "xhigh", max = "max" },
    }
    for model, efforts in pairs(known) do
      for effort, expected in pairs(efforts) do
        local kind, sent_effort, made = thought({ reasoning_effort = effort }, model)
        assert.equal("adaptive", kind)
        assert.equal("summarized", made.thinking.display)
        assert.equal(expected, sent_effort)
      end
    end
  end)

  it("is nothing for models that cannot, for unknown efforts, and unasked", function()
    assert.is_nil(thought({ reasoning_effort = "high" }, "claude-3-haiku-20240307"))
    assert.is_nil(thought({ reasoning_effort = "extreme" }, FIRST))
    assert.is_nil(thought({}, NEWEST))
  end)

  it("#54 none is each model's own way of not thinking", function()
    assert.is_nil(thought({ reasoning_effort = "none" }, "claude-opus-4-8"))
    assert.equal("disabled", (thought({ reasoning_effort = "none" }, "claude-opus-5")))
    assert.equal("between_tools", (thought({ reasoning_effort = "none" }, "claude-sonnet-5-5")))
    local kind, effort = thought({ reasoning_effort = "none" }, "claude-fable-5-1")
    assert.is_nil(kind)
    assert.equal("low", effort)
  end)

  it("as an object is sent as given where the model takes it", function()
    local _, _, made = thought({ max_tokens = 5000, thinking = { type = "enabled", budget_tokens = 3000 } }, FIRST)
    assert.equal(3000, made.thinking.budget_tokens)
    local kind = thought({ thinking = { type = "disabled" } }, "claude-sonnet-5")
    assert.equal("disabled", kind)
  end)

  it("as an object of another generation is translated", function()
    for budget, expected in pairs { [1024] = "low", [2048] = "medium", [8192] = "high" } do
      local kind, effort = thought({ thinking = { type = "enabled", budget_tokens = budget } }, NEWEST)
      assert.equal("adaptive", kind)
      assert.equal(expected, effort)
    end
    local _, _, made = thought({ thinking = { type = "adaptive" } }, FIRST)
    assert.same({ type = "enabled", budget_tokens = 2048 }, json.decode(json.encode(made.thinking)))
    local kind, effort = thought({ thinking = { type = "disabled" } }, NEWEST)
    assert.is_nil(kind)
    assert.equal("low", effort)
  end)

  it("#33 signed blocks come first, unchanged and in order; #34 unsigned ones go", function()
    local blocks = anthropic.content({
      { role = "user", content = "a" },
      { role = "assistant", content = "b", thinking_blocks = json.array {
        { type = "thinking", thinking = "x", signature = "s" }, { type = "thinking", thinking = "y", signature = "" },
        { type = "redacted_thinking", data = "d" }, { type = "thinking", thinking = "z" },
      } },
      { role = "user", content = "c" },
    }, 2)
    assert.same({ type = "thinking", thinking = "x", signature = "s" }, json.decode(json.encode(blocks[1])))
    assert.equal("redacted_thinking", blocks[2].type)
    assert.equal("text", blocks[3].type)
    assert.equal(3, #blocks)
  end)

  it("#55 what another model signed is dropped", function()
    local blocks = json.array { { type = "thinking", thinking = "x", signature = "s" } }
    local body = sent({ messages = json.array {
      { role = "user", content = "a" }, { role = "assistant", content = "b", thinking_blocks = blocks },
      { role = "user", content = "c" },
    } }, FIRST, { moved = true })
    assert.equal("text", body.messages[2].content[1].type)
  end)

  it("is left out of a tool loop whose thinking the client lost, where the model insists on it", function()
    local given = {
      reasoning_effort = "low",
      messages = json.array {
        { role = "user", content = "a" }, anthropic.called("c", "f"),
        { role = "tool", tool_call_id = "c", content = "r" },
      },
    }
    assert.is_nil(thought(given, FIRST))
    assert.equal("adaptive", (thought(given, "claude-opus-4-6")))
  end)
end)
