-- SPDX-License-Identifier: Apache-2.0
--- Speech by Mistral: the voice has another name, the sound comes as base64 in JSON.

local base64 = require "gateway.base64"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local TYPES = {
  mp3 = "audio/mpeg", opus = "audio/opus", aac = "audio/aac", flac = "audio/flac", wav = "audio/wav", pcm = "audio/pcm",
}

-- Members that go out as the client wrote them.
local KEPT = { "input", "response_format", "stream", "ref_audio" }

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  local body = { model = call.model, voice_id = member(call.request, "voice_id") or member(call.request, "voice") }
  for _, name in ipairs(KEPT) do body[name] = member(call.request, name) end
  body.stream = nil
  return { path = provider.paths.speech, body = json.encode(body) }
end

---@param call DialectCall
---@param text string
---@return string? bytes, Usage|Failure|nil, string? content_type
local function response(call, text)
  local data = typed(json.decode(text), "audio_data", "string")
  local bytes = data and base64.decode(data)
  if not bytes then return nil, failure.answer("the upstream provider's answer holds no audio") end
  local input = typed(call.request, "input", "string") or ""
  local format = typed(call.request, "response_format", "string") or "mp3"
  return bytes, { characters = value.characters(input) }, TYPES[format] or "application/octet-stream"
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
