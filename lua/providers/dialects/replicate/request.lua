-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a prediction of a language model. Inputs differ by model; these are the ones that most
--- have, and `input` in the client's body adds or replaces any.

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.replicate.failure"
local messages = require "providers.dialects.neutral.messages"
local parameters = require "providers.dialects.neutral.parameters"
local prediction = require "providers.dialects.replicate.prediction"
local prompt = require "providers.dialects.neutral.prompt"
local refusal = require "providers.dialects.neutral.refusal"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local WAIT = "wait=60" -- seconds, the most that Replicate holds an answer back

-- OpenAI's name and the models'; of two for one the later wins.
local NUMBERS = {
  { "temperature", "temperature" }, { "top_p", "top_p" }, { "top_k", "top_k" }, { "seed", "seed" },
  { "presence_penalty", "presence_penalty" }, { "frequency_penalty", "frequency_penalty" },
  { "max_tokens", "max_tokens" }, { "max_completion_tokens", "max_tokens" },
}

--- The last image of the conversation, as its address; the parts without images.
local function take_images(turn, found)
  local parts = {}
  for _, part in ipairs(turn.parts) do
    if part.type == "image_url" then
      local image = part.image_url
      found.image = type(image) == "table" and typed(image, "url", "string") or type(image) == "string" and image
    else
      parts[#parts + 1] = part
    end
  end
  turn.parts = parts
end

local function text_of(turn)
  local texts = {}
  for i, part in ipairs(turn.parts) do
    if part.type ~= "text" then
      return nil, failure.request(("content parts of type %q cannot be sent to this provider"):format(part.type),
        "messages", "unsupported_content")
    end
    texts[i] = part.text
  end
  return table.concat(texts)
end

local function read_turn(turn, found)
  if turn.calls or turn.answers then
    return failure.request("this provider's models call no tools, not in earlier turns either", "messages",
      "unsupported_content")
  end
  take_images(turn, found)
  local text, problem = text_of(turn)
  if not text then return problem end
  if turn.role == "system" then
    found.system[#found.system + 1] = text
  else
    found.turns[#found.turns + 1] = { role = turn.role, text = text }
  end
  return nil
end

---@class Conversation
---@field system string[]
---@field turns { role: string, text: string }[]
---@field image string?

local function conversation_of(request)
  local turns, problem = messages.turns(request.messages)
  if not turns then return nil, problem end
  local found = { system = {}, turns = {} }
  for _, turn in ipairs(messages.merged(turns)) do
    problem = read_turn(turn, found)
    if problem then return nil, problem end
  end
  if #found.turns == 0 then return nil, failure.request("at least one user message must have content", "messages") end
  return found
end

--- One message of the user's is the prompt as it stands; a conversation is written by a template.
local function prompt_of(found, call)
  if #found.turns == 1 and found.turns[1].role == "user" then return found.turns[1].text end
  local template = prompt.template_of(call.variables.template, "") or prompt.LINES
  return prompt.rendered(found.turns, template)
end

local function add_parameters(request, input)
  for _, names in ipairs(NUMBERS) do
    local number, problem = parameters.number(request, names[1])
    if problem then return problem end
    if number then input[names[2]] = request[names[1]] end
  end
  local stops, bad_stop = parameters.stops(request)
  if not stops then return bad_stop end
  if #stops > 0 then input.stop_sequences = table.concat(stops, ",") end
  for name, field in pairs(typed(request, "input", "table") or {}) do input[name] = field end
  return nil
end

local function input_of(call)
  local found, problem = conversation_of(call.request)
  if not found then return nil, problem end
  local input = { prompt = prompt_of(found, call), image = found.image }
  if #found.system > 0 then input.system_prompt = table.concat(found.system, "\n\n") end
  problem = add_parameters(call.request, input)
  if problem then return nil, problem end
  return input
end

--- A stream lies at an address that the new prediction tells. A model without one is polled, and its text comes whole.
local function follow(call, created)
  local reply, lost = call.ask(created)
  if not reply then return nil, lost end
  if reply.status < 200 or reply.status > 299 then
    return nil, faults.of_answer(reply.status, reply.headers, reply.text)
  end
  local made, problem = prediction.decoded(reply.text)
  if not made then return nil, problem end
  prediction.guard(call, made)
  call.kept.prediction = { id = typed(made, "id", "string"), get = prediction.url(made, "get") }
  local address = prediction.url(made, "stream")
  if address then return { method = "GET", url = address, headers = { accept = "text/event-stream" } } end
  if not call.kept.prediction.get then
    return nil, failure.answer("the upstream provider's prediction has no address")
  end
  return { method = "GET", url = call.kept.prediction.get, whole = true }
end

--- Builds the vendor's request.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local problem = refusal.without_tools(call.request)
  if problem then return nil, problem end
  local input, bad_input = input_of(call)
  if not input then return nil, bad_input end
  call.kept.most = tonumber(input.max_tokens)
  local created, bad_model = prediction.create(call, input, not call.stream and { prefer = WAIT } or nil)
  if not created then return nil, bad_model end
  if call.stream and call.ask then return follow(call, created) end
  return created
end

return { build = build }
