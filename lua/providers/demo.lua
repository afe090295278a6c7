-- SPDX-License-Identifier: Apache-2.0
--- Answers by itself, without key and network: for the first minutes with the gateway.

---@type Provider
return {
  name = "demo",
  title = "Demo",
  dialect = "demo",
  models = { ids = { "demo-echo", "demo-lorem" }, prefixes = {} },
  stream = { usage = "include_usage", done = true },
}
