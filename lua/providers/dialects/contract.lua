-- SPDX-License-Identifier: Apache-2.0
--- What a dialect is: pure functions between OpenAI's chat format and a provider's wire format. There are three kinds.
---
---   the same format     edits            the client's own bytes go out, a few members changed
---   another format      request ...      decoded, translated, encoded; the answer likewise
---   no network          answer ...       the provider is the gateway itself
---
--- Parts of a dialect lie in a folder beside it and are required as "providers.dialects.<folder>.<part>".

local schema = require "schema"

---@class Edit one change of a top-level member of the body
---@field verb "set"|"rename"|"remove"
---@field name string
---@field value string? JSON text to set, or the new name

---@class DialectCall one chat call on its way to one target
---@field model string the upstream's name of the model
---@field requested_model string what the client wrote
---@field id string? the request's id, for answers that bring none
---@field created integer Unix seconds at which the call began
---@field stream boolean
---@field include_usage boolean the client asked for the usage chunk
---@field request table the client's body, decoded with the members of `raw_keys` left as they were written
---@field headers table<string, string>? the client's headers that concern the dialect, in lower case
---@field moved boolean? an earlier target failed: what another model signed does not belong here
---@field kept table? what `request` left for the translation of the answer

---@class DialectRequest
---@field path string below the provider's base
---@field headers table<string, string>? beyond those that every call to the provider carries
---@field body string

---@class Failure
---@field status integer HTTP status the client gets
---@field type string
---@field code string
---@field message string
---@field param string?
---@field retry_after integer? seconds, as the provider said
---@field final boolean? every target would say the same
---@field elsewhere boolean? this target would say the same again, another one might not

---@class Dialect
---@field name string the file's
---@field raw_keys table<string, boolean>? members of the request that json.decode keeps raw, at any depth
---@field edits (fun(call: table, provider: Provider, model: string): Edit[])?
---@field refuses (fun(name: string, provider: Provider, model: string): boolean)?
---@field request (fun(call: DialectCall, provider: Provider): DialectRequest?, Failure?)?
---@field response (fun(call: DialectCall, text: string, headers: table): string?, Usage|Failure|nil)?
---@field failure (fun(status: integer, headers: table, text: string?, now: number?): Failure)?
---@field first_failure (fun(name: string, data: string): Failure?)? an error as first event of a 200
---@field stream (fun(call: DialectCall): table)? the state; its `done` is true once the last event has come
---@field event (fun(state: table, name: string, data: string): string[]?, Failure?)? payloads to frame, maybe none
---@field finish (fun(state: table): string[]?, Failure?)? the body has ended
---@field usage (fun(state: table): Usage?)?
---@field answer function?

local KINDS = {
  edits = { "failure" },
  request = { "response", "failure", "stream", "event", "finish", "usage" },
  answer = {},
}
local TYPES = {
  name = "string", raw_keys = "table",
  edits = "function", refuses = "function", request = "function", response = "function", failure = "function",
  first_failure = "function", stream = "function", event = "function", finish = "function", usage = "function",
  answer = "function",
}
local NAMES = {}
for name in pairs(TYPES) do NAMES[name] = "any" end

--- Unknown names, with a suggestion.
local function unknown(dialect)
  local written = {}
  for name in pairs(dialect) do written[tostring(name)] = true end
  local _, errors = schema.check_value(written, NAMES)
  return errors[1] and errors[1].message
end

local function type_problem(dialect)
  for name, wanted in pairs(TYPES) do
    local found = type(dialect[name])
    if found ~= wanted and found ~= "nil" then return ("%s must be a %s, got a %s"):format(name, wanted, found) end
  end
  return nil
end

local function kind_of(dialect)
  local found = {}
  for kind in pairs(KINDS) do
    if dialect[kind] then found[#found + 1] = kind end
  end
  table.sort(found)
  if #found == 1 then return found[1] end
  if #found == 0 then return nil, "has none of answer, edits, request" end
  return nil, ("has %s: a dialect is of one kind"):format(table.concat(found, " and "))
end

local function lacking(dialect, kind)
  for _, name in ipairs(KINDS[kind]) do
    if not dialect[name] then return ("a dialect with %s needs %s"):format(kind, name) end
  end
  return nil
end

local function problem_of(dialect, name)
  if type(dialect) ~= "table" then return "must return a table, got a " .. type(dialect) end
  local problem = unknown(dialect) or type_problem(dialect)
  if problem then return problem end
  if dialect.name ~= nil and dialect.name ~= name then
    return ("name must be %q, as the file is called, got %q"):format(name, dialect.name)
  end
  local kind, unclear = kind_of(dialect)
  return unclear or lacking(dialect, kind)
end

--- Whether `dialect` is what a script of this folder must return.
---@param dialect any
---@param name string the file's name
---@return true? held, string? problem
local function check(dialect, name)
  local problem = problem_of(dialect, name)
  if problem then return nil, problem end
  return true
end

return { check = check }
