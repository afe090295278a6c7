-- SPDX-License-Identifier: Apache-2.0
--- Streams of chat chunks as one legacy stream: the prompts' answers come one after the other.

local answer = require "providers.dialects.openai_completions.answer"
local json = require "gateway.json"
local logprobs = require "providers.dialects.openai_completions.logprobs"
local shape = require "providers.dialects.openai.shape"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class CompletionsFlow
---@field context FaceContext
---@field part integer? which prompt is answered, from 1: the hallway sets it
---@field head string? JSON text that all chunks begin with
---@field offsets table<integer, integer> characters so far, by choice
---@field usage table?
---@field counted integer? the part whose usage came last

---@param context FaceContext
---@return CompletionsFlow
local function stream(context)
  return { context = context, part = 1, offsets = {} }
end

local function is_time(found)
  return found ~= nil and found >= 0 and found < 2 ^ 53
end

local function begin(state, chunk)
  if state.head then return end
  local created = typed(chunk, "created", "number")
  state.head = ('data: {"id":%s,"object":"text_completion","created":%d,"model":%s,'):format(
    json.encode(answer.id(typed(chunk, "id", "string"))),
    math.floor(is_time(created) and created or state.context.created or 0),
    json.encode(typed(chunk, "model", "string") or state.context.model))
end

local function line(state, choice)
  local usage = state.context.kept.include_usage and ',"usage":null' or ""
  return state.head .. '"choices":[' .. json.encode(choice) .. "]" .. usage .. "}\n\n"
end

--- The prompt, before the first word of each choice.
local function echoed(state, index)
  local echo = state.context.kept.echo
  if state.offsets[index] or not echo then return "" end
  local text = echo[state.part] or ""
  state.offsets[index] = value.characters(text)
  if text == "" then return "" end
  return line(state, { text = text, index = index, logprobs = json.null, finish_reason = json.null })
end

local function take_choice(state, choice, position)
  if type(choice) ~= "table" then return "" end
  local index = (state.part - 1) * state.context.kept.n + (typed(choice, "index", "number") or position - 1)
  local delta = typed(choice, "delta", "table")
  local text = typed(delta, "content", "string") or typed(delta, "refusal", "string") or ""
  local reason = answer.reason(value.reason(choice))
  local before = echoed(state, index)
  if text == "" and not reason then return before end
  local probabilities
  probabilities, state.offsets[index] = logprobs.of_chat(member(choice, "logprobs"), state.offsets[index] or 0)
  return before .. line(state, {
    text = text, index = index, logprobs = probabilities, finish_reason = reason or json.null,
  })
end

--- A stream's counters are cumulative; those of several prompts add up.
local function count(state, found)
  if type(found) ~= "table" then return end
  if state.counted ~= state.part then
    state.before, state.counted = state.usage, state.part
  end
  state.usage = answer.add_usage(state.before, found)
end

--- One chunk of chat as bytes of the legacy stream.
---@param state CompletionsFlow
---@param payload string
---@return string bytes
local function event(state, payload)
  local chunk = json.decode(payload)
  if type(chunk) ~= "table" then return "" end
  begin(state, chunk)
  count(state, member(chunk, "usage"))
  local bytes = {}
  for position, choice in ipairs(typed(chunk, "choices", "table") or {}) do
    bytes[position] = take_choice(state, choice, position)
  end
  return table.concat(bytes)
end

local function usage_of(counts)
  if not counts or not (counts.prompt_tokens or counts.completion_tokens) then return nil end
  local prompt, completion = counts.prompt_tokens or 0, counts.completion_tokens or 0
  return { prompt_tokens = prompt, completion_tokens = completion, total_tokens = prompt + completion }
end

--- The stream is over.
---@param state CompletionsFlow
---@param counts Usage?
---@return string bytes
local function finish(state, counts)
  begin(state, nil)
  local usage = state.usage or usage_of(counts)
  local last = ""
  if usage and state.context.kept.include_usage then
    last = state.head .. '"choices":[],"usage":' .. json.encode(usage) .. "}\n\n"
  end
  return last .. "data: [DONE]\n\n"
end

--- The stream has failed.
---@param failure Failure
---@return string bytes
local function broken(_, failure)
  return "data: " .. json.encode { error = shape.object(failure) } .. "\n\n"
end

return { stream = stream, event = event, finish = finish, broken = broken }
