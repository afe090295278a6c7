-- SPDX-License-Identifier: Apache-2.0
--- Puts named templates around what a client asks: a system message, words before and after the last user message.
--- {{name}} is a member of the request's `template_variables` or `metadata`; {{header.x-team}}, {{key.name}}, {{model}}
--- and {{body.user}} come from the request around them; {{input}} is the user message itself. A name without a value
--- refuses the request: a prompt with a hole in it is no prompt.

local json = require "gateway.json"
local template = require "plugins.prompt-template.template"

local PARTS = { "system", "prefix", "suffix", "user" }

local function read_one(name, given)
  local read = { replaces = given.replace_system }
  for _, part in ipairs(PARTS) do
    if given[part] then read[part] = template.read(given[part], ("templates.%s.%s"):format(name, part)) end
  end
  if read.user and (read.prefix or read.suffix) then
    error(("templates.%s: user takes the place of prefix and suffix"):format(name), 0)
  end
  return read
end

local function open(conf)
  local read = {}
  for name, given in pairs(conf.templates) do read[name] = read_one(name, given) end
  if conf.default and not read[conf.default] then
    error(("default: there is no template %q"):format(conf.default), 0)
  end
  return read
end

-- Values -------------------------------------------------------------------------------------------------------------

local function scalar_text(value)
  if type(value) == "string" then return value end
  if type(value) == "boolean" then return tostring(value) end
  local number = value ~= nil and json.number(value)
  return number and ("%.14g"):format(number) or nil
end

local SOURCES = {
  header = function(ctx, name) return ctx.headers:get(name) end,
  key = function(ctx, name) return ctx.key and (name == "name" or name == "id") and ctx.key[name] or nil end,
  body = function(ctx, path) return scalar_text(ctx.body:get(path)) end,
}

--- Looks a name up; `tables` are the members of the body that hold values.
local function finder(ctx, tables, input)
  return function(name)
    if name == "input" then return input end
    if name == "model" then return ctx.model end
    local source, rest = name:match "^(%a+)%.(.+)$"
    if SOURCES[source] then return SOURCES[source](ctx, rest) end
    for _, values in ipairs(tables) do
      local text = type(values) == "table" and scalar_text(values[name])
      if text then return text end
    end
  end
end

-- Messages -----------------------------------------------------------------------------------------------------------

local function last_user(messages)
  for i = #messages, 1, -1 do
    if messages[i].role == "user" then return messages[i] end
  end
end

--- The text of a message, and a function that puts another in its place.
local function text_of(message)
  if type(message.content) == "string" then
    return message.content, function(text) message.content = text end
  end
  for _, part in ipairs(type(message.content) == "table" and message.content or {}) do
    if part.type == "text" and type(part.text) == "string" then
      return part.text, function(text) part.text = text end
    end
  end
  return "", nil
end

local function is_system(message)
  return message.role == "system" or message.role == "developer"
end

local function place_system(messages, text, replaces)
  if replaces then
    for i = #messages, 1, -1 do
      if is_system(messages[i]) then table.remove(messages, i) end
    end
  end
  table.insert(messages, 1, { role = "system", content = text })
end

local function missing(ctx, name)
  return ctx:reject {
    code = "template_variable_missing", message = ("the prompt template needs a value for %q"):format(name),
  }
end

--- Fills every part before anything is changed. Nil and the name that has no value.
local function fill_all(chosen, find)
  local filled = {}
  for _, part in ipairs(PARTS) do
    if chosen[part] then
      local text, name = template.fill(chosen[part], find)
      if not text then return nil, name end
      filled[part] = text
    end
  end
  return filled
end

local function apply(ctx, conf, chosen)
  local messages = ctx.body:get "messages"
  if type(messages) ~= "table" then return nil end
  local message = last_user(messages)
  local input, replace = "", nil
  if message then input, replace = text_of(message) end
  local tables = { ctx.body:get(conf.variables), ctx.body:get "metadata" }
  if type(tables[1]) ~= "table" then tables = { ctx.body:get "metadata" } end
  local filled, name = fill_all(chosen, finder(ctx, tables, input))
  if not filled then return missing(ctx, name) end
  if replace then replace(filled.user or (filled.prefix or "") .. input .. (filled.suffix or "")) end
  if filled.system then place_system(messages, filled.system, chosen.replaces) end
  ctx.body:set("messages", messages)
end

local function before_request(ctx, conf, templates)
  if ctx.endpoint ~= "chat" then return nil end
  local named = ctx.body:get(conf.member)
  local name = named or conf.default
  if not name then return nil end
  if type(name) ~= "string" or not templates[name] then
    return ctx:reject { code = "unknown_template", message = ("there is no prompt template of the name in %q")
      :format(conf.member) }
  end
  local verdict = apply(ctx, conf, templates[name])
  if verdict then return verdict end
  if named ~= nil then ctx.body:set(conf.member, nil) end
  if ctx.body:get(conf.variables) ~= nil then ctx.body:set(conf.variables, nil) end
end

local text = { "string", max = 65536, multiline = true }

return {
  name = "prompt-template", type = "transform",
  schema = {
    templates = { "map", required = true, of = { "record", fields = {
      system = text, prefix = text, suffix = text, user = text,
      replace_system = { "boolean", default = false },
    } } },
    default = { "string" },
    member = { "string", min = 1, max = 64, default = "prompt_template" },
    variables = { "string", min = 1, max = 64, default = "template_variables" },
  },
  open = open,
  before_request = before_request,
}
