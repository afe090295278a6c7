-- SPDX-License-Identifier: Apache-2.0
--- The target of the first rule that what the user says keeps, else the targets as they are written. System prompts and
--- earlier answers say nothing; where nobody chats, no rule holds.

local match = require "gateway.match"
local rules = require "strategies.named.rules"

-- Words in any case --------------------------------------------------------------------------------------------------

--- Letters of two bytes whose other case is so many characters behind it: Latin, Greek, Cyrillic.
local PAIRS = {
  { 0xC0, 0xD6, 0x20 }, { 0xD8, 0xDE, 0x20 }, { 0x391, 0x3A1, 0x20 }, { 0x3A3, 0x3A9, 0x20 }, { 0x410, 0x42F, 0x20 },
  { 0x400, 0x40F, 0x50 },
}

--- Where capitals and small letters take turns.
local NEIGHBOURS = { { 0x100, 0x12F }, { 0x132, 0x137 }, { 0x139, 0x148 }, { 0x14A, 0x177 }, { 0x179, 0x17E } }

local function letter(code)
  return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
end

--- The other case of a letter of two bytes; nil: it has none.
local function other_case(code)
  for _, span in ipairs(PAIRS) do
    if code >= span[1] and code <= span[2] then return code + span[3] end
    if code >= span[1] + span[3] and code <= span[2] + span[3] then return code - span[3] end
  end
  for _, span in ipairs(NEIGHBOURS) do
    if code >= span[1] and code <= span[2] then return (code - span[1]) % 2 == 0 and code + 1 or code - 1 end
  end
end

--- A pattern that matches a text in any case.
local function any_case(text)
  local pattern = text:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?{}|\\#]", "\\%0")
  return (pattern:gsub("[\195-\209][\128-\191]", function(pair)
    local first, second = pair:byte(1, 2)
    local other = other_case((first - 0xC0) * 64 + second - 0x80)
    return other and ("(?:%s|%s)"):format(pair, letter(other)) or pair
  end))
end

-- Rules --------------------------------------------------------------------------------------------------------------

local TYPES = { "prompt_contains", "prompt_not_contains", "prompt_regex" }

--- Words of ASCII letters are found ten times as fast.
local function set_of(rule)
  if rule.type == "prompt_regex" then return match.patterns { rule.value } end
  if not rule.value:find "[\128-\255]" then return match.literals({ rule.value }, { caseless = true }) end
  return match.patterns({ any_case(rule.value) }, { caseless = true })
end

local function is_known(kind)
  for _, name in ipairs(TYPES) do
    if name == kind then return true end
  end
  return false
end

local function problem_of(rule)
  if not rule.type then return "type is required; valid types: " .. table.concat(TYPES, ", ") end
  if not is_known(rule.type) then
    return ("unknown type %q; valid types: %s"):format(rule.type, table.concat(TYPES, ", "))
  end
  if rule.value == nil or rule.value == "" then return "value is required" end
  local made, problem = pcall(set_of, rule)
  if not made then return ("invalid regex %q: %s"):format(rule.value, (tostring(problem):gsub("^.-: ", ""))) end
end

local function check(conf, report)
  for i, rule in ipairs(conf.content_conditions or {}) do
    local is_whole = rule and rule.type ~= false and rule.value ~= false
    local problem = is_whole and problem_of(rule)
    if problem then report(("content_conditions[%d]: %s"):format(i - 1, problem), "content_conditions", i) end
  end
end

local function test_of(rule)
  return { set = set_of(rule), wanted = rule.type ~= "prompt_not_contains" }
end

local function open(conf, targets)
  return rules.open("content_conditions", conf.content_conditions, targets, test_of)
end

--- A text made to keep a pattern busy costs no request: the stream, which does not say where, always ends.
local function has(set, text)
  local looked, from = pcall(set.find, set, text)
  if looked then return from ~= nil end
  return set:stream():feed(text) ~= nil
end

local function is_found(set, texts)
  for _, text in ipairs(texts) do
    if has(set, text) then return true end
  end
  return false
end

local function holds(test, texts)
  return is_found(test.set, texts) == test.wanted
end

local function choose(targets, request)
  local texts = request:user_texts()
  if #texts == 0 then return targets end
  return rules.first(targets, request, holds, texts)
end

---@type Strategy
return {
  name = "content-based", schema = {}, named = true, check = check, open = open, choose = choose, more = rules.more,
}
