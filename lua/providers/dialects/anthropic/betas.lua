-- SPDX-License-Identifier: Apache-2.0
--- The header anthropic-beta: a list that several parties add to.

--- Both lists in one: all of their names, in order, each once.
---@param given string? the client's
---@param own string? the gateway's
---@return string?
local function merged(given, own)
  if not given and (not own or own == "") then return nil end
  local list, seen = {}, {}
  for name in ((given or "") .. "," .. (own or "")):gmatch "[^,%s]+" do
    if not seen[name] then list[#list + 1] = name end
    seen[name] = true
  end
  return #list > 0 and table.concat(list, ",") or nil
end

return { merged = merged }
