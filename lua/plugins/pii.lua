-- SPDX-License-Identifier: Apache-2.0
--- Finds personal data and credentials in requests and answers, whole or streamed, and masks it, refuses it, or counts
--- it in the log. The log has kinds and numbers, never what was found.

local json = require "gateway.json"
local log = require "gateway.log"
local masker = require "plugins.pii.masker"

local KINDS = { "email", "phone", "card", "iban", "ssn", "ip", "api_key" }
local PLACEHOLDERS = {
  email = "[EMAIL]", phone = "[PHONE]", card = "[CARD]", iban = "[IBAN]", ssn = "[SSN]", ip = "[IP]",
  api_key = "[API_KEY]",
}
local HOLD = 1024

local function open(conf)
  local kinds, placeholders = {}, {}
  for _, kind in ipairs(conf.kinds) do
    kinds[kind] = true
    placeholders[kind] = conf.placeholders[kind] or PLACEHOLDERS[kind]
  end
  local opened = masker.open(kinds, placeholders)
  assert(opened.set:reach() <= HOLD, "a pattern reaches further than a stream may hold")
  return opened
end

-- What was found -----------------------------------------------------------------------------------------------------

local function tally()
  local counts, any = {}, false
  local function found(kind)
    counts[kind], any = (counts[kind] or 0) + 1, true
  end
  return found, function() return any and counts or nil end
end

local function kinds_of(counts)
  local kinds = {}
  for kind in pairs(counts) do kinds[#kinds + 1] = kind end
  table.sort(kinds)
  return table.concat(kinds, ", ")
end

local function write(where, counts)
  local fields = { where = where }
  for kind, count in pairs(counts) do fields[kind] = count end
  log.info("personal data found", fields)
end

local function refuse(ctx, what, counts)
  return ctx:reject { reason = ("%s contains personal data (%s)"):format(what, kinds_of(counts)) }
end

-- Whole texts --------------------------------------------------------------------------------------------------------

local function masked(opened, text, found)
  return (masker.feed(opened, masker.begin(), text, true, found))
end

local mask_value

local function mask_table(opened, value, found)
  local copy = json.is_array(value) and json.array {} or {}
  for key, item in pairs(value) do
    local name = type(key) == "string" and masked(opened, key, found) or key
    copy[name] = mask_value(opened, item, found)
  end
  return copy
end

--- A number that is found becomes a text.
function mask_value(opened, value, found)
  if type(value) == "string" then return masked(opened, value, found) end
  if type(value) == "table" then return mask_table(opened, value, found) end
  if type(value) ~= "number" then return value end
  local text = ("%.17g"):format(value)
  local out = masked(opened, text, found)
  return out ~= text and out or value
end

--- Arguments stay a JSON document: a bare number that goes leaves a string.
local function mask_arguments(opened, text, found)
  local out = masked(opened, text, found)
  if out == text or json.decode(out) ~= nil then return out end
  local value = json.decode(text)
  if type(value) ~= "table" then return out end
  return json.encode(mask_value(opened, value, function() end))
end

local function mask_part(opened, part, found)
  local text = part.text
  local out = part.kind == "tool_arguments" and mask_arguments(opened, text, found) or masked(opened, text, found)
  return out ~= text and out or nil
end

local function guard(ctx, conf, opened, what)
  local found, counted = tally()
  for part in ctx:texts() do
    local out = mask_part(opened, part, found)
    if out and conf.action == "mask" then part:replace(out) end
  end
  local counts = counted()
  if not counts then return nil end
  if conf.action == "block" then return refuse(ctx, what, counts) end
  if conf.action == "log" then write(what, counts) end
end

local function before_request(ctx, conf, opened)
  return guard(ctx, conf, opened, "request")
end

local function after_request(ctx, conf, opened)
  return guard(ctx, conf, opened, "response")
end

-- Streams ------------------------------------------------------------------------------------------------------------

local function open_channel(_, conf, opened)
  local found, counted = tally()
  return { conf = conf, opened = opened, text = masker.begin(), found = found, counted = counted, held = "" }
end

--- The text passes at once; what may be the beginning of something is kept here as well.
local function count(state, text, final)
  local window = state.held .. text
  local _, keep = masker.feed(state.opened, state.text, window, final, state.found)
  state.held = window:sub(#window - keep + 1)
  return text, 0
end

local function feed(state, text, ctx, final)
  if state.conf.action == "log" then return count(state, text, final) end
  local out, keep = masker.feed(state.opened, state.text, text, final, state.found)
  local counts = state.conf.action == "block" and state.counted()
  if counts then return refuse(ctx, "response", counts) end
  return out, keep
end

local function close(state)
  local counts = state.conf.action == "log" and state.counted()
  if counts then write("response", counts) end
end

---@type Plugin
return {
  name = "pii",
  type = "guardrail",
  schema = {
    action = { "string", one_of = { "block", "mask", "log" }, default = "mask" },
    kinds = { "array", of = { "string", one_of = KINDS }, default = KINDS },
    placeholders = { "map", of = "string", default = {} },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
  on_chunk = { open = open_channel, feed = feed, close = close },
  hold_bytes = HOLD,
}
