-- SPDX-License-Identifier: Apache-2.0
--- The Response object around its output: what it repeats of the request, with the defaults the API has, is written
--- once and then only copied.

local clock = require "gateway.clock"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

---@class ResponseObject
---@field id string
---@field head string JSON text up to `status`
---@field echo string JSON text of what the request said
---@field tier string? the service tier that was used

-- Members repeated as they came, and what they are otherwise.
local ECHO = {
  { "background", false }, { "instructions", json.null }, { "max_output_tokens", json.null },
  { "max_tool_calls", json.null }, { "parallel_tool_calls", true }, { "previous_response_id", json.null },
  { "prompt_cache_key", json.null }, { "safety_identifier", json.null }, { "store", true }, { "temperature", 1 },
  { "tool_choice", "auto" }, { "top_logprobs", 0 }, { "top_p", 1 }, { "truncation", "disabled" },
  { "user", json.null },
}
-- Those that are absent unless they came.
local OPTIONAL = { "prompt_cache_options", "prompt_cache_retention", "moderation" }

local function reasoning_of(request)
  local given = typed(request, "reasoning", "table")
  return { effort = member(given, "effort") or json.null, summary = member(given, "summary") or json.null }
end

local function text_of(request)
  local given = typed(request, "text", "table")
  return { format = member(given, "format") or { type = "text" }, verbosity = member(given, "verbosity") }
end

local function echo_of(request)
  local made = {}
  for _, rule in ipairs(ECHO) do
    local found = member(request, rule[1])
    if found == nil then found = rule[2] end
    made[rule[1]] = found
  end
  for _, name in ipairs(OPTIONAL) do made[name] = member(request, name) end
  made.metadata = typed(request, "metadata", "table") or {}
  made.tools = json.array(typed(request, "tools", "table") or {})
  made.reasoning, made.text = reasoning_of(request), text_of(request)
  return json.encode(made):sub(2, -2)
end

--- A server may have written any number.
local function is_time(found)
  return found ~= nil and found >= 0 and found < 2 ^ 53
end

--- Begins the object of one answer.
---@param context FaceContext
---@param created integer? Unix seconds
---@param model string? who answered
---@return ResponseObject
local function open(context, created, model)
  local id = context.kept.response_id
  if not is_time(created) then created = context.created or clock.now() end
  return {
    id = id,
    head = ('{"id":%s,"object":"response","created_at":%d,"model":%s,"status":'):format(
      json.encode(id), math.floor(created), json.encode(model or context.model)),
    echo = echo_of(context.request),
  }
end

---@class ResponseState
---@field status "in_progress"|"completed"|"incomplete"|"failed"
---@field output string JSON text of an array
---@field usage table?
---@field incomplete string? the reason
---@field error { code: string, message: string }?

local function nullable(found)
  return found and json.encode(found) or "null"
end

--- The object as it stands.
---@param object ResponseObject
---@param state ResponseState
---@return string text
local function render(object, state)
  local completed = state.status == "completed" and ("%d"):format(math.floor(clock.now())) or "null"
  return table.concat {
    object.head, '"', state.status, '","completed_at":', completed, ',"error":', nullable(state.error),
    ',"incomplete_details":', nullable(state.incomplete and { reason = state.incomplete }),
    ',"output":', state.output, ',"usage":', nullable(state.usage),
    ',"service_tier":', json.encode(object.tier or "default"), ",", object.echo, "}",
  }
end

-- Why an answer is not whole.
local INCOMPLETE = { length = "max_output_tokens", content_filter = "content_filter" }

--- The status that a chat's finish_reason means.
---@param reason string
---@return "completed"|"incomplete" status, string? incomplete
local function outcome(reason)
  local incomplete = INCOMPLETE[reason]
  return incomplete and "incomplete" or "completed", incomplete
end

return { open = open, render = render, outcome = outcome }
