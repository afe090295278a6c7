-- SPDX-License-Identifier: Apache-2.0
--- Claude through InvokeModel: Anthropic's body with what differs on Bedrock.

local base64 = require "gateway.base64"
local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "bedrock_invoke")
local provider = spec.script("providers", "bedrock-invoke")

local function sent(body, model, more)
  local made, failure = dialect.request(bedrock.call(body, model, more), provider)
  if not made then return nil, failure end
  return assert(json.decode(made.body)), made
end

local function user(parts) return { messages = json.array { { role = "user", content = json.array(parts) } } } end

describe("the body for InvokeModel", function()
  it("names Bedrock's version, and neither model nor stream nor what is Anthropic's alone", function()
    local body, made = sent({ service_tier = "auto", stream = true }, nil, { stream = true })
    assert.equal("bedrock-2023-05-31", body.anthropic_version)
    for _, name in ipairs { "model", "stream", "service_tier", "mcp_servers", "container" } do
      assert.is_nil(body[name])
    end
    assert.equal("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream", made.path)
    assert.equal("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke", select(2, sent {}).path)
  end)

  it("has the traits of the model behind the name", function()
    assert.equal(64000, sent({ max_tokens = 999999 }).max_tokens)
    assert.equal(8192, sent({ max_tokens = 999999 }, "anthropic.claude-3-5-sonnet-20241022-v2:0").max_tokens)
    assert.equal(0.5, sent({ temperature = 0.5 }).temperature)
    assert.is_nil(sent({ temperature = 0.5 }, "us.anthropic.claude-opus-4-8-v1").temperature)
  end)

  it("#17 has markers without lifetimes on older models, and (3) none for the whole request", function()
    local hour = { type = "ephemeral", ttl = "1h" }
    local request = user { { type = "text", text = "a", cache_control = hour } }
    assert.are.same(hour, sent(request).messages[1].content[1].cache_control)
    request = user { { type = "text", text = "a", cache_control = hour } }
    assert.are.same({ type = "ephemeral" },
      sent(request, "anthropic.claude-3-7-sonnet-20250219-v1:0").messages[1].content[1].cache_control)
    request = user { { type = "text", text = "a" }, { type = "text", text = "b" } }
    request.cache_control = { type = "ephemeral" }
    local body = sent(request)
    assert.is_nil(body.cache_control)
    assert.is_nil(body.messages[1].content[1].cache_control)
    assert.are.same({ type = "ephemeral" }, body.messages[1].content[2].cache_control)
  end)

  it("#45 has the betas that Bedrock knows as a list", function()
    local more = { headers = { ["anthropic-beta"] = "files-api-2025-04-14,context-1m-2025-08-07" } }
    local body, made = sent({}, nil, more)
    assert.are.same({ "context-1m-2025-08-07" }, body.anthropic_beta)
    assert.is_nil(made.headers["anthropic-beta"])
    assert.is_nil(sent({}).anthropic_beta)
  end)

  it("#30 has images fetched", function()
    local request = user { { type = "image_url", image_url = { url = "https://a.example/b.png" } } }
    local body = sent(request, nil, { fetch = function() return "GIF89a...", "image/png" end })
    assert.are.same({ type = "base64", media_type = "image/gif", data = base64.encode "GIF89a..." },
      body.messages[1].content[1].source)
    local failure = { status = 400 }
    assert.equal(failure, select(2, sent(request, nil, { fetch = function() return nil, failure end })))
  end)

  it("#52 keeps the arguments of calls as they were written", function()
    local made = dialect.request(bedrock.call { messages = json.array {
      { role = "user", content = "a" }, bedrock.called("c1", "f", '{"z":1.0,"a":1}'),
      { role = "tool", tool_call_id = "c1", content = "r" },
    } }, provider)
    assert.is_truthy(made.body:find('{"z":1.0,"a":1}', 1, true))
  end)

  it("is counted without being sent", function()
    local count = dialect.surfaces.count_tokens
    local made = count.request(bedrock.call({}, nil, { surface = "count_tokens" }), provider)
    assert.equal("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens", made.path)
    local body = json.decode(base64.decode(json.decode(made.body).input.invokeModel.body))
    assert.equal("bedrock-2023-05-31", body.anthropic_version)
    assert.equal('{"input_tokens":3}', (count.response({}, '{"inputTokens":3}', {})))
  end)

  it("is refused when Anthropic's would be", function()
    local body, failure = sent { n = 2 }
    assert.is_nil(body)
    assert.equal("n", failure.param)
  end)
end)
