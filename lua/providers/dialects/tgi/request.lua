-- SPDX-License-Identifier: Apache-2.0
--- An OpenAI chat request as a prompt for /generate. The prompt comes from the model's chat template: TGI_CHAT_TEMPLATE
--- names it, else the model's name tells it, else the request is refused.

local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local parameters = require "providers.dialects.neutral.parameters"
local prompt = require "providers.dialects.neutral.prompt"
local refusal = require "providers.dialects.neutral.refusal"
local value = require "providers.dialects.neutral.value"

local member = value.member

local MOST_STOPS = 4

-- OpenAI's name (or the server's own, which a client may use) and the server's; of two for one the later wins.
local NUMBERS = {
  { "top_k", "top_k" }, { "typical_p", "typical_p" }, { "repetition_penalty", "repetition_penalty" },
  { "frequency_penalty", "frequency_penalty" }, { "seed", "seed" }, { "truncate", "truncate" },
  { "max_tokens", "max_new_tokens" }, { "max_completion_tokens", "max_new_tokens" },
}
local EXTENSIONS = { "watermark", "best_of", "adapter_id", "top_n_tokens" }

--- A temperature of 0 means no sampling; 1 as top_p is refused and means nothing.
local function add_sampling(request, made)
  local temperature, bad_temperature = parameters.number(request, "temperature")
  local top_p, bad_top_p = parameters.number(request, "top_p")
  if bad_temperature or bad_top_p then return bad_temperature or bad_top_p end
  if temperature == 0 then
    made.do_sample = false
  elseif temperature then
    made.temperature, made.do_sample = request.temperature, true
  end
  if top_p and top_p > 0 and top_p < 1 then made.top_p = request.top_p end
  return nil
end

local function add_numbers(request, made)
  for _, names in ipairs(NUMBERS) do
    local number, problem = parameters.number(request, names[1])
    if problem then return problem end
    if number then made[names[2]] = request[names[1]] end
  end
  for _, name in ipairs(EXTENSIONS) do made[name] = member(request, name) end
  return nil
end

local function add_stops(request, made)
  local list, problem = parameters.stops(request)
  if not list then return problem end
  if #list > MOST_STOPS then
    return failure.request(("stop may hold %d sequences for this provider"):format(MOST_STOPS), "stop")
  end
  if #list > 0 then made.stop = list end
  return nil
end

local function add_format(request, made)
  local format, problem = parameters.format(request)
  if problem or not format then return problem end
  if format.kind == "json_schema" then made.grammar = { type = "json", value = json.raw(format.text) } end
  return nil
end

--- What the server is asked beside the prompt. Only a whole answer can tell of the prompt's tokens.
local function parameters_of(call)
  local made = { return_full_text = false, details = true, decoder_input_details = not call.stream or nil }
  for _, add in ipairs { add_sampling, add_numbers, add_stops, add_format } do
    local problem = add(call.request, made)
    if problem then return nil, problem end
  end
  return made
end

local function inputs_of(call)
  local template = prompt.template_of(call.variables.template, call.model)
  if not template then
    return nil, failure.request(
      ("no chat template is known for model %q: name one in TGI_CHAT_TEMPLATE"):format(call.model), "model")
  end
  local turns, problem = prompt.texts_of(call.request.messages)
  if not turns then return nil, problem end
  return prompt.rendered(turns, template)
end

--- Builds the vendor's request.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function build(call)
  local problem = refusal.without_tools(call.request)
  if problem then return nil, problem end
  local inputs, bad_inputs = inputs_of(call)
  if not inputs then return nil, bad_inputs end
  local made, bad_parameter = parameters_of(call)
  if not made then return nil, bad_parameter end
  call.kept.stop = made.stop
  local body, fault = json.encode { inputs = inputs, parameters = made }
  if not body then return nil, failure.request("the request cannot be written as JSON: " .. fault) end
  return { path = call.stream and "/generate_stream" or "/generate", body = body }
end

return { build = build }
