-- SPDX-License-Identifier: Apache-2.0
--- Where the keys that sign come from when there is no bearer key: the environment, the file that
--- AWS_SHARED_CREDENTIALS_FILE names, the container's or the machine's own service. Those that end are one for all
--- workers, fetched anew before they do (neutral/lease.lua).
---
--- Not read: web identity and the container's token file, which change while the gateway runs, and ~/.aws unless the
--- variable names it.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local http = require "gateway.http"
local json = require "gateway.json"

local dates = require "providers.dialects.neutral.dates"
local lease = require "providers.dialects.neutral.lease"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local HOLDS = 900 -- seconds, of keys that name no end
local TIMEOUT, METADATA_TIMEOUT = 5000, 1000 -- milliseconds; elsewhere than on a machine of AWS nobody answers
local TOKEN_TTL = "21600" -- seconds
local CONTAINER_HOST, METADATA_HOST = "http://169.254.170.2", "http://169.254.169.254"
local ROLES = "/latest/meta-data/iam/security-credentials/"

-- Hosts that may be asked in the clear: this machine, ECS, EKS.
local IN_THE_CLEAR = {
  ["127.0.0.1"] = true, ["localhost"] = true, ["[::1]"] = true, ["169.254.170.2"] = true,
  ["169.254.170.23"] = true, ["[fd00:ec2::23]"] = true,
}

---@class AwsKeys
---@field access_key string
---@field secret_key string
---@field session_token string?

local function missing(why)
  return {
    status = 401, type = "authentication_error", code = "invalid_api_key", elsewhere = true,
    message = ("the gateway has no AWS credentials (%s): set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and "
      .. "AWS_SECRET_ACCESS_KEY, or give its machine or container a role"):format(why),
  }
end

--- A service that is there, and does not answer: another try may find it.
local function unreachable(why)
  return {
    status = 502, type = "api_error", code = "upstream_unreachable",
    message = ("the gateway has no AWS credentials: its container's service could not be asked (%s)"):format(why),
  }
end

-- The shared file ----------------------------------------------------------------------------------------------------

--- Whether a credential is such a file's content, not a bearer key.
---@param credential string
---@return boolean
local function is_file(credential)
  return credential:find "aws_access_key_id%s*=" ~= nil
end

--- The keys of a profile.
---@param text string the file's content
---@param profile string
---@return AwsKeys?
local function keys_in_file(text, profile)
  local found, section = {}, nil
  for line in text:gmatch "[^\r\n]+" do
    local name = line:match "^%s*%[%s*(.-)%s*%]"
    section = name or section
    local key, field = line:match "^%s*([%w_]+)%s*=%s*(.-)%s*$"
    if key and section == profile then found[key:lower()] = field end
  end
  if not found.aws_access_key_id or not found.aws_secret_access_key then return nil end
  return {
    access_key = found.aws_access_key_id, secret_key = found.aws_secret_access_key,
    session_token = found.aws_session_token,
  }
end

-- Services -----------------------------------------------------------------------------------------------------------

--- The text of a good answer; nil and why there is none.
local function asked(options)
  options.allow = { options.url:match "^https?://[^/]+" }
  local answer, _, code = http.fetch(options)
  if not answer then return nil, code end
  if answer.status ~= 200 then return nil, "status " .. answer.status end
  return answer.body
end

local function container_url(variables)
  local whole, below = variables.container_url, variables.container_path
  if whole then
    local host = whole:match "^http://(%[[^%]]*%])" or whole:match "^http://([^/:]+)"
    return (not host or IN_THE_CLEAR[host]) and whole or nil
  end
  return below and CONTAINER_HOST .. below
end

--- The machine's own service, version 2.
local function machine_text(host)
  local token, why = asked {
    url = host .. "/latest/api/token", method = "PUT", timeout_ms = METADATA_TIMEOUT,
    headers = { ["x-aws-ec2-metadata-token-ttl-seconds"] = TOKEN_TTL },
  }
  if not token then return nil, why end
  local headers = { ["x-aws-ec2-metadata-token"] = token }
  local role, without = asked { url = host .. ROLES, timeout_ms = METADATA_TIMEOUT, headers = headers }
  role = role and role:match "^%s*([^%s]+)"
  if not role then return nil, without or "no role" end
  return asked { url = host .. ROLES .. role, timeout_ms = METADATA_TIMEOUT, headers = headers }
end

--- The keys of a service's answer as JSON, and for how many seconds they hold.
local function read(text)
  local found = json.decode(text)
  local access, secret = typed(found, "AccessKeyId", "string"), typed(found, "SecretAccessKey", "string")
  if not access or not secret then return nil, missing "an answer without keys" end
  local ends = dates.of_iso(typed(found, "Expiration", "string") or "")
  return json.encode {
    access_key = access, secret_key = secret, session_token = typed(found, "Token", "string"),
  }, ends and ends - clock.now() or HOLDS
end

local function from_container(url, token)
  local text, why = asked { url = url, timeout_ms = TIMEOUT, headers = { authorization = token } }
  if not text then return nil, unreachable(why) end
  return read(text)
end

--- A machine that is none of AWS's has no such service: then there are simply no keys.
local function from_machine(host)
  local text, why = machine_text(host)
  if not text then return nil, missing(why) end
  return read(text)
end

--- Who lends keys; nil when nobody may be asked.
---@return LeaseSource?
local function source_of(variables)
  local url, host = container_url(variables), variables.metadata_host or METADATA_HOST
  local what = "the AWS keys of its " .. (url and "container" or "machine")
  if url then
    return {
      name = "aws:" .. crypto.sha256(url), what = what,
      fetch = function() return from_container(url, variables.container_token) end,
    }
  end
  if variables.container_url or (variables.metadata_disabled or ""):lower() == "true" then return nil end
  return {
    name = "aws:" .. crypto.sha256(host), what = what, fetch = function() return from_machine(host) end,
  }
end

-- ---------------------------------------------------------------------------------------------------------------------

--- The keys to sign with. May wait.
---@param target Signing
---@return AwsKeys? keys, Failure? failure
local function find(target)
  local variables = target.variables
  if variables.access_key and variables.secret_key then
    return {
      access_key = variables.access_key, secret_key = variables.secret_key, session_token = variables.session_token,
    }
  end
  local profile = variables.profile or "default"
  if target.credential then
    local keys = keys_in_file(target.credential, profile)
    return keys, not keys and missing(("no keys of the profile %q"):format(profile)) or nil
  end
  local source = source_of(variables)
  if not source then return nil, missing "nobody lends any" end
  local text, failure = lease.get(source)
  return text and json.decode(text), failure
end

--- Keys that AWS does not take any longer are fetched anew.
---@param target Signing
---@return boolean whether there were any that can be
local function drop(target)
  local variables = target.variables
  if variables.access_key and variables.secret_key or target.credential then return false end
  local source = source_of(variables)
  return source ~= nil and lease.drop(source)
end

return { find = find, drop = drop, is_file = is_file }
