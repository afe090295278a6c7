-- SPDX-License-Identifier: Apache-2.0
--- A conversation of an Anthropic client as OpenAI's messages.

local face = require "spec.support.anthropic_face"
local json = require "gateway.json"
local spec = require "gateway.spec"

local function target(name, dialect)
  return { target = { provider = spec.script("providers", name), dialect = dialect, model = "m" } }
end

local claude = target("anthropic", "bedrock_converse")
local google = target("gemini-openai", "openai_chat")

local function user(...) return { role = "user", content = json.array { ... } } end

local function assistant(...) return { role = "assistant", content = json.array { ... } } end

local function text(words) return { type = "text", text = words } end

local function use(id, name, input) return { type = "tool_use", id = id, name = name or "f", input = input or {} } end

local function result(id, content, more)
  local block = { type = "tool_result", tool_use_id = id, content = content }
  for key, value in pairs(more or {}) do block[key] = value end
  return block
end

local function roles(messages)
  local list = {}
  for i, message in ipairs(messages) do list[i] = message.role end
  return table.concat(list, " ")
end

describe("texts", function()
  it("are joined in an assistant's message, and kept apart in a user's", function()
    local messages = face.turns { user(text "a", text "b"), assistant(text "c", text "d"), user(text "e") }
    assert.are.same({ text "a", text "b" }, messages[1].content)
    assert.are.equal("cd", messages[2].content)
    assert.are.equal("e", messages[3].content)
  end)

  it("that are empty are left out, and so is a message of nothing", function()
    local messages = face.turns { user(text ""), user(text "a", text ""), assistant(text "") }
    assert.are.same({ { role = "user", content = "a" } }, messages)
  end)

  it("of neighbours with one role are one message", function()
    local messages = face.turns { user(text "a"), user(text "b"), assistant(text "c"), assistant(text "d") }
    assert.are.equal("user assistant", roles(messages))
    assert.are.equal("cd", messages[2].content)
  end)
end)

describe("system", function()
  local function system(given, more)
    local body = face.asked({ system = given }, more)
    return body.messages[1].role == "system" and body.messages[1].content or nil
  end

  it("is one message, its texts a blank line apart", function()
    assert.are.equal("a", system "a")
    assert.are.equal("a\n\nb", system(json.array { text "a", text "b" }))
    assert.is_nil(system(json.array {}))
  end)

  it("#48 leaves out the block that Claude Code changes with every request", function()
    assert.are.equal("a", system(json.array { text "x-anthropic-billing-header: cc_version=1; cch=0;", text "a" }))
    assert.is_nil(system "x-anthropic-billing-header: cc_version=1;")
  end)

  it("keeps cache markers only for Claude", function()
    local blocks = json.array { text "a", { type = "text", text = "b", cache_control = { type = "ephemeral" } } }
    assert.are.equal("a\n\nb", system(blocks))
    assert.are.same({ text "a", { type = "text", text = "b", cache_control = { type = "ephemeral" } } },
      system(blocks, claude))
  end)

  it("in the middle stays there, but not between calls and their results", function()
    local messages = face.turns {
      user(text "a"), assistant(use "t1"), { role = "system", content = "s" }, user(result("t1", "r"), text "b"),
      { role = "system", content = "s2" },
    }
    assert.are.equal("user assistant tool system user system", roles(messages))
    assert.are.equal("s2", messages[6].content)
  end)
end)

describe("calls and results", function()
  it("#111 results come first, in the order of the calls, then what the user said", function()
    local messages = face.turns {
      user(text "a"), assistant(text "x", use "t1", use "t2"), user(text "b", result("t2", "2"), result("t1", "1")),
    }
    assert.are.equal("user assistant tool tool user", roles(messages))
    assert.are.same({ "t1", "1" }, { messages[3].tool_call_id, messages[3].content })
    assert.are.same({ "t2", "2" }, { messages[4].tool_call_id, messages[4].content })
    assert.are.equal("b", messages[5].content)
  end)

  it("a call that was interrupted has an empty result", function()
    local messages = face.turns { user(text "a"), assistant(use "t1", use "t2"), user(result("t2", "2"), text "go on") }
    assert.are.equal("(no result)", messages[3].content)
    assert.are.equal("2", messages[4].content)
    assert.are.equal("user assistant tool", roles(face.turns { user(text "a"), assistant(use "t1") }))
    assert.are.equal("user assistant tool user", roles(face.turns {
      user(text "a"), assistant(use "t1"), user(text "b"),
    }))
  end)

  it("a result without a call is refused, by its id", function()
    local _, failure = face.turns { user(text "a"), user(result("t9", "x")) }
    assert.are.equal(400, failure.status)
    assert.is_truthy(failure.message:find("t9", 1, true))
    assert.are.equal("messages[0].content[1]", failure.param)
  end)

  it("#112 ids that come twice become two", function()
    local messages = face.turns {
      user(text "a"), assistant(use "t"), user(result("t", "1")), assistant(use "t"), user(result("t", "2")),
    }
    assert.are.equal("t", messages[2].tool_calls[1].id)
    assert.are.equal("t", messages[3].tool_call_id)
    local second = messages[4].tool_calls[1].id
    assert.are_not.equal("t", second)
    assert.are.equal(second, messages[5].tool_call_id)
    assert.are.equal("2", messages[5].content)
  end)

  it("#52 arguments are the text the client wrote, without its spaces", function()
    local context = face.context([[{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},
      {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f",
        "input":{ "z" : 1.0, "a": 12345678901234567890, "s": "a \" b" }}]}]}]])
    local body = face.messages.request(context)
    assert.are.equal([[{"z":1.0,"a":12345678901234567890,"s":"a \" b"}]],
      body.messages[2].tool_calls[1]["function"].arguments)
  end)

  it("texts of a result are lines, an empty error says so, a reference tells the tool", function()
    local messages = face.turns {
      user(text "a"), assistant(use "t1", use "t2", use "t3", use "t4"),
      user(result("t1", json.array { text "x", text "y" }), result("t2", nil, { is_error = true }),
        result("t3", json.array { { type = "tool_reference", tool_name = "Read" } }),
        result("t4", "failed", { is_error = true })),
    }
    assert.are.same({ "x\ny", "Error", "Tool Read is available.", "failed" },
      { messages[3].content, messages[4].content, messages[5].content, messages[6].content })
  end)

  it("#28 images in results follow in the user's message, or stay where they are for Claude", function()
    local image = { type = "image", source = { type = "base64", media_type = "image/png", data = "AAAA" } }
    local list = { user(text "a"), assistant(use "t1"), user(result("t1", json.array { text "x", image }), text "b") }
    local part = { type = "image_url", image_url = { url = "data:image/png;base64,AAAA" } }
    local messages = face.turns(list)
    assert.are.equal("x", messages[3].content)
    assert.are.same({ part, text "b" }, messages[4].content)
    assert.are.same({ text "x", part }, face.turns(list, claude)[3].content)
  end)
end)

describe("documents", function()
  local function parts(block)
    local messages, failure = face.turns { user(block, text "?") }
    return messages and messages[1].content, failure
  end

  it("in PDF are files with their titles", function()
    local source = { type = "base64", media_type = "application/pdf", data = "JVBERi0=" }
    local file = { filename = "document.pdf", file_data = "data:application/pdf;base64,JVBERi0=" }
    assert.are.same({ type = "file", file = file }, parts({ type = "document", source = source })[1])
    file.filename = "a.pdf"
    assert.are.same({ type = "file", file = file },
      parts({ type = "document", source = source, title = "a.pdf" })[1])
  end)

  it("of text are their title and the text", function()
    local content = parts {
      type = "document", title = "T", source = { type = "text", media_type = "text/plain", data = "words" },
    }
    assert.are.same({ text "T", text "words", text "?" }, content)
    content = parts { type = "document", source = { type = "content", content = json.array { text "w" } } }
    assert.are.same({ text "w", text "?" }, content)
  end)

  it("behind a URL, and files of Anthropic's, are refused: another target may take them", function()
    for _, source in ipairs { { type = "url", url = "https://x.example/a.pdf" }, { type = "file", file_id = "f" } } do
      local _, failure = parts { type = "document", source = source }
      assert.are.same({ 400, true }, { failure.status, failure.elsewhere })
    end
    local _, failure = parts { type = "image", source = { type = "file", file_id = "f" } }
    assert.are.equal(400, failure.status)
  end)

  it("that were found are title, source and words", function()
    local content = parts {
      type = "search_result", title = "T", source = "https://x.example", content = json.array { text "w", text "v" },
    }
    assert.are.equal("T\nhttps://x.example\nw\nv", content[1].text)
  end)
end)

describe("thinking of earlier answers", function()
  local signed = { type = "thinking", thinking = "hm", signature = "c2ln" }
  local hidden = { type = "redacted_thinking", data = "x" }
  local foreign = { type = "thinking", thinking = "", signature = "google:SIG" }

  it("#34 is dropped for others, and kept as it was for Claude", function()
    local list = { user(text "a"), assistant(signed, hidden, text "b"), user(text "c") }
    assert.are.same({ role = "assistant", content = "b" }, face.turns(list)[2])
    assert.are.same({ signed, hidden }, face.turns(list, claude)[2].thinking_blocks)
  end)

  it("is reasoning_content for those who want it back", function()
    local list = { user(text "a"), assistant(signed, use "t") }
    assert.are.equal("hm", face.turns(list, target("deepseek", "openai_chat"))[2].reasoning_content)
    assert.is_nil(face.turns(list, target("openai", "openai_chat"))[2].reasoning_content)
  end)

  it("carries Google's signatures to Google alone", function()
    local list = { user(text "a"), assistant(foreign, use "t1", use "t2"), user(text "c") }
    local messages = face.turns(list, google)
    assert.are.same({ google = { thought_signature = "SIG" } }, messages[2].tool_calls[1].extra_content)
    assert.is_nil(messages[2].tool_calls[2].extra_content)
    assert.is_nil(face.turns(list)[2].tool_calls[1].extra_content)
    messages = face.turns({ user(text "a"), assistant(text "b", foreign) }, google)
    assert.are.same({ google = { thought_signature = "SIG" } }, messages[2].extra_content)
  end)
end)

describe("what has no counterpart", function()
  it("server tools and their results are left out", function()
    local messages = face.turns {
      user(text "a"), assistant(
        { type = "server_tool_use", id = "s", name = "web_search", input = {} },
        { type = "web_search_tool_result", tool_use_id = "s", content = json.array {} }, text "b"),
    }
    assert.are.same({ role = "assistant", content = "b" }, messages[2])
  end)

  it("a message of an unknown role or without content is refused", function()
    local _, failure = face.turns { { role = "tool", content = "x" } }
    assert.are.equal("messages[0].role", failure.param)
    _, failure = face.turns { { role = "user" } }
    assert.are.equal("messages[0].content", failure.param)
  end)
end)
