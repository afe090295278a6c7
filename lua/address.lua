-- SPDX-License-Identifier: Apache-2.0
--- Base addresses of providers: "https://host[:port][/path]" (gateway-api 9.1).

local address = {}

--- The version segment of a default base: "/v1" of "https://api.groq.com/openai/v1".
local function version_of(base)
  local path = base and base:match "^https?://[^/]+(/.*)$"
  return path and (path .. "/"):match "(/v%d[%w]*)/" or ""
end

--- "localhost:11434" means what the default's scheme says, else https.
local function with_scheme(text, default)
  if text:find("://", 1, true) then return text end
  return (default and default:match "^https?" or "https") .. "://" .. text
end

local function is_loopback(host)
  return host == "localhost" or host:match "^127%." ~= nil or host == "[::1]"
end

---@param text string
---@param default? string the provider's own base: an address without a path gets this one's
---@return { origin: string, path: string }? parsed
---@return string? message
function address.parse(text, default)
  local scheme, authority, path = with_scheme(text, default):match "^(https?)://([^/?#]+)([^?#]*)$"
  if not scheme then return nil, "base address must look like https://host/path, without query or fragment" end
  if authority:find("@", 1, true) then return nil, "base address must not hold a user name or password" end
  if path:find("[%c%s\\]") or path:find("..", 1, true) then return nil, "base address holds characters that are not allowed" end
  path = path:gsub("/+$", "")
  if path == "" then path = version_of(default) end
  return { origin = scheme .. "://" .. authority, path = path, loopback = is_loopback((authority:gsub(":%d+$", ""))) }
end

return address
