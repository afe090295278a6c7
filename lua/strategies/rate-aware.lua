-- SPDX-License-Identifier: Apache-2.0
--- The target with more left of its own rate limit, as its answers say (x-ratelimit-*): of two that are drawn the one
--- that has more, so requests spread and what is left evens out. One that is nearly used up is asked last. Who says
--- nothing counts as full.

local draw = require "gateway.draw"

local NEXT = 8

local SCHEMA = {
  reserve = { "number", min = 0, max = 1, default = 0.05 },
}

local function open()
  return { used = {} }
end

local function left_of(left)
  return left < 0 and 1 or left
end

--- Those that have most left.
local function best(targets, request)
  local used = request.opened.used
  for i, left in ipairs(request:figures "remaining") do used[i] = 1 - left_of(left) end
  local from, order = math.floor(request.random() * #targets) + 1, {}
  for i, position in ipairs { select(2, draw.least(used, NEXT, from)) } do order[i] = targets[position] end
  return order
end

--- Two different positions.
local function two(count, request)
  local a = math.floor(request.random() * count) + 1
  local b = math.floor(request.random() * (count - 1)) + 1
  return a, b >= a and b + 1 or b
end

local function explain(targets, request)
  for i, left in ipairs(request:figures "remaining") do
    request:note(targets[i], left < 0 and "nothing is known of its limit"
      or ("%.0f %% of its limit left"):format(100 * left))
  end
end

local function choose(targets, request)
  local count = #targets
  if count == 1 then return targets end
  if request.notes then explain(targets, request) end
  local a, b = two(count, request)
  local left, other = left_of(request:figure("remaining", a)), left_of(request:figure("remaining", b))
  if other > left then a, left = b, other end
  if left <= request.conf.config.reserve then return best(targets, request) end
  return { targets[a] }
end

--- Behind it those that have most left, then the others.
local function more(targets, request, turn)
  if turn == 2 then return best(targets, request) end
  if turn == 3 then return targets end
end

---@type Strategy
return { name = "rate-aware", schema = SCHEMA, open = open, choose = choose, more = more }
