-- SPDX-License-Identifier: Apache-2.0
--- What a request used and what that cost: the one place where a finished request's usage is noted, wherever it was
--- counted.

local cost = require "cost"
local estimate = require "estimate"
local events = require "events"
local json = require "gateway.json"

local account = {}

local function whole(value)
  value = json.number(value)
  return value and value >= 0 and value == value and value < math.huge and math.floor(value) or nil
end

local NONE = {}

local function object(value)
  return json.is_object(value) and value or NONE
end

--- OpenAI's usage object, of any surface, as a record of counts.
---@param told any
---@return Usage?
function account.of_openai(told)
  if not json.is_object(told) then return nil end
  local read = object(told.prompt_tokens_details or told.input_tokens_details)
  local written = object(told.completion_tokens_details or told.output_tokens_details)
  return {
    prompt_tokens = whole(told.prompt_tokens) or whole(told.input_tokens),
    completion_tokens = whole(told.completion_tokens) or whole(told.output_tokens),
    total_tokens = whole(told.total_tokens), cached_tokens = whole(read.cached_tokens),
    cache_write_tokens = whole(read.cache_write_tokens), audio_input_tokens = whole(read.audio_tokens),
    reasoning_tokens = whole(written.reasoning_tokens), audio_output_tokens = whole(written.audio_tokens),
    seconds = whole(told.seconds),
  }
end

--- What the runtime has counted in an upstream's answer on its way through.
---@param reply table
---@return Usage?
function account.of_reply(reply)
  local prompt, completion, cached, reasoning, cache_write, audio_in, audio_out, seconds = reply:usage()
  if not prompt and not completion and not seconds then return nil end
  return {
    prompt_tokens = prompt, completion_tokens = completion, total_tokens = (prompt or 0) + (completion or 0),
    cached_tokens = cached, reasoning_tokens = reasoning, cache_write_tokens = cache_write,
    audio_input_tokens = audio_in, audio_output_tokens = audio_out, seconds = seconds,
  }
end

--- Both counts in one: the first counts where both have one.
---@param first Usage?
---@param second Usage?
---@return Usage?
function account.merged(first, second)
  if not first or not second then return first or second end
  for name, value in pairs(second) do first[name] = first[name] or value end
  return first
end

--- What plugins and the log are told: what nobody counted is estimated, and what has a price is priced. Nothing at all
--- is used, and paid for, where no provider was asked.
---@param call table
---@param request Request
---@param usage Usage?
---@param reply table? the answer, where it is a whole one
---@return Usage? usage with `cost_usd`, where that is known
---@return integer? micro_usd
function account.settled(call, request, usage, reply)
  local route = request.route
  if not route then
    if usage then usage.cost_usd = 0 end
    return usage, 0
  end
  if route.textual then usage = estimate.completed(usage, call, reply) end
  local micro = cost.of(route.price, usage)
  if usage then usage.cost_usd = micro and micro / 1e6 end
  return usage, micro
end

--- For the event at the request's end, where somebody waits for it: what was paid for what.
local function split(call, request, usage)
  local route = request.route
  if route and route.price and usage then call:note_costs(cost.parts(route.price, usage)) end
end

--- The request is answered, or has failed behind what was used. Nil: nobody counted.
---@param call table
---@param request Request
---@param usage Usage?
---@param reply table? the answer, where it is a whole one
---@return Usage? usage as plugins and the log are told
function account.note(call, request, usage, reply)
  local micro
  usage, micro = account.settled(call, request, usage, reply)
  request.usage = usage
  if not usage then return nil end
  call:note_usage(usage.prompt_tokens, usage.completion_tokens)
  call:note_cost(micro, usage.estimated)
  if micro and events.priced then split(call, request, usage) end
  return usage
end

--- An answer that goes out as it came: the runtime has its counts. Most need no more than their price.
---@param call table
---@param request Request
---@param reply table
---@param is_whole boolean? it is no stream
function account.passed(call, request, reply, is_whole)
  local route, measure = request.route, request.surface.measure
  local prompt, completion = reply:usage()
  if measure or not prompt or not completion and route.textual or route.price and route.price.units then
    local usage = account.of_reply(reply)
    if measure then usage = measure(request, reply, usage) end
    account.note(call, request, usage, is_whole and reply or nil)
    return
  end
  if not route.price then return end
  call:note_cost(cost.of_counts(route.price, reply:usage()))
  if events.priced then split(call, request, account.of_reply(reply)) end
end

return account
