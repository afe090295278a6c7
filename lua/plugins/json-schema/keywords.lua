-- SPDX-License-Identifier: Apache-2.0
--- What each keyword of JSON Schema demands. A keyword is made from its value and the schema around it into a check:
--- check(value, run) -> true, or false with the fault noted in `run`.

local combined = require "plugins.json-schema.combined"
local containers = require "plugins.json-schema.containers"
local faults = require "plugins.json-schema.faults"
local scalars = require "plugins.json-schema.scalars"

local keywords = { fail = faults.fail, known = {} }

for _, part in ipairs { scalars, containers, combined } do
  for name, make in pairs(part) do keywords.known[name] = make end
end

--- The type first: what follows then speaks of what is there.
keywords.order = {
  "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
  "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required",
  "dependentRequired", "propertyNames", "properties", "patternProperties", "additionalProperties", "prefixItems",
  "items", "contains", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if",
}

return keywords
