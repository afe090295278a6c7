-- SPDX-License-Identifier: Apache-2.0
--- The tables of docs/translation.md tell the truth: every member that a transcript or OpenAI's reference has is in
--- them, and what they call kept is missed when it is away, what they call dropped is not.

local everything = require "spec.support.everything"
local json = require "gateway.json"
local spec = require "gateway.spec"
local transcripts = require "spec.support.transcripts"
local translation = require "spec.support.translation"

--- Dialects: who uses them, which model, and the transcripts with requests and answers.
local DIALECTS = {
  anthropic_messages = {
    provider = "anthropic", model = "claude-sonnet-4-5", vendor = "anthropic",
    requests = {
      "image-file", "json-schema", "stream-text", "system-multiturn", "text", "thinking", "thinking-tool-replay",
      "tool-call", "tool-choice-named", "tool-result",
    },
    answers = {
      "json-schema", "refusal", "system-multiturn", "text", "thinking", "thinking-tool-replay", "tool-call",
      "tool-result",
    },
  },
  gemini = {
    provider = "gemini", model = "gemini-2.5-flash", vendor = "gemini",
    requests = { "json-schema", "stream-text", "text", "tool-call", "tool-replay-unsigned", "tool-result" },
    answers = { "blocked-prompt", "json-schema", "text", "tool-call", "tool-result" },
  },
  bedrock_converse = {
    provider = "bedrock", model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", vendor = "bedrock",
    requests = { "stream-text", "text", "thinking", "tool-call", "tool-result" },
    answers = { "text", "thinking", "tool-call", "tool-result" }, variables = { region = "us-east-1" },
  },
  cohere_v2 = {
    provider = "cohere", model = "command-a-03-2025", vendor = "cohere",
    requests = { "text", "tool-call", "tool-result" }, answers = { "text", "tool-call", "tool-result" },
  },
  ollama = {
    provider = "ollama", model = "llama3.2", vendor = "ollama",
    requests = { "text", "tool-result" }, answers = { "text", "tool-call" },
  },
  openai_responses = {
    provider = "openai", model = "gpt-5.3-codex", vendor = "responses",
    requests = { "text", "tool-call", "tool-result" }, answers = { "incomplete", "refusal", "text", "tool-call" },
  },
}

--- Faces: whose, and the transcripts with a client's requests. What OpenAI answers is in everything/.
local FACES = {
  anthropic_messages_face = {
    dialect = "anthropic_messages", endpoint = "messages", vendor = "anthropic-face",
    requests = { "claude-code", "json-schema", "stream-text", "text", "tool-call", "tool-result-image" },
  },
  gemini_face = {
    dialect = "gemini", endpoint = "gemini", vendor = "gemini-face", requests = { "text", "tools" },
    facts = { method = "generateContent", sse = false },
  },
  openai_responses_face = {
    dialect = "openai_responses", endpoint = "responses", vendor = "responses",
    requests = { "face-text", "face-tool-results", "face-tools", "face-turns" },
  },
}

local function fields_of(name)
  return require("spec.dialects.fields." .. name)
end

--- Chance and time are no differences.
local function same_world()
  spec.seed(1)
  spec.clock(1767225600)
end

local function refused(failure)
  return "refused: " .. failure.code, true
end

local function canonical(text)
  local value = json.decode(text)
  return value == nil and text or translation.canonical(value)
end

--- What a vendor would be sent for a chat request.
local function sender(name, used)
  local dialect = spec.script("providers/dialects", name)
  local provider = spec.script("providers", used.provider)
  return function(text)
    same_world()
    local request = assert(json.decode(text, { raw = dialect.raw_keys }))
    local made, failure = dialect.request({
      model = used.model, requested_model = "m", created = 1767225600, stream = request.stream == true,
      include_usage = true, surface = "chat", headers = {}, variables = used.variables or {}, request = request,
      kept = {},
    }, provider)
    if not made then return refused(failure) end
    return (made.url or made.path) .. canonical(made.body) .. translation.canonical(made.headers or {})
  end
end

--- What a client would read of a vendor's answer.
local function receiver(name, used)
  local dialect = spec.script("providers/dialects", name)
  return function(text)
    same_world()
    local made, failure = dialect.response({
      model = used.model, requested_model = "m", created = 1767225600, stream = false, include_usage = true,
      surface = "chat", headers = {}, variables = used.variables or {}, request = {}, kept = {},
    }, text, {})
    if not made then return refused(failure) end
    return canonical(made)
  end
end

--- How a face is told of a request.
local function context_of(face, used, text)
  local request = assert(json.decode(text, { raw = face.raw_keys }))
  local openai = spec.script("providers", "openai")
  return {
    request = request, model = "m", stream = request.stream == true, facts = used.facts or {}, headers = {}, query = "",
    id = "0123", created = 1767225600, kept = {}, dropped = {}, on_unsupported_param = "warn",
    target = { provider = openai, dialect = "openai_chat", model = "m", paths = openai.paths },
    item = function() return nil end,
  }
end

--- What a chat model would be asked for a client's request.
local function asker(face, used)
  return function(text)
    same_world()
    local context = context_of(face, used, text)
    local body, failure, answer = face.request(context)
    if answer then return "answered" end
    if not body then return refused(failure) end
    return canonical(json.encode(body))
  end
end

--- What a client would read of a chat model's answer.
local function answerer(face, used)
  local asked = json.encode(transcripts.document(used.vendor, used.requests[1], "client").body)
  return function(text)
    same_world()
    local context = context_of(face, used, asked)
    assert(face.request(context))
    local made, failure = face.response(context, text)
    if not made then return refused(failure or { code = "none" }) end
    return canonical(made)
  end
end

local function bodies(vendor, cases, kind)
  local list = {}
  for i, case in ipairs(cases or {}) do
    list[i] = json.encode(transcripts.document(vendor, case, kind).body)
  end
  return list
end

local function joined(one, other)
  local list = {}
  for _, item in ipairs(one) do list[#list + 1] = item end
  for _, item in ipairs(other) do list[#list + 1] = item end
  return list
end

local function names(map)
  local list = {}
  for name in pairs(map) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function check(fields, texts, translate)
  assert.equal("", table.concat(translation.problems(fields, texts, translate), "\n"))
end

for _, name in ipairs(names(DIALECTS)) do
  local used = DIALECTS[name]
  describe("what becomes of a member on its way through " .. name, function()
    it("is as the table says for requests", function()
      local texts = joined(everything.requests, bodies(used.vendor, used.requests, "client"))
      check(fields_of(name).request, texts, sender(name, used))
    end)

    it("is as the table says for answers", function()
      check(fields_of(name).answer, bodies(used.vendor, used.answers, "response"), receiver(name, used))
    end)
  end)
end

for _, name in ipairs(names(FACES)) do
  local used = FACES[name]
  local face = spec.script("providers/dialects", used.dialect).faces[used.endpoint]
  describe("what becomes of a member on its way through " .. name, function()
    it("is as the table says for requests", function()
      check(fields_of(name).request, bodies(used.vendor, used.requests, "client"), asker(face, used))
    end)

    it("is as the table says for answers", function()
      check(fields_of(name).answer, everything.answers, answerer(face, used))
    end)
  end)
end
