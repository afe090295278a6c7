-- SPDX-License-Identifier: Apache-2.0
local config_text = require "spec.support.config_text"

local function nothing() end

local scripts = {
  filter = {
    name = "filter", type = "guardrail", before_request = nothing, on_chunk = { feed = nothing },
    schema = {
      words = { "array", of = "string", required = true }, most = { "integer", default = 3 },
      wait = { "duration", default = "1s" }, token = { "string", secret = true },
    },
  },
  audit = { name = "audit", type = "logging", on_error = nothing },
}

local function load(text, environment)
  return config_text.load("targets: auto\nplugins:\n" .. text, environment, nil, { plugins = scripts })
end

local function entries(text, environment)
  local loaded, report = load(text, environment)
  assert.is_nil(report)
  return loaded.plugins, loaded.warnings
end

local function report(text, environment)
  local _, told = load(text, environment)
  return told or "no error"
end

describe("an entry of plugins", function()
  it("is typed by its script's schema", function()
    assert.are.same({
      { name = "filter", enabled = true, config = { words = { "a", "b" }, most = 5, wait = 2000 } },
    }, (entries "  - { name: filter, config: { words: [a, b], most: 5, wait: 2s } }"))
  end)

  it("keeps its place in the file's order and its stage", function()
    local list = entries "  - { name: audit, stage: on_error }\n  - { name: filter, config: { words: [] } }"
    assert.are.equal("audit", list[1].name)
    assert.are.equal("on_error", list[1].stage)
    assert.are.equal(3, list[2].config.most)
  end)

  it("reads variables in every string of its config", function()
    local list = entries('  - { name: filter, config: { words: ["${A}", "x${B}"], most: "${N}", token: "${B}" } }',
      { A = "010", B = "b", N = "7" })
    assert.are.same({ "010", "xb" }, list[1].config.words)
    assert.are.equal(7, list[1].config.most)
    assert.are.equal("b", list[1].config.token)
  end)

  it("may be switched off without its variables", function()
    local text = "  - { name: filter, enabled: false, config: { words: [\"${A}\"] } }"
    assert.are.equal("${A}", entries(text)[1].config.words[1])
  end)
end)

describe("a wrong entry of plugins is told with its line:", function()
  for name, case in pairs {
    ["a name nobody knows"] = { "  - { name: filtre }",
      'f:3:13: plugins[0].name: unknown plugin: "filtre"; did you mean "filter"?' },
    ["no name"] = { "  - { stage: on_error }", "f:3:5: plugins[0].name: name is required" },
    ["a stage nobody knows"] = { "  - { name: audit, stage: on_eror }",
      "f:3:27: plugins[0].stage: must be one of before_request, after_request, on_error, got on_eror; "
        .. 'did you mean "on_error"?' },
    ["a value of the wrong type"] = { "  - name: filter\n    config:\n      words: [a]\n      most: many",
      "f:6:13: plugins[0].config.most: must be a whole number, got many" },
    ["a key that the script does not know"] = { "  - { name: filter, config: { words: [], mots: 1 } }",
      'f:3:42: plugins[0].config.mots: unknown key "mots"; did you mean "most"?' },
    ["a key of a script that takes none"] = { "  - { name: audit, config: { level: info } }",
      'f:3:30: plugins[0].config.level: unknown key "level": nothing can be written here' },
    ["a key that is missing"] = { "  - { name: audit }\n  - { name: filter }",
      "f:4:5: plugins[1].config.words: words is required" },
    ["a variable that is not set"] = { '  - { name: filter, config: { words: ["${NOWHERE}"] } }',
      "f:3:39: plugins[0].config.words[0]: undefined environment variable(s): NOWHERE" },
    ["a number in a variable that is not set"] = { '  - { name: filter, config: { words: [], most: "${N}" } }',
      "f:3:48: plugins[0].config.most: undefined environment variable(s): N" },
    ["one plugin twice at one stage"] = {
      "  - { name: audit, stage: on_error }\n  - { name: audit, stage: on_error }",
      'f:4:13: plugins[1].name: plugin "audit" is listed twice at stage on_error' },
    ["one plugin at a stage and at all"] = { "  - { name: audit }\n  - { name: audit, stage: on_error }",
      'f:4:13: plugins[1].name: plugin "audit" is listed twice at stage on_error' },
    ["one plugin with two configurations"] = {
      "  - { name: filter, stage: before_request, config: { words: [a] } }\n"
        .. "  - { name: filter, stage: after_request, config: { words: [b] } }",
      'f:4:51: plugins[1].config: plugin "filter": entries at different stages must have the same config' },
  } do
    it(name, function() assert.are.equal(case[2], report(case[1])) end)
  end
end)

describe("what deserves a warning:", function()
  it("a stage at which the script has no hook", function()
    local _, warnings = entries "  - { name: audit, stage: before_request }"
    assert.are.same({ "plugins[0]: audit does nothing at stage before_request" }, warnings)
  end)

  it("another type than the script's", function()
    local _, warnings = entries "  - { name: audit, type: metrics }"
    assert.are.same({ 'plugins[0]: audit is of type logging, not "metrics"' }, warnings)
  end)

  it("not: after_request of a script that has on_chunk alone", function()
    local _, warnings = entries "  - { name: filter, stage: after_request, config: { words: [] } }"
    assert.are.same({}, warnings)
  end)

  it("not: a switched off entry beside the same one", function()
    entries "  - { name: audit, enabled: false }\n  - { name: audit }"
  end)
end)
