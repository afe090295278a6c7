-- SPDX-License-Identifier: Apache-2.0
--- Requests to Claude on Vertex: Anthropic's body without its model, which is in the path, and without what Google's
--- host does not take.

local base64 = require "gateway.base64"

local failure = require "providers.dialects.neutral.failure"
local media = require "providers.dialects.neutral.media"
local path = require "providers.dialects.gemini.path"
local request = require "providers.dialects.anthropic.request"

local VERSION = "vertex-2023-10-16"
local FETCH_BYTES = 5 * 1024 * 1024 -- Anthropic's own limit for an image

-- First-party members: "Extra inputs are not permitted" there.
local REFUSED = { "model", "service_tier", "container", "mcp_servers", "speed", "inference_geo" }

-- An unknown beta is a 400 there: only these go out (policy; what Vertex takes is not published as a list).
local BETAS = {
  ["interleaved-thinking-2025-05-14"] = true, ["context-1m-2025-08-07"] = true,
  ["context-management-2025-06-27"] = true, ["fine-grained-tool-streaming-2025-05-14"] = true,
  ["output-128k-2025-02-19"] = true, ["computer-use-2025-01-24"] = true, ["computer-use-2025-11-24"] = true,
  ["effort-2025-11-24"] = true, ["structured-outputs-2025-11-13"] = true, ["compact-2026-01-12"] = true,
}

local PREFIXES = { "publishers/anthropic/models/", "anthropic/" }

--- The name as Vertex knows it.
local function plain(model)
  for _, prefix in ipairs(PREFIXES) do
    if model:sub(1, #prefix) == prefix then return model:sub(#prefix + 1) end
  end
  return model
end

local function path_of(model, stream)
  local method = stream and "streamRawPredict" or "rawPredict"
  return ("/publishers/anthropic/models/%s:%s"):format(path.escaped(model), method)
end

--- A marker for the whole body belongs to the last block that can have one.
local function settle_marker(body)
  local mark, last = body.cache_control, body.messages[#body.messages]
  body.cache_control = nil
  local block = last and last.content[#last.content]
  if mark and type(block) == "table" and not block.cache_control then block.cache_control = mark end
end

-- Pictures by their address ------------------------------------------------------------------------------------------

local function fetched(block, call)
  if not call.fetch then
    return failure.request("a picture by its address cannot be sent to this provider: send it inline", "messages",
      "unsupported_content")
  end
  local bytes, kind = call.fetch(block.source.url, { max_bytes = FETCH_BYTES })
  if not bytes then return kind end
  local data = base64.encode(bytes)
  local told = type(kind) == "string" and kind:match "^[%w%-]+/[%w%-%+%.]+"
  block.source = { type = "base64", media_type = media.sniffed(data) or told or "image/jpeg", data = data }
  return nil
end

local function inline(blocks, call)
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    local source = type(block) == "table" and block.source
    local problem
    if type(source) == "table" and source.type == "url" then
      problem = fetched(block, call)
    elseif type(block) == "table" then
      problem = inline(block.content, call)
    end
    if problem then return problem end
  end
  return nil
end

--- Vertex fetches nothing itself.
local function inline_all(messages, call)
  for _, message in ipairs(messages) do
    local problem = inline(message.content, call)
    if problem then return problem end
  end
  return nil
end

-- The request --------------------------------------------------------------------------------------------------------

--- Only the betas that the platform knows.
local function known(names)
  local list = {}
  for name in (names or ""):gmatch "[^,%s]+" do
    if BETAS[name] then list[#list + 1] = name end
  end
  return #list > 0 and table.concat(list, ",") or nil
end

local function headers_of(made, call)
  return {
    ["anthropic-beta"] = known(made.headers and made.headers["anthropic-beta"]),
    ["x-goog-user-project"] = (call.headers or {})["x-goog-user-project"],
  }
end

--- The draft with what both kinds of request need.
local function draft_of(call, provider)
  local draft, problem = request.draft(call, provider)
  if not draft then return nil, problem end
  problem = inline_all(draft.body.messages, call)
  if problem then return nil, problem end
  settle_marker(draft.body)
  draft.body.anthropic_version = VERSION
  return draft
end

local function rendered(draft, target_path, content, call)
  local made, problem = request.rendered(draft, target_path, content)
  if not made then return nil, problem end
  made.headers = headers_of(made, call)
  return made
end

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function build(call, provider)
  local draft, problem = draft_of(call, provider)
  if not draft then return nil, problem end
  for _, name in ipairs(REFUSED) do draft.body[name] = nil end
  return rendered(draft, path_of(plain(call.model), call.stream), draft.body, call)
end

-- What a count reads.
local COUNTED = { "messages", "system", "tools", "tool_choice", "thinking", "anthropic_version" }

--- A count has the model in its body: its path is the same for all.
---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function count(call, provider)
  local draft, problem = draft_of(call, provider)
  if not draft then return nil, problem end
  local body = { model = plain(call.model) }
  for _, name in ipairs(COUNTED) do body[name] = draft.body[name] end
  return rendered(draft, path_of("count-tokens", false), body, call)
end

return {
  build = build, count = count, path = function(model, stream) return path_of(plain(model), stream) end, betas = known,
  refused = REFUSED, version = VERSION,
}
