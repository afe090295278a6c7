-- SPDX-License-Identifier: Apache-2.0
--- Personal data of every kind that the plugin pii knows, and secrets.

local personal = {}

--- Made here, so that no scanner takes this file for a leak.
local function fake(prefix, count)
  return prefix .. ("aB3dE6gH9k"):rep(math.ceil(count / 10)):sub(1, count)
end

personal.TOKENS = {
  fake("sk-" .. "proj-", 40), fake("sk-" .. "svcacct-", 40), fake("sk-", 48), fake("sk-" .. "ant-api03-", 95),
  "AKIA" .. "IOSFODNN7EXAMPLE", fake("ghp" .. "_", 36), fake("gho" .. "_", 36), fake("github" .. "_pat_", 60),
  fake("AIza" .. "Sy", 33), "xoxb" .. "-123456789012-1234567890123-" .. fake("", 24), fake("xoxp" .. "-", 40),
  fake("sk_" .. "live_", 24), fake("rk_" .. "live_", 24), fake("hf" .. "_", 34), fake("gsk" .. "_", 52),
  fake("glpat" .. "-", 20), "eyJhbGciOiJIUzI1NiJ9." .. fake("eyJ", 60) .. "." .. fake("", 43),
}

personal.SAMPLES = {
  email = { "alice@example.com", "a.b+c%d@mail.example.co.uk", "j\195\182rg@m\195\188ller.de" },
  phone = { "+1 (555) 123-4567", "555-123-4567", "(555) 123-4567", "1-800-555-0199", "+49 30 901820", "+4915112345678",
    "0049 171 2345678", "0171 2345678" },
  card = { "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "378282246310005" },
  iban = { "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR14 2004 1010 0505 0001 3M02 606" },
  ssn = { "123-45-6789", "123 45 6789" },
  ip = { "192.168.10.1", "8.8.8.8", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8::1", "fe80::1ff:fe23:4567" },
  api_key = personal.TOKENS,
}

personal.PLACEHOLDERS = {
  email = "[EMAIL]", phone = "[PHONE]", card = "[CARD]", iban = "[IBAN]", ssn = "[SSN]", ip = "[IP]",
  api_key = "[API_KEY]",
}

personal.PEM = table.concat({
  "-----BEGIN RSA " .. "PRIVATE KEY-----", fake("MII", 61), fake("", 64), fake("", 17) .. "==",
  "-----END RSA " .. "PRIVATE KEY-----",
}, "\n")

return personal
