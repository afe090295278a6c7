-- SPDX-License-Identifier: Apache-2.0
--- What is edited in a body that else goes out as it came: nested members, bounds, defaults, other surfaces.

local json = require "gateway.json"
local spec = require "gateway.spec"

local dialect = spec.script("providers/dialects", "openai_chat")

--- The body after the edits for a provider; members that the edits removed are gone.
local function edited(text, provider, model, surface)
  local members, raw = assert(json.decode(text)), {}
  for name, value in pairs(members) do raw[name] = json.encode(value) end
  local call = { raw = function(_, name) return raw[name] end }
  for _, edit in ipairs(dialect.edits(call, spec.script("providers", provider), model or "m", surface)) do
    local old = raw[edit.name]
    raw[edit.name] = edit.verb == "set" and edit.value or nil
    if edit.verb == "rename" then raw[edit.value] = old end
  end
  local made = {}
  for name, value in pairs(raw) do made[name] = json.decode(value) end
  return made
end

describe("messages", function()
  it("lose names and nulls for Groq, which answers 400 to them", function()
    local made = edited('{"messages":[{"role":"user","name":"me","content":"a"},'
      .. '{"role":"assistant","content":null,"function_call":null,"tool_calls":[{"id":"c","type":"function",'
      .. '"function":{"name":"f","arguments":"{\\"b\\":1,\\"a\\":1.0}"}}]}]}', "groq")
    assert.is_nil(made.messages[1].name)
    assert.is_nil(made.messages[2].function_call)
    assert.equal(json.null, made.messages[2].content)
    assert.equal("f", made.messages[2].tool_calls[1]["function"].name)
    assert.equal('{"b":1,"a":1.0}', made.messages[2].tool_calls[1]["function"].arguments)
  end)

  it("of text parts are one string for models of texts", function()
    local made = edited('{"messages":['
      .. '{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},'
      .. '{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]}]}',
      "sambanova")
    assert.equal("ab", made.messages[1].content)
    assert.equal(2, #made.messages[2].content)
  end)

  it("stay as they are where nothing is asked of them", function()
    local call = { raw = function(_, name) return name == "messages" and '[{"role":"user","content":"a"}]' or nil end }
    for _, name in ipairs { "openai", "groq", "sambanova", "novita" } do
      assert.same({}, dialect.edits(call, spec.script("providers", name), "m"), name)
    end
  end)
end)

describe("other surfaces", function()
  it("lose what their vendor refuses there", function()
    local made = edited('{"prompt":"p","size":"1x1","quality":"hd","style":"vivid"}', "xai", "grok-2-image", "images")
    assert.same({ prompt = "p" }, made)
    made = edited('{"prompt":"p","response_format":"url"}', "openai", "gpt-image-1", "images")
    assert.is_nil(made.response_format)
    made = edited('{"prompt":"p","response_format":"url"}', "openai", "dall-e-3", "images")
    assert.equal("url", made.response_format)
  end)

  it("get what their vendor cannot do without", function()
    assert.equal("passage", edited('{"input":"a"}', "nvidia-nim", "m", "embeddings").input_type)
    assert.equal("query", edited('{"input":"a","input_type":"query"}', "nvidia-nim", "m", "embeddings").input_type)
    assert.is_nil(edited('{"messages":[]}', "nvidia-nim", "m", "chat").input_type)
  end)

  it("know names of their own", function()
    local made = edited('{"input":"a","dimensions":8,"user":"u"}', "mistral", "mistral-embed", "embeddings")
    assert.equal(8, made.output_dimension)
    assert.is_nil(made.dimensions)
    assert.is_nil(made.user)
  end)
end)

describe("a default", function()
  it("stands where the client wrote nothing, under either name", function()
    assert.equal(2048, json.number(edited('{"messages":[]}', "cloudflare").max_tokens))
    assert.equal(9, json.number(edited('{"messages":[],"max_tokens":9}', "cloudflare").max_tokens))
    assert.equal(9, json.number(edited('{"messages":[],"max_completion_tokens":9}', "cloudflare").max_tokens))
  end)
end)
