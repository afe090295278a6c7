-- SPDX-License-Identifier: Apache-2.0
--- bindings/types.lua names every door that scripts may use, with everything behind it.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local types = ""
for _, part in ipairs { "types", "types_events", "types_spec" } do
  types = types .. read("bindings/" .. part .. ".lua") .. "\n"
end

--- What stands under a class until the next one.
local function block(class)
  local from = types:find("---@class " .. class .. "%f[^%w.]")
  return from and types:sub(from, (types:find("\n%-%-%-@class ", from + 1) or #types + 1) - 1)
end

--- Doors for scripts, as the sources register them: private ones are the hallway's.
local function public_doors()
  local doors, pipe = {}, assert(io.popen "cat bindings/*.c")
  local source = pipe:read "*a"
  pipe:close()
  for call, name in source:gmatch '(bind_door[%w_]*)%(L, "([%w_]+)"' do
    if call ~= "bind_door_private" then doors[#doors + 1] = name end
  end
  table.sort(doors)
  return doors
end

--- What specs, which see what the hallway sees, find there and scripts do not.
local HALLWAY = {
  ["gateway.log.hide"] = true, ["gateway.metrics.series"] = true, ["gateway.metrics.render"] = true,
  ["gateway.metrics.moment"] = true,
  ["gateway.events.wanted"] = true, ["gateway.events.emit"] = true, ["gateway.events.listen"] = true,
  ["gateway.events.batch"] = true, ["gateway.events.settle"] = true, ["gateway.events.rest"] = true,
}

--- A door is read-only: its members are behind its metatable.
local function members_of(door)
  local meta = debug.getmetatable(door)
  return meta and meta.__index or door
end

local function members_lack(class, value)
  local text, lack, count = block(class), {}, 0
  if not text then return { class } end
  for name, member in pairs(members_of(value)) do
    count = count + 1
    local written = HALLWAY[class .. "." .. name]
      or text:find("---@field " .. name .. " ", 1, true) or text:find("%f[%w]function %w+%." .. name .. "%(")
    if not written then lack[#lack + 1] = class .. "." .. name end
    if type(member) == "table" then
      for _, below in ipairs(members_lack(class .. "." .. name, member)) do lack[#lack + 1] = below end
    end
  end
  assert(count > 0, class .. " is empty")
  return lack
end

describe("bindings/types.lua", function()
  local doors = public_doors()

  it("knows where doors are registered", function()
    assert.is_true(#doors >= 12, table.concat(doors, ", "))
  end)

  for _, name in ipairs(doors) do
    it("names everything of gateway." .. name, function()
      assert.are.same({}, members_lack("gateway." .. name, require("gateway." .. name)))
    end)
  end

  it("names everything of gateway.spec", function()
    assert.are.same({}, members_lack("gateway.spec", require "gateway.spec"))
  end)

  it("names the members of a ctx", function()
    local text = block "Context"
    for _, name in ipairs { "model", "endpoint", "stream", "key", "headers", "body", "state", "trace_id", "duration_ms",
      "target", "provider", "usage", "response", "error" } do
      assert.is_truthy(text:find("---@field " .. name .. " ", 1, true), name)
    end
    for _, name in ipairs { "reject", "respond", "texts", "find", "set_header" } do
      assert.is_truthy(types:find("function Context:" .. name .. "(", 1, true), name)
    end
  end)
end)
