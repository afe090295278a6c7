-- SPDX-License-Identifier: Apache-2.0
--- Where texts stand in the bodies of every endpoint, so that a rule written once sees all of them. Each endpoint names
--- its places with their kinds; every other string is of the kind "other", but for what no rule should look into or
--- change: ids, words of the protocol, encoded bytes.
--- A place is written as document.walker has it, a kind before it: { "text", "messages[].content" }.

local anthropic = require "places_anthropic"
local below = require "places_below"
local document = require "gateway.document"
local gemini = require "places_gemini"
local openai = require "places_openai"
local responses = require "places_responses"

local OTHER = below.other "**"
local ANYTHING = { "other", "**" }

--- Places of requests and answers, by endpoint.
local requests = {
  chat = openai.request,
  completions = {
    OTHER, { "prompt", "prompt", "prompt[]", fixed = "user" }, { "text", "suffix", fixed = "user" }, { false, "model" },
  },
  embeddings = {
    OTHER, { "input", "input", "input[]", fixed = "user" }, { false, "model", "encoding_format", "input_type" },
  },
  images = {
    OTHER, { "prompt", "prompt", "negative_prompt", fixed = "user" },
    { false, "model", "size", "quality", "style", "response_format", "image", "image[]", "mask" },
  },
  moderations = {
    OTHER, { "input", "input", "input[]", "input[].text", fixed = "user" },
    { "url", "input[].image_url", "input[].image_url.url", unless = "data:", fixed = "user" },
    { false, "model", "input[].type" },
  },
  speech = {
    OTHER, { "input", "input", fixed = "user" }, { "instructions", "instructions", fixed = "user" },
    { false, "model", "voice", "response_format" },
  },
  transcriptions = {
    OTHER, { "prompt", "prompt", fixed = "user" }, { false, "model", "language", "response_format", "file" },
  },
  rerank = {
    OTHER, { "query", "query", fixed = "user" }, { "query", "query.**", fixed = "user" },
    { "document", "documents[]", "documents[].**", fixed = "user" }, { false, "model" },
  },
  responses = responses.request,
  messages = anthropic.request,
  gemini = gemini.request,
  passthrough = { ANYTHING, { false, "model" } },
}

--- Of an answer only what a provider says in it: members of the gateway's own, or of a plugin's, are no texts.
local answers = {
  chat = openai.answer,
  completions = {
    below.other "choices[].**", { "text", "choices[].text", fixed = "assistant" },
    { false, "choices[].finish_reason", "choices[].logprobs.**" },
  },
  embeddings = {},
  images = {
    below.other "data[].**", { "prompt", "data[].revised_prompt", fixed = "assistant" },
    { "url", "data[].url", unless = "data:" }, { false, "data[].b64_json" },
  },
  moderations = {},
  transcriptions = { { "text", "text", "segments[].text", "words[].word", fixed = "user" } },
  rerank = { { "document", "results[].document", "results[].document.**", fixed = "user" } },
  responses = responses.answer,
  messages = anthropic.answer,
  gemini = gemini.answer,
  passthrough = { ANYTHING },
}

requests.count_tokens, answers.count_tokens = anthropic.request, {}
requests.gemini_count, answers.gemini_count = gemini.request, {}
requests.gemini_embed, answers.gemini_embed = gemini.request, {}
requests.images_edits, answers.images_edits = requests.images, answers.images
requests.images_variations, answers.images_variations = requests.images, answers.images
answers.speech = {}
requests.translations, answers.translations = requests.transcriptions, answers.transcriptions

--- Token ids stand where texts should: nobody can look into them.
local tokens = {
  completions = { { "tokens", "prompt[]", "prompt[][]" } },
  embeddings = { { "tokens", "input[]", "input[][]" } },
  moderations = { { "tokens", "input[]", "input[][]" } },
}

local function compile(groups)
  local rules = {}
  for _, group in ipairs(groups) do
    for i = 2, #group do
      rules[#rules + 1] = {
        kind = group[1] or nil, path = group[i], role = group.role, fixed = group.fixed, tool_kind = group.tool_kind,
        unless = group.unless, except = group.except, only_type = group.only_type,
      }
    end
  end
  return document.walker(rules)
end

--- Walkers by endpoint, compiled when first asked for.
local function compiled(all, otherwise)
  local walkers = {}
  return function(endpoint)
    local groups = all[endpoint] or otherwise
    local walker = walkers[groups]
    if not walker and groups then
      walker = compile(groups)
      walkers[groups] = walker
    end
    return walker
  end
end

local places = {
  --- The walker over a request's texts. An endpoint without a description gets every string.
  ---@type fun(endpoint: string): userdata
  request = compiled(requests, requests.passthrough),

  --- The walker over an answer's texts.
  ---@type fun(endpoint: string): userdata
  answer = compiled(answers, answers.passthrough),
}

local tokens_of = compiled(tokens)

--- True when the request carries token ids instead of text: a guard cannot say anything of it.
---@param endpoint string
---@param doc Document
---@return boolean
function places.uninspectable(endpoint, doc)
  local walker = tokens[endpoint] and tokens_of(endpoint)
  return walker ~= nil and doc:numbers(walker)
end

return places
