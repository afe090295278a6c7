-- SPDX-License-Identifier: Apache-2.0
--- Refuses or masks what an operator's regular expressions find in requests, answers and streams.
---
---   patterns:
---     - { name: ticket, pattern: "INC-[0-9]{6}", action: mask, replacement: "[TICKET]" }
---     - { name: codename, pattern: "project (falcon|heron)", direction: request }
---
--- On a stream what may become a match is held, up to 4096 bytes: a longer match is not seen there.

local match = require "gateway.match"

local HOLD = 4096

---@class GuardSide what holds for one direction
---@field block MatchSet?
---@field block_rules table[]
---@field mask MatchSet?
---@field mask_rules table[]

local function title_of(rule, position)
  return rule.name or "pattern " .. position
end

--- Raises with the pattern's name.
local function check_pattern(rule, position)
  local good, message = pcall(match.patterns, { rule.pattern })
  if good then return end
  message = tostring(message):gsub("^.-pattern 1: ", "")
  error(("patterns[%d] (%s): %s"):format(position - 1, title_of(rule, position), message), 0)
end

local function set_of(rules, conf)
  if #rules == 0 then return nil end
  local patterns = {}
  for i, rule in ipairs(rules) do patterns[i] = rule.pattern end
  return match.patterns(patterns, { caseless = conf.caseless, multiline = conf.multiline })
end

local function side_of(conf, direction)
  local side = { block_rules = {}, mask_rules = {} }
  for i, rule in ipairs(conf.patterns) do
    local wanted = rule.direction or conf.direction
    if wanted == direction or wanted == "both" then
      local list = (rule.action or conf.action) == "mask" and side.mask_rules or side.block_rules
      list[#list + 1] = {
        pattern = rule.pattern, title = title_of(rule, i), replacement = rule.replacement or conf.replacement,
      }
    end
  end
  side.block, side.mask = set_of(side.block_rules, conf), set_of(side.mask_rules, conf)
  return side
end

local function open(conf)
  for i, rule in ipairs(conf.patterns) do check_pattern(rule, i) end
  return { request = side_of(conf, "request"), response = side_of(conf, "response") }
end

-- Whole texts --------------------------------------------------------------------------------------------------------

local function refuse(ctx, what, rule)
  return ctx:reject { reason = ("%s blocked by pattern %q"):format(what, rule.title) }
end

local function mask(side, text)
  return side.mask:replace(text, function(_, index) return side.mask_rules[index].replacement end)
end

local function guard(ctx, side, what)
  local index = side.block and select(4, ctx:find(side.block))
  if index then return refuse(ctx, what, side.block_rules[index]) end
  if not side.mask or not ctx:find(side.mask) then return nil end
  for each in ctx:texts() do
    local text, count = mask(side, each.text)
    if count > 0 then each:replace(text) end
  end
end

local function before_request(ctx, _, opened)
  return guard(ctx, opened.request, "request")
end

local function after_request(ctx, _, opened)
  return guard(ctx, opened.response, "response")
end

-- Streams ------------------------------------------------------------------------------------------------------------

--- Not inside of a character.
local function whole_end(text, at)
  while at > 0 and (text:byte(at + 1) or 0) >= 0x80 and text:byte(at + 1) < 0xC0 do at = at - 1 end
  return at
end

--- The text with the matches of `list` that end by `limit` replaced; the rest of it starts at the second result.
local function masked_upto(side, window, at, list, limit)
  local out = {}
  for _, found in ipairs(list) do
    if found.from > limit then break end
    if found.to > limit then limit = found.from - 1 break end
    out[#out + 1] = window:sub(at, found.from - 1)
    out[#out + 1] = side.mask_rules[found.index].replacement
    at = found.to + 1
  end
  out[#out + 1] = window:sub(at, limit)
  return table.concat(out), math.max(at, limit + 1)
end

--- How far the text is decided for the patterns that refuse, or the rule that does.
local function decided_block(side, window, at, final)
  if not side.block then return #window end
  local from, to, index = side.block:find(window, at, not final)
  if from then return nil, side.block_rules[index] end
  return final and #window or to
end

local function feed(state, text, ctx, final)
  local side, window = state.opened.response, state.left .. text
  local at, list, masked = #state.left + 1, {}, #window
  local limit, refused = decided_block(side, window, at, final)
  if refused then return refuse(ctx, "response", refused) end
  if side.mask then list, masked = side.mask:all(window, at, not final) end
  if masked < limit then limit = masked end
  if #window - limit > HOLD then limit = whole_end(window, #window - HOLD) end
  local out, rest = masked_upto(side, window, at, list, limit)
  if #window - rest + 1 > HOLD then out, rest = out .. window:sub(rest, limit), limit + 1 end
  state.left = rest > 1 and window:sub(rest - 1, rest - 1) or ""
  return out, #window - rest + 1
end

local function open_channel(_, _, opened)
  return { opened = opened, left = "" }
end

local RULE = {
  name = { "string", min = 1 },
  pattern = { "string", min = 1, required = true },
  action = { "string", one_of = { "block", "mask" } },
  replacement = "string",
  direction = { "string", one_of = { "request", "response", "both" } },
}

---@type Plugin
return {
  name = "regex-guard",
  type = "guardrail",
  schema = {
    patterns = { "array", of = { "record", fields = RULE }, required = true },
    action = { "string", one_of = { "block", "mask" }, default = "block" },
    replacement = { "string", default = "[REDACTED]" },
    direction = { "string", one_of = { "request", "response", "both" }, default = "both" },
    caseless = { "boolean", default = false },
    multiline = { "boolean", default = false },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_chunk = { open = open_channel, feed = feed },
  hold_bytes = HOLD,
}
