-- SPDX-License-Identifier: Apache-2.0
--- Cohere's form of reranking at hosts that otherwise speak OpenAI's format: texts only go out, the answer is sorted
--- and cut, documents come back when the client wants them.

local failure = require "providers.dialects.openai.failure"
local rerank = require "providers.dialects.cohere.rerank"

---@type Dialect
return { name = "cohere_rerank", failure = failure.of_answer, surfaces = { rerank = rerank } }
