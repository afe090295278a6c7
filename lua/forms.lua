-- SPDX-License-Identifier: Apache-2.0
--- Surfaces whose requests are forms (multipart/form-data): audio to be written down, images to be changed (gateway-api
--- 1.9). The form's bytes go out as they came, with at most a few of its fields replaced.

local document = require "gateway.document"
local errors = require "errors"
local json = require "gateway.json"
local multipart = require "gateway.multipart"

local forms = {}

---@class FormRule what a form must have
---@field [1] string the field's name
---@field file boolean? it is a file; "image[]" stands for "image", too

local function has_file(form, name)
  for _, part in ipairs(form:parts()) do
    if part.filename and (part.name == name or part.name == name .. "[]") then return true end
  end
  return false
end

local function lacks(form, rule)
  if rule.file then return not has_file(form, rule[1]) end
  local value = form:get(rule[1])
  return value == nil or value == ""
end

--- A reader of a surface's forms.
---@param rules FormRule[]
---@return fun(call: table): Request?, Failure?
function forms.reader(rules)
  return function(call)
    local form = multipart.read(call)
    if not form then return nil, errors.invalid "invalid multipart form" end
    if not json.encode(forms.fields(form)) then return nil, errors.invalid "invalid multipart form" end
    for _, rule in ipairs(rules) do
      if lacks(form, rule) then return nil, errors.invalid(rule[1] .. " is required", rule[1]) end
    end
    return { model = form:get "model", stream = form:get "stream" == "true", include_usage = false, form = form }
  end
end

--- A reader for surfaces that take forms and JSON.
---@param of_form fun(call: table): Request?, Failure?
---@param of_json fun(call: table): Request?, Failure?
function forms.either(of_form, of_json)
  return function(call)
    local kind = call:header "content-type" or ""
    return (kind:lower():find("^multipart/") and of_form or of_json)(call)
  end
end

-- For plugins and dialects -------------------------------------------------------------------------------------------

--- Its fields of text. One that is there twice counts as the last.
---@return table<string, string>
function forms.fields(form)
  local fields = {}
  for position, part in ipairs(form:parts()) do
    if not part.filename then fields[part.name] = form:data(position) end
  end
  return fields
end

--- What plugins look at: the fields as a JSON object. Nil when they are no text.
---@param call table
---@return Document?
function forms.document(call, form)
  local text = json.encode(forms.fields(form))
  return text and document.new(text, { call = type(call) == "userdata" and call or nil }) or nil
end

--- Fields that plugins have changed.
---@param doc Document
---@return table<string, string>
function forms.changed(form, doc)
  local changed, now = {}, doc:decode()
  for name, value in pairs(forms.fields(form)) do
    if type(now[name]) == "string" and now[name] ~= value then changed[name] = now[name] end
  end
  return changed
end

--- The bytes of one of its files.
---@param name string
---@return string? bytes, string? content_type, string? filename
function forms.file(form, name)
  for position, part in ipairs(form:parts()) do
    if part.filename and part.name == name then return form:data(position), part.content_type, part.filename end
  end
end

--- The request as plugins have left it.
---@param request Request
---@param doc Document
---@return Request
function forms.reread(request, doc)
  local fields = forms.changed(request.form, doc)
  return { model = fields.model or request.model, fields = fields }
end

--- Makes the form what it is to be for one target.
---@param call table
---@param request Request
---@param model string? its name there, when that is another
---@return Failure? failure
function forms.splice(call, request, model)
  call:reset()
  local fields = {}
  for name, value in pairs(request.fields or {}) do fields[name] = value end
  fields.model = model or fields.model
  for name, value in pairs(fields) do
    if not request.form:set(name, value) then
      return errors.invalid(("the form's field %s cannot be replaced"):format(name), name)
    end
  end
end

return forms
