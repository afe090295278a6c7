-- SPDX-License-Identifier: Apache-2.0
--- Paths that name the model.

--- A path of the provider's with `{model}` filled: everything but the unreserved characters, and the slashes of
--- owner/name, as %XX.
---@param path string
---@param model string
---@return string
local function fill(path, model)
  local text = model:gsub("[^%w%-._~/]", function(c) return ("%%%02X"):format(c:byte()) end)
  text = text:gsub("%.%.", "%%2E%%2E")
  return (path:gsub("{model}", (text:gsub("%%", "%%%%"))))
end

return { fill = fill }
