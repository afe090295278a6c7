-- SPDX-License-Identifier: Apache-2.0
--- Replicate beyond its transcripts.

local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local provider = spec.script("providers", "replicate")
local dialect = spec.script("providers/dialects", "replicate")
local way = ways.through(dialect, provider, "meta/llama")

local function user(content) return { role = "user", content = content } end

describe("a prediction", function()
  it("is created where its model's name says", function()
    local version = ("ab"):rep(32)
    for model, expected in pairs {
      ["meta/llama"] = { "/models/meta/llama/predictions" },
      ["meta/llama:v1"] = { "/predictions", "v1" },
      [version] = { "/predictions", version },
      ["deployments/acme/mine"] = { "/deployments/acme/mine/predictions" },
    } do
      local body, made = way:sent({}, model)
      assert.equal(expected[1], made.path)
      assert.equal(expected[2], body.version)
    end
  end)

  it("is not created for a name that is none", function()
    for _, model in ipairs { "llama", "../x", "a/../b", "a/b/c", "a/b?c" } do
      local made, failure = way:sent({}, model)
      assert.is_nil(made, model)
      assert.equal("model", failure.param)
    end
  end)

  it("has a conversation as lines, or as the operator's template says", function()
    local messages = json.array { user "a", { role = "assistant", content = "b" }, user "c" }
    assert.equal("User: a\nAssistant: b\nUser: c\nAssistant:", way:sent({ messages = messages }).input.prompt)
    local sent = way:sent({ messages = messages }, nil, { variables = { template = "chatml" } })
    assert.truthy(sent.input.prompt:find("<|im_start|>user\na<|im_end|>", 1, true))
  end)

  it("has the last image, and what only this model knows", function()
    local sent = way:sent {
      messages = json.array {
        ways.part { type = "image_url", image_url = { url = "https://a.example/1" } },
        ways.part { type = "image_url", image_url = "https://a.example/2" }, user "Hi",
      },
      input = { max_new_tokens = 5 }, max_tokens = 9,
    }
    assert.equal("https://a.example/2", sent.input.image)
    assert.equal(5, sent.input.max_new_tokens)
    assert.equal(9, sent.input.max_tokens)
  end)

  it("takes no tools", function()
    local made, failure = way:sent { tools = json.array { ways.tool "f" } }
    assert.is_nil(made)
    assert.equal("tools", failure.param)
    assert.truthy(way:sent { tools = json.array { ways.tool "f" }, tool_choice = "none" })
  end)

  it("#72 without output says nothing, with other output its JSON", function()
    local function said(output)
      local made = way:answered { id = "p", status = "succeeded", output = output }
      return made.choices[1].message.content
    end
    assert.equal("", said(json.null))
    assert.equal("a", said "a")
    assert.equal("ab", said(json.array { "a", "b" }))
    assert.equal('{"a":1}', said { a = 1 })
  end)

  it("that said as much as it may was stopped", function()
    local call = way:call { max_tokens = 3 }
    assert(dialect.request(call, provider))
    local prediction = { id = "p", status = "succeeded", output = "a", metrics = { output_token_count = 3 } }
    local made = way:answered(prediction, call)
    assert.equal("length", made.choices[1].finish_reason)
  end)

  it("that was refused for its content says so", function()
    local made, failure = way:answered { id = "p", status = "failed", error = "NSFW content detected" }
    assert.is_nil(made)
    assert.equal("content_filter", failure.code)
    made, failure = way:answered { id = "p", status = "canceled" }
    assert.is_nil(made)
    assert.equal(502, failure.status)
  end)

  it("#104 is undone when the call is cut short, and not once it has ended", function()
    local undone = {}
    local call = way:call({}, nil, {
      undo = function(request) undone[#undone + 1] = request or "nothing" end, sleep = function() end,
      ask = function()
        return { status = 200, headers = {}, text = '{"id":"p","status":"succeeded","output":"a"}' }
      end,
    })
    local urls = { get = "https://api.replicate.com/v1/predictions/p",
      cancel = "https://api.replicate.com/v1/predictions/p/cancel" }
    assert(dialect.response(call, json.encode { id = "p", status = "starting", urls = urls }, {}))
    assert.equal(urls.cancel, undone[1].url)
    assert.equal("POST", undone[1].method)
    assert.equal("nothing", undone[2])
  end)
end)

describe("a stream", function()
  it("of a model that has none is asked for whole", function()
    local call = way:call({}, nil, { stream = true, ask = function()
      return { status = 201, headers = {}, text = json.encode {
        id = "p", status = "starting", urls = { get = "https://api.replicate.com/v1/predictions/p" },
      } }
    end })
    local made = assert(dialect.request(call, provider))
    assert.is_true(made.whole)
    assert.equal("GET", made.method)
  end)

  it("that cannot be begun fails as the vendor says", function()
    local call = way:call({}, nil, { stream = true, ask = function()
      return { status = 402, headers = {}, text = '{"title":"Insufficient credit","detail":"none left"}' }
    end })
    local made, failure = dialect.request(call, provider)
    assert.is_nil(made)
    assert.equal("insufficient_quota", failure.code)
  end)

  it("that says it was cancelled is a failure", function()
    local state = dialect.stream(way:call {})
    local payloads, failure = dialect.event(state, "done", '{"reason":"canceled"}')
    assert.is_nil(payloads)
    assert.equal(502, failure.status)
  end)

  it("#90 leaves output alone that looks like the end", function()
    local state = dialect.stream(way:call {})
    local payloads = dialect.event(state, "output", "[DONE]")
    assert.equal("[DONE]", json.decode(payloads[2]).choices[1].delta.content)
    assert.is_false(state.done)
  end)
end)

describe("images", function()
  local operation = dialect.surfaces.images

  it("are addresses, or fetched where the client wants bytes", function()
    local call = {
      surface = "images", model = "a/b", created = 7, kept = {}, request = { prompt = "p", n = 2, size = "512x256" },
      fetch = function(url) return "<" .. url .. ">" end,
    }
    local made = assert(operation.request(call, provider))
    local input = json.decode(made.body).input
    assert.same({ prompt = "p", num_outputs = 2, width = 512, height = 256 }, input)
    local answer = json.encode { id = "p", status = "succeeded", output = json.array { "https://a", "https://b" } }
    local text, usage = operation.response(call, answer)
    assert.equal("https://b", json.decode(text).data[2].url)
    assert.equal(2, usage.images)
    call.request.response_format = "b64_json"
    assert.equal("PGh0dHBzOi8vYT4=", json.decode((operation.response(call, answer))).data[1].b64_json)
  end)
end)
