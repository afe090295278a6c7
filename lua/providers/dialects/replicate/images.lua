-- SPDX-License-Identifier: Apache-2.0
--- Images by a prediction. Its addresses are good for an hour; a client that wants the bytes gets them fetched.

local base64 = require "gateway.base64"
local failure = require "providers.dialects.neutral.failure"
local json = require "gateway.json"
local prediction = require "providers.dialects.replicate.prediction"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local WAIT = "wait=60" -- seconds, the most that Replicate holds an answer back
local LARGEST_IMAGE = 32 * 1024 * 1024 -- bytes

local EXTENSIONS = {
  "aspect_ratio", "seed", "output_format", "negative_prompt", "num_inference_steps", "guidance_scale",
}

local function input_of(request)
  local prompt = typed(request, "prompt", "string")
  if not prompt or prompt == "" then return nil, failure.request("prompt is required", "prompt") end
  local width, height = (typed(request, "size", "string") or ""):match "^(%d+)x(%d+)$"
  local input = {
    prompt = prompt, num_outputs = member(request, "n"), width = tonumber(width), height = tonumber(height),
  }
  for _, name in ipairs(EXTENSIONS) do input[name] = member(request, name) end
  for name, field in pairs(typed(request, "input", "table") or {}) do input[name] = field end
  return input
end

--- Builds the vendor's request.
---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function request(call)
  local input, problem = input_of(call.request)
  if not input then return nil, problem end
  return prediction.create(call, input, { prefer = WAIT })
end

local function image_of(call, url)
  if typed(call.request, "response_format", "string") ~= "b64_json" then return { url = url } end
  local bytes, problem = call.fetch(url, { max_bytes = LARGEST_IMAGE })
  if not bytes then return nil, problem end
  return { b64_json = base64.encode(bytes) }
end

--- `output` is an address, or a list of them.
local function addresses_of(made)
  local output = member(made, "output")
  if type(output) == "string" then output = { output } end
  local list = {}
  for _, url in ipairs(type(output) == "table" and output or {}) do
    if type(url) == "string" then list[#list + 1] = url end
  end
  return list
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local made, problem = prediction.decoded(text)
  if made then made, problem = prediction.await(call, made) end
  if not made then return nil, problem end
  local data = json.array {}
  for _, url in ipairs(addresses_of(made)) do
    local image, unread = image_of(call, url)
    if not image then return nil, unread end
    data[#data + 1] = image
  end
  if #data == 0 then return nil, failure.answer("the upstream provider's prediction holds no image") end
  return json.encode { created = call.created, data = data }, { images = #data }
end

---@type Operation
return { raw_keys = {}, request = request, response = response }
