-- SPDX-License-Identifier: Apache-2.0
--- A legacy completion as chat requests: one for each prompt, the prompt as the user's only message.

local json = require "gateway.json"
local prompts = require "providers.dialects.openai_completions.prompts"
local shape = require "providers.dialects.openai.shape"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

-- Members that chat spells otherwise, or has not: all others go on as they are.
local OWN = {
  prompt = true, suffix = true, best_of = true, echo = true, logprobs = true, stream = true, stream_options = true,
}

local function count_of(request)
  local n = typed(request, "n", "number")
  return n and n >= 1 and n or 1
end

local function refusal(context)
  local request = context.request
  local suffix, best = typed(request, "suffix", "string"), typed(request, "best_of", "number")
  local problem
  if suffix and suffix ~= "" then problem = shape.leave_out(context, "suffix", "suffix") end
  if not problem and best and best > count_of(request) then problem = shape.leave_out(context, "best_of", "best_of") end
  return problem
end

--- How many likely tokens, where chat has a switch and a number.
local function add_logprobs(body, request)
  local wanted = member(request, "logprobs")
  local top = json.number(wanted)
  if wanted ~= true and not top then return end
  body.logprobs = true
  if top and top > 0 then body.top_logprobs = wanted end
end

local function body_of(context, text)
  local body = {}
  for name, found in pairs(context.request) do
    if not OWN[name] and found ~= json.null then body[name] = found end
  end
  add_logprobs(body, context.request)
  body.model = typed(context.request, "model", "string") or context.model
  body.messages = json.array { { role = "user", content = text } }
  if context.stream then body.stream, body.stream_options = true, { include_usage = true } end
  return body
end

--- The chat body, or those of several prompts. What the answer needs to know is in `context.kept` then.
---@param context FaceContext
---@return table? body, Failure? failure
local function build(context)
  local texts, problem = prompts.read(member(context.request, "prompt"))
  if not texts then return nil, problem end
  problem = refusal(context)
  if problem then return nil, problem end
  local kept = context.kept
  kept.echo = member(context.request, "echo") == true and texts or nil
  kept.n = count_of(context.request)
  kept.include_usage = member(typed(context.request, "stream_options", "table"), "include_usage") == true
  if not texts[2] then return body_of(context, texts[1]) end
  local several = {}
  for i, text in ipairs(texts) do several[i] = body_of(context, text) end
  return { several = several }
end

return { build = build }
