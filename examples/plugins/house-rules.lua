-- SPDX-License-Identifier: Apache-2.0
--- Puts the house's rules before every conversation that has no system message, and a temperature where none is given.

local function has_system(ctx)
  local role = ctx.body:get "messages[0].role"
  return role == "system" or role == "developer"
end

local function before_request(ctx, conf)
  if ctx.endpoint ~= "chat" then return end
  if not has_system(ctx) then
    local messages = ctx.body:get "messages"
    table.insert(messages, 1, { role = "system", content = conf.rules })
    ctx.body:set("messages", messages)
  end
  if conf.temperature and ctx.body:get "temperature" == nil then ctx.body:set("temperature", conf.temperature) end
end

return {
  name = "house-rules",
  type = "transform",
  schema = {
    rules = { "string", min = 1, required = true },
    temperature = { "number", min = 0, max = 2 },
  },
  before_request = before_request,
}
