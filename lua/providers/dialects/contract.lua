-- SPDX-License-Identifier: Apache-2.0
--- What a dialect is: pure functions between OpenAI's formats and a provider's wire format. For chat there are three
--- kinds; one that has surfaces or faces may be of none.
---
---   the same format     edits            the client's own bytes go out, a few members changed
---   another format      request ...      decoded, translated, encoded; the answer likewise
---   no network          answer ...       the provider is the gateway itself
---
--- `surfaces` are operations beside chat (embeddings, images ...), `faces` the other direction: clients that speak the
--- format. Parts of a dialect lie in a folder beside it and are required as "providers.dialects.<folder>.<part>".

local schema = require "schema"

---@class Edit one change of a top-level member of the body
---@field verb "set"|"rename"|"remove"
---@field name string
---@field value string? JSON text to set, or the new name

---@class DialectCall one call on its way to one target
---@field surface string "chat", "embeddings" ... as in Provider.paths
---@field path string? of the surface, as the provider's data has it for this model
---@field model string the upstream's name of the model
---@field requested_model string what the client wrote
---@field id string? the request's id, for answers that bring none
---@field created integer Unix seconds at which the call began
---@field stream boolean
---@field include_usage boolean the client asked for the usage chunk
---@field request table the client's body in OpenAI's form, decoded with the members of `raw_keys` left as they were
--- written
---@field headers table<string, string> the client's headers that concern dialects, in lower case
---@field variables table<string, string> the provider's env.vars with their values
---@field given boolean? the operator gave the address: everything of the provider is below it
---@field moved boolean? an earlier target failed: what another model signed does not belong here
---@field kept table state from `request` to the translation of the answer
---@field ask fun(request: DialectRequest): Reply?, Failure? a further call to the same provider, signed alike; what is
--- not 2xx is a reply too. Waits
---@field fetch fun(url: string, options: { max_bytes: integer? }?): string?, string|Failure|nil the bytes behind a
--- client's URL and their content type. Waits
---@field sleep fun(milliseconds: integer) waits
---@field undo (fun(request: DialectRequest?))? what is sent when the call is cut short (the client has gone, time is
--- over) before undo(nil): what cancels a job that was begun

---@class Reply what `ask` brings
---@field status integer
---@field headers table<string, string> names in lower case
---@field text string

---@class DialectRequest
---@field path string? below the provider's base
---@field url string? absolute, in its place
---@field method string? POST
---@field headers table<string, string>? beyond those that every call to the provider carries
---@field body string? none with GET
---@field whole boolean? its answer is no stream: `response` translates it, and a client that wants a stream gets that
--- in chunks
---@field instead (fun(status: integer, text: string): DialectRequest?)? what is sent once more where this is refused

---@class Failure
---@field status integer HTTP status the client gets
---@field type string
---@field code string
---@field message string
---@field param string?
---@field retry_after integer? seconds, as the provider said
---@field final boolean? every target would say the same
---@field elsewhere boolean? this target would say the same again, another one might not

---@class Usage integers, nil where nothing was said
---@field prompt_tokens integer? with those read from and written to a cache
---@field completion_tokens integer? with those of reasoning
---@field total_tokens integer?
---@field cached_tokens integer?
---@field cache_write_tokens integer?
---@field reasoning_tokens integer?
---@field audio_input_tokens integer?
---@field audio_output_tokens integer?
---@field images integer?
---@field seconds integer?
---@field characters integer?
---@field search_units integer?
---@field estimated boolean?

---@class Operation one surface beside chat
---@field raw_keys table<string, boolean>?
---@field request fun(call: DialectCall, provider: Provider): DialectRequest?, Failure?
---@field response fun(call: DialectCall, text: string, headers: table): string?, Usage|Failure|nil, string? the body
--- in OpenAI's form, what it cost, and its content type when that is not JSON

---@class FaceContext one call of a client that speaks the format
---@field request table? its body, decoded; nil before it is asked for
---@field model string
---@field stream boolean
---@field headers table<string, string>
---@field facts any what `read` returned
---@field kept table state from the request to the answer
---@field id string
---@field created integer

---@class Face a client that speaks the format; leads to OpenAI's form
---@field endpoint string the route's name (runtime/process/route.c) and the walker's (lua/places.lua)
---@field surface string what it leads to: chat, embeddings, count_tokens
---@field raw_keys table<string, boolean>?
---@field read fun(call: table): { model: string, stream: boolean?, facts: any }?, Failure? looks at members, does not
--- decode the whole
---@field forward (fun(context: FaceContext, target: table): Forward?)? how the client's own bytes go to a target that
--- speaks the format too; nil: translate
---@field request fun(context: FaceContext): table?, Failure? the body in OpenAI's form
---@field response fun(context: FaceContext, text: string): string? of an answer in OpenAI's form
---@field failure fun(failure: Failure, context: FaceContext?): integer, string, table? status, body, headers
---@field stream fun(context: FaceContext): table
---@field event fun(state: table, payload: string): string one of OpenAI's chunks as bytes of the client's stream
---@field finish fun(state: table, usage: Usage?): string
---@field broken fun(state: table, failure: Failure): string an error event

---@class Forward
---@field path string below the provider's base
---@field edits Edit[]?
---@field headers table<string, string>?

---@class Dialect
---@field name string the file's
---@field raw_keys table<string, boolean|"long">? members of the request that json.decode keeps raw, at any depth
---@field edits (fun(call: table, provider: Provider, model: string, surface: string): Edit[])?
---@field refuses (fun(name: string, provider: Provider, model: string, surface: string): boolean)?
---@field request (fun(call: DialectCall, provider: Provider): DialectRequest?, Failure?)?
---@field response (fun(call: DialectCall, text: string, headers: table): string?, Usage|Failure|nil)?
---@field failure (fun(status: integer, headers: table, text: string?, now: number?): Failure)?
---@field first_failure (fun(name: string, data: string): Failure?)? an error as first event of a 200
---@field framing "sse"|"ndjson"|"eventstream"|nil how a stream's body is cut: "sse" unless it says otherwise
---@field stream (fun(call: DialectCall, headers: table): table)? the state, given the answer's headers; its `done` is
--- true once the last event has come
---@field event (fun(state: table, name: string, data: string): string[]?, Failure?)? payloads to frame, maybe none.
--- ndjson: data is a line; eventstream: name is its :event-type, "exception." or "error." and what kind
---@field finish (fun(state: table): string[]?, Failure?)? the body has ended
---@field usage (fun(state: table): Usage?)?
---@field answer function?
---@field surfaces table<string, Operation>? beside chat
---@field faces table<string, Face>? by endpoint

local KINDS = {
  edits = { "failure" },
  request = { "response", "failure", "stream", "event", "finish", "usage" },
  answer = {},
}
local TYPES = {
  name = "string", raw_keys = "table", framing = "string",
  edits = "function", refuses = "function", request = "function", response = "function", failure = "function",
  first_failure = "function", stream = "function", event = "function", finish = "function", usage = "function",
  answer = "function", surfaces = "table", faces = "table",
}
local OPERATION = { raw_keys = "table", request = "function", response = "function" }
local FACE = {
  endpoint = "string", surface = "string", raw_keys = "table", read = "function", forward = "function",
  request = "function", response = "function", failure = "function", stream = "function", event = "function",
  finish = "function", broken = "function",
}
local FACE_OPTIONAL = { raw_keys = true, forward = true, stream = true, event = true, finish = true, broken = true }
local FRAMINGS = { sse = true, ndjson = true, eventstream = true }

-- As Provider.paths has them.
local SURFACES = {
  embeddings = true, images = true, images_edits = true, images_variations = true, speech = true,
  transcriptions = true, translations = true, moderations = true, rerank = true, responses = true,
  completions = true, count_tokens = true, models = true,
}
local LEADS_TO = { chat = true, embeddings = true, count_tokens = true }

--- Unknown names, with a suggestion.
local function unknown(value, types)
  local written, names = {}, {}
  for name in pairs(types) do names[name] = "any" end
  for name in pairs(value) do written[tostring(name)] = true end
  local _, errors = schema.check_value(written, names)
  return errors[1] and errors[1].message
end

local function type_problem(value, types)
  for name, wanted in pairs(types) do
    local found = type(value[name])
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
  if #found > 1 then return nil, ("has %s: a dialect is of one kind"):format(table.concat(found, " and ")) end
  if dialect.surfaces or dialect.faces then return nil end
  return nil, "has none of answer, edits, request, surfaces, faces"
end

local function lacking(dialect, kind)
  for _, name in ipairs(KINDS[kind] or {}) do
    if not dialect[name] then return ("a dialect with %s needs %s"):format(kind, name) end
  end
  if dialect.surfaces and next(dialect.surfaces) and not dialect.failure then
    return "a dialect with surfaces needs failure"
  end
  return nil
end

local function part_problem(where, part, types, optional)
  if type(part) ~= "table" then return ("%s must be a table, got a %s"):format(where, type(part)) end
  local problem = unknown(part, types) or type_problem(part, types)
  if problem then return where .. ": " .. problem end
  for name in pairs(types) do
    if part[name] == nil and not optional[name] then return ("%s needs %s"):format(where, name) end
  end
  return nil
end

local function surfaces_problem(dialect)
  for name, operation in pairs(dialect.surfaces or {}) do
    local where = "surfaces." .. tostring(name)
    if not SURFACES[name] then return unknown({ [name] = true }, SURFACES) .. " in surfaces" end
    local problem = part_problem(where, operation, OPERATION, { raw_keys = true })
    if problem then return problem end
  end
  return nil
end

local function face_problem(endpoint, face)
  local where = "faces." .. tostring(endpoint)
  local optional = type(face) == "table" and face.surface ~= "chat" and FACE_OPTIONAL
    or { raw_keys = true, forward = true }
  local problem = part_problem(where, face, FACE, optional)
  if problem then return problem end
  if face.endpoint ~= endpoint then
    return ("%s: endpoint must be %q, as its key is, got %q"):format(where, tostring(endpoint), face.endpoint)
  end
  if LEADS_TO[face.surface] then return nil end
  return ("%s: surface must be one of chat, count_tokens, embeddings, got %q"):format(where, face.surface)
end

local function faces_problem(dialect)
  for endpoint, face in pairs(dialect.faces or {}) do
    local problem = face_problem(endpoint, face)
    if problem then return problem end
  end
  return nil
end

local function framing_problem(dialect)
  if dialect.framing == nil or FRAMINGS[dialect.framing] then return nil end
  return ("framing must be one of eventstream, ndjson, sse, got %q"):format(dialect.framing)
end

local function problem_of(dialect, name)
  if type(dialect) ~= "table" then return "must return a table, got a " .. type(dialect) end
  local problem = unknown(dialect, TYPES) or type_problem(dialect, TYPES)
  if problem then return problem end
  if dialect.name ~= nil and dialect.name ~= name then
    return ("name must be %q, as the file is called, got %q"):format(name, dialect.name)
  end
  local kind, unclear = kind_of(dialect)
  return unclear or lacking(dialect, kind) or framing_problem(dialect) or surfaces_problem(dialect)
    or faces_problem(dialect)
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
