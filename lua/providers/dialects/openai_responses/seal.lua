-- SPDX-License-Identifier: Apache-2.0
--- `encrypted_content` of reasoning items that the gateway makes: another vendor's signed blocks, so that they come
--- back with the item and reach that vendor unchanged. It hides nothing; it is opaque as OpenAI's own is.

local base64 = require "gateway.base64"
local json = require "gateway.json"

local MARK = "moongate."

---@param blocks table[] thinking_blocks of a chat message
---@return string
local function pack(blocks)
  return MARK .. base64.encode(json.encode(json.array(blocks)))
end

--- The blocks of an item; nil of one that somebody else has sealed.
---@param text string?
---@return table[]?
local function unpack(text)
  if not text or text:sub(1, #MARK) ~= MARK then return nil end
  local bytes = base64.decode(text:sub(#MARK + 1))
  local blocks = bytes and json.decode(bytes)
  return json.is_array(blocks) and blocks or nil
end

return { pack = pack, unpack = unpack }
