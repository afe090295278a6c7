-- SPDX-License-Identifier: Apache-2.0
--- The cell of a target: its place in shared memory, where every worker sees how it does. A target whose address,
--- breaker and concurrency are what they were keeps it over a reload (gateway-api 3.5).

local crypto = require "gateway.crypto"
local health = require "gateway.health"
local json = require "gateway.json"

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

--- The cell of a model at a target. Past 64 models it is the target's own; names that only a client has said get no
--- more than half of them.
---@param target Target
---@param model string the upstream's name of it
---@param known boolean? there is such a model, as somebody else says, too
---@return table cell
function cells.model(target, model, known)
  return target.cell:model(model, not known)
end

---@class CellModels of a target, in the order of their names
---@field names string[]
---@field cells table[]
---@field mark number

local function collect(target, names, mark)
  local found = { mark = mark, names = {}, cells = {} }
  table.sort(names)
  for _, name in ipairs(names) do
    local cell = target.cell:model(name, true)
    if cell ~= target.cell then found.names[#found.names + 1], found.cells[#found.cells + 1] = name, cell end
  end
  return found
end

--- The models that any worker has asked the target for, with their cells. Theirs who asks must not change them.
---@param target Target
---@return CellModels
function cells.models(target)
  local names, mark = target.cell:models(target.cell_found and target.cell_found.mark)
  if names then target.cell_found = collect(target, names, mark) end
  return target.cell_found
end

return cells
