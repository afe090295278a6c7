-- SPDX-License-Identifier: Apache-2.0
--- The target of the first condition that holds, else the first target. Another one is asked only when that one is not
--- to be asked at all.

local rules = require "strategies.named.rules"

local SECONDS_A_DAY = 86400
local DAYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local DAY_OF_EPOCH = 4 -- the first of January 1970 was a Thursday

-- Times --------------------------------------------------------------------------------------------------------------

local function day_number(name)
  for i, day in ipairs(DAYS) do
    if day == name then return i end
  end
end

--- "mon-fri,sun" as a set of days; nil: it is no such text.
local function days_of(text)
  local set = {}
  for part in (text .. ","):gmatch "([^,]*)," do
    local first, last = part:match "^(%a+)%-(%a+)$"
    local from, to = day_number(first or part), day_number(last or part)
    if not from or not to then return nil end
    for i = from, to >= from and to or to + 7 do set[(i - 1) % 7 + 1] = true end
  end
  return set
end

local function second_of(hour, minute)
  hour, minute = tonumber(hour), tonumber(minute)
  if hour < 24 and minute < 60 or hour == 24 and minute == 0 then return hour * 3600 + minute * 60 end
end

--- "08:00-18:00" as two seconds of a day; nil: it is no such text.
local function hours_of(text)
  local a, b, c, d = text:match "^(%d%d):(%d%d)%-(%d%d):(%d%d)$"
  local from, to = a and second_of(a, b), a and second_of(c, d)
  if from and to and from ~= to then return { from, to } end
end

--- "mon-fri 08:00-18:00", or one of the two, in UTC.
local function times_of(text)
  local first, second = text:lower():match "^(%S+)%s*(%S*)$"
  if not first then return nil end
  if second ~= "" then
    local days, hours = days_of(first), hours_of(second)
    return days and hours and { days = days, hours = hours }
  end
  local days, hours = days_of(first), hours_of(first)
  return (days or hours) and { days = days, hours = hours }
end

--- Hours that go past midnight belong to the day they begin on.
local function is_time(times, now)
  local second = now % SECONDS_A_DAY
  local day = (math.floor(now / SECONDS_A_DAY) + DAY_OF_EPOCH - 1) % 7 + 1
  local hours = times.hours
  if not hours then return times.days[day] == true end
  local from, to = hours[1], hours[2]
  if from > to and second < to then
    day, second = (day + 5) % 7 + 1, second + SECONDS_A_DAY
  end
  if from > to then to = to + SECONDS_A_DAY end
  return second >= from and second < to and (not times.days or times.days[day] == true)
end

-- Conditions ---------------------------------------------------------------------------------------------------------

local function texts(value)
  local set = {}
  for _, item in ipairs(type(value) == "table" and value or { value }) do set[item] = true end
  return set
end

local function begins(text, value)
  for prefix in pairs(value) do
    if text:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function has_tag(request, value)
  for _, tag in ipairs(request:tags()) do
    if value[tag] then return true end
  end
  return false
end

local function is_key(request, value)
  local id, name = request:key()
  return id ~= nil and (value[id] or value[name]) == true
end

--- What each key takes as its value, and whether a request has it.
local KEYS = {
  model = { "texts", function(request, value) return (value[request.model] or value[request.plan.model]) == true end },
  model_prefix = { "texts", function(request, value)
    return begins(request.model, value) or begins(request.plan.model, value)
  end },
  header = { "texts", function(request, value, name)
    local found = request:header(name)
    return found ~= nil and (value == true or value[found] == true)
  end, named = true },
  user = { "texts", function(request, value) return value[request:user() or false] == true end },
  key = { "texts", is_key },
  tag = { "texts", has_tag },
  endpoint = { "endpoints", function(request, value)
    return (value[request.endpoint] or value[request.surface]) == true
  end },
  stream = { "boolean", function(request, value) return request.stream == value end },
  tools = { "boolean", function(request, value) return request:has_tools() == value end },
  min_tokens = { "count", function(request, value) return request:tokens() >= value end },
  max_tokens = { "count", function(request, value) return request:tokens() <= value end },
  time = { "times", function(request, value) return is_time(value, request.now()) end },
}

local NAMES = {}
for name in pairs(KEYS) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

--- Those that have a model to route.
local ENDPOINT_NAMES = "chat, completions, count_tokens, embeddings, gemini, gemini_count, gemini_embed, images, "
  .. "images_edits, images_variations, messages, moderations, rerank, responses, speech, transcriptions, translations"
local ENDPOINTS = {}
for name in ENDPOINT_NAMES:gmatch "[%w_]+" do ENDPOINTS[name] = true end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

local function texts_problem(value)
  if is_text(value) then return nil end
  local list = type(value) == "table" and #value > 0 and value or { false }
  for _, item in ipairs(list) do
    if not is_text(item) then return "must be a word, or a list of words; a number or true belongs in quotes" end
  end
end

local function endpoints_problem(value)
  local problem = texts_problem(value)
  for _, name in ipairs(type(value) == "table" and value or { value }) do
    if not problem and not ENDPOINTS[name] then
      problem = ("names no endpoint: %q; endpoints: %s"):format(name, ENDPOINT_NAMES)
    end
  end
  return problem
end

--- In quotes, too: the value of a condition may be any word.
local function boolean_of(value)
  if value == "true" then return true end
  if value == "false" then return false end
  return value
end

local function count_of(value)
  return type(value) == "string" and value:find "^%d+$" and tonumber(value) or value
end

local PROBLEMS = {
  texts = texts_problem,
  endpoints = endpoints_problem,
  boolean = function(value)
    if type(boolean_of(value)) ~= "boolean" then return "must be true or false" end
  end,
  count = function(value)
    value = count_of(value)
    if type(value) ~= "number" or value < 0 or value % 1 ~= 0 then return "must be a whole number of tokens" end
  end,
  times = function(value)
    if type(value) == "string" and times_of(value) then return nil end
    return 'must be days, hours or both, in UTC: "mon-fri", "08:00-18:00", "sat,sun 22:00-06:00"'
  end,
}

--- Without a value any header of the name will do.
local function value_problem(test)
  local kind = KEYS[test.key]
  if kind.named and test.value == nil then return nil end
  if test.value == nil then return "value is required" end
  local problem = PROBLEMS[kind[1]](test.value)
  return problem and "value " .. problem
end

local function test_problem(test)
  if not test.key then return "key is required; valid keys: " .. table.concat(NAMES, ", "), "key" end
  local kind = KEYS[test.key]
  if not kind then
    return ("unknown key %q; valid keys: %s"):format(test.key, table.concat(NAMES, ", ")), "key"
  end
  if kind.named and not test.name then return "name is required: which header?", "name" end
  if test.name and not kind.named then return ("name is nothing to %s: it is a header's"):format(test.key), "name" end
  return value_problem(test), "value"
end

local function check_test(test, where, report, ...)
  if not test or test.key == false or test.name == false then return end -- refused already
  local problem = test_problem(test)
  if problem then report(("%s: %s"):format(where, problem), ...) end
end

local function check(conf, report)
  for i, condition in ipairs(conf.conditions or {}) do
    local where = ("conditions[%d]"):format(i - 1)
    check_test(condition, where, report, "conditions", i)
    for j, test in ipairs(condition and condition.also or {}) do
      check_test(test, ("%s.also[%d]"):format(where, j - 1), report, "conditions", i, "also", j)
    end
  end
end

-- Choosing -----------------------------------------------------------------------------------------------------------

local VALUES = { texts = texts, endpoints = texts, times = times_of, boolean = boolean_of, count = count_of }

local function value_of(test)
  local kind = KEYS[test.key]
  if kind.named and test.value == nil then return true end
  return VALUES[kind[1]](test.value)
end

local function tests_of(condition)
  local tests = { { holds = KEYS[condition.key][2], value = value_of(condition), name = condition.name } }
  for _, test in ipairs(condition.also or {}) do
    tests[#tests + 1] = { holds = KEYS[test.key][2], value = value_of(test), name = test.name }
  end
  return tests
end

local function open(conf, targets)
  return rules.open("conditions", conf.conditions, targets, tests_of)
end

local function holds(tests, request)
  for _, test in ipairs(tests) do
    if not test.holds(request, test.value, test.name) then return false end
  end
  return true
end

local function choose(targets, request)
  return rules.first(targets, request, holds, request)
end

---@type Strategy
return {
  name = "conditional", schema = {}, named = true, check = check, open = open, choose = choose, more = rules.more,
}
