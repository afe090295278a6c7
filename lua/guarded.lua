-- SPDX-License-Identifier: Apache-2.0
--- A chat stream on its way through the plugins that have on_chunk: finds the texts of each chunk, sends each through
--- its lane, and puts what comes out in their places. What was held back is let go in chunks of its own, before the one
--- that ends the choice. Every other byte of a chunk stays.

local clock = require "gateway.clock"
local delta = require "gateway.delta"
local errors = require "errors"
local fault = require "fault"
local json = require "gateway.json"
local lane = require "lane"

local LANES_MAX = 512 -- texts at once: an upstream must not fill the memory with them

---@class Guarded
---@field visit Passage
---@field steps Step[]
---@field strips_usage boolean the client did not ask for the usage chunk
---@field reader table holds the newest chunk, which is the mould for those made here
---@field lanes Lane[] in the order in which they were opened
---@field usage Usage?
---@field finished boolean a choice said why it ended
---@field failed boolean the upstream said that it failed, and the client has read it
---@field abandoned boolean? no plugin looks at it any more

local guarded = {}

---@return Guarded
function guarded.open(visit, steps, strips_usage)
  return {
    visit = visit, steps = steps, strips_usage = strips_usage, reader = delta.new(), lanes = {},
    finished = false, failed = false,
  }
end

-- Lanes --------------------------------------------------------------------------------------------------------------

--- A stream has few: looking through them costs less than making a key.
local function lane_of(self, name, choice, tool)
  for _, made in ipairs(self.lanes) do
    if made.name == name and made.choice == choice and made.tool == tool then return made end
  end
  if #self.lanes == LANES_MAX then return nil, errors.too_many_texts end
  local made, failure = lane.open(self.visit, self.steps)
  if not made then return nil, failure end
  made.name, made.choice, made.tool = name, choice, tool
  self.lanes[#self.lanes + 1] = made
  return made
end

-- Chunks made here ---------------------------------------------------------------------------------------------------

--- The delta that says a lane's text, as its own chunks say it.
local DELTAS = {
  arguments = function(text, tool)
    return { tool_calls = json.array { { index = tool, ["function"] = { arguments = text } } } }
  end,
  input = function(text, tool)
    return { tool_calls = json.array { { index = tool, custom = { input = text } } } }
  end,
  function_call = function(text) return { function_call = { arguments = text } } end,
  transcript = function(text) return { audio = { transcript = text } } end,
}

local function chunk_make(self, made, text)
  local choice = { index = made.choice, finish_reason = json.null }
  if made.name == "text" then
    choice.text = text
  else
    choice.delta = DELTAS[made.name] and DELTAS[made.name](text, made.tool) or { [made.name] = text }
  end
  local choices = json.array { choice }
  return self.reader:around(json.encode(choices))
    or json.encode { object = "chat.completion.chunk", choices = choices }
end

-- One chunk ----------------------------------------------------------------------------------------------------------

--- What comes out of one text.
local function text_pass(self, name, choice, tool, text)
  if name == "other" then return lane.whole(self.visit, self.steps, text) end
  local found, failure = lane_of(self, name, choice, tool)
  if not found then return nil, failure end
  local passed
  passed, failure = lane.push(found, text)
  return passed, failure, found
end

--- Sends the chunk's texts through. `texts` are those that changed, `last` each lane's last place in the chunk.
---@return { texts: table, last: table, said: boolean }? passed
---@return Failure? failure
local function texts_pass(self)
  local passed = { texts = {}, last = {}, said = false }
  for n = 1, self.reader:count() do
    local name, choice, tool, text = self.reader:text(n)
    if name and text ~= "" then
      local out, failure, found = text_pass(self, name, choice, tool, text)
      if not out then return nil, failure end
      if out ~= text then passed.texts[n] = out end
      if found then passed.last[found] = { n, out } end
      passed.said = passed.said or out ~= ""
    end
  end
  return passed
end

local function lane_finish(self, made, passed, list)
  local rest, failure = lane.finish(made)
  if not rest then return failure end
  local place = passed.last[made]
  if place and rest ~= "" then
    passed.texts[place[1]] = place[2] .. rest
  elseif rest ~= "" then
    list[#list + 1] = chunk_make(self, made, rest)
  end
end

--- Ends the lanes of a choice: the rest joins the lane's text in the last chunk, or goes before it in one of its own.
local function choice_finish(self, choice, passed, list)
  local others = {}
  for _, made in ipairs(self.lanes) do
    if made.choice == choice then
      local failure = lane_finish(self, made, passed, list)
      if failure then return failure end
    else
      others[#others + 1] = made
    end
  end
  self.lanes = others
end

local function choices_finish(self, passed, list)
  local n = 1
  local choice = self.reader:finished(n)
  while choice do
    self.finished = true
    local failure = choice_finish(self, choice, passed, list)
    if failure then return failure end
    n = n + 1
    choice = self.reader:finished(n)
  end
end

local function usage_take(self)
  local prompt, completion, total = self.reader:usage()
  if not prompt and not completion then return end
  self.usage = { prompt_tokens = prompt, completion_tokens = completion, total_tokens = total }
end

--- A chunk with texts, or with news of another kind.
local function chunk_pass(self, payload, list)
  local passed, failure = texts_pass(self)
  if not passed then return failure end
  failure = choices_finish(self, passed, list)
  if failure then return failure end
  if not next(passed.texts) then
    list[#list + 1] = payload
  elseif passed.said or self.reader:more() then
    list[#list + 1] = self.reader:with(passed.texts)
  end
end

--- What nobody can read nobody can guard.
local function unreadable(self, payload, list)
  for _, step in ipairs(self.steps) do
    if fault.closes(step.type) then return errors.unreadable_stream end
  end
  list[#list + 1] = payload
end

local function payload_pass(self, payload, list)
  if not self.reader:read(payload) then return unreadable(self, payload, list) end
  local kind = self.reader:kind()
  usage_take(self)
  if kind == "error" then
    self.failed = true
    list[#list + 1] = payload
  elseif kind == "chunk" or not self.strips_usage then
    return chunk_pass(self, payload, list)
  end
end

-- The stream ---------------------------------------------------------------------------------------------------------

--- What these chunks become.
---@param payloads string[]
---@return string[] passed
---@return Failure? failure ends the stream behind them
function guarded.pass(self, payloads)
  local list = {}
  for _, payload in ipairs(payloads) do
    local failure = payload_pass(self, payload, list)
    if failure then return list, failure end
  end
  return list
end

local function release(self, take)
  local list = {}
  for _, made in ipairs(self.lanes) do
    local text, failure = take(made)
    if not text then return list, failure end
    if text ~= "" then list[#list + 1] = chunk_make(self, made, text) end
  end
  return list
end

--- What goes on while the upstream says nothing.
function guarded.pause(self)
  local now = clock.monotonic()
  return release(self, function(made) return lane.pause(made, now) end)
end

--- Nobody reads the rest: it is looked through for what it says of its usage alone.
function guarded.abandon(self)
  self.steps, self.lanes, self.abandoned = {}, {}, true
end

--- The rest, before [DONE].
function guarded.finish(self)
  return release(self, lane.finish)
end

--- Milliseconds until something held must go on; nil = nothing must.
---@return integer?
function guarded.patience(self)
  local due
  for _, made in ipairs(self.lanes) do
    local own = lane.due(made)
    if own and (not due or own < due) then due = own end
  end
  return due and math.max(0, math.ceil(due - clock.monotonic()))
end

return guarded
