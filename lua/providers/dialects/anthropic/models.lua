-- SPDX-License-Identifier: Apache-2.0
--- What each generation of Claude takes. Known in November 2026; a name nobody listed counts as the newest kind, the
--- one that refuses most.

---@class Traits
---@field longest integer most output tokens
---@field sampling "any"|"one"|"idle"|"none" temperature, top_p, top_k: all; not two of them; not while thinking; never
---@field thinking table<string, boolean> accepted types: enabled, adaptive, disabled, between_tools
---@field thinks "asked"|"unasked"|"always" when it thinks
---@field efforts table<string, boolean> accepted values of output_config.effort
---@field forced boolean whether a tool can be forced
---@field inline_system boolean whether system messages may stand among the others
---@field structured boolean whether output_config.format exists

local NONE = {}
local TO_HIGH = { low = true, medium = true, high = true }
local TO_MAX = { low = true, medium = true, high = true, max = true }
local ALL = { low = true, medium = true, high = true, xhigh = true, max = true }

local function kind(fields)
  local made = {
    longest = 128000, sampling = "none", thinking = { adaptive = true }, thinks = "always", efforts = ALL,
    forced = false, inline_system = false, structured = true,
  }
  for name, field in pairs(fields) do
    made[name] = field
  end
  return made
end

local NEWEST = kind {}
local CLAUDE_3 = kind {
  longest = 4096, sampling = "any", thinking = NONE, thinks = "asked", efforts = NONE, forced = true,
  structured = false,
}
local CLAUDE_3_5 = kind {
  longest = 8192, sampling = "any", thinking = NONE, thinks = "asked", efforts = NONE, forced = true,
  structured = false,
}
local CLAUDE_4 = kind {
  longest = 64000, sampling = "any", thinking = { enabled = true }, thinks = "asked", efforts = NONE, forced = true,
  structured = false,
}
local OPUS_4 = kind {
  longest = 32000, sampling = "any", thinking = { enabled = true }, thinks = "asked", efforts = NONE, forced = true,
  structured = false,
}
local CLAUDE_4_5 = kind {
  longest = 64000, sampling = "one", thinking = { enabled = true }, thinks = "asked", efforts = NONE, forced = true,
}
local OPUS_4_5 = kind {
  longest = 64000, sampling = "one", thinking = { enabled = true }, thinks = "asked", efforts = TO_HIGH, forced = true,
}
local OPUS_4_6 = kind {
  sampling = "idle", thinking = { adaptive = true, enabled = true }, thinks = "asked", efforts = TO_MAX, forced = true,
}
-- unverified: longest (sources differ between 64,000 and 128,000)
local SONNET_4_6 = kind {
  longest = 64000, sampling = "idle", thinking = { adaptive = true, enabled = true }, thinks = "asked",
  efforts = TO_MAX, forced = true,
}
local OPUS_4_7 = kind { thinking = { adaptive = true, disabled = true }, thinks = "asked", forced = true }
local OPUS_4_8 = kind {
  thinking = { adaptive = true, disabled = true }, thinks = "asked", forced = true, inline_system = true,
}
-- unverified: inline_system (two sources disagree; moving a system message is right either way)
local SONNET_5 = kind { thinking = { adaptive = true, disabled = true }, thinks = "unasked", forced = true }
local OPUS_5 = kind {
  thinking = { adaptive = true, disabled = true }, thinks = "unasked", forced = true, inline_system = true,
}
local SONNET_5_5 = kind {
  thinking = { adaptive = true, between_tools = true }, thinks = "unasked", inline_system = true,
}
local ALWAYS = kind { inline_system = true }

local LISTED = {
  ["opus-4.5"] = OPUS_4_5,
  ["opus-4.6"] = OPUS_4_6,
  ["sonnet-4.6"] = SONNET_4_6,
  ["opus-4.7"] = OPUS_4_7,
  ["opus-4.8"] = OPUS_4_8,
  ["sonnet-5"] = SONNET_5,
  ["opus-5"] = OPUS_5,
  ["sonnet-5.5"] = SONNET_5_5,
  ["opus-5.5"] = ALWAYS,
  ["haiku-5.5"] = ALWAYS, -- unverified: longest, thinking types beside adaptive
  ["fable-5"] = ALWAYS,
  ["fable-5.1"] = ALWAYS,
  ["fable-5.2"] = ALWAYS,
  ["mythos-5"] = ALWAYS,
  ["mythos-5.1"] = ALWAYS,
  ["mythos-5.2"] = ALWAYS,
}

--- "claude-sonnet-4-5-20250929" is sonnet 4.5, "claude-3-7-sonnet-latest" is sonnet 3.7.
local function read(model)
  local name = model:match("claude%-[%w%-]+") or ""
  name = name:gsub("%-%d%d%d%d%d%d%d%d$", ""):gsub("%-latest$", "")
  local line, major, minor = name:match("^claude%-(%a+)%-(%d+)%-?(%d*)$")
  if not line then
    major, minor, line = name:match("^claude%-(%d+)%-?(%d*)%-(%a+)$")
  end
  if not line then return nil end
  return line, tonumber(minor == "" and major or major .. "." .. minor)
end

local function unlisted(line, version)
  if version < 3.5 then return CLAUDE_3 end
  if version < 3.7 then return CLAUDE_3_5 end
  if version < 4.5 then return line == "opus" and OPUS_4 or CLAUDE_4 end
  if version < 4.6 then return CLAUDE_4_5 end
  if version < 4.7 then return SONNET_4_6 end
  return NEWEST
end

-- Reading a name costs more than translating a short request: the last ones are remembered.
local REMEMBERED = 256
local known, count = {}, 0

local function look_up(model)
  local line, version = read(model)
  if not line then return { NEWEST, math.huge } end
  return { LISTED[line .. "-" .. tostring(version)] or unlisted(line, version), version }
end

local function remember(model, found)
  if count == REMEMBERED then
    known, count = {}, 0
  end
  known[model], count = found, count + 1
  return found
end

--- The traits of a model by its name, and its version (4.5 of claude-sonnet-4-5, infinite when it cannot be read);
--- vendors' prefixes and date suffixes do not matter.
---@param model string
---@return Traits traits, number version
local function traits(model)
  local found = known[model] or remember(model, look_up(model))
  return found[1], found[2]
end

return { traits = traits }
