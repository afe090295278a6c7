-- SPDX-License-Identifier: Apache-2.0
--- lua/model_names.lua: lists of models in any vendor's words.

local spec = require "gateway.spec"

local model_names = spec.module "model_names"

describe("a provider's list of models", function()
  it("is read in OpenAI's and Anthropic's words, each name once and in order", function()
    local names, count = model_names.read [[{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":"b"}]}]]
    assert.are.equal("a\nb", names)
    assert.are.equal(2, count)
    assert.are.equal("claude", (model_names.read [[{"data":[{"type":"model","id":"claude"}],"has_more":false}]]))
  end)

  it("is read as a bare array", function()
    assert.are.equal("a\nb", (model_names.read [==[ [{"id":"a"},"b"] ]==]))
  end)

  it("is read in Gemini's, Ollama's and Cohere's words", function()
    assert.are.equal("gemini-x", (model_names.read [[{"models":[{"name":"models/gemini-x","version":"1"}]}]]))
    assert.are.equal("llama3:8b", (model_names.read [[{"models":[{"name":"llama3:8b","model":"llama3:8b","size":4}]}]]))
    assert.are.equal("command-r", (model_names.read [[{"models":[{"name":"command-r","endpoints":["chat"]}]}]]))
  end)

  it("is read in Bedrock's and Cloudflare's words", function()
    assert.are.equal("amazon.nova-pro-v1:0",
      (model_names.read [[{"modelSummaries":[{"modelArn":"arn:x","modelId":"amazon.nova-pro-v1:0"}]}]]))
    assert.are.equal("@cf/meta/llama",
      (model_names.read [[{"success":true,"result":[{"id":"1-2","name":"@cf/meta/llama"}]}]]))
  end)

  it("that goes on and on is not taken", function()
    local function listed(count)
      local entries = {}
      for i = 1, count do entries[i] = ('{"id":"m%d"}'):format(i) end
      return model_names.read('{"data":[' .. table.concat(entries, ",") .. "]}")
    end
    assert.are.equal(3000, select(2, listed(3000)))
    assert.are.same({ nil, "the answer names more than 3000 models" }, { listed(3001) })
  end)

  it("that names nothing, or is none, is told so", function()
    local function problem(text) return select(2, model_names.read(text)) end
    assert.are.equal("the answer names no model", problem [[{"data":[]}]])
    assert.are.equal("the answer names no model", problem '{"data":[{"id":""},{"id":"a b"},{"id":7},null,[]]}')
    for _, text in ipairs { "", "<html>", "{}", "7", '["a"', '{"data":{"id":"a"}}', '{"data":[{"id":"a"}]' } do
      assert.are.equal("the answer is no list of models", problem(text), text)
    end
  end)
end)
