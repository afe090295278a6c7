-- SPDX-License-Identifier: Apache-2.0
--- A conversation as one prompt, for models that take nothing else. A template says what stands before and after each
--- turn, and how the model's own turn begins.

local failure = require "providers.dialects.neutral.failure"
local messages = require "providers.dialects.neutral.messages"

---@class Template
---@field start string?
---@field system string[]? before and after; nil: the text goes before the first user turn
---@field user string[]
---@field assistant string[]
---@field answer string how the model's turn begins

local CHATML = {
  system = { "<|im_start|>system\n", "<|im_end|>\n" }, user = { "<|im_start|>user\n", "<|im_end|>\n" },
  assistant = { "<|im_start|>assistant\n", "<|im_end|>\n" }, answer = "<|im_start|>assistant\n",
}
local LLAMA3 = {
  start = "<|begin_of_text|>",
  system = { "<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>" },
  user = { "<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>" },
  assistant = { "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>" },
  answer = "<|start_header_id|>assistant<|end_header_id|>\n\n",
}
local MISTRAL = { start = "<s>", user = { "[INST] ", " [/INST]" }, assistant = { " ", "</s>" }, answer = "" }
local GEMMA = {
  start = "<bos>", user = { "<start_of_turn>user\n", "<end_of_turn>\n" },
  assistant = { "<start_of_turn>model\n", "<end_of_turn>\n" }, answer = "<start_of_turn>model\n",
}
local ZEPHYR = {
  system = { "<|system|>\n", "</s>\n" }, user = { "<|user|>\n", "</s>\n" }, assistant = { "<|assistant|>\n", "</s>\n" },
  answer = "<|assistant|>\n",
}
local PHI3 = {
  system = { "<|system|>\n", "<|end|>\n" }, user = { "<|user|>\n", "<|end|>\n" },
  assistant = { "<|assistant|>\n", "<|end|>\n" }, answer = "<|assistant|>\n",
}
local LINES = {
  system = { "", "\n" }, user = { "User: ", "\n" }, assistant = { "Assistant: ", "\n" }, answer = "Assistant:",
}
local RAW = { system = { "", "\n" }, user = { "", "" }, assistant = { "", "" }, answer = "" }

local TEMPLATES = {
  chatml = CHATML, llama3 = LLAMA3, mistral = MISTRAL, llama2 = MISTRAL, gemma = GEMMA, zephyr = ZEPHYR, phi3 = PHI3,
  lines = LINES, raw = RAW,
}

-- What a model's name tells of its template; the first that it holds.
local NAMES = {
  { "llama%-?3", LLAMA3 }, { "llama%-?2", MISTRAL }, { "zephyr", ZEPHYR }, { "mi[sx]tral", MISTRAL },
  { "gemma", GEMMA }, { "phi%-?3", PHI3 }, { "qwen", CHATML }, { "hermes", CHATML }, { "yi%-", CHATML },
}

--- The template that is named, or that the model's name tells; nil when nothing tells.
---@param name string?
---@param model string
---@return Template?
local function template_of(name, model)
  if name and name ~= "" then return TEMPLATES[name:lower()] end
  local lower = model:lower()
  for _, known in ipairs(NAMES) do
    if lower:find(known[1]) then return known[2] end
  end
  return nil
end

--- The text of a turn; nil and a failure when it is not only text.
local function text_of(turn)
  local texts = {}
  for i, part in ipairs(turn.parts) do
    if part.type ~= "text" then
      return nil, failure.request(
        ('this model accepts text only and cannot express a "%s" content part'):format(part.type), "messages",
        "unsupported_content")
    end
    texts[i] = part.text
  end
  return table.concat(texts)
end

--- Calls and their results have no place in a prompt of plain turns.
local function refuse_calls(turn)
  if not turn.calls and not turn.answers then return nil end
  return failure.request("this provider's models call no tools, not in earlier turns either", "messages",
    "unsupported_content")
end

--- Turns of one role joined, contents as text.
---@param list any the decoded `messages`
---@return { role: string, text: string }[]? turns, Failure? failure
local function texts_of(list)
  local turns, problem = messages.turns(list)
  if not turns then return nil, problem end
  local result = {}
  for i, turn in ipairs(messages.merged(turns)) do
    problem = refuse_calls(turn)
    if problem then return nil, problem end
    local text, bad_part = text_of(turn)
    if not text then return nil, bad_part end
    result[i] = { role = turn.role, text = text }
  end
  if #result == 0 then return nil, failure.request("at least one message must have content", "messages") end
  return result
end

--- A template without a place for system texts has them before the first user turn.
local function with_system_inside(turns, template)
  if template.system then return turns end
  local result, waiting = {}, {}
  for _, turn in ipairs(turns) do
    if turn.role == "system" then
      waiting[#waiting + 1] = turn.text
    else
      if turn.role == "user" and #waiting > 0 then
        waiting[#waiting + 1] = turn.text
        turn, waiting = { role = "user", text = table.concat(waiting, "\n\n") }, {}
      end
      result[#result + 1] = turn
    end
  end
  if #waiting > 0 then result[#result + 1] = { role = "user", text = table.concat(waiting, "\n\n") } end
  return result
end

--- The prompt.
---@param turns { role: string, text: string }[]
---@param template Template
---@return string
local function rendered(turns, template)
  local pieces = { template.start }
  for _, turn in ipairs(with_system_inside(turns, template)) do
    local around = template[turn.role]
    pieces[#pieces + 1] = around[1] .. turn.text .. around[2]
  end
  pieces[#pieces + 1] = template.answer
  return table.concat(pieces)
end

return { template_of = template_of, texts_of = texts_of, rendered = rendered, LINES = LINES }
