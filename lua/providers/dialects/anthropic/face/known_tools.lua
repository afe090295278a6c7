-- SPDX-License-Identifier: Apache-2.0
--- Tools that Anthropic's models know by a dated type and the client runs itself: their names, and the arguments that a
--- model which does not know them must be told.

local json = require "gateway.json"

local BASH = {
  description = "Runs a command in a persistent bash session.",
  parameters = [[{"type":"object","properties":{"command":{"type":"string","description":"The command to run."},]]
    .. [["restart":{"type":"boolean","description":"Restarts the session."}}}]],
}

local EDITOR = {
  description = "Views, creates and edits text files.",
  parameters = [[{"type":"object","properties":{"command":{"type":"string",]]
    .. [["enum":["view","create","str_replace","insert"]},]]
    .. [["path":{"type":"string","description":"Absolute path of the file or folder."},]]
    .. [["file_text":{"type":"string","description":"The new file's text, for create."},]]
    .. [["old_str":{"type":"string","description":"What to replace, for str_replace."},]]
    .. [["new_str":{"type":"string","description":"What to put there, for str_replace."},]]
    .. [["insert_line":{"type":"integer","description":"The line after which to insert."},]]
    .. [["insert_text":{"type":"string","description":"What to insert."},]]
    .. [["view_range":{"type":"array","items":{"type":"integer"}}},"required":["command","path"]}]],
}

local MEMORY = {
  description = "Keeps notes between conversations, in files below /memories.",
  parameters = [[{"type":"object","properties":{"command":{"type":"string",]]
    .. [["enum":["view","create","str_replace","insert","delete","rename"]},"path":{"type":"string"},]]
    .. [["file_text":{"type":"string"},"old_str":{"type":"string"},"new_str":{"type":"string"},]]
    .. [["insert_line":{"type":"integer"},"insert_text":{"type":"string"},"old_path":{"type":"string"},]]
    .. [["new_path":{"type":"string"},"view_range":{"type":"array","items":{"type":"integer"}}},]]
    .. [["required":["command"]}]],
}

local COMPUTER = {
  description = "Uses a screen, a keyboard and a mouse, and takes screenshots.",
  parameters = [[{"type":"object","properties":{"action":{"type":"string","enum":["key","type","mouse_move",]]
    .. [["left_click","left_click_drag","right_click","middle_click","double_click","triple_click","screenshot",]]
    .. [["cursor_position","left_mouse_down","left_mouse_up","scroll","hold_key","wait"]},]]
    .. [["coordinate":{"type":"array","items":{"type":"integer"}},]]
    .. [["start_coordinate":{"type":"array","items":{"type":"integer"}},"text":{"type":"string"},]]
    .. [["duration":{"type":"number"},"scroll_direction":{"type":"string","enum":["up","down","left","right"]},]]
    .. [["scroll_amount":{"type":"integer"}},"required":["action"]}]],
}

-- By the type without its date, and the name the client must give it.
local KNOWN = {
  bash = { "bash", BASH }, text_editor = { "str_replace_based_edit_tool", EDITOR }, memory = { "memory", MEMORY },
  computer = { "computer", COMPUTER },
}

--- The function for a dated type; nil when it is none that clients run.
---@param kind string "bash_20250124"
---@param name string? the client's
---@return table?
local function tool(kind, name)
  local found = KNOWN[kind:match "^(.-)_%d+$"]
  if not found then return nil end
  return {
    type = "function",
    ["function"] = {
      name = name or found[1], description = found[2].description, parameters = json.raw(found[2].parameters),
    },
  }
end

return { tool = tool }
