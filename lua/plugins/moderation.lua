-- SPDX-License-Identifier: Apache-2.0
--- Asks a moderation model (an endpoint like OpenAI's /v1/moderations) before a request goes on, or before an answer
--- goes out. When it cannot be asked the text counts as refused, unless the configuration says otherwise.

local http = require "gateway.http"
local json = require "gateway.json"
local log = require "gateway.log"
local metrics = require "gateway.metrics"

local PARTS_MOST = 32 -- of one call: longer requests are joined into so many texts

local function open(conf)
  local origin = conf.url:match "^(https?://[^/?#]+)"
  if not origin or origin:find "@" then error("url must be http:// or https:// and a host, without a user", 0) end
  local headers = { ["Content-Type"] = "application/json", Accept = "application/json" }
  if conf.api_key then headers.Authorization = "Bearer " .. conf.api_key end
  return { allow = { origin }, headers = headers }
end

-- What is asked ------------------------------------------------------------------------------------------------------

--- The texts of one side, joined where there are many. Nil when there are more bytes than may be sent.
local function texts_of(ctx, which, most)
  local texts, size = {}, 0
  for part in ctx:texts(which) do
    size = size + #part.text
    if size > most then return nil end
    if part.text ~= "" then
      local at = (#texts < PARTS_MOST) and #texts + 1 or PARTS_MOST
      texts[at] = texts[at] and texts[at] .. "\n" .. part.text or part.text
    end
  end
  return texts
end

--- The endpoint's results, or nil and why there are none, in a word.
local function ask(conf, opened, texts)
  local body = json.encode { model = conf.model, input = json.array(texts) }
  local answer, _, code = http.fetch {
    url = conf.url, method = "POST", headers = opened.headers, body = body, timeout_ms = conf.timeout,
    allow = opened.allow,
  }
  if not answer then return nil, code end
  if answer.status ~= 200 then return nil, "status_" .. answer.status end
  local decoded = json.decode(answer.body)
  local results = type(decoded) == "table" and decoded.results
  if type(results) ~= "table" or #results ~= #texts then return nil, "bad_answer" end
  return results
end

-- What it says -------------------------------------------------------------------------------------------------------

--- The category over its threshold, in the order of their names; without thresholds whatever the model has flagged.
local function flagged(result, thresholds)
  local scores = type(result.category_scores) == "table" and result.category_scores or {}
  local names = {}
  for name in pairs(thresholds) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local score = json.number(scores[name] or json.null)
    if not score then return nil, "bad_answer" end
    if score >= thresholds[name] then return name end
  end
  if #names > 0 then return nil end
  if type(result.flagged) ~= "boolean" then return nil, "bad_answer" end
  return result.flagged and "flagged" or nil
end

local function judge(results, thresholds)
  for _, result in ipairs(results) do
    if type(result) ~= "table" then return nil, "bad_answer" end
    local category, problem = flagged(result, thresholds)
    if category or problem then return category, problem end
  end
end

local function unavailable(ctx, conf, which, problem)
  metrics.count("moderation.unavailable")
  log.warn("moderation cannot be asked", { trace_id = ctx.trace_id, code = problem, side = which })
  if conf.on_failure == "allow" then return nil end
  return ctx:reject {
    status = 503, code = "moderation_unavailable", reason = which .. " could not be moderated",
  }
end

local function moderate(ctx, conf, opened, which)
  local texts = texts_of(ctx, which, conf.max_bytes)
  if not texts then return unavailable(ctx, conf, which, "too_large") end
  if #texts == 0 then return nil end
  local results, problem = ask(conf, opened, texts)
  local category
  if results then category, problem = judge(results, conf.categories) end
  if problem then return unavailable(ctx, conf, which, problem) end
  if not category then return nil end
  metrics.count("moderation.flagged")
  return ctx:reject { code = "content_flagged", reason = which .. " blocked by moderation" }
end

local function before_request(ctx, conf, opened)
  if conf.request then return moderate(ctx, conf, opened, "request") end
end

local function after_request(ctx, conf, opened)
  if conf.response then return moderate(ctx, conf, opened, "response") end
end

return {
  name = "moderation", type = "guardrail",
  schema = {
    url = { "string", max = 2048, default = "https://api.openai.com/v1/moderations" },
    api_key = { "string", max = 8192, expand = true, secret = true },
    model = { "string", min = 1, max = 256, default = "omni-moderation-latest" },
    categories = { "map", of = { "number", min = 0, max = 1 }, default = {} },
    request = { "boolean", default = true },
    response = { "boolean", default = false },
    on_failure = { "string", one_of = { "reject", "allow" }, default = "reject" },
    timeout = { "duration", min = "1ms", max = "60s", default = "5s" },
    max_bytes = { "bytes", min = 1, max = "4MiB", default = "256KiB" },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
}
