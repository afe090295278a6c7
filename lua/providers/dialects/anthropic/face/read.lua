-- SPDX-License-Identifier: Apache-2.0
--- What a body of Anthropic's Messages API must look like before anybody is asked. Only top-level members are looked
--- at; messages are in the words of Anthropic's server, which clients know.

---@class FaceFacts what the first look found
---@field max_tokens integer?
---@field raw fun(name: string): string? a member's JSON text, read when somebody asks

-- Name, kind as call:get tells it, what to call it.
local CHAT = {
  { "model", "string", "a valid string" }, { "messages", "array", "a valid list" },
  { "max_tokens", "integer", "a valid integer" },
}
local COUNT = { CHAT[1], CHAT[2] }

---@return Failure
local function invalid(name, message)
  return {
    status = 400, type = "invalid_request_error", code = "invalid_request", message = name .. ": " .. message,
    param = name, final = true,
  }
end

local function missing(call, rules)
  for _, rule in ipairs(rules) do
    local name, wanted, title = rule[1], rule[2], rule[3]
    local found, kind = call:get(name)
    if kind == nil then return invalid(name, "Field required") end
    if kind ~= wanted then return invalid(name, "Input should be " .. title) end
    if found == "" then return invalid(name, "String should have at least 1 character") end
  end
  return nil
end

local function facts_of(call)
  return {
    max_tokens = call:get "max_tokens",
    raw = function(name) return call:raw(name) end,
  }
end

local function look(call, rules)
  local failure = missing(call, rules)
  if failure then return nil, failure end
  return { model = call:get "model", stream = false, include_usage = true, facts = facts_of(call) }
end

--- POST /v1/messages.
---@param call table
---@return table? request, Failure? failure
local function message(call)
  local request, failure = look(call, CHAT)
  if not request then return nil, failure end
  local stream, kind = call:get "stream"
  if kind and kind ~= "boolean" and kind ~= "null" then
    return nil, invalid("stream", "Input should be a valid boolean")
  end
  if request.facts.max_tokens < 0 then
    return nil, invalid("max_tokens", "Input should be greater than or equal to 0")
  end
  request.stream = stream == true
  return request
end

--- POST /v1/messages/count_tokens.
---@param call table
---@return table? request, Failure? failure
local function count(call)
  return look(call, COUNT)
end

return { message = message, count = count, invalid = invalid }
