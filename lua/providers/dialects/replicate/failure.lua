-- SPDX-License-Identifier: Apache-2.0
--- Replicate's errors (RFC 7807, and predictions that failed) as the gateway's.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local log = require "gateway.log"
local retry = require "providers.dialects.neutral.retry"
local statuses = require "providers.dialects.neutral.statuses"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local LONGEST = 2048 -- characters of a vendor's message that reach the client

--- "Invalid input: prompt is missing": the title says what kind, the detail what.
local function words_of(text)
  local body = json.decode(text or "")
  local title, detail = typed(body, "title", "string"), typed(body, "detail", "string")
  if not title or not detail then return nil end
  return value.cut(log.redacted(title .. ": " .. value.trimmed(detail)), LONGEST)
end

--- A failed answer.
---@param status integer
---@param headers table<string, string> names in lower case
---@param text string?
---@param now number? Unix seconds
---@return Failure
local function of_answer(status, headers, text, now)
  local words = words_of(text) or failure.read(status, text).message
  local made = statuses.made(statuses.kind_of(status, words), words)
  made.retry_after = retry.after(headers, now)
  return made
end

--- The message of an error event: JSON with `detail`, or words.
---@param data string
---@return string?
local function words_of_event(data)
  local body = json.decode(data)
  local words = typed(body, "detail", "string") or typed(body, "error", "string")
  if not words and not data:find "^%s*[%[{]" and not value.blank(data) then words = value.trimmed(data) end
  return words and value.cut(log.redacted(words), LONGEST)
end

local function is_blocked(words)
  local lower = words:lower()
  return lower:find("nsfw", 1, true) ~= nil or lower:find("sensitive", 1, true) ~= nil
end

--- A prediction that did not succeed.
---@param words string? the vendor's
---@return Failure
local function of_prediction(words)
  if words and words ~= "" and is_blocked(words) then return statuses.made(statuses.FILTER, words) end
  return statuses.made(statuses.FAULT, words ~= "" and words or nil)
end

return { of_answer = of_answer, of_prediction = of_prediction, words_of_event = words_of_event }
