-- SPDX-License-Identifier: Apache-2.0
--- Replaces code names in answers by what the public may read: whole answers, and streams however they are cut.

local match = require "gateway.match"

local LONGEST = 64

--- The names in a fixed order, and what stands for each.
local function open(conf)
  local names, public = {}, {}
  for name in pairs(conf.names) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    if #name > LONGEST then error(("a name of more than %d bytes: %s"):format(LONGEST, name), 0) end
    public[i] = conf.names[name]
  end
  return { set = match.literals(names), public = public }
end

local function replaced(opened, text)
  return (opened.set:replace(text, function(_, index) return opened.public[index] end))
end

local function after_request(ctx, _, opened)
  for part in ctx:texts() do
    if opened.set:find(part.text) then part:replace(replaced(opened, part.text)) end
  end
end

--- What may still become a name is kept and comes again with what is next.
local function feed(state, text, _, final)
  local set = state.opened.set
  local keep = final and 0 or set:pending(text)
  return replaced(state.opened, text:sub(1, #text - keep)), keep
end

return {
  name = "code-names",
  type = "transform",
  schema = { names = { "map", of = "string", required = true } },
  open = open,
  after_request = after_request,
  on_chunk = { feed = feed },
  hold_bytes = LONGEST,
}
