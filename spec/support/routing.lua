-- SPDX-License-Identifier: Apache-2.0
--- Strategies in a spec: targets, a call and chances that are written out, and the whole order that comes of them.

local spec = require "gateway.spec"

local script, strategy, health = require "gateway.script", spec.module "strategy", require "gateway.health"
local cost = spec.module "cost"

local support = {}

local SURFACE = { name = "chat", endpoint = "chat" }

---@class SpecCall what answers for a call
local Call = {}
Call.__index = Call

function Call:header(name) return self.given.headers and self.given.headers[name:lower()] end
function Call:key() return self.given.key, self.given.key_name end
function Call:get(name)
  local value = self.given.body and self.given.body[name]
  return value, value ~= nil and (self.given.kinds and self.given.kinds[name] or type(value)) or nil
end
function Call:raw(name, most)
  local text = self.given.raw and self.given.raw[name]
  return text and #text <= (most or math.huge) and text or nil
end
function Call:estimate() return self.given.tokens or 100 end
function Call:note_variant(label) table.insert(self.variants, label) end
function Call:translate() self.restored = self.restored + 1 end

--- A call: `given` has headers, members of the body, key, key_name, tokens; `raw`: members' own bytes, `kinds`: of what
--- type they are.
---@param given table?
---@return SpecCall
function support.call(given)
  return setmetatable({ given = given or {}, variants = {}, restored = 0 }, Call)
end

--- Targets out of "a b c", each with what `more` says of it.
---@param names string
---@param more table<string, table>?
function support.targets(names, more)
  local list = {}
  for name in names:gmatch "%S+" do
    local target = { name = name, weight = 0, priority = 0, provider = { name = name } }
    for key, value in pairs(more and more[name] or {}) do target[key] = value end
    list[#list + 1] = target
  end
  return list
end

local house

--- The strategies of this house, loaded once, and those that are given, by name.
function support.strategies(own)
  if not house then
    house = {}
    for _, name in ipairs(script.list "strategies") do house[name] = spec.script("strategies", name) end
  end
  local found = {}
  for name, loaded in pairs(house) do found[name] = loaded end
  for name, choose in pairs(own or {}) do
    found[name] = type(choose) == "table" and choose or { name = name, choose = choose }
  end
  return found
end

--- A plan for the targets under a block `strategy`; `tree` where there are groups.
---@param conf table the block `strategy`
---@param targets Target[]
---@param options { tree: table?, strategies: table?, routes: table?, without: table<string, true>?, name: string?,
---  surface: table? }?
function support.plan(conf, targets, options)
  options = options or {}
  local config = { strategy = conf, tree = options.tree }
  local root = assert(strategy.build(config, targets, support.strategies(options.strategies)))
  local plan = {
    name = options.name or "m", model = "m", routes = {}, targets = {}, surface = options.surface or SURFACE,
  }
  for _, target in ipairs(targets) do
    if not (options.without and options.without[target.name]) then
      plan.routes[target] = options.routes and options.routes[target.name] or {}
      table.insert(plan.targets, target)
    end
  end
  plan.pool = strategy.pool(root, plan)
  return plan
end

--- Numbers one after the other, then the first again.
function support.chances(...)
  local list, at = { ... }, 0
  return function()
    at = at % #list + 1
    return list[at]
  end
end

--- Routes with a cell for each target, empty at first.
---@param targets Target[]
function support.routes(targets)
  support.number = (support.number or 0) + 1
  local routes = {}
  for _, target in ipairs(targets) do
    routes[target.name] = { cell = health.target(("%s:%d"):format(target.name, support.number), {}):model "m" }
  end
  return routes
end

--- Prices of a catalog's row for each target, by name; false: the catalog does not have the model.
---@param rows table<string, table|false>
function support.priced(rows)
  local routes = {}
  for name, row in pairs(rows) do routes[name] = { price = row and cost.price(row) or nil, listed = row ~= false } end
  return routes
end

--- One request at a target, which takes so long.
---@param cell userdata
---@param milliseconds number
---@param verdict string? "ok"
function support.run(cell, milliseconds, verdict)
  assert(cell:enter(nil))
  spec.clock_advance(milliseconds)
  cell:leave(nil, verdict or "ok")
end

--- A strategy's configuration with the defaults of its schema.
---@param mode string
---@param more table? of the block `strategy`
---@param config table?
function support.conf(mode, more, config)
  local conf = {
    mode = mode, conditions = {}, content_conditions = {}, ab_variants = {}, unpriced_strategy = "fallback",
  }
  for key, value in pairs(more or {}) do conf[key] = value end
  local fields = spec.script("strategies", mode).schema or {}
  local typed, problems = spec.module("schema").check_value(config or {}, { "record", fields = fields })
  assert(not problems[1], problems[1] and problems[1].message)
  conf.config = typed
  return conf
end

--- One request's order.
---@param plan Plan
---@param options { call: table?, request: table?, random: (fun(): number)?, notes: table? }?
---@return Routing
function support.order(plan, options)
  options = options or {}
  local request = options.request or { model = "m", stream = false, surface = SURFACE }
  request.surface = request.surface or SURFACE
  return strategy.order(plan, options.call or support.call(), request, options.notes, options.random)
end

--- The names of all targets that would be asked if every one failed: "a b c".
---@param asked (fun(target: Target): boolean)? false: it is passed over
---@return string
function support.names(order, asked)
  local names = {}
  for target in function() return order:next() end do
    names[#names + 1] = target.name
    if not asked or asked(target) then order:tried() end
  end
  return table.concat(names, " ")
end

--- How often each target is asked first in so many requests, as shares.
---@param plan Plan
---@param requests integer
---@param options table? of support.order; a function makes one for each request
---@return table<string, number>
function support.shares(plan, requests, options)
  local counts = {}
  for number = 1, requests do
    local given = type(options) == "function" and options(number) or options
    local target = support.order(plan, given):next()
    local name = target and target.name or "nobody"
    counts[name] = (counts[name] or 0) + 1
  end
  for name, count in pairs(counts) do counts[name] = count / requests end
  return counts
end

return support
