-- SPDX-License-Identifier: Apache-2.0
--- Auth of calls to Vertex AI: an API key goes as it is, any other credential buys an access token.

local crypto = require "gateway.crypto"

local lease = require "providers.dialects.neutral.lease"
local token = require "providers.dialects.vertex.token"

---@param credential string?
---@return boolean
local function is_file(credential)
  return credential ~= nil and credential:find "^%s*{" ~= nil
end

--- Where the token comes from.
---@param target Signing
---@return LeaseSource
local function source_of(target)
  local credential, host = target.credential, target.variables.metadata_host
  if not credential then
    return {
      name = "vertex:machine:" .. (host or ""), what = "access token of Google's metadata service",
      fetch = function() return token.of_machine(host) end,
    }
  end
  return {
    name = "vertex:" .. crypto.sha256(credential), what = "access token of Google",
    fetch = function() return token.of_file(credential) end,
  }
end

--- The headers that prove who asks. May wait.
---@param _ Outgoing
---@param target Signing its credential is an API key, or the content of a credential file
---@return table<string, string>? headers, Failure? failure
local function sign(_, target)
  local credential = target.credential
  if credential and not is_file(credential) then return { ["x-goog-api-key"] = credential } end
  local secret, failure = lease.get(source_of(target))
  if not secret then return nil, failure end
  return { authorization = "Bearer " .. secret }
end

--- Vertex does not take the token any longer, whatever it was good for: another one is worth one more try.
---@param target Signing
---@param refusal Refusal
---@return boolean
local function renew(target, refusal)
  local credential = target.credential
  if refusal.status ~= 401 then return false end
  if credential and not is_file(credential) then return false end
  return lease.drop(source_of(target))
end

return { sign = sign, renew = renew }
