-- SPDX-License-Identifier: Apache-2.0
-- Scripts see the sandbox's globals and nothing else (runtime/script/sandbox.c).
stds.sandbox = {
  read_globals = {
    "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "require", "select",
    "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
    bit = { other_fields = true },
    math = { other_fields = true },
    string = { other_fields = true },
    table = { other_fields = true },
  },
}

std = "luajit"
max_line_length = 120
exclude_files = { "build*", "spec/fixtures" }
files["lua"] = { std = "sandbox" }
files["examples"] = { std = "sandbox" }
files["examples/spec"] = { std = "luajit+busted" }
files["spec"] = { std = "luajit+busted" }
files["bench"] = { std = "luajit+busted" }
files["tests/layers.lua"] = { std = "lua51" }
files["tests/translation.lua"] = { std = "lua51" }
