-- SPDX-License-Identifier: Apache-2.0
--- The transcripts of a vendor (spec/fixtures/<vendor>), held against its dialect: the request we send, the answer and
--- the stream the client gets, and the faces' other direction.
---
---   local vendor = transcripts.of { vendor = "anthropic", dialect = dialect, provider = provider }
---   vendor.request(case, function(made, expected) ... end)   also checks the address
---   vendor.answer(case)  vendor.error(case)  vendor.stream(case)
---
--- `variables` and `base` of the options stand for the provider's in the calls made here. What cuts a stream into
--- events is in chunks.splitters, by the dialect's framing.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local same = require "spec.support.same"
local spec = require "gateway.spec"

local transcripts = {}

--- Fails with the difference that same.document and same.request tell.
function transcripts.check(ok, difference)
  if not ok then error(difference, 0) end
end

local function equal(expected, actual, what)
  if expected == actual then return end
  error(("%s: expected %s, got %s"):format(what, tostring(expected), tostring(actual)), 0)
end

--- The text of one file of a case.
function transcripts.text(vendor, case, kind)
  return spec.fixture(("%s/%s.%s"):format(vendor, case, kind))
end

--- The same, decoded.
function transcripts.document(vendor, case, kind, raw)
  return assert(json.decode(transcripts.text(vendor, case, kind .. ".json"), raw and { raw = raw }))
end

--- A failure as a client reads it.
function transcripts.error_of(failure)
  return { message = failure.message, type = failure.type, code = failure.code, param = failure.param }
end

--- The bytes of a hex file, a frame a line.
function transcripts.bytes(vendor, case, kind)
  return (transcripts.text(vendor, case, kind):gsub("%X", ""):gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local function lower(headers)
  local list = {}
  for name, value in pairs(headers or {}) do list[name:lower()] = value end
  return list
end

--- A body may be no JSON at all.
local function body_text(response)
  return type(response.body) == "string" and response.body or json.encode(response.body)
end

--- For `call.ask`: answers with the replies of a response file, in order. What was asked is in the second value.
function transcripts.asking(replies)
  local asked = {}
  return function(request)
    asked[#asked + 1] = request
    local reply = assert(replies[#asked], "nobody answers this request")
    return { status = reply.status, headers = lower(reply.headers), text = body_text(reply) }
  end, asked
end

local function new_call(options, more)
  local call = {
    model = options.model or "model", requested_model = options.model or "model", created = 1767225600,
    stream = false, include_usage = true,
    surface = options.surface or "chat", headers = {}, variables = options.variables or {}, request = {},
    kept = options.kept and options.kept() or {},
  }
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

--- The call as the pipeline makes it from what the client sent.
local function call_of(options, case, more)
  local sent = transcripts.document(options.vendor, case, "client", options.raw_keys)
  local request = sent.body
  local call = new_call(options, {
    model = request.model:match "^[^/]*/(.*)$", requested_model = request.model, stream = request.stream == true,
    request = request, headers = lower(sent.headers),
  })
  for name, value in pairs(more or {}) do call[name] = value end
  return call
end

local function check_failure(expected, failure)
  equal(expected.status, failure.status, "status")
  transcripts.check(same.document(expected.body.error, transcripts.error_of(failure)))
  local after = expected.headers["retry-after"]
  equal(after, failure.retry_after and tostring(failure.retry_after), "retry-after")
end

---@param options { vendor: string, dialect: table, provider: table, operation: table?, surface: string?,
---  variables: table?, base: string?, raw_keys: table?, model: string?, kept: (fun(): table)?,
---  headers: table? } `operation`: of another surface than chat; `headers` are those of streamed answers
function transcripts.of(options)
  local vendor, dialect = options.vendor, options.dialect
  local operation = options.operation or dialect
  options.raw_keys = options.raw_keys or operation.raw_keys or dialect.raw_keys
  local base = options.base or options.provider.base
  local bound = {}

  function bound.call(more) return new_call(options, more) end

  --- `more` are members of the call: `ask`, `fetch` ...
  function bound.call_of(case, more) return call_of(options, case, more) end

  function bound.request(case, more, members)
    local expected = transcripts.document(vendor, case, "request")
    local made = assert(operation.request(call_of(options, case, members), options.provider))
    transcripts.check(same.request(expected.body, json.decode(made.body)))
    equal(expected.url, made.url or base .. made.path, "url")
    if more then more(made, expected) end
  end

  function bound.answer(case, call)
    local response = transcripts.document(vendor, case, "response")
    local text = assert(operation.response(call or bound.call(), body_text(response), lower(response.headers)))
    transcripts.check(same.document(transcripts.document(vendor, case, "expected.openai").body, json.decode(text)))
  end

  function bound.error(case)
    local response = transcripts.document(vendor, case, "response")
    local failure = dialect.failure(response.status, lower(response.headers), body_text(response))
    check_failure(transcripts.document(vendor, case, "expected.openai"), failure)
  end

  --- The raw body of a streamed answer.
  local function stream_text(case)
    if dialect.framing == "eventstream" then return transcripts.bytes(vendor, case, "stream.hex") end
    return transcripts.text(vendor, case, "stream.txt")
  end

  --- What a stream in these pieces becomes.
  function bound.streamed(case, pieces)
    local list = chunks.translated(dialect, bound.call { stream = true }, pieces, options.headers)
    local expected = chunks.read(transcripts.text(vendor, case, "expected.openai.stream.txt"))
    transcripts.check(same.document(chunks.joined(expected), chunks.joined(list)))
  end

  --- Cut after every byte.
  function bound.stream_cut(case)
    local text = stream_text(case)
    for at = 0, #text do
      bound.streamed(case, chunks.cut(text, at))
    end
  end

  --- In pieces of 1 to 7 bytes.
  function bound.stream_in_pieces(case)
    local text = stream_text(case)
    for size = 1, 7 do
      bound.streamed(case, chunks.pieces(text, size))
    end
  end

  --- The stream fails before anything is seen, with the status of the error.
  function bound.stream_fails_first(case)
    local text = stream_text(case)
    local list, failure = chunks.translated(dialect, bound.call { stream = true }, { text }, options.headers)
    equal(nil, list, "chunks before the failure")
    check_failure(transcripts.document(vendor, case, "expected.openai"), failure)
  end

  --- Without include_usage nothing lacks but the usage chunk.
  function bound.usage_is_asked(case)
    local text = stream_text(case)
    spec.seed(1)
    local full = chunks.translated(dialect, bound.call { stream = true }, { text }, options.headers)
    spec.seed(1)
    local call = bound.call { stream = true, include_usage = false }
    local short = chunks.translated(dialect, call, { text }, options.headers)
    table.remove(full, #full - 1)
    transcripts.check(same.document(full, short))
  end

  return bound
end

return transcripts
