-- SPDX-License-Identifier: Apache-2.0
--- A request of Anthropic's Messages API as an OpenAI chat request.

local crypto = require "gateway.crypto"
local json = require "gateway.json"

local facing = require "providers.dialects.neutral.wants"
local tools = require "providers.dialects.anthropic.face.tools"
local turns = require "providers.dialects.anthropic.face.turns"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local LONGEST_USER, MOST_STOPS = 64, 4
local TIERS = { auto = "auto", standard_only = "default" }
local EFFORTS = { low = true, medium = true, high = true, xhigh = true, max = true, minimal = true, none = true }

-- Members that only Anthropic's own models read; their dialect takes them from OpenAI's body, too.
local OWN = { "thinking", "cache_control", "context_management", "mcp_servers" }

local function add_limits(body, request)
  body.max_completion_tokens = member(request, "max_tokens")
  body.temperature, body.top_p = member(request, "temperature"), member(request, "top_p")
end

local function add_stop(body, request)
  local found, list = typed(request, "stop_sequences", "table"), json.array {}
  for _, text in ipairs(found or {}) do
    if #list < MOST_STOPS and type(text) == "string" and text ~= "" then list[#list + 1] = text end
  end
  if #list > 0 then body.stop = list end
end

--- OpenAI takes 64 characters, and Claude Code writes 150.
local function add_user(body, request)
  local user = typed(typed(request, "metadata", "table"), "user_id", "string")
  if not user or user == "" then return end
  body.user = value.characters(user) > LONGEST_USER and crypto.sha256(user) or user
end

local function effort_of_budget(budget)
  if budget < 2048 then return "low" end
  return budget < 8192 and "medium" or "high"
end

--- What the client says about thinking, as an effort; nil when it leaves it to the model.
local function effort_of(request, wants)
  local effort = typed(typed(request, "output_config", "table"), "effort", "string")
  if EFFORTS[effort] then return wants.claude and effort or facing.most(wants.model, effort) end
  local thinking = typed(request, "thinking", "table")
  local kind = typed(thinking, "type", "string")
  if wants.claude or not kind then return nil end
  if kind == "enabled" then return effort_of_budget(typed(thinking, "budget_tokens", "number") or 2048) end
  return kind == "disabled" and facing.least(wants.model) or nil
end

local function add_effort(body, request, wants)
  if facing.reasons(wants.model) then body.reasoning_effort = effort_of(request, wants) end
end

local function add_format(body, request)
  local format = typed(typed(request, "output_config", "table"), "format", "table")
    or typed(request, "output_format", "table")
  local schema = member(format, "schema")
  if typed(format, "type", "string") ~= "json_schema" or schema == nil then return end
  body.response_format = {
    type = "json_schema", json_schema = { name = "response", strict = true, schema = schema },
  }
end

local function add_stream(body, context)
  if not context.stream then return end
  body.stream, body.stream_options = true, { include_usage = true }
end

local function add_own(body, request, wants)
  if wants.top_k then body.top_k = member(request, "top_k") end
  if not wants.claude then return end
  for _, name in ipairs(OWN) do
    body[name] = typed(request, name, "table")
  end
end

--- A body that the target can be asked with. Names what it leaves out in `context.dropped`.
---@param context FaceContext
---@return table? body, Failure? failure
local function chat(context)
  local request, wants = context.request, facing.wants(context)
  context.dropped = {}
  local messages, problem = turns.messages(request, wants)
  if not messages then return nil, problem end
  local body = { model = context.model, messages = messages }
  problem = tools.put(body, context, wants)
  if problem then return nil, problem end
  add_limits(body, request)
  add_stop(body, request)
  add_user(body, request)
  add_effort(body, request, wants)
  add_format(body, request)
  add_stream(body, context)
  add_own(body, request, wants)
  body.service_tier = TIERS[typed(request, "service_tier", "string")]
  return body
end

return { chat = chat }
