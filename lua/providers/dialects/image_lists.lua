-- SPDX-License-Identifier: Apache-2.0
--- Images of hosts that answer {images: [{url}|{image}]}: SiliconFlow and Hyperbolic.

local base64 = require "gateway.base64"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local json = require "gateway.json"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local LARGEST_IMAGE = 32 * 1024 * 1024 -- bytes of one that is fetched

-- OpenAI's name and each host's; the others of a request go out as the client wrote them.
local SILICONFLOW = { size = "image_size", n = "batch_size" }
local OWN = { model = true, size = true, n = true, response_format = true, quality = true, style = true, user = true }

--- Hyperbolic names the model otherwise and takes width and height.
local function hyperbolic(call)
  local width, height = (typed(call.request, "size", "string") or ""):match "^(%d+)x(%d+)$"
  return { model_name = call.model, width = tonumber(width), height = tonumber(height) }
end

local function siliconflow(call)
  local made = { model = call.model }
  for name, other in pairs(SILICONFLOW) do made[other] = member(call.request, name) end
  return made
end

---@param call DialectCall
---@param provider Provider
---@return DialectRequest? request, Failure? failure
local function request(call, provider)
  if not typed(call.request, "prompt", "string") then return nil, failure.request("prompt is required", "prompt") end
  local body = (provider.name == "hyperbolic" and hyperbolic or siliconflow)(call)
  for name, field in pairs(call.request) do
    if not OWN[name] and field ~= json.null then body[name] = field end
  end
  return { path = provider.paths.images, body = json.encode(body) }
end

local function image_of(call, item)
  local url, data = typed(item, "url", "string"), typed(item, "image", "string") or typed(item, "b64_json", "string")
  if data then return { b64_json = data } end
  if not url then return nil, failure.answer("the upstream provider's answer holds no image") end
  if typed(call.request, "response_format", "string") ~= "b64_json" then return { url = url } end
  local bytes, problem = call.fetch(url, { max_bytes = LARGEST_IMAGE })
  if not bytes then return nil, problem end
  return { b64_json = base64.encode(bytes) }
end

---@param call DialectCall
---@param text string
---@return string? text, Usage|Failure|nil
local function response(call, text)
  local answer, data = json.decode(text), json.array {}
  for i, item in ipairs(typed(answer, "images", "table") or typed(answer, "data", "table") or {}) do
    local image, problem = image_of(call, item)
    if not image then return nil, problem end
    data[i] = image
  end
  if #data == 0 then return nil, failure.answer("the upstream provider's answer holds no image") end
  return json.encode { created = call.created, data = data }, { images = #data }
end

---@type Dialect
return {
  name = "image_lists", failure = faults.of_answer,
  surfaces = { images = { raw_keys = {}, request = request, response = response } },
}
