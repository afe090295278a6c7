-- SPDX-License-Identifier: Apache-2.0
--- The errors this gateway makes itself: one shape, stable codes (gateway-api 2.2, 2.3).

---@class Failure
---@field status integer     HTTP status the client gets
---@field type string        error.type
---@field code string        error.code
---@field message string     one sentence for a person
---@field param? string      the member at fault
---@field retry_after? integer seconds
---@field upstream_status? integer what the upstream answered, nil when it did not
---@field error_type? string label of gateway_provider_errors_total
---@field final? boolean     another target would say the same: do not move on
---@field lost? boolean      the upstream may have done what was asked, but its answer did not come: asked once more, it
--- may do it twice
---@field untouched? boolean it has not seen one byte of the request
---@field unsent? boolean    it went away before it had all of it
---@field should_retry? boolean what the upstream said of another try (x-should-retry)
---@field retry_after_ms? number what it said of when, more exactly than in seconds
---@field plugin? string     the plugin that refused: no provider is to blame
---@field rejected? boolean  it did so on purpose

local errors = {}

---@return Failure
function errors.invalid(message, param)
  return {
    status = 400, type = "invalid_request_error", code = "invalid_request", message = message, param = param,
    final = true,
  }
end

errors.model_not_found = {
  status = 404, type = "invalid_request_error", code = "model_not_found",
  message = "no configured provider serves the requested model", param = "model", final = true,
}

--- Somebody has the model, but not this endpoint. `elsewhere`: others may.
---@return Failure
function errors.unsupported_endpoint(provider, endpoint, elsewhere)
  return {
    status = 400, type = "invalid_request_error", code = "unsupported_endpoint", final = not elsewhere,
    elsewhere = elsewhere,
    message = ('provider "%s" does not serve the endpoint "%s"'):format(provider, endpoint),
  }
end

--- A good status with something that is no answer.
errors.bad_answer = {
  status = 502, type = "api_error", code = "upstream_invalid_response", error_type = "provider_error", lost = true,
  message = "the upstream provider returned no usable response",
}

--- A call that could not be signed, where the provider does not say why.
errors.unsigned = {
  status = 502, type = "upstream_error", code = "upstream_auth_error", error_type = "provider_error", elsewhere = true,
  message = "the gateway could not authenticate with the upstream provider",
}

--- A plugin that must not fail did. What went wrong is in the log.
errors.plugin = {
  status = 500, type = "server_error", code = "plugin_error", error_type = "plugin_error", plugin = "",
  message = "the gateway could not complete the request", final = true,
}

--- A request that did not come to its end: nobody is there to be told, but the plugins are.
local CUT = {
  client_closed_request = { status = 499, type = "invalid_request_error", message = "the client has gone" },
  gateway_timeout = {
    status = 504, type = "upstream_error", message = "the upstream provider did not respond in time",
  },
  shutting_down = { status = 503, type = "server_error", message = "the gateway is shutting down" },
}

---@param code string
---@return Failure
function errors.cut(code)
  local known = CUT[code] or errors.plugin
  return { status = known.status, type = known.type, code = code, message = known.message, final = true }
end

--- A provider of the client's own wire format may take it: only translating needs the body in the scripts' memory.
errors.too_large = {
  status = 413, type = "invalid_request_error", code = "request_too_large", elsewhere = true,
  message = "the request is too large to be translated for the provider that serves this model",
  detail = "the body is larger than a quarter of scripts.memory_limit",
}

errors.truncated = {
  status = 502, type = "api_error", code = "upstream_stream_truncated", error_type = "provider_error", lost = true,
  message = "The upstream stream ended before it was complete.",
}

-- Codes of the gateway's own limits and checks: their messages name nothing else.
local OWN = { upstream_event_too_large = true, stream_too_long = true, upstream_stream_corrupt = true }

--- A stream that broke after it began, with the transport's code and message.
---@return Failure
function errors.broken_stream(code, message)
  if OWN[code] then
    return {
      status = 502, type = "api_error", code = code, message = message, error_type = "provider_error", lost = true,
    }
  end
  if code ~= "upstream_timeout" then return errors.truncated end
  return {
    status = 504, type = "timeout_error", code = "stream_timeout", error_type = "timeout", lost = true,
    message = "stream timed out waiting for next chunk", -- ours names the address that was asked
  }
end

errors.not_stream = {
  status = 502, type = "upstream_error", code = "upstream_not_stream", error_type = "provider_error", lost = true,
  message = "The upstream answered a streaming request with something that is no event stream.",
}

errors.stream_error = {
  status = 502, type = "api_error", code = "upstream_stream_error", error_type = "provider_error",
  message = "The upstream reported an error inside its stream.",
}

errors.too_many_texts = {
  status = 502, type = "api_error", code = "upstream_stream_error", error_type = "provider_error", lost = true,
  message = "The upstream sent too many choices or calls at once.",
}

--- Plugins that must see every word cannot.
errors.unreadable_stream = {
  status = 502, type = "api_error", code = "upstream_stream_error", error_type = "provider_error", lost = true,
  message = "The upstream sent an event that is not JSON.",
}

--- What a client reads of a failure on the way: the words of the log name addresses, these do not.
local ON_THE_WAY = {
  upstream_dns = "the upstream provider's address could not be resolved",
  upstream_dns_timeout = "the upstream provider's address could not be resolved in time",
  upstream_refused = "the upstream provider refused the connection",
  upstream_unreachable = "the upstream provider could not be reached",
  upstream_connect_timeout = "the upstream provider did not accept the connection in time",
  upstream_tls = "no trusted connection to the upstream provider could be made",
  upstream_reset = "the upstream provider closed the connection before it answered",
  upstream_timeout = "the upstream provider did not respond in time",
  upstream_truncated = "the upstream provider's answer ended before it was complete",
}

--- What our own configuration, or an address that is none, keeps from going out: no upstream is to blame.
local NOT_SENT = { upstream_blocked = true, upstream_bad_origin = true, upstream_bad_request = true }

--- A failure of the way to the upstream: what upstream.send reports (see runtime/upstream/transfer.h for the codes).
---@param problem { status: integer, code: string, message: string, untouched: boolean?, unsent: boolean? }
---@return Failure
function errors.transport(problem)
  if problem.code == "upstream_stream_corrupt" then return errors.broken_stream(problem.code, problem.message) end
  return {
    status = problem.status, type = "upstream_error", code = problem.code,
    message = ON_THE_WAY[problem.code] or "the upstream provider returned no usable response", detail = problem.message,
    error_type = problem.status == 504 and "timeout" or "provider_error", elsewhere = NOT_SENT[problem.code],
    untouched = problem.untouched, unsent = problem.unsent, lost = not problem.untouched or nil,
  }
end

-- Nobody is asked ----------------------------------------------------------------------------------------------------

--- Every place at the target is taken, and so is every one in its queue.
errors.saturated = {
  status = 429, type = "rate_limit_error", code = "provider_saturated", error_type = "backpressure", retry_after = 1,
  message = "the gateway is at capacity for this request; retry shortly",
}

--- Every target that could serve is known to be down.
---@param wait_ms number until the first of them may be tried
---@return Failure
function errors.unavailable(wait_ms)
  return {
    status = 503, type = "upstream_error", code = "upstream_unavailable", error_type = "circuit_open",
    message = "the upstream provider is temporarily unavailable; retry shortly",
    retry_after = math.max(1, math.ceil(wait_ms / 1000)),
  }
end

return errors
