-- SPDX-License-Identifier: Apache-2.0
--- The target with the fewest requests in flight, of all workers, for its weight. Without any weight all are alike;
--- where one has a weight, those of weight 0 are drained.

local NEXT = 3 -- the best few; behind them the others as they are written

--- What a request weighs at each target, below 0 where it is drained; false where all are alike.
local function shares_of(targets)
  local shares, least, most = {}, math.huge, 0
  for i, target in ipairs(targets) do
    local weight = target.weight
    least, most = math.min(least, weight), math.max(most, weight)
    shares[i] = weight > 0 and 1 / weight or -1
  end
  return least < most and shares
end

local function open(_, targets)
  local opened = { targets = {}, shares = shares_of(targets) }
  for i, target in ipairs(targets) do
    if not opened.shares or opened.shares[i] > 0 then opened.targets[#opened.targets + 1] = target end
  end
  return opened
end

local function explain(targets, request)
  for i, number in ipairs(request:figures "in_flight") do
    request:note(targets[i], ("%d in flight"):format(number))
  end
end

local function choose(targets, request)
  if request.notes then explain(targets, request) end
  local from = math.floor(request.random() * #targets) + 1
  local _, a, b, c = request:least("in_flight", NEXT, from, request.opened.shares)
  if not a then return request.opened.targets end
  return { targets[a], targets[b], targets[c] }
end

local function more(_, request, turn)
  if turn == 2 then return request.opened.targets end
end

---@type Strategy
return { name = "least-busy", schema = {}, open = open, choose = choose, more = more }
