-- SPDX-License-Identifier: Apache-2.0
--- Takes what the rules find out of a text that comes in pieces. A whole text is one piece: what is made of it never
--- depends on how it came.

local match = require "gateway.match"
local rules = require "plugins.pii.rules"

local masker = {}

---@class PiiMasker
---@field set MatchSet
---@field rules PiiRule[] of the set's patterns
---@field placeholders table<string, string> by kind
---@field pem MatchSet lines of a private key, and its end

-- What of a private key comes behind its first line: fields, lines of it, the last line with the end.
local KEY_LINE = [[(?:\s|\\[rnt]){0,8}(?:[A-Za-z0-9+/=]{16,100}|(?:Proc-Type|DEK-Info): [A-Za-z0-9,-]{1,80})]]
local KEY_END = [[(?:\s|\\[rnt]){0,8}[A-Za-z0-9+/=]{0,76}(?:\s|\\[rnt]){0,8}-----END [A-Z0-9 ]{0,24}PRIVATE KEY-----]]

--- For these kinds.
---@param kinds table<string, boolean>
---@param placeholders table<string, string>
---@return PiiMasker
function masker.open(kinds, placeholders)
  local chosen, patterns = {}, {}
  for _, rule in ipairs(rules) do
    if kinds[rule.kind] then
      chosen[#chosen + 1] = rule
      patterns[#patterns + 1] = rule.pattern
    end
  end
  return {
    set = match.patterns(patterns), rules = chosen, placeholders = placeholders,
    pem = match.patterns { KEY_LINE, KEY_END },
  }
end

--- The state of a text: the byte before what comes next, and what goes with the match before (a rule's tail).
---@return table
function masker.begin()
  return { left = "", tail = nil }
end

-- Tails --------------------------------------------------------------------------------------------------------------

--- Behind the bytes of a token. A dot is one of them when more of it follows.
---@return integer position of the next byte
---@return boolean decided false: more text may go with it
local function skip_token(text, at, class, final)
  local last = text:match("^" .. class .. "*()", at)
  while last > at and text:byte(last - 1) == 46 do last = last - 1 end
  local dots = text:match("^%.*()", last)
  return last, final or dots <= #text
end

--- Behind the lines of a private key.
local function skip_key(self, text, at, final)
  while true do
    local from, to, index = self.pem:find(text, at, not final)
    if not from then return at, final or to >= at end
    if from ~= at then return at, true end
    at = to + 1
    if index == 2 then return at, true end
  end
end

--- Takes what goes with the last match. False when more text must come first.
local function skip_tail(self, state, text, at, final)
  local decided
  if state.tail == "pem" then
    at, decided = skip_key(self, text, at, final)
  else
    at, decided = skip_token(text, at, state.tail, final)
  end
  if decided then state.tail = nil end
  return at, decided
end

-- Matches ------------------------------------------------------------------------------------------------------------

--- Where a match counts from and to; or nil and the position to go on at.
local function judge(rule, text, from, to)
  if text:byte(from) == 92 then from = from + 2 end -- the escape before it is no part of it
  if not rule.check then return from, to end
  local length, skip = rule.check(text:sub(from, to))
  if length then return from, from + length - 1 end
  return nil, from + (skip or 1)
end

--- One piece. `found` is told the kind of everything that is taken out.
---@param self PiiMasker
---@param state table
---@param text string what was kept before, and what is new
---@param final boolean nothing more will come
---@param found fun(kind: string)
---@return string out
---@return integer keep how many bytes at the end of `text` must come again
function masker.feed(self, state, text, final, found)
  local window, out = state.left .. text, {}
  local at, going = #state.left + 1, true
  while going do
    local decided = true
    if state.tail then at, decided = skip_tail(self, state, window, at, final) end
    if not decided then break end
    local from, to, index = self.set:find(window, at, not final)
    if from then
      local rule = self.rules[index]
      local first, last = judge(rule, window, from, to)
      out[#out + 1] = window:sub(at, (first or last) - 1)
      if first then
        out[#out + 1] = self.placeholders[rule.kind]
        found(rule.kind)
        state.tail, last = rule.tail, last + 1
      end
      at = last
    else
      local stop = final and #window or to
      out[#out + 1] = window:sub(at, stop)
      at, going = math.max(at, stop + 1), false
    end
  end
  state.left = at > 1 and window:sub(at - 1, at - 1) or ""
  return table.concat(out), #window - at + 1
end

return masker
