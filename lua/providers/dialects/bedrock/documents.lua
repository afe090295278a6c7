-- SPDX-License-Identifier: Apache-2.0
--- Documents as Converse takes them: few formats, and names of few characters, each once in a request.

local LONGEST = 200

local FORMATS = { -- by media type
  ["application/pdf"] = "pdf", ["text/csv"] = "csv", ["application/csv"] = "csv", ["application/msword"] = "doc",
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"] = "docx",
  ["application/vnd.ms-excel"] = "xls",
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] = "xlsx",
  ["text/html"] = "html", ["text/plain"] = "txt", ["text/markdown"] = "md",
}
local EXTENSIONS = {
  pdf = "pdf", csv = "csv", doc = "doc", docx = "docx", xls = "xls", xlsx = "xlsx", html = "html", htm = "html",
  txt = "txt", md = "md", markdown = "md",
}

--- The format of a file; nil for one that is not read there.
---@param kind string media type, maybe empty
---@param filename string?
---@return string?
local function format_of(kind, filename)
  local extension = (filename or ""):lower():match "%.(%w+)$"
  return FORMATS[kind] or EXTENSIONS[extension]
end

--- Letters, digits, single spaces, hyphens and brackets; anything else becomes a hyphen, a character of several bytes
--- one. The extension goes.
local function cleaned(filename)
  local name = filename:gsub("%.%w+$", "")
  name = name:gsub("[\192-\247][\128-\191]*", "-"):gsub("%s+", " "):gsub("[^%w %-%(%)%[%]]", "-")
  name = name:gsub("^ ", ""):sub(1, LONGEST):gsub(" $", "")
  return name ~= "" and name or "document"
end

--- A name that no other document of the request has.
---@param filename string?
---@param taken table<string, boolean>
---@return string
local function name_of(filename, taken)
  local plain = cleaned(filename or "")
  local name, count = plain, 1
  while taken[name] do
    count = count + 1
    local suffix = "-" .. count
    name = plain:sub(1, LONGEST - #suffix) .. suffix
  end
  taken[name] = true
  return name
end

return { format_of = format_of, name_of = name_of }
