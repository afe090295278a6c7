-- SPDX-License-Identifier: Apache-2.0
--- Auth of calls to Bedrock: a bearer key where there is one, else a signature.

local crypto = require "gateway.crypto"

local credentials = require "providers.dialects.bedrock.credentials"

--- The region that a host names; the target's for a host that names none, such as a proxy's.
local function region_of(host, variables)
  return host:match "^bedrock[%l%-]*%.([%w%-]+)%.amazonaws%.com" or host:match "^bedrock[%l%-]*%.([%w%-]+)%.api%.aws"
    or variables.region or "us-east-1"
end

--- The headers that prove who asks. May wait.
---@param outgoing Outgoing
---@param target Signing its credential is a bearer key, which every call carries already
---@return table<string, string>? headers, Failure? failure
local function sign(outgoing, target)
  if target.credential then return {} end
  local keys, problem = credentials.find(target.variables)
  if not keys then return nil, problem end
  return crypto.sigv4 {
    access_key = keys.access_key, secret_key = keys.secret_key, session_token = keys.session_token,
    region = region_of(outgoing.host, target.variables), service = "bedrock", method = outgoing.method,
    host = outgoing.host, path = outgoing.path, headers = outgoing.headers, body = outgoing.body,
  }
end

return { sign = sign }
