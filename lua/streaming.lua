-- SPDX-License-Identifier: Apache-2.0
--- A stream's life towards the client, event by event, with the plugins' on_chunk in between and their after_request
--- at its end. The first content is the commit point: what comes before it (a role, an id) waits for it. Until then a
--- failure is returned, and what waited is forgotten; after it the client reads an error event and never [DONE], and
--- the failure is returned beside `true`, for whoever judges the target.

local account = require "account"
local delta = require "gateway.delta"
local errors = require "errors"
local faces = require "faces"
local gather = require "gather"
local guarded = require "guarded"
local passage = require "passage"
local source = require "source"
local voice = require "voice"

local KEPT_MAX = 1048576 -- bytes of chunks kept for after_request: more, and there is no ctx.response.body
local HELD_MAX = 65536 -- bytes without content that wait for some: more, and they go out as they are

---@class Outflow what goes to the client
---@field call table
---@field request Request
---@field visit Passage?
---@field reply table? whose headers the client sees, too
---@field open boolean the client has read something of an answer
---@field held string what the client would have read by now, but for its lack of content
---@field said boolean? content has come: nothing is held any more
---@field guard Guarded?
---@field kept string[]? chunks, for plugins that look at the whole
---@field kept_bytes integer
---@field voice Voice
---@field seen boolean? the plugins have looked at the whole before
---@field told integer? bytes of chunks that a face has heard and said nothing of yet

local streaming = {}

local function outflow_make(call, request, reply, steps)
  local visit = request.visit
  local watched = visit and visit.chain.after_request
  return {
    call = call, request = request, visit = visit, reply = reply, open = false, held = "",
    kept = watched and {} or nil, kept_bytes = 0, voice = voice.open(request),
    guard = steps and guarded.open(visit, steps, not request.include_usage) or nil,
  }
end

-- Writing ------------------------------------------------------------------------------------------------------------

local function keep(out, payloads)
  for _, payload in ipairs(payloads) do
    out.kept_bytes = out.kept_bytes + #payload
    if out.kept_bytes > KEPT_MAX then out.kept = nil end
    if not out.kept then return end
    out.kept[#out.kept + 1] = payload
  end
end

local function begin(out)
  if out.request.win then out.request.win(out.request) end
  if not out.open then out.call:stream(faces.dropped(out.request), out.reply, voice.content_type(out.voice)) end
  out.open = true
end

--- What ends a stream says nothing itself.
local function write(out, text)
  if text ~= "" then out.call:write(text, 0) end
end

--- A face says the same in more words, and some of it later: what it is told counts.
local function hear(out, payloads)
  if not out.voice.face then return end
  for _, payload in ipairs(payloads) do out.told = (out.told or 0) + #payload end
end

--- Whether there is anything in it for which the other targets are given up.
local function has_content(out, payloads)
  for _, payload in ipairs(payloads) do
    out.said = out.said or delta.says(payload)
  end
  return out.said or #out.held > HELD_MAX
end

--- Waits while the client is behind.
local function deliver(out, text)
  begin(out)
  local told = out.told
  out.told = nil
  out.call:write(text, told)
end

local function send(out, payloads)
  if #payloads == 0 then return end
  local text = voice.say(out.voice, payloads)
  hear(out, payloads)
  if out.kept then keep(out, payloads) end
  if not out.open then
    out.held = out.held .. text
    text = has_content(out, payloads) and out.held or ""
  end
  if text ~= "" then deliver(out, text) end
end

-- Ends ---------------------------------------------------------------------------------------------------------------

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
  write(out, voice.failed(out.voice, note_failure(out, failure)))
  out.call:finish(false)
  return true, failure
end

--- The upstream said itself, in an event the client has read, that it failed.
local function end_failed(out)
  note_failure(out, errors.stream_error)
  out.call:finish(false)
  return true, errors.stream_error
end

--- The plugins that look at the whole answer look at what the client has read.
local function look_back(out, usage, make)
  if out.seen or not out.visit or not out.visit.chain.after_request then return nil end
  return passage.after_stream(out.visit, { status = 200, reply = out.reply, make = make, usage = usage })
end

local function end_well(out, usage, make)
  if out.request.win then out.request.win(out.request) end
  usage = account.note(out.call, out.request, usage)
  if not out.open then
    begin(out)
    write(out, out.held)
  end
  local failure = look_back(out, usage, make)
  if failure then return break_off(out, failure) end
  local text = voice.done(out.voice, usage)
  faces.keep(out.call, out.request) -- before the client reads its id for the last time
  write(out, text)
  out.call:finish(true)
  return true
end

-- Event by event -----------------------------------------------------------------------------------------------------

--- What the plugins hold back waits for nobody once the client has gone and only the usage is wanted.
local function let_go(out)
  if not out.guard or out.guard.abandoned or not out.call:drained() then return end
  guarded.abandon(out.guard)
end

--- The next payloads for the client; nil payloads and no failure: the stream is over.
local function step(out, chunks)
  local guard = out.guard
  local payloads, over = chunks.next(guard and guarded.patience(guard))
  local failure
  let_go(out)
  if payloads == false then
    payloads, failure = guarded.pause(guard)
    return payloads, failure, false
  end
  if not payloads then return {}, over, true end
  if guard then payloads, failure = guarded.pass(guard, payloads) end
  return payloads, failure, over
end

--- Whether the stream may end at all: it had a mark, or a choice said why it ended.
local function may_end(out, chunks)
  if chunks.marked then return true end
  if chunks.finished ~= nil then return chunks.finished end
  return not out.guard or out.guard.finished
end

--- What is still held.
local function finish(out, chunks)
  if not may_end(out, chunks) then return {}, errors.truncated end
  return out.guard and guarded.finish(out.guard) or {}
end

--- The upstream has said itself that it failed.
local function is_failed(out)
  return out.guard and out.guard.failed
end

local function flow(out, chunks)
  local payloads, failure, over
  repeat
    payloads, failure, over = step(out, chunks)
    if not out.open and is_failed(out) then return nil, errors.stream_error end
    send(out, payloads)
    if failure then return break_off(out, failure) end
    if is_failed(out) then return end_failed(out) end
  until over
  payloads, failure = finish(out, chunks)
  send(out, payloads)
  if failure then return break_off(out, failure) end
  return end_well(out, chunks.usage() or out.guard and out.guard.usage, function()
    return out.kept and (faces.spell(out.request, gather.answer(out.kept))) or nil
  end)
end

---@param chunks table see lua/source.lua
---@param steps Step[]? the plugins whose on_chunk it goes through
---@return true? answered
---@return Failure? failure beside `true`: the answer broke off
function streaming.run(call, request, chunks, reply, steps)
  return flow(outflow_make(call, request, reply, steps), chunks)
end

--- A whole answer that plugins have looked at already, as a stream: only those look that see nothing but streams.
function streaming.replay(call, request, chunks)
  local visit = request.visit
  local out = outflow_make(call, request, nil, visit and visit.chain.chunk_only)
  out.seen = true
  return flow(out, chunks)
end

--- Answers to several prompts, one behind the other.
---@param parts string[][] chunks of each
function streaming.several(call, request, parts, usage)
  local out = outflow_make(call, request, nil, request.visit and request.visit.chain.on_chunk)
  local chunks = source.parts(parts, usage, function(part) voice.turn(out.voice, part) end)
  return flow(out, chunks)
end

-- Piped by C ---------------------------------------------------------------------------------------------------------

local function outflow_piped(call, request, reply)
  return {
    call = call, request = request, visit = request.visit, reply = reply, open = true, voice = voice.open(request),
  }
end

--- The answer that the chunks C has kept spell.
local function kept_answer(reply)
  local kept, payloads = reply:kept(), {}
  for payload in (kept or ""):gmatch "[^\30]+" do payloads[#payloads + 1] = payload end
  return kept and gather.answer(payloads)
end

--- The upstream's own bytes, piped by C; plugins look at the end alone.
function streaming.pipe(call, request, reply)
  if request.win then request.win(request) end
  local out = outflow_piped(call, request, reply)
  local keep_bytes = out.visit.chain.after_request and KEPT_MAX or 0
  local whole, code, message, told = reply:relay(request.include_usage ~= true, true, keep_bytes)
  if told then return end_failed(out) end
  if not whole then return break_off(out, errors.broken_stream(code, message)) end
  return end_well(out, account.of_reply(reply), function() return kept_answer(reply) end)
end

--- The same where nobody looks: C writes the end, too.
function streaming.relay(call, request, reply)
  if request.win then request.win(request) end
  local whole, code, message = reply:relay(request.include_usage ~= true)
  account.passed(call, request, reply)
  call:finish(whole)
  return true, not whole and errors.broken_stream(code, message) or nil
end

--- A stream of the client's own API, which C has piped and looked at.
---@param make fun(kept: string): string? the whole answer that kept events spell
function streaming.forward(call, request, reply, make)
  if request.win then request.win(request) end
  local visit = request.visit
  local keep_bytes = visit and visit.chain.after_request and KEPT_MAX or 0
  local whole, code, message, told = reply:relay(false, false, keep_bytes)
  local out = outflow_piped(call, request, reply)
  local usage = account.note(call, request, account.of_reply(reply))
  if told then return end_failed(out) end
  local failure = not whole and errors.broken_stream(code, message)
  if failure then
    note_failure(out, failure)
    call:finish(false)
    return true, failure
  end
  failure = look_back(out, usage, function() return reply:kept() and make(reply:kept()) end)
  if failure then return break_off(out, failure) end
  call:finish(true)
  return true
end

--- An answer of another surface in pieces: bytes, or events of another kind than chat's.
---@param usage Usage? what the surface counts by
function streaming.bytes(call, request, reply, usage)
  if request.win then request.win(request) end
  local whole, code, message = reply:relay(false, true)
  usage = account.note(call, request, account.merged(account.of_reply(reply), usage))
  local out = outflow_piped(call, request, reply)
  local failure = not whole and errors.broken_stream(code, message)
  if not failure and out.visit and out.visit.chain.after_request then
    failure = passage.after_stream(out.visit, { status = 200, reply = reply, make = function() end, usage = usage })
  end
  if failure then note_failure(out, failure) end
  call:finish(not failure)
  return true, failure or nil
end

-- Begun before anybody answered -----------------------------------------------------------------------------------

--- A client that reads events is told in good time that somebody is still there (timeouts.heartbeat), also before any
--- target has said a word. Not one that reads a JSON array, or whose face says that it knows no pings.
function streaming.await(call, request)
  if not request.stream or request.surface.name ~= "chat" then return end
  local facts = request.facts
  if facts and facts.sse == false then return end
  call:await_stream(not facts or facts.pings ~= false)
end

--- The failure that ends a request whose stream has begun so: its head is out, the client reads the rest there.
---@param failure Failure
function streaming.refuse(call, request, failure)
  if request.surface.face then faces.context(call, request) end
  local out = outflow_piped(call, request)
  call:stream()
  write(out, voice.failed(out.voice, failure))
  call:finish(false)
end

return streaming
