-- SPDX-License-Identifier: Apache-2.0
--- Configurations written out in a spec: what config.load makes of a file with a text.

local config = require("gateway.spec").module "config"

local config_text = {
  known = {
    providers = { openai = true, anthropic = true, demo = true, ["openai-compatible"] = true },
    strategies = { single = true, fallback = true },
  },
}

--- The configuration, or nil and the report about a file called "f".
function config_text.load(text, environment, ending, known)
  local path = os.tmpname()
  local named = path .. (ending or ".yaml")
  assert(os.rename(path, named))
  local file = assert(io.open(named, "w"))
  file:write(text)
  file:close()
  local loaded, errors = config.load(environment or {}, named, known or config_text.known)
  os.remove(named)
  return loaded, errors and config.render_errors("f", errors)
end

--- The configuration of a text without errors.
function config_text.valid(text, environment, ending)
  local loaded, report = config_text.load(text, environment, ending)
  if report then error(report, 2) end
  return loaded
end

--- All errors of a text, one string: a line each.
function config_text.report(text, environment, ending)
  local _, report = config_text.load(text, environment, ending)
  return report or "no error"
end

return config_text
