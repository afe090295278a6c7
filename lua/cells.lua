-- SPDX-License-Identifier: Apache-2.0
--- The cell of a target: its place in shared memory, where every worker sees how it does. A target whose address,
--- breaker and concurrency are what they were keeps it over a reload (gateway-api 3.5).

local crypto = require "gateway.crypto"
local json = require "gateway.json"

local cells = {}

-- A stand-in, for as long as nothing keeps cells ----------------------------------------------------------------------

local function nothing() end

local STILL = {
  look = nothing, leave = nothing, unhealthy = nothing, credential_state = nothing, credential_set = nothing,
  enter = function() return true, "closed" end,
  credential_next = function() return 1 end,
  figures = function()
    return { circuit = "closed", in_flight = 0, queued = 0, failures = 0, samples = 0, unhealthy = false }
  end,
}
function STILL.model() return STILL end

local there, health = pcall(require, "gateway.health")
if not there then
  health = { target = function() return STILL end }
end

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

--- Gives a target its cell: `cell` and `cell_key`.
---@param target Target whose address and blocks are known
function cells.open(target)
  target.cell_key = key_of(target)
  target.cell = health.target(target.cell_key, {
    breaker = target.breaker, concurrency = target.concurrency, label = target.name,
  })
end

return cells
