-- SPDX-License-Identifier: Apache-2.0
--- What a request used: the one place where a finished request's usage is noted, wherever it was counted.

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

--- The request is answered, or has failed behind what was used. Nil: nobody counted.
---@param call table
---@param request Request
---@param usage Usage?
function account.note(call, request, usage)
  request.usage = usage
  if usage then call:note_usage(usage.prompt_tokens, usage.completion_tokens) end
end

--- The same for an answer that goes out as it came: the runtime has its counts.
---@param call table
---@param request Request
---@param reply table
function account.passed(call, request, reply) -- luacheck: ignore 212
end

return account
