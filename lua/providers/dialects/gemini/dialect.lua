-- SPDX-License-Identifier: Apache-2.0
--- The dialect for a host of Google's models, put together from its parts.

local count = require "providers.dialects.gemini.count"
local embeddings = require "providers.dialects.gemini.embeddings"
local failure = require "providers.dialects.gemini.failure"
local images = require "providers.dialects.gemini.images"
local params = require "providers.dialects.neutral.params"
local request = require "providers.dialects.gemini.request"
local response = require "providers.dialects.gemini.response"
local stream = require "providers.dialects.gemini.stream"

---@param host GeminiHost
---@return Dialect
local function of(host)
  return {
    name = host.name,
    raw_keys = { parameters = true, schema = true },
    refuses = params.refuses,
    request = function(call) return request.build(call, host) end,
    response = response.translate,
    failure = failure.of_answer,
    stream = stream.open,
    event = stream.event,
    finish = stream.finish,
    usage = stream.usage,
    surfaces = {
      embeddings = embeddings.of(host),
      images = images.of(host),
      count_tokens = count.of(host),
    },
    faces = host.faces,
  }
end

return { of = of }
