-- SPDX-License-Identifier: Apache-2.0

local forward_path = require("gateway.spec").module "forward_path"

describe("a path that is forwarded", function()
  it("loses the gateway's /v1 and nothing else", function()
    assert.equal("/files/a%20b", (forward_path.below "/v1/files/a%20b"))
    assert.equal("/a;x=1/b.c/...", (forward_path.below "/v1/a;x=1/b.c/..."))
    assert.equal("/files/a%2Fb", (forward_path.below "/v1/files/a%2Fb"))
    assert.equal("/a/", (forward_path.below "/v1/a/"))
    assert.equal("/", (forward_path.below "/v1/"))
    assert.equal("/a%zz%", (forward_path.below "/v1/a%zz%"))
  end)

  for _, path in ipairs {
    "/v1/../x", "/v1/a/..", "/v1/.", "/v1/./a", "/v1/a/%2e%2E/b", "/v1/a/.%2e", "/v1/..;a=b/x", "/v1/a/%2e%2e;x/b",
    "/v1/..%5cx", "/v1/a%2f..%2fb", "/v1/%252e%252e/x", "/v1/a%252f%252e%252e", "/v1//x", "/v1/a//b", "/v2/x", "/v1x/a",
    "/v1/a%0ab", "/v1/a%2500", "/v1/%72esponses/resp_1", "/v1/responses%2Fresp_1", "/v1/%2572esponses/resp_1",
  } do
    it("is refused when it is " .. path, function()
      local rest, failure = forward_path.below(path)
      assert.is_nil(rest)
      assert.equal("invalid_proxy_path", failure.code)
    end)
  end

  it("may be encoded seven times over, and not eight", function()
    local function encoded(times) return "/v1/%" .. ("25"):rep(times - 1) .. "41" end
    assert.equal(encoded(7):sub(4), (forward_path.below(encoded(7))))
    assert.is_nil((forward_path.below(encoded(8))))
  end)
end)

describe("a query's parameter", function()
  it("is found and decoded", function()
    assert.equal("a b/c", forward_path.parameter("x=1&model=a+b%2Fc&model=z", "model"))
    assert.is_nil(forward_path.parameter("models=a", "model"))
    assert.is_nil(forward_path.parameter("", "model"))
  end)

  it("is replaced with everything else as it was", function()
    assert.equal("x=1&model=a%2Fb%20c&y", forward_path.with_parameter("x=1&model=z&y", "model", "a/b c"))
  end)
end)
