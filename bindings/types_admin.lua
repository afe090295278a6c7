-- SPDX-License-Identifier: Apache-2.0
-- luacheck: ignore 211 212 241
---@meta
--- The types of what scripts in admin/ may use, as types.lua has those of the others.

---@alias Handler fun(call: AdminCall, view: View, params: table<string, string>)

---@class AdminTable what a file in admin/ returns, or a list of them
---@field path string "/admin/notes/{name}": the handlers find what stands for {name} in params
---@field scope ("read_only"|"admin")? what a key must have; by default read_only to GET, admin for the rest
---@field GET Handler? serves HEAD, too
---@field POST Handler?
---@field PUT Handler?
---@field PATCH Handler?
---@field DELETE Handler?

---@class AdminCall one request for a path below /admin/. It must be answered once
local AdminCall = {}

---@return string
function AdminCall:method() end

--- As it was sent, without the query.
---@return string
function AdminCall:path() end

---@param name string
---@return string? value as it was sent
function AdminCall:query(name) end

---@param name string in any case
---@return string?
function AdminCall:header(name) end

---@return table<string, string> by lower-case name
function AdminCall:headers() end

---@return string
function AdminCall:body() end

---@return string? id
---@return string? name
---@return boolean? admin whether it has that scope
function AdminCall:key() end

---@return string the answer's X-Request-ID
function AdminCall:trace_id() end

---@param status integer
---@param content_type string?
---@param body string?
---@param headers table<string, string>?
function AdminCall:respond(status, content_type, body, headers) end

--- An error in the one shape.
---@param status integer
---@param type string "invalid_request_error" ...
---@param code string
---@param message string
---@param param string? the member at fault
---@param headers table<string, string>?
function AdminCall:refuse(status, type, code, message, param, headers) end

---@return boolean
function AdminCall:answered() end

---@class View what a handler may ask of the house
---@field respond fun(call: AdminCall, status: integer, value: any, headers: table<string, string>?) answers with JSON
---@field read fun(call: AdminCall): any the body as a value; nil: it is not JSON, and the client has been told
---@field targets fun(): table[] { name, available, ... }
---@field standing fun(all: boolean?): table[] how each target does: { name, provider, available, circuit, unhealthy,
--- figures, models, credentials }, as GET /admin/routing/targets shows it; without `all` models only where a breaker
--- is. May wait
---@field providers fun(): table[] { name, available, models, missing }
---@field models fun(): { id: string, owned_by: string }[] what GET /v1/models lists
---@field about fun(listed: table, today: string): table? what the catalog says of one of them
---@field owner fun(model: string): string?, table? who would serve a model or alias, and it as in that list
---@field explain fun(call: AdminCall, asked: { model: string, endpoint: string, stream: boolean }): table?, table? what
--- would happen to such a request; or a failure { message, param }
---@field draining fun(): boolean whether the gateway is shutting down
---@field metrics fun(): string Prometheus' text
---@field timestamp fun(seconds: number): string RFC 3339 with nanoseconds

---@class TestAdmin
---@field ask fun(self: TestAdmin, method: string, path: string, given: table?): table `given` is { query =, headers =,
--- body =, key = }, with a key of all scopes by default; the answer { status, text, json, headers, content_type }
