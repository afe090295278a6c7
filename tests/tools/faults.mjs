// SPDX-License-Identifier: Apache-2.0
// What a hook may do wrong, in Lua, and a plugin that does it.

export const FAULTS = {
  raises: 'error("boom")',
  'raises a table': 'error({})',
  'raises nothing': 'error(nil)',
  'reads nil': 'local t; return t.x.y',
  'never ends': 'while true do end',
  'never ends under pcall': 'while true do pcall(function() while true do end end) end',
  'matches without an end': 'return ("a"):rep(5000):find((".-"):rep(50) .. "b")',
  'fills the memory': 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end',
  'makes a huge text': 'local s = ("x"):rep(100 * 1024 * 1024) return #s > 0 and error("made it")',
  'doubles a text': 'local s = "x" while true do s = s .. s end',
  'calls itself': 'local function f(n) return 1 + f(n + 1) end return f(1)',
  'calls itself under pcall': 'local function f() while true do pcall(f) end end f()',
  'nests gsub': 'local function f() return (("x"):gsub("x", f)) end f()',
  'writes a global': 'leak = 1',
  yields: 'coroutine.yield()',
  'returns a table': 'return { status = 400 }',
  'returns a number': 'return 5',
  'nests gsub under pcall': `local function f() return (("x"):gsub("x", function() pcall(f) end)) end
    while true do f() end`,
  'matches such patterns under pcall': `local subject, pattern = ("a"):rep(5000), (".-"):rep(50) .. "b"
    while true do pcall(string.find, subject, pattern) end`,
  'sorts without an end': 'table.sort({ 3, 2, 1 }, function() while true do end end)',
  'indexes itself': 'local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x',
  'formats a huge width': 'return ("%99999d"):format(1)',
  'loads code': 'return loadstring("x")',
  'dumps code': 'return string.dump(function() end)',
  'makes a coroutine': 'return coroutine.wrap(function() end)()',
  'waits where nothing can': '("x"):gsub("x", function() clock.sleep(1) end)',
  'reaches for the texts\' metatable': 'getmetatable("").__index = nil',
  'reaches for the metatable of ctx': 'getmetatable(ctx).__index = nil',
  'gives ctx another metatable': 'setmetatable(ctx, {})',
  'takes a function out of a library': 'string.rep = nil',
  'unpacks without an end': 'return unpack({}, 1, 1e7)',
  'requires what it may not': 'require("os").exit(1)',
  'rejects with a status of success': 'return ctx:reject { status = 200, code = "x", message = "y" }',
  'forgets to return its verdict': 'ctx:reject { status = 400, code = "x", message = "y" }',
  'misspells an option': 'return ctx:reject { status = 400, mesage = "y" }',
  'writes to ctx': 'ctx.model = "other"',
  'sets what is no number': 'ctx.body:set("temperature", 0/0)',
  'sets a circle': 'local t = {} t.t = t ctx.body:set("metadata", t)',
};

const branches = Object.entries(FAULTS).map(([name, code]) => (
  `[${JSON.stringify(name)}] = function(ctx) ${code} end`)).join(',\n');

/** A plugin in which each of them happens where the header x-fault says: `before_request raises`. */
export const faulty = (type) => `
local clock = require "gateway.clock"
local faults = { ${branches} }
local function at(hook)
  return function(ctx)
    local where, what = ctx.headers:get("x-fault"):match("^(%S+) (.*)$")
    if where == hook and faults[what] then return faults[what](ctx) end
  end
end
local chunk = at("on_chunk")
return {
  name = "faulty", type = "${type}",
  before_request = at("before_request"), after_request = at("after_request"), on_error = at("on_error"),
  on_chunk = { feed = function(state) return chunk(state.ctx) end },
}`;
