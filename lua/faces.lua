-- SPDX-License-Identifier: Apache-2.0
--- Clients that speak another API than OpenAI's: a dialect's face reads their requests, which then are served like any
--- other, and spells what comes back as they know it.

local call_door = require "gateway.call"
local clock = require "gateway.clock"
local dialect_call = require "dialect_call"
local errors = require "errors"
local json = require "gateway.json"
local responses = require "responses"

local faces = { on_unsupported_param = "warn" } -- as the configuration has it

-- Surfaces -----------------------------------------------------------------------------------------------------------

--- Which dialect serves the clients of an endpoint. The runtime knows no other endpoints (runtime/process/route.c).
local DIALECTS = {
  messages = "anthropic_messages", count_tokens = "anthropic_messages", responses = "openai_responses",
  completions = "openai_completions", gemini = "gemini", gemini_count = "gemini", gemini_embed = "gemini",
}

--- The dialects that have faces.
---@return table<string, true>
function faces.dialects()
  local names = {}
  for _, name in pairs(DIALECTS) do names[name] = true end
  return names
end

--- A face where it is not looked for.
---@return string? problem
function faces.misplaced(name, dialect)
  for endpoint in pairs(dialect.faces or {}) do
    local owner = DIALECTS[endpoint]
    if not owner then return ("faces.%s: there is no endpoint %s"):format(endpoint, endpoint) end
    if owner ~= name then return ("faces.%s: the face of that endpoint is in %s"):format(endpoint, owner) end
  end
end

local NO_RULES = call_door.checks {}

local function reader(face)
  return function(call)
    local fault, message = call:scan(NO_RULES)
    if not fault then return nil, errors.invalid(message) end
    return face.read(call)
  end
end

--- What clients of all faces may ask for.
---@param dialects table<string, Dialect>
---@return table<string, Surface> by endpoint
function faces.surfaces(dialects)
  local found = {}
  for endpoint, name in pairs(DIALECTS) do
    local dialect = dialects[name]
    local face = dialect and dialect.faces and dialect.faces[endpoint]
    found[endpoint] = face and {
      name = face.surface, endpoint = endpoint, face = face, translator = dialect, read = reader(face),
    }
  end
  return found
end

-- One request --------------------------------------------------------------------------------------------------------

--- The query as it goes on: a client's key stays here, and nothing in it is a placeholder.
local function query_of(call)
  local pairs_kept = {}
  for pair in call:query():gmatch "[^&]+" do
    if not pair:find "^key=" then pairs_kept[#pairs_kept + 1] = pair:gsub("[{}]", { ["{"] = "%7B", ["}"] = "%7D" }) end
  end
  return table.concat(pairs_kept, "&")
end

--- What the face is told of the request, made once.
---@param call table
---@param request Request
---@return FaceContext
function faces.context(call, request)
  if request.context then return request.context end
  local face = request.surface.face
  request.context = {
    model = request.model, stream = request.stream == true, facts = request.facts,
    headers = dialect_call.headers(call), query = query_of(call), id = call:trace_id(),
    created = math.floor(clock.now()), kept = {}, dropped = {}, on_unsupported_param = faces.on_unsupported_param,
    history = request.history,
    item = function(id) return responses.item(call, id, face.raw_keys or {}) end,
  }
  return request.context
end

--- Tells the face whom it speaks to.
---@return FaceContext
function faces.aim(call, request, route)
  local context = faces.context(call, request)
  context.target, context.moved = route.speaks, request.moved
  return context
end

--- Puts the body in OpenAI's form in the place of the client's.
---@return Failure? failure
---@return table[]? several bodies, where the client asked several things at once
---@return string? answer in the client's form: nobody need be asked
function faces.translate(call, request, context)
  call:translate()
  context.request, context.kept = call:decoded(request.surface.face.raw_keys), {}
  if not context.request then return errors.too_large end
  local body, failure, answer = request.surface.face.request(context)
  request.decoded = nil
  if answer then return nil, nil, answer end
  if not body then return failure end
  if body.several then return nil, body.several end
  return faces.put(call, body)
end

--- One body in OpenAI's form.
---@return Failure? failure
function faces.put(call, body)
  local text, problem = json.encode(body)
  if not text then return errors.invalid(problem) end
  local put, message = call:translate(text)
  if not put then return errors.invalid(message) end
end

local NAME_MOST, NAMES_MOST = 64, 32 -- bytes of one name; names in the header

--- A name that the client may have made up, as a header can hold it.
local function shown(name)
  return (tostring(name):sub(1, NAME_MOST):gsub("[^%w%-._:/%[%]$ ]", "?"))
end

--- Members that were left out on the way, for the client to see.
---@return table<string, string>? headers
function faces.dropped(request)
  local dropped, names = request.context and request.context.dropped, {}
  if not dropped or #dropped == 0 then return nil end
  for i = 1, math.min(#dropped, NAMES_MOST) do names[i] = shown(dropped[i]) end
  if #dropped > NAMES_MOST then names[#names + 1] = "..." end
  return { ["X-Gateway-Dropped"] = table.concat(names, ", ") }
end

-- Answers ------------------------------------------------------------------------------------------------------------

--- An answer in OpenAI's form as the client knows it.
---@param request Request
---@param text string|string[]
---@return string? text
---@return Failure? failure
function faces.spell(request, text)
  local face = request.surface.face
  if not face then return text end
  local spelt = face.response(request.context, text)
  if not spelt then return nil, errors.bad_answer end
  return spelt
end

--- The other way: an answer in the client's form in OpenAI's, as far as its dialect can.
---@return string? text
function faces.canonical(request, text)
  local translator = request.surface.translator
  if not translator or not translator.response then return nil end
  local context = { model = request.model, requested_model = request.model, created = 0, kept = {}, headers = {} }
  return (translator.response(context, text, {}))
end

--- Whatever is to be asked for again is kept; not what nobody has read the id of.
function faces.keep(call, request)
  local context = request.context
  if context and not call:drained() then responses.keep(call, context.kept.record) end
end

--- Answers with a failure.
---@param headers table<string, string>
function faces.refuse(call, request, failure, headers)
  local context = request.context or { id = call:trace_id(), model = request.model, kept = {}, headers = {} }
  local status, text, more = request.surface.face.failure(failure, context)
  for name, value in pairs(more or {}) do
    if name:lower() ~= "request-id" then headers[name] = value end -- the runtime writes that one
  end
  call:note_error(failure.plugin and failure.error_type, failure.code)
  call:respond(status, "application/json", text, headers)
end

return faces
