-- SPDX-License-Identifier: Apache-2.0
--- Asks the first target and no other.

---@type Strategy
return {
  name = "single",
  schema = {},
  named = true,
  choose = function(targets)
    if #targets == 1 then return targets end
    return { targets[1] }
  end,
}
