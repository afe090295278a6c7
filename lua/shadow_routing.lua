-- SPDX-License-Identifier: Apache-2.0
--- A request as the live strategy saw it, kept for a candidate that looks at it when the request is over.

local Routing = require "routing"
local clock = require "gateway.clock"
local random = require "gateway.random"

local PREFIX_MOST = 65536

---@class Seen: Routing
local Seen = setmetatable({}, { __index = Routing })
Seen.__index = Seen

function Seen:header(name) return self.headers[name:lower()] end

function Seen:key() return self.key_id, self.key_name end

function Seen:user() return self.user_name end

function Seen:max_tokens() return self.most_tokens end

function Seen:has_tools() return self.with_tools end

function Seen:prefix(bytes) return self.beginning:sub(1, bytes) end

--- What a copy of a target costs is what the target does.
function Seen:price(target, output) return Routing.price(self, self.origins[target], output) end

function Seen.note() end

--- The numbers that the live strategy drew, then others.
local function replay(draws)
  local at = 0
  return function()
    at = at + 1
    return draws[at] or random.number()
  end
end

local shadow_routing = {}

--- Keeps what a strategy may ask of a request that is about to be routed.
---@param view Routing
---@param draws number[] what its strategy drew
---@return Seen
function shadow_routing.keep(view, draws)
  local call, now = view.call, clock.now()
  local id, name = call:key()
  return setmetatable({
    model = view.model, endpoint = view.endpoint, surface = view.surface, stream = view.stream, conf = view.conf,
    pool = view.pool, plan = view.plan, headers = call:headers(), key_id = id, key_name = name,
    user_name = view:user(), tag_list = view:tags(), token_count = view:tokens(),
    most_tokens = view:max_tokens(), with_tools = view:has_tools(),
    request = { images = view.request.images, characters = view.request.characters }, said = view:user_texts(),
    beginning = view:prefix(PREFIX_MOST), random = replay(draws),
    now = function() return now end,
  }, Seen)
end

--- Ready for a candidate: over copies of the targets, with a block of its own.
---@param seen Seen
---@param copies table[]
---@param conf table
---@param opened any what the candidate's open made of them
---@return Seen
function shadow_routing.show(seen, copies, conf, opened)
  seen.targets, seen.conf, seen.opened, seen.origins = copies, conf, opened, {}
  for i, copy in ipairs(copies) do seen.origins[copy] = seen.pool.members[i] end
  return seen
end

return shadow_routing
