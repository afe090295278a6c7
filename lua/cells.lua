-- SPDX-License-Identifier: Apache-2.0
--- The cell of a target: its place in shared memory, where every worker sees how it does. A target whose address,
--- breaker and concurrency are what they were keeps it over a reload (gateway-api 3.5).

local crypto = require "gateway.crypto"
local health = require "gateway.health"
local json = require "gateway.json"
local shared = require "gateway.shared"

local cells = {}

-- Cells ---------------------------------------------------------------------------------------------------------------

local function numbers(block, names)
  local list = {}
  for i, name in ipairs(names) do list[i] = block and block[name] or json.null end
  return list
end

--- What a cell stands for: another address or other blocks are another cell.
local function key_of(target)
  local breaker, concurrency = target.breaker, target.concurrency
  local facts = json.encode {
    target.origin or json.null, target.base_path or json.null,
    numbers(breaker, { "failure_threshold", "success_threshold", "max_half_threshold", "timeout_ms" }),
    numbers(breaker and breaker.window, { "ms", "min_requests", "error_rate" }),
    numbers(concurrency, { "max", "queue_size", "queue_timeout_ms" }),
  }
  return target.name .. ":" .. crypto.sha256(facts):sub(1, 16)
end

--- Gives a target its cell: `cell` and `cell_key`. What checks have found does not outlive them.
---@param target Target whose address and blocks are known
---@param checked boolean whether it has a health check
function cells.open(target, checked)
  target.cell_key = key_of(target)
  target.cell = health.target(target.cell_key, {
    breaker = target.breaker, concurrency = target.concurrency, label = target.name,
  })
  if not checked then target.cell:unhealthy(false) end
end

--- A place for the states of several credentials, found by what they are: another list of them begins anew, however
--- the target is called.
---@param target Target
---@param credentials Credential[]
---@return table cell of which only credential_* is used
function cells.vault(target, credentials)
  local secrets = {}
  for i, credential in ipairs(credentials) do secrets[i] = crypto.sha256(credential.secret) end
  local key = ("%s:credentials:%s"):format(target.name, crypto.sha256(table.concat(secrets)))
  return health.target(key, { label = target.name })
end

-- Models --------------------------------------------------------------------------------------------------------------

local MODELS_MOST = 64 -- cells of a target's models: gateway.health
local NAME_MOST = 256

--- A cell is found by its name alone: what one worker has found, the others know by this list.
local function announce(target, model)
  local known = target.cell_models
  if not known then
    known = {}
    target.cell_models = known
  end
  if known[model] or #model > NAME_MOST then return end
  known[model] = true
  local place = "cells:" .. target.cell_key
  if not shared.add(place .. ":has:" .. model, 1) then return end
  local number = shared.incr(place, 1)
  if number then shared.set(("%s:%d"):format(place, number), model) end
end

--- The cell of a model at a target; past 64 models the target's own.
---@param target Target
---@param model string the upstream's name of it
---@return table cell
function cells.model(target, model)
  local cell = target.cell:model(model)
  if cell ~= target.cell then announce(target, model) end
  return cell
end

local function collect(target, place, count)
  local found = { count = count, names = {}, cells = {} }
  for number = 1, math.min(count, MODELS_MOST) do
    local name = shared.get(("%s:%d"):format(place, number))
    if name then found.names[#found.names + 1] = name end
  end
  table.sort(found.names)
  for i, name in ipairs(found.names) do found.cells[i] = target.cell:model(name) end
  return found
end

---@class CellModels of a target, in the order of their names
---@field names string[]
---@field cells table[]
---@field count integer

--- The models that any worker has asked the target for, with their cells. Theirs who asks must not change them.
---@param target Target
---@return CellModels
function cells.models(target)
  local place = "cells:" .. target.cell_key
  local count, known = shared.get(place) or 0, target.cell_found
  if known and known.count == count and #known.names == math.min(count, MODELS_MOST) then return known end
  target.cell_found = collect(target, place, count)
  return target.cell_found
end

return cells
