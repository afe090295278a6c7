-- SPDX-License-Identifier: Apache-2.0
--- Responses (POST /v1/responses) that can be asked for and continued later. Those that were translated are kept here,
--- in the cache of all workers, until it needs the room or a day has passed; of those that a provider keeps, who it
--- was. Each belongs to the key that made it: nobody else finds it.

local clock = require "gateway.clock"
local json = require "gateway.json"
local log = require "gateway.log"
local shared = require "gateway.shared"

local TTL = 86400 -- seconds
local MARK = "resp_mg" -- of ids made here (providers/dialects/openai_responses/ids.lua)
local TURNS_MOST, BYTES_MOST = 1000, 16777216 -- of a conversation

local responses = {}

local function kept_key(id)
  return "responses:" .. id
end

local function target_key(id)
  return "responses:at:" .. id
end

--- Who asks. Where the gateway is open everybody is nobody.
local function owner_of(call)
  return (call:key()) or ""
end

--- Whether an id was made here.
---@param id string
---@return boolean
function responses.is_own(id)
  return id:sub(1, #MARK) == MARK
end

-- Kept ---------------------------------------------------------------------------------------------------------------

local RECORD = { raw = { response = true, input = true, output = true } }

---@class KeptResponse
---@field key string whose it is
---@field at number Unix seconds at which it was kept
---@field previous string?
---@field response string JSON text of the Response object
---@field input string JSON text of its input items
---@field output string? JSON text of its output items with their seals

local function text_of(raw)
  return json.is_raw(raw) and json.text(raw) or nil
end

local function render(owner, record)
  return table.concat {
    '{"key":', json.encode(owner), ',"at":', ("%d"):format(math.floor(clock.now())),
    ',"previous":', record.previous and json.encode(record.previous) or "null",
    ',"response":', record.response, ',"input":', record.input, ',"output":', record.output or "null", "}",
  }
end

--- Keeps what a face has left in `context.kept.record`. Too large a one is not kept.
---@param call table
---@param record table? { id, response, input, output?, previous? }
function responses.keep(call, record)
  if not record then return end
  local kept, why = shared.cache.set(kept_key(record.id), render(owner_of(call), record), TTL)
  if not kept then log.info("a response is not kept", { trace_id = call:trace_id(), reason = why }) end
end

--- Whoever goes on with a conversation keeps its beginning alive.
local function touch(id, record)
  if clock.now() - record.at < TTL / 2 then return end
  shared.cache.set(kept_key(id), render(record.key, record), TTL)
end

--- The kept response of an id, if it is the caller's.
---@param call table
---@param id string
---@return KeptResponse?
function responses.find(call, id)
  local text = shared.cache.get(kept_key(id))
  local record = text and json.decode(text, RECORD)
  if not record or record.key ~= owner_of(call) then return nil end
  record.at = json.number(record.at) or 0
  record.previous = type(record.previous) == "string" and record.previous or nil
  record.response, record.input = text_of(record.response), text_of(record.input)
  record.output = text_of(record.output)
  if record.output == "null" then record.output = nil end
  touch(id, record)
  return record
end

---@param id string
function responses.forget(id)
  shared.cache.delete(kept_key(id))
  shared.delete(target_key(id))
end

-- At a provider ------------------------------------------------------------------------------------------------------

--- Remembers which target has a response.
---@param call table
---@param target_name string
---@param id string
function responses.remember(call, target_name, id)
  shared.set(target_key(id), json.encode { key = owner_of(call), target = target_name }, TTL)
end

--- The target that has a response of the caller's; false: it is another's.
---@param call table
---@param id string
---@return string|false|nil name
function responses.target(call, id)
  local text = shared.get(target_key(id))
  local found = text and json.decode(text)
  if not found then return nil end
  return found.key == owner_of(call) and found.target
end

-- Conversations ------------------------------------------------------------------------------------------------------

local function append(list, text, raw_keys)
  for _, item in ipairs(text and json.decode(text, { raw = raw_keys }) or {}) do list[#list + 1] = item end
end

--- What a response said, with the seals of its reasoning.
local function output_of(record)
  if record.output then return record.output end
  local response = json.decode(record.response, { raw = { output = true } })
  return response and text_of(response.output)
end

--- The responses up to this one, the latest first.
local function chain_of(call, id)
  local chain, bytes = {}, 0
  while id and #chain < TURNS_MOST and bytes < BYTES_MOST do
    local record = responses.find(call, id)
    if not record then return nil end
    chain[#chain + 1], bytes, id = record, bytes + #record.response + #record.input, record.previous
  end
  return not id and chain or nil
end

--- All items of the conversation that ends with a response; nil when one of them is not there any more.
---@param call table
---@param id string
---@param raw_keys table<string, boolean>
---@return table[]? items
function responses.history(call, id, raw_keys)
  local chain = chain_of(call, id)
  if not chain then return nil end
  local items = {}
  for i = #chain, 1, -1 do
    append(items, chain[i].input, raw_keys)
    append(items, output_of(chain[i]), raw_keys)
  end
  return items
end

--- An output item of a kept response, by its id.
---@param call table
---@param item_id string
---@param raw_keys table<string, boolean>
---@return table? item
function responses.item(call, item_id, raw_keys)
  local digits = item_id:match "^%l+_(mg%x+)$"
  local id = digits and "resp_" .. digits:sub(1, 48)
  local record = id and responses.find(call, id)
  for _, item in ipairs(record and json.decode(output_of(record) or "[]", { raw = raw_keys }) or {}) do
    if item.id == item_id then return item end
  end
  return nil
end

-- Requests -----------------------------------------------------------------------------------------------------------

--- OpenAI's word for a response that cannot be continued.
---@param id string
---@return Failure
function responses.not_found(id)
  return {
    status = 400, type = "invalid_request_error", code = "previous_response_not_found", param = "previous_response_id",
    message = ("Previous response with id '%s' not found."):format(id), final = true,
  }
end

--- What a request goes on from: the items of a conversation that is kept here, or the target that has it. Neither: the
--- provider may know.
---@param call table
---@param previous string? previous_response_id
---@param raw_keys table<string, boolean>
---@return table[]? history
---@return string? target
---@return Failure? failure
function responses.continued(call, previous, raw_keys)
  if not previous then return nil end
  if responses.is_own(previous) then
    local history = responses.history(call, previous, raw_keys)
    return history, nil, not history and responses.not_found(previous) or nil
  end
  local target = responses.target(call, previous)
  if target == false then return nil, nil, responses.not_found(previous) end
  return nil, target
end

return responses
