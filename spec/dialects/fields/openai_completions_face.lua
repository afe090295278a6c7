-- SPDX-License-Identifier: Apache-2.0
--- What becomes of every member of a request to POST /v1/completions on its way to a chat model, and of every member of
--- chat's answer on its way back. A path covers what is below it, unless that is named itself. A server that still has
--- the endpoint gets the client's bytes.

local LEFT_OUT = "left out and named in x-gateway-dropped, or refused where the configuration wants it"
local TEXT_ONLY = "a completion is text alone"

return {
  title = "OpenAI completions to OpenAI chat",
  request = {
    ["model"] = { "mapped", "`model`, the upstream's name" },
    ["prompt"] = { "mapped", "the user's message; several are several calls; token ids are a 400" },
    ["max_tokens"] = { "kept", "`max_tokens`" },
    ["temperature"] = { "kept", "`temperature`" },
    ["top_p"] = { "kept", "`top_p`" },
    ["n"] = { "kept", "`n`" },
    ["stream"] = { "kept", "`stream`" },
    ["stream_options"] = { "dropped", "streams always count; the gateway tells when asked" },
    ["stop"] = { "kept", "`stop`" },
    ["presence_penalty"] = { "kept", "`presence_penalty`" },
    ["frequency_penalty"] = { "kept", "`frequency_penalty`" },
    ["seed"] = { "kept", "`seed`" },
    ["user"] = { "kept", "`user`" },
    ["logit_bias"] = { "kept", "`logit_bias`" },
    ["logprobs"] = { "mapped", "`logprobs`, `top_logprobs`" },
    ["echo"] = { "dropped", "the gateway puts the prompt before the text" },
    ["best_of"] = { "dropped", "more than n is " .. LEFT_OUT },
    ["suffix"] = { "dropped", LEFT_OUT },
  },
  answer = {
    ["id"] = { "mapped", "`id`, cmpl- in place of chatcmpl-" },
    ["object"] = { "mapped", "text_completion" },
    ["created"] = { "kept", "`created`" },
    ["model"] = { "kept", "`model`" },
    ["system_fingerprint"] = { "kept", "`system_fingerprint`" },
    ["service_tier"] = { "dropped", "completions have none" },
    ["choices[].index"] = { "mapped", "prompt i and choice j: i * n + j" },
    ["choices[].finish_reason"] = { "mapped", "`finish_reason`; tool_calls is stop" },
    ["choices[].logprobs"] = { "mapped", "`logprobs`, in columns" },
    ["choices[].message.role"] = { "dropped", TEXT_ONLY },
    ["choices[].message.content"] = { "mapped", "`text`" },
    ["choices[].message.refusal"] = { "mapped", "`text`, when there is no other" },
    ["choices[].message.annotations"] = { "dropped", TEXT_ONLY },
    ["choices[].message.reasoning_content"] = { "dropped", TEXT_ONLY },
    ["choices[].message.thinking_blocks"] = { "dropped", TEXT_ONLY },
    ["choices[].message.tool_calls"] = { "dropped", TEXT_ONLY },
    ["choices[].message.audio"] = { "dropped", TEXT_ONLY },
    ["usage"] = { "kept", "`usage`; of several prompts the sum, without details" },
  },
}
