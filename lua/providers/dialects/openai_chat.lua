-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's own wire format, upstream as well: the client's bytes go out, with at most a few members renamed. What
--- differs from provider to provider and how their errors read is in openai/.

local failure = require "providers.dialects.openai.failure"
local parameters = require "providers.dialects.openai.parameters"

---@type Dialect
return {
  name = "openai_chat",
  edits = parameters.edits,
  refuses = parameters.refuses,
  failure = failure.of_answer,
  first_failure = failure.first,
}
