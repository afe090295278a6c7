-- SPDX-License-Identifier: Apache-2.0
--- Where the operator's scripts are: GATEWAY_SCRIPTS, or `scripts.path` of the configuration. Asked before everything
--- else, so whatever else may be wrong with the file is left to those who read it whole.

local config = require "config"
local door = require "gateway.config"

local roots = {}

local STEPS = { "scripts", "path" }

local function entry_of(node, key)
  for _, entry in ipairs(node and node.entries or {}) do
    if entry.key == key then return entry.value end
  end
end

--- The scalar at `scripts.path`, when there is one that can be a path.
local function written_path(file)
  local node = config.document(file)
  for _, key in ipairs(STEPS) do node = entry_of(node, key) end
  local is_text = node and node.kind == "scalar" and not node.null and node.text ~= ""
  return is_text and node or nil
end

local function checked(folder, file, problem)
  if door.is_folder(folder) then return folder end
  problem.message = ("there is no folder %q"):format(folder)
  return nil, config.render_errors(file, { problem })
end

--- The folder of the operator's scripts; nil alone when neither the environment nor the file names one.
---@param environment table<string, string>
---@return string? folder
---@return string? report why what was named cannot be it
function roots.find(environment)
  local file, named = environment.GATEWAY_CONFIG, environment.GATEWAY_SCRIPTS
  if file == "" then file = nil end
  if named and named ~= "" then return checked(named, file, { source = "environment", path = "GATEWAY_SCRIPTS" }) end
  local node = file and written_path(file)
  if not node then return nil end
  local problem = { line = node.line, column = node.column, path = "scripts.path" }
  return checked(config.beside(file, node.text), file, problem)
end

return roots
