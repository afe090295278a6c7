-- SPDX-License-Identifier: Apache-2.0
--- Which of a target's several credentials a call goes out with, and what an answer says of it. All workers go by the
--- same state (a cell of shared memory). A credential is told by its position alone: nobody sees its text.
---
---   401        it is left alone for `api_key_pause`; then one call tries it
---   403        the same, once another one is accepted for the same request: else the request may be what is refused.
---              So is 401 where the client chose the path: some are open to other kinds of credentials alone
---   429, 529   it is left alone for as long as the provider says
---
--- Where none can be used the one that is free first is asked all the same.

local events = require "events"
local log = require "gateway.log"
local shared = require "gateway.shared"

local UNTOLD_MS = 1000 -- how long a credential rests whose provider says no time, or which is in doubt
local LONGEST_MS = 60000
local QUOTA_MS = 60000 -- of an account that has nothing left to spend

local THROTTLED = { [429] = true, [529] = true }
local NOTHING_SAID = { [407] = true, [408] = true }

local credentials = {}

local function about(target, index, status)
  return { target = target.name, provider = target.provider.name, index = index, status = status }
end

--- What the log calls an index, among other lines of this target, is an event's credential.
local function tell(subject, fields)
  fields.credential, fields.index = fields.index, nil
  events.emit(subject, fields)
end

local function disable(target, index, status)
  local known = target.vault:credential_state(index) == "disabled"
  target.vault:credential_set(index, "disabled", target.key_pause_ms)
  if known then return end
  local fields = about(target, index, status)
  fields.pause_ms = target.key_pause_ms
  log.warn("credential disabled", fields)
  tell("gateway.credential.disabled", fields)
end

--- Where all are refused many requests try the same one: the first that is accepted tells.
local function restore(target, index, status)
  if target.vault:credential_set(index) ~= "disabled" then return end
  local fields = about(target, index, status)
  log.info("credential restored", fields)
  tell("gateway.credential.restored", fields)
end

local function rest_ms(failure)
  if failure and failure.code == "insufficient_quota" then return QUOTA_MS end
  local seconds = failure and failure.retry_after
  return seconds and math.min(math.max(seconds * 1000, 1), LONGEST_MS) or UNTOLD_MS
end

--- An answer that somebody gives only to who may ask.
local function is_acceptance(status)
  return status < 300 or status >= 400 and status < 500 and not NOTHING_SAID[status]
end

--- Whether a status can be about the credential.
---@param status integer
---@return boolean
function credentials.concerns(status)
  return status == 401 or status == 403 or THROTTLED[status] == true
end

--- Whether a refusal may be about the request.
local function is_doubtful(status, trial, cautious)
  return not trial and (status == 403 or status == 401 and cautious)
end

--- What an answer says of the credential that was sent. True when another one may be accepted.
local function judge(target, index, trial, status, failure, cautious)
  if credentials.concerns(status) then log.debug("credential refused", about(target, index, status)) end
  if is_doubtful(status, trial, cautious) then
    target.vault:credential_set(index, "throttled", UNTOLD_MS)
  elseif status == 401 or status == 403 then
    disable(target, index, status)
  elseif THROTTLED[status] then
    if trial then restore(target, index, status) end
    target.vault:credential_set(index, "throttled", rest_ms(failure))
  else
    if trial and is_acceptance(status) then restore(target, index, status) end
    return false
  end
  return true
end

--- Takes the next one that can be used, and says whether it was refused before: then this is its trial.
local function choose(target)
  local index = target.vault:credential_next(target.several)
  return index, target.vault:credential_state(index) == "disabled"
end

--- Whether there is another one that can be used.
local function has_other(target, tried)
  for index = 1, target.several do
    if not tried[index] and not target.vault:credential_state(index) then return true end
  end
  return false
end

--- Asks with one credential after the other until one is not refused, or all that can be used were.
---@param target Target one with several
---@param ask fun(index: integer): integer?, Failure? the answer's status, and what a refusal says; nil: there is none
---@param again fun(): boolean lets go of the last answer; false: it cannot be asked once more
---@param cautious boolean? what is asked for may be open to other kinds of credentials alone
function credentials.rotate(target, ask, again, cautious)
  local tried, doubted = {}, {}
  local index, trial = choose(target)
  repeat
    tried[index] = true
    local status, said = ask(index)
    if not status then return end
    if not judge(target, index, trial, status, said, cautious) then
      for other, before in pairs(status < 500 and doubted or {}) do disable(target, other, before) end
      return
    end
    if is_doubtful(status, trial, cautious) then doubted[index] = status end
    if not has_other(target, tried) then return end
    index, trial = choose(target)
  until tried[index] or not again()
end

--- The only credential of a target was refused: it is asked again all the same, but once in a while that is told.
---@param target Target
---@param failure Failure
function credentials.refused(target, failure)
  local status = failure.upstream_status
  if target.several or status ~= 401 and status ~= 403 then return end
  if not shared.add("credential:" .. target.cell_key, 1, target.key_pause_ms / 1000) then return end
  tell("gateway.credential.disabled", about(target, 1, status))
end

---@class CredentialState
---@field index integer
---@field state "usable"|"disabled"|"throttled"
---@field ms number? for how long

--- How a target's credentials do, for whoever looks on.
---@param target Target
---@return CredentialState[]
function credentials.states(target)
  local list = {}
  for index = 1, target.several or 1 do
    local state, ms
    if target.several then state, ms = target.vault:credential_state(index) end
    list[index] = { index = index, state = state or "usable", ms = ms }
  end
  return list
end

return credentials
