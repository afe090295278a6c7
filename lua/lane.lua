-- SPDX-License-Identifier: Apache-2.0
--- One text of a stream on its way through the plugins that have on_chunk: the content of one choice, say, or the
--- arguments of one call. Each plugin has a state of its own here and may hold back what could become a part of what it
--- looks for.

local clock = require "gateway.clock"
local document = require "gateway.document"
local hold = require "hold"
local passage = require "passage"

---@class Link one plugin in a lane
---@field step Step
---@field state any
---@field held string as it came
---@field due number? when it must be let go, by the monotonic clock
---@field broken boolean? it failed, and may: the text passes it by

---@class Lane
---@field visit Passage
---@field links Link[]
---@field carry string the beginning of a character

local lane = {}

local function open_state(visit, step)
  local open = step.plugin.on_chunk.open
  local ctx = passage.context(visit)
  if not open then return true, { ctx = ctx, conf = step.conf, opened = step.opened } end
  return passage.run(visit, step, "on_chunk", nil, open, ctx, step.conf, step.opened)
end

---@param visit Passage
---@param steps Step[]
---@return Lane? lane
---@return Failure? failure
function lane.open(visit, steps)
  local made = { visit = visit, links = {}, carry = "" }
  for i, step in ipairs(steps) do
    local opened, state = open_state(visit, step)
    if not opened and state then return nil, state end
    made.links[i] = { step = step, state = state, held = "", broken = not opened }
  end
  return made
end

-- One plugin ---------------------------------------------------------------------------------------------------------

local WRONG_RETURN = "feed returns the text to pass on, nothing, or what ctx:reject made"
local WRONG_KEEP = "feed keeps a whole number of bytes, no more than hold_bytes and the text"

--- What is wrong with what feed returned.
local function return_problem(plugin, window, out, keep)
  if out ~= nil and type(out) ~= "string" then return WRONG_RETURN end
  if keep == nil then return nil end
  local fits = type(keep) == "number" and keep >= 0 and keep == math.floor(keep)
    and keep <= math.min(plugin.hold_bytes or 0, #window)
  return not fits and WRONG_KEEP or nil
end

local function fail(visit, link, problem)
  link.broken = true
  return passage.fault(visit, link.step, "on_chunk", problem)
end

--- The plugin's word on a window: what goes on, and how many bytes it keeps. A plugin that fails and may lets all pass.
---@return string? out
---@return integer|Failure|nil keep
local function feed(visit, link, window, final)
  local step = link.step
  local ran, out, keep = passage.run(visit, step, "on_chunk", window, step.plugin.on_chunk.feed, link.state, window,
    passage.context(visit), final)
  if not ran then
    link.broken = true
    return not out and window or nil, out
  end
  local problem = return_problem(step.plugin, window, out, keep)
  local failure = problem and fail(visit, link, problem)
  if failure then return nil, failure end
  if problem then return window end
  return out or keep and window:sub(1, #window - keep) or window, keep
end

--- Lets go what may go of what is held and what is new.
local function push(visit, link, text, final)
  local window = link.held .. text
  link.due = nil
  if link.broken or window == "" then
    link.held = ""
    return window
  end
  local out, keep = feed(visit, link, window, final)
  if not out then return nil, keep end
  local plugin = link.step.plugin
  if final or link.broken then
    link.held = ""
  elseif keep then
    link.held = window:sub(#window - keep + 1)
  else
    out, link.held = hold.split(window, out, plugin.hold_bytes or 0)
  end
  local patience = plugin.hold_ms or 0
  if patience > 0 and link.held ~= "" then link.due = clock.monotonic() + patience end
  return out
end

--- What a plugin adds once everything has gone through.
local function close(visit, link)
  local code = link.step.plugin.on_chunk.close
  if not code or link.broken then return "" end
  local ran, text = passage.run(visit, link.step, "on_chunk", nil, code, link.state, passage.context(visit))
  if not ran then return not text and "" or nil, text end
  if text == nil or type(text) == "string" then return text or "" end
  local failure = fail(visit, link, "close returns a text, nothing, or what ctx:reject made")
  return not failure and "" or nil, failure
end

-- All of them --------------------------------------------------------------------------------------------------------

--- What of a new text goes on.
---@return string? text
---@return Failure? failure
function lane.push(self, text)
  local failure
  text, self.carry = document.join(self.carry, text)
  for _, link in ipairs(self.links) do
    text, failure = push(self.visit, link, text, false)
    if not text then return nil, failure end
  end
  return text
end

--- What goes on because nothing came for long enough.
function lane.pause(self, now)
  local text, failure = ""
  for _, link in ipairs(self.links) do
    text, failure = push(self.visit, link, text, link.due ~= nil and link.due <= now)
    if not text then return nil, failure end
  end
  return text
end

--- The rest: nothing more will come.
function lane.finish(self)
  local text, failure = self.carry
  for _, link in ipairs(self.links) do
    local rest
    text, failure = push(self.visit, link, text, true)
    if not text then return nil, failure end
    rest, failure = close(self.visit, link)
    if not rest then return nil, failure end
    text = text .. rest
  end
  return text
end

--- When something held must go on, if something must.
---@return number?
function lane.due(self)
  local due
  for _, link in ipairs(self.links) do
    if link.due and (not due or link.due < due) then due = link.due end
  end
  return due
end

--- A text that comes in one piece.
---@return string? text
---@return Failure? failure
function lane.whole(visit, steps, text)
  local made, failure = lane.open(visit, steps)
  if not made then return nil, failure end
  local first, rest
  first, failure = lane.push(made, text)
  if not first then return nil, failure end
  rest, failure = lane.finish(made)
  return rest and first .. rest, failure
end

return lane
