-- SPDX-License-Identifier: Apache-2.0
--- Responses that are kept, found again, continued, and forgotten (lua/responses.lua, lua/responses_serve.lua).

local json = require "gateway.json"
local spec = require "gateway.spec"

local responses = spec.module "responses"
local serve = spec.module "responses_serve"

local RAW = { parameters = true, schema = true }

local count = 0

--- A new id of ours.
local function new_id()
  count = count + 1
  return "resp_mg" .. ("%046x"):format(count)
end

local function call_of(key, method, path, query)
  local call = { answers = {} }
  function call.key() return key end
  function call.trace_id() return ("0"):rep(32) end
  function call.method() return method or "GET" end
  function call.path() return path end
  function call.query(_, name) return (query or {})[name] end
  function call.respond(_, status, kind, text)
    call.status, call.kind, call.body = status, kind, json.decode(text)
  end
  function call.refuse(_, status, kind, code, message, param)
    call.status, call.kind, call.code, call.message, call.param = status, kind, code, message, param
  end
  return call
end

local function items(...)
  return json.encode(json.array { ... })
end

local function user(text)
  return { type = "message", role = "user", content = text }
end

local function assistant(id, text)
  return { type = "message", id = "msg_" .. id:sub(6) .. "00", role = "assistant", content = text }
end

--- Keeps one turn of a key's.
local function keep(key, asked, said, previous, more)
  local id = new_id()
  local record = {
    id = id, input = items(user(asked)), previous = previous,
    response = json.encode { id = id, object = "response", output = json.array { assistant(id, said) } },
  }
  for name, value in pairs(more or {}) do record[name] = value end
  responses.keep(call_of(key), record)
  return id
end

local function texts(history)
  local list = {}
  for i, item in ipairs(history) do list[i] = item.content end
  return list
end

local function asked(key, method, path, query, elsewhere)
  local call = call_of(key, method, path, query)
  serve.run(call, elsewhere or {})
  return call
end

describe("a kept response", function()
  it("is found by the key that made it, and by no other", function()
    local id = keep("blue", "Hi", "Hello")
    assert.equal(200, asked("blue", "GET", "/v1/responses/" .. id).status)
    assert.equal(id, asked("blue", "GET", "/v1/responses/" .. id).body.id)
    local other = asked("red", "GET", "/v1/responses/" .. id)
    assert.same({ 404, "response_not_found" }, { other.status, other.code })
    assert.equal(("Response with id '%s' not found."):format(id), other.message)
  end)

  it("is gone once it is deleted", function()
    local id = keep("blue", "Hi", "Hello")
    assert.equal(404, asked("red", "DELETE", "/v1/responses/" .. id).status)
    local gone = asked("blue", "DELETE", "/v1/responses/" .. id)
    assert.same({ id = id, object = "response", deleted = true }, gone.body)
    assert.equal(404, asked("blue", "GET", "/v1/responses/" .. id).status)
    assert.equal(404, asked("blue", "DELETE", "/v1/responses/" .. id).status)
  end)

  it("cannot be cancelled: it is over", function()
    local call = asked("blue", "POST", "/v1/responses/" .. keep("blue", "Hi", "Hello") .. "/cancel")
    assert.same({ 400, "Cannot cancel a synchronous response." }, { call.status, call.message })
  end)

  it("is not streamed again", function()
    local call = asked("blue", "GET", "/v1/responses/" .. keep("blue", "Hi", "Hello"), { stream = "true" })
    assert.same({ 400, "stream" }, { call.status, call.param })
  end)

  it("knows no other way", function()
    assert.equal(405, asked("blue", "PUT", "/v1/responses/" .. keep("blue", "Hi", "Hello")).status)
    assert.equal(405, asked("blue", "GET", "/v1/responses/" .. keep("blue", "Hi", "Hello") .. "/other").status)
  end)

  it("is not kept when it is larger than the cache takes", function()
    local id = keep("blue", ("x"):rep(5 * 1024 * 1024), "Hello")
    assert.is_nil(responses.find(call_of "blue", id))
    assert.equal("a response is not kept", spec.logged()[1].msg)
  end)

  it("lives on when somebody goes on with it", function()
    spec.clock(1767225600)
    local id = keep("blue", "Hi", "Hello")
    spec.clock_advance(80000 * 1000)
    assert.truthy(responses.find(call_of "blue", id))
    spec.clock_advance(80000 * 1000)
    assert.truthy(responses.find(call_of "blue", id))
    spec.clock_advance(87000 * 1000)
    assert.is_nil(responses.find(call_of "blue", id))
    spec.clock()
  end)
end)

describe("input items", function()
  local function listed(query, ...)
    local id = keep("blue", "", "", nil, { input = items(...) })
    return asked("blue", "GET", "/v1/responses/" .. id .. "/input_items", query), id
  end

  it("are listed with ids, the latest first", function()
    local call, id = listed(nil, user "a", { role = "user", content = "b" }, { type = "message", id = "mine" })
    assert.equal("list", call.body.object)
    assert.same({ "mine", "msg_" .. id:sub(6) .. "i01", "msg_" .. id:sub(6) .. "i00" },
      { call.body.data[1].id, call.body.data[2].id, call.body.data[3].id })
    assert.equal("message", call.body.data[2].type)
    assert.same({ "mine", "msg_" .. id:sub(6) .. "i00" }, { call.body.first_id, call.body.last_id })
    assert.is_false(call.body.has_more)
  end)

  it("come in pages", function()
    local names = {}
    local list = { { type = "message", id = "a" }, { type = "message", id = "b" }, { type = "message", id = "c" } }
    local call = listed({ limit = "2", order = "asc" }, unpack(list))
    for i, item in ipairs(call.body.data) do names[i] = item.id end
    assert.same({ "a", "b" }, names)
    assert.is_true(call.body.has_more)
    call = listed({ limit = "2", order = "asc", after = "b" }, unpack(list))
    assert.same({ "c", "c", false }, { call.body.first_id, call.body.last_id, call.body.has_more })
  end)

  it("refuse limits and places there are not", function()
    assert.same({ 400, "limit" }, { listed({ limit = "0" }, user "a").status, listed({ limit = "x" }, user "a").param })
    assert.equal("limit", listed({ limit = "101" }, user "a").param)
    assert.equal("after", listed({ after = "nobody" }, user "a").param)
  end)

  it("may be none", function()
    local call = listed(nil)
    assert.same({ json.null, json.null }, { call.body.first_id, call.body.last_id })
  end)
end)

describe("a conversation", function()
  it("is all turns up to a response, in their order", function()
    local first = keep("blue", "1", "one")
    local second = keep("blue", "2", "two", first)
    local history = responses.continued(call_of "blue", second, RAW)
    assert.same({ "1", "one", "2", "two" }, texts(history))
  end)

  it("has the seals of its reasoning", function()
    local id = keep("blue", "1", "one", nil, { output = items({ type = "reasoning", content = "sealed" }) })
    assert.same({ "1", "sealed" }, texts((responses.continued(call_of "blue", id, RAW))))
  end)

  it("is another's, or has lost a turn: it cannot go on", function()
    local first = keep("blue", "1", "one")
    local second = keep("blue", "2", "two", first)
    local _, _, failure = responses.continued(call_of "red", second, RAW)
    assert.same({ 400, "previous_response_not_found", "previous_response_id" },
      { failure.status, failure.code, failure.param })
    responses.forget(first)
    _, _, failure = responses.continued(call_of "blue", second, RAW)
    assert.equal(("Previous response with id '%s' not found."):format(second), failure.message)
  end)

  it("that continues nothing is new", function()
    assert.is_nil(responses.continued(call_of "blue", nil, RAW))
  end)

  it("finds single items by their ids", function()
    local id = keep("blue", "1", "one")
    local name = "msg_" .. id:sub(6) .. "00"
    assert.equal("one", responses.item(call_of "blue", name, RAW).content)
    assert.is_nil(responses.item(call_of "red", name, RAW))
    assert.is_nil(responses.item(call_of "blue", "msg_" .. id:sub(6) .. "07", RAW))
    assert.is_nil(responses.item(call_of "blue", "msg_other", RAW))
  end)
end)

describe("a response that a provider has", function()
  local UNSET = { status = 501, type = "server_error", code = "responses_not_configured", message = "not configured" }

  --- What reaches targets; `default` is the configured one.
  local function elsewhere(default)
    local gone = {}
    local function found(name)
      if name then return { name = name } end
      return nil, UNSET
    end
    return {
      default = function() return found(default) end, named = found,
      to = function(_, target) gone[#gone + 1] = target.name end, other = function() gone[#gone + 1] = "other" end,
    }, gone
  end

  it("is asked for where it was made", function()
    responses.remember(call_of "blue", "openai", "resp_68a0")
    local away, gone = elsewhere "other"
    asked("blue", "GET", "/v1/responses/resp_68a0", nil, away)
    assert.same({ "openai" }, gone)
    local _, target = responses.continued(call_of "blue", "resp_68a0", RAW)
    assert.equal("openai", target)
  end)

  it("is nobody else's", function()
    responses.remember(call_of "blue", "openai", "resp_68a1")
    local away, gone = elsewhere "openai"
    assert.equal(404, asked("red", "GET", "/v1/responses/resp_68a1", nil, away).status)
    assert.same({}, gone)
    local _, _, failure = responses.continued(call_of "red", "resp_68a1", RAW)
    assert.equal("previous_response_not_found", failure.code)
  end)

  it("is nobody else's under another spelling of its id", function()
    responses.remember(call_of "blue", "openai", "resp_68a9")
    local away, gone = elsewhere "openai"
    for _, id in ipairs { "resp_68a%39", "resp%5F68a9", "%72esp_68a9", "resp_68a9;a=b", "resp_68a9%2Finput_items" } do
      assert.equal(404, asked("red", "GET", "/v1/responses/" .. id, nil, away).status)
    end
    assert.same({}, gone)
  end)

  it("is found, and is somebody's, whatever its provider's ids look like", function()
    responses.remember(call_of "blue", "xai", "0b1e-77")
    local away, gone = elsewhere "openai"
    asked("blue", "GET", "/v1/responses/0b1e-77", nil, away)
    assert.equal(404, asked("red", "GET", "/v1/responses/0b1e-77", nil, away).status)
    assert.same({ "xai" }, gone)
  end)

  it("that nobody remembers is asked for at the configured target", function()
    local away, gone = elsewhere "openai"
    asked("blue", "GET", "/v1/responses/resp_68a2/input_items", nil, away)
    assert.same({ "openai" }, gone)
    assert.same({}, { responses.continued(call_of "blue", "resp_68a2", RAW) })
  end)

  it("is told of as not configured when there is no such target", function()
    local call = asked("blue", "GET", "/v1/responses/resp_68a3", nil, (elsewhere()))
    assert.same({ 501, "responses_not_configured" }, { call.status, call.code })
  end)

  it("is never asked for by an id of ours", function()
    local away, gone = elsewhere "openai"
    assert.equal(404, asked("blue", "GET", "/v1/responses/" .. new_id(), nil, away).status)
    assert.same({}, gone)
  end)

  it("is not what every path names", function()
    local away, gone = elsewhere "openai"
    asked("blue", "POST", "/v1/responses/input_tokens", nil, away)
    asked("blue", "POST", "/v1/responses/compact", nil, away)
    assert.same({ "other", "other" }, gone)
  end)
end)
