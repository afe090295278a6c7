-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local function user(content) return { role = "user", content = content } end
local function system(content) return { role = "system", content = content } end

--- What becomes of a body's messages under one template; or the verdict's code and message.
local function wrapped(template, body, more)
  body.model, body.messages = "m", body.messages or { user "hi" }
  local request = spec.request { body = body, headers = more and more.headers, key = more and more.key }
  local plugin = spec.plugin("prompt-template", { templates = { t = template }, default = "t" })
  local verdict = plugin:before_request(request)
  if verdict then return verdict.code, verdict.message end
  return request:decoded()
end

describe("prompt-template", function()
  it("puts a system message first and words around the last user message", function()
    local body = wrapped({ system = "S", prefix = "<", suffix = ">" }, {
      messages = { system "old", user "a", { role = "assistant", content = "b" }, user "c" },
    })
    assert.are.same({ system "S", system "old", user "a", { role = "assistant", content = "b" }, user "<c>" },
      body.messages)
  end)

  it("takes the place of system messages when told to", function()
    local body = wrapped({ system = "S", replace_system = true }, {
      messages = { system "old", user "a", { role = "developer", content = "x" } },
    })
    assert.are.same({ system "S", user "a" }, body.messages)
  end)

  it("fills names from the request, and never twice", function()
    local body = wrapped({ user = "{{a}} {{b}} {{body.user}} {{header.x-h}} {{key.name}} {{model}}: {{input}}" }, {
      template_variables = { a = "{{b}}", b = true }, metadata = { a = "not this", b = 2 }, user = "u",
    }, { headers = { ["X-H"] = "h" }, key = { id = "k", name = "team" } })
    assert.are.same({ user "{{b}} true u h team m: hi" }, body.messages)
    assert.is_nil(body.template_variables)
    assert.are.same({ a = "not this", b = 2 }, body.metadata)
  end)

  it("refuses a request that leaves a name without a value, and changes nothing then", function()
    for _, name in ipairs { "x", "header.x-none", "key.name", "key.secret", "body.none", "body.messages", "n.x" } do
      local code, message = wrapped({ system = "{{" .. name .. "}}" }, {})
      assert.are.same({ "template_variable_missing", ("the prompt template needs a value for %q"):format(name) },
        { code, message })
    end
  end)

  it("chooses by a member of the body, which it takes out", function()
    local plugin = spec.plugin("prompt-template", { templates = { a = { prefix = "A" }, b = { prefix = "B" } } })
    local request = spec.request { body = { model = "m", messages = { user "x" }, prompt_template = "b" } }
    assert.is_nil(plugin:before_request(request))
    assert.are.same({ model = "m", messages = { user "Bx" } }, request:decoded())
    request = spec.request { body = { model = "m", messages = { user "x" }, prompt_template = "c" } }
    assert.are.equal("unknown_template", plugin:before_request(request).code)
    request = spec.request { text = "untouched" }
    local before = request:text()
    assert.is_nil(plugin:before_request(request))
    assert.are.equal(before, request:text())
  end)

  it("finds its place in a message of parts, and bears one without text", function()
    local image = { type = "image_url", image_url = { url = "data:" } }
    local body = wrapped({ prefix = "<" }, { messages = { user { image, { type = "text", text = "x" } } } })
    assert.are.same({ user { image, { type = "text", text = "<x" } } }, body.messages)
    body = wrapped({ prefix = "<" }, { messages = { user { image } } })
    assert.are.same({ user { image } }, body.messages)
    body = wrapped({ system = "S", prefix = "<" }, { messages = { system "only" } })
    assert.are.same({ system "S", system "only" }, body.messages)
  end)

  it("is refused with a template nobody can mean", function()
    for _, template in ipairs {
      { system = "{{" }, { system = "{{a b}}" }, { system = "{{}}" }, { system = "}}" },
      { user = "x", prefix = "y" }, { unknown = "x" },
    } do
      assert.has_error(function() spec.plugin("prompt-template", { templates = { t = template } }) end)
    end
    assert.has_error(function() spec.plugin("prompt-template", { templates = {}, default = "t" }) end)
    assert.has_error(function() spec.plugin("prompt-template", {}) end)
  end)
end)
