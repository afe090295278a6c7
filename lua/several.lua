-- SPDX-License-Identifier: Apache-2.0
--- A client that asks several things at once (legacy completions with a list of prompts): each is asked for by itself,
--- whole, and the answers become one.

local account = require "account"
local delivery = require "delivery"
local errors = require "errors"
local faces = require "faces"
local own_bytes = require "own_bytes"
local translation = require "translation"
local upstream_fault = require "upstream_fault"

local several = {}

local PROMPTS_MOST = 128

local function read(request, route, context, reply)
  local status = reply:status()
  if status < 200 or status > 299 then return nil, upstream_fault.answer(route.dialect, reply, status) end
  if route.kind == "own" then
    local failure = upstream_fault.hidden(route.dialect, reply, false, "choices")
    if failure then return nil, failure end
    return reply:body(), account.of_reply(reply)
  end
  request.kept = context
  return route.dialect.response(context, reply:body(), reply:headers())
end

local function send(call, request, target, route)
  if route.kind == "own" then
    local refused = own_bytes.splice(call, request, target, route)
    if refused then return nil, refused end
    return own_bytes.send(call, target, route, false)
  end
  local context, out = translation.build(call, request, target, route, route.dialect)
  if not context then return nil, out end
  local reply, failure = translation.send(call, target, out)
  return reply, failure, context
end

--- One answer in OpenAI's form.
---@return string? text
---@return Usage|Failure|nil
local function ask(call, request, target, route)
  local reply, failure, context = send(call, request, target, route)
  if not reply then return nil, failure end
  local text, found = read(request, route, context, reply)
  reply:close()
  return text, found
end

local function sum(total, usage)
  for name, value in pairs(usage or {}) do
    if type(value) == "number" then total[name] = (total[name] or 0) + value end
  end
end

--- The client has left: what is still to be asked is not.
---@return Failure
local function left(call, request, usage)
  account.note(call, request, usage)
  return errors.cut "client_closed_request"
end

--- One try with all of them.
---@param bodies table[] in OpenAI's form
---@return true? answered
---@return Failure? failure
function several.run(call, request, target, route, bodies)
  local texts, usage = {}, {}
  if #bodies > PROMPTS_MOST or route.kind == "local" then return nil, several.refused end
  local whole = {
    surface = request.surface, model = request.model, stream = false, moved = request.moved, visit = request.visit,
  }
  for i, body in ipairs(bodies) do
    body.stream, body.stream_options, whole.decoded = nil, nil, nil
    local failure = faces.put(call, body)
    if failure then return nil, failure end
    local text, found = ask(call, whole, target, route)
    request.worked = whole.worked or request.worked
    if not text then return nil, found end
    texts[i], request.worked = text, target
    sum(usage, found)
    if i < #bodies and call:drained() then return nil, left(call, request, usage) end
  end
  return delivery.several(call, request, texts, usage)
end

several.refused = {
  status = 400, type = "invalid_request_error", code = "unsupported_parameter", param = "prompt", final = true,
  message = "the request has more prompts than can be served at once",
}

return several
