-- SPDX-License-Identifier: Apache-2.0

local json = require "gateway.json"
local spec = require "gateway.spec"

--- An endpoint that answers each input with `result(text)`.
local function endpoint(result)
  return spec.upstream(function(request)
    local results = {}
    for i, text in ipairs(json.decode(request.body).input) do results[i] = result(text) end
    return { status = 200, headers = {}, body = json.encode { results = json.array(results) } }
  end)
end

local function scored(violence)
  return function() return { flagged = violence > 0.5, category_scores = { violence = violence } } end
end

describe("moderation", function()
  local request

  before_each(function()
    request = spec.request { messages = {
      { role = "system", content = "one" }, { role = "user", content = { { type = "text", text = "two" } } },
    } }
  end)
  after_each(function() spec.upstream(nil) end)

  it("asks the endpoint about every text, with its key", function()
    local asked = endpoint(scored(0))
    local plugin = spec.plugin("moderation", { url = "https://mod.example/v1/moderations", api_key = "k", model = "m" })
    assert.is_nil(plugin:before_request(request))
    assert.are.equal(1, #asked)
    assert.are.same({ model = "m", input = { "one", "two" } }, json.decode(asked[1].body))
    assert.are.same({ "POST", "https://mod.example/v1/moderations", "Bearer k" },
      { asked[1].method, asked[1].url, asked[1].headers.Authorization })
  end)

  it("refuses what is flagged, or reaches a threshold", function()
    endpoint(scored(0.6))
    assert.are.equal("content_flagged", spec.plugin("moderation"):before_request(request).code)
    local plugin = spec.plugin("moderation", { categories = { violence = 0.7 } })
    assert.is_nil(plugin:before_request(request))
    endpoint(scored(0.7))
    assert.are.equal(400, plugin:before_request(request).status)
  end)

  it("looks at the answer when it is told to", function()
    local asked = endpoint(scored(1))
    local plugin = spec.plugin("moderation", { request = false, response = true })
    assert.is_nil(plugin:before_request(request))
    local verdict = plugin:after_request(request, spec.answer { text = "said" })
    assert.are.same({ 502, "content_flagged" }, { verdict.status, verdict.code })
    assert.are.same({ "said" }, json.decode(asked[1].body).input)
  end)

  it("refuses, or lets through when told to, what it cannot ask about", function()
    local answers = {
      function() return nil, "no", "timeout" end,
      function() return { status = 500, headers = {}, body = "" } end,
      function() return { status = 200, headers = {}, body = "no JSON" } end,
      function() return { status = 200, headers = {}, body = '{"results":[]}' } end,
      function() return { status = 200, headers = {}, body = '{"results":[{},{}]}' } end,
      function() return { status = 200, headers = {}, body = '{"results":[1,2]}' } end,
    }
    for _, answer in ipairs(answers) do
      spec.upstream(answer)
      local verdict = spec.plugin("moderation"):before_request(request)
      assert.are.same({ 503, "moderation_unavailable" }, { verdict.status, verdict.code })
      assert.is_nil(spec.plugin("moderation", { on_failure = "allow" }):before_request(request))
    end
    assert.are.equal(2 * #answers, spec.counted "moderation.unavailable")
  end)

  it("does not pass for inspected what is too large", function()
    endpoint(scored(0))
    local plugin = spec.plugin("moderation", { max_bytes = 5 })
    assert.are.equal("moderation_unavailable", plugin:before_request(request).code)
  end)

  it("puts many texts into few", function()
    local asked = endpoint(scored(0))
    local messages = {}
    for i = 1, 100 do messages[i] = { role = "user", content = "t" .. i } end
    assert.is_nil(spec.plugin("moderation"):before_request(spec.request { messages = messages }))
    local input = json.decode(asked[1].body).input
    assert.are.equal(32, #input)
    assert.is_not_nil(input[32]:find("t32\nt33\n.*\nt100$"))
  end)

  it("asks nobody about nothing", function()
    local asked = endpoint(scored(1))
    assert.is_nil(spec.plugin("moderation"):before_request(spec.request { text = "" }))
    assert.are.equal(0, #asked)
  end)
end)
