-- SPDX-License-Identifier: Apache-2.0
--- What pii looks for: patterns, each with its kind and, where a form alone proves little, a check.
---
--- Every pattern is short and bounded, so that a stream has little to hold. A token's pattern is what is sure to be
--- one; what follows of it goes with it, however long it is (`tail`). A pattern begins at the edge of a word, or behind
--- an escape of JSON: tool arguments come as the text of a JSON document.

local checks = require "plugins.pii.checks"

---@class PiiRule
---@field kind string
---@field pattern string
---@field check (fun(text: string): integer?, integer?)? bytes of the match that count, or nil and how many to skip
---@field tail string? Lua pattern of what goes with the match, byte by byte

local EDGE = [[(?:\b|\\[bfnrt])]]
local TAIL, DOTTED = "[%w_-]", "[%w_.-]"

local rules = {}

local function rule(kind, pattern, check, tail)
  rules[#rules + 1] = { kind = kind, pattern = pattern, check = check, tail = tail }
end

local function token(pattern, tail)
  rule("api_key", EDGE .. "(?:" .. pattern .. ")", nil, tail or TAIL)
end

-- People -------------------------------------------------------------------------------------------------------------

-- Letters of two bytes (Latin with accents) are part of a name before the sign.
rule("email", [[(?:\\[bfnrt])?(?:[A-Za-z0-9._%+'-]|[\xc3-\xc9][\x80-\xbf]){1,64}@]]
  .. [[(?:(?:[A-Za-z0-9-]|[\xc3-\xc9][\x80-\xbf]){1,63}\.){1,5}[A-Za-z]{2,24}]], checks.email)

rule("phone", EDGE .. [[00[1-9][0-9]{0,2}(?:[ ./()-]{0,2}[0-9]){7,12}\b]], checks.phone)
rule("phone", [[(?:\\[bfnrt])?\+[1-9](?:[ ./()-]{0,3}[0-9]){6,14}\b]], checks.phone)
rule("phone", EDGE .. [[(?:1[ .-])?[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4}\b]])
rule("phone", [[(?:\\[bfnrt])?(?:\b1[ .-]?)?\([2-9][0-9]{2}\) ?[0-9]{3}[ .-][0-9]{4}\b]])
rule("phone", EDGE .. [[0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,5}\b]])

rule("ssn", EDGE .. [[[0-9]{3}([ -])[0-9]{2}[ -][0-9]{4}\b]], checks.ssn)

-- Money --------------------------------------------------------------------------------------------------------------

rule("card", EDGE .. [[[2-6][0-9](?:[ -]?[0-9]){11,17}\b]], checks.card)
rule("iban", EDGE .. [[[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}\b]], checks.iban)

-- Machines -----------------------------------------------------------------------------------------------------------

rule("ip", EDGE .. [[[0-9]{1,3}(?:\.[0-9]{1,10}){3,9}\b]], checks.ipv4)
rule("ip", EDGE .. [[[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,8}\b(?:\.[0-9]{1,3}){0,3}]], checks.ipv6)

-- Keys and tokens of vendors -----------------------------------------------------------------------------------------

token [[sk-(?:proj|svcacct|admin|None|ant|or|lf|ws)-[A-Za-z0-9_-]{6}]]                      -- OpenAI, Anthropic, ...
token [[sk-[A-Za-z0-9]{20}]]
token([[(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b]])                              -- AWS
token [[gh[pousr]_[A-Za-z0-9]{20}]]                                                          -- GitHub
token [[github_pat_[A-Za-z0-9_]{20}]]
token [[glpat-[A-Za-z0-9_-]{16}]]                                                            -- GitLab
token [[AIza[0-9A-Za-z_-]{30}]]                                                              -- Google
token [[(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20}]]
token [[xox[abeoprs]-[A-Za-z0-9-]{8}]]                                                       -- Slack
token [[xapp-[0-9]-[A-Za-z0-9-]{8}]]
token([[hooks\.slack\.com/services/[A-Za-z0-9/]{20}]], "[%w/]")
token [[(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8}]]                                             -- Stripe
token [[whsec_[A-Za-z0-9+/=]{20}]]
token [[hf_[A-Za-z0-9]{30}]]                                                                 -- Hugging Face
token [[(?:gsk_|xai-|pplx-|nvapi-|fw_|tgp_v1_|csk-)[A-Za-z0-9_-]{20}]]                       -- other model vendors
token [[r8_[A-Za-z0-9]{30}]]
token([[SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16}]])                                       -- SendGrid
token [[(?:AC|SK)[0-9a-f]{32}\b]]                                                            -- Twilio
token [[npm_[A-Za-z0-9]{30}]]
token [[pypi-AgE[A-Za-z0-9_-]{20}]]
token [[do[opr]_v1_[a-f0-9]{40}]]                                                            -- DigitalOcean
token [[dapi[a-f0-9]{32}]]                                                                   -- Databricks
token [[shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}]]                                                 -- Shopify
token [[[0-9]{8,10}:AA[A-Za-z0-9_-]{33}]]                                                    -- Telegram
token [[(?:lin_api_|ntn_|figd_|sntrys_|dckr_pat_|rubygems_|glsa_)[A-Za-z0-9_-]{20}]]
token [[(?:gw-|fgws?_)[0-9a-f]{32}]]                                                         -- ours
token([[eyJ[A-Za-z0-9_-]{8,320}\.[A-Za-z0-9_-]{8}]], DOTTED)                                 -- JSON Web Token

-- The lines of the key, and its end, are taken by plugins.pii.masker.
rule("api_key", [[-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY-----]], nil, "pem")

return rules
