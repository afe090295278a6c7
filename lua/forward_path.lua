-- SPDX-License-Identifier: Apache-2.0
--- Which paths may be forwarded: whatever server reads them, and however often it decodes them, they stay below the
--- provider's root (gateway-api 1.12, reliability-rules B13).

local errors = require "errors"

local forward_path = {}

local LAYERS = 8 -- of percent-encoding; what is still encoded then is meant to deceive

local REFUSED = {
  status = 400, type = "invalid_request_error", code = "invalid_proxy_path", final = true,
  message = "pass-through path contains a disallowed traversal segment",
}

local function decoded(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- A segment that leads elsewhere: `.` or `..`, parameters behind `;` or not. A backslash is a slash to some.
local function leads_away(text)
  for segment in (text:gsub("\\", "/") .. "/"):gmatch "([^/]*)/" do
    local name = segment:match "^[^;]*"
    if name == "." or name == ".." then return true end
  end
  return false
end

--- The path as the most eager server reads it; nil when it does not stay where it is.
local function confined(path)
  if path:find("//", 1, true) then return nil end
  for _ = 1, LAYERS do
    if leads_away(path) or path:find "%c" then return nil end
    local inner = decoded(path)
    if inner == path then return path end
    path = inner
  end
  return nil
end

local OWNED = "^/responses/" -- below it everything is somebody's (lua/responses_serve.lua)

--- A way around those who look at whose it is.
local function hides(rest, read)
  return read:find(OWNED) ~= nil and not rest:find(OWNED)
end

--- The path without the gateway's /v1, to be put below a provider's root.
---@param path string
---@return string? rest
---@return Failure? failure
function forward_path.below(path)
  local rest = path:match "^/v1(/.*)$"
  local read = rest and confined(rest)
  if read and not hides(rest, read) then return rest end
  return nil, REFUSED
end

--- The value of a query's parameter, percent-decoded.
---@param query string
---@param name string
---@return string?
function forward_path.parameter(query, name)
  for pair in query:gmatch "[^&]+" do
    local key, value = pair:match "^([^=]*)=(.*)$"
    if key == name then return decoded((value:gsub("%+", " "))) end
  end
end

--- The query with another value of the parameter.
---@param query string
---@param name string
---@param value string
---@return string
function forward_path.with_parameter(query, name, value)
  local coded = value:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end)
  local pairs_of = {}
  for pair in query:gmatch "[^&]+" do
    if pair:match "^[^=]*" == name then pair = name .. "=" .. coded end
    pairs_of[#pairs_of + 1] = pair
  end
  return table.concat(pairs_of, "&")
end

--- A failure for a model whose name cannot be replaced in what is forwarded.
---@param model string
---@return Failure
function forward_path.unspliced(model)
  return errors.invalid(("the model %q is one of the gateway's names, which can be replaced in JSON bodies of at most "
    .. "1 MiB only: use the provider's name"):format(model), "model")
end

return forward_path
