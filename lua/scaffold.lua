-- SPDX-License-Identifier: Apache-2.0
--- `moongate new KIND NAME`: a script to start from, and its spec. Both pass as they are written. In the texts below
--- @name@ is the script's name, @title@ the same as people write it, @VAR@ the same as in a variable.

local script = require "gateway.script"
local suggest = require "suggest"

local scaffold = {}

local PLUGIN = [[
--- Refuses requests that hold one of the configured words, wherever they stand in it.

local match = require "gateway.match"

return {
  name = "@name@",
  type = "guardrail",
  schema = { words = { "array", of = "string", default = { "top secret" } } },

  -- Once per generation: what it returns is the hooks' third argument.
  open = function(conf) return match.literals(conf.words, { caseless = true }) end,

  before_request = function(ctx, _, words)
    for part in ctx:texts() do
      if words:find(part.text) then
        return ctx:reject { status = 400, code = "blocked_content", message = "this may not be sent" }
      end
    end
  end,
}
]]

local PLUGIN_SPEC = [[
local spec = require "gateway.spec"

describe("@name@", function()
  local plugin = spec.plugin("@name@", { words = { "Bluebird" } })

  it("lets other requests go on", function()
    assert.is_nil(plugin:before_request(spec.request { text = "Which birds are blue?" }))
  end)

  it("refuses a configured word in any case", function()
    local verdict = plugin:before_request(spec.request { text = "What is project BLUEBIRD?" })
    assert.are.equal(400, verdict.status)
    assert.are.equal("blocked_content", verdict.code)
  end)
end)
]]

local STRATEGY = [[
--- Asks the target with the greatest weight first; the others follow when it does not answer.

local function heavier(a, b)
  if a.weight ~= b.weight then return a.weight > b.weight end
  return a.name < b.name
end

--- Arithmetic over the targets: it never waits and never changes the list it is given.
local function choose(targets)
  local ordered = {}
  for i, target in ipairs(targets) do ordered[i] = target end
  table.sort(ordered, heavier)
  return ordered
end

return { name = "@name@", choose = choose }
]]

local STRATEGY_SPEC = [[
local strategy = require "strategies.@name@"

describe("@name@", function()
  it("asks the heaviest target first", function()
    local light, heavy = { name = "a", weight = 1 }, { name = "b", weight = 2 }
    assert.are.same({ heavy, light }, strategy.choose({ light, heavy }, {}))
  end)

  it("is the same every time when the weights are", function()
    local first, second = { name = "a", weight = 1 }, { name = "b", weight = 1 }
    assert.are.same({ first, second }, strategy.choose({ second, first }, {}))
  end)
end)
]]

local PROVIDER = [[
--- A provider is data: who it is, where it listens, how it is asked, which models are its own.

return {
  name = "@name@",
  title = "@title@",
  dialect = "openai_chat",
  base = "https://api.@name@.example/v1",
  env = { key = { "@VAR@_API_KEY" }, base = { "@VAR@_BASE_URL" } },
  auth = { header = "authorization", prefix = "Bearer " },
  models = { prefixes = { "@name@-" } },
  stream = { usage = "include_usage" },
}
]]

local PROVIDER_SPEC = [[
local contract = require("gateway.spec").script("providers", "contract")
local provider = require "providers.@name@"

describe("@name@", function()
  it("keeps the contract of providers", function()
    assert.is_true(contract.check(provider, "@name@"))
  end)

  it("is asked with the key of @VAR@_API_KEY", function()
    assert.are.same({ "@VAR@_API_KEY" }, provider.env.key)
    assert.are.equal("Bearer ", provider.auth.prefix)
  end)
end)
]]

local KINDS = {
  plugin = { folder = "plugins", script = PLUGIN, spec = PLUGIN_SPEC, use = "plugins:\n      - name: @name@" },
  strategy = { folder = "strategies", script = STRATEGY, spec = STRATEGY_SPEC, use = "strategy: { mode: @name@ }" },
  provider = {
    folder = "providers", script = PROVIDER, spec = PROVIDER_SPEC, use = "targets:\n      - virtual_key: @name@",
  },
}
local KIND_NAMES = { "plugin", "provider", "strategy" }

local function titled(name)
  return (name:gsub("%-+", " "):gsub("%f[%w]%l", string.upper))
end

local function variable(name)
  local text = name:upper():gsub("%-", "_")
  return text:find("^%u") and text or "P_" .. text
end

local function filled(text, name)
  return (text:gsub("@(%a+)@", { name = name, title = titled(name), VAR = variable(name) }))
end

local function name_problem(kind, name)
  if not name or name == "" then
    return ("the name is missing: moongate new %s %s"):format(kind, kind == "plugin" and "no-secrets" or "my-" .. kind)
  end
  if not name:find("^[a-z0-9][a-z0-9-]*$") or #name > 64 or name == "contract" then
    return ("%q cannot be a name: small letters, digits and hyphens, such as no-secrets"):format(name)
  end
end

local function kind_problem(kind)
  if not kind then return "what kind of script? There are plugin, strategy and provider" end
  return ("%q is no kind of script%s; there are plugin, strategy and provider")
    :format(kind, suggest.phrase(kind, KIND_NAMES))
end

local ADVICE = "\nNext:\n  moongate spec %s\n  GATEWAY_SCRIPTS=%s moongate check\nand in gateway.yaml:\n    %s\n"

--- What to write, and what to tell whoever asked for it.
---@param kind string?
---@param name string?
---@param folder string where it will be written
---@return { files: { path: string, text: string }[], advice: string }? plan
---@return string? problem
function scaffold.plan(kind, name, folder)
  local chosen = KINDS[kind or ""]
  if not chosen then return nil, kind_problem(kind) end
  local problem = name_problem(kind, name)
  if problem then return nil, problem end
  local path, spec = ("%s/%s.lua"):format(chosen.folder, name), ("spec/%s/%s_spec.lua"):format(chosen.folder, name)
  local bundled = script.path(chosen.folder, name)
  if bundled then
    return nil, ("%s is the name of a bundled %s: choose another, or copy %s to change it"):format(name, kind, bundled)
  end
  local shown = folder == "." and path or folder .. "/" .. path
  return {
    files = {
      { path = path, text = filled(chosen.script, name) }, { path = spec, text = filled(chosen.spec, name) },
    },
    advice = ADVICE:format(shown, folder, filled(chosen.use, name)),
  }
end

return scaffold
