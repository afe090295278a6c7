-- SPDX-License-Identifier: Apache-2.0
--- A prediction of a language model as a `chat.completion`.

local json = require "gateway.json"
local ids = require "providers.dialects.neutral.ids"
local prediction = require "providers.dialects.replicate.prediction"
local reply = require "providers.dialects.neutral.reply"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local NOTHING_COUNTED = { prompt_tokens = 0, completion_tokens = 0 }

--- The output as text: a string, pieces to join, nothing, or JSON of another kind as it stands.
---@param output any
---@return string
local function text_of(output)
  if output == nil then return "" end
  if type(output) == "string" then return output end
  if type(output) ~= "table" or not json.is_array(output) then return json.encode(output) or "" end
  local pieces = {}
  for i, piece in ipairs(output) do
    pieces[i] = type(piece) == "string" and piece or json.encode(piece)
  end
  return table.concat(pieces)
end

--- Nothing says why a model ended; one that said as much as it was allowed to was stopped.
---@param usage Usage?
---@param most number? tokens that were asked for
---@return string
local function reason_of(usage, most)
  local output = usage and usage.completion_tokens
  return most and output and output >= most and "length" or "stop"
end

---@param call DialectCall
---@param id string?
---@return Envelope
local function envelope_of(call, id)
  return { id = ids.of_answer(id), created = call.created, model = call.model }
end

--- Translates the answer, once the prediction has ended.
---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function translate(call, text)
  local made, problem = prediction.decoded(text)
  if made then made, problem = prediction.await(call, made) end
  if not made then return nil, problem end
  local counts = prediction.usage_of(made)
  local message = { role = "assistant", content = text_of(member(made, "output")), refusal = json.null }
  return reply.whole(envelope_of(call, typed(made, "id", "string")), message, reason_of(counts, call.kept.most),
    counts or NOTHING_COUNTED), counts
end

return { translate = translate, reason_of = reason_of, envelope_of = envelope_of }
