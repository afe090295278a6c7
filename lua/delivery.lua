-- SPDX-License-Identifier: Apache-2.0
--- How an upstream's answer reaches the client: its own bytes where the dialects are the same, event by event where
--- they are translated. Every function returns true once the client has been answered, with a Failure when the answer
--- broke off; or nil and a Failure while nothing has reached it yet.

local account = require "account"
local document = require "gateway.document"
local errors = require "errors"
local faces = require "faces"
local gather = require "gather"
local json = require "gateway.json"
local passage = require "passage"
local source = require "source"
local streaming = require "streaming"

local delivery = {}

-- Whole ------------------------------------------------------------------------------------------------------------

--- An answer in the gateway's own words. Where a stream has begun there is no place for one.
local function respond(call, request, answer)
  if call:begun() then return nil, errors.bad_answer end
  if request.win then request.win(request) end
  account.note(call, request, answer.usage, answer.reply)
  call:respond(answer.status, answer.content_type or "application/json", answer.text, answer.headers, answer.reply)
  return true
end

--- Shows the plugins an answer before it goes out. Nil and a Failure when one refuses it.
local function pass_plugins(call, request, answer)
  if request.win then request.win(request) end
  if not request.visit then return true end
  answer.usage = account.settled(call, request, answer.usage, answer.reply)
  request.usage = answer.usage
  local failure = passage.after(request.visit, answer)
  if not failure then return true end
  account.note(call, request, answer.usage, answer.reply)
  return nil, failure
end

--- What this surface counts by, beside what the answer says.
local function measured(request, reply, usage)
  local measure = request.surface.measure
  if not measure then return usage end
  return measure(request, reply, usage)
end

--- A changed answer with the member "provider", where the configuration asks for it.
local function named(answer, provider_member)
  local body = provider_member and document.new(answer.text)
  if body then
    body:set("provider", provider_member)
    answer.text = body:text()
  end
  return answer
end

--- Text that is no JSON (a transcription, say) is shown to plugins as { "text": ... }.
local function shown(answer, reply)
  local type = reply:header "content-type"
  if not type or not type:find "^text/" then return false end
  answer.text, answer.content_type = json.encode { text = reply:body() }, type
  return true
end

--- What plugins have left of such a text.
local function unwrapped(answer)
  local body = json.decode(answer.text)
  local is_text = json.is_object(body) and type(body.text) == "string"
  if is_text then answer.text = body.text else answer.content_type = nil end
  return answer
end

--- Same dialect, whole: the provider's bytes, unless a plugin changed them.
function delivery.whole(call, request, reply, provider_member)
  if request.visit then
    local answer = { status = reply:status(), reply = reply, usage = account.of_reply(reply) }
    answer.usage = measured(request, reply, answer.usage)
    local wrapped = request.surface.name ~= "chat" and shown(answer, reply)
    local passed, failure = pass_plugins(call, request, answer)
    if not passed then return nil, failure end
    if wrapped then return respond(call, request, unwrapped(answer)) end
    if answer.text then return respond(call, request, named(answer, provider_member)) end
  end
  if request.win then request.win(request) end
  account.passed(call, request, reply, true)
  call:pass(reply, provider_member)
  return true
end

--- An answer in OpenAI's form, as the client reads it.
local function speak(call, request, answer)
  local text, failure = faces.spell(request, answer.text)
  if not text then return nil, failure end
  answer.text, answer.headers = text, faces.dropped(request)
  local passed
  passed, failure = pass_plugins(call, request, answer)
  if not passed then return nil, failure end
  faces.keep(call, request)
  return respond(call, request, answer)
end

--- Another dialect, whole. `speaker` has the `response` that translates it.
function delivery.whole_translated(call, request, speaker, context, reply)
  local text, usage, content_type = speaker.response(context, reply:body(), reply:headers())
  if not text then return nil, usage end
  return speak(call, request, {
    status = 200, reply = reply, text = text, usage = measured(request, nil, usage), content_type = content_type,
  })
end

--- OpenAI's own dialect, for a client of another API.
function delivery.spelt(call, request, dialect, reply)
  if reply:streams() then
    local steps = request.visit and request.visit.chain.on_chunk
    return streaming.run(call, request, source.spoken(dialect, reply), reply, steps)
  end
  return speak(call, request, { status = 200, reply = reply, text = reply:body(), usage = account.of_reply(reply) })
end

--- What the gateway itself says, in OpenAI's form.
---@param text string
function delivery.told(call, request, text)
  return speak(call, request, { status = 200, text = text })
end

--- The same for a client that wants a stream: in chunks that are there already.
function delivery.whole_as_stream(call, request, dialect, context, reply)
  local text, usage = dialect.response(context, reply:body(), reply:headers())
  if not text then return nil, usage end
  local chunks = gather.chunks(text, request.include_usage)
  local steps = request.visit and request.visit.chain.on_chunk
  return streaming.run(call, request, source.listed(call, chunks, 0, usage), reply, steps)
end

-- Streamed -----------------------------------------------------------------------------------------------------------

--- Same dialect, streamed: C pipes the bytes and notes the usage; the script sleeps until the end. Plugins with
--- on_chunk see every event.
function delivery.stream(call, request, reply)
  local chain = request.visit and request.visit.chain
  if chain and chain.on_chunk then return streaming.run(call, request, source.own(reply), reply, chain.on_chunk) end
  if chain and (chain.after_request or chain.on_error) then return streaming.pipe(call, request, reply) end
  return streaming.relay(call, request, reply)
end

--- The client's own API, event by event: C pipes the bytes and looks on.
---@param make fun(kept: string): string? the whole answer that kept events spell
function delivery.forwarded(call, request, reply, make)
  return streaming.forward(call, request, reply, make)
end

--- Bytes or events of another surface, as they come. Plugins look at the end alone: nothing of it can be taken back.
function delivery.piped(call, request, reply)
  return streaming.bytes(call, request, reply, measured(request, nil, nil))
end

--- Another dialect, event by event. The client's head goes out with the first translated payload.
function delivery.stream_translated(call, request, dialect, context, reply)
  local steps = request.visit and request.visit.chain.on_chunk
  return streaming.run(call, request, source.translated(dialect, context, reply), reply, steps)
end

-- Without an upstream ------------------------------------------------------------------------------------------------

--- The chunks of an answer that somebody has whole; nil when it is none of a model's.
local function chunks_of(request, text)
  return gather.chunks(text, request.include_usage)
    or request.surface.face and gather.chunks(faces.canonical(request, text) or "", request.include_usage)
end

--- A plugin's own answer. The other plugins see it like any other; a client that wants a stream gets one.
function delivery.given(call, request, answer)
  answer.usage = answer.usage or { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0 }
  local passed, failure = pass_plugins(call, request, answer)
  if not passed then return nil, failure end
  local chunks = request.stream and answer.status == 200 and chunks_of(request, answer.text)
  if not chunks then return respond(call, request, answer) end
  for name, value in pairs(answer.headers or {}) do call:field(name, value) end
  if request.surface.face then faces.context(call, request) end
  return streaming.replay(call, request, source.listed(call, chunks, 0, answer.usage))
end

--- Answers to several things that were asked at once, in OpenAI's form.
---@param texts string[]
function delivery.several(call, request, texts, usage)
  if not request.stream then return speak(call, request, { status = 200, text = texts, usage = usage }) end
  local parts = {}
  for i, text in ipairs(texts) do
    parts[i] = gather.chunks(text, true)
    if not parts[i] then return nil, errors.bad_answer end
  end
  return streaming.several(call, request, parts, usage)
end

--- The dialect's own answer, whole or in its pieces with their pauses.
function delivery.made_here(call, request, dialect, context)
  local answer, failure = dialect.answer(context)
  if not answer then return nil, failure end
  if not context.stream then
    return speak(call, request, { status = 200, text = json.encode(answer.whole) .. "\n", usage = answer.usage })
  end
  local payloads = {}
  for i, payload in ipairs(answer.payloads) do payloads[i] = json.encode(payload) end
  local steps = request.visit and request.visit.chain.on_chunk
  return streaming.run(call, request, source.listed(call, payloads, answer.pause_ms, answer.usage), nil, steps)
end

return delivery
