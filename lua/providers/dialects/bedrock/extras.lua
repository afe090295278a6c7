-- SPDX-License-Identifier: Apache-2.0
--- What of a request has a place of its own in Converse: reasoning, service tier, metadata, guardrails, betas, and the
--- vendor's members that a client may write into an OpenAI body.

local failure = require "providers.dialects.neutral.failure"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local TIERS = { priority = "priority", default = "default", flex = "flex", reserved = "reserved" }
local EFFORTS = { minimal = "low", low = "low", medium = "medium", high = "high", xhigh = "high", max = "high" }
local MOST_PAIRS, LONGEST_TEXT = 16, 256

-- Betas of Anthropic's that Bedrock knows; any other is refused. unverified: which these are
local BETAS = {
  ["interleaved-thinking-2025-05-14"] = true, ["context-1m-2025-08-07"] = true,
  ["context-management-2025-06-27"] = true, ["fine-grained-tool-streaming-2025-05-14"] = true,
  ["output-128k-2025-02-19"] = true, ["token-efficient-tools-2025-02-19"] = true, ["effort-2025-11-24"] = true,
  ["computer-use-2025-01-24"] = true, ["computer-use-2025-11-24"] = true, ["compact-2026-01-12"] = true,
  ["compact-2026-09-04"] = true,
}

-- The vendor's own members in a client's body.
local OWN = { "guardrailConfig", "performanceConfig", "promptVariables" }

-- Reasoning ----------------------------------------------------------------------------------------------------------

local function add_claude_thought(draft)
  local thought = draft.thought
  if thought.thinking and not (draft.thought_missing and thought.thinking.type == "enabled") then
    draft.more.thinking = thought.thinking
  end
  if thought.effort then draft.more.output_config = { effort = thought.effort } end
end

--- Other families know three efforts, or none.
local function add_effort(draft, wish)
  local effort = EFFORTS[wish]
  if not effort then return end
  if draft.model.vendor == "openai" then
    draft.more.reasoning_effort = effort
  elseif draft.model.nova == 2 then
    draft.more.reasoningConfig = { type = "enabled", maxReasoningEffort = effort }
  end
end

local function add_thought(draft)
  if draft.model.claude then
    add_claude_thought(draft)
  else
    add_effort(draft, typed(draft.request, "reasoning_effort", "string"))
  end
end

-- The rest -----------------------------------------------------------------------------------------------------------

local function fits(text)
  return type(text) == "string" and #text > 0 and #text <= LONGEST_TEXT and not text:find "[^%w%s:_@$#=/+,%-.]"
end

--- Pairs that the vendor would refuse are left out. `user` is not among them: it has no place there.
local function add_metadata(draft)
  local given, pairs_of, count = typed(draft.request, "metadata", "table"), {}, 0
  for name, text in pairs(given or {}) do
    if fits(name) and fits(text) and count < MOST_PAIRS then
      pairs_of[name], count = text, count + 1
    end
  end
  if count > 0 then draft.body.requestMetadata = pairs_of end
end

--- The client's betas that Bedrock knows.
local function add_betas(draft)
  if not draft.model.claude then return end
  local list = {}
  for name in ((draft.call.headers or {})["anthropic-beta"] or ""):gmatch "[^,%s]+" do
    if BETAS[name] then list[#list + 1] = name end
  end
  if #list > 0 then draft.more.anthropic_beta = list end
end

local function add_own(draft)
  for _, name in ipairs(OWN) do
    local found = member(draft.request, name)
    if found ~= nil and type(found) ~= "table" then
      return failure.request(name .. " must be an object", name)
    end
    draft.body[name] = found
  end
  for name, field in pairs(typed(draft.request, "additionalModelRequestFields", "table") or {}) do
    draft.more[name] = field
  end
  return nil
end

--- Adds all of it to the draft.
---@param draft BedrockDraft
---@return Failure?
local function add(draft)
  add_thought(draft)
  add_metadata(draft)
  add_betas(draft)
  local tier = TIERS[typed(draft.request, "service_tier", "string")]
  if tier then draft.body.serviceTier = { type = tier } end
  return add_own(draft)
end

return { add = add, BETAS = BETAS }
