-- SPDX-License-Identifier: Apache-2.0
--- What an answer is called: Bedrock's answers hold neither an id nor a model.

--- The model as the client named it, without a target's name before it.
---@param call DialectCall
---@return string
local function model(call)
  local asked = call.requested_model
  if not asked or asked == "" then return call.model end
  if asked:sub(-#call.model - 1) == "/" .. call.model then return call.model end
  return asked
end

---@param call DialectCall
---@param headers table<string, string>? of the answer, names in lower case
---@return Envelope
local function envelope(call, headers)
  local id = (headers or {})["x-amzn-requestid"]
  if not id or id == "" then id = call.id or "unknown" end
  return { id = "chatcmpl-" .. id, created = call.created, model = model(call) }
end

return { model = model, envelope = envelope }
