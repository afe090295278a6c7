-- SPDX-License-Identifier: Apache-2.0
--- What a plugin's spec finds in gateway.spec beside the rest: the plugin with a configuration, requests and answers
--- for it as ctx shows them, and streams cut everywhere.
---
---   local filter = spec.plugin("word-filter", { blocked_words = { "bomb" } })
---   local verdict = filter:before_request(spec.request { text = "a bomb" })
---   assert.are.equal("request_rejected", verdict.code)

local context = require "context"
local cost = require "cost"
local contracts = require "contracts"
local document = require "gateway.document"
local json = require "gateway.json"
local lane = require "lane"
local nodes = require "node"
local plugin_config = require "plugin_config"
local schema = require "schema"
local script = require "gateway.script"
local testing_admin = require "testing_admin"
local verdicts = require "verdict"

local testing = { admin = testing_admin.open }

-- Requests and answers -----------------------------------------------------------------------------------------------

local function json_of(body)
  if type(body) == "string" then return body end
  local text, problem = json.encode(body)
  return text or error("a body " .. problem, 4)
end

--- What answers for a call: no client, no network.
local function call_make(given)
  local headers, key, put = {}, given.key, {}
  for name, value in pairs(given.headers or {}) do headers[name:lower()] = value end
  return {
    header = function(_, name) return headers[name:lower()] end,
    key = function()
      if not key then return nil end
      local admin = false
      for _, scope in ipairs(key.scopes or {}) do admin = admin or scope == "admin" end
      return key.id, key.name or key.id, admin
    end,
    trace_id = function() return given.trace_id or ("0"):rep(31) .. "1" end,
    field = function(_, name, value)
      put[name] = value
      return true
    end,
    says = function() return false end,
    note_rejected = function() end,
  }, put
end

---@class TestRequest
---@field ctx Context what hooks are handed; good for one request
---@field headers_put table<string, string> headers that hooks put on the answer
local request_methods = {}

--- The body as the hooks left it: JSON text.
function request_methods:text() return self.ctx.body:text() end

--- The body as the hooks left it, decoded.
function request_methods:decoded() return self.ctx.body:decode() end

local function body_of(given)
  if given.body then return given.body end
  return {
    model = given.model or "test-model", stream = given.stream or nil,
    messages = given.messages or { { role = "user", content = given.text or "" } },
  }
end

local function with_methods(object, methods)
  for name, method in pairs(methods) do object[name] = method end
  return object
end

--- A request: `text` of one user message, or `messages`, or a whole `body` (a table or JSON text); also `endpoint`
--- ("chat"), `model`, `stream`, `headers`, `key` ({ id =, name =, scopes = }), `trace_id`, `price` ({ input = "2.5",
--- output = "10" }, as in the catalog).
---@return TestRequest
function testing.request(given)
  given = given or {}
  local body, problem = document.new(json_of(body_of(given)))
  if not body then error("the body is " .. problem, 2) end
  local call, put = call_make(given)
  local facts = {
    model = given.model or body:get "model", endpoint = given.endpoint or "chat",
    stream = given.stream or body:get "stream" == true, body = body, price = given.price and cost.price(given.price),
  }
  return with_methods({ ctx = context.open(call, facts), call = call, headers_put = put }, request_methods)
end

---@class TestAnswer
local answer_methods = {}

--- The answer as the hooks left it: JSON text.
function answer_methods:text() return self.answer.text end

--- The answer as the hooks left it, decoded.
function answer_methods:decoded() return json.decode(self.answer.text) end

local USAGE = { prompt_tokens = 9, completion_tokens = 3, total_tokens = 12 }

local function completion(given)
  local message = given.message or { role = "assistant", content = given.text or "" }
  return {
    id = "chatcmpl-test", object = "chat.completion", created = 1767225600, model = given.model or "test-model",
    choices = json.array { { index = 0, message = message, finish_reason = given.finish_reason or "stop" } },
    usage = given.usage or USAGE,
  }
end

--- An answer: `text` of the assistant's message, or `message`, or a whole `body` (a table or JSON text); also `status`,
--- `usage`, `headers`.
---@return TestAnswer
function testing.answer(given)
  given = given or {}
  local body = given.body or completion(given)
  local usage = given.usage or type(body) == "table" and body.usage or nil
  return with_methods({
    answer = { status = given.status or 200, text = json_of(body), usage = usage, headers = given.headers },
  }, answer_methods)
end

-- Plugins ------------------------------------------------------------------------------------------------------------

local function load(name)
  if type(name) == "table" then return name end
  local value, message = script.load("plugins", name)
  message = message or contracts.check("plugins", name, value)
  return not message and value or error(message, 4)
end

local function conf_of(plugin, given)
  local conf, problems = schema.check(nodes.of(given or {}), plugin_config.schema_of(plugin), "config")
  local first = problems[1]
  return not first and conf or error(("%s: %s"):format(first.path, first.message), 4)
end

--- A guard that passes errors on, so that a spec shows them.
local function raising(guard)
  local function settle(ran, ...)
    if not ran then error((...), 0) end
    return true, ...
  end
  return function(code, ...) return settle(guard(code, ...)) end
end

--- What the client would read, in a table.
local function readable(step, hook, verdict)
  if verdict.kind == "respond" then
    return { kind = "respond", status = verdict.status, body = verdict.text, headers = verdict.headers,
      content_type = verdict.content_type }
  end
  local failure = verdicts.rejection(verdict, step, hook)
  return { kind = "reject", status = failure.status, type = failure.type, code = failure.code,
    message = failure.message, headers = failure.headers, retry_after = failure.retry_after }
end

--- Runs a hook as the gateway does. Raises where that would be a fault.
local function run(step, hook, request)
  local code, ctx = step.plugin[hook], request.ctx
  if not code then error(("%s has no %s"):format(step.name, hook), 3) end
  local _, value = step.guard(code, ctx, step.conf, step.opened)
  local token, verdict = context.verdict(ctx)
  if value ~= token then
    error(token and "a verdict was made and not returned"
      or "a hook returns nothing, or what ctx:reject or ctx:respond made", 3)
  end
  return verdict and readable(step, hook, verdict)
end

---@class TestPlugin
---@field conf table typed by the script's schema
---@field opened any
local plugin_methods = {}

--- Runs the hook. Returns the verdict as the client would read it, or nil.
function plugin_methods:before_request(request) return run(self, "before_request", request) end

--- The same with an answer. What the plugin changed is in answer:text() then.
function plugin_methods:after_request(request, answer)
  local given = answer.answer
  context.note(request.ctx, { usage = given.usage, target = "test", provider = "test" })
  context.answer(request.ctx, given)
  local verdict = run(self, "after_request", request)
  given.text = context.changed_answer(request.ctx) or given.text
  return verdict
end

--- The same with an error: { status =, code =, type =, message = }.
function plugin_methods:on_error(request, failure)
  context.note(request.ctx, { error = {
    status = failure.status or 502, code = failure.code or "upstream_error", type = failure.type or "upstream_error",
    message = failure.message or "the upstream provider returned no usable response",
  } })
  return run(self, "on_error", request)
end

--- Tells it of an event: { subject =, ... }.
function plugin_methods:on_event(event)
  if not self.plugin.on_event then error(self.name .. " has no on_event", 2) end
  self.guard(self.plugin.on_event, event, self.conf, self.opened)
end

--- The plugin of that name (or a script's table), its configuration checked, opened. Raises what would refuse a
--- generation.
---@param name string|Plugin
---@param conf table?
---@return TestPlugin
function testing.plugin(name, conf)
  local plugin = load(name)
  local step = {
    name = plugin.name, type = plugin.type, plugin = plugin, conf = conf_of(plugin, conf),
    guard = raising(script.guard_of("plugins", plugin.name)),
  }
  if plugin.open then step.opened = select(2, step.guard(plugin.open, step.conf)) end
  return with_methods(step, plugin_methods)
end

-- Streams ------------------------------------------------------------------------------------------------------------

local function visit_of(options)
  local request = options.request or testing.request { text = "", stream = true }
  return {
    ctx = request.ctx, call = request.call, request = {},
    settle = function(_, _, _, problem) error(problem, 0) end,
  }
end

local function held_by(made)
  local count = 0
  for _, link in ipairs(made.links) do count = count + #link.held end
  return count
end

---@class Streamed
---@field text string what the client has read
---@field pieces string[] the same as it came
---@field held integer the most bytes held back at a time
---@field verdict table? that ended the stream

local function note(streamed, plugin, text, failure)
  if text and text ~= "" then streamed.pieces[#streamed.pieces + 1] = text end
  if failure then
    streamed.verdict = { kind = "reject", status = failure.status, type = failure.type, code = failure.code,
      message = failure.message, plugin = plugin.name }
  end
  streamed.text = table.concat(streamed.pieces)
  return not failure
end

--- Sends a text, or its pieces, through the plugin's on_chunk as one channel of a stream. `options.request` is the
--- request it answers.
---@param plugin TestPlugin
---@param pieces string|string[]
---@return Streamed
function testing.stream(plugin, pieces, options)
  if type(pieces) == "string" then pieces = { pieces } end
  local streamed = { pieces = {}, held = 0, text = "" }
  local made, failure = lane.open(visit_of(options or {}), { plugin })
  if not made then return streamed, note(streamed, plugin, nil, failure) end
  for _, piece in ipairs(pieces) do
    local text
    text, failure = lane.push(made, piece)
    if not note(streamed, plugin, text, failure) then return streamed end
    streamed.held = math.max(streamed.held, held_by(made))
  end
  note(streamed, plugin, lane.finish(made))
  return streamed
end

--- Every way to cut a text into `options.pieces` (2, or 3), empty ones included.
---@return fun(): string[]?
function testing.splits(text, options)
  local three, i, j = options and options.pieces == 3, 0, -1
  return function()
    if not three then
      j = #text
      i = i + 1
      return i <= #text + 1 and { text:sub(1, i - 1), text:sub(i) } or nil
    end
    j = j + 1
    if j > #text then i, j = i + 1, i + 1 end
    return i <= #text and { text:sub(1, i), text:sub(i + 1, j), text:sub(j + 1) } or nil
  end
end

local function bytes_of(text)
  local list = {}
  for i = 1, #text do list[i] = text:sub(i, i) end
  return list
end

local function check_split(plugin, pieces, expected)
  local streamed, most = testing.stream(plugin, pieces), plugin.plugin.hold_bytes or 0
  local where = ("cut into %q"):format(table.concat(pieces, "|"))
  if streamed.text ~= expected then
    error(("%s: expected %q, the client reads %q"):format(where, expected, streamed.text), 3)
  elseif streamed.held > most then
    error(("%s: %d bytes were held, hold_bytes is %d"):format(where, streamed.held, most), 3)
  end
end

--- Asserts that a stream of `text` reads as `expected` however it is cut: into two, into three (up to 200 bytes of
--- text), and into single bytes; and that never more than hold_bytes is held.
---@param plugin TestPlugin
---@param text string
---@param expected string
function testing.every_split(plugin, text, expected)
  for pieces in testing.splits(text) do check_split(plugin, pieces, expected) end
  if #text <= 200 then
    for pieces in testing.splits(text, { pieces = 3 }) do check_split(plugin, pieces, expected) end
  end
  check_split(plugin, bytes_of(text), expected)
end

return testing
