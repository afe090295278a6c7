-- SPDX-License-Identifier: Apache-2.0
--- Google's access tokens: a service account asks with a JWT that it signs, a user's file with its refresh token, a
--- machine of Google's its own metadata service.
---
--- Not read: external accounts (workload identity), which name further files and services.

local clock = require "gateway.clock"
local crypto = require "gateway.crypto"
local http = require "gateway.http"
local json = require "gateway.json"
local log = require "gateway.log"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local SCOPE = "https://www.googleapis.com/auth/cloud-platform"
local TOKEN_URI = "https://oauth2.googleapis.com/token"
local METADATA_HOST = "metadata.google.internal"
local METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
local GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
local HOLDS = 3600 -- seconds that a signed wish is good for, the most Google takes
local TIMEOUT_MS, METADATA_TIMEOUT_MS = 8000, 2000
local LONGEST = 300 -- characters of Google's words

-- Failures -----------------------------------------------------------------------------------------------------------

--- The credential is wrong, whoever asks with it.
local function refused(message)
  return {
    status = 401, type = "authentication_error", code = "invalid_api_key", elsewhere = true,
    message = "the gateway has no access token for Google: " .. message,
  }
end

local BY_CODE = { timeout = { 504, "timeout_error", "upstream_timeout" } }
local UNREACHABLE = { 502, "api_error", "upstream_unreachable" }

--- The token endpoint is not there; another try may find it.
local function unreachable(code)
  local kind = BY_CODE[code] or UNREACHABLE
  return {
    status = kind[1], type = kind[2], code = kind[3],
    message = ("the gateway has no access token for Google: its token endpoint could not be asked (%s)"):format(
      code or "unknown"),
  }
end

--- What Google says: "invalid_grant: Invalid JWT Signature."
local function words_of(text)
  local body = json.decode(text)
  local kind, more = typed(body, "error", "string"), typed(body, "error_description", "string")
  local words = kind and more and kind .. ": " .. more or kind or more
  return words and value.cut(log.redacted(words), LONGEST)
end

local function failed(answer)
  if answer.status >= 500 or answer.status == 429 then return unreachable("status " .. answer.status) end
  return refused(("its token endpoint answered %d (%s)"):format(answer.status, words_of(answer.body) or "no reason"))
end

-- Asking -------------------------------------------------------------------------------------------------------------

--- The token of a good answer and how long it holds.
local function asked(options)
  local answer, _, code = http.fetch(options)
  if not answer then return nil, unreachable(code) end
  if answer.status ~= 200 then return nil, failed(answer) end
  local body = json.decode(answer.body)
  local token, holds = typed(body, "access_token", "string"), typed(body, "expires_in", "number")
  if not token or token == "" or token:find "[%c%s]" then return nil, unreachable "no token in its answer" end
  return token, holds or HOLDS
end

local function escaped(text)
  return (text:gsub("[^%w%-%._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function form(members)
  local list = {}
  for i, member in ipairs(members) do list[i] = member[1] .. "=" .. escaped(member[2]) end
  return table.concat(list, "&")
end

--- The endpoint that the file names is asked, nobody else.
local function post(uri, members)
  return asked {
    url = uri, body = form(members), headers = { ["content-type"] = "application/x-www-form-urlencoded" },
    timeout_ms = TIMEOUT_MS, allow = { uri:match "^https?://([^/?#]+)" },
  }
end

--- JSON text with its members in the order that Google's examples have.
local function claims_of(account, uri)
  local now = math.floor(clock.now())
  return ('{"iss":%s,"scope":%s,"aud":%s,"iat":%d,"exp":%d}'):format(
    json.encode(account.client_email), json.encode(SCOPE), json.encode(uri), now, now + HOLDS)
end

local function header_of(account)
  local kid = typed(account, "private_key_id", "string")
  return kid and ('{"alg":"RS256","typ":"JWT","kid":%s}'):format(json.encode(kid)) or nil
end

local function lacking(account, names)
  for _, name in ipairs(names) do
    if not typed(account, name, "string") then return refused(("the credential has no %s"):format(name)) end
  end
  return nil
end

local function by_service_account(account)
  local problem = lacking(account, { "client_email", "private_key" })
  if problem then return nil, problem end
  local uri = typed(account, "token_uri", "string") or TOKEN_URI
  local assertion, message = crypto.jwt_sign {
    algorithm = "RS256", key = account.private_key, header = header_of(account), claims = claims_of(account, uri),
  }
  if not assertion then return nil, refused(message) end
  return post(uri, { { "grant_type", GRANT }, { "assertion", assertion } })
end

local function by_user(account)
  local problem = lacking(account, { "client_id", "client_secret", "refresh_token" })
  if problem then return nil, problem end
  return post(typed(account, "token_uri", "string") or TOKEN_URI, {
    { "grant_type", "refresh_token" }, { "client_id", account.client_id },
    { "client_secret", account.client_secret }, { "refresh_token", account.refresh_token },
  })
end

local KINDS = { service_account = by_service_account, authorized_user = by_user }

--- A token for a credential file's content.
---@param credential string JSON
---@return string? token, number|Failure
local function of_file(credential)
  local account = json.decode(credential)
  if type(account) ~= "table" then return nil, refused "the credential is not JSON" end
  local kind = typed(account, "type", "string")
  local ask = KINDS[kind]
  if ask then return ask(account) end
  return nil, refused(("credentials of type %q are not read"):format(kind or ""))
end

--- A token of the machine this runs on.
---@param host string? instead of Google's own name for it
---@return string? token, number|Failure
local function of_machine(host)
  local origin = "http://" .. (host or METADATA_HOST)
  local token, more = asked {
    url = origin .. METADATA_PATH, headers = { ["metadata-flavor"] = "Google" }, timeout_ms = METADATA_TIMEOUT_MS,
    allow = { origin },
  }
  if token then return token, more end
  return nil, refused("set VERTEX_AI_API_KEY, VERTEX_AI_SERVICE_ACCOUNT_JSON or GOOGLE_APPLICATION_CREDENTIALS, or "
    .. "run it on a machine of Google's with a service account")
end

return { of_file = of_file, of_machine = of_machine }
