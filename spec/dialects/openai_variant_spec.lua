-- SPDX-License-Identifier: Apache-2.0
--- OpenAI's relatives whose answers are not quite OpenAI's: what is sent to them, what the client reads.

local chunks = require "spec.support.chunks"
local json = require "gateway.json"
local spec = require "gateway.spec"
local ways = require "spec.support.ways"

local dialect = spec.script("providers/dialects", "openai_variant")

local function provider(name)
  return spec.script("providers", name)
end

local function way(name)
  return ways.through(dialect, provider(name), "m")
end

--- The decoded chunks of a stream given as decoded events; a failure instead of the last where it broke.
local function streamed(events, more)
  local list = {}
  for i, event in ipairs(events) do
    list[i] = "data: " .. (type(event) == "table" and json.encode(event) or event) .. "\n\n"
  end
  local call = way("together"):call({}, "m", more)
  return chunks.translated(dialect, call, { table.concat(list) })
end

local function delta(fields, finish, more)
  local chunk = {
    id = "x", created = 1, model = "m",
    choices = json.array { { index = 0, delta = fields, finish_reason = finish or json.null } },
  }
  for name, value in pairs(more or {}) do chunk[name] = value end
  return chunk
end

describe("a request", function()
  it("keeps what is nobody's business and leaves out what the provider refuses", function()
    local sent = way("together"):sent { top_k = 4, user = "u", store = true, stop = "END" }
    assert.equal(4, sent.top_k)
    assert.is_nil(sent.user)
    assert.is_nil(sent.store)
    assert.same({ "END" }, sent.stop)
  end)

  it("counts tokens where OpenAI has a switch", function()
    assert.equal(3, way("together"):sent({ logprobs = true, top_logprobs = 3 }).logprobs)
    assert.equal(1, way("together"):sent({ logprobs = true }).logprobs)
    assert.is_nil(way("together"):sent({ logprobs = false }).logprobs)
  end)

  it("asks for the usage of a stream where it is not told unasked", function()
    local body = way("together"):sent({}, "m", { stream = true })
    assert.same({ include_usage = true }, body.stream_options)
    assert.is_nil(way("perplexity"):sent({ stream_options = { include_usage = true } }, "m", { stream = true })
      .stream_options)
  end)

  it("keeps numbers within the provider's bounds", function()
    assert.equal(1, way("moonshot"):sent({ temperature = 1.7 }).temperature)
    assert.equal(0.5, way("moonshot"):sent({ temperature = 0.5 }).temperature)
  end)

  it("leaves the client's own body alone, for the next target", function()
    local call = way("deepseek"):call { messages = json.array { { role = "assistant", content = "a" } } }
    assert(dialect.request(call, provider "deepseek"))
    assert.is_nil(call.request.messages[1].reasoning_content)
  end)

  it("keeps schemas in their order", function()
    local text = '{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":'
      .. '{"name":"f","strict":true,"parameters":{"type":"object","properties":{"b":{},"a":{}}}}}]}'
    local made = assert(dialect.request(way("xai"):call(text), provider "xai"))
    assert.truthy(made.body:find('"parameters":{"type":"object","properties":{"b":{},"a":{}}}', 1, true), made.body)
    assert.is_nil(made.body:find("strict", 1, true))
  end)
end)

describe("#37 reasoning of earlier answers", function()
  local called = ways.called("c1", "f")

  local function history(name, message)
    local sent = way(name):sent { messages = json.array { { role = "user", content = "a" }, message } }
    return sent.messages[2]
  end

  it("is sent back to DeepSeek, and a space where there is none", function()
    assert.equal("Hm.", history("deepseek", { role = "assistant", content = "a", reasoning_content = "Hm." })
      .reasoning_content)
    assert.equal(" ", history("deepseek", { role = "assistant", content = "a" }).reasoning_content)
  end)

  it("is sent back to Kimi with calls, and only with them", function()
    called.reasoning_content = "Hm."
    assert.equal("Hm.", history("moonshot", called).reasoning_content)
    called.reasoning_content = nil
    assert.equal(" ", history("moonshot", called).reasoning_content)
    assert.is_nil(history("moonshot", { role = "assistant", content = "a" }).reasoning_content)
  end)

  it("is taken under its other name", function()
    local message = history("deepseek", { role = "assistant", content = "a", reasoning = "Hm." })
    assert.equal("Hm.", message.reasoning_content)
    assert.is_nil(message.reasoning)
  end)

  it("is not sent to whom it is a mistake", function()
    assert.is_nil(history("perplexity", { role = "assistant", content = "a", reasoning_content = "Hm." })
      .reasoning_content)
  end)
end)

describe("an answer", function()
  local function answered(message, more)
    local answer = { id = "x", choices = json.array { { message = message, finish_reason = "stop" } } }
    for name, value in pairs(more or {}) do answer[name] = value end
    return way("together"):answered(answer)
  end

  it("#73 of several choices keeps them apart", function()
    local made = way("together"):answered {
      choices = json.array {
        { message = { content = "a" }, finish_reason = "eos" },
        { message = { content = "b" }, finish_reason = "length" },
      },
    }
    assert.equal(0, made.choices[1].index)
    assert.equal(1, made.choices[2].index)
    assert.equal("stop", made.choices[1].finish_reason)
    assert.equal("length", made.choices[2].finish_reason)
  end)

  it("whose content is a list of parts has text and reasoning", function()
    local made = answered { content = json.array {
      { type = "reasoning", summary = json.array { { type = "summary_text", text = "Hm." } } },
      { type = "text", text = "Hi" },
    } }
    assert.equal("Hi", made.choices[1].message.content)
    assert.equal("Hm.", made.choices[1].message.reasoning_content)
  end)

  it("names its reasoning as clients know it", function()
    local message = answered({ content = "Hi", reasoning = "Hm." }).choices[1].message
    assert.equal("Hm.", message.reasoning_content)
    assert.is_nil(message.reasoning)
  end)

  it("with calls says so, whatever it says", function()
    local call = { id = "", ["function"] = { name = "f", arguments = { a = 1 } } }
    local choice = answered({ content = "", tool_calls = json.array { call } }).choices[1]
    assert.equal("tool_calls", choice.finish_reason)
    assert.equal(json.null, choice.message.content)
    assert.equal('{"a":1}', choice.message.tool_calls[1]["function"].arguments)
    assert.truthy(choice.message.tool_calls[1].id:find "^call_%w+$")
  end)

  it("counts reasoning as output where the vendor counts it beside", function()
    local usage = answered({ content = "a" }, { usage = {
      prompt_tokens = 10, completion_tokens = 5, total_tokens = 35,
      completion_tokens_details = { reasoning_tokens = 20 },
    } }).usage
    assert.equal(25, usage.completion_tokens)
    assert.equal(35, usage.total_tokens)
  end)

  it("tells cached tokens where clients look for them", function()
    for _, name in ipairs { "cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens" } do
      local usage = answered({ content = "a" }, {
        usage = { prompt_tokens = 10, completion_tokens = 5, total_tokens = 15, [name] = 4 },
      }).usage
      assert.equal(4, usage.prompt_tokens_details.cached_tokens, name)
    end
  end)

  it("keeps what Perplexity found, and annotates it", function()
    local made = answered({ content = "Paris[1] is it." }, {
      citations = json.array { "https://a.example" }, related_questions = json.array { "why" },
      search_results = json.array {
        { title = "A", url = "https://a.example" }, { title = "B", url = "https://b.example" },
      },
    })
    assert.same({ "https://a.example" }, made.citations)
    assert.same({ "why" }, made.related_questions)
    local list = made.choices[1].message.annotations
    assert.equal(2, #list)
    assert.same({ start_index = 5, end_index = 8, url = "https://a.example", title = "A" }, list[1].url_citation)
    assert.equal("https://b.example", list[2].url_citation.url)
  end)

  it("that failed in a 200 is a failure", function()
    local made, failure = way("minimax"):answered { base_resp = { status_code = 1008, status_msg = "no balance" } }
    assert.is_nil(made)
    assert.equal("insufficient_quota", failure.code)
    made, failure = way("xai"):answered { code = "Client specified an invalid argument", error = "no such" }
    assert.is_nil(made)
    assert.equal("no such", failure.message)
    made, failure = way("deepseek"):answered {
      choices = json.array { { message = { content = "a" }, finish_reason = "insufficient_system_resource" } },
    }
    assert.is_nil(made)
    assert.equal(502, failure.status)
  end)

  it("that is no completion is a failure", function()
    for _, text in ipairs { "", "<html>", "{}", '{"choices":[]}', '{"choices":[7]}' } do
      local made, failure = way("together"):answered(text)
      assert.is_nil(made)
      assert.equal(502, failure.status)
    end
  end)
end)

describe("a stream", function()
  it("#102 is not ended by a first chunk without choices", function()
    local list = streamed {
      { id = "", choices = json.array {}, prompt_filter_results = json.array { { prompt_index = 0 } } },
      delta { content = "a" }, delta({}, "stop"), "[DONE]",
    }
    assert.equal("a", list[2].choices[1].delta.content)
    assert.equal("[DONE]", list[#list])
    assert.equal("x", list[1].id)
  end)

  it("#103 has deltas only where every chunk repeats all, and the last usage", function()
    local function chunk(text, finish, count)
      local made = delta({ role = "assistant", content = text }, finish, {
        usage = { prompt_tokens = 3, completion_tokens = count, total_tokens = 3 + count },
      })
      made.choices[1].message = { role = "assistant", content = "all so far" }
      return made
    end
    local list = streamed { chunk("Pa", nil, 1), chunk("ris", "stop", 2) }
    local text = ""
    for i = 1, #list - 1 do
      local choice = list[i].choices[1]
      assert.is_nil(choice and choice.message)
      text = text .. (choice and choice.delta.content or "")
    end
    assert.equal("Paris", text)
    assert.equal(2, list[#list - 1].usage.completion_tokens)
    assert.same({}, list[#list - 1].choices)
    assert.equal("stop", list[#list - 2].choices[1].finish_reason)
  end)

  it("#90 leaves text alone that looks like the end", function()
    local list = streamed { delta { content = "data: [DONE]" }, delta({}, "stop"), "[DONE]" }
    assert.equal("data: [DONE]", list[2].choices[1].delta.content)
  end)

  it("#73 keeps choices apart", function()
    local both = { id = "x", choices = json.array {
      { index = 0, delta = { content = "a" } }, { index = 1, delta = { content = "b" } },
    } }
    local ends = { id = "x", choices = json.array {
      { index = 0, delta = {}, finish_reason = "stop" }, { index = 1, delta = {}, finish_reason = "length" },
    } }
    local list, texts, reasons = streamed { both, ends, "[DONE]" }, {}, {}
    for i = 1, #list - 1 do
      local choice = list[i].choices[1]
      texts[choice.index] = (texts[choice.index] or "") .. (choice.delta.content or "")
      if choice.finish_reason ~= json.null then reasons[choice.index] = choice.finish_reason end
    end
    assert.same({ [0] = "a", "b" }, texts)
    assert.same({ [0] = "stop", "length" }, reasons)
  end)

  it("says tool_calls where a finish is empty, and {} where a call has no arguments", function()
    local call = { index = 0, id = "c", type = "function", ["function"] = { name = "f", arguments = "" } }
    local list = streamed { delta { tool_calls = json.array { call } }, delta({}, ""), "[DONE]" }
    assert.equal("{}", list[3].choices[1].delta.tool_calls[1]["function"].arguments)
    assert.equal("tool_calls", list[4].choices[1].finish_reason)
  end)

  it("numbers calls that have no number", function()
    local function call(id) return { id = id, ["function"] = { name = "f", arguments = "{}" } } end
    local list = streamed {
      delta { tool_calls = json.array { call "a" } }, delta { tool_calls = json.array { call "b" } },
      delta({}, "tool_calls"), "[DONE]",
    }
    assert.equal(0, list[2].choices[1].delta.tool_calls[1].index)
    assert.equal(1, list[3].choices[1].delta.tool_calls[1].index)
  end)

  it("that breaks off, or fails, has no end", function()
    local list, failure = streamed { delta { content = "a" } }
    assert.equal("upstream_stream_truncated", failure.code)
    assert.is_table(list[#list].error)
    list, failure = streamed { delta { content = "a" }, {
      id = "x", error = { code = 502, message = "upstream died" },
      choices = json.array { { index = 0, delta = { content = "" }, finish_reason = "error" } },
    } }
    assert.equal("upstream died", failure.message)
    assert.is_table(list[#list].error)
    list, failure = streamed { delta { content = "a" }, delta({}, nil, { x_groq = { error = "over" } }) }
    assert.equal("over", failure.message)
    assert.is_table(list[#list].error)
  end)

  it("that fails first has the status it names", function()
    local list, failure = streamed { { error = { message = "busy", code = 429 } } }
    assert.is_nil(list)
    assert.equal(429, failure.status)
  end)
end)
