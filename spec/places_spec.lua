-- SPDX-License-Identifier: Apache-2.0
--- A canary at every place of every endpoint is found by a walk, with its kind and its role.
local document = require "gateway.document"
local places = require("gateway.spec").module "places"

--- endpoint, kind, role, body with CANARY in one place.
local requests = {
  { "chat", "text", "user", '{"messages":[{"role":"user","content":"CANARY"}]}' },
  { "chat", "text", "user", '{"messages":[{"content":"CANARY","role":"user"}]}' },
  { "chat", "text", "system", '{"messages":[{"role":"system","content":"CANARY"}]}' },
  { "chat", "text", "developer", '{"messages":[{"role":"developer","content":"CANARY"}]}' },
  { "chat", "text", "assistant", '{"messages":[{"role":"assistant","content":"CANARY"}]}' },
  { "chat", "tool_result", "tool", '{"messages":[{"role":"tool","tool_call_id":"c","content":"CANARY"}]}' },
  { "chat", "tool_result", "function", '{"messages":[{"role":"function","name":"f","content":"CANARY"}]}' },
  { "chat", "tool_result", "tool", '{"messages":[{"role":"tool","content":[{"type":"text","text":"CANARY"}]}]}' },
  { "chat", "text", "user",
    '{"messages":[{"role":"user","content":[{"type":"image"},{"type":"text","text":"CANARY"}]}]}' },
  { "chat", "text", "user", '{"messages":[{"role":"user","content":["CANARY"]}]}' },
  { "chat", "refusal", "assistant",
    '{"messages":[{"role":"assistant","content":[{"type":"refusal","refusal":"CANARY"}]}]}' },
  { "chat", "refusal", "assistant", '{"messages":[{"role":"assistant","refusal":"CANARY"}]}' },
  { "chat", "name", "user", '{"messages":[{"role":"user","name":"CANARY"}]}' },
  { "chat", "url", "user", '{"messages":[{"role":"user","content":[{"image_url":{"url":"https://h/CANARY"}}]}]}' },
  { "chat", "name", "user", '{"messages":[{"role":"user","content":[{"file":{"filename":"CANARY"}}]}]}' },
  { "chat", "tool_arguments", "assistant",
    '{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\\"q\\":\\"CANARY\\"}"}}]}]}' },
  { "chat", "tool", "assistant", '{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"CANARY"}}]}]}' },
  { "chat", "tool_arguments", "assistant",
    '{"messages":[{"role":"assistant","tool_calls":[{"custom":{"input":"CANARY"}}]}]}' },
  { "chat", "tool_arguments", "assistant",
    '{"messages":[{"role":"assistant","function_call":{"arguments":"CANARY"}}]}' },
  { "chat", "reasoning", "assistant", '{"messages":[{"role":"assistant","reasoning_content":"CANARY"}]}' },
  { "chat", "reasoning", "assistant", '{"messages":[{"role":"assistant","reasoning":"CANARY"}]}' },
  { "chat", "reasoning", "assistant", '{"messages":[{"role":"assistant","reasoning_details":[{"text":"CANARY"}]}]}' },
  { "chat", "text", "assistant", '{"messages":[{"role":"assistant","audio":{"transcript":"CANARY"}}]}' },
  { "chat", "other", nil, '{"messages":[{"role":"user","vendors_own":{"deep":["CANARY"]}}]}' },
  { "chat", "other", nil, '{"messages":[{"role":"user","Content":"CANARY"}]}' },
  { "chat", "text", "assistant", '{"prediction":{"type":"content","content":"CANARY"}}' },
  { "chat", "text", "assistant", '{"prediction":{"content":[{"type":"text","text":"CANARY"}]}}' },
  { "chat", "tool", nil, '{"tools":[{"type":"function","function":{"name":"CANARY"}}]}' },
  { "chat", "description", nil, '{"tools":[{"type":"function","function":{"description":"CANARY"}}]}' },
  { "chat", "description", nil,
    '{"tools":[{"function":{"parameters":{"properties":{"q":{"description":"CANARY"}}}}}]}' },
  { "chat", "description", nil, '{"functions":[{"description":"CANARY"}]}' },
  { "chat", "description", nil, '{"response_format":{"json_schema":{"schema":{"description":"CANARY"}}}}' },
  { "chat", "metadata", nil, '{"metadata":{"k":"CANARY"}}' },
  { "chat", "other", nil, '{"user":"CANARY"}' },
  { "chat", "other", nil, '{"stop":["CANARY"]}' },
  { "chat", "other", nil, '{"web_search_options":{"user_location":{"approximate":{"city":"CANARY"}}}}' },
  { "completions", "prompt", "user", '{"prompt":"CANARY"}' },
  { "completions", "prompt", "user", '{"prompt":["a","CANARY"]}' },
  { "completions", "text", "user", '{"suffix":"CANARY"}' },
  { "embeddings", "input", "user", '{"input":"CANARY"}' },
  { "embeddings", "input", "user", '{"input":["a","CANARY"]}' },
  { "images", "prompt", "user", '{"prompt":"CANARY"}' },
  { "images", "prompt", "user", '{"negative_prompt":"CANARY"}' },
  { "moderations", "input", "user", '{"input":"CANARY"}' },
  { "moderations", "input", "user", '{"input":["CANARY"]}' },
  { "moderations", "input", "user", '{"input":[{"type":"text","text":"CANARY"}]}' },
  { "speech", "input", "user", '{"input":"CANARY"}' },
  { "speech", "instructions", "user", '{"instructions":"CANARY"}' },
  { "transcriptions", "prompt", "user", '{"prompt":"CANARY"}' },
  { "translations", "prompt", "user", '{"prompt":"CANARY"}' },
  { "rerank", "query", "user", '{"query":"CANARY"}' },
  { "rerank", "document", "user", '{"documents":["a","CANARY"]}' },
  { "rerank", "document", "user", '{"documents":[{"text":"CANARY"}]}' },
  { "rerank", "document", "user", '{"documents":[{"title":"a","body":["CANARY"]}]}' },
  { "responses", "input", "user", '{"input":"CANARY"}' },
  { "responses", "instructions", "system", '{"instructions":"CANARY"}' },
  { "responses", "text", "user", '{"input":[{"role":"user","content":"CANARY"}]}' },
  { "responses", "text", "developer",
    '{"input":[{"role":"developer","content":[{"type":"input_text","text":"CANARY"}]}]}' },
  { "responses", "tool_arguments", "user", '{"input":[{"type":"function_call","arguments":"CANARY"}]}' },
  { "responses", "tool_result", "user", '{"input":[{"type":"function_call_output","output":"CANARY"}]}' },
  { "responses", "tool_result", "user", '{"input":[{"type":"function_call_output","output":[{"text":"CANARY"}]}]}' },
  { "responses", "reasoning", "user", '{"input":[{"type":"reasoning","summary":[{"text":"CANARY"}]}]}' },
  { "responses", "description", nil, '{"tools":[{"type":"function","description":"CANARY"}]}' },
  { "responses", "description", nil, '{"text":{"format":{"schema":{"description":"CANARY"}}}}' },
  { "responses", "text", "user", '{"prompt":{"id":"p","variables":{"v":"CANARY"}}}' },
  { "messages", "text", "system", '{"system":"CANARY"}' },
  { "messages", "text", "system", '{"system":[{"type":"text","text":"CANARY"}]}' },
  { "messages", "text", "user", '{"messages":[{"role":"user","content":"CANARY"}]}' },
  { "messages", "text", "user", '{"messages":[{"role":"user","content":[{"type":"text","text":"CANARY"}]}]}' },
  { "messages", "reasoning", "assistant",
    '{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"CANARY"}]}]}' },
  { "messages", "tool_arguments", "assistant",
    '{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"a":[{"b":"CANARY"}]}}]}]}' },
  { "messages", "tool_result", "user",
    '{"messages":[{"role":"user","content":[{"type":"tool_result","content":"CANARY"}]}]}' },
  { "messages", "tool_result", "user",
    '{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"CANARY"}]}]}]}' },
  { "messages", "document", "user",
    '{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"CANARY"}}]}]}' },
  { "messages", "document", "user",
    '{"messages":[{"role":"user","content":[{"source":{"content":[{"type":"text","text":"CANARY"}]}}]}]}' },
  { "messages", "document", "user", '{"messages":[{"role":"user","content":[{"type":"document","title":"CANARY"}]}]}' },
  { "messages", "document", "user",
    '{"messages":[{"role":"user","content":[{"type":"document","context":"CANARY"}]}]}' },
  { "messages", "description", nil, '{"tools":[{"name":"f","input_schema":{"description":"CANARY"}}]}' },
  { "gemini", "text", "system", '{"systemInstruction":{"parts":[{"text":"CANARY"}]}}' },
  { "gemini", "text", "system", '{"system_instruction":{"parts":[{"text":"CANARY"}]}}' },
  { "gemini", "text", "model", '{"contents":[{"role":"model","parts":[{"text":"CANARY"}]}]}' },
  { "gemini", "tool_arguments", "user", '{"contents":[{"parts":[{"functionCall":{"args":{"q":["CANARY"]}}}]}]}' },
  { "gemini", "tool_result", "user", '{"contents":[{"parts":[{"functionResponse":{"response":{"r":"CANARY"}}}]}]}' },
  { "gemini", "description", nil, '{"tools":[{"functionDeclarations":[{"description":"CANARY"}]}]}' },
  { "passthrough", "other", nil, '{"anything":[{"deep":{"down":"CANARY"}}]}' },
  { "an endpoint of tomorrow", "other", nil, '{"anything":"CANARY"}' },
}

local answers = {
  { "chat", "text", "assistant", '{"choices":[{"message":{"role":"assistant","content":"CANARY"}}]}' },
  { "chat", "text", "assistant", '{"choices":[{"message":{"content":[{"type":"text","text":"CANARY"}]}}]}' },
  { "chat", "refusal", "assistant", '{"choices":[{"message":{"role":"assistant","refusal":"CANARY"}}]}' },
  { "chat", "reasoning", "assistant", '{"choices":[{"message":{"role":"assistant","reasoning_content":"CANARY"}}]}' },
  { "chat", "tool_arguments", "assistant",
    '{"choices":[{},{"message":{"tool_calls":[{"function":{"arguments":"CANARY"}}]}}]}' },
  { "chat", "text", "assistant", '{"choices":[{"message":{"audio":{"transcript":"CANARY"}}}]}' },
  { "chat", "other", nil, '{"choices":[{"message":{"annotations":[{"url_citation":{"title":"CANARY"}}]}}]}' },
  { "completions", "text", "assistant", '{"choices":[{"text":"CANARY"}]}' },
  { "images", "prompt", "assistant", '{"data":[{"revised_prompt":"CANARY"}]}' },
  { "transcriptions", "text", "user", '{"text":"CANARY"}' },
  { "transcriptions", "text", "user", '{"segments":[{"text":"CANARY"}]}' },
  { "rerank", "document", "user", '{"results":[{"document":{"text":"CANARY"}}]}' },
  { "responses", "text", "assistant",
    '{"output":[{"role":"assistant","content":[{"type":"output_text","text":"CANARY"}]}]}' },
  { "responses", "reasoning", "assistant", '{"output":[{"type":"reasoning","summary":[{"text":"CANARY"}]}]}' },
  { "responses", "tool_arguments", "assistant", '{"output":[{"type":"function_call","arguments":"CANARY"}]}' },
  { "messages", "text", "assistant", '{"role":"assistant","content":[{"type":"text","text":"CANARY"}]}' },
  { "messages", "reasoning", "assistant", '{"content":[{"type":"thinking","thinking":"CANARY"}]}' },
  { "messages", "tool_arguments", "assistant", '{"content":[{"type":"tool_use","input":{"q":"CANARY"}}]}' },
  { "gemini", "text", "assistant", '{"candidates":[{"content":{"parts":[{"text":"CANARY"}]}}]}' },
  { "passthrough", "other", nil, '["CANARY"]' },
}

--- Where no rule looks: what it would break.
local passed_over = {
  { "chat", '{"model":"CANARY"}' },
  { "chat", '{"messages":[{"role":"CANARY","content":null}]}' },
  { "chat", '{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,CANARY"}}]}]}' },
  { "chat", '{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"CANARY","format":"wav"}}]}]}' },
  { "chat", '{"messages":[{"content":[{"type":"file","file":{"file_data":"CANARY"}}]}]}' },
  { "chat", '{"messages":[{"tool_call_id":"CANARY","tool_calls":[{"id":"CANARY","type":"CANARY"}]}]}' },
  { "chat", '{"tools":[{"function":{"parameters":{"type":"CANARY","required":["CANARY"],"properties":{"q":{"type":'
    .. '["CANARY"],"format":"CANARY"}}}}}]}' },
  { "messages", '{"messages":[{"content":[{"type":"image","source":{"type":"base64","data":"CANARY"}}]}]}' },
  { "messages", '{"messages":[{"content":[{"type":"thinking","signature":"CANARY"}]}]}' },
  { "gemini", '{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"CANARY"}}]}]}' },
}

--- The parts of a body that hold the canary.
local function found(walker, body)
  local list = {}
  for part in assert(document.new(body)):texts(walker) do
    if part.text:find("CANARY", 1, true) then list[#list + 1] = part end
  end
  return list
end

local function check(which, cases)
  for _, case in ipairs(cases) do
    local endpoint, kind, role, body = case[1], case[2], case[3], case[4]
    it(("%s %s of kind %s: %s"):format(endpoint, which, kind, body), function()
      local list = found(places[which](endpoint), body)
      assert.are.equal(1, #list)
      assert.are.equal(kind, list[1].kind)
      assert.are.equal(role, list[1].role)
    end)
  end
end

describe("a canary is found in a", function() check("request", requests) end)
describe("a canary is found in an", function() check("answer", answers) end)

describe("of an answer no rule looks into what no provider says in it, as in", function()
  for endpoint, body in pairs {
    chat = '{"id":"CANARY","mine":{"k":"CANARY"},"choices":[{"finish_reason":"CANARY","message":{"role":"CANARY"}}]}',
    messages = '{"id":"CANARY","stop_reason":"CANARY","content":[{"type":"CANARY","id":"CANARY"}]}',
    embeddings = '{"data":[{"embedding":"CANARY"}],"model":"CANARY"}',
  } do
    it(endpoint, function() assert.are.same({}, found(places.answer(endpoint), body)) end)
  end
end)

describe("no rule looks into", function()
  for _, case in ipairs(passed_over) do
    it(case[1] .. ": " .. case[2], function() assert.are.same({}, found(places.request(case[1]), case[2])) end)
  end
end)

describe("places", function()
  it("compiles each walker once", function()
    assert.are.equal(places.request "chat", places.request "chat")
    assert.are.equal(places.request "passthrough", places.request "something else")
    assert.are_not.equal(places.request "chat", places.answer "chat")
  end)

  it("knows token ids from text", function()
    local function uninspectable(endpoint, body) return places.uninspectable(endpoint, assert(document.new(body))) end
    assert.is_true(uninspectable("embeddings", '{"input":[1,2]}'))
    assert.is_true(uninspectable("embeddings", '{"input":["a",[1,2]]}'))
    assert.is_true(uninspectable("completions", '{"prompt":[[1,2]]}'))
    assert.is_false(uninspectable("embeddings", '{"input":["1"],"dimensions":3}'))
    assert.is_false(uninspectable("chat", '{"input":[1,2],"prompt":[1]}'))
  end)
end)
