-- SPDX-License-Identifier: Apache-2.0
--- GET /v1/capabilities: which parameters each configured provider takes.

local json = require "gateway.json"

local function capabilities(call, view)
  local found = view.capabilities()
  for name, formats in pairs(found.image_response_formats) do
    found.image_response_formats[name] = json.array { unpack(formats) }
  end
  call:respond(200, "application/json", json.encode(found) .. "\n")
end

return { capabilities = capabilities }
