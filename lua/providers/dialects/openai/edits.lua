-- SPDX-License-Identifier: Apache-2.0
--- What must change in a body that otherwise goes out as the client wrote it.

local history = require "providers.dialects.openai.history"
local json = require "gateway.json"
local rules = require "providers.dialects.openai.rules"
local value = require "providers.dialects.neutral.value"

local NONE = {}

-- Kept as text while messages and tools are rewritten: their order and spelling are the model's or the author's.
local RAW = { raw = { parameters = true, input = true, arguments = true } }

local function add(list, verb, name, text)
  list[#list + 1] = { verb = verb, name = name, value = text }
end

--- A renamed member goes when the client also wrote its new name: the provider knows only one of the two.
local function add_renames(list, call, renames)
  for _, entry in ipairs(renames) do
    if call:raw(entry.name) then
      if call:raw(entry.value) then
        add(list, "remove", entry.name)
      else
        add(list, "rename", entry.name, entry.value)
      end
    end
  end
end

--- Members the provider must have; one that the client wrote under another name of it is there.
local function add_defaults(list, call, defaults, renames)
  for _, entry in ipairs(defaults) do
    local written = call:raw(entry.name)
    for _, rename in ipairs(renames) do
      written = written or rename.value == entry.name and call:raw(rename.name)
    end
    if not written or written == "null" then add(list, "set", entry.name, entry.value) end
  end
end

--- Numbers outside the provider's bounds.
local function add_ranges(list, call, ranges)
  for _, entry in ipairs(ranges) do
    local raw = call:raw(entry.name)
    local number = raw and tonumber(raw)
    local fit = number and math.max(entry.value[1], math.min(number, entry.value[2]))
    if raw == "null" or fit and fit ~= number then
      add(list, "set", entry.name, raw == "null" and raw or json.encode(fit))
    end
  end
end

--- A string where the provider wants a list of them.
local function add_lists(list, call, names)
  for _, name in ipairs(names or NONE) do
    local raw = call:raw(name)
    if raw == "null" then add(list, "set", name, raw) end
    if raw and raw:find '^%s*"' then add(list, "set", name, "[" .. raw .. "]") end
  end
end

local MESSAGES_MOST = 2097152 -- bytes that are looked into: longer ones go out as they are

local function add_messages(list, call, provider)
  local raw = call:raw("messages", MESSAGES_MOST)
  if not raw then return end
  if raw == "null" then return add(list, "set", "messages", raw) end
  if not history.may_concern(raw, provider) then return end
  local messages = json.decode(raw, RAW)
  if type(messages) ~= "table" then return end
  local text = json.encode(history.fit(messages, provider))
  if text and text ~= raw then add(list, "set", "messages", text) end
end

--- Tools whose functions name what the provider refuses in them.
local function add_tools(list, call)
  local raw = call:raw "tools"
  if raw == "null" then return add(list, "set", "tools", raw) end
  local tools = raw and raw:find('"strict"', 1, true) and json.decode(raw, RAW)
  if type(tools) ~= "table" then return end
  for _, tool in ipairs(tools) do
    local spec = value.typed(tool, "function", "table")
    if spec then spec.strict = nil end
  end
  add(list, "set", "tools", json.encode(tools))
end

-- The provider's rules for one model on one surface ----------------------------------------------------------------

---@class EditPlan
---@field renames { name: string, value: string }[]
---@field defaults { name: string, value: string }[]
---@field ranges { name: string, value: number[] }[]
---@field removed string[]
---@field lists string[]?
---@field history boolean
---@field strict boolean

local PLANS_KEPT = 500 -- of a provider: its models' names may be anybody's

local plans = setmetatable({}, { __mode = "k" })

local function mentions(names, beginning)
  for _, name in ipairs(names or NONE) do
    if name:sub(1, #beginning) == beginning then return true end
  end
  return false
end

local function plan_make(provider, model, surface)
  local own, chat = provider.params or NONE, surface == "chat"
  return {
    renames = rules.entries("rename", provider, model, surface),
    defaults = rules.entries("add", provider, model, surface),
    ranges = rules.entries("ranges", provider, model, surface),
    removed = rules.removed(provider, model, surface),
    lists = chat and own.lists or nil,
    history = chat and (provider.history ~= nil or mentions(own.drop, "messages[")),
    strict = chat and mentions(own.drop, "tools["),
  }
end

---@return EditPlan
local function plan_of(provider, model, surface)
  local own = plans[provider]
  if not own or own.count >= PLANS_KEPT then
    own = { count = 0, made = {} }
    plans[provider] = own
  end
  local key = surface .. " " .. model
  local plan = own.made[key]
  if not plan then
    plan = plan_make(provider, model, surface)
    own.made[key], own.count = plan, own.count + 1
  end
  return plan
end

--- What must change besides the model's name, as the provider's data says.
---@param call table the call box: raw(name) is the member's JSON text
---@param provider Provider
---@param model string the upstream's name of the model
---@param surface string? chat without one
---@return Edit[]
local function edits(call, provider, model, surface)
  if not provider.params and not provider.history then return NONE end
  local plan, list = plan_of(provider, model, surface or "chat"), {}
  add_renames(list, call, plan.renames)
  add_defaults(list, call, plan.defaults, plan.renames)
  add_ranges(list, call, plan.ranges)
  for _, name in ipairs(plan.removed) do
    if call:raw(name) then add(list, "remove", name) end
  end
  add_lists(list, call, plan.lists)
  if plan.history then add_messages(list, call, provider) end
  if plan.strict then add_tools(list, call) end
  return list
end

return { edits = edits }
