-- SPDX-License-Identifier: Apache-2.0
--- Bedrock's names for models, and what each family takes. A name is `[region prefix.]vendor.model`, or an ARN: of a
--- foundation model or an inference profile, which hold such a name, or of something that tells nothing of its model.

local claude = require "providers.dialects.anthropic.models"

-- unverified: ca, us-gov
local PREFIXES = {
  us = true, eu = true, apac = true, jp = true, au = true, ca = true, ["us-gov"] = true, global = true,
}

-- Vendors whose models answer by a schema unasked by tricks. unverified: by vendor, not by model
local STRUCTURED = {
  qwen = true, openai = true, deepseek = true, google = true, minimax = true, mistral = true, moonshot = true,
  moonshotai = true, nvidia = true,
}

-- Claude models without structured output on Bedrock, though they have it elsewhere. unverified: one SDK's list
local UNSTRUCTURED = { "opus%-4%-7", "opus%-4%-8", "opus%-5$", "fable%-5$", "sonnet%-5$" }

---@class BedrockModel
---@field vendor string? "anthropic", "amazon" ...; nil when nothing tells
---@field bare string? the name without a region prefix
---@field claude Traits?
---@field version number? of Claude: 4.5
---@field nova integer? 1 or 2
---@field caches boolean cache points are taken
---@field hours boolean a cache point may live an hour. unverified: from Claude 4.5 on
---@field result_images boolean tool results may hold images
---@field result_status boolean tool results may say that they failed
---@field structured boolean outputConfig is taken
---@field forced boolean a tool can be forced

--- The model's name in an ARN; nil where the ARN has none.
local function name_in_arn(arn)
  local resource = arn:match "^arn:[^:]*:bedrock:[^:]*:[^:]*:(.+)$"
  local kind, name = (resource or ""):match "^([%l%-]+)/(.+)$"
  if kind == "foundation-model" or kind == "inference-profile" then return name end
  return nil
end

--- The name without its region prefix, and an ARN's model.
---@param id string
---@return string? bare nil when an ARN names none
local function bare(id)
  local name = id
  if id:find "^arn:" then name = name_in_arn(id) end
  local prefix, rest = (name or ""):match "^([%l%-]+)%.(.+)$"
  return prefix and PREFIXES[prefix] and rest or name
end

--- The region that an ARN names.
---@param id string
---@return string?
local function region(id)
  local found = id:match "^arn:[^:]*:bedrock:([%w%-]+):"
  return found
end

--- One segment of a path: sent so, and signed as sent.
---@param id string
---@return string
local function encoded(id)
  return (id:gsub("[^%w%-._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- "claude-sonnet-4-5-20250929" of "anthropic.claude-sonnet-4-5-20250929-v1:0"; nil for other models.
---@param name string
---@return string?
local function claude_name(name)
  local found = name:match "claude%-[%w%-]+"
  return found and (found:gsub("%-v%d+$", ""))
end

local function is_structured(name, traits)
  local plain = name:gsub("%-%d%d%d%d%d%d%d%d$", "")
  for _, pattern in ipairs(UNSTRUCTURED) do
    if plain:find(pattern) then return false end
  end
  return traits.structured
end

local function claude_model(name)
  local traits, version = claude.traits(name)
  return {
    vendor = "anthropic", claude = traits, version = version, caches = true, hours = version >= 4.5,
    result_images = true, result_status = true, structured = is_structured(name, traits), forced = traits.forced,
  }
end

local function other_model(name)
  local vendor = name:match "^([%l%d]+)%."
  local nova = name:find "^amazon%.nova%-" and (name:find "^amazon%.nova%-2" and 2 or 1) or nil
  return {
    vendor = vendor, nova = nova, caches = nova ~= nil, hours = false, result_images = nova ~= nil,
    result_status = nova ~= nil, structured = STRUCTURED[vendor] == true, forced = true,
  }
end

-- Nothing is known: what Converse has for all of them goes out, nothing else does.
local UNKNOWN = {
  caches = false, hours = false, result_images = false, result_status = false, structured = true, forced = true,
}

local function read(name)
  local known = claude_name(name)
  local model = known and claude_model(known) or other_model(name)
  model.bare = name
  return model
end

--- What is known of a model. An ARN that tells nothing is what the client's own name for it tells.
---@param id string the upstream's name
---@param asked string? what the client wrote
---@return BedrockModel
local function of(id, asked)
  local name = bare(id)
  if name then return read(name) end
  local hint = asked and asked ~= id and bare((asked:gsub("^[%w%-]+/", ""))) or nil
  if not hint then return UNKNOWN end
  local model = read(hint)
  return (model.vendor or model.claude) and model or UNKNOWN
end

return { of = of, bare = bare, region = region, encoded = encoded, claude_name = claude_name }
