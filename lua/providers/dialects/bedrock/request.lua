-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a request of Bedrock's Converse API.

local json = require "gateway.json"

local cache = require "providers.dialects.bedrock.cache"
local extras = require "providers.dialects.bedrock.extras"
local failure = require "providers.dialects.neutral.failure"
local format = require "providers.dialects.bedrock.format"
local models = require "providers.dialects.bedrock.models"
local parameters = require "providers.dialects.neutral.parameters"
local place = require "providers.dialects.bedrock.place"
local refusal = require "providers.dialects.neutral.refusal"
local thinking = require "providers.dialects.anthropic.thinking"
local tools = require "providers.dialects.bedrock.tools"
local turns = require "providers.dialects.bedrock.turns"
local value = require "providers.dialects.neutral.value"

local member = value.member

local NO_TOOLS = "Do not call any tool."

---@class BedrockDraft a request on its way
---@field call DialectCall
---@field request table the client's decoded body
---@field model BedrockModel
---@field names Names
---@field scene Scene
---@field tools Tool[]
---@field choice Choice?
---@field thought Thought of Claude
---@field called string[] names of the tools that the history calls
---@field body table the vendor's body so far
---@field more table its additionalModelRequestFields

--- Nothing that the vendor would not understand stays unsaid.
local function add_sentence(draft, sentence)
  draft.body.system = draft.body.system or json.array {}
  draft.body.system[#draft.body.system + 1] = { text = sentence }
end

local function add_conversation(draft)
  local made, problem = turns.render(draft.request.messages, draft.scene)
  if not made then return problem end
  draft.body.messages, draft.called = made.messages, made.called
  if #made.system > 0 then draft.body.system = made.system end
  draft.thought_missing = made.thought_missing and draft.model.claude and draft.model.version < 4.6
  return nil
end

-- Tools --------------------------------------------------------------------------------------------------------------

--- A forced choice and thinking exclude each other; some models know no forced choice at all.
local function settle_choice(draft)
  local traits = draft.model.claude
  if not tools.is_forced(draft.choice) or not traits then return end
  if draft.model.forced then
    if thinking.is_on(draft.thought) or traits.thinks ~= "asked" then
      draft.thought = thinking.without(draft.thought, traits)
    end
    return
  end
  if draft.choice.kind == "tool" then
    local name = draft.names.sent[draft.choice.name] or draft.choice.name
    draft.tools = tools.keep(draft.tools, { [name] = true })
  end
  add_sentence(draft, tools.asked(draft.choice, draft.names))
  draft.choice = { kind = "auto" }
end

--- There is no "none": the tools go out only where the history is refused without them. Then words must do; a
--- request without a system text gets none for this.
local function forbid_tools(draft)
  if #draft.called == 0 then
    draft.tools = {}
  elseif draft.body.system then
    add_sentence(draft, NO_TOOLS)
  end
end

local function add_tools(draft)
  local list, problem = tools.tools_of(draft.request, draft.names)
  if not list then return problem end
  local choice, bad_choice = tools.choice_of(draft.request)
  if bad_choice then return bad_choice end
  if #list > 0 and tools.is_unknown(list, choice, draft.names) then
    return failure.request(("tool_choice names %q, which is not among the tools"):format(choice.name), "tool_choice")
  end
  draft.tools, draft.choice = tools.filtered(list, choice, draft.names), #list > 0 and choice or nil
  if choice and choice.kind == "none" then forbid_tools(draft) end
  settle_choice(draft)
  return nil
end

local function is_single(draft)
  local claude = draft.model.claude ~= nil and draft.model.version >= 4.5
  return claude and member(draft.request, "parallel_tool_calls") == false
end

--- Behind the format, which may have added a tool.
local function render_tools(draft)
  if #draft.tools == 0 then draft.tools = tools.stubs(draft.called) end
  if #draft.tools == 0 then return nil end
  local choice = tools.rendered_choice(draft.choice, draft.names)
  draft.body.toolConfig = { tools = tools.rendered(draft.tools, draft.scene), toolChoice = choice }
  local none = draft.choice and draft.choice.kind == "none"
  if is_single(draft) and not choice and not none then
    draft.more.tool_choice = { type = "auto", disable_parallel_tool_use = true }
  end
  return nil
end

-- Numbers ------------------------------------------------------------------------------------------------------------

local function max_tokens_of(request)
  local wish, problem = parameters.number(request, "max_completion_tokens")
  if wish or problem then return wish, problem end
  return parameters.number(request, "max_tokens")
end

local function add_max_tokens(draft)
  local count, problem = max_tokens_of(draft.request)
  if not count then return problem end
  local traits = draft.model.claude
  if traits then count = thinking.make_room(draft.thought, math.min(count, traits.longest), traits.longest) end
  draft.inference.maxTokens = count
  return nil
end

local function takes_sampling(draft)
  local traits = draft.model.claude
  return not traits or traits.sampling ~= "none" and not thinking.is_on(draft.thought)
end

local function add_top_k(draft, top_k)
  if draft.model.claude then
    draft.more.top_k = top_k
  elseif draft.model.nova and top_k then
    draft.more.inferenceConfig = { topK = top_k }
  end
end

local function add_sampling(draft)
  local temperature, bad_temperature = parameters.number(draft.request, "temperature")
  local top_p, bad_top_p = parameters.number(draft.request, "top_p")
  local top_k, bad_top_k = parameters.number(draft.request, "top_k")
  if bad_temperature or bad_top_p or bad_top_k then return bad_temperature or bad_top_p or bad_top_k end
  if not takes_sampling(draft) then return nil end
  local traits = draft.model.claude
  draft.inference.temperature = temperature and math.max(0, math.min(temperature, 1))
  if not (temperature and traits and traits.sampling == "one") then draft.inference.topP = top_p end
  add_top_k(draft, top_k)
  return nil
end

local function add_stop(draft)
  local list, problem = parameters.stops(draft.request)
  if not list then return problem end
  if #list > 0 then draft.inference.stopSequences = list end
  return nil
end

-- The order matters: names before their use, tools and format before thinking is settled, thinking before its budget.
local STEPS = {
  add_conversation, add_tools, format.add, render_tools, add_max_tokens, add_sampling, add_stop, extras.add,
}

---@return BedrockDraft
local function new_draft(call)
  local model = models.of(call.model, call.requested_model)
  local names = tools.new_names()
  call.kept = call.kept or {}
  return {
    call = call, request = call.request, model = model, names = names, body = {}, more = {}, inference = {},
    thought = model.claude and thinking.of_request(call.request, model.claude) or {}, add_sentence = add_sentence,
    scene = { call = call, model = model, names = names, ids = tools.new_ids(model), documents = {} },
  }
end

--- Builds the body of Converse. Leaves in `call.kept` what the translation of the answer needs.
---@param call DialectCall
---@return table? body, Failure? failure
local function body_of(call)
  local problem = refusal.of(call.request)
  if problem then return nil, problem end
  local draft = new_draft(call)
  for _, step in ipairs(STEPS) do
    problem = step(draft)
    if problem then return nil, problem end
  end
  local body = draft.body
  if next(draft.inference) then body.inferenceConfig = draft.inference end
  if next(draft.more) then body.additionalModelRequestFields = draft.more end
  cache.fit(body)
  call.kept.names = draft.names.given
  return body
end

local STREAMED = { accept = "application/vnd.amazon.eventstream" }
local WHOLE = { accept = "application/json" }

--- Builds the vendor's request.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local body, problem = body_of(call)
  if not body then return nil, problem end
  local action, headers = call.stream and "converse-stream" or "converse", call.stream and STREAMED or WHOLE
  return place.of_model(call, action, body, headers)
end

return { build = build, body_of = body_of }
