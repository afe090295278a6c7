-- SPDX-License-Identifier: Apache-2.0
--- Asks the targets in the order of the configuration until one answers.

---@type Strategy
return {
  name = "fallback",
  schema = {},
  choose = function(targets) return targets end,
}
