-- SPDX-License-Identifier: Apache-2.0
--- What a hook is handed as ctx: one request as plugins see it, and from after_request on its answer. Nothing is
--- decoded or looked for before a hook asks.

local clock = require "gateway.clock"
local document = require "gateway.document"
local door = require "gateway.context"
local json = require "gateway.json"
local places = require "places"
local suggest = require "suggest"

-- What scripts must not see: fields are found by strings alone.
local CALL, ANSWER, VERDICT, STARTED, PRICE = {}, {}, {}, {}, {}

--- The call that what a script keeps ends with: specs and what remains of one have none.
local function box_of(fields)
  local call = fields[CALL]
  return type(call) == "userdata" and call or nil
end

-- Verdicts -----------------------------------------------------------------------------------------------------------

local REJECT = {
  status = "number", code = "string", message = "string", reason = "string", headers = "table",
}
local RESPOND = {
  status = "number", body = "any", headers = "table", content_type = "string", provider = "string",
}

local function names_of(options)
  local names = {}
  for name in pairs(options) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function check_options(given, options, method)
  if type(given) ~= "table" then error(("%s wants a table, got %s"):format(method, type(given)), 3) end
  for name, value in pairs(given) do
    local wanted = options[name]
    if not wanted then
      local word = tostring(name)
      error(("%s has no option %q%s"):format(method, word, suggest.phrase(word, names_of(options))), 3)
    elseif wanted ~= "any" and type(value) ~= wanted then
      error(("%s: %s must be a %s, got a %s"):format(method, name, wanted, type(value)), 3)
    end
  end
end

local function check_status(status, least, method)
  if status == nil or status == math.floor(status) and status >= least and status <= 599 then return end
  error(("%s: status must be from %d to 599, got %s"):format(method, least, tostring(status)), 3)
end

--- Headers that say how an answer is read, and whose it is.
local OWN_HEADERS = {}
for name in ("connection content-length content-type date keep-alive server te trailer transfer-encoding upgrade "
  .. "x-request-id"):gmatch "%S+" do OWN_HEADERS[name] = true end

local function header_check(name, value)
  local fits = type(name) == "string" and type(value) == "string" and name:find "^[%w!#$%%&'*+.^_`|~-]+$"
    and not value:find "[%z\1-\8\10-\31\127]"
  if not fits then error(("not a valid header: %q"):format(tostring(name)), 4) end
  if OWN_HEADERS[name:lower()] then error(("%s is the gateway's own header"):format(name), 4) end
end

local function headers_copy(headers)
  local copy = {}
  for name, value in pairs(headers or {}) do
    if type(value) == "number" then value = ("%.14g"):format(value) end
    header_check(name, value)
    copy[name] = value
  end
  return copy
end

--- Remembers a verdict. What the script gets is a token: only its identity counts.
local function verdict_make(ctx, verdict)
  local token = {}
  door.fields(ctx)[VERDICT] = { token = token, verdict = verdict }
  return token
end

local methods = {}

--- Ends the request with an error: in after_request in the place of the answer.
---@param options { status: integer?, code: string?, message: string?, reason: string?, headers: table? }
---@return Verdict for the hook to return
function methods.reject(ctx, options)
  check_options(options, REJECT, "reject")
  check_status(options.status, 400, "reject")
  return verdict_make(ctx, {
    kind = "reject", status = options.status, code = options.code, message = options.message, reason = options.reason,
    headers = headers_copy(options.headers),
  })
end

--- A table as JSON, a text as it is, with the type it then has.
local function body_of(body)
  if type(body) == "string" then
    local is_json = body:find "^%s*[%[{]" and json.decode(body) ~= nil
    return body, is_json and "application/json" or "text/plain; charset=utf-8"
  end
  local text, problem = json.encode(body)
  if not text then error("respond: body: " .. problem, 3) end
  return text, "application/json"
end

--- Answers in the provider's place. `provider` is the name that metrics and logs say then.
---@param options RespondOptions
---@return Verdict for the hook to return
function methods.respond(ctx, options)
  check_options(options, RESPOND, "respond")
  check_status(options.status, 200, "respond")
  local provider = options.provider
  if provider and not provider:find "^[a-z0-9-]+$" then error("respond: provider is a name like \"cache\"", 2) end
  local text, content_type = body_of(options.body == nil and "" or options.body)
  return verdict_make(ctx, {
    kind = "respond", status = options.status or 200, text = text, headers = headers_copy(options.headers),
    content_type = options.content_type or content_type, provider = provider,
  })
end

-- Texts --------------------------------------------------------------------------------------------------------------

local function nothing() end

local WHICH = { request = true, response = true }

--- The document that a walk is over, and its walker; nothing when there is none.
local function walked(ctx, which)
  if which and not WHICH[which] then error("texts of the request or of the response", 3) end
  local answered = ctx.response ~= nil and not ctx.error
  if which ~= "request" and answered then return ctx.response.body, places.answer(ctx.endpoint) end
  if which == "response" then return nil end
  return ctx.body, places.request(ctx.endpoint)
end

--- Every text of the request, or of the answer once there is one, wherever it stands.
---@param which "request"|"response"|nil
---@return fun(): Part?
function methods.texts(ctx, which)
  local doc, walker = walked(ctx, which)
  if not doc then return nothing end
  return doc:texts(walker)
end

--- The first text in which something of a gateway.match set is found.
---@return Part? part, integer? from, integer? to, integer? index
function methods.find(ctx, set, which)
  local doc, walker = walked(ctx, which)
  if doc then return doc:find(walker, set) end
end

--- True when the request carries token ids in place of text: nobody can look into it.
---@return boolean
function methods.uninspectable(ctx)
  return ctx.body ~= nil and places.uninspectable(ctx.endpoint, ctx.body)
end

--- Puts a header on whatever answer goes out. False when it has begun.
---@return boolean
function methods.set_header(ctx, name, value)
  if type(value) == "number" then value = ("%.14g"):format(value) end
  return door.fields(ctx)[CALL]:field(name, value)
end

-- What is found when asked for ---------------------------------------------------------------------------------------

local header_methods = {
  get = function(headers, name) return door.fields(headers)[CALL]:header(name) end,
}

local function key_of(fields)
  local id, name, admin = fields[CALL]:key()
  return id and { id = id, name = name, scopes = admin and { "admin" } or {} } or nil
end

--- What a million tokens cost at the target that is asked first: a table of its own for each request.
local function price_of(fields)
  local price = fields[PRICE]
  if not price or not price.input then return nil end
  return { input = price.input / 1e6, output = price.output and price.output / 1e6 }
end

local lazy = {
  price = price_of,
  body = function(fields) return (document.of_call(fields[CALL])) end,
  key = key_of,
  state = function() return {} end,
  headers = function(fields) return door.new({ [CALL] = fields[CALL] }, header_methods, box_of(fields)) end,
  trace_id = function(fields) return fields[CALL]:trace_id() end,
  duration_ms = function(fields) return clock.monotonic() - fields[STARTED] end,
}

--- The answer's own bytes, or the text that stands in their place.
local function answer_body(fields)
  local answer = fields[ANSWER]
  local text = answer.text
  if not text and answer.make then
    text = answer.make()
  elseif not text and answer.reply then
    text = answer.reply:body()
  end
  return text and (document.new(text, { call = box_of(fields) })) or nil
end

local function answer_header(headers, name)
  local answer = door.fields(headers)[ANSWER]
  for own, value in pairs(answer.headers or {}) do
    if own:lower() == name:lower() then return value end
  end
  return answer.reply and answer.reply:header(name)
end

local answer_header_methods = { get = answer_header }

local answer_lazy = {
  body = answer_body,
  headers = function(fields)
    return door.new({ [ANSWER] = fields[ANSWER], [CALL] = fields[CALL] }, answer_header_methods, box_of(fields))
  end,
}
local answer_methods = {}

-- For the hallway ----------------------------------------------------------------------------------------------------

local context = {}

---@param call table a gateway.call, or in specs a table that answers as one
---@param request { model: string?, endpoint: string, stream: boolean, body: table?, started: number?, price: Price? }
---@return Context
function context.open(call, request)
  local fields = {
    [CALL] = call, [STARTED] = request.started or clock.monotonic(), model = request.model,
    endpoint = request.endpoint, stream = request.stream, body = request.body, [PRICE] = request.price,
  }
  return door.new(fields, methods, box_of(fields), lazy), fields
end

local function none() end

--- Stands for a call that is over.
local function call_over(trace_id)
  return {
    header = none, key = none, field = function() return false end, says = function() return false end,
    trace_id = function() return trace_id end,
  }
end

--- What is left of a request when its call is over: what hooks have seen or kept of it. There is no body any more.
---@param trace_id string
---@return Context
---@return table call answers as one
function context.remains(ctx, trace_id)
  local fields, call = {}, call_over(trace_id)
  for name, value in pairs(door.fields(ctx)) do fields[name] = value end
  fields[CALL], fields[VERDICT] = call, nil
  fields.body, fields.headers, fields.response, fields.duration_ms = document.new "{}", nil, nil, nil
  return door.new(fields, methods, nil, lazy), call
end

--- Sets what is known from here on.
---@param facts { model: string?, target: string?, provider: string?, usage: table?, error: table? }
function context.note(ctx, facts)
  local fields = door.fields(ctx)
  for name, value in pairs(facts) do fields[name] = value end
  fields.duration_ms = nil -- found anew at the next stage
end

--- Shows an answer as ctx.response.
---@param answer Answer
function context.answer(ctx, answer)
  local fields = door.fields(ctx)
  local shown = { [ANSWER] = answer, [CALL] = fields[CALL], status = answer.status }
  fields.response = door.new(shown, answer_methods, box_of(fields), answer_lazy)
end

--- What repeats an answer's texts token by token still says what they were before.
local function repeats_drop(body)
  local n = 0
  while body:raw(("choices[%d]"):format(n)) do
    local path = ("choices[%d].logprobs"):format(n)
    if body:raw(path) then body:set(path, json.null) end
    n = n + 1
  end
end

--- The answer's text when a plugin has changed it.
---@return string?
function context.changed_answer(ctx)
  local response = door.fields(ctx).response
  local body = response and door.fields(response).body
  if not body or not body:changed() then return nil end
  if body:replaced() then repeats_drop(body) end
  return body:text()
end

--- The request's document when a plugin has changed it.
function context.changed_body(ctx)
  local body = door.fields(ctx).body
  return body and body:changed() and body or nil
end

--- What reject or respond made since the last time: the token a hook must return, and what it stands for.
---@return table? token
---@return table? verdict
function context.verdict(ctx)
  local fields = door.fields(ctx)
  local made = fields[VERDICT]
  if not made then return nil end
  fields[VERDICT] = nil
  return made.token, made.verdict
end

return context
