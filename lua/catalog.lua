-- SPDX-License-Identifier: Apache-2.0
--- What the catalog says of a model, under the names that providers, clients and price lists use for it. A row is
--- looked up when a plan is made, never for a request.

local door = require "gateway.catalog"

local catalog = {}

--- Other prefixes a price list may have for a provider (gateway-api 10.3).
local ALIASES = {
  ["azure-foundry"] = { "azure_foundry", "azure" },
  ["azure-openai"] = { "azure_openai", "azure" },
  ["hugging-face"] = { "hugging_face" },
  ["nvidia-nim"] = { "nvidia_nim" },
  ["ollama-cloud"] = { "ollama_cloud" },
  ["vertex-ai"] = { "vertex_ai" },
  qwen = { "dashscope" },
}

--- An inference profile of Bedrock's.
local function regional(name)
  return { "^" .. name:gsub("%-", "%%-") .. "%.", providers = { bedrock = true } }
end

--- Takes a variant of a model's name to the name before it: a path of a resource, a region, a version, a date. The
--- first that leads to a row is right, so each is tried on the name and on what the earlier ones made of it.
local SHORTER = {
  { "^.*/models/" }, { "^models/" },
  { "^arn:.*/", providers = { bedrock = true } },
  regional "us", regional "eu", regional "apac", regional "global", regional "us-gov", regional "au", regional "ca",
  regional "jp", regional "sa",
  { "^(ft:[^:]+):.*$", "%1" },
  { ":[%x]+$", providers = { replicate = true } },
  { "@[%w.-]+$" },
  { "%-20%d%d%-%d%d%-%d%d$" }, { "%-20%d%d%d%d%d%d$" },
}

local function find(prefix, model)
  return door.find(prefix, model) or door.find(prefix, model:lower())
end

--- The row of one name under any of a provider's prefixes. A chat row without a price yields to one that has it.
local function any_prefix(provider, model)
  local first = find(provider, model)
  if first and (first.input or first.mode ~= "chat") then return first end
  for _, prefix in ipairs(ALIASES[provider] or {}) do
    local row = find(prefix, model)
    if row and (row.input or not first) then return row end
  end
  return first
end

--- What is known of a model of a provider; nil when nothing is.
---@param provider string
---@param model string as the provider spells it
---@return table? row docs/catalog.md has its members
function catalog.row(provider, model)
  local row = any_prefix(provider, model)
  for _, rule in ipairs(SHORTER) do
    if row then return row end
    local shorter = (not rule.providers or rule.providers[provider]) and model:gsub(rule[1], rule[2] or "") or model
    if shorter ~= model and shorter ~= "" then
      model, row = shorter, any_prefix(provider, shorter)
    end
  end
  return row
end

local owns_rows = {} -- whether there are any under a target's name, by that name

local function has_rows(name)
  if owns_rows[name] == nil then owns_rows[name] = ALIASES[name] ~= nil or #door.list(name) > 0 end
  return owns_rows[name]
end

--- The same for a target: rows under its own name, for servers of the operator's own, come before its provider's.
---@param target { name: string, provider: { name: string } }
---@param model string
---@return table? row
function catalog.of(target, model)
  local name = target.provider.name
  local own = target.name ~= name and has_rows(target.name)
  return own and catalog.row(target.name, model) or catalog.row(name, model)
end

--- Every model the catalog has of a provider.
---@param provider string
---@return string[]
function catalog.models(provider)
  return door.list(provider)
end

-- What GET /v1/models shows ------------------------------------------------------------------------------------------

--- gateway-api 1.13: in this order.
local CAPABILITIES = {
  { "vision", "vision" }, { "function_calling", "tools" }, { "parallel_tool_calls", "parallel_tools" },
  { "json_mode", "json_mode" }, { "response_schema", "json_schema" }, { "streaming", "streaming" },
  { "prompt_caching", "prompt_caching" }, { "reasoning", "reasoning" }, { "audio_input", "audio_in" },
  { "audio_output", "audio_out" }, { "finetuneable", "finetuneable" },
}

local MODES = { audio_transcription = "audio_in", audio_speech = "audio_out" }

--- Price lists do not say what every chat model can: stream, and answer in JSON where it keeps to a schema.
local function can(row, name)
  if row[name] ~= nil then return row[name] end
  if name == "streaming" then return row.mode == "chat" or row.mode == "completion" end
  return name == "json_mode" and row.json_schema == true
end

local function capabilities(row)
  local list = {}
  for _, each in ipairs(CAPABILITIES) do
    if can(row, each[2]) then list[#list + 1] = each[1] end
  end
  return #list > 0 and list or nil
end

local function is_deprecated(row, today)
  if row.status == "deprecated" then return true end
  local date = row.deprecation_date or row.sunset_date
  return date ~= nil and today ~= nil and date <= today
end

--- What a list of models says beside a name; what is not known, or false, is left out.
---@param row table
---@param today string? "2026-01-31", for dates of deprecation
---@return { mode: string, context_window: integer?, max_output_tokens: integer?, capabilities: string[]?,
---  status: string, deprecated: true? }
function catalog.described(row, today)
  local deprecated = is_deprecated(row, today)
  return {
    mode = MODES[row.mode] or row.mode,
    context_window = row.context,
    max_output_tokens = row.max_output,
    capabilities = capabilities(row),
    status = row.status or deprecated and "deprecated" or "ga",
    deprecated = deprecated or nil,
  }
end

-- For `check` --------------------------------------------------------------------------------------------------------

--- What is wrong with the files, a line each; nil when nothing is.
---@return string?
function catalog.report()
  local faults = door.faults()
  return #faults > 0 and table.concat(faults, "\n") or nil
end

return catalog
