-- SPDX-License-Identifier: Apache-2.0
--- How a target's hosts are reached: for each address and credential a handle with the lines that every call carries,
--- the credential among them where it may go. Nobody outside can read a credential: they go by their positions.

local log = require "gateway.log"
local upstream = require "gateway.upstream"

local reach = {}

local ORIGINS_MOST = 64 -- that a provider's answers may name

---@class Reach
---@field origin string the target's own
---@field lines table<string, string> of every call, by name in lower case
---@field credentials Credential[] at least one, which may be empty
---@field options table time-outs and protocol
---@field handles table<string, table>[] by credential, then by origin
---@field count integer
---@field tokens table<integer, string> by credential: the latest that a signature held

--- Held here alone: targets are shown to scripts.
---@type table<table, Reach>
local known = setmetatable({}, { __mode = "k" })

local function lines_of(provider)
  local lines = { ["content-type"] = "application/json", ["user-agent"] = "moongate" }
  for name, value in pairs(provider.headers or {}) do lines[name] = value end
  return lines
end

local function lines_to(self, trusted, index)
  local lines, credential = {}, self.credentials[index]
  for name, value in pairs(self.lines) do lines[name] = value end
  if trusted and credential.header then lines[credential.header] = credential.prefix .. credential.secret end
  return lines
end

local function handle_make(self, origin, trusted, index)
  return upstream.target {
    url = origin, headers = lines_to(self, trusted, index), timeouts = self.options.timeouts,
    http2 = self.options.http2,
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
---@param credentials Credential[] at least one, which may be empty
---@param options { timeouts: table, http2: boolean? }
---@return table? handle of the target's own address with the first credential
---@return string? message
function reach.open(target, origin, credentials, options)
  local self = {
    origin = origin, lines = lines_of(target.provider), credentials = credentials, options = options, handles = {},
    tokens = {}, count = 0,
  }
  known[target] = self
  for index, credential in ipairs(credentials) do
    if credential.secret then log.hide(target.name, credential.secret) end
    local handle, message = handle_make(self, origin, true, index)
    if not handle then return nil, message end
    self.handles[index] = { [origin] = handle }
  end
  return self.handles[1][origin]
end

--- The handle of an address. `named` says that the provider's data names it, not an answer.
---@param index integer? of the credential, by default the first
---@return table? handle
---@return string? message
function reach.handle(target, origin, named, index)
  local self = known[target]
  index = index or 1
  local handles = self.handles[index]
  local handle = handles[origin]
  if handle then return handle end
  if not named and self.count >= ORIGINS_MOST * #self.credentials then
    return nil, "the provider has named too many hosts"
  end
  local message
  handle, message = handle_make(self, origin, named or reach.trusts(self.origin, origin), index)
  handles[origin], self.count = handle, self.count + (named and 0 or 1)
  return handle, message
end

--- Whether a call to this address carries the credential, or a signature that it made.
function reach.carries(target, origin, named)
  return named or reach.trusts(known[target].origin, origin)
end

--- Whether a call to this address is one that a signature may prove.
function reach.signs(target, origin, named)
  return target.sign ~= nil and reach.carries(target, origin, named)
end

--- A token that a signature holds: no log line and no message of a provider shows it from now on.
local function hide_token(target, headers, index)
  local tokens, token = known[target].tokens, (headers.authorization or ""):match "^Bearer (.+)$"
  if not token or token == tokens[index] then return end
  tokens[index] = token
  log.hide(target.name, token)
end

--- Signs, and keeps what it was signed with to itself. May wait.
---@param target Target
---@param outgoing table what the provider's `sign` is told
---@param index integer? of the credential
---@return table<string, string>? headers
---@return Failure? failure
function reach.signed(target, outgoing, index)
  local headers, failure = target.sign(outgoing, reach.signing(target, index))
  if headers then hide_token(target, headers, index or 1) end
  return headers, failure
end

--- What a signature is made with: who asks.
---@param index integer? of the credential
---@return Signing
function reach.signing(target, index)
  return { name = target.name, credential = known[target].credentials[index or 1].secret, variables = target.variables }
end

--- The lines that every call carries but for a credential.
---@return table<string, string>
function reach.lines(target)
  return known[target].lines
end

--- The same with the credential, for an address that the provider's data names.
---@param index integer? of the credential
---@return table<string, string>
function reach.credentialed(target, index)
  return lines_to(known[target], true, index or 1)
end

return reach
