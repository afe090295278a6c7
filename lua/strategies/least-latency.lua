-- SPDX-License-Identifier: Apache-2.0
--- The target that answers soonest: the time to the first content of streams, of the whole answer otherwise, averaged
--- so that old times fade, and times the requests it has in flight, so that nobody is buried under the news that it is
--- fast. Whoever has no time yet comes first, now and then; whoever was not asked for long is tried with a small share
--- of the requests, so one that has recovered is found.

local NEXT = 3       -- the best few; behind them the others as they are written
local CROWD = 64     -- beyond so many targets the crowd spreads by itself
local AGAIN_S = 1    -- a target without a time, which may be one that only fails, comes first once in this long

local SCHEMA = {
  explore = { "number", min = 0, max = 1, default = 0.05 },
  stale = { "duration", min = "10ms", max = "1h", default = "10s" },
}

local function open()
  return { tried = {} }
end

--- A target without a time whose turn it is, from position `from` round.
local function unknown_one(targets, numbers, from, request)
  local now, tried = request.now(), request.opened.tried
  for i = from, from + #targets - 1 do
    local at = (i - 1) % #targets + 1
    if numbers[at] < 0 and not (tried[at] and now >= tried[at] and now - tried[at] < AGAIN_S) then
      if not request.notes then tried[at] = now end
      request:note(targets[at], "no time yet")
      return targets[at]
    end
  end
end

--- The target whose time is oldest, if that is stale.
local function oldest(targets, request)
  local found, most = nil, request.conf.config.stale
  for i, age in ipairs(request:figures "age") do
    if age >= most then found, most = targets[i], age end
  end
  return found
end

local function explain(targets, what, request)
  for i, number in ipairs(request:figures(what)) do
    if number >= 0 then request:note(targets[i], ("%.0f ms"):format(number)) end
  end
end

--- Whom to try before the best: one without a time, now and then one whose time is old.
local function first_one(targets, what, unknown, from, request)
  local found = unknown and unknown_one(targets, request:figures(what), from, request)
  if found or request.random() >= request.conf.config.explore then return found end
  return oldest(targets, request)
end

local function choose(targets, request)
  local count = #targets
  if count == 1 then return targets end
  local what = request.stream and "first_token" or "latency"
  local from = math.floor(request.random() * count) + 1
  local unknown, a, b, c = request:least(what, NEXT, from, count <= CROWD)
  if request.notes then explain(targets, what, request) end
  if not a then return targets, from end
  local first = first_one(targets, what, unknown, from, request)
  if not first or first == targets[a] then return { targets[a], targets[b], targets[c] } end
  return { first, targets[a], targets[b] }
end

local function more(targets, _, turn)
  if turn == 2 then return targets end
end

---@type Strategy
return { name = "least-latency", schema = SCHEMA, open = open, choose = choose, more = more }
