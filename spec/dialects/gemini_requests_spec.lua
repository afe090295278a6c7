-- SPDX-License-Identifier: Apache-2.0
--- What Google is sent for a chat request: conversation, parts, parameters.

local gemini = require "spec.support.gemini"
local json = require "gateway.json"

local function user(text) return { role = "user", content = text } end
local function assistant(text) return { role = "assistant", content = text } end
local function system(text) return { role = "system", content = text } end

describe("a conversation for Gemini", function()
  it("has its neighbours of one role in one content, and begins with the user", function()
    local contents = gemini.contents { assistant "a", assistant "b", user "c", user "d" }
    assert.same({
      { role = "user", parts = { { text = " " } } },
      { role = "model", parts = { { text = "a" }, { text = "b" } } },
      { role = "user", parts = { { text = "c" }, { text = "d" } } },
    }, contents)
  end)

  it("moves every system message into the instruction, also a late one", function()
    local sent = gemini.sent { messages = json.array { system "a", user "b", assistant "c", system "d", user "e" } }
    assert.same({ parts = { { text = "a" }, { text = "d" } } }, sent.systemInstruction)
    assert.equal(3, #sent.contents)
  end)

  it("never has an empty instruction", function()
    assert.is_nil(gemini.sent({ messages = json.array { system " ", user "b" } }).systemInstruction)
  end)

  it("has the system's words before the first question for Gemma, which has no instruction", function()
    local sent = gemini.sent({ messages = json.array { system "a", user "b" } }, "gemma-3-27b-it")
    assert.is_nil(sent.systemInstruction)
    assert.same({ { role = "user", parts = { { text = "a" }, { text = "b" } } } }, sent.contents)
  end)

  it("is refused without any content", function()
    local sent, failure = gemini.sent { messages = json.array { system "a" } }
    assert.is_nil(sent)
    assert.equal(400, failure.status)
  end)

  it("#22 an empty tool result is an empty text", function()
    local contents = gemini.contents { user "a", gemini.called { "c1", "f" }, gemini.result("c1", "") }
    assert.same({ functionResponse = { id = "c1", name = "f", response = { result = "" } } }, contents[3].parts[1])
  end)

  it("#23 results are ordered like their calls", function()
    local contents = gemini.contents {
      user "a", gemini.called({ "c1", "f" }, { "c2", "g" }), gemini.result("c2", "2"), gemini.result("c1", "1"),
    }
    assert.equal("f", contents[3].parts[1].functionResponse.name)
    assert.equal("g", contents[3].parts[2].functionResponse.name)
  end)

  it("#24 text after results is a content of its own", function()
    local contents = gemini.contents {
      user "a", gemini.called { "c1", "f" }, gemini.result("c1", "1"), user "b", user "c",
    }
    assert.equal(4, #contents)
    assert.equal(1, #contents[3].parts)
    assert.same({ role = "user", parts = { { text = "b" }, { text = "c" } } }, contents[4])
  end)

  it("#27 blank arguments are an empty object, others keep their order and numbers", function()
    local text = gemini.sent_text { messages = json.array {
      user "a", gemini.called({ "c1", "f", " " }, { "c2", "f", '{"z":1.0,"a":12345678901234567890}' },
        { "c3", "f", "[1]" }),
      gemini.result("c1", "1"), gemini.result("c2", "2"), gemini.result("c3", "3"),
    } }
    assert.truthy(text:find('"args":{}', 1, true))
    assert.truthy(text:find('"args":{"z":1.0,"a":12345678901234567890}', 1, true))
    assert.truthy(text:find('"args":{"value":[1]}', 1, true))
  end)

  it("refuses arguments that are no JSON, and says of which call", function()
    local sent, failure = gemini.sent { messages = json.array {
      user "a", gemini.called { "c1", "f", "{oops" }, gemini.result("c1", "1"),
    } }
    assert.is_nil(sent)
    assert.truthy(failure.message:find("c1", 1, true))
  end)

  it("has a result that is an object as it is, in its own spelling", function()
    local text = gemini.sent_text { messages = json.array {
      user "a", gemini.called { "c1", "f" }, gemini.result("c1", '{"b":1.0,"a":2}'),
    } }
    assert.truthy(text:find('"response":{"b":1.0,"a":2}', 1, true))
  end)

  it("#28 an image in a result stands inside it for Gemini 3, behind it before", function()
    local image = { type = "image_url", image_url = { url = "data:image/png;base64,iVBORw0KGgo=" } }
    local messages = {
      user "a", gemini.called { "c1", "f" }, gemini.result("c1", json.array { { type = "text", text = "x" }, image }),
    }
    local part = { inlineData = { mimeType = "image/png", data = "iVBORw0KGgo=" } }
    local newer = gemini.contents(messages, "gemini-3-pro-preview")[3].parts
    assert.equal(1, #newer)
    assert.same({ part }, newer[1].functionResponse.parts)
    local older = gemini.contents(messages, "gemini-2.5-pro")[3].parts
    assert.same(part, older[2])
    assert.is_nil(older[1].functionResponse.parts)
  end)
end)

describe("signatures of thoughts", function()
  local QUESTION = { role = "user", content = "a" }

  local function signatures(messages, model)
    local found = {}
    for _, content in ipairs(gemini.contents(messages, model)) do
      for _, part in ipairs(content.parts) do
        if part.functionCall then found[#found + 1] = part.thoughtSignature or "-" end
      end
    end
    return table.concat(found, " ")
  end

  it("#35 a call of Gemini 3 without one carries the words that stand for it, the first of its turn only", function()
    local messages = {
      QUESTION, gemini.called({ "1", "f" }, { "2", "f" }), gemini.result("1", "x"), gemini.result("2", "x"),
      gemini.called { "3", "f" }, gemini.result("3", "x"),
    }
    local skip = "skip_thought_signature_validator"
    assert.equal(skip .. " - " .. skip, signatures(messages, "gemini-3-flash-preview"))
    assert.equal("- - -", signatures(messages, "gemini-2.5-flash"))
  end)

  it("#35 calls before the last question need none", function()
    local messages = {
      QUESTION, gemini.called { "1", "f" }, gemini.result("1", "x"), { role = "assistant", content = "b" }, QUESTION,
      gemini.called { "2", "f" }, gemini.result("2", "x"),
    }
    assert.equal("- skip_thought_signature_validator", signatures(messages, "gemini-3-flash-preview"))
  end)

  it("#36 come back on exactly the call they came with, in fields of their own; ids stay as they are", function()
    local messages = {
      QUESTION, gemini.called({ "1", "f", "{}", "SIG" }, { "2", "f" }), gemini.result("1", "x"),
      gemini.result("2", "x"),
    }
    assert.equal("SIG -", signatures(messages, "gemini-3-flash-preview"))
    local call = gemini.contents(messages)[2].parts[1].functionCall
    assert.equal("1", call.id)
  end)

  it("are also read where other gateways put them", function()
    local called = gemini.called { "1", "f" }
    called.tool_calls[1].provider_specific_fields = { thought_signature = "SIG" }
    assert.equal("SIG", signatures({ QUESTION, called, gemini.result("1", "x") }))
  end)

  it("of a text stand on its last part", function()
    local message = {
      role = "assistant", extra_content = { google = { thought_signature = "SIG" } },
      content = json.array { { type = "text", text = "a" }, { type = "text", text = "b" } },
    }
    local parts = gemini.contents({ QUESTION, message, QUESTION })[2].parts
    assert.same({ { text = "a" }, { text = "b", thoughtSignature = "SIG" } }, parts)
  end)
end)

describe("parts for Gemini", function()
  local function part_of(part, model, more)
    local sent, failure = gemini.sent({ messages = json.array { gemini.part(part) } }, model, more)
    return sent and sent.contents[1].parts[1], failure
  end

  local function image(url) return { type = "image_url", image_url = { url = url } } end

  it("are data URLs inline, with the type that their bytes tell", function()
    assert.same({ inlineData = { mimeType = "image/png", data = "iVBORw0KGgo=" } },
      part_of(image "data:image/jpg;base64,iVBORw0KGgo="))
    assert.same({ inlineData = { mimeType = "image/jpeg", data = "AAAA" } }, part_of(image "data:;base64,AAAA"))
  end)

  it("are URLs that newer models fetch", function()
    assert.same({ fileData = { fileUri = "https://a.example/b.webp?x=1", mimeType = "image/webp" } },
      part_of(image "https://a.example/b.webp?x=1"))
    assert.same({ fileData = { fileUri = "https://a.example/b", mimeType = "image/jpeg" } },
      part_of(image "https://a.example/b"))
  end)

  it("are fetched here for models that do not", function()
    local asked
    local function fetch(url, options)
      asked = { url, options.max_bytes }
      return "\137PNG\r\n\26\n", "image/x-wrong"
    end
    local part = part_of(image "https://a.example/b", "gemini-1.5-pro", { fetch = fetch })
    assert.equal("https://a.example/b", asked[1])
    assert.truthy(asked[2] <= 20 * 1024 * 1024)
    assert.same({ mimeType = "image/png", data = "iVBORw0KGgo=" }, part.inlineData)
  end)

  it("are refused with what the fetch says", function()
    local function fetch() return nil, { status = 400, code = "x", type = "y", message = "not there" } end
    local part, failure = part_of(image "https://a.example/b", "gemini-1.5-pro", { fetch = fetch })
    assert.is_nil(part)
    assert.equal("not there", failure.message)
  end)

  it("are files of Google's own as they are, whatever the model", function()
    for _, url in ipairs {
      "gs://bucket/x.mp4", "https://generativelanguage.googleapis.com/v1beta/files/abc", "https://youtu.be/abc",
    } do
      assert.equal(url, part_of(image(url), "gemini-1.5-pro", { fetch = error }).fileData.fileUri)
    end
    assert.equal("video/mp4", part_of(image "gs://bucket/x.mp4").fileData.mimeType)
  end)

  it("are audio and files", function()
    assert.same({ inlineData = { mimeType = "audio/mp3", data = "AAAA" } },
      part_of { type = "input_audio", input_audio = { data = "AAAA", format = "mp3" } })
    assert.same({ inlineData = { mimeType = "application/pdf", data = "JVBERi0=" } },
      part_of { type = "file", file = { file_data = "JVBERi0=", filename = "a.b" } })
    assert.same({ inlineData = { mimeType = "text/csv", data = "AAAA" } },
      part_of { type = "file", file = { file_data = "AAAA", filename = "a.csv" } })
    assert.same({ fileData = { fileUri = "gs://b/a.pdf", mimeType = "application/pdf" } },
      part_of { type = "file", file = { file_id = "gs://b/a.pdf" } })
  end)

  it("that nobody there reads are refused by name", function()
    local _, failure = part_of { type = "hologram" }
    assert.truthy(failure.message:find("hologram", 1, true))
    _, failure = part_of { type = "file", file = { file_id = "file-123" } }
    assert.equal("unsupported_content", failure.code)
    _, failure = part_of(image "ftp://a.example")
    assert.equal(400, failure.status)
  end)
end)

describe("parameters for Gemini", function()
  it("have Google's names", function()
    assert.same({
      maxOutputTokens = 5, temperature = 1, topP = 0.5, topK = 40, seed = 1, candidateCount = 2,
      stopSequences = { "a" }, frequencyPenalty = 1, presencePenalty = -2,
    }, gemini.config {
      max_tokens = 9, max_completion_tokens = 5, temperature = 1, top_p = 0.5, top_k = 40, seed = 1, n = 2,
      stop = json.array { "a", " " }, frequency_penalty = 1, presence_penalty = -2,
    })
  end)

  it("keep within its bounds", function()
    local config = gemini.config { frequency_penalty = 2, presence_penalty = 2, temperature = 2 }
    assert.truthy(config.frequencyPenalty < 2 and config.presencePenalty < 2)
    assert.equal(2, config.temperature)
  end)

  it("#11 are left out when they are null", function()
    assert.is_nil(gemini.config {
      temperature = json.null, stop = json.null, max_tokens = json.null, n = json.null, tools = json.null,
      response_format = json.null, reasoning_effort = json.null, logprobs = json.null,
    })
  end)

  it("#12 have no blank stop", function()
    assert.is_nil(gemini.config { stop = "" })
    assert.is_nil(gemini.config { stop = json.array { "", "  " } })
  end)

  it("that it has not in that number are refused", function()
    for name, body in pairs {
      n = { n = 9 }, stop = { stop = json.array { "a", "b", "c", "d", "e", "f" } }, temperature = { temperature = "x" },
      functions = { functions = json.array {} },
    } do
      local sent, failure = gemini.sent(body)
      assert.is_nil(sent)
      assert.equal(name, failure.param)
    end
  end)

  it("ask for log probabilities only when the client does", function()
    assert.same({ responseLogprobs = true, logprobs = 3 }, gemini.config { logprobs = true, top_logprobs = 3 })
    assert.same({ responseLogprobs = true }, gemini.config { logprobs = true })
    assert.is_nil(gemini.config { logprobs = false, top_logprobs = 3 })
  end)

  it("name modalities and a voice", function()
    assert.same({
      responseModalities = { "TEXT", "AUDIO" },
      speechConfig = { voiceConfig = { prebuiltVoiceConfig = { voiceName = "Kore" } } },
    }, gemini.config { modalities = json.array { "text", "audio" }, audio = { voice = "Kore", format = "wav" } })
  end)

  it("name the tier in Google's words", function()
    assert.equal("flex", gemini.sent({ service_tier = "flex" }).serviceTier)
    assert.equal("standard", gemini.sent({ service_tier = "default" }).serviceTier)
    assert.is_nil(gemini.sent({ service_tier = "auto" }).serviceTier)
  end)

  it("carry Google's own members, from the body or from extra_body.google", function()
    local safety = { { category = "HARM_CATEGORY_HARASSMENT", threshold = "BLOCK_NONE" } }
    assert.same(safety, gemini.sent({ safety_settings = json.array(safety) }).safetySettings)
    local sent = gemini.sent { extra_body = { google = {
      cached_content = "cachedContents/1", thinking_config = { thinkingBudget = 5 }, labels = { a = "b" },
    } } }
    assert.equal("cachedContents/1", sent.cachedContent)
    assert.same({ thinkingBudget = 5 }, sent.generationConfig.thinkingConfig)
    assert.is_nil(sent.labels)
  end)

  it("ask for JSON, with the schema where there is one, in its own order", function()
    assert.same({ responseMimeType = "application/json" }, gemini.config { response_format = { type = "json_object" } })
    local text = '{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema",'
      .. '"json_schema":{"name":"n","schema":{"type":"object","properties":{"z":{"type":"string"},"a":{}}}}}}'
    text = gemini.sent_text(text)
    local schema = '"responseJsonSchema":{"type":"object","properties":{"z":{"type":"string"},"a":{}}}'
    assert.truthy(text:find(schema, 1, true))
  end)

  it("#50 a schema beside tools is said in words before Gemini 3", function()
    local body = {
      tools = json.array { gemini.tool("f") },
      response_format = { type = "json_schema", json_schema = { name = "n", schema = { type = "object" } } },
    }
    local older = gemini.sent(body, "gemini-2.5-pro")
    assert.is_nil(older.generationConfig)
    assert.equal(1, #older.tools)
    assert.truthy(older.systemInstruction.parts[1].text:find('{"type":"object"}', 1, true))
    local newer = gemini.sent(body, "gemini-3-pro-preview")
    assert.equal("application/json", newer.generationConfig.responseMimeType)
    assert.is_nil(newer.systemInstruction)
  end)
end)

describe("thinking for Gemini", function()
  local function thinking(effort, model)
    local config = gemini.config({ reasoning_effort = effort }, model)
    return config and config.thinkingConfig
  end

  it("is a budget for 2.5, within what the line takes", function()
    assert.same({ thinkingBudget = 0 }, thinking("none", "gemini-2.5-flash"))
    assert.same({ thinkingBudget = 128 }, thinking("none", "gemini-2.5-pro"))
    assert.same({ thinkingBudget = 512, includeThoughts = true }, thinking("minimal", "gemini-2.5-flash-lite"))
    assert.same({ thinkingBudget = 1024, includeThoughts = true }, thinking("low", "gemini-2.5-pro"))
    assert.same({ thinkingBudget = 8192, includeThoughts = true }, thinking("medium", "models/gemini-2.5-pro"))
    assert.same({ thinkingBudget = 24576, includeThoughts = true }, thinking("xhigh", "gemini-2.5-flash"))
  end)

  it("is a level from 3 on, of those the line knows", function()
    assert.same({ thinkingLevel = "minimal" }, thinking("none", "gemini-3-flash-preview"))
    assert.same({ thinkingLevel = "low" }, thinking("none", "gemini-3.7-flash"))
    assert.same({ thinkingLevel = "minimal" }, thinking("none", "gemini-3.7-flash-lite"))
    assert.same({ thinkingLevel = "low", includeThoughts = true }, thinking("minimal", "gemini-3-pro-preview"))
    assert.same({ thinkingLevel = "high", includeThoughts = true }, thinking("medium", "gemini-3-pro-preview"))
    assert.same({ thinkingLevel = "medium", includeThoughts = true }, thinking("medium", "gemini-3.1-pro-preview"))
    assert.same({ thinkingLevel = "high", includeThoughts = true }, thinking("max", "gemini-flash-latest"))
  end)

  it("is not asked of models before 2.5, nor where the client says nothing", function()
    assert.is_nil(thinking("high", "gemini-2.0-flash"))
    assert.is_nil(thinking("high", "gemma-3-27b-it"))
    assert.is_nil(thinking(nil, "gemini-2.5-flash"))
    assert.is_nil(thinking("sideways", "gemini-2.5-flash"))
  end)

  it("is read from Anthropic's object, too", function()
    local function of(object, model)
      return gemini.config({ thinking = object }, model).thinkingConfig
    end
    assert.same({ thinkingBudget = 4000, includeThoughts = true },
      of({ type = "enabled", budget_tokens = 4000 }, "gemini-2.5-flash"))
    assert.same({ thinkingLevel = "medium", includeThoughts = true },
      of({ type = "enabled", budget_tokens = 4000 }, "gemini-3-flash-preview"))
    assert.same({ thinkingBudget = 0 }, of({ type = "disabled" }, "gemini-2.5-flash"))
  end)
end)

describe("the address at Gemini", function()
  local function path(model, stream)
    local _, made = gemini.sent({}, model, { stream = stream })
    return made.path
  end

  it("names the model once, and asks for events when it streams", function()
    assert.equal("/models/gemini-2.5-flash:generateContent", path "gemini-2.5-flash")
    assert.equal("/models/gemini-2.5-flash:generateContent", path "models/gemini-2.5-flash")
    assert.equal("/tunedModels/mine:streamGenerateContent?alt=sse", path("tunedModels/mine", true))
  end)

  it("leads nowhere else, whatever the model is called", function()
    assert.equal("/models/a%3Fkey%3Db%23:generateContent", path "a?key=b#")
    assert.equal("/models/..%2F..%2Fx:generateContent", path "../../x")
    assert.equal("/tunedModels/..%2Fx:generateContent", path "tunedModels/../x")
  end)
end)
