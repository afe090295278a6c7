-- SPDX-License-Identifier: Apache-2.0
--- One request as strategies see it, and its place in the order of targets. What a strategy asks for is found when it
--- asks; what it does not ask for costs nothing.

local clock = require "gateway.clock"
local cost = require "cost"
local draw = require "gateway.draw"
local random = require "gateway.random"
local texts = require "routing_texts"

---@class Routing
---@field model string after aliases
---@field stream boolean
---@field endpoint string "chat", "embeddings" ...
---@field surface string what serves it: "chat" also of a client of another API
---@field conf table the strategy's own block of the configuration
---@field opened any what the strategy's open returned
---@field targets Target[] what choose is given
---@field label string? set by a strategy: which variant this is, for log and metrics
---@field notes table<table, string>? there while a request is explained: see Routing:note
---@field call table
---@field request table
---@field plan Plan
local Routing = {}
Routing.__index = Routing

-- Who asks, and for what ---------------------------------------------------------------------------------------------

---@param name string in any case
---@return string?
function Routing:header(name) return self.call:header(name) end

--- The key that opened the gateway.
---@return string? id
---@return string? name
function Routing:key() return self.call:key() end

--- Whom the client asks for: `user`, or `metadata.user_id` of Anthropic's clients.
---@return string?
function Routing:user() return texts.user(self.call) end

--- Words of the header X-Gateway-Tags, and of `metadata.tags` of the body.
---@return string[]
function Routing:tags()
  self.tag_list = self.tag_list or texts.tags(self.call)
  return self.tag_list
end

--- About how many tokens the prompt has.
---@return integer
function Routing:tokens()
  if not self.token_count then self.token_count = (self.call:estimate()) end
  return self.token_count
end

--- How many tokens the answer may have; nil: the client does not say.
---@return integer?
function Routing:max_tokens() return texts.max_tokens(self.call) end

---@return boolean
function Routing:has_tools() return texts.has_tools(self.call) end

--- What the user says, a text for each message or part. Empty where nobody chats.
---@return string[]
function Routing:user_texts()
  self.said = self.said or texts.of_user(self.call, self.request.surface)
  return self.said
end

--- The same as one text in small ASCII letters.
---@return string
function Routing:user_text()
  self.said_small = self.said_small or table.concat(self:user_texts(), "\n"):lower()
  return self.said_small
end

--- The beginning of the conversation: all texts up to the user's first one, at most so many bytes. It stays the same
--- from turn to turn, so a prompt cache that has it serves the next turn, too.
---@param bytes integer
---@return string
function Routing:prefix(bytes) return texts.prefix(self.call, self.request.surface, bytes) end

--- The same as a number from 0 to below 1.
---@param bytes integer
---@return number
function Routing:prefix_hash(bytes) return draw.hash(self:prefix(bytes)) end

--- A number for a text from 0 to below 1, the same every time.
---@param text string
---@return number
function Routing.hash(_, text) return draw.hash(text) end

-- The world ----------------------------------------------------------------------------------------------------------

---@return number Unix seconds
function Routing.now() return (clock.now()) end

---@return number from 0 to below 1
Routing.random = random.number

local function smallest(numbers, from, to)
  local found = -1
  for i = from, to do
    local number = numbers[i]
    if number >= 0 and (found < 0 or number < found) then found = number end
  end
  return found
end

local function largest(numbers, from, to)
  local found = -1
  for i = from, to do
    if numbers[i] > found then found = numbers[i] end
  end
  return found
end

local function sum(numbers, from, to)
  local found = 0
  for i = from, to do found = found + math.max(numbers[i], 0) end
  return found
end

--- What of its members a group shows.
local AS_GROUP = {
  latency = smallest, first_token = smallest, age = smallest, in_flight = sum, queued = sum, samples = sum,
  p95 = smallest, first_token_p95 = smallest, remaining = largest,
}

local function read(pool, what, numbers)
  if pool.cells then return pool.cells:read(what, numbers) end
  for i = 1, #pool.leaves do numbers[i] = -1 end
end

local function grouped(pool, numbers, what)
  local list, at = pool.sums[what] or {}, 0
  pool.sums[what] = list
  for i, size in ipairs(pool.sizes) do
    list[i] = AS_GROUP[what](numbers, at + 1, at + size)
    at = at + size
  end
  return list
end

--- One figure of each target, at its position: "latency", "first_token" (ms, decayed), "in_flight", "samples", "age"
--- (ms since the last sample), "remaining" (share of the upstream's own limit), "queued", "p95", "first_token_p95"
--- (ms). -1: unknown. The list is only lent: it has other numbers at the next choice.
---@param what string
---@return number[]
function Routing:figures(what)
  local pool = self.pool
  local numbers = pool.numbers[what]
  if not numbers then
    numbers = {}
    pool.numbers[what] = numbers
  end
  read(pool, what, numbers)
  return pool.sizes and grouped(pool, numbers, what) or numbers
end

--- The same of one target.
---@param what string
---@param position integer in `targets`
---@return number
function Routing:figure(what, position)
  local pool = self.pool
  if pool.cells and not pool.sizes then return pool.cells:one(what, position) end
  return self:figures(what)[position]
end

local function shared(numbers, shares)
  local list = {}
  for i, number in ipairs(numbers) do list[i] = number < 0 and number or (1 + number) * shares[i] end
  return list
end

--- The positions of those with the smallest figures, found without a list of all.
---@param what string
---@param most integer 1 to 8
---@param from integer of equal ones in the order from this position round
---@param weighed boolean|number[]? true: each figure counts once more for each request in flight; a list: one more than
--- the figure, times the number there; below 0: it does not count
---@return integer? unknown the first position from there of which nothing is known
---@return integer? ... positions, the smallest first
function Routing:least(what, most, from, weighed)
  local pool = self.pool
  if pool.cells and not pool.sizes then return pool.cells:least(what, most, from, weighed) end
  local numbers = self:figures(what)
  if type(weighed) == "table" then return draw.least(shared(numbers, weighed), most, from) end
  return draw.least(numbers, most, from, weighed and self:figures "in_flight" or nil)
end

-- Prices -------------------------------------------------------------------------------------------------------------

local function price_of_group(self, pool, output)
  local best, listed
  for _, leaf in ipairs(pool.leaves) do
    local price = self:price(leaf, output)
    if price and (not best or price < best) then best = price end
    listed = listed or price ~= false
  end
  return best or not listed and false or nil
end

--- What this request costs at a target, in micro-dollars: its prompt, images, characters; and `output` tokens of an
--- answer. Nil: the catalog has no price. False: it does not have the model.
---@param target Target
---@param output integer? 0
---@return number|false|nil
function Routing:price(target, output)
  if target.leaves then return price_of_group(self, target, output) end
  local route = self.pool.plan.routes[target]
  if route.price then
    return cost.expected(route.price, self:tokens(), output or 0, self.request.images, self.request.characters)
  end
  if route.listed then return nil end
  return false
end

-- Explaining ---------------------------------------------------------------------------------------------------------

--- Why a target has its place. For whoever asks what would happen: in a request it does nothing.
---@param target Target
---@param text string
function Routing:note(target, text)
  if self.notes then self.notes[target] = text end
end

return Routing
