-- SPDX-License-Identifier: Apache-2.0
local spec = require "gateway.spec"

local contract = spec.script("admin", "contract")

local function problem(script) return select(2, contract.check(script)) end
local function nothing() end

describe("the contract of admin scripts", function()
  it("takes functions by endpoints and nothing else", function()
    assert.matches("table", problem(7))
    assert.matches("no endpoint", problem {})
    assert.matches("models must be a function", problem { models = 1 })
    assert.matches("must be a name", problem { ["get /x"] = nothing })
    assert.matches('^unknown endpoint "helth"; did you mean "health"%?', problem { helth = nothing })
    assert.matches("path of your own", problem { hello = nothing })
  end)

  it("takes a handler table, or a list of them", function()
    local one = { path = "/admin/hello/{name}/v1.2_~-", scope = "read_only", GET = nothing, PUT = nothing }
    assert.is_nil(problem(one))
    assert.is_nil(problem { one, { path = "/admin/x", DELETE = nothing } })
    assert.matches("^unknown member .-x.* %(handler table 2%)$", problem { one, { path = "/admin/x", x = nothing } })
    assert.matches("must be a handler table, got a string %(handler table 2%)", problem { one, "x" })
    assert.matches("scope has no place", problem { one, scope = "admin" })
  end)

  it("tells members that nobody knows", function()
    assert.matches('^unknown member "Path"; did you mean "path"%?', problem { Path = "/admin/x", GET = nothing })
    assert.matches('^unknown member "PSOT"; did you mean "POST"%?', problem { path = "/admin/x", PSOT = nothing })
    assert.matches('^unknown member "HEAD"', problem { path = "/admin/x", HEAD = nothing })
    assert.matches("^GET must be a function%(call, view, params%), got a num", problem { path = "/admin/x", GET = 1 })
    assert.matches("^path must be a string", problem { path = 7, GET = nothing })
    assert.matches("^path is missing", problem { GET = nothing })
    assert.matches("^needs a handler", problem { path = "/admin/x" })
    assert.matches('^scope must be "read_only" or "admin"', problem {
      path = "/admin/x", GET = nothing, scope = "all",
    })
  end)

  it("takes paths below /admin/ of plain segments and parameters", function()
    local function path(text) return problem { path = text, GET = nothing } end
    for _, text in ipairs { "/admin", "/v1/x", "admin/x", "/administer", "" } do
      assert.matches("^path must begin", path(text))
    end
    for _, text in ipairs { "/admin/", "/admin/x/", "/admin//x" } do assert.matches("empty segments", path(text)) end
    for _, text in ipairs { "x y", "..", ".", "*", "a{b}", "{}", "{1}", "{a-b}", "%41", "a?b", "a\n" } do
      assert.matches("^path must have segments", path("/admin/" .. text))
    end
    assert.matches("{id} twice", path "/admin/{id}/{id}")
    assert.matches("longer than 200", path("/admin/" .. ("x"):rep(200)))
  end)

  it("is kept by every bundled one", function()
    for _, name in ipairs(spec.list "admin") do assert.is_true(contract.check(spec.script("admin", name))) end
  end)
end)
