-- SPDX-License-Identifier: Apache-2.0
--- What of Anthropic's and Google's own members the one who is asked can use, once they stand in OpenAI's form.

-- Dialects that reach Claude: signed thinking, cache markers, images in tool results mean something there.
local CLAUDE = { "^anthropic", "^vertex_anthropic", "^bedrock" }
-- Those that take Google's signatures.
local GOOGLE = { "^gemini", "^vertex" }

-- Models of OpenAI that do not reason: reasoning_effort is an error there.
local PLAIN = {
  "gpt-3", "gpt-4", "chatgpt-", "gpt-5-chat", "gpt-5.1-chat", "gpt-5.2-chat", "gpt-audio", "gpt-realtime",
}

---@class Wants
---@field claude boolean signed blocks, cache markers, images inside results, Anthropic's own top-level members
---@field google boolean Google's signatures
---@field reasoning boolean earlier reasoning as text
---@field top_k boolean
---@field model string the name to judge the model by

local function any(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then return true end
  end
  return false
end

local function lists(names, name)
  for _, listed in ipairs(type(names) == "table" and names or {}) do
    if listed == name then return true end
  end
  return false
end

-- What provider.history.reasoning says where earlier reasoning is wanted back.
local REPLAYED = { always = true, calls = true }

--- Nobody in particular is asked: plain OpenAI.
local NOBODY = { dialect = "openai_chat", provider = {} }

---@param context FaceContext
---@return Wants
local function wants(context)
  local target = context.target or NOBODY
  local provider = target.provider
  local claude = any(target.dialect, CLAUDE)
  local params = provider.params or {}
  return {
    claude = claude,
    google = any(target.dialect, GOOGLE) or provider.name == "gemini-openai",
    reasoning = REPLAYED[(provider.history or {}).reasoning] == true,
    top_k = lists(params.accepts, "top_k") or target.dialect ~= "openai_chat",
    model = target.model or context.model or "",
  }
end

--- The model's own name without a vendor's prefix.
local function bare(model)
  return (model:match "[^/]*$")
end

--- Whether `reasoning_effort` means anything to this model.
---@param model string
---@return boolean
local function reasons(model)
  local name = bare(model)
  for _, prefix in ipairs(PLAIN) do
    if name:sub(1, #prefix) == prefix then return false end
  end
  return true
end

--- The least effort that a model has.
---@param model string
---@return string
local function least(model)
  local name = bare(model)
  if name:find "^o%d" then return "low" end
  if name:find "^gpt%-5%f[^%w.]" then return name:find("codex", 1, true) and "low" or "minimal" end
  return "none"
end

--- The effort as the model knows it: OpenAI's older reasoning models end at "high".
---@param model string
---@param effort string
---@return string
local function most(model, effort)
  if effort ~= "xhigh" and effort ~= "max" then return effort end
  local name = bare(model)
  local minor = tonumber(name:match "^gpt%-5%.(%d+)")
  if minor and minor >= 2 or name:find("codex-max", 1, true) then return "xhigh" end
  return "high"
end

return { wants = wants, reasons = reasons, least = least, most = most }
