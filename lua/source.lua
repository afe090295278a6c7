-- SPDX-License-Identifier: Apache-2.0
--- Where the chunks of a stream come from. Each source has
---   next(milliseconds)  what comes next: payloads, maybe none; whether that was the end; or false when nothing came in
---                       this time; or nil and a Failure
---   usage()             what was counted, once it is over; nil = look into the chunks
---   marked              false: the end has no mark of its own, a choice must have said why it ended
---   finished            whether a choice did

local account = require "account"
local errors = require "errors"
local json = require "gateway.json"
local upstream = require "gateway.upstream"

local source = {}

local NOTHING = {}

local function nothing() end

local function is_error(data)
  local body = json.decode(data)
  return json.is_object(body) and body.error ~= nil and body.error ~= json.null
end

--- The upstream's own events.
function source.own(reply)
  local self = { usage = nothing, marked = true }
  function self.next(milliseconds)
    local name, data, message = reply:next(milliseconds)
    if name == false then return false end
    if name == "error" and not is_error(data) then return nil, errors.stream_error end
    if name and data:match "^%s*(.-)%s*$" == "[DONE]" then return NOTHING, true end
    if name then return { data }, false end
    if data then return nil, errors.broken_stream(data, message) end
    self.marked = false
    return NOTHING, true
  end
  return self
end

local function usage_in(data)
  if not data:find('"usage"', 1, true) then return nil end
  local chunk = json.decode(data)
  return json.is_object(chunk) and account.of_openai(chunk.usage) or nil
end

--- The upstream's own events for a client of another API: who reads them must be told what they say.
---@param dialect Dialect
function source.spoken(dialect, reply)
  local inner, counted = source.own(reply), nil
  local self = { marked = true, finished = false }
  local function look(data)
    if data:find('"error"', 1, true) and is_error(data) then
      return dialect.first_failure and dialect.first_failure("error", data) or errors.stream_error
    end
    counted = usage_in(data) or counted
    self.finished = self.finished or data:find '"finish_reason"%s*:%s*"[^"]' ~= nil
  end
  function self.next(milliseconds)
    local payloads, over = inner.next(milliseconds)
    local failure = payloads and payloads[1] and look(payloads[1])
    self.marked = inner.marked
    if failure then return nil, failure end
    return payloads, over
  end
  function self.usage() return counted end
  return self
end

--- The events of another dialect, translated.
function source.translated(dialect, context, reply)
  local state = dialect.stream(context, reply:headers())
  local self = { marked = true }
  function self.next(milliseconds)
    local name, data, message = reply:next(milliseconds)
    if name == false then return false end
    local payloads, failure
    if name then
      payloads, failure = dialect.event(state, name, data)
    elseif data then
      failure = errors.broken_stream(data, message)
    else
      payloads, failure = dialect.finish(state)
    end
    if not payloads then return nil, failure end
    return payloads, not name or state.done == true
  end
  function self.usage() return dialect.usage(state) end
  return self
end

--- Chunks that are there already, `pause_ms` between them.
function source.listed(call, payloads, pause_ms, usage)
  local at = 0
  local self = { marked = true }
  function self.next()
    if at > 0 and pause_ms > 0 then upstream.sleep(call, pause_ms) end
    at = at + 1
    return { payloads[at] }, at >= #payloads
  end
  function self.usage() return usage end
  return self
end

--- Chunks of several answers, one behind the other; `turn` is told before each of them.
---@param parts string[][]
---@param turn fun(part: integer)
function source.parts(parts, usage, turn)
  local part, at = 1, 0
  local self = { marked = true }
  turn(1)
  function self.next()
    at = at + 1
    if at > #parts[part] then
      part, at = part + 1, 1
      turn(part)
    end
    return { parts[part][at] }, part == #parts and at == #parts[part]
  end
  function self.usage() return usage end
  return self
end

return source
