-- SPDX-License-Identifier: Apache-2.0
--- What no single key of a target can say. The texts are those of the compatible gateway (gateway-api 3.3).

local config_groups = require "config_groups"
local nodes = require "node"
local resilience = require "config_resilience"
local suggest = require "suggest"

--- The provider of a target that has only an address: a server of the operator's own that speaks OpenAI's API.
local config_targets = { COMPATIBLE = "openai-compatible" }

--- Nil, or why an address cannot be an upstream's. The address is not repeated: it may hold a password.
local function address_problem(url)
  local scheme, authority, rest = url:match("^([^:/?#]+)://([^/?#]*)(.*)$")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then return "must begin with http:// or https://" end
  if url:find("[^!-~]") or url:find('[\\<>"{}|^`]') then return "holds a character that no address may hold" end
  if rest:find("[?#]") then return "must not hold a query or a fragment" end
  if authority:find("@", 1, true) then return "must not hold a user or password: use api_key" end
  local host, port = authority:match("^([%w.%-_]+):?(%d*)$")
  if not host then host, port = authority:match("^%[[%x:.]+%]():?(%d*)$") end
  if not host then return "has no valid host and port" end
  if port ~= "" and not (tonumber(port) >= 1 and tonumber(port) <= 65535) then return "has a port beyond 65535" end
end

local function model_problem(model, position, taken)
  if model == "" or model:find("^%s") or model:find("%s$") then
    return ("models[%d] must be a non-empty model id with no surrounding whitespace, got %q")
      :format(position - 1, model)
  end
  if model:find("[*?]") then
    return ("models[%d] %q contains a wildcard; declare each model id exactly"):format(position - 1, model)
  end
  if taken[model] then return ("models[%d] %q is listed more than once"):format(position - 1, model) end
end

local function check_models(target, say)
  local taken = {}
  for position, model in ipairs(target.models or {}) do
    local problem = model and model_problem(model, position, taken)
    if problem then say({ "models", position }, problem) end
    taken[model] = true
  end
end

local function check_provider(target, known, say)
  local unnamed = target.base_url and not target.virtual_key and not target.provider
  if unnamed and known.providers and not known.providers[config_targets.COMPATIBLE] then
    say({}, "provider is required beside base_url: whose dialect does this server speak?")
  end
  for _, key in ipairs { "virtual_key", "provider" } do
    local id = target[key]
    if id and known.providers and not known.providers[id] then
      say({ key }, ("%q is no known provider%s"):format(id, suggest.phrase(id, suggest.names(known.providers))))
    end
  end
  if target.virtual_key and target.provider and target.virtual_key ~= target.provider then
    say({ "provider" }, ("virtual_key says %q and provider says %q: keep one of them")
      :format(target.virtual_key, target.provider))
  end
end

--- A member that is false was written and refused already: it is not missing.
local function check_identity(target, say)
  local unnamed, rootless = target.virtual_key == nil and target.provider == nil, target.base_url == nil
  if unnamed and rootless then
    say({}, "virtual_key is required: a provider id (or name, base_url and api_key of an OpenAI-compatible server)")
  elseif unnamed and target.name == nil then
    say({}, "name is required beside base_url")
  elseif rootless and (target.virtual_key or target.provider) == config_targets.COMPATIBLE then
    say({}, "base_url is required: " .. config_targets.COMPATIBLE .. " has no address of its own")
  end
  local problem = target.base_url and address_problem(target.base_url)
  if problem then say({ "base_url" }, "base_url " .. problem) end
end

--- How messages call a target: its name, else its provider, else its position.
---@param target table
---@param position integer
---@return string
function config_targets.label(target, position)
  return target.name or target.virtual_key or target.provider or tostring(position - 1)
end

local function check_name(target, say)
  if target.name and not target.name:find("^[%w._%-]+$") then
    say({ "name" }, "may hold letters, digits, dots, hyphens and underscores")
  end
end

local function check_weight(target, label, steps, report)
  if (target.weight or 0) >= 0 then return end
  local at = { unpack(steps) }
  at[#at + 1] = "weight"
  report(at, ("target %q has negative weight %g"):format(label, target.weight))
end

local function check_target(target, say, known)
  check_identity(target, say)
  check_provider(target, known, say)
  check_models(target, say)
  resilience.check(target, say)
end

local function check_entry(target, steps, depth, known, report)
  local label = config_targets.label(target, steps[#steps])
  local who = ("target %q: "):format(label)
  local function say(below, message)
    local full = { unpack(steps) }
    for _, step in ipairs(below) do full[#full + 1] = step end
    report(full, who .. message)
  end
  if not config_groups.check(target, depth, say) then check_target(target, say, known) end
  check_name(target, say)
  check_weight(target, label, steps, report)
end

--- "targets[0].targets[1]" of its steps.
local function place(steps)
  local path = ""
  for _, step in ipairs(steps) do path = nodes.join(path, step) end
  return path
end

--- Every rule over `targets`.
---@param value table the typed document, which may have holes where a value was refused
---@param known { providers: table<string, true>|nil }
---@param report fun(steps: (string|integer)[], message: string)
function config_targets.check(value, known, report)
  if type(value.targets) ~= "table" then return end
  if #value.targets == 0 then report({ "targets" }, "at least one target is required") end
  local taken = {}
  config_groups.each(value.targets, function(target, steps, depth)
    local name = target.name
    check_entry(target, steps, depth, known, report)
    if name and taken[name] then
      local at = { unpack(steps) }
      at[#at + 1] = "name"
      report(at, ("target name %q is already used by %s"):format(name, taken[name]))
    end
    if name then taken[name] = place(steps) end
  end)
end

return config_targets
