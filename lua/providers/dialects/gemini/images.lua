-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's image generation by Imagen (:predict) and by the Gemini models that answer with images.

local json = require "gateway.json"

local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.gemini.failure"
local models = require "providers.dialects.gemini.models"
local parameters = require "providers.dialects.neutral.parameters"
local parts = require "providers.dialects.gemini.parts"
local requests = require "providers.dialects.gemini.request"
local statuses = require "providers.dialects.neutral.statuses"
local usage = require "providers.dialects.gemini.usage"
local value = require "providers.dialects.neutral.value"

local typed = value.typed

local IMAGEN_RATIOS = { "1:1", "3:4", "4:3", "9:16", "16:9" }
local GEMINI_RATIOS = { "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9" }

-- The longer side from which on the client means more than the usual size.
local TWO_K, FOUR_K = 1800, 3600
local MOST_IMAGES = 10

---@class ImageSize
---@field ratio string
---@field scale string? "2K", "4K"

local function nearest(width, height, ratios)
  local wanted, best, distance = math.log(width / height), nil, math.huge
  for _, ratio in ipairs(ratios) do
    local across, down = ratio:match "^(%d+):(%d+)$"
    local off = math.abs(math.log(across / down) - wanted)
    if off < distance then best, distance = ratio, off end
  end
  return best
end

local function scale_of(longer)
  if longer >= FOUR_K then return "4K" end
  return longer >= TWO_K and "2K" or nil
end

--- "1536x1024" as the nearest ratio that the model makes, "16:9" as it is; nil leaves it to the model.
---@param request table
---@param ratios string[]
---@return ImageSize?
local function size_of(request, ratios)
  local text = typed(request, "size", "string") or ""
  local width, height = text:match "^(%d+)[xX*](%d+)$"
  width, height = tonumber(width), tonumber(height)
  if width and width > 0 and height > 0 then
    return { ratio = nearest(width, height, ratios), scale = scale_of(math.max(width, height)) }
  end
  return text:find "^%d+:%d+$" and { ratio = text } or nil
end

local function prompt_of(request)
  local prompt = typed(request, "prompt", "string")
  if prompt and not value.blank(prompt) then return prompt end
  return nil, failure.request("prompt is required", "prompt")
end

local function count_of(request)
  local count, problem = parameters.number(request, "n")
  if problem then return nil, problem end
  count = count or 1
  if count >= 1 and count <= MOST_IMAGES and count == math.floor(count) then return count end
  return nil, failure.request(("n must be between 1 and %d"):format(MOST_IMAGES), "n")
end

-- Imagen --------------------------------------------------------------------------------------------------------------

local function imagen_body(request, prompt, count)
  local size = size_of(request, IMAGEN_RATIOS)
  return {
    instances = json.array { { prompt = prompt } },
    parameters = { sampleCount = count, aspectRatio = size and size.ratio, sampleImageSize = size and size.scale },
  }
end

--- Filtered images leave their reason where they would be.
local function take_predictions(kept, answer)
  for _, prediction in ipairs(typed(answer, "predictions", "table") or {}) do
    local data = typed(prediction, "bytesBase64Encoded", "string")
    kept.why = kept.why or typed(prediction, "raiFilteredReason", "string")
    if data then kept.images[#kept.images + 1] = { b64_json = data } end
  end
end

-- Gemini --------------------------------------------------------------------------------------------------------------

local function gemini_body(request, prompt)
  local size = size_of(request, GEMINI_RATIOS)
  return {
    contents = json.array { { role = "user", parts = json.array { { text = prompt } } } },
    generationConfig = {
      responseModalities = json.array { "TEXT", "IMAGE" },
      imageConfig = size and { aspectRatio = size.ratio, imageSize = size.scale } or nil,
    },
  }
end

local function take_candidate(kept, candidate)
  local text = {}
  for _, part in ipairs(typed(typed(candidate, "content", "table"), "parts", "table") or {}) do
    local piece = parts.read(part)
    if piece.kind == "image" then kept.images[#kept.images + 1] = { b64_json = piece.data } end
    if piece.kind == "text" then text[#text + 1] = piece.text end
  end
  local words = table.concat(text)
  kept.why = kept.why or typed(candidate, "finishMessage", "string") or words ~= "" and words or nil
end

local function take_candidates(kept, answer)
  for _, candidate in ipairs(typed(answer, "candidates", "table") or {}) do
    take_candidate(kept, candidate)
  end
  local reason = typed(typed(answer, "promptFeedback", "table"), "blockReason", "string")
  if reason then kept.why = ("The prompt was blocked by the provider (%s)."):format(reason) end
end

--- Every call is paid for, so here counts are added.
local function take_usage(kept, answer)
  local counts = usage.update(nil, value.member(answer, "usageMetadata"))
  if not counts then return end
  local sum = kept.counts or { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0 }
  for name in pairs(sum) do
    sum[name] = sum[name] + counts[name]
  end
  kept.counts = sum
end

-- The operation -------------------------------------------------------------------------------------------------------

local function take(call, text)
  local answer = json.decode(text)
  if type(answer) ~= "table" then return failure.answer("the upstream provider's answer is not JSON") end
  if call.kept.imagen then
    take_predictions(call.kept, answer)
  else
    take_candidates(call.kept, answer)
    take_usage(call.kept, answer)
  end
  return nil
end

--- Gemini makes one image a call: all but the last are asked for here.
local function ask_for_others(call, request, count)
  for _ = 2, count do
    local reply, problem = call.ask(request)
    if not reply then return problem end
    if reply.status ~= 200 then return faults.of_answer(reply.status, reply.headers, reply.text) end
    problem = take(call, reply.text)
    if problem then return problem end
  end
  return nil
end

local function build(call, host)
  local prompt, problem = prompt_of(call.request)
  if not prompt then return nil, problem end
  local count, bad_count = count_of(call.request)
  if not count then return nil, bad_count end
  local imagen = models.plain(call.model):find "^imagen" ~= nil
  call.kept = { imagen = imagen, images = {} }
  local request = { headers = requests.headers_of(call, host) }
  if imagen then
    request.path, request.body = host.path(call, "predict"), json.encode(imagen_body(call.request, prompt, count))
    return request
  end
  request.path, request.body = host.path(call, "generateContent"), json.encode(gemini_body(call.request, prompt))
  local failed = ask_for_others(call, request, count)
  if failed then return nil, failed end
  return request
end

local function counted(counts)
  return counts and {
    input_tokens = counts.prompt_tokens, output_tokens = counts.completion_tokens, total_tokens = counts.total_tokens,
  }
end

--- No image at all: the model's words, or the filter's, say why.
local function none(kept)
  if kept.why then return statuses.made(statuses.FILTER, kept.why) end
  return failure.answer("the upstream provider's answer has no image")
end

local function translate(call, text)
  local problem = take(call, text)
  if problem then return nil, problem end
  local kept = call.kept
  if #kept.images == 0 then return nil, none(kept) end
  local counts = kept.counts or {}
  counts.images = #kept.images
  return json.encode {
    created = call.created, data = json.array(kept.images), usage = counted(kept.counts),
  }, counts
end

---@param host GeminiHost
---@return Operation
local function of(host)
  return { request = function(call) return build(call, host) end, response = translate }
end

return { of = of }
