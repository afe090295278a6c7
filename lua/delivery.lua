-- SPDX-License-Identifier: Apache-2.0
--- How an upstream's answer reaches the client: its own bytes where the dialects are the same, event by event where
--- they are translated. Every function returns true once the client has been answered, or nil and a Failure while
--- nothing has reached it yet.

local document = require "gateway.document"
local gather = require "gather"
local json = require "gateway.json"
local passage = require "passage"
local source = require "source"
local streaming = require "streaming"

local delivery = {}

-- Whole ------------------------------------------------------------------------------------------------------------

--- An answer in the gateway's own words.
local function respond(call, answer)
  if answer.usage then call:note_usage(answer.usage.prompt_tokens, answer.usage.completion_tokens) end
  call:respond(answer.status, answer.content_type or "application/json", answer.text, answer.headers, answer.reply)
  return true
end

--- Shows the plugins an answer before it goes out. Nil and a Failure when one refuses it.
local function pass_plugins(call, request, answer)
  local failure = request.visit and passage.after(request.visit, answer)
  if not failure then return true end
  if answer.usage then call:note_usage(answer.usage.prompt_tokens, answer.usage.completion_tokens) end
  return nil, failure
end

local function usage_of(reply)
  local prompt, completion = reply:usage()
  if not prompt and not completion then return nil end
  return { prompt_tokens = prompt, completion_tokens = completion, total_tokens = (prompt or 0) + (completion or 0) }
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

--- Same dialect, whole: the provider's bytes, unless a plugin changed them.
function delivery.whole(call, request, reply, provider_member)
  if request.visit then
    local answer = { status = reply:status(), reply = reply, usage = usage_of(reply) }
    local passed, failure = pass_plugins(call, request, answer)
    if not passed then return nil, failure end
    if answer.text then return respond(call, named(answer, provider_member)) end
  end
  call:pass(reply, provider_member)
  return true
end

--- Another dialect, whole.
function delivery.whole_translated(call, request, dialect, context, reply)
  local text, usage = dialect.response(context, reply:body(), {})
  if not text then return nil, usage end
  local answer = { status = reply:status(), reply = reply, text = text, usage = usage }
  local passed, failure = pass_plugins(call, request, answer)
  if not passed then return nil, failure end
  return respond(call, answer)
end

-- Streamed -----------------------------------------------------------------------------------------------------------

--- Same dialect, streamed: C pipes the bytes and notes the usage; the script sleeps until the end. Plugins with
--- on_chunk see every event.
function delivery.stream(call, request, reply)
  local chain = request.visit and request.visit.chain
  if chain and chain.on_chunk then return streaming.run(call, request, source.own(reply), reply, chain.on_chunk) end
  if chain and (chain.after_request or chain.on_error) then return streaming.pipe(call, request, reply) end
  reply:relay(request.include_usage ~= true)
  return true
end

--- Another dialect, event by event. The client's head goes out with the first translated payload.
function delivery.stream_translated(call, request, dialect, context, reply)
  local steps = request.visit and request.visit.chain.on_chunk
  return streaming.run(call, request, source.translated(dialect, context, reply), reply, steps)
end

-- Without an upstream ------------------------------------------------------------------------------------------------

local NOTHING_USED = { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0 }

--- A plugin's own answer. The other plugins see it like any other; a client that wants a stream gets one.
function delivery.given(call, request, answer)
  answer.usage = answer.usage or NOTHING_USED
  local passed, failure = pass_plugins(call, request, answer)
  if not passed then return nil, failure end
  local chunks = request.stream and answer.status == 200 and gather.chunks(answer.text, request.include_usage)
  if not chunks then return respond(call, answer) end
  for name, value in pairs(answer.headers or {}) do call:field(name, value) end
  return streaming.replay(call, request, source.listed(call, chunks, 0, answer.usage))
end

--- The dialect's own answer, whole or in its pieces with their pauses.
function delivery.made_here(call, request, dialect, context)
  local answer, failure = dialect.answer(context)
  if not answer then return nil, failure end
  if not context.stream then
    local text = json.encode(answer.whole) .. "\n"
    return delivery.given(call, request, { status = 200, text = text, usage = answer.usage })
  end
  local payloads = {}
  for i, payload in ipairs(answer.payloads) do payloads[i] = json.encode(payload) end
  local steps = request.visit and request.visit.chain.on_chunk
  return streaming.run(call, request, source.listed(call, payloads, answer.pause_ms, answer.usage), nil, steps)
end

return delivery
