-- SPDX-License-Identifier: Apache-2.0
--- What each generation of Google's models takes, as far as was known in November 2026; a name nobody listed counts as
--- the newest.

---@class GeminiTraits
---@field version number of the generation, 2.5 of gemini-2.5-flash; infinite when the name does not tell
---@field line "pro"|"flash"|"flash-lite"|nil
---@field thinking "level"|"budget"|nil in which words thinking is asked for
---@field system boolean whether there is a system instruction
---@field fetches boolean whether it fetches http(s) URLs itself
---@field signs boolean whether a replayed call must carry the signature of its thought
---@field json_with_tools boolean whether the answer can have a schema while tools are there
---@field result_parts boolean whether a function's response can hold images
---@field json_schema boolean whether it reads JSON Schema, or only OpenAPI's subset of it

local FOREIGN = { "models/", "publishers/google/models/", "google/" }

--- The name without the path that Google writes before it.
---@param model string
---@return string
local function plain(model)
  for _, prefix in ipairs(FOREIGN) do
    if model:sub(1, #prefix) == prefix then return model:sub(#prefix + 1) end
  end
  return model
end

local function line_of(name)
  if name:find("flash-lite", 1, true) then return "flash-lite" end
  if name:find("flash", 1, true) then return "flash" end
  return name:find("pro", 1, true) and "pro" or nil
end

local function thinking_of(version)
  if version >= 3 then return "level" end
  return version >= 2.5 and "budget" or nil
end

local function gemma()
  return {
    version = 1, system = false, fetches = false, signs = false, json_with_tools = false, result_parts = false,
    json_schema = true,
  }
end

---@param model string
---@return GeminiTraits
local function traits(model)
  local name = plain(model)
  if name:find "^gemma" then return gemma() end
  local version = tonumber(name:match "gemini%-(%d+%.?%d*)") or math.huge
  return {
    version = version, line = line_of(name), thinking = thinking_of(version), system = true, fetches = version > 2.0,
    signs = version >= 3, json_with_tools = version >= 3, result_parts = version >= 3, json_schema = version >= 2,
  }
end

return { plain = plain, traits = traits }
