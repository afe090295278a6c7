-- SPDX-License-Identifier: Apache-2.0
--- The ways to a response that was made before: GET and DELETE /v1/responses/{id}, POST /{id}/cancel, GET
--- /{id}/input_items. One that is kept here is answered for; the others go to the target that has them.

local json = require "gateway.json"
local responses = require "responses"

local ITEMS_DEFAULT, ITEMS_MOST = 20, 100

local serve = {}

local function answer(call, text)
  call:respond(200, "application/json", text)
end

local function refuse(call, status, code, message, param)
  call:refuse(status, "invalid_request_error", code, message, param)
end

local function refuse_unknown(call, id)
  refuse(call, 404, "response_not_found", ("Response with id '%s' not found."):format(id))
end

-- What is kept here --------------------------------------------------------------------------------------------------

local function retrieve(call, _, record)
  if call:query "stream" == "true" then
    return refuse(call, 400, "invalid_request",
      "This response cannot be streamed because it was not created with background=true.", "stream")
  end
  answer(call, record.response)
end

local function delete(call, id)
  responses.forget(id)
  answer(call, json.encode { id = id, object = "response", deleted = true })
end

--- Whatever is kept here is over.
local function cancel(call)
  refuse(call, 400, "invalid_request", "Cannot cancel a synchronous response.")
end

--- Items need ids to be listed.
local function named(items, id)
  for i, item in ipairs(items) do
    if type(item.id) ~= "string" then item.id = ("msg_%si%02x"):format(id:sub(#"resp_" + 1), i - 1) end
    if item.type == nil then item.type = "message" end
  end
  return items
end

local function reversed(items)
  local list = {}
  for i = #items, 1, -1 do list[#list + 1] = items[i] end
  return list
end

--- Where the page begins: behind the item `after` names.
local function first_of(items, after)
  if not after then return 1 end
  for i, item in ipairs(items) do
    if item.id == after then return i + 1 end
  end
  return nil
end

local function page_of(items, first, limit)
  local page = json.array {}
  for i = first, math.min(#items, first + limit - 1) do page[#page + 1] = items[i] end
  return {
    object = "list", data = page, first_id = page[1] and page[1].id or json.null,
    last_id = page[1] and page[#page].id or json.null, has_more = first + limit - 1 < #items,
  }
end

--- Numbers and the order of members stay as the client wrote them.
local RAW = { parameters = true, schema = true, arguments = true }

local function input_items(call, id, record)
  local limit = tonumber(call:query "limit" or ITEMS_DEFAULT)
  if not limit or limit < 1 or limit > ITEMS_MOST or limit ~= math.floor(limit) then
    return refuse(call, 400, "invalid_request", ("limit must be from 1 to %d"):format(ITEMS_MOST), "limit")
  end
  local items = named(json.decode(record.input, { raw = RAW }), id)
  if call:query "order" ~= "asc" then items = reversed(items) end
  local first = first_of(items, call:query "after")
  if not first then return refuse(call, 400, "invalid_request", "after names no item of this response", "after") end
  answer(call, json.encode(page_of(items, first, limit)))
end

local HANDLERS = {
  GET = { [""] = retrieve, ["/input_items"] = input_items },
  DELETE = { [""] = delete },
  POST = { ["/cancel"] = cancel },
}
HANDLERS.HEAD = HANDLERS.GET

--- What a method and the rest of a path mean, of a kept response.
local function handler_of(method, rest)
  return (HANDLERS[method] or {})[rest]
end

-- All ----------------------------------------------------------------------------------------------------------------

local function serve_kept(call, id, rest, record)
  local handle = handler_of(call:method(), rest)
  if handle then return handle(call, id, record) end
  refuse(call, 405, "method_not_supported", "this is not possible with a response")
end

---@class ResponsesElsewhere how to reach what is not kept here (lua/forward.lua)
---@field default fun(): table?, Failure? the target that has what nobody remembers
---@field named fun(name: string): table?, Failure?
---@field to fun(call: table, target: table) sends a call there, path and all
---@field other fun(call: table) a path that names no response

--- The target that has a response; nil when the client has been told why not.
local function place_of(call, id, elsewhere)
  local name = responses.target(call, id)
  if name == false or not name and responses.is_own(id) then return refuse_unknown(call, id) end
  local target, failure
  if name then
    target, failure = elsewhere.named(name)
  else
    target, failure = elsewhere.default()
  end
  if target then return target end
  call:refuse(failure.status, failure.type, failure.code, failure.message)
end

--- An id, or a word, as it stands: written otherwise it would be looked for under another name than it is found by
--- whoever decodes it, and be nobody's.
local function is_plain(id)
  return id ~= nil and id:find "^[%w_%-.:~]+$" ~= nil
end

--- Serves one of these paths.
---@param call table
---@param elsewhere ResponsesElsewhere
function serve.run(call, elsewhere)
  local id, rest = call:path():match "^/v1/responses/([^/]*)(.*)$"
  if not is_plain(id) then return refuse_unknown(call, id) end
  if not id:find "^resp_" and responses.target(call, id) == nil then return elsewhere.other(call) end
  local record = responses.find(call, id)
  if record then return serve_kept(call, id, rest, record) end
  local target = place_of(call, id, elsewhere)
  if target then elsewhere.to(call, target) end
end

return serve
