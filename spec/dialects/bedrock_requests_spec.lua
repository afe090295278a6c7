-- SPDX-License-Identifier: Apache-2.0
--- Chat requests as Converse is sent them: messages, media, parameters.

local bedrock = require "spec.support.bedrock"
local json = require "gateway.json"

local user = function(content) return { role = "user", content = content } end
local text = function(words) return { type = "text", text = words } end
local image = function(url) return { type = "image_url", image_url = { url = url } } end
local file = function(name, data) return { type = "file", file = { filename = name, file_data = data } } end

local PNG = "iVBORw0KGgoAAAANSUhEUg"
local PDF = "data:application/pdf;base64,JVBERi0xLjQK"

describe("messages", function()
  it("of one role are joined, and the user speaks first", function()
    local body = bedrock.conversation {
      { role = "assistant", content = "Hello." }, user "a", user "b",
    }
    assert.are.same({
      { role = "user", content = { { text = "(start)" } } },
      { role = "assistant", content = { { text = "Hello." } } },
      { role = "user", content = { { text = "a" }, { text = "b" } } },
    }, body.messages)
  end)

  it("of the system all go to the top", function()
    local body = bedrock.conversation {
      { role = "system", content = "A." }, user "a", { role = "developer", content = "B." },
    }
    assert.are.same({ { text = "A." }, { text = "B." } }, body.system)
    assert.equal(1, #body.messages)
  end)

  it("that end in the assistant's own words lose the blanks at their end", function()
    assert.are.same({ { text = "So" } }, bedrock.content({ user "a", { role = "assistant", content = "So \n" } }, 2))
  end)

  it("without any content are refused", function()
    local sent, failure = bedrock.sent { messages = json.array { user "  " } }
    assert.is_nil(sent)
    assert.equal(400, failure.status)
  end)

  it("with images in the system's words are refused", function()
    local sent, failure = bedrock.sent {
      messages = json.array { { role = "system", content = json.array { image("data:image/png;base64," .. PNG) } } },
    }
    assert.is_nil(sent)
    assert.equal("messages", failure.param)
  end)
end)

describe("media", function()
  it("inline are bytes of the type that they truly have", function()
    local content = bedrock.content { user(json.array {
      text "Look", image("data:image/jpeg;base64," .. PNG), image "data:image/jpg;base64,/9j/4AAQ",
    }) }
    assert.are.same({ format = "png", source = { bytes = PNG } }, content[2].image)
    assert.equal("jpeg", content[3].image.format)
  end)

  it("#30 behind a web address are fetched", function()
    local asked
    local content = bedrock.content({ user(json.array { text "Look", image "https://a.example/b?c" }) }, 1, nil, {
      fetch = function(url, options)
        asked = { url, options.max_bytes > 1000000 }
        return "GIF89a...", "image/gif; charset=x"
      end,
    })
    assert.are.same({ "https://a.example/b?c", true }, asked)
    assert.are.same({ format = "gif", source = { bytes = "R0lGODlhLi4u" } }, content[2].image)
  end)

  it("#30 that cannot be fetched fail the request in the fetcher's words", function()
    local failure = { status = 400, type = "invalid_request_error", code = "invalid_request", message = "no" }
    local more = { fetch = function() return nil, failure end }
    local sent, told = bedrock.sent({ messages = json.array { user(json.array { image "http://a.example/b" }) } },
      nil, more)
    assert.is_nil(sent)
    assert.equal(failure, told)
  end)

  it("of a type that Bedrock does not read are refused", function()
    local _, failure = bedrock.sent({ messages = json.array { user(json.array { image "https://a.example/b" }) } },
      nil, { fetch = function() return "<html>", "text/css" end })
    assert.equal("unsupported_content", failure.code)
    _, failure = bedrock.sent { messages = json.array { user(json.array { image "ftp://a" }) } }
    assert.equal("messages", failure.param)
  end)

  it("in S3 stay there", function()
    local content = bedrock.content { user(json.array { text "Look", image "s3://bucket/a.webp" }) }
    assert.are.same({ format = "webp", source = { s3Location = { uri = "s3://bucket/a.webp" } } }, content[2].image)
  end)

  it("may be audio and video", function()
    local content = bedrock.content({ user(json.array {
      { type = "input_audio", input_audio = { data = "AAAA", format = "wav" } },
      { type = "video_url", video_url = { url = "data:video/mp4;base64,AAAA" } },
    }) }, 1, bedrock.NOVA)
    assert.are.same({ format = "wav", source = { bytes = "AAAA" } }, content[1].audio)
    assert.are.same({ format = "mp4", source = { bytes = "AAAA" } }, content[2].video)
  end)

  it("#32 documents have clean names, each its own", function()
    local content = bedrock.content { user(json.array {
      text "Read", file("Bericht für  Mai.v2.pdf", PDF), file("Bericht für Mai.v2.pdf", PDF), file(nil, PDF),
      file("ю(1)[a].pdf", PDF), file(".pdf", PDF), file(("x"):rep(300) .. ".pdf", PDF),
    }) }
    local names = {}
    for i = 2, #content do names[i - 1] = content[i].document.name end
    assert.are.same({
      "Bericht f-r Mai-v2", "Bericht f-r Mai-v2-2", "document", "-(1)[a]", "document-2", ("x"):rep(200),
    }, names)
  end)

  it("#31 a PDF is a document also as image_url, and has text beside it", function()
    local content = bedrock.content { user(json.array { image(PDF) }) }
    assert.equal("pdf", content[1].document.format)
    assert.is_string(content[2].text)
  end)

  it("#31 documents are known by their type or their name", function()
    local content = bedrock.content { user(json.array {
      text "Read", file("a.docx", "UEsDBA"), file("b", "data:text/csv;base64,YSxi"), file("c.MD", "IyBh"),
      file("d.bin", "data:text/html; charset=utf-8;base64,PGI+"),
    }) }
    local formats = {}
    for i = 2, #content do formats[i - 1] = content[i].document.format end
    assert.are.same({ "docx", "csv", "md", "html" }, formats)
  end)

  it("in a file that Bedrock cannot read, or keeps elsewhere, are refused", function()
    local _, failure = bedrock.sent { messages = json.array { user(json.array { file("a.zip", "UEsDBA") }) } }
    assert.equal("unsupported_content", failure.code)
    _, failure = bedrock.sent {
      messages = json.array { user(json.array { { type = "file", file = { file_id = "f1" } } }) },
    }
    assert.equal("unsupported_content", failure.code)
  end)
end)

describe("cache points", function()
  local mark, hour = { type = "ephemeral" }, { type = "ephemeral", ttl = "1h" }
  local marked = function(words, control) return { type = "text", text = words, cache_control = control } end
  local point = { cachePoint = { type = "default" } }

  it("#18 stand behind what they mark: a part, a message, a tool, a result", function()
    local body = assert(bedrock.sent {
      messages = json.array {
        { role = "system", content = json.array { marked("A.", mark) } },
        { role = "user", content = "a", cache_control = mark },
        bedrock.called("c1", "f"), { role = "tool", tool_call_id = "c1", content = "r", cache_control = mark },
      },
      tools = json.array { bedrock.tool("f", nil, { cache_control = mark }) },
    })
    assert.are.same({ { text = "A." }, point }, body.system)
    assert.are.same({ { text = "a" }, point }, body.messages[1].content)
    assert.are.same(point, body.messages[3].content[2])
    assert.are.same(point, body.toolConfig.tools[2])
  end)

  it("#17 live an hour only where the model knows hours", function()
    local messages = { user(json.array { marked("a", hour) }) }
    assert.equal("1h", bedrock.content(messages)[2].cachePoint.ttl)
    assert.are.same(point, bedrock.content(messages, 1, "anthropic.claude-3-7-sonnet-20250219-v1:0")[2])
    assert.are.same(point, bedrock.content(messages, 1, bedrock.NOVA)[2])
  end)

  it("#16 are four at most, and no hour stands behind five minutes", function()
    local parts = {}
    for i = 1, 6 do parts[i] = marked("t" .. i, i == 4 and mark or hour) end
    local content, kept = bedrock.content { user(json.array(parts)) }, {}
    for i, block in ipairs(content) do
      if block.cachePoint then kept[#kept + 1] = content[i - 1].text .. (block.cachePoint.ttl or "") end
    end
    assert.are.same({ "t31h", "t4", "t5", "t6" }, kept)
  end)

  it("are left out for models that have none", function()
    assert.are.same({ { text = "a" } }, bedrock.content({ user(json.array { marked("a", mark) }) }, 1, bedrock.LLAMA))
  end)
end)

describe("parameters", function()
  local sent = bedrock.sent

  it("#10 are within what the vendor takes", function()
    local body = sent { temperature = 1.4, max_completion_tokens = 99999, stop = json.array { "a", "", " " } }
    assert.are.same({ temperature = 1, maxTokens = 64000, stopSequences = { "a" } }, body.inferenceConfig)
    assert.is_nil(sent({}).inferenceConfig)
    assert.is_nil(sent({ stop = "" }).inferenceConfig)
  end)

  it("#11 of null are absent", function()
    local body = sent { temperature = json.null, stop = json.null, tools = json.null, response_format = json.null }
    assert.are.same({ messages = { { role = "user", content = { { text = "Hi" } } } } }, body)
  end)

  it("#8 do not set temperature and top_p together on Claude 4.5", function()
    assert.are.same({ temperature = 0.5 }, sent({ temperature = 0.5, top_p = 0.9 }).inferenceConfig)
    assert.are.same({ topP = 0.9 }, sent({ top_p = 0.9 }).inferenceConfig)
    assert.are.same({ temperature = 0.5, topP = 0.9 },
      sent({ temperature = 0.5, top_p = 0.9 }, bedrock.LLAMA).inferenceConfig)
  end)

  it("#9 of sampling are dropped where Claude refuses them", function()
    local body = sent({ temperature = 0.5, top_p = 0.9, top_k = 4 }, "global.anthropic.claude-opus-4-7-v1")
    assert.is_nil(body.inferenceConfig)
    assert.is_nil(body.additionalModelRequestFields)
  end)

  it("put top_k where each family has it", function()
    assert.are.same({ top_k = 4 }, sent({ top_k = 4 }).additionalModelRequestFields)
    assert.are.same({ inferenceConfig = { topK = 4 } },
      sent({ top_k = 4 }, bedrock.NOVA).additionalModelRequestFields)
    assert.is_nil(sent({ top_k = 4 }, bedrock.LLAMA).additionalModelRequestFields)
  end)

  it("that are no numbers, or would change the answer, are refused", function()
    for param, value in pairs { temperature = "hot", max_tokens = true, n = 2, functions = json.array {} } do
      local body, failure = sent { [param] = value }
      assert.is_nil(body, param)
      assert.equal(param, failure.param)
    end
  end)

  it("of a client's metadata are the request's, as far as the vendor takes them", function()
    local body = sent { metadata = { team = "a b", odd = "ö", long = ("x"):rep(257), empty = "" }, user = "u1" }
    assert.are.same({ team = "a b" }, body.requestMetadata)
    assert.is_nil(sent({ user = "u1" }).requestMetadata)
  end)

  it("name the service tier in the vendor's words", function()
    assert.are.same({ type = "flex" }, sent({ service_tier = "flex" }).serviceTier)
    assert.is_nil(sent({ service_tier = "auto" }).serviceTier)
  end)

  it("that are Bedrock's own are kept", function()
    local guard = { guardrailIdentifier = "g1", guardrailVersion = "1", trace = "enabled" }
    local body = sent {
      guardrailConfig = guard, performanceConfig = { latency = "optimized" }, top_k = 3,
      additionalModelRequestFields = { custom = 1 },
    }
    assert.are.same(guard, body.guardrailConfig)
    assert.are.same({ latency = "optimized" }, body.performanceConfig)
    assert.are.same({ custom = 1, top_k = 3 }, body.additionalModelRequestFields)
    assert.equal("guardrailConfig", select(2, sent { guardrailConfig = "g1" }).param)
  end)

  it("#45 of beta headers are those that Bedrock knows, for Claude", function()
    local headers = { headers = { ["anthropic-beta"] = "context-1m-2025-08-07, files-api-2025-04-14" } }
    local body = sent({}, nil, headers)
    assert.are.same({ "context-1m-2025-08-07" }, body.additionalModelRequestFields.anthropic_beta)
    assert.is_nil(sent({}, bedrock.NOVA, headers).additionalModelRequestFields)
  end)
end)

describe("reasoning", function()
  local function more_of(body, model) return assert(bedrock.sent(body, model)).additionalModelRequestFields end

  it("is asked for as each family knows it", function()
    assert.are.same({ thinking = { type = "enabled", budget_tokens = 4096 } }, more_of { reasoning_effort = "high" })
    assert.are.same({ reasoning_effort = "high" }, more_of({ reasoning_effort = "xhigh" }, "openai.gpt-oss-120b-1:0"))
    assert.are.same({ reasoningConfig = { type = "enabled", maxReasoningEffort = "low" } },
      more_of({ reasoning_effort = "minimal" }, "us.amazon.nova-2-lite-v1:0"))
    assert.is_nil(more_of({ reasoning_effort = "high" }, "us.deepseek.r1-v1:0"))
    assert.is_nil(more_of({ reasoning_effort = "none" }, "openai.gpt-oss-120b-1:0"))
  end)

  it("is adaptive with an effort where Claude has it so", function()
    assert.are.same({ thinking = { type = "adaptive", display = "summarized" }, output_config = { effort = "max" } },
      more_of({ reasoning_effort = "max" }, "us.anthropic.claude-opus-4-6-v1"))
  end)

  it("#7 excludes sampling, and finds room in max_tokens (#49)", function()
    local body = bedrock.sent { reasoning_effort = "high", temperature = 0.2, top_k = 3, max_tokens = 1000 }
    assert.are.same({ maxTokens = 8192 }, body.inferenceConfig)
    assert.is_nil(body.additionalModelRequestFields.top_k)
  end)

  local signed = { type = "thinking", thinking = "hm", signature = "c2ln" }
  local hidden = { type = "redacted_thinking", data = "ZW5j" }
  local unsigned = { type = "thinking", thinking = "so", signature = "" }
  local history = {
    { role = "user", content = "a" },
    { role = "assistant", content = "b", thinking_blocks = json.array { signed, unsigned, hidden } },
    { role = "user", content = "c" },
  }

  it("#69 that is signed goes back first and unchanged, what is not signed (#34) does not", function()
    assert.are.same({
      { reasoningContent = { reasoningText = { text = "hm", signature = "c2ln" } } },
      { reasoningContent = { redactedContent = "ZW5j" } },
      { text = "b" },
    }, bedrock.content(history, 2))
  end)

  it("#55 of another model does not go along", function()
    assert.are.same({ { text = "b" } }, bedrock.content(history, 2, nil, { moved = true }))
    assert.are.same({ { text = "b" } }, bedrock.content(history, 2, bedrock.NOVA))
  end)
end)

describe("the address", function()
  local function made(model, more)
    return select(2, assert(bedrock.sent({}, model, more)))
  end

  it("#40 holds the model's name encoded once", function()
    assert.equal("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", made().path)
    local arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    local path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/"
    assert.equal(path .. "converse", made(arn).path)
    assert.equal(path .. "converse-stream", made(arn, { stream = true }).path)
  end)

  it("of an ARN is its region's, unless the operator gave one", function()
    local arn = "arn:aws:bedrock:eu-west-1:123456789012:provisioned-model/abc"
    assert.is_nil(made(arn).path)
    assert.equal("https://bedrock-runtime.eu-west-1.amazonaws.com/model/"
      .. "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aprovisioned-model%2Fabc/converse", made(arn).url)
    assert.is_nil(made(arn, { given = true }).url)
    local china = made("arn:aws-cn:bedrock:cn-north-1:1:imported-model/a").url
    assert.equal("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/", china:match "^https://[^/]*/")
  end)

  it("is never one of dots", function()
    local _, failure = bedrock.sent({}, "../../x")
    assert.equal("model_not_found", failure.code)
  end)

  it("of an ARN that tells nothing leaves out what only some models take", function()
    local arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    local body = bedrock.sent({ top_k = 3, reasoning_effort = "high", temperature = 0.5 }, arn)
    assert.are.same({ temperature = 0.5 }, body.inferenceConfig)
    assert.is_nil(body.additionalModelRequestFields)
    body = bedrock.sent({ top_k = 3 }, arn, { requested_model = "claude-sonnet-4-5" })
    assert.are.same({ top_k = 3 }, body.additionalModelRequestFields)
    body = bedrock.sent({ top_k = 3 }, "arn:aws:bedrock:us-east-1:1:inference-profile/" .. bedrock.CLAUDE)
    assert.are.same({ top_k = 3 }, body.additionalModelRequestFields)
  end)
end)
