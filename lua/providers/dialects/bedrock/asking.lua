-- SPDX-License-Identifier: Apache-2.0
--- Several calls for one request, where the vendor takes less in one than the client sent: all but the last are made
--- here, one after the other; the last one's answer comes as any.

local json = require "gateway.json"

local faults = require "providers.dialects.bedrock.failure"
local failure = require "providers.dialects.neutral.failure"
local place = require "providers.dialects.bedrock.place"

--- Asks with each of `bodies` but the last.
---@param call DialectCall
---@param bodies table[]
---@return DialectRequest? request the last one, Failure? failure
local function invoke(call, bodies)
  local earlier = {}
  for i, body in ipairs(bodies) do
    local built, problem = place.of_model(call, "invoke", body)
    if not built or i == #bodies then
      call.kept.earlier = earlier
      return built, problem
    end
    local found, lost = call.ask(built)
    if not found then return nil, lost end
    if found.status ~= 200 then return nil, faults.of_answer(found.status, found.headers, found.text) end
    earlier[i] = found
  end
  return nil, failure.request("there is nothing to ask for")
end

---@class Asked
---@field body table decoded
---@field headers table<string, string>

--- All answers, in the order of the bodies.
---@param call DialectCall
---@param text string the last one
---@param headers table<string, string>
---@param options table? of json.decode
---@return Asked[]? answers, Failure? failure
local function answers(call, text, headers, options)
  local list = {}
  local all = {}
  for i, found in ipairs(call.kept.earlier or {}) do all[i] = found end
  all[#all + 1] = { text = text, headers = headers or {} }
  for i, found in ipairs(all) do
    local body = json.decode(found.text, options)
    if type(body) ~= "table" then return nil, failure.answer("the upstream provider's answer is not JSON") end
    list[i] = { body = body, headers = found.headers }
  end
  return list
end

return { invoke = invoke, answers = answers }
