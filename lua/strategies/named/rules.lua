-- SPDX-License-Identifier: Apache-2.0
--- What strategies have in common that name a target by rules: the target of the first rule that holds, else the
--- targets as they are written; when nobody of that order was to be asked, everybody who is left.

local rules = {}

---@class NamingRule
---@field test any what the strategy has made of the rule
---@field order Target[] the one that it names
---@field said string for whoever asks why

--- The rules whose target serves the model: request.opened of such a strategy.
---@param title string of the list in the configuration
---@param list { target_key: string }[]
---@param targets Target[]
---@param make fun(rule: table): any
---@return NamingRule[]
function rules.open(title, list, targets, make)
  local by_name, opened = {}, {}
  for _, target in ipairs(targets) do by_name[target.name] = target end
  for i, rule in ipairs(list) do
    local target = by_name[rule.target_key]
    if target then
      opened[#opened + 1] = { test = make(rule), order = { target }, said = ("%s[%d] holds"):format(title, i - 1) }
    end
  end
  return opened
end

--- What choose returns.
---@param targets Target[]
---@param request Routing
---@param holds fun(test: any, subject: any): boolean
---@param subject any what the rules are about
---@return Target[] order
function rules.first(targets, request, holds, subject)
  for _, rule in ipairs(request.opened) do
    if holds(rule.test, subject) then
      request:note(rule.order[1], rule.said)
      return rule.order
    end
  end
  return targets
end

--- `more` of such a strategy.
---@param targets Target[]
---@param turn integer
---@return Target[]?
function rules.more(targets, _, turn)
  if turn == 2 then return targets end
end

return rules
