-- SPDX-License-Identifier: Apache-2.0
--- Where a value fails, and why. What is told names places and rules, never the value itself.

local faults = {}

local SHOWN_MOST = 200

--- A place may be named by the answer itself: a long one is cut, between characters.
local function shortened(text)
  if #text <= SHOWN_MOST then return text end
  local last = SHOWN_MOST
  while last > 0 and text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do last = last - 1 end
  return text:sub(1, last) .. "..."
end

local function path_text(path)
  local text = ""
  for _, step in ipairs(path) do
    if type(step) == "number" then
      text = ("%s[%d]"):format(text, step)
    else
      text = text == "" and step or text .. "." .. step
    end
  end
  return shortened(text)
end

--- Notes what is wrong at the present place. The first fault of a value is the one that is told.
---@return false
function faults.fail(run, problem)
  if not run.problem then run.place, run.problem = path_text(run.path), problem end
  return false
end

--- Checks one child, whose place is the present one and `step`.
function faults.at(run, step, check, value)
  local depth = #run.path + 1
  run.path[depth] = step
  local held = check(value, run)
  run.path[depth] = nil
  return held
end

--- Whether a check holds, without a word of why not.
function faults.quietly(run, check, value)
  local place, problem, depth, deep = run.place, run.problem, run.depth, #run.path
  local held = check(value, run)
  run.place, run.problem, run.depth = place, problem, depth
  for i = #run.path, deep + 1, -1 do run.path[i] = nil end
  return held
end

--- A check of the schema's own values.
function faults.expect(fits, keyword, what)
  if not fits then error(("%s must be %s"):format(keyword, what), 0) end
end

return faults
