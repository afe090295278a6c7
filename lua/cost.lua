-- SPDX-License-Identifier: Apache-2.0
--- What a request cost, exactly, in whole micro-dollars.
---
--- A price has at most six digits behind its point, in dollars for a million: a whole number of pico-dollars (1e-12)
--- for one. Counts and prices are whole numbers, so is their sum, exact below 2^53 (9,007 dollars); it is rounded once,
--- half up, to micro-dollars. What would be more is not believed, and what has no price is unknown: nil, never 0.

local cost = {}

local EXACT = 2 ^ 53
local PICO = 1e6          -- in a micro-dollar; of a dollar for a million, one's price
local PER_IMAGE = 1e12    -- pico-dollars in a dollar
local PER_THOUSAND = 1e9
local MINUTE = 60000      -- milliseconds

--- "0.15" of a row -> a whole number of `scale`-ths: exact, for nothing is behind the sixth digit.
local function whole(price, scale)
  local number = tonumber(price)
  return number and math.floor(number * scale + 0.5)
end

---@class Price whole pico-dollars; nil: unknown
---@field input integer? of one token, as the following
---@field output integer?
---@field cached integer? read from a cache
---@field cache_write integer?
---@field reasoning integer?
---@field audio_input integer?
---@field audio_output integer?
---@field tier Price? of a request whose prompt is larger than `above`
---@field above integer?
---@field image integer? of one
---@field minute integer? of audio that is heard
---@field character integer? of text that is spoken
---@field request integer? of one request, or search unit
---@field mode string
---@field units boolean something else than tokens is paid for, too

local function tokens(input, output, cached, write, row)
  return {
    input = input, output = output,
    cached = cached or input,
    cache_write = write or input,
    reasoning = whole(row.reasoning_output, PICO) or output,
    audio_input = whole(row.audio_input, PICO) or input,
    audio_output = whole(row.audio_output, PICO) or output,
  }
end

--- The prices of a long prompt: those of the tier, and what it does not name is no cheaper than its input.
local function tier_of(row, price)
  local input = whole(row.tier_input, PICO)
  if not input then return nil end
  local write = math.max(whole(row.cache_write, PICO) or 0, input)
  return tokens(input, whole(row.tier_output, PICO) or price.output, whole(row.tier_cached_input, PICO), write, row)
end

--- The prices of a row of the catalog, ready for counting. Nil when it has none.
---@param row table? docs/catalog.md
---@return Price?
function cost.price(row)
  if not row then return nil end
  local input, output = whole(row.input, PICO), whole(row.output, PICO)
  local price = tokens(input, output, whole(row.cached_input, PICO), whole(row.cache_write, PICO), row)
  price.image = whole(row.per_image, PER_IMAGE)
  price.minute = whole(row.audio_in_per_minute, PER_IMAGE)
  price.character = whole(row.speech_per_1m_chars, PICO)
  price.request = whole(row.per_1k_requests, PER_THOUSAND)
  if next(price) == nil then return nil end
  price.units = (price.image or price.minute or price.character or price.request) ~= nil
  price.tier, price.above, price.mode = tier_of(row, price), row.tier_above, row.mode
  return price
end

-- Counting -----------------------------------------------------------------------------------------------------------

--- A count that can be believed: not below 0, not above `most`.
local function counted(value, most)
  if not value or value ~= value or value < 0 then return 0 end
  value = math.floor(value)
  return value < most and value or most
end

--- `count` times `price`: beyond all sums when there is no price for something that is there.
local function times(count, price)
  if count == 0 then return 0 end
  return count * (price or EXACT)
end

--- What each kind of token costs: input, output, read from a cache, written there, reasoning, audio in and out.
local function token_parts(price, prompt, completion, cached, reasoning, write, audio_in, audio_out)
  prompt, completion = counted(prompt, EXACT), counted(completion, EXACT)
  local rates = price.tier and prompt > price.above and price.tier or price
  cached = counted(cached, prompt)
  write = counted(write, prompt - cached)
  audio_in = counted(audio_in, prompt - cached - write)
  reasoning = counted(reasoning, completion)
  audio_out = counted(audio_out, completion - reasoning)
  return times(prompt - cached - write - audio_in, rates.input),
    times(completion - reasoning - audio_out, rates.output), times(cached, rates.cached),
    times(write, rates.cache_write), times(reasoning, rates.reasoning), times(audio_in, rates.audio_input),
    times(audio_out, rates.audio_output)
end

local function sum(input, output, read, written, reasoning, heard, spoken)
  return input + output + read + written + reasoning + heard + spoken
end

local function of_tokens(...)
  return sum(token_parts(...))
end

--- Whole minutes and what is left, apart: both products stay exact. Only here something is cut off, less than one.
local function of_seconds(seconds, minute)
  local milliseconds = counted(seconds * 1000 + 0.5, EXACT)
  local left = milliseconds % MINUTE
  local rest, more = minute % MINUTE, (minute - minute % MINUTE) / MINUTE
  return (milliseconds - left) / MINUTE * minute + left * more + math.floor(left * rest / MINUTE)
end

--- What is not paid for by the token; nil when this is.
local function of_units(price, usage)
  if price.image and usage.images then return times(counted(usage.images, EXACT), price.image) end
  if price.character and usage.characters then return times(counted(usage.characters, EXACT), price.character) end
  if price.minute and usage.seconds and not (price.input and usage.prompt_tokens) then
    return of_seconds(usage.seconds, price.minute)
  end
  if not price.request or price.mode ~= "rerank" then return nil end
  return times(counted(usage.search_units or 1, EXACT), price.request)
end

local function of_usage(parts, price, usage)
  return parts(price, usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.reasoning_tokens,
    usage.cache_write_tokens, usage.audio_input_tokens, usage.audio_output_tokens)
end

local function of_all(price, usage)
  local units = of_units(price, usage)
  if units then return units end
  if not usage.prompt_tokens and not usage.completion_tokens then return EXACT end
  local total = of_usage(of_tokens, price, usage)
  return price.request and total + times(counted(usage.search_units or 1, EXACT), price.request) or total
end

--- Rounded once, half up. The remainder is exact where a quotient would not be.
local function rounded(pico)
  if pico >= EXACT then return nil end
  local more = pico + PICO / 2
  return (more - more % PICO) / PICO
end

--- What this cost, in whole micro-dollars; nil: nobody knows.
---@param price Price? of cost.price
---@param usage Usage?
---@return integer? micro_usd
function cost.of(price, usage)
  if not price or not usage then return nil end
  return rounded(of_all(price, usage))
end

--- The same of tokens alone, as reply:usage() tells them: most requests are no more than that.
---@param price Price one of tokens
---@return integer? micro_usd
function cost.of_counts(price, prompt, completion, cached, reasoning, write, audio_in, audio_out)
  return rounded(of_tokens(price, prompt, completion, cached, reasoning, write, audio_in, audio_out))
end

--- What a request would cost, before anybody has counted: in micro-dollars, not rounded, so that the smallest prompts
--- can be compared, too. Nil: there is no price for what is paid for.
---@param price Price
---@param prompt integer tokens
---@param output integer tokens
---@param images integer?
---@param characters integer?
---@return number? micro_usd
function cost.expected(price, prompt, output, images, characters)
  local total
  if price.units then
    total = of_all(price, { prompt_tokens = prompt, completion_tokens = output, images = images,
      characters = characters })
  else
    total = of_tokens(price, prompt, output)
  end
  return total < EXACT and total / PICO or nil
end

--- What of it was paid for what, in pico-dollars (1e-12): only of a cost that cost.of knows.
---@return number input, number output, number cache_read, number cache_write, number reasoning, number image
---@return number audio, number embedding
function cost.parts(price, usage)
  local units = of_units(price, usage)
  if units and usage.images then return 0, 0, 0, 0, 0, units, 0, 0 end
  if units and price.mode == "rerank" then return units, 0, 0, 0, 0, 0, 0, 0 end
  if units then return 0, 0, 0, 0, 0, 0, units, 0 end
  local input, output, read, written, reasoning, heard, spoken = of_usage(token_parts, price, usage)
  if price.request then input = input + times(counted(usage.search_units or 1, EXACT), price.request) end
  if price.mode == "embedding" then return 0, output, read, written, reasoning, 0, heard + spoken, input end
  return input, output, read, written, reasoning, 0, heard + spoken, 0
end

return cost
