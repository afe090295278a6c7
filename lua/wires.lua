-- SPDX-License-Identifier: Apache-2.0
--- Which wire format a target speaks for a surface and a model: the provider's own, or the first of its `wires` that
--- fits.

---@class Wire
---@field kind "own"|"translated"|"operation"|"local" the client's bytes, two ways of translating, or no network
---@field dialect Dialect
---@field operation Operation?
---@field path string? the surface's, as the provider's data has it

local wires = {}

local NONE = {}

local function begins_with_any(model, prefixes)
  for _, prefix in ipairs(prefixes or NONE) do
    if model:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function holds_any(model, words)
  for _, word in ipairs(words or NONE) do
    if model:find(word, 1, true) then return true end
  end
  return false
end

local function fits(wire, surface, model)
  if wire.surface and wire.surface ~= surface then return false end
  if begins_with_any(model, wire.except) then return false end
  if not wire.prefixes and not wire.contains then return true end
  return begins_with_any(model, wire.prefixes) or holds_any(model, wire.contains)
end

--- Every dialect that a provider may speak.
---@param provider Provider
---@return string[]
function wires.dialects(provider)
  local list = { provider.dialect }
  for _, wire in ipairs(provider.wires or NONE) do list[#list + 1] = wire.dialect end
  return list
end

--- The dialect's name and the path, before anything is known of the dialect.
---@return string dialect
---@return string? path
function wires.choose(provider, surface, model)
  local own = provider.paths and provider.paths[surface]
  if not provider.paths and surface == "chat" then own = "/chat/completions" end
  for _, wire in ipairs(provider.wires or NONE) do
    if fits(wire, surface, model) then return wire.dialect, wire.path or own end
  end
  return provider.dialect, own
end

local function chat_kind(dialect)
  return dialect.edits and "own" or dialect.request and "translated" or dialect.answer and "local" or nil
end

--- What serves a surface; nil when the provider has no such.
---@param dialects table<string, Dialect>
---@param provider Provider
---@param surface string
---@param model string the upstream's name
---@return Wire?
function wires.find(dialects, provider, surface, model)
  local name, path = wires.choose(provider, surface, model)
  local dialect = dialects[name]
  local operation = dialect.surfaces and dialect.surfaces[surface]
  if surface ~= "chat" and operation then
    return { kind = "operation", dialect = dialect, operation = operation, path = path }
  end
  local kind = surface == "chat" and chat_kind(dialect) or dialect.edits and "own" or nil
  if not kind or kind == "own" and not path then return nil end
  return { kind = kind, dialect = dialect, path = path }
end

return wires
