-- SPDX-License-Identifier: Apache-2.0
--- A share of the users for each variant, by weight. The same user stays with a variant for as long as the variants are
--- what they are; the label is in the access line and in gateway_variant_requests_total. Whoever fails is followed by
--- the other targets; a variant of weight 0 is drained.

local draw = require "gateway.draw"

local SCHEMA = {
  by = { "array", min = 1, of = { "string", one_of = { "user", "key", "header", "random" } },
    default = { "user", "key", "header", "random" } },
  header = { "string", min = 1, max = 256, default = "X-Session-Id" },
}

--- The targets of variants that are drained, unless another variant has them.
local function drained_ones(variants)
  local drained = {}
  for _, variant in ipairs(variants) do
    if variant.weight <= 0 then drained[variant.target_key] = true end
  end
  for _, variant in ipairs(variants) do
    if variant.weight > 0 then drained[variant.target_key] = nil end
  end
  return drained
end

local function open(conf, targets)
  local by_name, drained = {}, drained_ones(conf.ab_variants)
  local opened = { variants = {}, rest = {} }
  local names, weights = {}, {}
  for _, target in ipairs(targets) do
    by_name[target.name] = target
    if not drained[target.name] then opened.rest[#opened.rest + 1] = target end
  end
  for _, variant in ipairs(conf.ab_variants) do
    local target, at = by_name[variant.target_key], #names + 1
    if target and variant.weight > 0 then
      local label = variant.label or variant.target_key
      opened.variants[at], names[at], weights[at] = { label = label, order = { target } }, label, variant.weight
    end
  end
  opened.draw = draw.new(names, weights)
  return opened
end

local FIND = {
  user = function(request) return request:user() end,
  key = function(request) return (request:key()) end,
  header = function(request, config) return request:header(config.header) end,
}

--- A number for whoever asks, the same every time; by chance where nothing tells them apart.
local function unit_of(request)
  local config = request.conf.config
  for _, kind in ipairs(config.by) do
    local text = FIND[kind] and FIND[kind](request, config)
    if text and text ~= "" then return draw.hash("ab-test:" .. text), kind end
    if kind == "random" then break end
  end
  return request.random(), "chance"
end

local function choose(_, request)
  local opened = request.opened
  local unit, kind = unit_of(request)
  local variant = opened.variants[opened.draw:chance(unit) or 0]
  if not variant then return opened.rest end
  request.label = variant.label
  request:note(variant.order[1], ("variant %s, by %s"):format(variant.label, kind))
  return variant.order
end

local function more(_, request, turn)
  if turn == 2 then return request.opened.rest end
end

---@type Strategy
return { name = "ab-test", schema = SCHEMA, open = open, choose = choose, more = more }
