-- SPDX-License-Identifier: Apache-2.0
--- What a dialect is handed: one call on its way to one target, what it may wait for, and what is undone.

local clock = require "gateway.clock"
local errors = require "errors"
local reach = require "reach"
local sending = require "sending"
local upstream = require "gateway.upstream"
local upstream_fault = require "upstream_fault"

local dialect_call = {}

--- Headers of the client that concern dialects.
local HEADERS = {
  "anthropic-beta", "anthropic-version", "anthropic-user-profile-id", "anthropic-workspace-id", "openai-beta",
  "x-goog-user-project",
}

---@return table<string, string>
function dialect_call.headers(call)
  return call:headers(HEADERS)
end

local ASKED_MOST = 600 -- further calls of one request: a prediction that is polled every half second for five minutes

--- What one of a request's calls has come to: once the provider has done something for it, the request is not sent
--- there again (lua/tries.lua).
local function note_work(request, target, good)
  if good or request.replied == target then request.worked = target end
end

--- A further call to the same provider. What is not 2xx is a reply, too.
local function ask(call, request, target, counter, built)
  counter.asked = (counter.asked or 0) + 1
  if counter.asked > ASKED_MOST then return nil, errors.transport { status = 504, code = "upstream_timeout" } end
  local out, refused = sending.built(target, built)
  if not out then return nil, refused end
  out.answer, out.body, out.chosen = "any", out.body or "", counter.chosen
  if not out.method and out.body == "" then out.method = "GET" end
  local reply, failure = sending.send(call, target, out)
  local status = reply and reply:status() or 0
  local good = status >= 200 and status <= 299
  note_work(request, target, good)
  if not reply then return nil, failure end
  local text = reply:body()
  if not good then text = upstream_fault.legible(text) end
  local found = { status = status, headers = reply:headers(), text = text }
  reply:close()
  return found
end

local FETCH_CODES = { not_allowed = true, bad_url = true, too_large = true }

--- What a client's URL that cannot be read means for it.
local function unfetched(message, code)
  local detail = FETCH_CODES[code] and message or "it could not be read"
  return errors.invalid(("a URL of the request cannot be used: %s"):format(detail))
end

local FETCHED_BYTES, FETCHED_MOST = 20971520, 64 -- of one URL; URLs of one request

local function fetch(call, counter, url, options)
  counter.fetched = (counter.fetched or 0) + 1
  if counter.fetched > FETCHED_MOST then return nil, errors.invalid "the request names too many URLs" end
  local found, message, code = upstream.fetch(call, url, options and options.max_bytes or FETCHED_BYTES)
  if not found then return nil, unfetched(message, code) end
  if found.status ~= 200 then return nil, unfetched(("it answered with %d"):format(found.status)) end
  return found.body, found.headers["content-type"]
end

--- Sends what undoes a job that was begun; nobody is there any more who could be told that it failed.
local function run_undo(target, built, index)
  local out = sending.built(target, built)
  local origin = out and (out.origin or target.origin)
  local handle = out and reach.handle(target, origin, out.named, index)
  if handle then upstream.errand(handle, origin .. out.path, out.method or "POST") end
end

--- Every try that is under way for a call.
local function tries_of(request)
  return request.entrant and request.entrant.race.entrants or { { request = request } }
end

--- Keeps what is to be sent when the call is cut short, or this try alone (lua/hedge.lua); nil: nothing is left to do.
local function undo(call, request, target, counter, built)
  request.undo = built and function() run_undo(target, built, counter.chosen.index) end or nil
  if counter.armed then return end
  counter.armed = true
  call:when_cut { when_cut = function()
    for _, one in ipairs(tries_of(request)) do
      if one.request.undo then one.request.undo() end
    end
  end }
end

--- Everything but the decoded body.
---@param call table
---@param request table the hallway's
---@param target Target
---@param route Route
---@return DialectCall
function dialect_call.open(call, request, target, route)
  local counter = { chosen = {} }
  return {
    surface = request.surface.name, path = route.written, model = route.model, requested_model = request.model,
    stream = request.stream == true, include_usage = request.include_usage == true, moved = request.moved,
    id = call:trace_id(), created = math.floor(clock.now()), headers = dialect_call.headers(call),
    variables = target.variables, given = target.endpoint ~= nil and target.endpoint.given, kept = {},
    chosen = counter.chosen,
    ask = function(built) return ask(call, request, target, counter, built) end,
    fetch = function(url, options) return fetch(call, counter, url, options) end,
    sleep = function(milliseconds) upstream.sleep(call, milliseconds) end,
    undo = function(built) return undo(call, request, target, counter, built) end,
  }
end

return dialect_call
