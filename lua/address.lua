-- SPDX-License-Identifier: Apache-2.0
--- Base addresses of providers: "https://host[:port][/path]" (gateway-api 9.1).

local address = {}

--- The version in a default base: "/v1" of "https://api.groq.com/openai/v1", the last one where there are two.
local function version_of(base)
  local version = ""
  for segment in (base or ""):gmatch "/([^/]+)" do
    if segment:find "^v%d%w*$" then version = "/" .. segment end
  end
  return version
end

--- "models.lan" means what the default says: its scheme, and its port.
local function completed(text, default)
  if text:find("://", 1, true) then return text end
  local scheme, authority = (default or ""):match "^(https?)://([^/]*)"
  local host, rest = text:match "^([^/]*)(.*)$"
  local port = authority and not host:find ":%d+$" and authority:match ":%d+$" or ""
  return (scheme or "https") .. "://" .. host .. port .. rest
end

---@param text string
---@param default? string the provider's own base: an address without a path gets this one's version
---@return { origin: string, path: string }? parsed
---@return string? message what it must be
function address.parse(text, default)
  local scheme, authority, path = completed(text, default):match "^(https?)://([^/?#]+)([^?#]*)$"
  if not scheme then return nil, "must look like https://host/path, without query or fragment" end
  if authority:find("@", 1, true) then return nil, "must not hold a user or password" end
  if (authority .. path):find "[%c%s\\]" or path:find("..", 1, true) then
    return nil, "must not hold spaces, backslashes or .."
  end
  path = path:gsub("/+$", "")
  if path == "" then path = version_of(default) end
  return { origin = scheme .. "://" .. authority, path = path }
end

return address
