-- SPDX-License-Identifier: Apache-2.0
--- Strategies in a spec: targets, a call and chances that are written out, and the whole order that comes of them.

local spec = require "gateway.spec"

local script, strategy = require "gateway.script", spec.module "strategy"

local support = {}

local SURFACE = { name = "chat", endpoint = "chat" }

--- What answers for a call: `given` has headers, members of the body, key, tokens.
---@param given table?
function support.call(given)
  given = given or {}
  local call = { variants = {}, restored = 0 }
  function call.header(_, name) return given.headers and given.headers[name:lower()] end
  function call.key() return given.key, given.key_name end
  function call.get(_, name)
    local value = given.body and given.body[name]
    return value, value and type(value)
  end
  function call.estimate() return given.tokens or 100 end
  function call.note_variant(_, label) table.insert(call.variants, label) end
  function call.translate() call.restored = call.restored + 1 end
  return call
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

--- The strategies of this house and those that are given, by name.
function support.strategies(own)
  local found = {}
  for _, name in ipairs(script.list "strategies") do found[name] = spec.script("strategies", name) end
  for name, choose in pairs(own or {}) do
    found[name] = type(choose) == "table" and choose or { name = name, choose = choose }
  end
  return found
end

--- A plan for the targets under a block `strategy`; `tree` where there are groups.
---@param conf table the block `strategy`
---@param targets Target[]
---@param options { tree: table?, strategies: table?, routes: table?, without: table<string, true>? }?
function support.plan(conf, targets, options)
  options = options or {}
  local config = { strategy = conf, tree = options.tree }
  local root = assert(strategy.build(config, targets, support.strategies(options.strategies)))
  local plan = { model = "m", routes = {}, targets = {} }
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

--- One request's order.
---@param plan Plan
---@param options { call: table?, request: table?, random: (fun(): number)?, notes: table?, now: number? }?
---@return Routing
function support.order(plan, options)
  options = options or {}
  local request = options.request or { model = "m", stream = false, surface = SURFACE }
  request.surface = request.surface or SURFACE
  return strategy.order(plan, options.call or support.call(), request, options.notes)
end

--- The names of all targets that would be asked if every one failed: "a b c".
---@param asked (fun(target: Target): boolean)? false: it is passed over
function support.names(order, asked)
  local names = {}
  for target in function() return order:next() end do
    names[#names + 1] = target.name
    if not asked or asked(target) then order:tried() end
  end
  return table.concat(names, " ")
end

return support
