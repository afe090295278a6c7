-- SPDX-License-Identifier: Apache-2.0
--- Claims on money that is not spent yet, so that parallel requests cannot overshoot together.
---
--- Who wants to spend claims first and reads the sums then; who has spent adds the cost first and gives the claim back
--- then. So whoever reads sees too much rather than too little. A claim lives in one of two spans of time: one that
--- nobody gives back (its worker died) stops counting when both are over.

local clock = require "gateway.clock"
local shared = require "gateway.shared"

local SPAN = 600 -- seconds
local POLL_MS, POLL_MOST_MS = 5, 50

---@class Place where money is counted
---@field name string
---@field limit number the most that may be spent, in the unit of the amounts
---@field ttl number? seconds after which what was spent may be forgotten

---@class Claim
---@field place Place
---@field span integer
---@field amount number
---@field last string? the mark by which it holds the last of the money

local claims = {}

local function held_name(place, span)
  return ("%s:held:%d"):format(place.name, span)
end

local function give_back(claim)
  if math.floor(clock.now() / SPAN) <= claim.span + 1 then
    shared.incr(held_name(claim.place, claim.span), -claim.amount, 2 * SPAN)
  end
  if claim.last then shared.delete(claim.place.name .. ":last", claim.last) end
end

--- Claims at one place. One request at a time gets the last of the money although it may cost more.
---@return Claim? claim
---@return table? refused
local function claim_one(place, amount, span, mark)
  local held = shared.incr(held_name(place, span), amount, 2 * SPAN)
  local others = math.max(0, held - amount) + math.max(0, shared.get(held_name(place, span - 1)) or 0)
  local spent = shared.get(place.name) or 0
  local claim = { place = place, span = span, amount = amount }
  local left = place.limit - spent - others
  if left > 0 and amount <= left then return claim end
  if left > 0 and shared.add(place.name .. ":last", mark, SPAN) then
    claim.last = mark
    return claim
  end
  give_back(claim)
  return nil, { place = place, spent = spent, claimed = spent < place.limit }
end

--- Claims at all places, or at none.
local function claim_all(places, amount, mark)
  local made, span = {}, math.floor(clock.now() / SPAN)
  for _, place in ipairs(places) do
    local claim, refused = claim_one(place, amount, span, mark)
    if not claim then
      for _, earlier in ipairs(made) do give_back(earlier) end
      return nil, refused
    end
    made[#made + 1] = claim
  end
  return made
end

--- Claims `amount` at all places. While only claims of others stand in the way it waits for them to be settled.
---@param places Place[]
---@param amount number
---@param patience number milliseconds
---@param mark string names the request
---@return Claim[]? claims
---@return { place: Place, spent: number, claimed: boolean }? refused
function claims.make(places, amount, patience, mark)
  local pause = POLL_MS
  while true do
    local made, refused = claim_all(places, amount, mark)
    if made or not refused.claimed or patience <= 0 then return made, refused end
    clock.sleep(pause)
    patience, pause = patience - pause, math.min(pause * 2, POLL_MOST_MS)
  end
end

--- Puts the real cost in the place of the claims.
---@param made Claim[]
---@param cost number
function claims.settle(made, cost)
  for _, claim in ipairs(made) do
    if cost > 0 then shared.incr(claim.place.name, cost, claim.place.ttl) end
    give_back(claim)
  end
end

return claims
