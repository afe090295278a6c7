-- SPDX-License-Identifier: Apache-2.0
--- Ids of responses made here, and of their items. A mark tells them from a provider's own; an item's id tells its
--- response and its place, so that an `item_reference` finds the item without an index (lua/responses.lua).

local random = require "gateway.random"

local BYTES, MARK = 23, "mg" -- as long as OpenAI's: 48 characters

local PREFIXES = { message = "msg", reasoning = "rs", function_call = "fc", custom_tool_call = "ctc" }

--- A new response's id.
---@return string
local function response()
  return "resp_" .. MARK .. random.hex(BYTES)
end

--- The id of the item at a place of a response's output.
---@param response_id string
---@param kind string the item's type
---@param index integer from 0
---@return string
local function item(response_id, kind, index)
  return ("%s_%s%02x"):format(PREFIXES[kind] or "item", response_id:sub(#"resp_" + 1), index)
end

return { response = response, item = item }
