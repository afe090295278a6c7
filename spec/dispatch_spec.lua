-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local dispatch = spec.module "dispatch"

local LOOKS = { key = { id = "k", scopes = { "read_only" } } }

--- A handler that says who it is.
local function says(word)
  return function(call, view, params) view.respond(call, 200, { word = word, params = params }) end
end

local function error_of(answer)
  return { answer.status, answer.json.error.type, answer.json.error.code }
end

describe("a path below /admin/", function()
  local api = spec.admin {
    { path = "/admin/keys", GET = says "list", POST = says "make" },
    { path = "/admin/keys/{id}", GET = says "one", DELETE = says "end" },
    { path = "/admin/keys/new", GET = says "form" },
    { path = "/admin/{kind}/{id}/log", scope = "admin", GET = says "log" },
    { path = "/admin/notes", scope = "read_only", POST = says "note" },
  }
  local function word(method, path) return api:ask(method, path).json.word end

  it("is served by the handler of its method", function()
    assert.are.equal("list", word("GET", "/admin/keys"))
    assert.are.equal("make", word("POST", "/admin/keys"))
    assert.are.equal("end", word("DELETE", "/admin/keys/7"))
  end)

  it("is served by the literal before the parameter", function()
    assert.are.equal("form", word("GET", "/admin/keys/new"))
    assert.are.equal("one", word("GET", "/admin/keys/newer"))
  end)

  it("hands its parameters on, with %41 resolved", function()
    assert.are.same({ id = "a b/c%zz" }, api:ask("GET", "/admin/keys/a%20b%2Fc%zz").json.params)
    assert.are.same({ kind = "keys", id = "7" }, api:ask("GET", "/admin/keys/7/log").json.params)
  end)

  it("is served to HEAD by GET", function()
    assert.are.equal("list", word("HEAD", "/admin/keys"))
    assert.are.equal("GET, HEAD, POST", api:ask("PUT", "/admin/keys").headers.Allow)
  end)

  it("that nobody serves is a 404", function()
    for _, path in ipairs { "/admin/key", "/admin/keys/", "/admin/keys/7/", "/admin//7/log", "/admin/%6Beys" } do
      local answer = api:ask("GET", path)
      assert.are.same({ 404, "invalid_request_error", "unknown_url" }, error_of(answer))
      assert.are.equal(("Unknown request URL: GET %s. Check the path; the documentation lists what is served."):format(
        path), answer.json.error.message)
    end
  end)

  it("refuses other methods with those it serves", function()
    local answer = api:ask("OPTIONS", "/admin/keys/7")
    assert.are.same({ 405, "invalid_request_error", "method_not_supported" }, error_of(answer))
    assert.are.equal("GET, HEAD, DELETE", answer.headers.Allow)
    assert.are.equal("Only GET, HEAD, DELETE requests are accepted on /admin/keys/7.", answer.json.error.message)
  end)

  it("lets read_only look and admin change, unless its scope says otherwise", function()
    assert.are.equal(200, api:ask("GET", "/admin/keys", LOOKS).status)
    assert.are.equal(200, api:ask("HEAD", "/admin/keys", LOOKS).status)
    assert.are.equal(200, api:ask("POST", "/admin/notes", LOOKS).status)
    for _, asked in ipairs { "POST /admin/keys", "GET /admin/keys/7/log", "DELETE /admin/keys/7" } do
      local method, path = asked:match "(%S+) (%S+)"
      local answer = api:ask(method, path, LOOKS)
      assert.are.same({ 403, "permission_error", "insufficient_scope" }, error_of(answer))
      assert.are.equal("insufficient permissions", answer.json.error.message)
    end
  end)
end)

describe("two scripts", function()
  local function both(first, second)
    local paths = dispatch.new()
    assert.is_nil(dispatch.add(paths, "a", { first }))
    return dispatch.add(paths, "b", { second })
  end

  it("may share a path", function()
    assert.is_nil(both({ path = "/admin/x", GET = print }, { path = "/admin/x", POST = print }))
  end)

  it("must not serve the same method of it, whatever its parameters are called", function()
    assert.are.equal("admin/b.lua: GET /admin/x is served by admin/a.lua already",
      both({ path = "/admin/x", GET = print }, { path = "/admin/x", GET = print }))
    assert.are.equal("admin/b.lua: PUT /admin/x/{b} is served by admin/a.lua already",
      both({ path = "/admin/x/{a}", PUT = print }, { path = "/admin/x/{b}", PUT = print }))
  end)
end)

describe("a handler", function()
  local function serve(run)
    local answered
    dispatch.serve(
      (function()
        local paths = dispatch.new()
        dispatch.add(paths, "mine", { { path = "/admin/x", GET = run } })
        return paths
      end)(), {
        method = function() return "GET" end, path = function() return "/admin/x" end,
        trace_id = function() return "t" end, says = function(_, word) return word == "canary" end,
        answered = function() return answered ~= nil end,
        respond = function() answered = { 200 } end,
        refuse = function(_, ...) answered = { ... } end,
      }, {})
    return answered, spec.logged()[1]
  end

  it("that raises is a 500 with its line in the log, without words of the request", function()
    local answer, line = serve(function() error "no canary here" end)
    assert.are.same({ 500, "server_error", "script_error", "the gateway could not complete the request" }, answer)
    assert.are.same({ "script failed", "admin/mine", "script_error", "t" },
      { line.msg, line.script, line.code, line.trace_id })
    assert.matches(": no %[withheld%] here$", line.error)
  end)

  it("that returns without an answer is a 500", function()
    local answer, line = serve(function() end)
    assert.are.equal(500, answer[1])
    assert.matches("without an answer", line.error)
  end)

  it("that fails after its answer has given it", function()
    local answer, line = serve(function(call)
      call:respond()
      error "late"
    end)
    assert.are.same({ 200 }, answer)
    assert.matches("late", line.error)
  end)
end)

describe("spec.admin", function()
  it("raises what a handler raises, and an answer too many", function()
    local api = spec.admin {
      { path = "/admin/x", GET = function() error("on purpose", 0) end },
      { path = "/admin/twice", GET = function(call) call:respond(204); call:respond(204) end },
    }
    assert.has_error(function() api:ask("GET", "/admin/x") end, "on purpose")
    assert.has_error(function() api:ask("GET", "/admin/twice") end)
  end)

  it("refuses what the contract refuses", function()
    assert.has_error(function() spec.admin { path = "/admin/x" } end)
  end)

  it("reads bodies and refuses what is no JSON", function()
    local api = spec.admin {
      path = "/admin/x", POST = function(call, view)
        local value = view.read(call)
        if value ~= nil then view.respond(call, 201, value, { ["X-A"] = "b" }) end
      end,
    }
    local answer = api:ask("POST", "/admin/x", { body = { a = 1 } })
    assert.are.same({ 201, { a = 1 }, { ["Cache-Control"] = "no-store", ["X-A"] = "b" } },
      { answer.status, answer.json, answer.headers })
    assert.are.same({ 400, "invalid_request_error", "invalid_request" },
      error_of(api:ask("POST", "/admin/x", { body = "{" })))
  end)
end)
