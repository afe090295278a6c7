-- SPDX-License-Identifier: Apache-2.0
--- `generationConfig`: how an answer is to be made.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local openapi = require "providers.dialects.gemini.schema"
local parameters = require "providers.dialects.neutral.parameters"
local schema = require "providers.dialects.neutral.schema"
local thinking = require "providers.dialects.gemini.thinking"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local MOST_STOPS, MOST_CANDIDATES, MOST_LOGPROBS = 5, 8, 20

-- OpenAI's names, Google's, and the bounds beyond which Google refuses; both ends of a penalty are OpenAI's, but 2 is
-- no longer Google's.
local NUMBERS = {
  { "temperature", "temperature", 0, 2 },
  { "top_p", "topP" },
  { "top_k", "topK" },
  { "seed", "seed" },
  { "frequency_penalty", "frequencyPenalty", -2, 1.99 },
  { "presence_penalty", "presencePenalty", -2, 1.99 },
}

local MODALITIES = { text = "TEXT", image = "IMAGE", audio = "AUDIO" }

-- Google's own members that a client may put into an OpenAI body (or into its extra_body.google).
local EXTENSIONS = {
  thinking_config = "thinkingConfig", image_config = "imageConfig", media_resolution = "mediaResolution",
  speech_config = "speechConfig",
}

local function add_numbers(config, request)
  for _, rule in ipairs(NUMBERS) do
    local found, problem = parameters.number(request, rule[1])
    if problem then return problem end
    if found and rule[3] then found = math.max(rule[3], math.min(found, rule[4])) end
    config[rule[2]] = found
  end
  return nil
end

local function add_max_tokens(config, request)
  local wish, problem = parameters.number(request, "max_completion_tokens")
  if not wish and not problem then wish, problem = parameters.number(request, "max_tokens") end
  config.maxOutputTokens = wish
  return problem
end

local function add_candidates(config, request)
  local count, problem = parameters.number(request, "n")
  if problem then return problem end
  if count and count > MOST_CANDIDATES then
    return failure.request(("n must be at most %d: this provider gives no more answers"):format(MOST_CANDIDATES), "n")
  end
  config.candidateCount = count
  return nil
end

local function add_stops(config, request)
  local list, problem = parameters.stops(request)
  if not list then return problem end
  if #list > MOST_STOPS then
    return failure.request(("stop must hold at most %d texts: this provider takes no more"):format(MOST_STOPS), "stop")
  end
  if #list > 0 then config.stopSequences = list end
  return nil
end

local function add_logprobs(config, request)
  local wanted = member(request, "logprobs")
  local count, problem = parameters.number(request, "top_logprobs")
  if problem or not wanted then return problem end
  config.responseLogprobs = true
  config.logprobs = count and math.max(0, math.min(count, MOST_LOGPROBS)) or json.number(wanted)
  return nil
end

local function add_modalities(config, request)
  local list = json.array {}
  for _, name in ipairs(typed(request, "modalities", "table") or {}) do
    list[#list + 1] = type(name) == "string" and (MODALITIES[name:lower()] or name:upper()) or nil
  end
  if #list > 0 then config.responseModalities = list end
  local voice = typed(typed(request, "audio", "table"), "voice", "string")
  if voice then config.speechConfig = { voiceConfig = { prebuiltVoiceConfig = { voiceName = voice } } } end
  return nil
end

local function add_thinking(config, request, draft)
  config.thinkingConfig = thinking.config(request, draft.traits)
  return nil
end

local function add_extensions(config, request, draft)
  for name, theirs in pairs(EXTENSIONS) do
    local found = member(request, name)
    if found == nil then found = member(draft.google, name) end
    if found ~= nil then config[theirs] = found end
  end
  return nil
end

--- The client's schema where it belongs.
local function set_schema(config, text, as_openapi)
  local fit = schema.for_tool(text)
  if not fit then
    return failure.request("schema must be a JSON Schema object", "response_format.json_schema.schema")
  end
  if as_openapi then
    config.responseSchema = json.raw(openapi.openapi(fit))
  else
    config.responseJsonSchema = json.raw(fit)
  end
  return nil
end

--- Models before Gemini 3 refuse a format beside tools: there the client's wish is said in words.
local function ask_for_format(draft, text)
  local sentence = text and "Answer with one JSON object that fits this JSON Schema and nothing else: " .. text
    or "Answer with one JSON object and nothing else."
  draft.sentence = sentence
  return nil
end

local function add_format(config, request, draft)
  local format, problem = parameters.format(request)
  if not format then return problem end
  if draft.has_tools and not draft.traits.json_with_tools then return ask_for_format(draft, format.text) end
  config.responseMimeType = "application/json"
  return format.text and set_schema(config, format.text, draft.openapi)
end

local STEPS = {
  add_max_tokens, add_numbers, add_candidates, add_stops, add_logprobs, add_modalities, add_thinking, add_format,
  add_extensions,
}

--- The configuration of a request; nil without a failure when there is nothing to say.
---@param draft GeminiDraft
---@return table? config, Failure? failure
local function config_of(draft)
  local config = {}
  for _, step in ipairs(STEPS) do
    local problem = step(config, draft.request, draft)
    if problem then return nil, problem end
  end
  return next(config) and config or nil
end

return { config_of = config_of }
