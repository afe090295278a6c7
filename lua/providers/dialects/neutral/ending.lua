-- SPDX-License-Identifier: Apache-2.0
--- How a stream ends that has said so itself: its state is `done` then, and `counts` is what it cost.

local failure = require "providers.dialects.neutral.failure"

local NOTHING = {}

--- The body has ended. Without the vendor's own end it is never made to look whole.
---@param state { done: boolean }
---@return string[]? payloads, Failure? failure
local function finish(state)
  if state.done then return NOTHING end
  return nil, failure.truncated()
end

---@param state { counts: Usage? }
---@return Usage?
local function usage(state)
  return state.counts
end

return { finish = finish, usage = usage }
