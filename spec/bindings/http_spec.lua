-- SPDX-License-Identifier: Apache-2.0

local http = require "gateway.http"
local spec = require "gateway.spec"

--- Against a real server: tests/play/a-script-may-call-who-is-allowed.mjs.
describe("gateway.http in specs", function()
  after_each(function() spec.upstream(nil) end)

  it("has no network until a spec says what answers", function()
    assert.has_error(function() http.fetch { url = "https://example.com/" } end,
      "no network in specs: say what answers with spec.upstream(function)")
  end)

  it("hands the request to the fake and its answer back", function()
    local requests = spec.upstream(function(request)
      return { status = 201, headers = { ["x-a"] = "1" }, body = request.body .. "!" }
    end)
    local answer = http.fetch { url = "https://example.com/x?y=1", body = "hi", headers = { ["X-B"] = "2" } }
    assert.are.same({ status = 201, headers = { ["x-a"] = "1" }, body = "hi!" }, answer)
    assert.are.same({ { url = "https://example.com/x?y=1", method = "POST", body = "hi", headers = { ["X-B"] = "2" },
      timeout_ms = 5000 } }, requests)
  end)

  it("lets the fake fail as the network does", function()
    spec.upstream(function() return nil, "nobody is there", "refused" end)
    local answer, message, code = http.fetch { url = "http://127.0.0.1:1/" }
    assert.are.same({ "nobody is there", "refused" }, { message, code })
    assert.is_nil(answer)
  end)

  it("gets without a body and posts with one, unless told", function()
    local requests = spec.upstream(function() return { status = 200, headers = {}, body = "" } end)
    http.fetch { url = "https://a.example" }
    http.fetch { url = "https://a.example", body = "" }
    http.fetch { url = "https://a.example", body = "", method = "PUT" }
    assert.are.same({ "GET", "POST", "PUT" }, { requests[1].method, requests[2].method, requests[3].method })
  end)

  it("says bad_url to what is no address of its own", function()
    spec.upstream(function() error "must not be asked" end)
    for _, url in ipairs {
      "", "example.com", "ftp://example.com/", "https://user:secret@example.com/", "https://", "https://[::1/",
      "https://example.com?x=1", "https://example.com#x", "https://0x7f.1/", "https://127.1/", "https://exa mple.com/",
      "https://example.com:0/", "https://example.com:99999/",
    } do
      local answer, message, code = http.fetch { url = url }
      assert.are.same({ nil, "bad_url" }, { answer, code }, url)
      assert.is_nil(message:find("secret", 1, true))
    end
  end)

  it("raises on what is a mistake of the script's", function()
    for _, options in ipairs {
      {}, { url = 5 }, { url = "https://a.example", timeout = 5 }, { url = "https://a.example", timeout_ms = 60001 },
      { url = "https://a.example", timeout_ms = 0 }, { url = "https://a.example", body = {} },
      { url = "https://a.example", allow = "a.example" }, { url = "https://a.example", headers = "x" },
      { url = "https://a.example", max_bytes = 9 * 1024 * 1024 },
    } do
      assert.has_error(function() http.fetch(options) end)
    end
    assert.has_error(function() http.fetch "https://a.example" end)
  end)
end)
