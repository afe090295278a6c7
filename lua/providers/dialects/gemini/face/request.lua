-- SPDX-License-Identifier: Apache-2.0
--- A request of generateContent, or of countTokens, as an OpenAI chat request.

local config = require "providers.dialects.gemini.face.config"
local facing = require "providers.dialects.neutral.wants"
local spelt = require "providers.dialects.gemini.spelt"
local tools = require "providers.dialects.gemini.face.tools"
local turns = require "providers.dialects.gemini.face.turns"

--- What of Google's own members the one who is asked can use.
local function wants_of(context)
  local wants = facing.wants(context)
  local dialect = context.target and context.target.dialect or ""
  wants.google = dialect:find "^gemini" ~= nil or dialect:find "^vertex_gemini" ~= nil
    or context.target ~= nil and context.target.provider.name == "gemini-openai"
  return wants
end

local function add_stream(body, context)
  if not context.stream then return end
  body.stream, body.stream_options = true, { include_usage = true }
end

local function body_of(context, request)
  local wants = wants_of(context)
  local messages, problem = turns.messages(request, wants)
  if not messages then return nil, problem end
  local body, dropped = { model = context.model, messages = messages }, {}
  problem = tools.put(body, request, wants, dropped)
  if problem then return nil, problem end
  config.put(body, request, wants)
  add_stream(body, context)
  context.dropped = dropped
  return body
end

--- A body that the target can be asked with.
---@param context FaceContext
---@return table? body, Failure? failure
local function chat(context)
  return body_of(context, context.request)
end

--- The same for a count: the request may be wrapped.
---@param context FaceContext
---@return table? body, Failure? failure
local function counted(context)
  return body_of(context, spelt.typed(context.request, "generateContentRequest", "table") or context.request)
end

return { chat = chat, counted = counted }
