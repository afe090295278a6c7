-- SPDX-License-Identifier: Apache-2.0
--- Token counts: one neutral table in, OpenAI's usage object out.

---@class Usage
---@field prompt_tokens integer all input, cached and written ones included
---@field completion_tokens integer all output, reasoning included
---@field cached_tokens integer?
---@field cache_write_tokens integer?
---@field reasoning_tokens integer?

--- What the vendor did not report is left out; a reported 0 stays.
---@param usage Usage
---@return table
local function render(usage)
  local result = {
    prompt_tokens = usage.prompt_tokens,
    completion_tokens = usage.completion_tokens,
    total_tokens = usage.prompt_tokens + usage.completion_tokens,
  }
  if usage.cached_tokens or usage.cache_write_tokens then
    result.prompt_tokens_details = {
      cached_tokens = usage.cached_tokens, cache_write_tokens = usage.cache_write_tokens,
    }
  end
  if usage.reasoning_tokens then
    result.completion_tokens_details = { reasoning_tokens = usage.reasoning_tokens }
  end
  return result
end

--- The details of the prompt: both, one, or neither.
local function prompt_details(usage)
  local cached, written = usage.cached_tokens, usage.cache_write_tokens
  if not cached and not written then return "" end
  return ',"prompt_tokens_details":{' .. (cached and ('"cached_tokens":%d'):format(cached) or "")
    .. (cached and written and "," or "") .. (written and ('"cache_write_tokens":%d'):format(written) or "") .. "}"
end

--- The same as JSON text.
---@param usage Usage
---@return string
local function text(usage)
  local prompt, completion = usage.prompt_tokens, usage.completion_tokens
  local reasoning = usage.reasoning_tokens
  return ('{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d%s%s}'):format(
    prompt, completion, prompt + completion, prompt_details(usage),
    reasoning and (',"completion_tokens_details":{"reasoning_tokens":%d}'):format(reasoning) or "")
end

return { render = render, text = text }
