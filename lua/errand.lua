-- SPDX-License-Identifier: Apache-2.0
--- A call to a target that is no request's: which models it has, whether it answers. It goes with one of the target's
--- credentials, off any request's path.

local credentials = require "credentials"
local http = require "gateway.http"
local sending = require "sending"

local errand = {}

local function get(target, place, options, index)
  local headers, refused = sending.lines(target, { method = "GET", origin = place.origin, path = place.path }, index)
  if not headers then return nil, refused.message end
  return http.fetch {
    url = place.origin .. place.path, headers = headers, allow = { place.origin }, timeout_ms = options.timeout_ms,
    max_bytes = options.max_bytes,
  }
end

--- Asks; a credential that is refused makes way for another. Waits.
---@param target Target
---@param place Place
---@param options { timeout_ms: integer, max_bytes: integer }
---@return Fetched? answer of whatever status
---@return string? message
function errand.get(target, place, options)
  if not target.several then return get(target, place, options) end
  local answer, message
  credentials.rotate(target, function(index)
    answer, message = get(target, place, options, index)
    return answer and answer.status
  end, function() return true end, true)
  return answer, message
end

return errand
