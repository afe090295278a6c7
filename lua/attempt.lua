-- SPDX-License-Identifier: Apache-2.0
--- One try at one target: the request goes out as the target understands it, the answer is delivered, or a failure says
--- why not. How a surface is served there is the route's kind (lua/wires.lua).

local counting = require "counting"
local delivery = require "delivery"
local errors = require "errors"
local faces = require "faces"
local forwarding = require "forwarding"
local own_bytes = require "own_bytes"
local several = require "several"
local translation = require "translation"
local unsupported = require "unsupported"

local attempt = {}

local KINDS = {
  own = own_bytes.run, translated = translation.run, operation = translation.operate, ["local"] = translation.answer,
  counted = counting.run,
}

--- Plugins that look at every word see OpenAI's chunks: such a stream is translated even where the client's bytes could
--- go out.
local function is_guarded(request)
  return request.stream and request.visit and request.visit.chain.on_chunk ~= nil
end

local function forward_of(request, context, route)
  local face = request.surface.face
  return face.forward and not is_guarded(request) and face.forward(context, route.speaks)
end

--- The client's bytes go out. Tokens that the provider does not count are counted here.
local function run_forward(call, request, target, route, forward)
  local answered, failure = forwarding.run(call, request, target, route, forward)
  if answered or failure.final or failure.plugin or request.surface.name ~= "count_tokens" then
    return answered, failure
  end
  local problem = faces.translate(call, request, request.context)
  if problem then return nil, problem end
  return counting.about(call, request)
end

--- A client of another API.
local function run_face(call, request, target, route)
  local context = faces.aim(call, request, route)
  local forward = forward_of(request, context, route)
  if forward then return run_forward(call, request, target, route, forward) end
  if not route.kind then
    return nil, errors.unsupported_endpoint(target.provider.name, request.surface.endpoint, true)
  end
  local failure, bodies, answer = faces.translate(call, request, context)
  if failure then return nil, failure end
  if answer then return delivery.given(call, request, { status = 200, text = answer }) end
  if bodies then return several.run(call, request, target, route, bodies) end
  return KINDS[route.kind](call, request, target, route)
end

--- One try.
---@return true? answered
---@return Failure? failure beside `true`: the answer had begun, and broke off
function attempt.run(call, request, target, route)
  if request.surface.face then return run_face(call, request, target, route) end
  if route.image_formats then
    local refused = unsupported.image_format(call, target, route.image_formats)
    if refused then return nil, refused end
  end
  return KINDS[route.kind](call, request, target, route)
end

return attempt
