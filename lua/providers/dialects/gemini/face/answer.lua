-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's answers as Gemini's clients read them.

local json = require "gateway.json"
local random = require "gateway.random"

local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local REASONS = { stop = "STOP", tool_calls = "STOP", function_call = "STOP", length = "MAX_TOKENS",
  content_filter = "SAFETY" }

---@param reason string? OpenAI's
---@return string
local function reason_of(reason)
  return REASONS[reason] or "STOP"
end

local function signature_of(holder)
  local google = typed(typed(holder, "extra_content", "table"), "google", "table")
  return typed(google, "thought_signature", "string")
end

--- Arguments as an object: what is none is wrapped, what is no JSON is its text.
---@param text string?
---@return userdata|table
local function args_of(text)
  if not text or value.blank(text) then return json.raw "{}" end
  local raw = json.raw(text)
  if raw and text:find "^%s*{" then return raw end
  return { value = raw or text }
end

--- A call as a part.
---@param call table one of `tool_calls`, whole
---@return table
local function call_part(call)
  local spec = typed(call, "function", "table")
  return {
    functionCall = {
      id = typed(call, "id", "string"), name = typed(spec, "name", "string") or "",
      args = args_of(typed(spec, "arguments", "string")),
    },
    thoughtSignature = signature_of(call),
  }
end

--- Pictures, which stand in data URLs.
local function image_part(image)
  local url = typed(typed(image, "image_url", "table"), "url", "string") or ""
  local mime, data = url:match "^data:([^;,]+);base64,(.*)$"
  return mime and { inlineData = { mimeType = mime, data = data } } or nil
end

local function audio_part(audio)
  local data = typed(audio, "data", "string")
  return data and { inlineData = { mimeType = "audio/wav", data = data } } or nil
end

--- Appends what a message or a delta says, but for its calls.
---@param list table[] parts
---@param said table
local function append(list, said)
  local thought = typed(said, "reasoning_content", "string") or typed(said, "reasoning", "string")
  if thought and thought ~= "" then list[#list + 1] = { text = thought, thought = true } end
  for _, name in ipairs { "content", "refusal" } do
    local text = typed(said, name, "string")
    if text and text ~= "" then list[#list + 1] = { text = text } end
  end
  for _, image in ipairs(typed(said, "images", "table") or {}) do
    list[#list + 1] = image_part(image)
  end
  list[#list + 1] = audio_part(typed(said, "audio", "table"))
end

--- A text's signature belongs to its last part, or to an empty one.
---@param list table[]
---@param said table
local function sign(list, said)
  local signature = signature_of(said)
  if not signature then return end
  local last = list[#list]
  if last and last.text and not last.thought then
    last.thoughtSignature = signature
  else
    list[#list + 1] = { text = "", thoughtSignature = signature }
  end
end

local function logged(entry)
  return { token = typed(entry, "token", "string") or "", logProbability = typed(entry, "logprob", "number") or 0 }
end

local function logprobs_of(choice)
  local content = typed(typed(choice, "logprobs", "table"), "content", "table")
  if not content then return nil end
  local chosen, tops = json.array {}, json.array {}
  for i, entry in ipairs(content) do
    local candidates = json.array {}
    for at, top in ipairs(typed(entry, "top_logprobs", "table") or {}) do candidates[at] = logged(top) end
    chosen[i], tops[i] = logged(entry), { candidates = candidates }
  end
  return { chosenCandidates = chosen, topCandidates = tops }
end

local function parts_of(message)
  local list = json.array {}
  append(list, message)
  sign(list, message)
  for _, call in ipairs(typed(message, "tool_calls", "table") or {}) do
    list[#list + 1] = call_part(call)
  end
  if #list == 0 then list[1] = { text = "" } end
  return list
end

local function candidate_of(choice, position)
  return {
    content = { role = "model", parts = parts_of(typed(choice, "message", "table") or {}) },
    index = typed(choice, "index", "number") or position - 1,
    finishReason = reason_of(typed(choice, "finish_reason", "string")),
    logprobsResult = logprobs_of(choice),
  }
end

--- OpenAI's usage object as Google's counters; thoughts are not among the candidates' tokens there.
---@param usage any
---@return table?
local function counters(usage)
  if type(usage) ~= "table" then return nil end
  local prompt = typed(usage, "prompt_tokens", "number") or 0
  local completion = typed(usage, "completion_tokens", "number") or 0
  local thoughts = typed(typed(usage, "completion_tokens_details", "table"), "reasoning_tokens", "number")
  return {
    promptTokenCount = prompt, candidatesTokenCount = completion - (thoughts or 0), thoughtsTokenCount = thoughts,
    cachedContentTokenCount = typed(typed(usage, "prompt_tokens_details", "table"), "cached_tokens", "number"),
    totalTokenCount = typed(usage, "total_tokens", "number") or prompt + completion,
  }
end

--- The answer's id without OpenAI's prefix.
---@param answer table
---@return string
local function id_of(answer)
  local id = typed(answer, "id", "string")
  return id and (id:match "^chatcmpl%-(.+)$" or id) or random.alphanumeric(22)
end

--- A whole answer.
---@param context FaceContext
---@param text string
---@return string?
local function chat(context, text)
  local answer = json.decode(text)
  local choices = typed(answer, "choices", "table")
  if not choices then return nil end
  local candidates = json.array {}
  for position, choice in ipairs(choices) do
    candidates[position] = candidate_of(choice, position)
  end
  return json.encode {
    candidates = candidates, usageMetadata = counters(member(answer, "usage")),
    modelVersion = typed(answer, "model", "string") or context.model, responseId = id_of(answer),
  }
end

--- A count.
---@param _ FaceContext
---@param text string
---@return string?
local function counted(_, text)
  local total = typed(json.decode(text), "input_tokens", "number")
  return total and json.encode { totalTokens = total } or nil
end

return {
  chat = chat, counted = counted, append = append, sign = sign, call_part = call_part, counters = counters,
  id_of = id_of, reason = reason_of, logprobs = logprobs_of,
}
