-- SPDX-License-Identifier: Apache-2.0
--- Where the keys that sign come from when no bearer key is there: the environment, the container's or the machine's
--- own service. Those that end are kept in gateway.shared, for all workers, and fetched anew before they do.
---
--- Not read: the shared files (AWS_PROFILE) and web identity, which are files: scripts open none.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local http = require "gateway.http"
local json = require "gateway.json"
local shared = require "gateway.shared"
local task = require "gateway.task"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local EARLY, REFRESHING, NONE_FOR = 300, 30, 30 -- seconds
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
---@field expires number? Unix seconds

-- Reading ------------------------------------------------------------------------------------------------------------

--- Unix seconds of "2026-01-15T18:00:00Z".
local function unix_time(text)
  local y, m, d, hour, minute, second = (text or ""):match "^(%d+)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)"
  if not y then return nil end
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  local year, month = m <= 2 and y - 1 or y, (m + 9) % 12
  local days = 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * month + 2) / 5) + d - 719469
  return days * 86400 + hour * 3600 + minute * 60 + second
end

---@return AwsKeys?
local function keys_in(text)
  local found = json.decode(text)
  local access, secret = typed(found, "AccessKeyId", "string"), typed(found, "SecretAccessKey", "string")
  if not access or not secret then return nil end
  return {
    access_key = access, secret_key = secret, session_token = typed(found, "Token", "string"),
    expires = unix_time(typed(found, "Expiration", "string")),
  }
end

-- Sources ------------------------------------------------------------------------------------------------------------

--- The text of a good answer.
local function asked(options)
  options.allow = { options.url:match "^https?://[^/]+" }
  local answer = http.fetch(options)
  return answer and answer.status == 200 and answer.body or nil
end

local function container_url(variables)
  local whole, below = variables.container_url, variables.container_path
  if whole then
    local host = whole:match "^http://(%[[^%]]*%])" or whole:match "^http://([^/:]+)"
    return (not host or IN_THE_CLEAR[host]) and whole or nil
  end
  return below and CONTAINER_HOST .. below
end

local function from_container(url, variables)
  local text = asked { url = url, timeout_ms = TIMEOUT, headers = { authorization = variables.container_token } }
  return text and keys_in(text)
end

--- The machine's own service, version 2.
local function from_machine(host)
  local token = asked {
    url = host .. "/latest/api/token", method = "PUT", timeout_ms = METADATA_TIMEOUT,
    headers = { ["x-aws-ec2-metadata-token-ttl-seconds"] = TOKEN_TTL },
  }
  if not token then return nil end
  local headers = { ["x-aws-ec2-metadata-token"] = token }
  local role = asked { url = host .. ROLES, timeout_ms = METADATA_TIMEOUT, headers = headers }
  role = role and role:match "^%s*([^%s]+)"
  local text = role and asked { url = host .. ROLES .. role, timeout_ms = METADATA_TIMEOUT, headers = headers }
  return text and keys_in(text)
end

---@class AwsSource a service that lends keys
---@field name string key in gateway.shared
---@field fetch fun(): AwsKeys?

---@return AwsSource?
local function source_of(variables)
  local url = container_url(variables)
  if url then
    return { name = "aws:" .. crypto.sha256(url), fetch = function() return from_container(url, variables) end }
  end
  if (variables.metadata_disabled or ""):lower() == "true" then return nil end
  local host = variables.metadata_host or METADATA_HOST
  return { name = "aws:" .. crypto.sha256(host), fetch = function() return from_machine(host) end }
end

-- Keeping ------------------------------------------------------------------------------------------------------------

local used = {} -- names under which this worker has kept keys

local function keep(name, keys)
  local left = keys.expires and keys.expires - clock.now() or EARLY
  if left <= 0 then return end
  used[name] = true
  shared.set(name, json.encode(keys), left)
end

local function refresh(source)
  local keys = source.fetch()
  if keys then
    keep(source.name, keys)
  else
    shared.set(source.name .. ":none", 1, NONE_FOR)
  end
  return keys
end

local function kept(name)
  local text = shared.get(name)
  return type(text) == "string" and json.decode(text) or nil
end

--- One worker fetches the next keys, off the answer's path, while the present ones still hold.
local function refresh_ahead(source, keys)
  if not keys.expires or keys.expires - clock.now() > EARLY then return end
  if shared.add(source.name .. ":refreshing", 1, REFRESHING) then task.later(refresh, source) end
end

---@return AwsKeys?
local function borrowed(source)
  local keys = kept(source.name)
  if keys then
    refresh_ahead(source, keys)
    return keys
  end
  if shared.get(source.name .. ":none") then return nil end
  return refresh(source)
end

-- ---------------------------------------------------------------------------------------------------------------------

local function missing()
  return {
    status = 401, type = "authentication_error", code = "invalid_api_key", elsewhere = true,
    message = "the gateway has no AWS credentials: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and "
      .. "AWS_SECRET_ACCESS_KEY, or give its machine or container a role",
  }
end

--- The keys to sign with. May wait.
---@param variables table<string, string> access_key, secret_key, session_token, container_url, container_path,
--- container_token, metadata_host, metadata_disabled
---@return AwsKeys? keys, Failure? failure
local function find(variables)
  if variables.access_key and variables.secret_key then
    return {
      access_key = variables.access_key, secret_key = variables.secret_key, session_token = variables.session_token,
    }
  end
  local source = source_of(variables)
  local keys = source and borrowed(source)
  if keys then return keys end
  return nil, missing()
end

--- Keys that AWS does not take any longer are fetched anew.
local function forget()
  for name in pairs(used) do shared.delete(name) end
end

return { find = find, forget = forget }
