-- SPDX-License-Identifier: Apache-2.0
--- Images by InvokeModel: Amazon's models and Stability's.

local json = require "gateway.json"

local asking = require "providers.dialects.bedrock.asking"
local failure = require "providers.dialects.neutral.failure"
local models = require "providers.dialects.bedrock.models"
local naming = require "providers.dialects.bedrock.naming"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local DEFAULT_SIZE = 1024
local QUALITIES = { standard = "standard", low = "standard", medium = "standard", hd = "premium", high = "premium" }
local RATIOS = {
  { "1:1", 1 }, { "16:9", 16 / 9 }, { "21:9", 21 / 9 }, { "2:3", 2 / 3 }, { "3:2", 3 / 2 }, { "4:5", 4 / 5 },
  { "5:4", 5 / 4 }, { "9:16", 9 / 16 }, { "9:21", 9 / 21 },
}

--- Width and height of "1024x1024"; nil for "auto" and nothing.
local function size_of(request)
  local text = typed(request, "size", "string")
  if not text or text == "auto" then return nil end
  local width, height = text:match "^(%d+)x(%d+)$"
  if width then return tonumber(width), tonumber(height) end
  return nil, nil, failure.request("size must be WIDTHxHEIGHT", "size")
end

-- A family: bodies(request, count) for its calls; images(body) of one answer and what it says of a refusal.

local function amazon_bodies(request, count)
  local width, height, problem = size_of(request)
  if problem then return nil, problem end
  return { {
    taskType = "TEXT_IMAGE",
    textToImageParams = { text = request.prompt, negativeText = typed(request, "negative_prompt", "string") },
    imageGenerationConfig = {
      numberOfImages = count, width = width or DEFAULT_SIZE, height = height or DEFAULT_SIZE,
      quality = QUALITIES[typed(request, "quality", "string")], seed = typed(request, "seed", "number"),
      cfgScale = typed(request, "cfg_scale", "number"),
    },
  } }
end

local AMAZON = {
  bodies = amazon_bodies,
  images = function(body) return typed(body, "images", "table") or {}, typed(body, "error", "string") end,
}

--- The nearest of the ratios that Stability's models know.
local function ratio_of(width, height)
  if not width or height == 0 then return nil end
  local best, distance = nil, math.huge
  for _, known in ipairs(RATIOS) do
    local off = math.abs(math.log((width / height) / known[2]))
    if off < distance then best, distance = known[1], off end
  end
  return best
end

local function repeated(body, count)
  local bodies = {}
  for i = 1, count do bodies[i] = body end
  return bodies
end

local function stability_bodies(request, count)
  local width, height, problem = size_of(request)
  if problem then return nil, problem end
  return repeated({
    prompt = request.prompt, negative_prompt = typed(request, "negative_prompt", "string"),
    aspect_ratio = typed(request, "aspect_ratio", "string") or ratio_of(width, height),
    seed = typed(request, "seed", "number"), output_format = typed(request, "output_format", "string"),
  }, count)
end

local function stability_images(body)
  for _, reason in ipairs(typed(body, "finish_reasons", "table") or {}) do
    if type(reason) == "string" then return {}, reason end
  end
  return typed(body, "images", "table") or {}
end

local STABILITY = { bodies = stability_bodies, images = stability_images }

-- unverified: the older model's body
local SDXL = {
  bodies = function(request, count)
    local width, height, problem = size_of(request)
    if problem then return nil, problem end
    return repeated({
      text_prompts = json.array { { text = request.prompt } }, width = width, height = height,
      seed = typed(request, "seed", "number"), cfg_scale = typed(request, "cfg_scale", "number"),
    }, count)
  end,
  images = function(body)
    local list, refused = {}, nil
    for _, artifact in ipairs(typed(body, "artifacts", "table") or {}) do
      if artifact.finishReason == "CONTENT_FILTERED" then refused = artifact.finishReason end
      list[#list + 1] = typed(artifact, "base64", "string")
    end
    return refused and {} or list, refused
  end,
}

local FAMILIES = {
  { "amazon.titan-image-generator", AMAZON }, { "amazon.nova-canvas", AMAZON },
  { "stability.stable-diffusion-xl", SDXL }, { "stability.", STABILITY },
}

local function family_of(call)
  local name = models.of(call.model, call.requested_model).bare or ""
  for _, entry in ipairs(FAMILIES) do
    if name:sub(1, #entry[1]) == entry[1] then return entry[2] end
  end
  return nil, failure.request(("the model %q makes no images"):format(naming.model(call)), "model",
    "unsupported_parameter")
end

--- What the surface asks of a client's body.
local function refusal(request)
  if not typed(request, "prompt", "string") or value.blank(request.prompt) then
    return failure.request("prompt is required", "prompt")
  end
  local format = member(request, "response_format")
  if format ~= nil and format ~= "b64_json" then
    return failure.request("this provider gives images as b64_json only", "response_format", "unsupported_parameter")
  end
  return nil
end

local function count_of(request)
  local count = typed(request, "n", "number")
  if member(request, "n") == nil then return 1 end
  if count and count >= 1 and count <= 10 and count == math.floor(count) then return count end
  return nil, failure.request("n must be a whole number from 1 to 10", "n")
end

---@param call DialectCall
---@return DialectRequest? request, Failure? failure
local function request(call)
  local family, problem = family_of(call)
  if not family then return nil, problem end
  problem = refusal(call.request)
  if problem then return nil, problem end
  local count, bad_count = count_of(call.request)
  if not count then return nil, bad_count end
  local bodies, bad_size = family.bodies(call.request, count)
  if not bodies then return nil, bad_size end
  return asking.invoke(call, bodies)
end

local function refused(reason)
  return {
    status = 400, type = "invalid_request_error", code = "content_filter", message = reason, final = true,
  }
end

--- The images of all answers; nil and a failure when there is none.
local function joined(family, answers)
  local data, why = json.array {}, nil
  for _, answer in ipairs(answers) do
    local images, reason = family.images(answer.body)
    for _, image in ipairs(images) do data[#data + 1] = { b64_json = image } end
    why = reason or why
  end
  if #data > 0 then return data end
  return nil, why and refused(why) or failure.answer("the upstream provider's answer holds no image")
end

---@param call DialectCall
---@param text string
---@param headers table<string, string>
---@return string? text, Usage|Failure|nil
local function response(call, text, headers)
  local family, unknown = family_of(call)
  if not family then return nil, unknown end
  local answers, problem = asking.answers(call, text, headers)
  if not answers then return nil, problem end
  local data, nothing = joined(family, answers)
  if not data then return nil, nothing end
  return json.encode { created = call.created, data = data }, { images = #data }
end

return { request = request, response = response }
