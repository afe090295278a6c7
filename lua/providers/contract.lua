-- SPDX-License-Identifier: Apache-2.0
--- What a provider is: data. Who it is, where it listens, how it is asked, which names are its own. Everything it does
--- on the wire is its dialect's.

local schema = require "schema"

---@class Provider
---@field name string the file's; lower case, digits, hyphens
---@field title string as people write it
---@field dialect string a script of providers/dialects
---@field base string? root of the API without a slash at the end; `{name}` stands for a variable of `env.vars`
---@field trims string[]? endings of a given base address that `paths` repeat: "/v1" of "http://127.0.0.1:11434/v1"
---@field env ProviderEnv? environment variables, the best first
---@field auth ProviderAuth? absent: no credential is sent
---@field headers table<string, string>? sent with every call, names in lower case
---@field paths table<string, string>? surface to path below the base, or to a whole address
---@field models ProviderModels?
---@field params ProviderParams?
---@field history ProviderHistory?
---@field stream ProviderStream?
---@field reasoning string? member of the answer's message that holds reasoning in plain text
---@field status "active"|"winding_down"|"discontinued"? absent: active
---@field wires ProviderWire[]? other wire formats for some models or surfaces: the first that fits, else `dialect`
---@field image_response_formats string[]? of url and b64_json, where it knows only one
---@field timeouts table<string, integer>? milliseconds that its calls need in place of the operator's usual ones:
--- connect, first_byte, idle, total
---@field auto boolean? false: only used when the configuration names it, because its credential is also somebody else's
---@field http2 boolean? its host speaks nothing older

---@class ProviderEnv
---@field key string[]? the credential
---@field token string[]? a credential that goes as `authorization: Bearer`, whatever `auth` says
---@field base string[]? replaces `base`
---@field vars table<string, string[]>? for the placeholders of `base` and `paths`
---@field defaults table<string, string>? for placeholders that may be missing
---@field optional table<string, boolean>? names of `vars` that may be missing
---@field files string[]? variables that name a file whose content is the credential, where none of `key` is set
---@field follows table<string, ProviderFollow>? placeholders that are made of another variable's value
---@field models string[]? further models it serves, comma-separated
---@field more_models string[]? the same, beside those: every variable that is set counts

---@class ProviderFollow
---@field of string one of `vars`
---@field values table<string, string>? for some of its values
---@field otherwise string for any other; "{}" in it is the value

---@class ProviderAuth
---@field header string? in lower case
---@field prefix string?
---@field sign (fun(outgoing: Outgoing, target: Signing): table<string, string>?, Failure?)? the headers that prove who
--- asks, made for each call. May wait
---@field renew (fun(target: Signing, refusal: Refusal): boolean)? true when another signature may be better
---@field optional boolean? works without a credential too

---@class Outgoing a call as it will be on the wire
---@field method string
---@field host string
---@field path string with its query
---@field headers table<string, string> names in lower case
---@field body string

---@class Refusal an answer of 400, 401 or 403
---@field status integer
---@field headers table<string, string> names in lower case

---@class Signing who asks
---@field name string the target's
---@field credential string? what env.key or the configuration holds
---@field variables table<string, string> env.vars with their values

---@class ProviderModels how a model is known to be this provider's
---@field prefixes string[]?
---@field ids string[]?
---@field any boolean? names do not tell: users choose them, or it resells others'
---@field versions boolean? "owner/name:version" is asked for as "owner/name", too
---@field long { prefix: string, except: string[]? }? what a name without a slash begins with on the wire

---@class ProviderParams OpenAI's members that are different here
---@field drop string[]? refused or without effect; `messages[].name` is one inside the messages
---@field translate string[]? said in other words there: for GET /v1/capabilities
---@field rename table<string, string>? known under another name
---@field accepts string[]|"all"|nil those of OpenAI's own extensions that it takes
---@field add table<string, string>? members the provider must have, as JSON text, where the client wrote none
---@field ranges table<string, number[]>? the least and the most that a number may be
---@field logprobs "count"? a number of tokens in place of a switch and top_logprobs
---@field lists string[]? members that must be lists where a client may write a string
---@field when ProviderRule[]? more of the same for some models or one surface. On a surface that is not chat what is
--- dropped is always taken out; of chat the operator decides (compatibility.on_unsupported_param)

---@class ProviderHistory what a provider wants of earlier messages
---@field reasoning "always"|"calls"|"refused"|nil reasoning_content sent back: with every assistant message, with those
--- that hold tool calls (a space stands for what is missing), or never. Absent: as the client wrote it
---@field names string[]? roles whose messages keep `name` though params.drop has messages[].name
---@field system boolean? developer messages go as system
---@field text boolean? a content of text parts alone goes as one string
---@field nulls boolean? members that are null are refused
---@field short_ids boolean? tool-call ids have nine letters or digits
---@field alternate boolean? neighbours of one role are joined

---@class ProviderRule
---@field prefixes string[]? models whose names begin so
---@field contains string[]? models whose names contain it
---@field except string[]? but not those
---@field surface string?
---@field drop string[]?
---@field rename table<string, string>?
---@field add table<string, string>?
---@field ranges table<string, number[]>?

---@class ProviderWire
---@field surface string? chat and all others when absent
---@field prefixes string[]? models whose names begin so
---@field contains string[]? models whose names contain it
---@field except string[]? but not those whose names begin so
---@field dialect string
---@field path string? below the base, or a whole address

---@class ProviderStream
---@field usage "include_usage"|"always" when a stream tells its token counts: asked by stream_options, or unasked
---@field done boolean? false: a stream may end without [DONE]

local SURFACES = {
  "batches", "chat", "completions", "count_tokens", "embeddings", "files", "images", "images_edits",
  "images_variations", "messages", "models", "moderations", "realtime", "rerank", "responses", "speech",
  "transcriptions", "translations",
}

local function lower(text)
  if text ~= text:lower() then return "must be in lower case" end
end

local function path_problem(text)
  if not text:find("^/") and not text:find("^https?://") then return "must begin with / or http(s)://" end
end

local function base_problem(text)
  if not text:find("^https?://") and not text:find("^{[%w_]+}") then
    return "must begin with http(s):// or a {variable}"
  end
  if text:find("/$") then return "must not end with a slash" end
end

local function variable_problem(text)
  if not text:find("^[%u][%u%d_]*$") then return "must be the name of an environment variable" end
end

local names = { "array", of = { "string", min = 1 } }
local variables = { "array", of = { "string", check = variable_problem } }
local milliseconds = { "integer", min = 1 }
local renames = { "map", of = { "string", min = 1 } }

local paths = {}
for _, surface in ipairs(SURFACES) do
  paths[surface] = { "string", check = path_problem }
end

local additions = { "map", of = { "string", min = 1 } }
local ranges = { "map", of = { "array", of = "number", min = 2, max = 2 } }

local rule = {
  prefixes = names, contains = names, except = names, drop = names, rename = renames, add = additions, ranges = ranges,
  surface = { "string", one_of = SURFACES },
}

local wire = {
  surface = { "string", one_of = SURFACES }, prefixes = names, contains = names, except = names,
  dialect = { "string", required = true }, path = { "string", check = path_problem },
}

local follow = {
  of = { "string", required = true }, values = { "map", of = "string" }, otherwise = { "string", required = true },
}

local FIELDS = {
  name = { "string", required = true },
  title = { "string", required = true },
  dialect = { "string", required = true },
  base = { "string", check = base_problem },
  trims = names,
  env = { "record", fields = {
    key = variables, token = variables, base = variables, models = variables, more_models = variables,
    vars = { "map", of = variables },
    defaults = { "map", of = "string" }, optional = { "map", of = "boolean" }, files = variables,
    follows = { "map", of = { "record", fields = follow } },
  } },
  auth = { "record", optional = true, fields = {
    header = { "string", check = lower }, prefix = "string", optional = "boolean", sign = "any",
    renew = "any",
  } },
  headers = { "map", of = "string" },
  paths = paths,
  models = { "record", fields = {
    prefixes = names, ids = names, any = "boolean", versions = "boolean",
    long = { "record", optional = true, fields = { prefix = { "string", required = true }, except = names } },
  } },
  params = { "record", fields = {
    drop = names, translate = names, rename = renames, accepts = "any", add = additions, ranges = ranges, lists = names,
    logprobs = { "string", one_of = { "count" } },
    when = { "array", of = { "record", fields = rule } },
  } },
  history = { "record", optional = true, fields = {
    reasoning = { "string", one_of = { "always", "calls", "refused" } }, names = names, system = "boolean",
    text = "boolean", nulls = "boolean", short_ids = "boolean", alternate = "boolean",
  } },
  stream = { "record", fields = {
    usage = { "string", one_of = { "include_usage", "always" } }, done = "boolean",
  } },
  reasoning = "string",
  status = { "string", one_of = { "active", "winding_down", "discontinued" } },
  wires = { "array", of = { "record", fields = wire } },
  image_response_formats = { "array", of = { "string", one_of = { "url", "b64_json" } } },
  timeouts = { "record", fields = {
    connect = milliseconds, first_byte = milliseconds, idle = milliseconds, total = milliseconds,
  } },
  auto = "boolean",
  http2 = "boolean",
}

local function known_placeholders(provider)
  local known, env = { model = true }, provider.env or {}
  for name in pairs(env.vars or {}) do known[name] = true end
  for name in pairs(env.defaults or {}) do known[name] = true end
  for name in pairs(env.follows or {}) do known[name] = true end
  return known
end

local function unfilled(text, known, where)
  for name in text:gmatch("{([^}]*)}") do
    if not known[name] then return ("%s: nothing fills {%s}: name its variables in env.vars"):format(where, name) end
  end
  return nil
end

local function placeholder_problem(provider)
  local known = known_placeholders(provider)
  local problem = provider.base and unfilled(provider.base, known, "base")
  for surface, path in pairs(provider.paths or {}) do
    problem = problem or unfilled(path, known, "paths." .. surface)
  end
  for i, other in ipairs(provider.wires or {}) do
    problem = problem or other.path and unfilled(other.path, known, ("wires[%d].path"):format(i - 1))
  end
  return problem
end

local function header_problem(provider)
  for name in pairs(provider.headers or {}) do
    if name ~= name:lower() then return ("headers.%s must be in lower case"):format(name) end
  end
  return nil
end

local function auth_problem(provider)
  local auth = provider.auth
  if not auth then return nil end
  if auth.sign ~= nil and type(auth.sign) ~= "function" then
    return "auth.sign must be a function, got a " .. type(auth.sign)
  end
  if auth.renew ~= nil and type(auth.renew) ~= "function" then
    return "auth.renew must be a function, got a " .. type(auth.renew)
  end
  return not auth.header and not auth.sign and "auth needs header, or sign" or nil
end

local function optional_problem(provider)
  local env = provider.env or {}
  for name in pairs(env.optional or {}) do
    if not (env.vars or {})[name] then return ("env.optional.%s: there is no such name in env.vars"):format(name) end
  end
  for name, follows in pairs(env.follows or {}) do
    if not (env.vars or {})[follows.of] then
      return ("env.follows.%s: there is no %s in env.vars"):format(name, follows.of)
    end
  end
  return nil
end

local function accepts_problem(provider)
  local accepts = provider.params and provider.params.accepts
  if accepts == nil or accepts == "all" or type(accepts) == "table" then return nil end
  return 'params.accepts must be a list of names or "all"'
end

local function name_problem(provider, name)
  if not provider.name:find("^[%l%d][%l%d%-]*$") then
    return "name must be of lower-case letters, digits and hyphens"
  end
  if provider.name == name then return nil end
  return ("name must be %q, as the file is called, got %q"):format(name, provider.name)
end

--- Everything the schema language finds, in one line.
local function told(errors)
  local lines = {}
  for i, found in ipairs(errors) do
    lines[i] = found.path == "" and found.message or found.path .. ": " .. found.message
  end
  return table.concat(lines, "; ")
end

--- Whether `provider` is what a script of this folder must return.
---@param provider any
---@param name string the file's name
---@return true? held, string? problem
local function check(provider, name)
  if type(provider) ~= "table" then return nil, "must return a table, got a " .. type(provider) end
  local _, errors = schema.check_value(provider, FIELDS)
  if #errors > 0 then return nil, told(errors) end
  local problem = name_problem(provider, name) or placeholder_problem(provider) or header_problem(provider)
    or accepts_problem(provider) or auth_problem(provider) or optional_problem(provider)
  if problem then return nil, problem end
  return true
end

return { check = check }
