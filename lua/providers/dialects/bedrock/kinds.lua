-- SPDX-License-Identifier: Apache-2.0
--- Types of AWS's errors.

--- "ThrottlingException" of "ThrottlingException:http://...", or of "com.amazon#ThrottlingException".
---@param text string?
---@return string?
local function plain(text)
  text = text and text:match "^[^:]*"
  return text and (text:match "#([^#]*)$" or text)
end

return { plain = plain }
