-- SPDX-License-Identifier: Apache-2.0
--- One request's way through the plugins: runs their hooks, takes their verdicts, bears their faults. The context that
--- hooks see is made when the first of them runs; what they ask of it is found when they ask.

local clock = require "gateway.clock"
local context = require "context"
local document = require "gateway.document"
local errors = require "errors"
local fault = require "fault"
local forms = require "forms"
local log = require "gateway.log"
local metrics = require "gateway.metrics"
local script = require "gateway.script"
local shadow = require "shadow"
local verdicts = require "verdict"

---@class Passage
---@field chain Chain
---@field call table
---@field request ChatRequest|table
---@field model string? the model after aliases
---@field target Target? who serves it, or was asked last
---@field ctx Context?
---@field started number
---@field settle fun(step: Step, hook: string, call: table, problem: any, code: string, heard: any): Failure?

---@class Answer one on its way to the client
---@field status integer
---@field reply table? the upstream's answer, whose bytes are the body
---@field text string? the body, when it is another
---@field make (fun(): string?)? what a stream has said, as one body
---@field usage Usage?
---@field headers table?
---@field content_type string?

local passage = {}

--- Nil when no plugin is configured: then nothing below costs anything.
---@param chain Chain|false
---@return Passage?
function passage.open(chain, call, request)
  if not chain then return nil end
  local visit = { chain = chain, call = call, request = request, started = clock.monotonic(), settle = fault.settle }
  if chain.on_error then
    visit.when_cut = passage.cut
    call:when_cut(visit)
  end
  return visit
end

--- What the hooks of this request are handed as ctx.
---@param visit Passage
---@return Context
function passage.context(visit)
  if not visit.ctx then
    local request = visit.request
    local form = request.form and forms.document(visit.call, request.form) or nil
    visit.ctx = context.open(visit.call, {
      model = visit.model or request.model, endpoint = request.surface.endpoint, stream = request.stream == true,
      started = visit.started, body = form, price = visit.price,
    })
  end
  return visit.ctx
end

-- One hook -----------------------------------------------------------------------------------------------------------

local NO_VERDICT = "a hook returns nothing, or what ctx:reject or ctx:respond made"
local RESPONDED = {} -- stands for the verdict of ctx:respond
local LOST_VERDICT = "a verdict was made and not returned"

--- A plugin did what it may not, without raising: no guard has counted it. Nil when the request goes on without it.
---@return Failure?
function passage.fault(visit, step, hook, problem)
  script.fault("plugins", step.name)
  return visit.settle(step, hook, visit.call, problem, "script_error", false)
end

local function rejection(verdict, step, hook)
  local failure = verdicts.rejection(verdict, step, hook)
  if failure.limited then metrics.series("gateway_rate_limit_rejections_total", "plugin"):add(1) end
  return failure
end

--- Runs code of a plugin. True and what it returned; or false and the failure that follows, if one does: of a verdict,
--- or of a fault of a plugin that must not fail.
---@param heard string|(fun(): string?)|nil what the answer says it works on
---@return boolean ran, any value, any more
function passage.run(visit, step, hook, heard, code, ...)
  local ran, value, more = step.guard(code, ...)
  local token, verdict = context.verdict(visit.ctx)
  if not ran then return false, visit.settle(step, hook, visit.call, value, more, heard) end
  if not token then return true, value, more end
  if value ~= token then return false, passage.fault(visit, step, hook, LOST_VERDICT) end
  if verdict.kind == "reject" then return false, rejection(verdict, step, hook) end
  return true, RESPONDED, verdict
end

--- Runs a hook that takes ctx, and says what follows.
---@return Failure? failure
---@return Answer? answer of a respond
local function step_decide(visit, step, hook)
  local ctx = passage.context(visit)
  local ran, value, verdict = passage.run(visit, step, hook, visit.heard, step.plugin[hook], ctx, step.conf,
    step.opened)
  if not ran or value == nil then return value end
  if value == RESPONDED then return nil, verdict end
  return passage.fault(visit, step, hook, NO_VERDICT)
end

--- The same, for a shadow to see.
local function step_run(visit, step, hook, answer)
  if not step.shadow then return step_decide(visit, step, hook) end
  passage.context(visit)
  local seen = shadow.see(step.shadow, visit, hook, answer)
  local failure, given = step_decide(visit, step, hook)
  if seen then shadow.judged(seen, visit, failure, given) end
  return failure, given
end

-- The three stages ---------------------------------------------------------------------------------------------------

--- Before anybody is asked. Every plugin sees the request, also behind one that answers it; the last answer counts.
---@param visit Passage
---@return Failure? failure
---@return Answer? answer
function passage.before(visit)
  local answer
  for _, step in ipairs(visit.chain.before_request or {}) do
    local failure, given = step_run(visit, step, "before_request")
    if failure then return failure end
    answer = given or answer
  end
  return nil, answer
end

--- Makes the body what the plugins made of it: nil when it is the same. A form's fields are put in when it is sent.
---@param visit Passage
---@return Document? changed
function passage.apply(visit)
  local body = visit.ctx and context.changed_body(visit.ctx)
  if body and not visit.request.form then assert(document.apply(body, visit.call)) end
  return body
end

--- The plugins' fault that the body is no request any more.
---@param visit Passage
---@param problem Failure what is wrong with it
---@return Failure
function passage.broken(visit, problem)
  log.error("plugins made the request invalid", { trace_id = visit.call:trace_id(), error = problem.message })
  return errors.plugin
end

--- What hooks may know from here on: who served, what it cost, what went wrong.
local function note(visit, facts)
  local target = visit.target
  facts.model = visit.model
  if target then facts.target, facts.provider = target.name, target.provider.name end
  context.note(passage.context(visit), facts)
end

local HEARD_MAX = 1048576 -- bytes of an answer that are looked through for what a log line must not repeat

--- Shows the hooks an answer. What it says, no error of theirs may repeat in the log.
local function show(visit, answer)
  context.answer(visit.ctx, answer)
  visit.heard = function()
    return answer.text or answer.make and answer.make() or answer.reply and answer.reply:body(HEARD_MAX)
  end
end

local function answer_replace(answer, given)
  for _, name in ipairs { "status", "text", "headers", "content_type" } do answer[name] = given[name] end
end

--- Before the answer goes out. Changes `answer` when a plugin did.
---@param visit Passage
---@param answer Answer
---@return Failure?
function passage.after(visit, answer)
  local steps = visit.chain.after_request
  if not steps or visit.call:drained() then return nil end
  note(visit, { usage = answer.usage })
  show(visit, answer)
  for _, step in ipairs(steps) do
    local failure, given = step_run(visit, step, "after_request", answer)
    if failure then return failure end
    if given then
      answer_replace(answer, given)
      show(visit, answer)
    end
  end
  answer.text = context.changed_answer(visit.ctx) or answer.text
end

local BEGUN = "an answer that has begun cannot be replaced"

--- Behind the last byte of a stream: what the client has read cannot be changed any more.
---@param visit Passage
---@param answer Answer
---@return Failure?
function passage.after_stream(visit, answer)
  if visit.call:drained() then return nil end
  note(visit, { usage = answer.usage })
  show(visit, answer)
  for _, step in ipairs(visit.chain.after_request) do
    local failure, given = step_run(visit, step, "after_request", answer)
    if given then failure = passage.fault(visit, step, "after_request", BEGUN) end
    if failure then return failure end
  end
end

local ONLY_REJECT = "an error can be put in another's place by ctx:reject alone"
local ONLY_CLOSED = "a plugin of this type cannot change an error"

local function errors_show(visit, failure)
  note(visit, { error = {
    status = failure.status, code = failure.code, type = failure.type, message = failure.message,
  } })
  for _, step in ipairs(visit.chain.on_error) do
    local other, given = step_run(visit, step, "on_error")
    local refused = given and ONLY_REJECT or other and not fault.closes(step.type) and ONLY_CLOSED
    if refused then other = passage.fault(visit, step, "on_error", refused) end
    failure = other or failure
  end
  return failure
end

--- Before an error goes out. Plugins whose faults close may put another in its place.
---@param visit Passage
---@param failure Failure
---@return Failure
function passage.failed(visit, failure)
  if not visit.chain.on_error or visit.call:drained() then return failure end
  return errors_show(visit, failure)
end

local EVENT_BYTES = 256 -- of a stream, for each token, about

--- The request was cut short (the client has gone, say): the plugins that have seen it learn it, off any answer's path.
--- They learn what it used, or about what: nobody asks, or reads, for nothing by leaving early.
---@param visit Passage
---@param code string
---@param trace_id string
---@param sent integer bytes
---@param used Usage? as far as it is known, or believed
function passage.cut(visit, code, trace_id, sent, used)
  if not visit.ctx then return end
  visit.ctx, visit.call = context.remains(visit.ctx, trace_id)
  local usage = visit.request.usage or used
  if not usage and sent > 0 then
    usage = { completion_tokens = math.ceil(sent / EVENT_BYTES), estimated = true }
  end
  if usage then note(visit, { usage = usage }) end
  errors_show(visit, errors.cut(code))
end

return passage
