-- SPDX-License-Identifier: Apache-2.0
--- Refuses requests that try to take a model over: "ignore all previous instructions" and its kin. A pack of patterns,
--- each with a weight; a message whose different patterns weigh as much as the threshold is one too many. A pack of
--- patterns is a first line, no proof: it finds the known phrases, not the new ones.

local log = require "gateway.log"
local match = require "gateway.match"
local pack = require "plugins.prompt-injection.pack"

--- What the operator wrote himself is no injection.
local TRUSTED = { system = true, developer = true }

--- Characters nobody sees, put into words to hide them: zero-width ones, soft hyphens, marks of direction.
local HIDDEN = { "\194\173", "\239\187\191" }
for last = 139, 143 do HIDDEN[#HIDDEN + 1] = "\226\128" .. string.char(last) end
for last = 170, 174 do HIDDEN[#HIDDEN + 1] = "\226\128" .. string.char(last) end
for last = 160, 164 do HIDDEN[#HIDDEN + 1] = "\226\129" .. string.char(last) end

local function check_pattern(pattern, position)
  local good, message = pcall(match.patterns, { pattern })
  if good then return end
  error(("patterns[%d]: %s"):format(position - 1, (tostring(message):gsub("^.-pattern 1: ", ""))), 0)
end

local function open(conf)
  local patterns, rules = {}, {}
  for _, rule in ipairs(pack) do
    patterns[#patterns + 1] = rule.pattern
    rules[#rules + 1] = rule
  end
  for i, pattern in ipairs(conf.patterns) do
    check_pattern(pattern, i)
    patterns[#patterns + 1] = pattern
    rules[#rules + 1] = { category = "pattern " .. i, weight = conf.threshold }
  end
  return { set = match.patterns(patterns, { caseless = true }), rules = rules, hidden = match.literals(HIDDEN) }
end

--- What the different patterns of a text weigh together, and the heaviest one's category.
local function weigh(opened, text)
  local seen, sum, most, category = {}, 0, 0, nil
  for _, found in ipairs(opened.set:all((opened.hidden:replace(text, "")))) do
    local rule = opened.rules[found.index]
    if not seen[found.index] then
      seen[found.index] = true
      sum = sum + rule.weight
      if rule.weight > most then most, category = rule.weight, rule.category end
    end
  end
  return sum, category
end

local function suspect(ctx, conf, opened)
  for part in ctx:texts() do
    if not TRUSTED[part.role] or conf.scan_system then
      local sum, category = weigh(opened, part.text)
      if sum >= conf.threshold then return category, part.role end
    end
  end
end

local function before_request(ctx, conf, opened)
  local category, role = suspect(ctx, conf, opened)
  if not category then return nil end
  if conf.action == "log" then
    log.warn("prompt injection suspected", { category = category, role = role or "", model = ctx.model or "" })
    return nil
  end
  return ctx:reject { reason = ("prompt injection suspected (%s)"):format(category) }
end

---@type Plugin
return {
  name = "prompt-injection",
  type = "guardrail",
  schema = {
    action = { "string", one_of = { "block", "log" }, default = "block" },
    threshold = { "number", min = 0.1, max = 10, default = 1 },
    patterns = { "array", of = { "string", min = 1 }, default = {} },
    scan_system = { "boolean", default = false },
  },
  open = open,
  before_request = before_request,
}
