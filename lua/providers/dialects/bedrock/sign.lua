-- SPDX-License-Identifier: Apache-2.0
--- Auth of calls to Bedrock: a bearer key where there is one, else a signature.

local crypto = require "gateway.crypto"

local credentials = require "providers.dialects.bedrock.credentials"
local kinds = require "providers.dialects.bedrock.kinds"
local skew = require "providers.dialects.bedrock.skew"

local ENDED = { UnrecognizedClientException = true, ExpiredTokenException = true }

--- The region that a host names; the target's for a host that names none, such as a proxy's.
local function region_of(host, variables)
  return host:match "^bedrock[%l%-]*%.([%w%-]+)%.amazonaws%.com" or host:match "^bedrock[%l%-]*%.([%w%-]+)%.api%.aws"
    or variables.region or "us-east-1"
end

--- A bearer key, which every call carries already.
local function has_bearer(target)
  return target.credential ~= nil and not credentials.is_file(target.credential)
end

--- The headers that prove who asks. May wait.
---@param outgoing Outgoing
---@param target Signing its credential is a bearer key, or a credential file's content
---@return table<string, string>? headers, Failure? failure
local function sign(outgoing, target)
  if has_bearer(target) then return {} end
  local keys, problem = credentials.find(target)
  if not keys then return nil, problem end
  return crypto.sigv4 {
    access_key = keys.access_key, secret_key = keys.secret_key, session_token = keys.session_token,
    region = region_of(outgoing.host, target.variables), service = "bedrock", method = outgoing.method,
    host = outgoing.host, path = outgoing.path, headers = outgoing.headers, body = outgoing.body, time = skew.now(),
  }
end

--- Keys that have ended, or another idea of what time it is, are worth one more try.
---@param target Signing
---@param refusal Refusal
---@return boolean
local function renew(target, refusal)
  if has_bearer(target) then return false end
  local kind = kinds.plain(refusal.headers["x-amzn-errortype"])
  if kind == "InvalidSignatureException" then return skew.learn(refusal.headers.date) end
  return ENDED[kind] == true and credentials.drop(target)
end

return { sign = sign, renew = renew }
