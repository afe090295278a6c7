-- SPDX-License-Identifier: Apache-2.0
--- A stream's life towards the client, event by event, with the plugins' on_chunk in between and their after_request
--- at its end. The first byte is the commit point: before it a failure is returned, after it the client reads an error
--- event and never [DONE].

local account = require "account"
local errors = require "errors"
local gather = require "gather"
local guarded = require "guarded"
local json = require "gateway.json"
local passage = require "passage"

local KEPT_MAX = 1048576 -- bytes of chunks kept for after_request: more, and there is no ctx.response.body

---@class Outflow what goes to the client
---@field call table
---@field request Request
---@field visit Passage?
---@field reply table? whose headers the client sees, too
---@field open boolean the client has read something
---@field guard Guarded?
---@field kept string[]? chunks, for plugins that look at the whole
---@field kept_bytes integer
---@field seen boolean? the plugins have looked at the whole before

local streaming = {}

local function outflow_make(call, request, reply, steps)
  local visit = request.visit
  local watched = visit and visit.chain.after_request
  return {
    call = call, request = request, visit = visit, reply = reply, open = false, kept = watched and {} or nil,
    kept_bytes = 0,
    guard = steps and guarded.open(visit, steps, not request.include_usage) or nil,
  }
end

-- Writing ------------------------------------------------------------------------------------------------------------

local function frame(payloads)
  local text = table.concat(payloads, "\n\ndata: ")
  if text:find("\n", 1, true) then -- a chunk of several lines
    local framed = {}
    for i, payload in ipairs(payloads) do framed[i] = payload:gsub("\r?\n", "\ndata: ") end
    text = table.concat(framed, "\n\ndata: ")
  end
  return "data: " .. text .. "\n\n"
end

local function keep(out, payloads)
  for _, payload in ipairs(payloads) do
    out.kept_bytes = out.kept_bytes + #payload
    if out.kept_bytes > KEPT_MAX then out.kept = nil end
    if not out.kept then return end
    out.kept[#out.kept + 1] = payload
  end
end

local function begin(out)
  if not out.open then out.call:stream(nil, out.reply) end
  out.open = true
end

--- Waits while the client is behind.
local function send(out, payloads)
  if #payloads == 0 then return end
  local text = frame(payloads)
  begin(out)
  if out.kept then keep(out, payloads) end
  out.call:write(text)
end

-- Ends ---------------------------------------------------------------------------------------------------------------

--- The payload of an error event in the client's dialect.
local function error_payload(failure)
  local param = failure.param or json.null
  return json.encode { error = { message = failure.message, type = failure.type, param = param, code = failure.code } }
end

--- What the notes and the plugins hear of a failure. Returns the one the client reads.
local function note_failure(out, failure)
  if out.visit then failure = passage.failed(out.visit, failure) end
  local blamed = failure.error_type or not failure.plugin and "provider_error" or nil
  out.call:note_error(blamed, failure.code, true)
  if failure.rejected then out.call:note_rejected() end
  return failure
end

local function break_off(out, failure)
  if not out.open then return nil, failure end
  failure = note_failure(out, failure)
  out.call:write("data: " .. error_payload(failure) .. "\n\n")
  out.call:finish(false)
  return true
end

--- The upstream said itself, in an event the client has read, that it failed.
local function end_failed(out)
  note_failure(out, errors.stream_error)
  out.call:finish(false)
  return true
end

--- The plugins that look at the whole answer look at what the client has read.
local function look_back(out, usage, make)
  if out.seen or not out.visit or not out.visit.chain.after_request then return nil end
  return passage.after_stream(out.visit, { status = 200, reply = out.reply, make = make, usage = usage })
end

local function end_well(out, usage, make)
  account.note(out.call, out.request, usage)
  begin(out)
  local failure = look_back(out, usage, make)
  if failure then return break_off(out, failure) end
  out.call:write("data: [DONE]\n\n")
  out.call:finish(true)
  return true
end

-- Event by event -----------------------------------------------------------------------------------------------------

--- The next payloads for the client; nil payloads and no failure: the stream is over.
local function step(out, source)
  local guard = out.guard
  local payloads, over = source.next(guard and guarded.patience(guard))
  local failure
  if payloads == false then
    payloads, failure = guarded.pause(guard)
    return payloads, failure, false
  end
  if not payloads then return {}, over, true end
  if guard then payloads, failure = guarded.pass(guard, payloads) end
  return payloads, failure, over
end

--- What is still held, and whether the stream may end at all.
local function finish(out, source)
  local guard = out.guard
  if not guard then return {} end
  if not source.marked and not guard.finished then return {}, errors.truncated end
  return guarded.finish(guard)
end

local function flow(out, source)
  local payloads, failure, over
  repeat
    payloads, failure, over = step(out, source)
    send(out, payloads)
    if failure then return break_off(out, failure) end
    if out.guard and out.guard.failed then return end_failed(out) end
  until over
  payloads, failure = finish(out, source)
  send(out, payloads)
  if failure then return break_off(out, failure) end
  return end_well(out, source.usage() or out.guard and out.guard.usage, function()
    return out.kept and gather.answer(out.kept)
  end)
end

---@param steps Step[]? the plugins whose on_chunk it goes through
---@return true? answered
---@return Failure? failure
function streaming.run(call, request, source, reply, steps)
  return flow(outflow_make(call, request, reply, steps), source)
end

--- A whole answer that plugins have looked at already, as a stream: only those look that see nothing but streams.
function streaming.replay(call, request, source)
  local visit = request.visit
  local out = outflow_make(call, request, nil, visit and visit.chain.chunk_only)
  out.seen = true
  return flow(out, source)
end

-- Piped by C ---------------------------------------------------------------------------------------------------------

--- The answer that the chunks C has kept spell.
local function kept_answer(reply)
  local kept, payloads = reply:kept(), {}
  for payload in (kept or ""):gmatch "[^\30]+" do payloads[#payloads + 1] = payload end
  return kept and gather.answer(payloads)
end

--- The upstream's own bytes, piped by C; plugins look at the end alone.
function streaming.pipe(call, request, reply)
  local out = { call = call, request = request, visit = request.visit, reply = reply, open = true }
  local keep_bytes = out.visit.chain.after_request and KEPT_MAX or 0
  local whole, code, message, told = reply:relay(request.include_usage ~= true, true, keep_bytes)
  if told then return end_failed(out) end
  if not whole then return break_off(out, errors.broken_stream(code, message)) end
  return end_well(out, account.of_reply(reply), function() return kept_answer(reply) end)
end

--- The same where nobody looks: C writes the end, too.
function streaming.relay(call, request, reply)
  local whole = reply:relay(request.include_usage ~= true)
  account.passed(call, request, reply)
  call:finish(whole)
  return true
end

--- An answer of another surface in pieces: bytes, or events of another kind than chat's.
---@param usage Usage? what the surface counts by
function streaming.bytes(call, request, reply, usage)
  local whole, code, message = reply:relay(false, true)
  usage = account.merged(account.of_reply(reply), usage)
  account.note(call, request, usage)
  local out = { call = call, request = request, visit = request.visit, reply = reply, open = true }
  local failure = not whole and errors.broken_stream(code, message)
  if not failure and out.visit and out.visit.chain.after_request then
    failure = passage.after_stream(out.visit, { status = 200, reply = reply, make = function() end, usage = usage })
  end
  if failure then note_failure(out, failure) end
  call:finish(not failure)
  return true
end

return streaming
