-- SPDX-License-Identifier: Apache-2.0
-- luacheck: ignore 211 212 241
---@meta
--- The types of events, beside those of types.lua.

---@class Event what has happened: docs/events.md lists the fields of each subject
---@field subject string "gateway.request.completed" ...
---@field timestamp string "2026-01-31T12:00:00.000Z"

---@class gateway.events
---@field subjects fun(pattern: string): string[] the names of events that a pattern means: a name, or a beginning and *
