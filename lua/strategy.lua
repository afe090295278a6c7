-- SPDX-License-Identifier: Apache-2.0
--- Strategies at work. A generation has a tree of them: the root's over all targets, and one for every group in
--- `targets`. A plan has a pool for each: those of its targets that can serve the plan's model, opened once. A request
--- goes through the pools one target at a time; a group is not looked into before it is its turn.

local Routing = require "routing"
local health = require "gateway.health"
local script = require "gateway.script"

local setmetatable, type = setmetatable, type -- a request looks through no environment for them

---@class StrategyNode one strategy of the configuration
---@field name string the group's; "" of the root
---@field mode string
---@field strategy Strategy
---@field timed fun(choose: function, ...): ... counts calls and their time
---@field conf table the block `strategy`, its `config` typed
---@field members (Target|StrategyNode)[]

---@class Pool a node with what it has for one model; a strategy sees a group as a target with `name`, `weight`,
--- `priority` and `members`
---@field node StrategyNode
---@field members (Target|Pool)[] what choose is given
---@field leaves Target[] of all its members
---@field sizes integer[]? how many leaves each member has, when there are groups
---@field cells userdata? those of its leaves (gateway.health)
---@field opened any
---@field meta table of a request that is in this pool: what is the same for all of them
---@field plan Plan
---@field numbers table<string, number[]> what figures were read into

local strategy = {}

-- A generation's tree ------------------------------------------------------------------------------------------------

local build

local function member_of(run, entry)
  if type(entry) == "string" then return run.targets[entry] end
  return build(run, entry)
end

--- A group's strategy is found out of its block, as the root's is.
function build(run, entry)
  local mode = entry.strategy.mode
  local node = {
    name = entry.name or "", mode = mode, strategy = run.strategies[mode], choose = run.strategies[mode].choose,
    timed = script.timer_of("strategies", mode), conf = entry.strategy, weight = entry.weight or 0,
    priority = entry.priority or 0, members = {},
  }
  for i, member in ipairs(entry.members) do node.members[i] = member_of(run, member) end
  return node
end

--- "strategies/x.lua:7: ..." of whatever open raised.
local function open_problem(node, problem)
  if type(problem) ~= "string" then problem = "an error without a message" end
  if not problem:find "^%S+%.lua:%d+: " then problem = ("strategies/%s.lua: %s"):format(node.mode, problem) end
  return problem
end

--- Opens every strategy once with all its members: one that cannot be opened refuses the generation.
local function try_open(node, problems)
  for _, member in ipairs(node.members) do
    if member.members then try_open(member, problems) end
  end
  if not node.strategy.open then return end
  local opened, problem = script.guard(node.strategy.open, node.conf, node.members)
  if not opened then problems[#problems + 1] = open_problem(node, problem) end
end

--- With `targets: auto` nobody knew the targets when the file was checked.
local function lost_key(conf, names)
  for _, list in ipairs { "conditions", "content_conditions", "ab_variants" } do
    for i, entry in ipairs(conf[list] or {}) do
      local key, found = entry.target_key, false
      for _, name in ipairs(names) do found = found or name == key end
      if not found then
        return ("strategy: %s[%d]: target_key %q names no configured target; declared targets: %s"):format(list, i - 1,
          key, table.concat(names, ", "))
      end
    end
  end
end

--- Joins the strategies of the configuration with their scripts and targets.
---@param config Config
---@param targets Target[]
---@param strategies table<string, Strategy>
---@return StrategyNode? root
---@return string? problem
function strategy.build(config, targets, strategies)
  local run, names, problems = { targets = {}, strategies = strategies }, {}, {}
  for i, target in ipairs(targets) do run.targets[target.name], names[i] = target, target.name end
  local root = build(run, { strategy = config.strategy, members = config.tree or names })
  problems[1] = config.targets == "auto" and lost_key(config.strategy, names) or nil
  try_open(root, problems)
  if #problems > 0 then return nil, table.concat(problems, "\n") end
  return root
end

-- A plan's pools -----------------------------------------------------------------------------------------------------

local pool_make

--- Nil: it cannot serve this model.
local function member_make(member, plan)
  if member.members then return pool_make(member, plan) end
  return plan.routes[member] and member
end

local function add_leaves(pool, member)
  local leaves = member.leaves or { member }
  for _, leaf in ipairs(leaves) do pool.leaves[#pool.leaves + 1] = leaf end
  pool.sizes[#pool.sizes + 1] = #leaves
  pool.has_groups = pool.has_groups or member.leaves ~= nil
end

--- The cells of all leaves; nil as long as one has none.
local function cells_of(pool, plan)
  local cells = {}
  for i, leaf in ipairs(pool.leaves) do
    cells[i] = plan.routes[leaf].cell
    if not cells[i] then return nil end
  end
  return health.pool(cells)
end

--- What every request of this plan has in common, so that none carries it along.
local function face_of(pool, plan)
  local face = {
    targets = pool.members, conf = pool.node.conf, opened = pool.opened, model = plan.name, plan = plan,
    endpoint = plan.surface.endpoint, surface = plan.surface.name, notes = false, label = false,
    random = Routing.random,
  }
  return { __index = setmetatable(face, Routing) }
end

function pool_make(node, plan)
  local pool = {
    node = node, name = node.name, weight = node.weight, priority = node.priority, named = node.strategy.named == true,
    plan = plan, members = {}, leaves = {}, sizes = {}, numbers = {}, sums = {},
  }
  for _, member in ipairs(node.members) do
    local made = member_make(member, plan)
    if made then
      pool.members[#pool.members + 1] = made
      add_leaves(pool, made)
    end
  end
  if #pool.members == 0 then return nil end
  if not pool.has_groups then pool.sizes = nil end
  pool.cells = cells_of(pool, plan)
  if node.strategy.open then pool.opened = node.strategy.open(node.conf, pool.members) end
  pool.meta = face_of(pool, plan)
  return pool
end

--- The pools of a plan, whose routes say who can serve it; nil when nobody can.
---@param root StrategyNode
---@param plan Plan
---@return Pool?
function strategy.pool(root, plan)
  return pool_make(root, plan)
end

-- A request's order --------------------------------------------------------------------------------------------------

local function fault(node, message)
  error(("strategies/%s.lua: %s"):format(node.mode, message), 0)
end

--- Takes what choose, or more, has returned.
local function take(view, node, order, start)
  if type(order) ~= "table" then fault(node, "returned a " .. type(order) .. " in place of a list of targets") end
  local count = #order
  if start and (start < 1 or start > count or start % 1 ~= 0) and count > 0 then
    fault(node, ("returned %s as the first of %d targets"):format(tostring(start), count))
  end
  view.order, view.at, view.left = order, start or 1, count
end

--- Labels of strategies inside one another are told together.
local function note_label(view, outer)
  if outer then view.label = outer .. "/" .. view.label end
  if not view.notes then view.call:note_variant(view.label) end
end

--- Of a request that is only explained no run is counted.
local function untimed(choose, ...)
  return choose(...)
end

--- Begins with a pool: its strategy chooses.
local function enter(view, pool, timed)
  local node = pool.node
  take(view, node, (timed or node.timed)(node.choose, pool.members, view))
end

--- A group's turn has come. Where its strategy looks into the body, that is the client's again.
local function go_in(view, pool)
  local label = view.label
  view.outer = {
    pool = view.pool, order = view.order, at = view.at, left = view.left, turn = view.turn, earlier = view.earlier,
    outer = view.outer, asked = view.asked, touched = view.touched,
  }
  if view.asked_any then view.call:translate() end
  view.pool, view.turn, view.earlier, view.asked, view.touched, view.label = pool, nil, nil, nil, false, nil
  enter(setmetatable(view, pool.meta), pool, view.notes and untimed)
  if view.label then note_label(view, label) else view.label = label end
end

--- Back to the pool around: whoever was asked in this one counts there, too.
local function go_out(view)
  local outer = view.outer
  if not outer then return false end
  local pool = outer.pool
  setmetatable(view, pool.meta)
  view.pool, view.order, view.at, view.left = pool, outer.order, outer.at, outer.left
  view.turn, view.earlier, view.outer = outer.turn, outer.earlier, outer.outer
  view.asked = view.asked or outer.asked
  view.touched = view.touched or outer.touched
  return true
end

--- The order is used up: whom else would the strategy ask?
local function go_on(view)
  local node = view.pool.node
  local more, turn = node.strategy.more, (view.turn or 1) + 1
  if not more or turn > #view.pool.members + 1 then return false end
  view.earlier, view.touched = view.earlier or {}, true
  view.earlier[#view.earlier + 1] = view.order
  view.turn = turn
  local order, start = (view.notes and untimed or node.timed)(more, view.pool.members, view, turn)
  if order == nil then return false end
  take(view, node, order, start)
  return true
end

local function is_earlier(view, member)
  for _, order in ipairs(view.earlier or {}) do
    for _, other in ipairs(order) do
      if other == member then return true end
    end
  end
  return false
end

--- The next of the pool in hand; nil: it has no further one.
local function member_next(view)
  local touched, left = view.touched, view.left
  if touched and view.asked and view.pool.named then return nil end
  while left > 0 or go_on(view) do
    if left > 0 then
      local order, at = view.order, view.at
      view.at, view.left = at < #order and at + 1 or 1, left - 1
      local member = order[at]
      if not (touched and is_earlier(view, member)) then return member end
    end
    touched, left = view.touched, view.left
  end
end

--- The next target to ask; nil: there is no further one. Routes are the plan's.
---@param view Routing
---@return Target?
function strategy.next(view)
  while true do
    local member = member_next(view)
    if member == nil then
      if not go_out(view) then return nil end
    elseif view.pool.plan.routes[member] then
      return member
    elseif type(member) == "table" and member.leaves then
      go_in(view, member)
    else
      fault(view.pool.node, "returned what is none of the given targets")
    end
  end
end

Routing.next = strategy.next

--- The target that was given last has been asked: one that is merely passed over has not.
function Routing:tried()
  self.asked, self.asked_any, self.touched = true, true, true
end

local function recorder(draws)
  return function()
    draws[#draws + 1] = Routing.random()
    return draws[#draws]
  end
end

local SINGLE = { mode = "single", strategy = {} }

--- Of a plan without a strategy: the one that has a conversation.
local function straight(plan)
  return { node = SINGLE, named = false, plan = plan, meta = Routing }
end

--- The order in which a request asks the plan's targets. The root's strategy has chosen when this returns.
---@param plan Plan
---@param call table
---@param request Request
---@param notes table<table, string>? for what strategies say of targets
---@param draws (number[]|fun(): number)? for the numbers that are drawn; or what draws them
---@return Routing order order:next() gives one target after the other
function strategy.order(plan, call, request, notes, draws)
  local pool, targets = plan.pool or straight(plan), plan.targets
  local view = setmetatable({ -- eight members: more would cost every request a larger table
    call = call, request = request, stream = request.stream == true, pool = pool, order = targets, at = 1,
    left = #targets, touched = false,
  }, pool.meta)
  if notes then view.notes = notes end
  if draws then view.random = type(draws) == "function" and draws or recorder(draws) end
  if plan.pool then enter(view, pool, notes and untimed) end
  if view.label then note_label(view) end
  return view
end

return strategy
