-- SPDX-License-Identifier: Apache-2.0
--- Chat answers as a legacy completion: prompt i and its choice j stand at i * n + j.

local json = require "gateway.json"
local logprobs = require "providers.dialects.openai_completions.logprobs"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REASONS = { tool_calls = "stop", function_call = "stop" }

--- The legacy id of a chat's.
---@param id string?
---@return string
local function id_of(id)
  return "cmpl-" .. (id and id:match "^chatcmpl%-(.+)$" or id or "unknown")
end

--- Chat's finish_reason; there are no tools here.
---@param reason string?
---@return string?
local function reason_of(reason)
  return REASONS[reason] or reason
end

local function text_of(content)
  if type(content) ~= "table" then return type(content) == "string" and content or "" end
  local texts = {}
  for _, part in ipairs(content) do texts[#texts + 1] = typed(part, "text", "string") end
  return table.concat(texts)
end

local function choice_of(choice, index, before)
  local message = typed(choice, "message", "table")
  local text = text_of(member(message, "content"))
  if text == "" then text = typed(message, "refusal", "string") or "" end
  return {
    text = before .. text, index = index,
    logprobs = (logprobs.of_chat(member(choice, "logprobs"), value.characters(before))),
    finish_reason = reason_of(typed(choice, "finish_reason", "string")) or json.null,
  }
end

local COUNTERS = { "prompt_tokens", "completion_tokens", "total_tokens" }

--- Adds what one answer has used.
---@param sum table?
---@param found any an answer's `usage`
---@return table?
local function add_usage(sum, found)
  if type(found) ~= "table" then return sum end
  if not sum then return found end
  local added = {}
  for name, count in pairs(sum) do added[name] = count end
  for _, name in ipairs(COUNTERS) do
    local more = typed(found, name, "number")
    if more then added[name] = (typed(sum, name, "number") or 0) + more end
  end
  added.prompt_tokens_details, added.completion_tokens_details = nil, nil
  return added
end

local function add_choices(made, context, answer, part)
  local kept = context.kept
  local before = kept.echo and kept.echo[part] or ""
  for position, choice in ipairs(typed(answer, "choices", "table") or {}) do
    local index = typed(choice, "index", "number") or position - 1
    made.choices[#made.choices + 1] = choice_of(choice, (part - 1) * kept.n + index, before)
  end
  made.usage = add_usage(made.usage, member(answer, "usage"))
end

--- The completion; nil when one of the answers is none.
---@param context FaceContext
---@param texts string|string[] the answer in OpenAI's form, or one for each prompt
---@return string? text
local function translate(context, texts)
  local made = { object = "text_completion", choices = json.array {} }
  for part, text in ipairs(type(texts) == "table" and texts or { texts }) do
    local answer = json.decode(text)
    if not typed(answer, "choices", "table") then return nil end
    made.id = made.id or id_of(typed(answer, "id", "string"))
    made.created = made.created or member(answer, "created") or context.created
    made.model = made.model or typed(answer, "model", "string") or context.model
    made.system_fingerprint = made.system_fingerprint or typed(answer, "system_fingerprint", "string")
    add_choices(made, context, answer, part)
  end
  return json.encode(made)
end

return { translate = translate, id = id_of, reason = reason_of, add_usage = add_usage }
