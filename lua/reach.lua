-- SPDX-License-Identifier: Apache-2.0
--- How a target's hosts are reached: for each address a handle with the lines that every call carries, the credential
--- among them where it may go. Nobody outside can read a credential.

local log = require "gateway.log"
local upstream = require "gateway.upstream"

local reach = {}

local ORIGINS_MOST = 64 -- that a provider's answers may name

---@class Reach
---@field origin string the target's own
---@field lines table<string, string> of every call, by name in lower case
---@field credential { header: string?, prefix: string?, secret: string? }
---@field options table time-outs and protocol
---@field handles table<string, table> by origin
---@field count integer
---@field token string? the latest that a signature held

--- Held here alone: targets are shown to scripts.
---@type table<table, Reach>
local known = setmetatable({}, { __mode = "k" })

local function lines_of(provider)
  local lines = { ["content-type"] = "application/json", ["user-agent"] = "moongate" }
  for name, value in pairs(provider.headers or {}) do lines[name] = value end
  return lines
end

local function lines_to(self, trusted)
  local lines, credential = {}, self.credential
  for name, value in pairs(self.lines) do lines[name] = value end
  if trusted and credential.header then lines[credential.header] = credential.prefix .. credential.secret end
  return lines
end

local function handle_make(self, origin, trusted)
  return upstream.target {
    url = origin, headers = lines_to(self, trusted), timeouts = self.options.timeouts, http2 = self.options.http2,
  }
end

-- Hosts --------------------------------------------------------------------------------------------------------------

local function host_of(origin)
  local authority = origin:match "^https?://(.+)$" or ""
  return (authority:match "^(%[[^%]]*%])" or authority:match "^([^:]*)"):lower()
end

--- "example.com" of "api.example.com", "example.co.uk" of "api.example.co.uk". An address of digits is whole.
local function registrable(host)
  if host:find "^%[" or host:find "^[%d.]+$" then return host end
  local labels = {}
  for label in host:gmatch "[^.]+" do labels[#labels + 1] = label end
  local count = #labels
  local short = count >= 3 and #labels[count] == 2 and #labels[count - 1] <= 3
  return table.concat(labels, ".", math.max(1, count - (short and 2 or 1)))
end

--- Whether the credential of one address may go to another: to its host, or one of the same domain, never in the clear
--- where it was not.
---@return boolean
function reach.trusts(own, other)
  if own:find "^https:" and not other:find "^https:" then return false end
  local a, b = host_of(own), host_of(other)
  return a == b or a:find(".", 1, true) ~= nil and registrable(a) == registrable(b)
end

-- For targets --------------------------------------------------------------------------------------------------------

--- Makes the target's own address known.
---@param credential table { header, prefix, secret }, or empty
---@param options { timeouts: table, http2: boolean? }
---@return table? handle of the target's own address
---@return string? message
function reach.open(target, origin, credential, options)
  local self = {
    origin = origin, lines = lines_of(target.provider), credential = credential, options = options, handles = {},
    count = 0,
  }
  if credential.secret then log.hide(target.name, credential.secret) end
  known[target] = self
  local handle, message = handle_make(self, origin, true)
  self.handles[origin] = handle
  return handle, message
end

--- The handle of an address. `named` says that the provider's data names it, not an answer.
---@return table? handle
---@return string? message
function reach.handle(target, origin, named)
  local self = known[target]
  local handle = self.handles[origin]
  if handle then return handle end
  if not named and self.count >= ORIGINS_MOST then return nil, "the provider has named too many hosts" end
  local message
  handle, message = handle_make(self, origin, named or reach.trusts(self.origin, origin))
  self.handles[origin], self.count = handle, self.count + (named and 0 or 1)
  return handle, message
end

--- Whether a call to this address is one that a signature may prove.
function reach.signs(target, origin, named)
  return target.sign ~= nil and (named or reach.trusts(known[target].origin, origin))
end

--- A token that a signature holds: no log line and no message of a provider shows it from now on.
local function hide_token(target, headers)
  local self, token = known[target], (headers.authorization or ""):match "^Bearer (.+)$"
  if not token or token == self.token then return end
  self.token = token
  log.hide(target.name, token)
end

--- Signs, and keeps what it was signed with to itself. May wait.
---@param target Target
---@param outgoing table what the provider's `sign` is told
---@return table<string, string>? headers
---@return Failure? failure
function reach.signed(target, outgoing)
  local headers, failure = target.sign(outgoing, reach.signing(target))
  if headers then hide_token(target, headers) end
  return headers, failure
end

--- What a signature is made with: who asks.
---@return Signing
function reach.signing(target)
  return { name = target.name, credential = known[target].credential.secret, variables = target.variables }
end

--- The lines that every call carries but for a credential.
---@return table<string, string>
function reach.lines(target)
  return known[target].lines
end

--- The same with the credential, for an address that the provider's data names.
---@return table<string, string>
function reach.credentialed(target)
  return lines_to(known[target], true)
end

return reach
