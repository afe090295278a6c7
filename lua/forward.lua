-- SPDX-License-Identifier: Apache-2.0
--- Requests that go on as they are: every path under /v1 that has no handler of its own, files and batches, WebSockets
--- (gateway-api 1.10 to 1.12). The body goes to the provider as it comes, and the answer back; a script sees of a body
--- what it must: the model, and what plugins look into.

local call_door = require "gateway.call"
local credentials = require "credentials"
local endpoint = require "endpoint"
local forward_entry = require "forward_entry"
local forward_path = require "forward_path"
local forward_target = require "forward_target"
local forwarding = require "gateway.forward"
local json = require "gateway.json"
local made = require "responses"
local passage = require "passage"
local reach = require "reach"
local refusal = require "refusal"
local registry = require "registry"
local responses = require "responses_serve"
local sending = require "sending"
local shadow = require "shadow"
local upstream_fault = require "upstream_fault"

local forward = {}

local SEEN_BYTES = 1048576 -- of a body: what is looked through
local ERROR_BYTES = 262144 -- of an answer that is none: as much loses its secrets
local ERROR_MS = 15000
local NO_ANSWER = '{"error":{"message":"upstream request failed","type":"server_error","code":"upstream_error"}}'

---@class Forwarded one request on its way
---@field surface { name: string, endpoint: string }
---@field target Target
---@field part string? the surface whose place the path is below of; nil: the root
---@field path string without the query
---@field query string
---@field model string? as the client named it
---@field mapped string? the provider's name of it, when that is another
---@field whole boolean? the body is there as a whole
---@field upgrade boolean? to a WebSocket
---@field stream boolean false
---@field headers table<string, string>? of an answer that may be about the credential or its quota
---@field visit Passage?

local PARTS = { files = true, batches = true, responses = true }
local PASSTHROUGH = { name = "passthrough", endpoint = "passthrough" }

local function open(query)
  return { surface = PASSTHROUGH, query = query or "", stream = false }
end

-- Errors -------------------------------------------------------------------------------------------------------------

local function refuse(call, request, failure)
  if request.visit then failure = passage.failed(request.visit, failure) end
  call:note_error(failure.error_type, failure.code)
  if failure.rejected then call:note_rejected() end
  call:refuse(failure.status, failure.type, failure.code, failure.message, failure.param, refusal.headers(failure))
end

local TOO_LARGE = {
  status = 413, type = "invalid_request_error", code = "request_too_large", message = "request body too large",
}

local NO_SOCKET = {
  status = 501, type = "server_error", code = "proxy_not_supported", elsewhere = true,
  message = "this provider is reached in a way that carries no WebSocket",
}

local NO_BODY = {
  status = 400, type = "invalid_request_error", code = "invalid_request",
  message = "a request to become a WebSocket has no body",
}

-- The body -----------------------------------------------------------------------------------------------------------

local NONE = {}
local unchecked = call_door.checks {}

--- Waits for as much of the body as may be looked through.
local function look(call, request)
  if request.whole == nil then request.whole, request.size = forwarding.hold(call, SEEN_BYTES + 1) end
  return request.whole and request.size <= SEEN_BYTES
end

--- True when the whole body is one JSON object, which can be looked into and changed.
local function is_read(call, request)
  if request.read == nil then
    request.read = look(call, request) and request.size > 0 and call:scan(unchecked) ~= nil
  end
  return request.read
end

--- The provider's own name of the model in the place of the gateway's.
---@return Failure?
local function splice(call, request)
  if not request.mapped then return nil end
  if request.upgrade or call:endpoint() == "realtime" then
    request.query = forward_path.with_parameter(request.query, "model", request.mapped)
    return nil
  end
  if not is_read(call, request) then return forward_path.unspliced(request.model) end
  call:set("model", json.encode(request.mapped))
end

-- Plugins ------------------------------------------------------------------------------------------------------------

local UNSEEN = {
  status = 400, type = "invalid_request_error", code = "request_rejected", plugin = "", rejected = true, final = true,
  message = "the request body cannot be inspected by the configured guardrails",
}

local function has_guard(chain)
  for _, step in ipairs(chain.before_request or NONE) do
    if step.type == "guardrail" then return true end
  end
  return false
end

local function answer_given(call, answer)
  call:respond(answer.status, answer.content_type, answer.text, answer.headers)
end

--- Asks the plugins. True when the request goes on.
local function admitted(call, request)
  local chain = registry.chain
  if not chain then return true end
  local read = is_read(call, request)
  request.visit = passage.open(chain, call, request)
  if registry.shadow then shadow.hold(registry.shadow, call, request) end
  request.visit.model, request.visit.target = request.model, request.target
  if not read and (not request.whole or request.size > 0) and has_guard(chain) then
    return refuse(call, request, UNSEEN)
  end
  local failure, answer = passage.before(request.visit)
  if failure then return refuse(call, request, failure) end
  if answer then return answer_given(call, answer) end
  if read then passage.apply(request.visit) end
  return true
end

--- Those that look at answers learn that there was one; its body is on its way already.
local function looks_back(request)
  return request.visit ~= nil and request.visit.chain.after_request ~= nil
end

local function look_back(request, status)
  passage.after_stream(request.visit, { status = status })
end

-- The upstream -------------------------------------------------------------------------------------------------------

--- What stands before every path of the provider's OpenAI-like ones, below its root: what does before its files.
local function beginning_of(paths)
  return paths and (paths.files or ""):match "^(.*)/files$"
end

--- The surface's address, and the path there.
local function place_of(target, surface, rest)
  local paths = target.provider.paths
  local path = surface and paths and paths[surface] or beginning_of(paths)
  local place = path and target.endpoint and endpoint.place(target.endpoint, path)
  if not place then return target.origin, target.base_path .. rest end
  return place.origin, place.path .. rest
end

--- What a signature covers must all be there before it.
local function sign(call, request, out, index)
  if not forwarding.hold(call, registry.config().max_request_bytes + 1) then return TOO_LARGE end
  local headers = {}
  for name, value in pairs(reach.lines(request.target)) do headers[name] = value end
  headers["content-type"] = call:header "content-type" or headers["content-type"]
  out.headers = headers
  return sending.sign(call, request.target, out, index)
end

local function prepare(call, request, handle, out, index)
  local target = request.target
  if target.sign and reach.signs(target, out.origin, true) then return sign(call, request, out, index) end
  local streams, upgrades = forwarding.streams(handle)
  if request.upgrade and not upgrades then return NO_SOCKET end
  if streams then return nil end
  return not forwarding.hold(call, registry.config().max_request_bytes + 1) and TOO_LARGE or nil
end

--- Passes the answer on as it comes. What became of one that broke off is noted where that was seen.
---@return boolean whole
local function pipe(call, request, status)
  if not looks_back(request) then return (forwarding.pipe(call)) end
  local whole = forwarding.pipe(call, true)
  look_back(request, status)
  forwarding.finish(call)
  return whole
end

--- An answer that is none goes through the scripts' hands, so that it loses its secrets.
---@return boolean whole
---@return string? text of such an answer
local function deliver(call, request, status, encoded)
  if status >= 200 and status <= 299 or status == 101 then return pipe(call, request, status) end
  if status >= 500 then call:note_error "provider_error" end
  local text = not encoded and forwarding.body(call, ERROR_BYTES, ERROR_MS)
  if looks_back(request) then look_back(request, status) end
  forwarding.respond(call, text or NO_ANSWER, not text and "application/json" or nil)
  return true, text or nil
end

local function note(call, request)
  local target = request.target
  call:note_route(request.model, request.mapped or request.model, target.provider.name, target.name)
end

--- Asks with one credential.
---@return integer? status
---@return Failure? failure
---@return boolean? encoded
local function ask_with(call, request, out, index)
  local handle = reach.handle(request.target, out.origin, true, index)
  local failure = prepare(call, request, handle, out, index)
  if failure then return nil, failure end
  local status, problem, encoded = forwarding.send(call, handle, {
    path = out.path, signs = out.headers, upgrade = request.upgrade,
  })
  if not status then return nil, forward_entry.unreached(call, request.target, problem) end
  request.headers = credentials.concerns(status) and upstream_fault.headers(forwarding.header, call) or nil
  return status, nil, encoded
end

--- The same with another where one is refused, as long as the body has not gone by: a short one is waited for.
local function ask(call, request, out)
  if not request.target.several then return ask_with(call, request, out) end
  local status, failure, encoded
  if not request.upgrade then look(call, request) end
  credentials.rotate(request.target, function(index)
    status, failure, encoded = ask_with(call, request, out, index)
    return status, request.headers and forward_entry.said(request.target, status, request.headers)
  end, function() return forwarding.again(call) end, true)
  return status, failure, encoded
end

--- Asks the target and passes its answer on.
local function run(call, request)
  note(call, request)
  local origin, path = place_of(request.target, request.part, request.path)
  if #request.query > 0 then path = path .. "?" .. request.query end
  local target = request.target
  local refused = forward_entry.enter(call, target)
  if refused then return refuse(call, request, refused) end
  local status, failure, encoded = ask(call, request, { method = call:method(), path = path, origin = origin })
  if not status then
    forward_entry.failed(call, target, failure)
    return refuse(call, request, failure)
  end
  local whole, text = deliver(call, request, status, encoded)
  local said = request.headers and forward_entry.said(target, status, request.headers, text)
  forward_entry.answered(call, target, status, whole, said)
end

-- Who it goes to -----------------------------------------------------------------------------------------------------

local function has_token(value, token)
  for word in (value or ""):gmatch "[^,]+" do
    if word:match("^%s*(.-)%s*$"):lower() == token then return true end
  end
  return false
end

--- A request to become a WebSocket.
local function is_upgrade(call)
  return call:method() == "GET" and has_token(call:header "upgrade", "websocket")
    and has_token(call:header "connection", "upgrade")
end

local NO_ANTHROPIC = {
  status = 404, type = "invalid_request_error", code = "not_found", message = "no target speaks Anthropic's API",
}

local function has_body(call)
  return call:header "transfer-encoding" ~= nil or (call:header "content-length" or "0") ~= "0"
end

--- Whom the client names, or who owns the model: that of the query for a socket, else the body's.
---@return Target? target
---@return Failure? failure
local function resolve(call, request)
  local name = call:header "x-provider"
  if name then return forward_target.named(name) end
  if call:path():find "^/v1/messages/" then return forward_target.anthropic(), NO_ANTHROPIC end
  if request.upgrade or call:endpoint() == "realtime" then
    request.model = forward_path.parameter(request.query, "model")
  else
    look(call, request)
    request.model = forwarding.member(call, "model")
  end
  local target, other = forward_target.owner(request.model)
  if not target then return nil, other end
  request.mapped = other
  return target
end

local function pass(call, request)
  local path, failure = forward_path.below(call:path())
  if not path then return refuse(call, request, failure) end
  request.path, request.upgrade = path, is_upgrade(call)
  if request.upgrade and has_body(call) then return refuse(call, request, NO_BODY) end
  request.target, failure = resolve(call, request)
  if not request.target then return refuse(call, request, failure) end
  if not admitted(call, request) then return end
  failure = splice(call, request)
  if failure then return refuse(call, request, failure) end
  run(call, request)
end

--- Every path that has no handler of its own.
function forward.passthrough(call)
  local request = open(call:query())
  pass(call, request)
  if registry.shadow then shadow.release(registry.shadow, request) end
end

forward.realtime = forward.passthrough

-- Files, batches, responses ------------------------------------------------------------------------------------------

local function batch_target(call)
  local name = call:header "x-provider"
  if name then return forward_target.named(name) end
  local anthropic = call:header "anthropic-version" and forward_target.anthropic()
  if anthropic then return anthropic end
  return forward_target.batch()
end

--- A path that the provider may have elsewhere.
local function part_take(request, rest)
  local part, behind = rest:match "^/(%a+)(.*)$"
  local paths = request.target.provider.paths or NONE
  request.path = rest
  if PARTS[part] and paths[part] then request.part, request.path = part, behind end
end

--- Files and batches, as the target has them.
function forward.files(call)
  local request = open(call:query())
  local rest, failure = forward_path.below(call:path())
  if not rest then return refuse(call, request, failure) end
  request.target, failure = batch_target(call)
  if not request.target then return refuse(call, request, failure) end
  part_take(request, rest)
  run(call, request)
end

--- Forwards a call to a target, its body as it is, whether it came whole or still comes. Returns when the client has
--- been answered.
---@param call table
---@param target Target
---@param path string? below the target's root, without the query; nil: the call's own without /v1
function forward.to(call, target, path)
  local request, rest, failure = open(call:query()), path, nil
  request.target = target
  if not rest then rest, failure = forward_path.below(call:path()) end
  if not rest then return refuse(call, request, failure) end
  part_take(request, rest)
  run(call, request)
end

--- What is asked about a response without naming it in the path: whose it is counts all the same.
local function about_response(call)
  local request, name = open(call:query()), "previous_response_id"
  local previous
  if is_read(call, request) then
    previous = call:get(name)
  else
    previous = forwarding.member(call, name)
  end
  if type(previous) == "string" and made.target(call, previous) == false then
    return refuse(call, request, made.not_found(previous))
  end
  return forward.passthrough(call)
end

local elsewhere = {
  default = forward_target.responses, named = forward_target.with_response, to = forward.to, other = about_response,
}

--- What was made before by POST /v1/responses.
function forward.response(call)
  responses.run(call, elsewhere)
end

return forward
