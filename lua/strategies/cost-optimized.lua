-- SPDX-License-Identifier: Apache-2.0
--- The cheapest target for a request of this size, by the catalog's prices: those of the prompt's tokens, images or
--- characters, and of `output_tokens` of an answer. What becomes of targets without a price, `unpriced_strategy` says.

local SCHEMA = {
  output_tokens = { "integer", min = 0, max = 1000000, default = 0 },
}

--- Surfaces where nothing but tokens is paid for.
local BY_TOKENS = { chat = true, completions = true, responses = true, embeddings = true }

local SIZES_MOST = 64 -- orders that are kept

local function open()
  return { orders = {}, kept = 0 }
end

local function cheaper(a, b)
  if a.cost ~= b.cost then return a.cost < b.cost end
  return a.position < b.position
end

--- Targets with a price, as they are written; and those without one.
local function priced(targets, request)
  local list, others, allowed = {}, {}, request.conf.unpriced_strategy == "allow"
  for position, target in ipairs(targets) do
    local cost = request:price(target, request.conf.config.output_tokens)
    if cost == nil and allowed then cost = 0 end
    if cost then
      list[#list + 1] = { target = target, cost = cost, position = position }
      request:note(target, ("$%.6f"):format(cost / 1e6))
    else
      others[#others + 1] = target
      request:note(target, "its price is not known")
    end
  end
  return list, others
end

local function order_of(targets, request)
  local list, others = priced(targets, request)
  if #list == 0 and request.conf.unpriced_strategy == "skip" then return {} end
  table.sort(list, cheaper)
  local order = {}
  for i, each in ipairs(list) do order[i] = each.target end
  for _, target in ipairs(others) do order[#order + 1] = target end
  return order
end

--- Where price lists have other prices for longer prompts.
local EDGES = { 128000, 200000, 256000, 272000, 512000 }

--- Requests of about the same size have one order.
local function size_of(request)
  local tokens, above = request:tokens(), 0
  for i = 1, #EDGES do
    if tokens > EDGES[i] then above = i end
  end
  return math.ceil(math.log(tokens + 1) * 8) * 8 + above
end

local function choose(targets, request)
  if #targets == 1 and request.conf.unpriced_strategy ~= "skip" then return targets end
  local opened = request.opened
  if request.notes or not BY_TOKENS[request.surface] then return order_of(targets, request) end
  local size = size_of(request)
  local order = opened.orders[size]
  if order then return order end
  order = order_of(targets, request)
  if opened.kept < SIZES_MOST then opened.orders[size], opened.kept = order, opened.kept + 1 end
  return order
end

---@type Strategy
return { name = "cost-optimized", schema = SCHEMA, open = open, choose = choose }
