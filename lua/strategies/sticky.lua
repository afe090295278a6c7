-- SPDX-License-Identifier: Apache-2.0
--- The same user, key, session or beginning of a conversation always meets the same target, so what a provider has
--- cached of it is used again. When a target is gone, its users alone move; weights say how many each has.

local draw = require "gateway.draw"

local NEXT = 3 -- further targets that are the same for everybody of one kind, too

local SCHEMA = {
  by = { "array", min = 1, of = { "string", one_of = { "header", "user", "key", "prefix" } },
    default = { "header", "user", "prefix" } },
  header = { "string", min = 1, max = 256, default = "X-Session-Id" },
  prefix_bytes = { "integer", min = 16, max = 65536, default = 1024 },
}

local function has_weights(targets)
  for _, target in ipairs(targets) do
    if target.weight > 0 then return true end
  end
  return false
end

local function open(_, targets)
  local weighted, drawn, names, weights = has_weights(targets), {}, {}, {}
  for _, target in ipairs(targets) do
    local weight = weighted and target.weight or 1
    if weight > 0 then
      local at = #drawn + 1
      drawn[at], names[at], weights[at] = target, target.name, weight
    end
  end
  return { targets = drawn, draw = draw.new(names, weights) }
end

local FIND = {
  header = function(request, config) return request:header(config.header) end,
  user = function(request) return request:user() end,
  key = function(request) return (request:key()) end,
  prefix = function(request, config) return request:prefix(config.prefix_bytes) end,
}

--- What the request is recognised by; nil: by nothing.
local function text_of(request, config)
  for _, kind in ipairs(config.by) do
    local text = FIND[kind](request, config)
    if text and text ~= "" then return text, kind end
  end
end

local function choose(_, request)
  local opened = request.opened
  local text, kind = text_of(request, request.conf.config)
  if not text then return opened.targets, opened.draw:chance(request.random()) end
  local a, b, c = opened.draw:ranked(text, NEXT)
  local order = { opened.targets[a], opened.targets[b], opened.targets[c] }
  if request.notes and a then request:note(order[1], "recognised by " .. kind) end
  return order
end

local function more(_, request, turn)
  if turn == 2 then return request.opened.targets end
end

---@type Strategy
return { name = "sticky", schema = SCHEMA, open = open, choose = choose, more = more }
