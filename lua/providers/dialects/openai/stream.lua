-- SPDX-License-Identifier: Apache-2.0
--- A stream of one of OpenAI's relatives as OpenAI's own chunks: the role first, texts and calls, one finish, the usage
--- once, [DONE] only behind something that finished.

local calls = require "providers.dialects.openai.calls"
local content = require "providers.dialects.openai.content"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local ids = require "providers.dialects.neutral.ids"
local json = require "gateway.json"
local reasons = require "providers.dialects.openai.reasons"
local response = require "providers.dialects.openai.response"
local usage = require "providers.dialects.openai.usage"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING = {}

-- Members of a chunk that are made anew; all others are passed on.
local OWN = { id = true, object = true, created = true, model = true, choices = true, usage = true }

---@class VariantStream
---@field done boolean [DONE] has come, or all that stands for it
---@field call DialectCall
---@field head { id: string, created: integer, model: string }? what every chunk repeats
---@field choices table<integer, VariantChoice>
---@field open integer choices that have begun and not finished
---@field broken boolean? a chunk held what cannot be written
---@field rendered table? the client's usage
---@field counts Usage?

---@class VariantChoice
---@field calls table<integer, { empty: boolean }> by index
---@field count integer
---@field taken table<string, boolean> ids
---@field finished boolean

---@param call DialectCall
---@return VariantStream
local function open(call)
  return { done = false, call = call, choices = {}, open = 0 }
end

--- The first chunk that names an id decides what all chunks say.
local function head_of(state, chunk)
  if state.head then return state.head end
  local filled = { id = chunk.id, created = chunk.created, model = chunk.model }
  if filled.id == "" then filled.id = nil end
  if filled.model == "" then filled.model = nil end
  if json.number(filled.created) == 0 then filled.created = nil end
  response.fill(filled, state.call)
  state.head = filled
  return filled
end

local function payload(state, rest, members)
  local made = {}
  for name, field in pairs(rest) do made[name] = field end
  for name, field in pairs(state.head) do made[name] = field end
  for name, field in pairs(members) do made[name] = field end
  made.object = "chat.completion.chunk"
  local text = json.encode(made)
  state.broken = state.broken or text == nil
  return text
end

local function choice_payload(state, rest, index, delta, more)
  local choice = { index = index, delta = delta, finish_reason = json.null }
  for name, field in pairs(more or NOTHING) do choice[name] = field end
  return payload(state, rest, { choices = json.array { choice } })
end

-- Calls ----------------------------------------------------------------------------------------------------------

--- Which call a delta is of: by its index, else a new one when it has an id of its own, else the last.
local function index_of(choice, call)
  local index, id = typed(call, "index", "number"), typed(call, "id", "string")
  if index then return index end
  if id and id ~= "" and id ~= "null" and not choice.taken[id] then return choice.count end
  return math.max(choice.count - 1, 0)
end

local function settle_call(choice, call)
  local index, spec = index_of(choice, call), typed(call, "function", "table")
  local known = choice.calls[index]
  call.index = index
  if not known then
    known = { empty = true }
    choice.calls[index], choice.count = known, math.max(choice.count, index + 1)
    call.id, call.type = ids.of_call(typed(call, "id", "string"), choice.taken), "function"
  else
    call.id = nil
  end
  if not spec then return end
  local arguments = calls.arguments_of(spec) or ""
  if known.empty and calls.is_nothing(arguments) then arguments = "" end
  if arguments ~= "" then known.empty = false end
  spec.arguments = arguments
end

--- Calls that never got an argument have none: `{}`.
local function add_missing(state, rest, index, choice, payloads)
  for number = 0, choice.count - 1 do
    local call = choice.calls[number]
    if call and call.empty then
      call.empty = false
      payloads[#payloads + 1] = choice_payload(state, rest, index, { tool_calls = json.array {
        { index = number, ["function"] = { arguments = "{}" } },
      } })
    end
  end
end

-- Choices --------------------------------------------------------------------------------------------------------

local function begin(state, rest, index, payloads)
  local choice = { calls = {}, count = 0, taken = {}, finished = false }
  state.choices[index], state.open = choice, state.open + 1
  payloads[#payloads + 1] = choice_payload(state, rest, index, { role = "assistant", content = "" })
  return choice
end

--- The delta without what says nothing; nil when nothing is left.
local function settle_delta(choice, delta)
  if not delta then return nil end
  content.settle(delta)
  delta.role = nil
  if delta.content == "" or delta.content == json.null then delta.content = nil end
  local list = typed(delta, "tool_calls", "table")
  if list and list[1] then
    for _, call in ipairs(list) do
      if type(call) == "table" then settle_call(choice, call) end
    end
  else
    delta.tool_calls = nil
  end
  for name, field in pairs(delta) do
    if field == json.null then delta[name] = nil end
  end
  return next(delta) ~= nil and delta or nil
end

local function take_choice(state, rest, given, payloads)
  local failed = response.choice_failure(given)
  if failed then return failed end
  local index = typed(given, "index", "number") or 0
  local choice = state.choices[index] or begin(state, rest, index, payloads)
  if choice.finished then return nil end
  local delta = settle_delta(choice, typed(given, "delta", "table"))
  local logprobs = typed(given, "logprobs", "table")
  if delta or logprobs then
    payloads[#payloads + 1] = choice_payload(state, rest, index, delta or {}, { logprobs = logprobs })
  end
  local reason = member(given, "finish_reason")
  if type(reason) ~= "string" or reason == "" and choice.count == 0 then return nil end
  add_missing(state, rest, index, choice, payloads)
  choice.finished, state.open = true, state.open - 1
  payloads[#payloads + 1] = choice_payload(state, rest, index, {}, {
    finish_reason = reasons.of(reason, choice.count > 0),
  })
  return nil
end

local function rest_of(chunk)
  local rest = {}
  for name, field in pairs(chunk) do
    if not OWN[name] then rest[name] = field end
  end
  return rest
end

local function take(state, chunk)
  local rendered, counts = usage.read(member(chunk, "usage"))
  if rendered then state.rendered, state.counts = rendered, counts end
  local choices = typed(chunk, "choices", "table") or NOTHING
  if choices[1] == nil then return NOTHING end
  head_of(state, chunk)
  local rest, payloads = rest_of(chunk), {}
  for _, given in ipairs(choices) do
    local failed = take_choice(state, rest, given, payloads)
    if failed then return nil, failed end
  end
  if state.broken then return nil, failure.answer("a chunk of the upstream provider cannot be read") end
  return payloads
end

-- The end --------------------------------------------------------------------------------------------------------

local function has_ended(state)
  return state.head ~= nil and state.open == 0
end

local function close(state)
  if not has_ended(state) then return nil, failure.truncated() end
  state.done = true
  if not state.rendered or not state.call.include_usage then return NOTHING end
  return { payload(state, NOTHING, { choices = json.array {}, usage = state.rendered }) }
end

--- One event of the vendor. Once the stream is done the rest is ignored.
---@param state VariantStream
---@param name string
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  if state.done or value.blank(data) then return NOTHING end
  if data:match "^%s*(.-)%s*$" == "[DONE]" then return close(state) end
  local chunk = json.decode(data)
  if name == "error" then return nil, faults.of_event(chunk, data) or faults.of_answer(502, NOTHING, data) end
  local failed = faults.of_event(chunk, data) or response.hidden_failure(chunk, data)
  if failed then return nil, failed end
  return take(state, chunk)
end

--- The body has ended: without [DONE] that is an end, too, once every choice has said why it ended.
---@param state VariantStream
---@return string[]? payloads, Failure? failure
local function finish(state)
  if state.done then return NOTHING end
  return close(state)
end

---@param state VariantStream
---@return Usage?
local function counted(state)
  return state.counts
end

return { open = open, event = event, finish = finish, usage = counted }
