-- SPDX-License-Identifier: Apache-2.0
--- How many tokens a request has, where nobody counts.

local json = require "gateway.json"
local spec = require "gateway.spec"

local estimate = spec.script("providers/dialects/neutral", "estimate")

local function chat(messages, more)
  local body = { messages = json.array(messages) }
  for name, value in pairs(more or {}) do body[name] = value end
  return estimate.of_chat(json.decode(json.encode(body)))
end

describe("an estimate", function()
  it("takes four bytes for a token, three where the text is mostly not ASCII", function()
    assert.are.equal(3, estimate.of_text(("a"):rep(12)))
    assert.are.equal(4, estimate.of_text(("a"):rep(13)))
    assert.are.equal(4, estimate.of_text "世界世界")
    assert.are.equal(0, estimate.of_text "")
    assert.are.equal(0, estimate.of_text(nil))
  end)

  it("adds four for a message, 1,500 for an image, 300 for tools", function()
    assert.are.equal(6, chat { { role = "user", content = "12345678" } })
    assert.are.equal(4 + 1500 + 1, chat { { role = "user", content = json.array {
      { type = "text", text = "1234" }, { type = "image_url", image_url = { url = "https://x.example" } },
    } } })
    local tool = { type = "function", ["function"] = { name = "f" } }
    assert.are.equal(4 + 300 + math.ceil(#'{"name":"f"}' / 4), chat({ { role = "user", content = "" } },
      { tools = json.array { tool } }))
  end)

  it("counts calls, results, reasoning and schemas", function()
    local called = { role = "assistant", content = json.null, tool_calls = json.array {
      { id = "x", type = "function", ["function"] = { name = "abcd", arguments = "12345678" } },
    } }
    assert.are.equal(4 + 3, chat { called })
    assert.are.equal(4 + 1, chat { { role = "tool", content = "abcd" } })
    assert.are.equal(4 + 2, chat { { role = "assistant", content = "", reasoning_content = "12345678" } })
    local plain = chat { { role = "user", content = "a" } }
    assert.is_true(chat({ { role = "user", content = "a" } }, {
      response_format = { type = "json_schema", json_schema = { name = "n", schema = { type = "object" } } },
    }) > plain)
  end)

  it("is never nothing, and never an error", function()
    for _, body in ipairs { "{}", '{"messages":7}', '{"messages":[7,null,{"content":[7]}],"tools":[7]}' } do
      assert.is_true(estimate.of_chat(json.decode(body)) >= 1)
    end
    assert.are.equal('{"input_tokens":1}', estimate.answer {})
  end)

  it("#109 of a large request takes milliseconds", function()
    local list = {}
    for i = 1, 400 do list[i] = { role = "user", content = ("word "):rep(500) } end
    local body, from = { messages = list }, os.clock()
    assert.are.equal(400 * (4 + 625), estimate.of_chat(body))
    assert.is_true(os.clock() - from < 1)
  end)
end)
