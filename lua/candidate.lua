-- SPDX-License-Identifier: Apache-2.0
--- What the gate has before it: the files of a candidate generation, and the scripts among them.

local crypto = require "gateway.crypto"
local gate = require "gateway.gate"
local json = require "gateway.json"

---@class CandidateScript
---@field kind string
---@field name string
---@field source "operator"|"bundled"
---@field hash string       SHA-256 of its text
---@field judged string     the same of everything its spec judges: text, parts, spec
---@field path string       in the bundle
---@field spec_path string? in the bundle

local candidate = {}

local FOLDERS = { "providers/dialects/", "providers/", "strategies/", "plugins/", "admin/" }

--- "plugins/x.lua" -> "plugins", "x"; nil for contracts, specs and parts.
local function script_of(path)
  for _, folder in ipairs(FOLDERS) do
    if path:sub(1, #folder) == folder then
      local name = path:match("^([%w_-]+)%.lua$", #folder + 1)
      if not name or name == "contract" or name:find "_spec$" then return nil end
      return folder:sub(1, -2), name
    end
  end
end

local function by_path(list)
  local files = {}
  for _, file in ipairs(list) do files[file.path] = file end
  return files
end

--- The paths in each folder and below it.
local function by_folder(list)
  local folders = {}
  for _, file in ipairs(list) do
    local at = file.path:find("/", 1, true)
    while at do
      local folder = file.path:sub(1, at - 1)
      folders[folder] = folders[folder] or {}
      table.insert(folders[folder], file.path)
      at = file.path:find("/", at + 1, true)
    end
  end
  return folders
end

--- The texts that a script's spec judges, in the order of their paths: its own, its parts', the spec's.
local function judged_by(files, kind, name, spec_path)
  local stem = ("%s/%s"):format(kind, name)
  local hashes = { gate.hash(stem .. ".lua") }
  for _, path in ipairs(files.by_folder[stem] or {}) do hashes[#hashes + 1] = gate.hash(path) end
  if spec_path then hashes[#hashes + 1] = gate.hash(spec_path) end
  return crypto.sha256(table.concat(hashes, " "))
end

--- A spec that came with the gateway judges the script it came with, never the operator's that stands in its place.
local function spec_of(files, file, kind, name)
  local path = ("spec/%s/%s_spec.lua"):format(kind, name)
  local spec = files.by_path[path]
  return spec and (file.bundled or not spec.bundled) and path or nil
end

local function described(files, file, kind, name)
  local spec_path = spec_of(files, file, kind, name)
  return {
    kind = kind, name = name, source = file.bundled and "bundled" or "operator", hash = gate.hash(file.path),
    judged = judged_by(files, kind, name, spec_path), path = file.path, spec_path = spec_path,
  }
end

--- Every script, whether a configuration names it or not.
---@return CandidateScript[]
function candidate.scripts()
  local all, list = gate.files(), {}
  local files = { by_path = by_path(all), by_folder = by_folder(all) }
  for _, file in ipairs(all) do
    local kind, name = script_of(file.path)
    if kind then list[#list + 1] = described(files, file, kind, name) end
  end
  return list
end

--- Where its files lie, for reasons.
---@return Sources
function candidate.sources()
  local paths, files = {}, by_path(gate.files())
  for path, file in pairs(files) do paths[file.origin] = path end
  return {
    origin = function(path) return files[path] and files[path].origin end,
    path = function(origin) return paths[origin] end,
    text = function(path) return files[path] and gate.text(path) end,
  }
end

--- What is kept of a verdict: the report of a generation (runtime/process/judge.h).
---@param verdict Verdict
---@return string json
function candidate.report(verdict)
  local scripts = json.array {}
  for i, script in ipairs(verdict.scripts) do
    scripts[i] = {
      kind = script.kind, name = script.name, source = script.source, hash = script.hash, judged = script.judged,
      spec = script.spec,
    }
  end
  return json.encode { reasons = verdict.reasons, warnings = verdict.warnings, scripts = scripts }
end

return candidate
