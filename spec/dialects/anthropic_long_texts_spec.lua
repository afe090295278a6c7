-- SPDX-License-Identifier: Apache-2.0
--- Long texts that no script reads go to Anthropic and come back as they were written.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local dialect, provider = anthropic.dialect, anthropic.provider

local WORDS = ([[caf\u00e9 \/ \"x\" \ud83d\ude00 ]]):rep(20)

local function made(messages)
  local call = anthropic.call('{"messages":[' .. messages .. "]}")
  return assert(dialect.request(call, provider)).body
end

local function holds(text, part) assert.is_truthy(text:find(part, 1, true)) end

local READ = json.decode('"' .. WORDS .. '"')

describe("a long text", function()
  it("of a message or a part keeps its escapes", function()
    for _, message in ipairs {
      '{"role":"user","content":"%s"}', '{"role":"user","content":[{"type":"text","text":"%s"}]}',
      '{"role":"system","content":"%s"},{"role":"user","content":"x"}',
      '{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]},'
        .. '{"role":"tool","tool_call_id":"c","content":"%s"}',
    } do
      holds(made((message:gsub("%%s", (WORDS:gsub("%%", "%%%%"))))), '"text":"' .. WORDS .. '"')
    end
  end)

  it("that ends the conversation as the assistant's is cut at its blanks", function()
    local body = json.decode(made('{"role":"user","content":"x"},{"role":"assistant","content":"' .. WORDS .. ' "}'))
    assert.are.equal(READ:match "^(.-)%s*$", body.messages[2].content[1].text)
  end)

  it("of blanks is left out", function()
    local body = json.decode(made('{"role":"user","content":"' .. (" "):rep(300) .. '"},{"role":"user","content":"x"}'))
    assert.are.equal(1, #body.messages[1].content)
  end)

  it("of an answer keeps its escapes, alone; with others it is joined", function()
    local block = '{"type":"text","text":"' .. WORDS .. '"}'
    holds(dialect.response(anthropic.call {}, '{"content":[' .. block .. "]}", {}), '"content":"' .. WORDS .. '"')
    local answer = anthropic.answered('{"content":[' .. block .. ',{"type":"text","text":"!"}]}')
    assert.are.equal(READ .. "!", answer.choices[1].message.content)
  end)

  it("that cites pages is counted in characters", function()
    local answer = anthropic.answered('{"content":[{"type":"text","text":"' .. WORDS
      .. '","citations":[{"url":"https://x.example"}]}]}')
    local cited = answer.choices[1].message.annotations[1].url_citation
    assert.are.same({ 0, 20 * 13 }, { cited.start_index, cited.end_index })
  end)
end)
