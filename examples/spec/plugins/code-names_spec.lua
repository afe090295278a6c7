-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

describe("code-names", function()
  local plugin = spec.plugin("code-names", { names = { Nightfall = "the project", Bruno = "the customer" } })

  it("are replaced in a whole answer", function()
    local answer = spec.answer { text = "Nightfall is for Bruno." }
    assert.is_nil(plugin:after_request(spec.request {}, answer))
    assert.are.equal("the project is for the customer.", answer:decoded().choices[1].message.content)
  end)

  it("leave an answer without them as it is", function()
    local answer = spec.answer { text = "Nothing to hide." }
    local before = answer:text()
    plugin:after_request(spec.request {}, answer)
    assert.are.equal(before, answer:text())
  end)

  it("are replaced in a stream, however it is cut", function()
    spec.every_split(plugin, "Nightfall, Night, Brunos Bruno", "the project, Night, the customers the customer")
  end)
end)
