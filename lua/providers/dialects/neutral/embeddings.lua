-- SPDX-License-Identifier: Apache-2.0
--- Embeddings: what clients put in, and OpenAI's answer around the vectors that a vendor gives.

local base64 = require "gateway.base64"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local INPUT = "input must be a string or an array of strings"
local NO_VECTORS = "the upstream provider's embeddings are no vectors"
local TOKENS = "token ids cannot be sent to this provider: send text"

--- The client's `input` as a list of texts.
---@param request table
---@return string[]? texts, Failure? failure
local function texts(request)
  local input = value.member(request, "input")
  if type(input) == "string" then return json.array { input } end
  if type(input) ~= "table" or input[1] == nil then return nil, failure.request(INPUT, "input") end
  local list = json.array {}
  for i, text in ipairs(input) do
    if json.number(text) or type(text) == "table" then
      return nil, failure.request(TOKENS, "input", "unsupported_parameter")
    end
    if type(text) ~= "string" then return nil, failure.request(INPUT, "input") end
    list[i] = text
  end
  return list
end

--- Whether the client wants its vectors as base64 of little-endian floats.
---@param request table
---@return boolean
local function wants_base64(request)
  return typed(request, "encoding_format", "string") == "base64"
end

--- The four bytes of a number as IEEE 754 single precision, little-endian.
local function float_bytes(number)
  if number == 0 or number ~= number then return "\0\0\0\0" end
  local sign, size = number < 0 and 128 or 0, math.abs(number)
  local fraction, exponent = math.frexp(size)
  local biased = exponent + 126
  local mantissa
  if biased >= 255 then
    biased, mantissa = 255, 0
  elseif biased > 0 then
    mantissa = math.floor((fraction * 2 - 1) * 8388608 + 0.5)
  else
    biased, mantissa = 0, math.floor(size * 2 ^ 149 + 0.5)
  end
  if mantissa == 8388608 then
    biased, mantissa = biased + 1, 0
  end
  return string.char(mantissa % 256, math.floor(mantissa / 256) % 256,
    biased % 2 * 128 + math.floor(mantissa / 65536), sign + math.floor(biased / 2))
end

--- A vector as the client's SDK reads it.
---@param vector any[] numbers, maybe in the vendor's spelling
---@return string
local function packed(vector)
  local bytes = {}
  for i, number in ipairs(vector) do bytes[i] = float_bytes(json.number(number) or 0) end
  return base64.encode(table.concat(bytes))
end

--- One vector in the encoding that the client asked for. What is base64 already stays.
local function encoded(vector, as_base64)
  if as_base64 and type(vector) == "table" then return packed(vector) end
  return type(vector) == "table" and json.array(vector) or vector
end

--- The whole answer.
---@param request table the client's
---@param model string
---@param vectors any[] in the order of the input: lists of numbers, decoded or raw, or base64 text
---@param tokens integer? how many were read; nil: the vendor does not say
---@return string? text, Usage|Failure usage
local function whole(request, model, vectors, tokens)
  local data, as_base64 = json.array {}, wants_base64(request)
  for i, vector in ipairs(vectors) do
    local fits = type(vector) == "table" or json.is_raw(vector) or as_base64 and type(vector) == "string"
    if not fits then return nil, failure.answer(NO_VECTORS) end
    data[i] = { object = "embedding", index = i - 1, embedding = encoded(vector, as_base64) }
  end
  local count = tokens or 0
  local text = json.encode {
    object = "list", data = data, model = model, usage = { prompt_tokens = count, total_tokens = count },
  }
  if not text then return nil, failure.answer(NO_VECTORS) end
  return text, { prompt_tokens = tokens, total_tokens = tokens }
end

return { texts = texts, wants_base64 = wants_base64, packed = packed, whole = whole }
