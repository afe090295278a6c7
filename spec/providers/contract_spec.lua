-- SPDX-License-Identifier: Apache-2.0

local spec = require "gateway.spec"

local contract = spec.script("providers", "contract")

--- A provider that keeps the contract, with some members changed.
local function provider(changes)
  local made = {
    name = "acme", title = "Acme", dialect = "openai_chat", base = "https://api.acme.example/v1",
    env = { key = { "ACME_API_KEY" }, base = { "ACME_BASE_URL" } },
    auth = { header = "authorization", prefix = "Bearer " },
    paths = { chat = "/chat/completions" }, models = { prefixes = { "acme-" } },
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

local function refused(changes, words)
  local held, problem = contract.check(provider(changes), "acme")
  assert.is_nil(held)
  assert.truthy(problem:find(words, 1, true), problem)
end

describe("the contract of providers", function()
  it("takes plain data", function()
    assert.is_true(contract.check(provider(), "acme"))
  end)

  it("refuses what is no table", function()
    local held, problem = contract.check("acme", "acme")
    assert.is_nil(held)
    assert.equal("must return a table, got a string", problem)
  end)

  it("refuses an unknown member and says which one was meant", function()
    refused({ hedaers = {} }, 'did you mean "headers"?')
    refused({ paths = { chta = "/chat" } }, 'did you mean "chat"?')
  end)

  it("tells every problem at once", function()
    refused({ dialect = 7, status = "gone" }, "dialect")
    refused({ dialect = 7, status = "gone" }, "status")
  end)

  it("wants a name that is the file's", function()
    refused({ name = "acne" }, 'name must be "acme"')
  end)

  it("wants name, title and dialect", function()
    local held, problem = contract.check({}, "acme")
    assert.is_nil(held)
    for _, name in ipairs { "name", "title", "dialect" } do
      assert.truthy(problem:find(name .. " is required", 1, true), problem)
    end
  end)

  it("wants an address without a slash at the end", function()
    refused({ base = "https://api.acme.example/v1/" }, "must not end with a slash")
    refused({ base = "api.acme.example" }, "must begin with http(s)://")
  end)

  it("wants every placeholder to have a variable", function()
    refused({ base = "https://{account}.acme.example" }, "nothing fills {account}")
    refused({ paths = { chat = "/chat?v={version}" } }, "nothing fills {version}")
    local env = { vars = { account = { "ACME_ACCOUNT" } }, defaults = { version = "1" } }
    local made = provider { base = "https://{account}.acme.example", paths = { chat = "/chat?v={version}" }, env = env }
    assert.is_true(contract.check(made, "acme"))
  end)

  it("wants header names in lower case", function()
    refused({ headers = { ["X-Title"] = "x" } }, "headers.X-Title must be in lower case")
    refused({ auth = { header = "X-Key" } }, "must be in lower case")
  end)

  it("wants names of environment variables", function()
    refused({ env = { key = { "acme key" } } }, "must be the name of an environment variable")
  end)

  it("takes a list of extensions, or all of them", function()
    assert.is_true(contract.check(provider { params = { accepts = "all" } }, "acme"))
    assert.is_true(contract.check(provider { params = { accepts = { "store" } } }, "acme"))
    refused({ params = { accepts = "some" } }, 'params.accepts must be a list of names or "all"')
  end)

  it("takes other wire formats for some models or surfaces", function()
    local wires = { { contains = { "claude" }, dialect = "anthropic_messages", path = "/claude/{model}" } }
    assert.is_true(contract.check(provider { wires = wires }, "acme"))
    refused({ wires = { { surface = "chat" } } }, "wires[0].dialect: dialect is required")
    refused({ wires = { { dialect = "x", path = "/{region}" } } }, "wires[0].path: nothing fills {region}")
    refused({ wires = { { dialect = "x", surfcae = "chat" } } }, 'did you mean "surface"?')
  end)

  it("takes a function that signs in the place of a header", function()
    assert.is_true(contract.check(provider { auth = { sign = function() end } }, "acme"))
    refused({ auth = { sign = "x" } }, "auth.sign must be a function, got a string")
    refused({ auth = { optional = true } }, "auth needs header, or sign")
  end)

  it("takes variables that may be missing", function()
    local env = { vars = { project = { "ACME_PROJECT" } }, optional = { project = true } }
    assert.is_true(contract.check(provider { env = env }, "acme"))
    refused({ env = { optional = { project = true } } }, "env.optional.project: there is no such name in env.vars")
  end)

  it("may make one placeholder of another's value", function()
    local follows = { host = { of = "region", otherwise = "{}.example" } }
    local env = { vars = { region = { "ACME_REGION" } }, follows = follows }
    assert.is_true(contract.check(provider { base = "https://{host}", env = env }, "acme"))
    refused({ env = { follows = follows } }, "env.follows.host: there is no region in env.vars")
  end)

  it("may renew what it signs with", function()
    local function sign() return {} end
    assert.is_true(contract.check(provider { auth = { sign = sign, renew = sign } }, "acme"))
    refused({ auth = { sign = sign, renew = true } }, "auth.renew must be a function, got a boolean")
  end)

  it("takes the image formats that it is limited to", function()
    assert.is_true(contract.check(provider { image_response_formats = { "url" } }, "acme"))
    refused({ image_response_formats = { "png" } }, "b64_json")
  end)
end)
