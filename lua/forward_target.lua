-- SPDX-License-Identifier: Apache-2.0
--- Who a forwarded request goes to: whoever the client names, the owner of the model it names, or the target that the
--- configuration names for the surface (gateway-api 1.10 to 1.12).

local errors = require "errors"
local registry = require "registry"

local forward_target = {}

local function failure_of(status, code, message)
  local kind = status == 501 and "server_error" or "invalid_request_error"
  return { status = status, type = kind, code = code, message = message, final = true }
end

local PROVIDER_NOT_FOUND = failure_of(404, "provider_not_found", "no configured target serves the requested provider")
local NOT_RESOLVED = failure_of(400, "provider_not_resolved", "no provider resolved; set the X-Provider header "
  .. '(e.g. "X-Provider: openai") or include a "model" field in the request body')
local BATCH_UNSET = failure_of(501, "batch_not_configured",
  "the batch and files endpoints are not configured; set batch_target")
local BATCH_GONE = failure_of(501, "batch_not_configured", "the configured batch target is unavailable")
local RESPONSES_UNSET = failure_of(501, "responses_not_configured",
  "the responses endpoints are not configured; set responses_target")
local RESPONSES_GONE = failure_of(501, "responses_not_configured", "the configured responses target is unavailable")

local function unsupported(target, words)
  return failure_of(501, "proxy_not_supported", ("provider %s %s"):format(target.provider.name, words))
end

local NATIVE = "is not available for OpenAI-compatible pass-through; use its native chat, embeddings, or images "
  .. "endpoints"

--- A wire format of its own passes only where the client says that it knows whose it is.
local function is_native_friend(target)
  return target.dialect.name == "anthropic_messages" or target.sign ~= nil
end

--- Whether paths that this gateway knows nothing of may go there.
---@param named boolean the client named it
---@return Failure? failure
local function judge(target, named)
  if not target.upstream then return unsupported(target, "does not support proxy pass-through") end
  if target.dialect.edits or named and is_native_friend(target) then return nil end
  return unsupported(target, NATIVE)
end

--- The target of that name, or the first of that provider.
local function by_name(name)
  local found
  for _, target in ipairs(registry.targets()) do
    if target.available then
      if target.name == name then return target end
      if not found and target.provider.name == name then found = target end
    end
  end
  return found
end

--- Whom the header X-Provider names.
---@param name string
---@return Target? target
---@return Failure? failure
function forward_target.named(name)
  local target = by_name(name)
  if not target then return nil, PROVIDER_NOT_FOUND end
  local failure = judge(target, true)
  return not failure and target or nil, failure
end

--- Who owns a model; and the name under which it is known there, when that is another.
---@param model string?
---@return Target? target
---@return Failure|string|nil other
function forward_target.owner(model)
  if not model then return nil, NOT_RESOLVED end
  local owners, name = registry.owners(model)
  if #owners == 0 then return nil, errors.model_not_found end
  local failure
  for _, target in ipairs(owners) do
    failure = judge(target, false)
    if not failure then
      local mapped = target.model_map[name] or name
      return target, mapped ~= model and mapped or nil
    end
  end
  return nil, failure
end

--- The first that speaks Anthropic's wire format.
---@return Target?
function forward_target.anthropic()
  for _, target in ipairs(registry.targets()) do
    if target.available and target.dialect.name == "anthropic_messages" then return target end
  end
end

local function has(target, surface)
  return target.available and target.upstream and target.provider.paths and target.provider.paths[surface] ~= nil
end

--- The only one that has files, where nobody says which.
local function only_one()
  local found
  for _, target in ipairs(registry.targets()) do
    if has(target, "files") then
      if found then return nil end
      found = target
    end
  end
  return found
end

--- The target of files and batches.
---@return Target? target
---@return Failure? failure
function forward_target.batch()
  local name = registry.config().batch_target
  local target = name and by_name(name) or not name and only_one()
  if not target then return nil, name and BATCH_GONE or BATCH_UNSET end
  if has(target, "files") then return target end
  return nil, failure_of(501, "batch_not_supported",
    ("provider %s does not support the batch and files endpoints"):format(target.provider.name))
end

--- The target that has a response.
---@param name string
---@return Target? target
---@return Failure? failure
function forward_target.with_response(name)
  local target = by_name(name)
  if target and target.upstream then return target end
  return nil, RESPONSES_GONE
end

--- The target of responses whose ids this gateway does not know.
---@return Target? target
---@return Failure? failure
function forward_target.responses()
  local name = registry.config().responses_target
  if not name then return nil, RESPONSES_UNSET end
  return forward_target.with_response(name)
end

return forward_target
