-- SPDX-License-Identifier: Apache-2.0
--- How an upstream's answer reaches the client: its own bytes where the dialects are the same, event by event where
--- they are translated. Every function returns true once the client has been answered, or nil and a Failure while
--- nothing has reached it yet.

local errors = require "errors"
local json = require "gateway.json"
local passage = require "passage"
local upstream = require "gateway.upstream"

local delivery = {}

--- The payload of an error event in the client's dialect.
local function error_payload(failure)
  local param = failure.param or json.null
  return json.encode { error = { message = failure.message, type = failure.type, param = param, code = failure.code } }
end

--- After the commit point: an error event, then the end, never [DONE].
local function break_stream(call, failure)
  call:note_error(failure.error_type or "provider_error", failure.code, true)
  call:write("data: " .. error_payload(failure) .. "\n\n")
  call:finish(false)
  return true
end

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

--- Same dialect, whole: the provider's bytes, unless a plugin changed them.
function delivery.whole(call, request, reply, provider_member)
  if request.visit then
    local answer = { status = reply:status(), reply = reply, usage = usage_of(reply) }
    local passed, failure = pass_plugins(call, request, answer)
    if not passed then return nil, failure end
    if answer.text then return respond(call, answer) end
  end
  call:pass(reply, provider_member)
  return true
end

--- Same dialect, streamed: C pipes the bytes and notes the usage; the script sleeps until the end.
function delivery.stream(_, request, reply)
  reply:relay(request.include_usage ~= true)
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

--- A plugin's own answer. The other plugins see it like any other.
function delivery.given(call, request, answer)
  local passed, failure = pass_plugins(call, request, answer)
  if not passed then return nil, failure end
  return respond(call, answer)
end

-- Streamed ----------------------------------------------------------------------------------------------------------

--- What the next event of the upstream becomes: payloads, and whether the stream is over; or nil and a Failure.
local function step(dialect, state, reply)
  local name, data, message = reply:next()
  if name then
    local payloads, failure = dialect.event(state, name, data)
    return payloads, failure, state.done == true
  end
  if data then return nil, errors.broken_stream(data, message), true end
  local payloads, failure = dialect.finish(state)
  return payloads, failure, true
end

local function frame(payloads)
  return "data: " .. table.concat(payloads, "\n\ndata: ") .. "\n\n"
end

--- Another dialect, event by event. The client's head goes out with the first translated payload.
function delivery.stream_translated(call, dialect, context, reply)
  local state = dialect.stream(context)
  local open, over = false, false
  while not over do
    local payloads, failure
    payloads, failure, over = step(dialect, state, reply)
    if not payloads then
      if not open then return nil, failure end
      return break_stream(call, failure)
    end
    if #payloads > 0 then
      local text = frame(payloads)
      if not open then call:stream(nil, reply) end
      open = true
      call:write(text)
    end
  end
  local usage = dialect.usage(state)
  if usage then call:note_usage(usage.prompt_tokens, usage.completion_tokens) end
  call:write("data: [DONE]\n\n")
  call:finish(true)
  return true
end

--- No upstream: the dialect's own answer, whole or in its pieces with their pauses.
function delivery.made_here(call, request, dialect, context)
  local answer, failure = dialect.answer(context)
  if not answer then return nil, failure end
  if not context.stream then
    local text = json.encode(answer.whole) .. "\n"
    return delivery.given(call, request, { status = 200, text = text, usage = answer.usage })
  end
  call:note_usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
  call:stream()
  for _, payload in ipairs(answer.payloads) do
    call:write(frame { json.encode(payload) })
    if answer.pause_ms > 0 then upstream.sleep(call, answer.pause_ms) end
  end
  call:write("data: [DONE]\n\n")
  call:finish(true)
  return true
end

return delivery
