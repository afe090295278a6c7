-- SPDX-License-Identifier: Apache-2.0
--- A model server of the house's own, which speaks as nobody else does (dialects/inkwell.lua). A provider is data: who
--- it is, where it listens, how it is asked, which names are its own.

---@type Provider
return {
  name = "inkwell",
  title = "Inkwell",
  dialect = "inkwell",
  base = "http://127.0.0.1:7700",
  env = { key = { "INKWELL_API_KEY" }, base = { "INKWELL_BASE_URL" } },
  auth = { header = "x-inkwell-key" },
  models = { prefixes = { "ink-" } },
  -- What it does not know: dropped with a warning, or refused, as compatibility.on_unsupported_param says.
  params = {
    drop = { "top_p", "seed", "user", "logit_bias", "presence_penalty", "frequency_penalty", "response_format" },
    translate = { "temperature", "max_tokens", "max_completion_tokens" },
  },
  stream = { usage = "always" },
}
