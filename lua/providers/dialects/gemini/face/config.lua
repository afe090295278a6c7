-- SPDX-License-Identifier: Apache-2.0
--- The generationConfig of Gemini's clients as OpenAI's parameters.

local json = require "gateway.json"

local facing = require "providers.dialects.neutral.wants"
local schema = require "providers.dialects.gemini.face.schema"
local spelt = require "providers.dialects.gemini.spelt"
local thinking = require "providers.dialects.gemini.thinking"

local SAME = {
  maxOutputTokens = "max_completion_tokens", temperature = "temperature", topP = "top_p", candidateCount = "n",
  seed = "seed", presencePenalty = "presence_penalty", frequencyPenalty = "frequency_penalty",
}
local TIERS = { standard = "default", flex = "flex", priority = "priority" }
local EFFORTS = { minimal = "minimal", low = "low", medium = "medium", high = "high" }

-- What only Google's own models read; their dialect takes them from OpenAI's body, too.
local OWN_CONFIG = {
  mediaResolution = "media_resolution", imageConfig = "image_config", speechConfig = "speech_config",
}
local OWN = { safetySettings = "safety_settings", cachedContent = "cached_content", labels = "labels" }

local function add_same(body, config, wants)
  for theirs, ours in pairs(SAME) do
    body[ours] = spelt.member(config, theirs)
  end
  if wants.top_k then body.top_k = spelt.member(config, "topK") end
end

local function add_stop(body, config)
  local list = json.array {}
  for _, text in ipairs(spelt.typed(config, "stopSequences", "table") or {}) do
    if type(text) == "string" and text ~= "" then list[#list + 1] = text end
  end
  if #list > 0 then body.stop = list end
end

local function schema_of(config)
  local found = spelt.member(config, "responseJsonSchema")
  if found ~= nil then return found end
  return schema.json_schema(spelt.member(config, "responseSchema"))
end

local function add_format(body, config)
  if spelt.typed(config, "responseMimeType", "string") ~= "application/json" then return end
  local found = schema_of(config)
  body.response_format = found == nil and { type = "json_object" }
    or { type = "json_schema", json_schema = { name = "response", schema = found } }
end

local function add_logprobs(body, config)
  if spelt.typed(config, "responseLogprobs", "boolean") ~= true then return end
  body.logprobs, body.top_logprobs = true, spelt.typed(config, "logprobs", "number")
end

local function effort_of(config, wants)
  local found = spelt.typed(config, "thinkingConfig", "table")
  local level, budget = spelt.typed(found, "thinkingLevel", "string"), spelt.typed(found, "thinkingBudget", "number")
  local effort = level and EFFORTS[level:lower()]
  if effort then return effort end
  if not budget or budget < 0 then return nil end
  if budget == 0 then return wants.google and "none" or facing.least(wants.model) end
  return thinking.effort_of_budget(budget)
end

--- An effort is an error for OpenAI's models that do not reason.
local function add_effort(body, config, wants)
  if facing.reasons(wants.model) then body.reasoning_effort = effort_of(config, wants) end
end

--- Text alone needs no word.
local function add_modalities(body, config)
  local list, plain = json.array {}, true
  for _, name in ipairs(spelt.typed(config, "responseModalities", "table") or {}) do
    if type(name) == "string" then
      list[#list + 1] = name:lower()
      plain = plain and list[#list] == "text"
    end
  end
  if plain then return end
  body.modalities = list
  local voice = spelt.typed(spelt.typed(config, "speechConfig", "table"), "voiceConfig", "table")
  local name = spelt.typed(spelt.typed(voice, "prebuiltVoiceConfig", "table"), "voiceName", "string")
  if name then body.audio = { voice = name, format = "wav" } end
end

local function add_own(body, from, names)
  for theirs, ours in pairs(names) do
    body[ours] = spelt.member(from, theirs)
  end
end

--- Puts what the client says of the answer into OpenAI's body.
---@param body table
---@param request table
---@param wants Wants
local function put(body, request, wants)
  local config = spelt.typed(request, "generationConfig", "table") or {}
  add_same(body, config, wants)
  add_stop(body, config)
  add_format(body, config)
  add_logprobs(body, config)
  add_effort(body, config, wants)
  add_modalities(body, config)
  body.service_tier = TIERS[spelt.typed(request, "serviceTier", "string")]
  if not wants.google then return end
  add_own(body, config, OWN_CONFIG)
  add_own(body, request, OWN)
end

return { put = put }
