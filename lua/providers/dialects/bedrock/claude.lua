-- SPDX-License-Identifier: Apache-2.0
--- Claude through InvokeModel: the body of Anthropic's Messages API with what differs there, and its stream of events,
--- each in a frame.

local base64 = require "gateway.base64"
local json = require "gateway.json"

local anthropic = require "providers.dialects.anthropic.request"
local extras = require "providers.dialects.bedrock.extras"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.bedrock.failure"
local inner = require "providers.dialects.anthropic.stream"
local media = require "providers.dialects.neutral.media"
local models = require "providers.dialects.bedrock.models"
local place = require "providers.dialects.bedrock.place"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local VERSION = "bedrock-2023-05-31" -- 2026-10-21 is another, for 4.7 and newer
local LARGEST = 8 * 1024 * 1024
local FIRST_PARTY = { "model", "stream", "service_tier", "container", "mcp_servers", "speed" }
local RAW = { raw = { input = true, input_schema = true, schema = true } }
local VENDOR = { headers = { ["anthropic-version"] = "2023-06-01" }, paths = { chat = "" } }

-- The request --------------------------------------------------------------------------------------------------------

--- Addresses are not fetched there.
local function fetch_source(call, source)
  local bytes, kind = call.fetch(source.url, { max_bytes = LARGEST })
  if not bytes then return kind end
  local data = base64.encode(bytes)
  local plain = type(kind) == "string" and kind:match "^%s*([^;%s]*)" or ""
  source.type, source.url, source.data = "base64", nil, data
  source.media_type = media.sniffed(data) or plain:lower()
  return nil
end

local function fetch_blocks(call, blocks)
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    local source = typed(block, "source", "table")
    local problem = source and source.type == "url" and fetch_source(call, source)
      or fetch_blocks(call, typed(block, "content", "table"))
    if problem then return problem end
  end
  return nil
end

local function fetch_all(call, body)
  for _, message in ipairs(body.messages) do
    local problem = fetch_blocks(call, message.content)
    if problem then return problem end
  end
  return nil
end

--- Every block that may carry a cache marker.
local function each_block(blocks, visit)
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    visit(block)
    each_block(typed(block, "content", "table"), visit)
  end
end

--- Older models refuse the lifetime of a marker.
local function drop_lifetimes(body)
  local function drop(block)
    if block.cache_control then block.cache_control = { type = "ephemeral" } end
  end
  each_block(body.system, drop)
  each_block(body.tools, drop)
  for _, message in ipairs(body.messages) do each_block(message.content, drop) end
end

--- A marker of the whole request is refused: its last block has the same effect.
local function move_marker(body)
  local mark = body.cache_control
  body.cache_control = nil
  local last = body.messages[#body.messages]
  local block = mark and last.content[#last.content]
  if block and not block.cache_control then block.cache_control = mark end
end

local function betas_of(headers)
  local list = json.array {}
  for name in ((headers or {})["anthropic-beta"] or ""):gmatch "[^,%s]+" do
    if extras.BETAS[name] then list[#list + 1] = name end
  end
  return #list > 0 and list or nil
end

--- The body of Anthropic's own API for this call.
local function anthropic_body(call)
  local asked = {}
  for name, field in pairs(call) do asked[name] = field end
  asked.model = models.claude_name(call.model) or models.claude_name(call.requested_model or "") or call.model
  local made, problem = anthropic.build(asked, VENDOR)
  if not made then return nil, problem end
  call.kept = asked.kept
  return json.decode(made.body, RAW), betas_of(made.headers)
end

--- The body as InvokeModel takes it.
---@param call DialectCall
---@return table? body, Failure? failure
local function body_of(call)
  local body, betas = anthropic_body(call)
  if not body then return nil, betas end
  for _, name in ipairs(FIRST_PARTY) do body[name] = nil end
  body.anthropic_version, body.anthropic_beta = VERSION, betas
  move_marker(body)
  if not models.of(call.model, call.requested_model).hours then drop_lifetimes(body) end
  local problem = fetch_all(call, body)
  if problem then return nil, problem end
  return body
end

local STREAMED = { accept = "application/vnd.amazon.eventstream" }

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local body, problem = body_of(call)
  if not body then return nil, problem end
  local action = call.stream and "invoke-with-response-stream" or "invoke"
  return place.of_model(call, action, body, call.stream and STREAMED or nil)
end

--- The same, only counted.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build_count(call)
  local body, problem = body_of(call)
  if not body then return nil, problem end
  local counted = { invokeModel = { body = base64.encode(json.encode(body)) } }
  return place.of_model(call, "count-tokens", { input = counted }, nil, models.bare(call.model))
end

-- The stream ---------------------------------------------------------------------------------------------------------

--- What the model did not count itself, Bedrock did.
local function take_metrics(state, text)
  if state.counters or not text:find "amazon%-bedrock%-invocationMetrics" then return end
  local metrics = typed(json.decode(text), "amazon-bedrock-invocationMetrics", "table")
  local input, output = typed(metrics, "inputTokenCount", "number"), typed(metrics, "outputTokenCount", "number")
  if not input or not output then return end
  state.counters = {
    input = input, output = output, cache_read = typed(metrics, "cacheReadInputTokenCount", "number"),
    cache_write = typed(metrics, "cacheWriteInputTokenCount", "number"),
  }
end

--- One frame: an event of Anthropic's in base64, or an exception.
---@param state AnthropicStream
---@param name string
---@param data string
---@return string[]? payloads, Failure? failure
local function event(state, name, data)
  if state.done then return {} end
  local fault = faults.of_event(name, data)
  if fault then return nil, fault end
  if name ~= "chunk" then return {} end
  local text = typed(json.decode(data), "bytes", "string")
  text = text and base64.decode(text)
  if not text then return nil, failure.answer("an event of the upstream provider holds no bytes") end
  take_metrics(state, text)
  return inner.event(state, "", text)
end

return { build = build, build_count = build_count, event = event }
