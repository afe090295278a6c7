-- SPDX-License-Identifier: Apache-2.0
--- Why a candidate is refused, as file, line and message: read from the lines of a report, whose files are named from
--- their roots ("plugins/x.lua:3: ...") or as they were found.

---@class Reason
---@field file string as it lies on the disk; "environment" for a variable; "" when it is nobody's
---@field line integer 0 where a line means nothing
---@field message string

---@class Sources
---@field origin fun(path: string): string?  where a file of the candidate lies, by its path in the bundle
---@field path fun(origin: string): string?  the other way round
---@field text fun(path: string): string?

local reasons = {}

local MESSAGE_MAX = 800

local function short(message)
  message = message:gsub("%s+", " "):gsub("^ ", "")
  if #message <= MESSAGE_MAX then return message end
  return message:sub(1, MESSAGE_MAX - 3):gsub("[\192-\255]?[\128-\191]*$", "") .. "..."
end

local function line_at(text, position)
  local line, from = 1, 1
  while true do
    local at = text:find("\n", from, true)
    if not at or at >= position then return line end
    line, from = line + 1, at + 1
  end
end

--- The word a contract's message is about: what it quotes, or what it begins with.
local function word_of(message)
  return message:match '^unknown [%a]+ "([%w_]+)"' or message:match "^[%w_.]-([%w_]+):? must be"
    or message:match "^schema%.([%w_]+)" or message:match "^([%w_]+) "
end

--- Where a member of the script's table is written; 1 when it cannot be told.
---@param text string?
---@param message string
---@return integer
function reasons.line_of(text, message)
  local word = text and word_of(message)
  if not word then return 1 end
  local at = text:find("%f[%w_]" .. word .. "%f[^%w_]%s*=") or text:find("%f[%w_]" .. word .. "%f[^%w_]")
  return at and line_at(text, at) or 1
end

local function of_script(file, line, message, sources)
  local path = sources.path(file) or file
  local origin = sources.origin(path) or file
  line = line or reasons.line_of(sources.text(path), message)
  return { file = origin, line = line, message = short(message) }
end

--- A reason about a place in a file of the candidate.
---@param file string
---@param line integer?
---@param message string
---@param sources Sources
---@return Reason
function reasons.at(file, line, message, sources)
  return of_script(file, line, message, sources)
end

--- One line of a report.
---@param line string
---@param sources Sources
---@return Reason
function reasons.read(line, sources)
  local file, number, message = line:match "^([^%s:][^:]*%.lua):(%d+): (.*)$"
  if file then return of_script(file, tonumber(number), message, sources) end
  file, message = line:match "^([^%s:][^:]*%.lua): (.*)$"
  if file then return of_script(file, nil, message, sources) end
  file, number, message = line:match "^(.-):(%d+):%d+: (.*)$"
  if file then return { file = file, line = tonumber(number), message = short(message) } end
  file, number, message = line:match "^(.-%.json):(%d+): (.*)$"
  if file then return { file = file, line = tonumber(number), message = short(message) } end
  file, message = line:match "^(environment): (.*)$"
  if not file then file, message = line:match "^(.-%.json): (.*)$" end
  return { file = file or "", line = 0, message = short(message or line) }
end

--- Every line of a report.
---@param report string
---@param sources Sources
---@return Reason[]
function reasons.list(report, sources)
  local list = {}
  for line in report:gmatch "[^\n]+" do list[#list + 1] = reasons.read(line, sources) end
  return list
end

--- For a terminal: `file:line: message`.
---@param reason Reason
---@return string
function reasons.shown(reason)
  if reason.file == "" then return reason.message end
  if reason.line == 0 then return ("%s: %s"):format(reason.file, reason.message) end
  return ("%s:%d: %s"):format(reason.file, reason.line, reason.message)
end

--- A report for a terminal: what it says of a script gets the place on the disk; the rest, with its columns, stays.
---@param report string
---@param sources Sources
---@return string
function reasons.told(report, sources)
  local lines = {}
  for line in report:gmatch "[^\n]+" do
    local of_a_script = line:find "^[^%s:][^:]*%.lua:"
    lines[#lines + 1] = of_a_script and reasons.shown(reasons.read(line, sources)) or line
  end
  return table.concat(lines, "\n")
end

return reasons
