-- SPDX-License-Identifier: Apache-2.0
--- A text with {{names}}: read once, filled per request. What is filled in is never read again.

local template = {}

local function problem_in(text)
  local rest = text:gsub("{{%s*[%w_.-]+%s*}}", "")
  if rest:find("{{", 1, true) or rest:find("}}", 1, true) then
    return "has {{ or }} without a name between them; a name has letters, digits, '_', '-' and '.'"
  end
end

--- Reads a text. Raises on one that cannot be meant.
---@param text string
---@param where string what the error begins with
---@return table pieces literal texts and { name = }
function template.read(text, where)
  local problem = problem_in(text)
  if problem then error(("%s %s"):format(where, problem), 0) end
  local pieces, at = {}, 1
  while true do
    local from, to, name = text:find("{{%s*([%w_.-]+)%s*}}", at)
    pieces[#pieces + 1] = text:sub(at, (from or 0) - 1)
    if not from then return pieces end
    pieces[#pieces + 1] = { name = name }
    at = to + 1
  end
end

--- The text, filled.
---@param pieces table
---@param find fun(name: string): string?
---@return string? text, string? missing the first name nobody has a value for
function template.fill(pieces, find)
  local out = {}
  for i, piece in ipairs(pieces) do
    local text = piece
    if type(piece) == "table" then text = find(piece.name) end
    if text == nil then return nil, piece.name end
    out[i] = text
  end
  return table.concat(out)
end

return template
