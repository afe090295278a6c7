-- SPDX-License-Identifier: Apache-2.0
-- lua5.1 tests/layers.lua [-w]: reads every source file and fails on a forbidden direction of include or require, a
-- library outside its room, a banned function, mutable static data, sizes past the house rules, a missing SPDX line.
-- With -w also tells functions past 40 lines.

local FILE_LINES, FUNCTION_LINES, FUNCTION_WARNING, COLUMNS = 400, 60, 40, 120

-- A room may include rooms of lower levels, and the neighbours named in BESIDE.
local LEVELS = {
  base = 0,
  tls = 1, loop = 1, codec = 1, match = 1, config = 1, catalog = 1, crypto = 1, telemetry = 1,
  http = 2, upstream = 2, store = 2, shared = 2, script = 2, events = 2,
  process = 3, bindings = 4, main = 5,
}
local BESIDE = { config = { codec = true }, catalog = { codec = true } }

-- Library headers and the rooms they live in; a path stands for the files that begin so.
local LIBRARIES = {
  { "^llhttp%.h$", { http = true, upstream = true } },
  { "^openssl/", { tls = true, crypto = true } },
  { "^curl/", { ["runtime/upstream/curl"] = true } },
  { "^sqlite3%.h$", { store = true } },
  { "^libpq%-fe%.h$", { store = true } },
  { "^yaml%.h$", { config = true } },
  { "^cjson/", { codec = true } },
  { "^hs", { match = true } },
  { "^lua[%w]*%.h$", { script = true, bindings = true } },
  { "^lauxlib%.h$", { script = true, bindings = true } },
  { "^uv%.h$", { loop = true, http = true, upstream = true, process = true, script = true, telemetry = true,
    store = true, bindings = true } },
}

-- Scripts of the four folders use these, a plugin the parts in a folder of its own, dialects and providers those of
-- dialects.
local SCRIPT_MODULES = { "^gateway%.[%w_]+$", "^schema$", "^errors$" }
local SCRIPT_FOLDERS = { providers = true, strategies = true, plugins = true, admin = true }

local BANNED = { "strcpy", "strcat", "sprintf", "vsprintf", "gets", "alloca" }
-- The product starts no program; main.c alone may exit.
local BANNED_IN_PRODUCT = { "system", "popen", "f?exec[lv][pe]?e?", "posix_spawnp?" }

local errors, warnings = {}, {}

local function refuse(file, line, message, ...)
  errors[#errors + 1] = ("%s:%d: %s"):format(file, line, message:format(...))
end

local function warn(file, line, message, ...)
  warnings[#warnings + 1] = ("%s:%d: warning: %s"):format(file, line, message:format(...))
end

local function list(command)
  local pipe = assert(io.popen(command))
  local names = {}
  for name in pipe:lines() do names[#names + 1] = (name:gsub("^%./", "")) end
  pipe:close()
  return names
end

local function read(file)
  local handle = assert(io.open(file, "rb"))
  local text = handle:read("*a")
  handle:close()
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

-- C ------------------------------------------------------------------------------------------------------------------

--- The lines without comments and without what is inside of string and character literals.
local function bare_c(lines)
  local bare, comment = {}, false
  for i, line in ipairs(lines) do
    if comment then
      local tail = line:match("%*/(.*)$")
      line, comment = tail or "", tail == nil
    end
    line = line:gsub("\\.", ""):gsub('"[^"]*"', '""'):gsub("'[^']*'", "''"):gsub("//.*$", ""):gsub("/%*.-%*/", "")
    local head = line:match("^(.-)/%*")
    if head then line, comment = head, true end
    bare[i] = line
  end
  return bare
end

local function room_of(file)
  if file == "runtime/main.c" then return "main" end
  return file:match("^runtime/([^/]+)/") or file:match("^(bindings)/")
end

local function check_room_include(file, line, room, header)
  local other = header:match("^(bindings)/") or header:match("^([^/]+)/[^/]+%.h$")
  if not other or not LEVELS[other] or other == room then return end
  local allowed = LEVELS[other] < LEVELS[room] or (BESIDE[room] or {})[other]
  if not allowed then refuse(file, line, "%s must not include %s (%s)", room, other, header) end
end

local function lives_in(homes, file, room)
  for home in pairs(homes) do
    if home == room or (home:find("/") and file:sub(1, #home) == home) then return true end
  end
  return false
end

local function check_library(file, line, room, header)
  for _, rule in ipairs(LIBRARIES) do
    if header:find(rule[1]) and not lives_in(rule[2], file, room) then
      refuse(file, line, "%s does not belong into %s", header, room)
    end
  end
end

local function check_includes(file, lines)
  local room = room_of(file)
  if room and not LEVELS[room] then refuse(file, 1, "unknown room %s", room) end
  if not room or not LEVELS[room] then return end
  for i, line in ipairs(lines) do
    local quote, header = line:match('^%s*#%s*include%s*([<"])([^>"]+)')
    if header and quote == '"' then check_room_include(file, i, room, header) end
    if header then check_library(file, i, room, header) end
  end
end

local function refuse_calls(file, bare, names)
  for i, line in ipairs(bare) do
    for _, name in ipairs(names) do
      local call = line:match("%f[%w_](" .. name .. ")%f[^%w_]%s*%(")
      if call then refuse(file, i, "%s is banned", call) end
    end
  end
end

local function check_banned(file, bare)
  refuse_calls(file, bare, BANNED)
  if room_of(file) then refuse_calls(file, bare, BANNED_IN_PRODUCT) end
  if room_of(file) and file ~= "runtime/main.c" then refuse_calls(file, bare, { "exit" }) end
end

local function check_static_data(file, bare)
  for i, line in ipairs(bare) do
    local declared = line:match("^%s*static%s+([^%(]*)[=;]")
    if declared and not declared:find("%f[%w]const%f[%W]") and not declared:find("^_Thread_local") then
      refuse(file, i, "mutable static data: %s", declared:gsub("%s+$", ""))
    end
  end
end

local function check_size(file, first, last, kind)
  local length = last - first + 1
  if length > FUNCTION_LINES then
    refuse(file, first, "a %s of %d lines (at most %d)", kind, length, FUNCTION_LINES)
  elseif length > FUNCTION_WARNING then
    warn(file, first, "a %s of %d lines (more than %d)", kind, length, FUNCTION_WARNING)
  end
end

--- Functions of clang-formatted C: from a line at column 0 to a line that is `}` alone.
local function check_c_functions(file, bare)
  local start, header, open = nil, "", false
  for i, line in ipairs(bare) do
    if not open and line:find("^[%a_]") then start, header = i, "" end
    if not open and start then
      header = header .. line
      if line:find("{%s*$") then
        open = true
      elseif line:find("[;}]%s*$") then
        start = nil
      end
    elseif open and line:find("^}") then
      if line:find("^}%s*$") and header:find("%(") and not header:find("=") then
        check_size(file, start, i, "function")
      end
      start, open = nil, false
    end
  end
end

local function check_c(file, lines)
  local bare = bare_c(lines)
  check_includes(file, lines)
  check_banned(file, bare)
  if room_of(file) then check_static_data(file, bare) end
  check_c_functions(file, bare)
end

-- Lua ----------------------------------------------------------------------------------------------------------------

local function script_may_require(file, module)
  for _, pattern in ipairs(SCRIPT_MODULES) do
    if module:find(pattern) then return true end
  end
  local kind = file:match("^lua/(plugins)/") or file:match("^lua/(strategies)/")
  if kind then return module:find("^" .. kind .. "%.[%w_%-]+%.[%w_.%-]+$") ~= nil end
  return file:find("^lua/providers/") and module:find("^providers%.dialects%.[%w_.]+$") ~= nil
end

local function check_requires(file, lines)
  local folder = file:match("^lua/([^/]+)/")
  if folder and not SCRIPT_FOLDERS[folder] then refuse(file, 1, "lua/ has four folders; %s is none of them", folder) end
  for i, line in ipairs(lines) do
    local module = not line:find("^%s*%-%-") and line:match("require%s*%(?%s*[\"']([%w_.%-/]+)[\"']")
    if module and folder and not script_may_require(file, module) then
      refuse(file, i, "a script must not require %s", module)
    elseif module and not folder and module:find("[./]") and not module:find("^gateway%.") then
      refuse(file, i, "the hallway must not require %s", module)
    end
  end
end

--- Functions of Lua indented by two spaces: from their first line to the `end` at the same depth.
local function check_lua_functions(file, lines)
  local open = {}
  for i, line in ipairs(lines) do
    local depth, rest = line:match("^(%s*)(.*)$")
    local top = open[#open]
    if top and #depth == top.depth and rest:find("^end%f[%W]") then
      check_size(file, top.line, i, "function")
      open[#open] = nil
    end
    local after = rest:match("%f[%w_]function%f[^%w_][^%(]*%b()%s*(.*)$")
    local starts = after and (after == "" or after:find("^%-%-"))
    if starts and not rest:find("^%-%-") then open[#open + 1] = { line = i, depth = #depth } end
  end
end

local function check_lua(file, lines)
  if file:find("^lua/") then check_requires(file, lines) end
  if not file:find("^spec/") then check_lua_functions(file, lines) end
end

-- Every file ---------------------------------------------------------------------------------------------------------

local function check_columns(file, lines)
  for i, line in ipairs(lines) do
    local columns = #line:gsub("[\128-\191]", "")
    if columns > COLUMNS then refuse(file, i, "%d columns (at most %d)", columns, COLUMNS) end
    if line:find("[ \t\r]$") then refuse(file, i, "white space at the end") end
  end
end

local function check_spdx(file, lines)
  for i = 1, math.min(3, #lines) do
    if lines[i]:find("SPDX-License-Identifier: Apache-2.0", 1, true) then return end
  end
  refuse(file, 1, "no SPDX line")
end

local CHECKS = { c = check_c, h = check_c, lua = check_lua, mjs = check_columns, sh = check_columns }

local function check(file)
  local lines = read(file)
  if #lines > FILE_LINES then refuse(file, 1, "%d lines (at most %d)", #lines, FILE_LINES) end
  check_spdx(file, lines)
  local by_kind = CHECKS[file:match("%.(%w+)$") or ""]
  if by_kind then by_kind(file, lines) end
end

local function sources()
  return list([[find runtime bindings lua spec examples tests bench deploy .ci CMakeLists.txt Makefile -type f \
    ! -path '*/node_modules/*' ! -path 'spec/fixtures/*' ! -path 'tests/fuzz/corpus/*' ! -path 'bench/results*' \
    \( -name '*.c' -o -name '*.h' -o -name '*.lua' -o -name '*.mjs' -o -name '*.sh' -o -name CMakeLists.txt \
    -o -name Makefile -o -path .ci/run \) | sort]])
end

local names = sources()
for _, name in ipairs(names) do check(name) end
if arg[1] == "-w" then for _, line in ipairs(warnings) do print(line) end end
for _, line in ipairs(errors) do print(line) end
print(("%d files, %d errors, %d warnings"):format(#names, #errors, #warnings))
os.exit((#errors == 0 and #names > 0) and 0 or 1)
