-- SPDX-License-Identifier: Apache-2.0
--- Hugging Face's task routes: {inputs} in, bare vectors or an image's bytes out.

local base64 = require "gateway.base64"
local embeddings = require "providers.dialects.neutral.embeddings"
local failure = require "providers.dialects.neutral.failure"
local faults = require "providers.dialects.openai.failure"
local json = require "gateway.json"
local path = require "providers.dialects.neutral.path"
local value = require "providers.dialects.neutral.value"

local member, typed = value.member, value.typed

local EMBED_EXTENSIONS = { "normalize", "truncate", "prompt_name", "truncation_direction" }
local IMAGE_EXTENSIONS = { "negative_prompt", "guidance_scale", "num_inference_steps", "seed", "scheduler" }

local function embed(call, provider)
  local texts, problem = embeddings.texts(call.request)
  if not texts then return nil, problem end
  call.kept.count = #texts
  local body = { inputs = texts, dimensions = member(call.request, "dimensions") }
  for _, name in ipairs(EMBED_EXTENSIONS) do body[name] = member(call.request, name) end
  return { path = path.fill(provider.paths.embeddings, call.model), body = json.encode(body) }
end

--- Some models give a vector for each token: their mean is the text's.
local function mean(rows)
  local sum = json.array {}
  for _, row in ipairs(rows) do
    for i, number in ipairs(row) do sum[i] = (sum[i] or 0) + (json.number(number) or 0) / #rows end
  end
  return sum
end

local function vector_of(item)
  if type(item) ~= "table" or item[1] == nil then return nil end
  if type(item[1]) ~= "table" then return item end
  if type(item[1][1]) == "table" then return nil end
  return mean(item)
end

local function embedded(call, text)
  local answer, vectors = json.decode(text), {}
  if type(answer) == "table" and json.number(answer[1]) then answer = { answer } end
  for i, item in ipairs(type(answer) == "table" and answer or {}) do vectors[i] = vector_of(item) end
  if #vectors == 0 or #vectors ~= (call.kept.count or #vectors) then
    return nil, failure.answer("the upstream provider's answer does not hold the embeddings that were asked for")
  end
  return embeddings.whole(call.request, call.model, vectors)
end

local function picture(call, provider)
  local prompt = typed(call.request, "prompt", "string")
  if not prompt or prompt == "" then return nil, failure.request("prompt is required", "prompt") end
  if (typed(call.request, "n", "number") or 1) ~= 1 then
    return nil, failure.request("n must be 1: this provider makes one image", "n", "unsupported_parameter")
  end
  local width, height = (typed(call.request, "size", "string") or ""):match "^(%d+)x(%d+)$"
  local parameters = { width = tonumber(width), height = tonumber(height) }
  for _, name in ipairs(IMAGE_EXTENSIONS) do parameters[name] = member(call.request, name) end
  return {
    path = path.fill(provider.paths.images, call.model), headers = { accept = "image/png" },
    body = json.encode { inputs = prompt, parameters = next(parameters) and parameters or nil },
  }
end

local function pictured(call, bytes)
  if bytes == "" or bytes:find "^%s*[{<]" then
    return nil, failure.answer("the upstream provider's answer is not an image")
  end
  return json.encode {
    created = call.created, data = json.array { { b64_json = base64.encode(bytes) } },
  }, { images = 1 }
end

---@type Dialect
return {
  name = "huggingface_tasks",
  failure = faults.of_answer,
  surfaces = {
    embeddings = { raw_keys = {}, request = embed, response = embedded },
    images = { raw_keys = {}, request = picture, response = pictured },
  },
}
