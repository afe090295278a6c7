-- SPDX-License-Identifier: Apache-2.0
--- A call on its way to a target: where it goes, signed where the provider wants signatures, with another credential
--- where the first is not accepted.

local credentials = require "credentials"
local endpoint = require "endpoint"
local errors = require "errors"
local reach = require "reach"
local upstream_fault = require "upstream_fault"

---@class Outgoing what is sent
---@field path string from the host's root, with its query
---@field origin string? another than the target's own
---@field named boolean? the provider's data names that one
---@field method string?
---@field headers table<string, string>?
---@field body string? absent: the call's own body with its edits
---@field stream boolean?
---@field framing string?
---@field chosen { index: integer? }? the credential that goes with all calls of one try, kept here once it is found
---@field answer "json"|"any"|"own"|nil what a good answer is: see bindings/upstream.c

local sending = {}

local BAD_URL = { status = 502, code = "upstream_bad_origin", message = "the provider named an address that is none" }

--- A path of the provider's data: below the target's root, or an address of its own.
local function below(target, path, out)
  local found = endpoint.place(target.endpoint, path)
  if not found then return nil, errors.transport(BAD_URL) end
  out.path = found.path
  if found.origin ~= target.origin then out.origin, out.named = found.origin, true end
  return out
end

--- What a dialect asks for, as it goes out.
---@param target Target
---@param built DialectRequest
---@return Outgoing? out
---@return Failure? failure
function sending.built(target, built)
  local out = { method = built.method, headers = built.headers, body = built.body }
  if not built.url then return below(target, built.path, out) end
  local origin, path = built.url:match "^(https?://[^/?#%s]+)([^#%s]*)$"
  if not origin then return nil, errors.transport(BAD_URL) end
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  out.path = path
  if origin ~= target.origin then out.origin = origin end
  return out
end

-- Signatures ---------------------------------------------------------------------------------------------------------

local DEFAULT_PORTS = { http = ":80", https = ":443" }

--- The Host field, as the client writes it.
local function host_of(origin)
  local scheme, authority = origin:match "^(https?)://(.+)$"
  authority = authority:lower()
  local port = DEFAULT_PORTS[scheme]
  if authority:sub(-#port) == port then authority = authority:sub(1, -#port - 1) end
  return authority
end

local function lower(headers, into)
  for name, value in pairs(headers or {}) do into[name:lower()] = value end
  return into
end

--- Puts the signature's headers beside the others.
---@param index integer? of the credential
---@return Failure? failure
function sending.sign(call, target, out, index)
  local headers = lower(out.headers, lower(reach.lines(target), {}))
  local method = out.method or "POST"
  local body = out.body or method ~= "GET" and call:text() or ""
  local more, failure = reach.signed(target, {
    method = method, host = host_of(out.origin or target.origin), path = out.path, headers = headers, body = body,
  }, index)
  if not more then return failure or errors.unsigned end
  out.headers = lower(more, lower(out.headers, {}))
end

-- Sending ------------------------------------------------------------------------------------------------------------

local function send_plain(call, handle, out)
  local reply, problem = handle:send(call, out)
  if reply then return reply end
  return nil, errors.transport(problem)
end

local REFUSED = { [400] = true, [401] = true, [403] = true }

--- Whether another signature may be better than the one that was refused.
local function may_renew(target, reply, index)
  local renew, status = target.provider.auth.renew, reply:status()
  if not renew or not REFUSED[status] then return false end
  return renew(reach.signing(target, index), { status = status, headers = reply:headers() })
end

--- A signature that ended early is made anew, once: the provider has done nothing for the first one.
local function send_signed(call, target, handle, out, index)
  local own = out.headers
  local failure = sending.sign(call, target, out, index)
  if failure then return nil, failure end
  local reply, lost = send_plain(call, handle, out)
  if not reply or not may_renew(target, reply, index) then return reply, lost end
  reply:close()
  out.headers = own
  failure = sending.sign(call, target, out, index)
  if failure then return nil, failure end
  return send_plain(call, handle, out)
end

local function send_with(call, target, out, index)
  local handle, message = target.upstream, nil
  if out.origin or index then handle, message = reach.handle(target, out.origin or target.origin, out.named, index) end
  if not handle then
    return nil, errors.transport { status = 502, code = "upstream_bad_origin", message = message }
  end
  if not reach.signs(target, out.origin or target.origin, out.named) then
    return send_plain(call, handle, out)
  end
  return send_signed(call, target, handle, out, index)
end

-- Several credentials ------------------------------------------------------------------------------------------------

local function send_rotated(call, target, out)
  local own, reply, failure = out.headers, nil, nil
  credentials.rotate(target, function(index)
    out.headers = own
    reply, failure = send_with(call, target, out, index)
    if out.chosen then out.chosen.index = index end
    if not reply then return nil end
    local status = reply:status()
    return status, credentials.concerns(status) and upstream_fault.answer(target.dialect, reply, status) or nil
  end, function()
    reply:close()
    return true
  end)
  return reply, failure
end

--- Waits for the answer's head, and its body where it is whole. A credential that is refused makes way for another at
--- once, which is no retry: the provider has done nothing for it.
---@param call table
---@param target Target
---@param out Outgoing
---@return table? reply
---@return Failure? failure
function sending.send(call, target, out)
  if not target.several then return send_with(call, target, out) end
  local chosen = out.chosen and out.chosen.index
  local own = not out.origin or reach.carries(target, out.origin, out.named)
  if chosen or not own then return send_with(call, target, out, chosen) end
  return send_rotated(call, target, out)
end

--- The header lines of a call that is no request's: the credential, or the signature, among them. May wait.
---@param target Target
---@param out { method: string, origin: string, path: string }
---@param index integer? of the credential
---@return table<string, string>? headers
---@return Failure? failure
function sending.lines(target, out, index)
  local headers = reach.credentialed(target, index)
  headers["content-type"] = nil
  if not target.sign then return headers end
  local more, failure = reach.signed(target, {
    method = out.method, host = host_of(out.origin), path = out.path, headers = headers, body = "",
  }, index)
  if not more then return nil, failure or errors.unsigned end
  return lower(more, headers)
end

return sending
