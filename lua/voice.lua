-- SPDX-License-Identifier: Apache-2.0
--- How a stream speaks to its client: in OpenAI's chunks, or as the face of another API spells them.

local json = require "gateway.json"

---@class Voice
---@field face Face?
---@field state any the face's

local voice = {}

local PLAIN = {}

---@param request Request
---@return Voice
function voice.open(request)
  local face = request.surface.face
  if not face then return PLAIN end
  return { face = face, state = face.stream(request.context) }
end

local function frame(payloads)
  local text = table.concat(payloads, "\n\ndata: ")
  if text:find("\n", 1, true) then -- a chunk of several lines
    local framed = {}
    for i, payload in ipairs(payloads) do framed[i] = payload:gsub("\r?\n", "\ndata: ") end
    text = table.concat(framed, "\n\ndata: ")
  end
  return "data: " .. text .. "\n\n"
end

local function spelt(self, payloads)
  local pieces = {}
  for i, payload in ipairs(payloads) do pieces[i] = self.face.event(self.state, payload) end
  return table.concat(pieces)
end

--- What a stream's head says it is; nil: server-sent events.
---@return string?
function voice.content_type(self)
  return self.state and self.state.content_type
end

--- Chunks as bytes; "" when the client reads nothing of them yet.
---@param payloads string[]
---@return string
function voice.say(self, payloads)
  return self.face and spelt(self, payloads) or frame(payloads)
end

--- From here on the chunks answer another of the client's prompts.
function voice.turn(self, part)
  if self.state then self.state.part = part end
end

--- The end of a good stream.
---@param usage Usage?
---@return string
function voice.done(self, usage)
  return self.face and self.face.finish(self.state, usage) or "data: [DONE]\n\n"
end

--- The end of one that failed.
---@param failure Failure
---@return string
function voice.failed(self, failure)
  if self.face then return self.face.broken(self.state, failure) end
  local param = failure.param or json.null
  return "data: " .. json.encode {
    error = { message = failure.message, type = failure.type, param = param, code = failure.code },
  } .. "\n\n"
end

return voice
