-- SPDX-License-Identifier: Apache-2.0
--- Lets an answer out only when it is JSON that a schema allows: the configured one, else the one the request asked for
--- with `response_format`. A streamed answer has left already when it is whole: an error event then ends it.

local json = require "gateway.json"
local validator = require "plugins.json-schema.validator"

local COMPILED_MOST = 32

---@class JsonSchemaConf
---@field schema table|string|nil  the schema, as YAML or as a text of JSON; none: the request's
---@field fences boolean           a fenced code block around the JSON is taken off first
---@field what string              "content": what the assistant says; "arguments": the arguments of its tool calls
---@field required boolean         true: an answer without such a text is refused, too

local function schema_of(conf)
  if type(conf.schema) ~= "string" then return conf.schema end
  local value, problem = json.decode(conf.schema)
  if value == nil then error("schema is no JSON: " .. problem, 0) end
  return value
end

local function open(conf)
  local own = schema_of(conf)
  return { check = own ~= nil and validator.compile(own) or nil, compiled = {}, count = 0 }
end

-- The request's schema -----------------------------------------------------------------------------------------------

--- Compiles once per text; a few are kept. A client's schema that cannot be compiled is the client's mistake.
local function compiled(opened, schema)
  local text = json.encode(schema)
  local check = opened.compiled[text]
  if check then return check end
  local held, made = pcall(validator.compile, schema, true)
  if not held then return nil, made end
  if opened.count == COMPILED_MOST then opened.compiled, opened.count = {}, 0 end
  opened.compiled[text], opened.count = made, opened.count + 1
  return made
end

local function any_object(value)
  if json.is_object(value) then return true end
  return false, "", "must be of type object"
end

--- What the request asks of its answer; nothing when it asks for plain text.
local function check_of_request(ctx, opened)
  local kind = ctx.body:get "response_format.type"
  if kind == "json_object" then return any_object end
  if kind ~= "json_schema" then return nil end
  local schema = ctx.body:get "response_format.json_schema.schema"
  if type(schema) ~= "table" then return any_object end
  return compiled(opened, schema)
end

local function before_request(ctx, _, opened)
  if opened.check then return nil end
  local check, problem = check_of_request(ctx, opened)
  if problem then
    return ctx:reject {
      code = "invalid_schema", message = "response_format.json_schema.schema cannot be checked: " .. problem,
    }
  end
  ctx.state["json-schema"] = check
end

-- The answer ---------------------------------------------------------------------------------------------------------

--- "```json\n{...}\n```" -> "{...}"
local function without_fence(text)
  local inner = text:match "^%s*```[%w_+-]*%s*\n(.*)$"
  if not inner then return text end
  return inner:match "^(.-)\n?%s*```%s*$" or text
end

local function fault_of(text, conf, check)
  local value, problem = json.decode(conf.fences and without_fence(text) or text)
  if value == nil then return "the answer is not JSON: " .. problem end
  local held, place, why = check(value)
  if held then return nil end
  return (place == "" and "the answer " or place .. " ") .. why
end

local function is_checked(part, conf)
  if conf.what == "arguments" then return part.kind == "tool_arguments" end
  return part.kind == "text" and part.role == "assistant"
end

local function after_request(ctx, conf, opened)
  local check, seen = opened.check or ctx.state["json-schema"], false
  if not check then return nil end
  for part in ctx:texts "response" do
    local fault = is_checked(part, conf) and fault_of(part.text, conf, check)
    if fault then return ctx:reject { reason = fault } end
    seen = seen or is_checked(part, conf)
  end
  if conf.required and not seen then return ctx:reject { reason = "the answer has no text to check" } end
end

return {
  name = "json-schema", type = "guardrail",
  schema = {
    schema = { "any" },
    fences = { "boolean", default = false },
    what = { "string", one_of = { "content", "arguments" }, default = "content" },
    required = { "boolean", default = false },
  },
  open = open,
  before_request = before_request,
  after_request = after_request,
}
