-- SPDX-License-Identifier: Apache-2.0
--- Rules for cache points: at most four, and no hour behind five minutes. They are read in the order tools, system,
--- messages.

local MOST = 4

local function lists_of(body)
  local lists = { body.toolConfig and body.toolConfig.tools or {}, body.system or {} }
  for _, message in ipairs(body.messages) do lists[#lists + 1] = message.content end
  return lists
end

local function points_of(lists)
  local points = {}
  for _, list in ipairs(lists) do
    for _, block in ipairs(list) do
      if block.cachePoint then points[#points + 1] = block end
    end
  end
  return points
end

local function without(list, dropped)
  local kept = 0
  for i = 1, #list do
    local block = list[i]
    list[i] = nil
    if not dropped[block] then
      kept = kept + 1
      list[kept] = block
    end
  end
end

--- The latest points cover the longest beginning: the earliest beyond the fourth go.
local function thin(lists, points)
  local dropped, extra = {}, #points - MOST
  for i = 1, extra do dropped[points[i]] = true end
  if extra <= 0 then return end
  for _, list in ipairs(lists) do without(list, dropped) end
end

local function order_lifetimes(points)
  local short = false
  for _, block in ipairs(points) do
    if block.cachePoint.ttl ~= "1h" then
      short = true
    elseif short then
      block.cachePoint.ttl = nil
    end
  end
end

--- Makes the cache points of a body legal, in place.
---@param body table
local function fit(body)
  local lists = lists_of(body)
  thin(lists, points_of(lists))
  order_lifetimes(points_of(lists))
end

return { fit = fit }
