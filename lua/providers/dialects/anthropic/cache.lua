-- SPDX-License-Identifier: Apache-2.0
--- Anthropic's rules for cache markers: at most four of them, and no hour behind five minutes (tools come first, then
--- system, then messages).

local MOST = 4

local function collect(marked, blocks)
  for _, block in ipairs(blocks or {}) do
    if type(block.content) == "table" then collect(marked, block.content) end
    if block.cache_control then marked[#marked + 1] = block end
  end
end

local function in_order(body)
  local marked = {}
  collect(marked, body.tools)
  collect(marked, body.system)
  for _, message in ipairs(body.messages) do
    collect(marked, message.content)
  end
  return marked
end

--- Drops the earliest markers beyond the fourth: the latest ones cover the longest prefix.
local function thin(marked, room)
  local extra = #marked - room
  for i = 1, extra do
    marked[i].cache_control = nil
  end
  local kept = {}
  for i = math.max(extra, 0) + 1, #marked do
    kept[#kept + 1] = marked[i]
  end
  return kept
end

local function order_lifetimes(marked)
  local short = false
  for _, block in ipairs(marked) do
    local hour = block.cache_control.ttl == "1h"
    if hour and short then
      block.cache_control = { type = "ephemeral" }
    elseif not hour then
      short = true
    end
  end
end

--- Makes the markers of a request body legal, in place.
---@param body table
local function fit(body)
  local room = body.cache_control and MOST - 1 or MOST
  order_lifetimes(thin(in_order(body), room))
end

return { fit = fit }
