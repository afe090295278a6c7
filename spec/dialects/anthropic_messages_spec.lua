-- SPDX-License-Identifier: Apache-2.0
--- Messages, content parts and ids on their way to Anthropic. Numbers are those of the list of edge cases.

local anthropic = require "spec.support.anthropic"
local json = require "gateway.json"

local called, content, part, sent = anthropic.called, anthropic.content, anthropic.part, anthropic.sent

local function user(text) return { role = "user", content = text } end
local function assistant(text) return { role = "assistant", content = text } end
local function result(id, text) return { role = "tool", tool_call_id = id, content = text } end

local function bodies(messages, model)
  return assert(sent({ messages = json.array(messages) }, model))
end

local function refused(messages, words)
  local body, failure = sent { messages = json.array(messages) }
  assert.is_nil(body)
  assert.equal(400, failure.status)
  assert.equal("invalid_request_error", failure.type)
  assert.truthy(failure.message:find(words, 1, true), failure.message)
end

describe("turns", function()
  it("#19 two user messages in a row become one, an empty assistant message goes", function()
    local body = bodies { user "a", user "b", assistant "", user "c" }
    assert.equal(1, #body.messages)
    assert.equal(3, #body.messages[1].content)
  end)

  it("#19 a list that begins with the assistant gets a user message before", function()
    local body = bodies { assistant "Hello", user "Hi" }
    assert.equal("user", body.messages[1].role)
    assert.equal("assistant", body.messages[2].role)
    assert.equal("Hello", body.messages[2].content[1].text)
  end)

  it("#20 empty and blank texts are dropped, also as parts", function()
    local message = { role = "user", content = json.array {
      { type = "text", text = "" }, { type = "text", text = " \n" }, { type = "text", text = "x" },
    } }
    assert.same({ { type = "text", text = "x" } }, json.decode(json.encode(content { message })))
  end)

  it("#20 nothing but blanks is the client's error", function()
    refused({ user " " }, "at least one message must have content")
    refused({ { role = "system", content = "Be brief." } }, "at least one message must have content")
  end)

  it("#21 blanks at the end of a last assistant message are cut, inside the list they stay", function()
    local body = bodies { user "a", assistant "b \n", user "c", assistant "d \n" }
    assert.equal("b \n", body.messages[2].content[1].text)
    assert.equal("d", body.messages[4].content[1].text)
  end)

  it("a name is dropped, a refusal is what the assistant said", function()
    local body = bodies {
      { role = "user", content = "a", name = "bob" },
      { role = "assistant", content = json.null, refusal = "No." }, user "b",
    }
    assert.is_nil(body.messages[1].name)
    assert.equal("No.", body.messages[2].content[1].text)
  end)

  it("a message without a known role, or that is none, is refused", function()
    refused({ { role = "robot", content = "x" } }, "role must be one of")
    refused({ "x" }, "role must be one of")
    refused({ { role = "user", content = 7 } }, "content must be a string or a list of parts")
    refused({ { role = "user", content = json.array { "x" } } }, "a content part must be an object with a type")
  end)
end)

describe("system messages", function()
  it("#14 later ones go to the system where the model reads them nowhere else", function()
    local body = bodies({ user "a", { role = "system", content = "late" }, user "b" }, "claude-sonnet-4-5")
    assert.equal("late", body.system[1].text)
    assert.equal(1, #body.messages)
  end)

  it("#14 later ones stay in place where the model reads them, behind a user turn", function()
    local list = { user "a", assistant "b", { role = "system", content = "late" }, user "c" }
    local body = bodies(list, "claude-opus-4-8")
    assert.is_nil(body.system)
    assert.equal("system", body.messages[4].role)
    assert.equal("late", body.messages[4].content[1].text)
  end)

  it("#14 without a user turn to come they go to the system", function()
    local body = bodies({ user "a", assistant "b", { role = "developer", content = "late" } }, "claude-opus-5")
    assert.equal("late", body.system[1].text)
    assert.equal(2, #body.messages)
  end)

  it("#14 one between a call and its result follows the result", function()
    local list = { user "a", called("c1", "f"), { role = "system", content = "late" }, result("c1", "r") }
    local body = bodies(list, "claude-opus-4-8")
    assert.equal("tool_result", body.messages[3].content[1].type)
    assert.equal("system", body.messages[4].role)
  end)

  it("#15 each keeps its own block and cache marker", function()
    local marked = { type = "text", text = "b", cache_control = { type = "ephemeral" } }
    local body = bodies {
      { role = "system", content = "a" },
      { role = "system", content = json.array { marked } },
      user "c",
    }
    assert.is_nil(body.system[1].cache_control)
    assert.equal("ephemeral", body.system[2].cache_control.type)
  end)

  it("may hold text only", function()
    local body, failure = sent { messages = json.array { {
      role = "system", content = json.array { { type = "image_url", image_url = { url = "https://a.example/b.png" } } },
    }, user "x" } }
    assert.is_nil(body)
    assert.equal("system messages may hold text only", failure.message)
  end)
end)

describe("tool calls and results", function()
  it("#22 a result without text has no content", function()
    local blocks = content({ user "a", called("c1", "f"), result("c1", "") }, 3)
    assert.equal("tool_result", blocks[1].type)
    assert.is_nil(blocks[1].content)
  end)

  it("#23 results in another order, in several messages, come ordered like the calls", function()
    local calls = called("c1", "f")
    calls.tool_calls[2] = called("c2", "g").tool_calls[1]
    local blocks = content({ user "a", calls, result("c2", "two"), result("c1", "one") }, 3)
    assert.equal("c1", blocks[1].tool_use_id)
    assert.equal("one", blocks[1].content[1].text)
    assert.equal("c2", blocks[2].tool_use_id)
  end)

  it("#24 text behind results is in the same message, after them", function()
    local body = bodies { user "a", called("c1", "f"), result("c1", "r"), user "thanks" }
    assert.equal(3, #body.messages)
    assert.equal("tool_result", body.messages[3].content[1].type)
    assert.equal("thanks", body.messages[3].content[2].text)
  end)

  it("#25 odd ids are spelt the same in call and result, and different ids stay different", function()
    local calls = called("f.x:0", "f")
    calls.tool_calls[2] = called("f_x_0", "f").tool_calls[1]
    local body = bodies { user "a", calls, result("f.x:0", "one"), result("f_x_0", "two") }
    local made, answers = body.messages[2].content, body.messages[3].content
    assert.equal("f_x_0", made[1].id)
    assert.equal("f_x_0_2", made[2].id)
    assert.equal(made[1].id, answers[1].tool_use_id)
    assert.equal("one", answers[1].content[1].text)
    assert.equal(made[2].id, answers[2].tool_use_id)
  end)

  it("#25 an id that comes back in a later turn is a new one there", function()
    local body = bodies { user "a", called("c", "f"), result("c", "1"), called("c", "f"), result("c", "2") }
    assert.equal("c", body.messages[2].content[1].id)
    assert.equal("c_2", body.messages[4].content[1].id)
    assert.equal("c_2", body.messages[5].content[1].tool_use_id)
  end)

  it("#25 a very long id is cut, and stays unique", function()
    local long = ("x"):rep(400)
    local calls = called(long, "f")
    calls.tool_calls[2] = called(long .. "y", "f").tool_calls[1]
    local made = bodies({ user "a", calls, result(long, ""), result(long .. "y", "") }).messages[2].content
    assert.equal(256, #made[1].id)
    assert.not_equal(made[1].id, made[2].id)
  end)

  it("#27 arguments that are empty, blank or null are an empty object", function()
    for _, text in ipairs { "", " ", "null" } do
      local _, made = sent { messages = json.array { user "a", called("c", "f", text), result("c", "") } }
      assert.truthy(made.body:find('"input":{}', 1, true))
    end
  end)

  it("#52 arguments keep the order and the spelling they had", function()
    local text = '{"z":1.0,"a":12345678901234567890,"m":[1e2]}'
    local _, made = sent { messages = json.array { user "a", called("c", "f", text), result("c", "") } }
    assert.truthy(made.body:find('"input":' .. text, 1, true))
  end)

  it("#57 half of a character in arguments is U+FFFD", function()
    local body = sent { messages = json.array { user "a", called("c", "f", [[{"x":"\ud83d!"}]]), result("c", "") } }
    assert.equal("\239\191\189!", body.messages[2].content[1].input.x)
  end)

  it("arguments that are no object are wrapped, and no JSON is refused", function()
    local _, made = sent { messages = json.array { user "a", called("c", "f", "[1,2]"), result("c", "") } }
    assert.truthy(made.body:find('"input":{"value":[1,2]}', 1, true))
    for _, text in ipairs { "{", "x", '1,"b":2', "[1", "NaN" } do
      refused({ user "a", called("c", "f", text), result("c", "") }, 'the arguments of tool call "c" are not JSON')
    end
  end)

  it("#28 an image in a result is an image block", function()
    local blocks = content({ user "a", called("c", "f"), { role = "tool", tool_call_id = "c", content = json.array {
      { type = "text", text = "see" },
      { type = "image_url", image_url = { url = "data:image/png;base64,iVBORw0KGgo=" } },
    } } }, 3)
    assert.equal("text", blocks[1].content[1].type)
    assert.equal("image", blocks[1].content[2].type)
  end)

  it("a call without a result is refused by its id", function()
    refused({ user "a", called("c7", "f"), user "b" }, '"c7" has no result')
    refused({ user "a", called("c7", "f") }, '"c7" has no result')
  end)

  it("a result without a call, or a second one, is refused", function()
    refused({ user "a", result("c9", "r") }, '"c9" answers no call')
    refused({ user "a", called("c", "f"), result("c", "1"), result("c", "2") }, '"c" answers no call')
  end)

  it("a call without id or name is refused", function()
    refused({ user "a", { role = "assistant", tool_calls = json.array { { type = "function" } } } }, "must have an id")
  end)

  it("function messages of the old API are results", function()
    local body = bodies {
      user "a", { role = "assistant", content = json.null, function_call = { name = "f", arguments = '{"x":1}' } },
      { role = "function", name = "f", content = "r" },
    }
    assert.equal("f", body.messages[2].content[1].id)
    assert.equal(1, body.messages[2].content[1].input.x)
    assert.equal("f", body.messages[3].content[1].tool_use_id)
  end)
end)

describe("content parts", function()
  local function block(made) return content({ part(made) })[1] end

  local function image(url) return { type = "image_url", image_url = { url = url } } end

  it("#29 image/jpg is image/jpeg, and the bytes know better than the label", function()
    assert.equal("image/jpeg", block(image "data:image/jpg;base64,AAAA").source.media_type)
    assert.equal("image/png", block(image "data:image/jpeg;base64,iVBORw0KGgoAAA").source.media_type)
    assert.equal("image/webp", block(image "data:;base64,UklGRAAA").source.media_type)
    assert.equal("image/gif", block(image "DATA:application/octet-stream;BASE64,R0lGODlh").source.media_type)
  end)

  it("#29 other types, other addresses and nothing are refused", function()
    refused({ part(image "data:image/tiff;base64,AAAA") }, 'of type "image/tiff"')
    refused({ part(image "data:image/png,raw") }, "base64 data URL")
    refused({ part(image "ftp://a.example/b.png") }, "http(s) URL")
    refused({ part { type = "image_url" } }, "must have a url")
  end)

  it("#31 a PDF is a document, as a file and as an image_url", function()
    assert.equal("document", block(image "data:application/pdf;base64,JVBERi0xLjQK").type)
    local made = block { type = "file", file = { filename = "a.pdf", file_data = "JVBERi0xLjQK" } }
    assert.equal("application/pdf", made.source.media_type)
    assert.equal("a.pdf", made.title)
  end)

  it("text files are documents of plain text, images in files are images, ids are Anthropic's", function()
    local made = block { type = "file", file = { file_data = "data:text/markdown;base64,IyBIaQ==" } }
    assert.same({ type = "text", media_type = "text/plain", data = "# Hi" }, json.decode(json.encode(made.source)))
    assert.equal("image", block({ type = "file", file = { file_data = "data:image/png;base64,iVBORw0KGgo=" } }).type)
    assert.equal("file_1", block({ type = "file", file = { file_id = "file_1" } }).source.file_id)
  end)

  it("files without data, and of other types, are refused", function()
    refused({ part { type = "file", file = { filename = "x" } } }, "needs file_data or file_id")
    local function file(data) return { part { type = "file", file = { file_data = data } } } end
    refused(file "data:application/zip;base64,UEsDBA==", '"application/zip"')
    refused(file "data:text/plain;base64,***", '"text/plain"')
    refused(file "data:text/plain;base64,/w==", '"text/plain"')
  end)

  it("sound and unknown parts are refused in the open", function()
    refused({ part { type = "input_audio", input_audio = { data = "", format = "wav" } } }, '"input_audio"')
    refused({ part { type = "hologram" } }, '"hologram"')
  end)
end)

describe("cache markers", function()
  local function marked(text, ttl)
    return { type = "text", text = text, cache_control = { type = "ephemeral", ttl = ttl } }
  end

  local function markers(body)
    local list = {}
    for _, block in ipairs(body.messages[1].content) do
      list[#list + 1] = block.cache_control and (block.cache_control.ttl or "5m") or "none"
    end
    return table.concat(list, " ")
  end

  it("#16 of more than four the earliest go", function()
    local parts = json.array {}
    for i = 1, 6 do parts[i] = marked("t" .. i) end
    assert.equal("none none 5m 5m 5m 5m", markers(bodies { { role = "user", content = parts } }))
  end)

  it("#16 an hour behind five minutes is five minutes", function()
    local parts = json.array { marked("a", "1h"), marked("b"), marked("c", "1h") }
    assert.equal("1h 5m 5m", markers(bodies { { role = "user", content = parts } }))
  end)

  it("#16 a marker for the whole request counts", function()
    local parts = json.array {}
    for i = 1, 4 do parts[i] = marked("t" .. i) end
    local list = json.array { { role = "user", content = parts } }
    local body = sent { messages = list, cache_control = { type = "ephemeral" } }
    assert.equal("none 5m 5m 5m", markers(body))
    assert.equal("ephemeral", body.cache_control.type)
  end)

  it("#18 one on a message is on its last block, one on a tool on the tool", function()
    local call = called("c", "f")
    call.cache_control = { type = "ephemeral" }
    local body = sent {
      messages = json.array {
        { role = "user", content = "a", cache_control = { type = "ephemeral" } }, user "b", call,
        { role = "tool", tool_call_id = "c", content = "r", cache_control = { type = "ephemeral" } },
      },
      tools = json.array { {
        type = "function", ["function"] = { name = "f" }, cache_control = { type = "ephemeral" },
      } },
    }
    assert.truthy(body.messages[1].content[1].cache_control)
    assert.is_nil(body.messages[1].content[2].cache_control)
    assert.truthy(body.messages[2].content[1].cache_control)
    assert.truthy(body.messages[3].content[1].cache_control)
    assert.truthy(body.tools[1].cache_control)
  end)
end)
