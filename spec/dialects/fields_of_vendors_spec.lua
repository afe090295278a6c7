-- SPDX-License-Identifier: Apache-2.0
--- What the tables of fields say of members of the body, tried: one that is kept or mapped changes what the vendor is
--- sent, one that is dropped does not, or refuses the request.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local FUNCTION = { name = "f", description = "d", parameters = { type = "object", properties = { a = {} } } }

--- A value of each member that differs from what a vendor assumes, and what must stand beside it.
local SAMPLES = {
  max_completion_tokens = 5, max_tokens = 5, temperature = 0.5, top_p = 0.5, top_k = 4, n = 2, seed = 4,
  stop = json.array { "END" }, frequency_penalty = 0.5, presence_penalty = 0.5, logprobs = true, top_logprobs = 2,
  logit_bias = { ["1"] = 2 }, parallel_tool_calls = false, reasoning_effort = "high",
  tools = json.array { { type = "function", ["function"] = FUNCTION } },
  tool_choice = "none", response_format = { type = "json_schema", json_schema = { schema = { type = "object" } } },
  thinking = { type = "enabled", budget_tokens = 2048 }, verbosity = "low", modalities = json.array { "text" },
  audio = { voice = "v", format = "mp3" }, prediction = { type = "content", content = "x" },
  web_search_options = { search_context_size = "low" }, store = true, metadata = { a = "b" }, service_tier = "flex",
  user = "u", safety_identifier = "s", prompt_cache_key = "k", prompt_cache_options = { mode = "explicit" },
  prompt_cache_retention = "24h", moderation = { model = "m" }, functions = json.array { FUNCTION },
  function_call = "auto", documents = json.array { "d" }, citation_options = { mode = "FAST" }, safety_mode = "OFF",
  priority = 3, think = true, options = { num_gpu = 1 }, keep_alive = "5m", truncate = 5, shift = true, num_ctx = 9,
  min_p = 0.1, repetition_penalty = 1.1, repeat_penalty = 1.1, typical_p = 0.5, watermark = true, best_of = 2,
  adapter_id = "a", top_n_tokens = 2, input = { extra = 1 }, stream_options = { include_usage = true },
}
local BESIDE = { tool_choice = { "tools" }, parallel_tool_calls = { "tools" }, function_call = { "functions" } }

local VENDORS = {
  { "cohere_v2", "cohere" }, { "ollama", "ollama" }, { "tgi_generate", "tgi-generate" }, { "replicate", "replicate" },
  { "ai21", "ai21" }, { "mistral", "mistral" },
}

local function body_of(names)
  local body = { messages = json.array { { role = "user", content = "Hi" } } }
  for _, name in ipairs(names) do body[name] = SAMPLES[name] end
  return body
end

--- What the vendor is sent, or nil where the request is refused.
local function sent(way, names)
  local made = way.dialect.request(way:call(body_of(names), nil, { variables = { template = "raw" } }), way.provider)
  return made and { path = made.path, body = json.decode(made.body) }
end

for _, vendor in ipairs(VENDORS) do
  local name, model = vendor[1], vendor[2] == "replicate" and "a/b" or "m"
  local way = ways.through(spec.script("providers/dialects", name), spec.script("providers", vendor[2]), model)
  local fields = require("spec.dialects.fields." .. name)

  describe("a member on its way to " .. vendor[2], function()
    for path, fate in pairs(fields.request) do
      if SAMPLES[path] ~= nil then
        it(("%s is %s"):format(path, fate[1]), function()
          local beside = BESIDE[path] or {}
          local without = sent(way, beside)
          local with = sent(way, { path, unpack(beside) })
          if fate[1] == "dropped" then
            if with and without then assert.is_true(json.equal(without, with)) end
          else
            assert.truthy(with)
            assert.is_false(without ~= nil and json.equal(without, with))
          end
        end)
      end
    end
  end)
end
