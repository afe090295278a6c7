-- SPDX-License-Identifier: Apache-2.0
-- luacheck: ignore 211 212 241
---@meta
--- The types of everything a script may use, for editors that read EmmyLua (lua-language-server: add this file to
--- `workspace.library`). Nothing here runs; docs/scripting.md explains it. Those of admin scripts are
--- in types_admin.lua, of events in types_events.lua, of specs in types_spec.lua, of strategies in types_routing.lua.

-- Scripts ------------------------------------------------------------------------------------------------------------

---@alias PluginType "guardrail"|"auth"|"transform"|"ratelimit"|"logging"|"metrics"
---@alias Verdict table what ctx:reject or ctx:respond made; a hook returns it
---@alias Hook fun(ctx: Context, conf: table, opened: any): Verdict?

---@class ChunkHooks texts of a stream, piece by piece; each channel (choice, kind, tool call) has a state of its own
---@field open (fun(ctx: Context, conf: table, opened: any): any)? the state; without it { ctx =, conf =, opened = }
---@field feed fun(state: any, text: string, ctx: Context, final: boolean): string|Verdict|nil, integer?
---@field close (fun(state: any, ctx: Context): string|Verdict|nil)?

---@class Plugin what a file in plugins/ returns
---@field name string the file's: a-z, 0-9, hyphens
---@field type PluginType decides what a fault does
---@field schema table<string, table>? fields of its configuration
---@field open (fun(conf: table): any)? once per generation; raising refuses the generation
---@field before_request Hook?
---@field after_request Hook?
---@field on_error Hook?
---@field on_event (fun(event: Event, conf: table, opened: any))? told of what happens, off any answer's path
---@field subjects string[]? of events that on_event is told of: names, or the beginning of some and *; all without it
---@field settles boolean? after_request and on_error run wherever before_request does, whatever `stage` says
---@field on_chunk ChunkHooks?
---@field hold_bytes integer? 0 to 65536: how much of a channel's text may be held back
---@field hold_ms integer? for how long while nothing comes; 0 = until there is more, or the end

-- Hooks --------------------------------------------------------------------------------------------------------------

---@alias ContextUsage { prompt_tokens: integer?, completion_tokens: integer?, total_tokens: integer?,
---  cached_tokens: integer?, cache_write_tokens: integer?, reasoning_tokens: integer?, cost_usd: number?,
---  estimated: boolean? } `cost_usd` is nil where no price is known; `estimated`: nobody counted

---@class Context one request as hooks see it; over with its request. Read-only: ctx.state is for your own things
---@field model string?
---@field endpoint string "chat", "embeddings" ...
---@field stream boolean
---@field key { id: string, name: string, scopes: string[] }? nil where the gateway is open
---@field headers Headers of the request
---@field body Document of the request
---@field state table yours: all plugins' hooks of this request share it
---@field trace_id string
---@field duration_ms number since the request came
---@field target string? who served it; from after_request and on_error on
---@field provider string?
---@field price { input: number, output: number? }? dollars a million tokens cost at the target that is asked first
---@field usage ContextUsage?
---@field response { status: integer, body: Document, headers: Headers }? in after_request
---@field error { status: integer, code: string, type: string, message: string }? in on_error; 499 and
--- client_closed_request when the client has gone: there is no body any more then, and nobody who could be answered
local Context = {}

--- Ends the request with an error. `message` is what the client reads; `reason` goes into the usual sentence instead.
---@param options { status: integer?, code: string?, message: string?, reason: string?, headers: table? }
---@return Verdict
function Context:reject(options) end

---@class RespondOptions
---@field status integer? 200
---@field body string|table|nil a table is sent as JSON
---@field headers table<string, string>?
---@field content_type string?
---@field provider string? what metrics and logs call whoever answered: "cache"

--- Answers in the provider's place.
---@param options RespondOptions
---@return Verdict
function Context:respond(options) end

--- Every text of the request, or in after_request of the answer, wherever it stands.
---@param which "request"|"response"|nil
---@return fun(): Part?
function Context:texts(which) end

--- The first text with a match, found without making strings.
---@param set MatchSet
---@param which "request"|"response"|nil
---@return Part? part
---@return integer? from
---@return integer? to
---@return integer? index
function Context:find(set, which) end

--- True when the request carries token ids in place of text: nobody can look into it.
---@return boolean
function Context:uninspectable() end

--- Puts a header on whatever answer goes out. False when it has begun already.
---@param name string
---@param value string|number
---@return boolean
function Context:set_header(name, value) end

---@class Headers
local Headers = {}

---@param name string in any case
---@return string?
function Headers:get(name) end

---@class Part one text
---@field text string
---@field role string? "user", "assistant", "system", "tool" ...
---@field kind string "text", "tool_arguments", "tool_result", "reasoning", "refusal", "input", "prompt", "document"...
---@field path string "messages[0].content"
local Part = {}

--- Puts another text in its place. All other bytes of the body stay.
---@param text string
function Part:replace(text) end

---@class Document a JSON body. Paths: "messages[0].content", "messages[-1].role", "tools[2].function.name"
local Document = {}

---@param path string
---@return any value nil when it is not there
function Document:get(path) end

--- The value's own JSON.
---@param path string
---@return string?
function Document:raw(path) end

--- nil removes, json.null writes null. Raises for what JSON cannot say.
---@param path string
---@param value any
function Document:set(path, value) end

--- The whole, decoded. Costs most: get and texts read what they need only.
---@return any
function Document:decode() end

---@return string JSON
function Document:text() end

---@return boolean
function Document:changed() end

-- gateway.match ------------------------------------------------------------------------------------------------------

---@class gateway.match words and regular expressions, all found in one pass in linear time; make sets in `open`
local match = {}

---@param words string[]
---@param options { caseless: boolean? }? ASCII letters
---@return MatchSet raises when a word is empty
function match.literals(words, options) end

---@param patterns string[] PCRE without back references and look-around
---@param options { caseless: boolean?, multiline: boolean?, dotall: boolean? }?
---@return MatchSet raises with the name of the pattern that is wrong
function match.patterns(patterns, options) end

---@class MatchSet positions are bytes, from 1, both ends included; the leftmost, then the longest match wins
local MatchSet = {}

--- With `goes_on` only a match that no further text can change; when there is none: nil and how many bytes are decided.
---@param text string
---@param init integer? what is before is context for \b and ^ only
---@param goes_on boolean? more text will come
---@return integer? from
---@return integer? to or decided
---@return integer? index of the word or pattern
function MatchSet:find(text, init, goes_on) end

---@param text string
---@param init integer?
---@param goes_on boolean?
---@return { from: integer, to: integer, index: integer }[] that do not overlap
---@return integer decided bytes of the text that no further text changes
function MatchSet:all(text, init, goes_on) end

---@param text string
---@param with string|fun(matched: string, index: integer): string?
---@return string text
---@return integer count
function MatchSet:replace(text, with) end

--- How many bytes at the end may be the beginning of a match: what on_chunk keeps.
---@param text string
---@return integer
function MatchSet:pending(text) end

--- Bytes of the longest possible match; nil when there is no bound.
---@return integer?
function MatchSet:reach() end

---@return MatchStream
function MatchSet:stream() end

---@class MatchStream
local MatchStream = {}

--- The first match seen so far, across everything that was fed.
---@param text string
---@return integer? index
function MatchStream:feed(text) end

-- Counters and values of all workers ---------------------------------------------------------------------------------

---@class gateway.shared keys (at most 512 bytes) begin with the script's name; times to live (ttl) are seconds
---@field get fun(key: string): string|number|nil
---@field set fun(key: string, value: string|number, ttl: number?): true?, string? at most 64 KiB
---@field add fun(key: string, value: string|number, ttl: number?): boolean false when the key is there
---@field incr fun(key: string, by: number, ttl: number?): number?, string? the sum; the ttl is for a new key
---@field reserve fun(key: string, by: number, limit: number, ttl: number?): number?, number? the sum, or nil and what
--- is there when the sum would pass the limit
---@field delete fun(key: string, value: string?): boolean whether it was there, and held this value
---@field ttl fun(key: string): number? seconds; math.huge: for ever; nil: no such key
---@field expire fun(key: string, ttl: number?): boolean
---@field take fun(key: string, rate: number, burst: number, n: number?): boolean, number, number? a token bucket of
--- `rate` a second: true and what remains, or false, the seconds until there are enough, and what remains
---@field settle fun(key: string, rate: number, burst: number, n: number): number gives n tokens back (n < 0: takes)
---@field worker fun(): string the name of this worker's process
---@field alive fun(name: string): boolean whether the worker of that name is still there
---@field cache gateway.shared.cache

---@class gateway.shared.cache the same for strings of up to 4 MiB
---@field get fun(key: string): string?
---@field set fun(key: string, value: string, ttl: number?): true?, string?
---@field add fun(key: string, value: string, ttl: number?): boolean
---@field delete fun(key: string, value: string?): boolean
---@field stats fun(): table { entries, bytes, capacity, hits, misses, evictions }

-- The world outside --------------------------------------------------------------------------------------------------

---@class Fetch
---@field url string
---@field method string? GET, or POST with a body
---@field headers table<string, string>?
---@field body string?
---@field timeout_ms integer? 5000
---@field allow string[]? hosts beside scripts.http_allow
---@field max_bytes integer? of the answer; 1 MiB

---@class Fetched
---@field status integer
---@field headers table<string, string> names in lower case
---@field body string

---@class gateway.http calls to services that are no providers: at most four a request
---@field fetch fun(options: Fetch): Fetched?, string?, string? the answer, or nil, a message and a code: not_allowed,
--- bad_url, bad_request, too_many, timeout, refused, dns, tls, unreachable, reset, too_large, bad_response. Waits

---@class gateway.task
---@field later fun(fn: function, ...: any): boolean runs fn(...) off the answer's path; hand on values, not ctx.
--- False: too much is put off already

---@class gateway.clock
---@field now fun(): number Unix seconds with a fraction
---@field monotonic fun(): number milliseconds that never go back
---@field sleep fun(milliseconds: number) waits, at most a minute
---@field iso fun(seconds: number?): string "2026-01-01T00:00:00.250Z" of a Unix time, now by default

---@class gateway.random
---@field hex fun(bytes: integer): string 1 to 512 bytes as digits
---@field alphanumeric fun(length: integer): string 1 to 1024 characters
---@field number fun(): number from 0 to below 1
---@field integer fun(low: integer, high: integer): integer both ends included

---@class gateway.draw one of many, as weights say; positions count from 1
---@field new fun(names: string[], weights: number[]): Draw whoever has a weight of 0 is never drawn
---@field hash fun(text: string): number from 0 to below 1, the same in every process and after every start
---@field least fun(numbers: number[], most: integer, from: integer?, loads: number[]?): integer?, ... the position of
--- the first number below 0, which is unknown; then those of the smallest ones, at most 8, equal ones in the order from
--- `from` round; with loads each number counts (1 + load) times
---@class Draw
---@field chance fun(self: Draw, unit: number): integer? for a number from 0 to below 1
---@field ranked fun(self: Draw, text: string, most: integer?): integer? ... the best for this text first, one by
--- default, at most 8: always the same, and when one is gone, its texts alone move

---@class gateway.log never put what a client or a model wrote into a line
---@field debug fun(message: string, fields: table<string, string|number|boolean>?)
---@field info fun(message: string, fields: table<string, string|number|boolean>?)
---@field warn fun(message: string, fields: table<string, string|number|boolean>?)
---@field error fun(message: string, fields: table<string, string|number|boolean>?)
---@field redacted fun(text: string): string what a line would show of a text

---@class gateway.metrics
---@field count fun(name: string, by: number?) adds to gateway_script_events_total{name}; a-z 0-9 _ . -

---@class gateway.call
---@field checks fun(rules: table[]): userdata compiles { name, kind, kind?, required =, nonempty =, min =, max = } for
--- call:scan, which tells the first one that a body's members do not keep

-- Texts and bytes ----------------------------------------------------------------------------------------------------

---@class gateway.json
---@field null userdata JSON's null, which Lua's nil is not
---@field decode fun(text: string, options: { raw: table<string, boolean|"long"> }?): any, string? nil and what is
--- wrong; the values of keys in `raw` are kept as they stand: with "long" only texts of 128 bytes and more, which then
--- begin with a word
---@field encode fun(value: any): string?, string?
---@field array fun(list: table?): table marked, so that an empty one is written as []
---@field is_array fun(value: any): boolean
---@field is_object fun(value: any): boolean
---@field raw fun(text: string): userdata?, string? a value that is written as this text
---@field is_raw fun(value: any): boolean
---@field text fun(raw: userdata): string
---@field number fun(value: any): number? also of one kept as text because a double would change it
---@field equal fun(a: any, b: any): boolean

---@class gateway.sse
---@field new fun(limit: integer?): Splitter server-sent events out of bytes
---@class gateway.ndjson
---@field new fun(limit: integer?): Splitter lines that are not blank out of bytes; their name is empty
---@class gateway.eventstream
---@field new fun(limit: integer?): Splitter AWS event stream messages out of bytes. Name: the :event-type, "exception."
--- and the :exception-type, "error." and the :error-code. Data: the payload; of an error without one its :error-message
---@class Splitter
---@field feed fun(self: Splitter, bytes: string): { name: string, data: string }[]?, string? nil and "too large" or
--- "corrupt", for good; the events that came before it stand in nil's place
---@field at_boundary fun(self: Splitter): boolean nothing of an event is held
---@class gateway.base64
---@field encode fun(bytes: string): string
---@field decode fun(text: string): string?, string?
---@class gateway.catalog what is known of models, by the names their providers have here; docs/catalog.md
---@field find fun(provider: string, model: string): table? exactly this row, decoded anew: ask once, not per request
---@field list fun(provider: string): string[] its models' names, in the order of their bytes
---@field count fun(): integer
---@field names fun(text: string, list: string?, prefix: string, ...: string): string?, integer? of a provider's answer
---@field faults fun(): string[] "path:line: what is wrong"

---@class gateway.crypto
---@field sha256 fun(bytes: string): string 64 hexadecimal digits
---@field hmac_sha256 fun(key: string, bytes: string): string 64 hexadecimal digits
---@field equal fun(given: string, expected: string): boolean in a time that tells nothing of `expected`
---@field jwt_sign fun(options: { algorithm: "RS256", key: string, header: string?, claims: string }): string?, string?
--- the token, or nil and a message. `key` is the PEM of an RSA private key, the others are JSON texts
---@field sigv4 fun(options: Sigv4): table<string, string> the headers that sign a call to AWS: authorization,
--- x-amz-date, and x-amz-security-token when there is one

---@class Sigv4 a call as it goes out
---@field access_key string
---@field secret_key string
---@field session_token string?
---@field region string
---@field service string
---@field method string
---@field host string
---@field path string as on the wire, with its query
---@field headers table<string, string>?
---@field body string?
---@field time number? Unix seconds; now
