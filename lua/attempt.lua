-- SPDX-License-Identifier: Apache-2.0
--- One try at one target: build the upstream request, send it, deliver what comes back, or say what failed. A dialect
--- is one of three kinds: `edits` (the client's own wire format: the body's bytes go out), `request` (another one:
--- translated), `answer` (no network at all).

local clock = require "gateway.clock"
local delivery = require "delivery"
local errors = require "errors"
local json = require "gateway.json"
local registry = require "registry"
local unsupported = require "unsupported"

local attempt = {}

-- What went wrong ----------------------------------------------------------------------------------------------------

local FAILURE_BYTES = 262144 -- of a failed answer: enough for its words

--- Header values a dialect may read of a failed answer.
local FAILURE_HEADERS = {
  "retry-after", "retry-after-ms", "x-should-retry", "content-type", "x-ratelimit-reset", "date",
}

--- A failure of the provider, which is counted as one.
---@return Failure
local function blamed(failure)
  failure.error_type = failure.error_type or failure.status == 504 and "timeout" or "provider_error"
  return failure
end

---@return Failure
local function upstream_failure(dialect, reply, status)
  local headers = {}
  for _, name in ipairs(FAILURE_HEADERS) do headers[name] = reply:header(name) end
  local failure = dialect.failure(status, headers, reply:body(FAILURE_BYTES), clock.now())
  failure.upstream_status, failure.headers = status, reply:passed()
  return blamed(failure)
end

--- A 200 that carries an error, as the whole answer or as a stream's first event, is a failure like any other.
local function hidden_failure(dialect, reply, request)
  if request.stream then
    local failure = dialect.first_failure and dialect.first_failure(reply:first())
    return failure and blamed(failure)
  end
  if reply:has "error" and not reply:has "choices" then return upstream_failure(dialect, reply, 502) end
end

-- The client's own wire format ---------------------------------------------------------------------------------------

--- Asks for the usage of a stream when the client did not: the one member that is added.
local function ask_usage(call)
  local raw = call:raw "stream_options"
  if not raw then return call:set("stream_options", '{"include_usage":true}') end
  local options = json.decode(raw)
  if not json.is_object(options) then options = {} end
  options.include_usage = true
  call:set("stream_options", json.encode(options))
end

--- The few members that must differ from what the client wrote. Everything else goes out as it came.
---@return Failure? failure
local function splice(call, request, target, route)
  call:reset()
  if route.model_json then call:set("model", route.model_json) end
  if route.edits then
    for _, edit in ipairs(target.dialect.edits(call, target.provider, route.model)) do
      call[edit.verb](call, edit.name, edit.value)
    end
  end
  if request.stream and not request.include_usage and target.asks_usage then ask_usage(call) end
  return route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route.refused)
end

local function deliver_own(call, request, target, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_failure(target.dialect, reply, status) end
  if request.stream and not reply:streams() then return nil, errors.not_stream end
  local failure = hidden_failure(target.dialect, reply, request)
  if failure then return nil, failure end
  if request.stream then return delivery.stream(call, request, reply) end
  return delivery.whole(call, request, reply, registry.provider_field and target.provider.name or nil)
end

local function run_own(call, request, target, route)
  local refused = splice(call, request, target, route)
  if refused then return nil, refused end
  local reply, problem = target.upstream:send(call, route.path, request.stream)
  if not reply then return nil, errors.transport(problem) end
  local answered, failure = deliver_own(call, request, target, reply)
  reply:close()
  return answered, failure
end

-- Another wire format ------------------------------------------------------------------------------------------------

local function context_of(call, request, target, model)
  if not request.decoded then
    request.decoded = call:decoded(target.dialect.raw_keys)
    if not request.decoded then return nil, errors.too_large end
  end
  return {
    model = model, requested_model = request.model, stream = request.stream,
    include_usage = request.include_usage == true, request = request.decoded, moved = request.moved,
    id = call:trace_id(), created = math.floor(clock.now()),
    headers = { ["anthropic-beta"] = call:header "anthropic-beta" },
  }
end

local function deliver_translated(call, request, target, context, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_failure(target.dialect, reply, status) end
  if not request.stream then return delivery.whole_translated(call, request, target.dialect, context, reply) end
  if not reply:streams() then return nil, errors.not_stream end
  return delivery.stream_translated(call, request, target.dialect, context, reply)
end

local function run_translated(call, request, target, route)
  local context, problem = context_of(call, request, target, route.model)
  if not context then return nil, problem end
  local unwanted = route.refused and unsupported.apply(call, registry.on_unsupported_param, target, route.refused)
  if unwanted then return nil, unwanted end
  local built, refused = target.dialect.request(context, target.provider)
  if not built then return nil, refused end
  local path = target.base_path .. built.path
  local reply, lost = target.upstream:send(call, path, request.stream, built.body, built.headers)
  if not reply then return nil, errors.transport(lost) end
  local answered, failure = deliver_translated(call, request, target, context, reply)
  reply:close()
  return answered, failure and (failure.plugin and failure or blamed(failure))
end

-- No network ---------------------------------------------------------------------------------------------------------

local function run_local(call, request, target, route)
  local context, problem = context_of(call, request, target, route.model)
  if not context then return nil, problem end
  return delivery.made_here(call, request, target.dialect, context)
end

--- One try.
---@return true? answered
---@return Failure? failure
function attempt.run(call, request, target, route)
  local dialect = target.dialect
  if dialect.edits then return run_own(call, request, target, route) end
  if dialect.request then return run_translated(call, request, target, route) end
  return run_local(call, request, target, route)
end

return attempt
