-- SPDX-License-Identifier: Apache-2.0
--- The patterns, by what they try. Weight 1 is enough by itself; less is only suspicious beside another.

local GAP = [[[\s"'`*_:,.-]{1,6}]]

local pack = {}

--- A blank in a pattern stands for any small gap between words.
local function add(category, weight, patterns)
  for _, pattern in ipairs(patterns) do
    local spread = pattern:gsub(" ", function() return GAP end)
    pack[#pack + 1] = { category = category, weight = weight, pattern = spread }
  end
end

add("instruction override", 1, {
  [[\b(?:ignore|disregard|forget|override|bypass|skip|neglect|discard) (?:(?:all|any|every|each|about|of|the|]]
    .. [[your|my|our|these|those|this|that|and|everything) ){0,4}]]
    .. [[(?:previous|prior|preceding|above|earlier|former|original|initial|existing|system|foregoing)]]
    .. [[(?: (?:and|or|given|set|of|the|your|safety|system|user|following)){0,3} ]]
    .. [[(?:instructions?|prompts?|rules?|directions?|directives?|commands?|guidelines?|guardrails?|constraints?|]]
    .. [[orders|programming|messages?|context)\b]],
  [[\b(?:ignore|disregard|forget|override) (?:(?:all|any|every|everything|of) ){0,2}(?:your|the|its) ]]
    .. [[(?:(?:own|core|safety|content|internal|ethical) ){0,2}]]
    .. [[(?:instructions|rules|guidelines|guardrails|directives|programming|polic(?:y|ies)|restrictions|training|]]
    .. [[safeguards|filters)\b]],
  [[\b(?:ignore|disregard|forget) (?:everything|anything|all)(?: that)?(?: (?:you|was|were|i|we|has|have|]]
    .. [[been)){0,3} (?:above|before|previously|so far|told|said|learned|know)\b]],
  [[\b(?:do not|don'?t|never|stop) (?:follow|following|obey|obeying|listen to|comply with|adhere to) ]]
    .. [[(?:(?:any|the|your|those|these|all|of) ){0,3}]]
    .. [[(?:previous|prior|above|earlier|original|system|initial|safety) (?:instructions?|prompts?|rules?|]]
    .. [[guidelines?|directives?)\b]],
  [[\b(?:your|the) (?:new|real|actual|true|only|updated) (?:instructions?|task|objective|goal|purpose|]]
    .. [[directive|rules?|job) (?:is|are) (?:now|to ignore|to disregard)\b]],
  [[\bfrom (?:now on|this point(?: (?:on|forward|onwards?))?) (?:you|your) (?:(?:will|must|shall|should|are|]]
    .. [[can|have to) ){0,2}(?:ignore|disregard|act|behave|respond|answer|obey|no longer|only obey)\b]],
  [[\b(?:vergiss|ignoriere|missachte) (?:(?:alle|deine|die|bitte|vorherigen?|bisherigen?|obigen?|früheren?) ]]
    .. [[){1,4}(?:anweisungen|instruktionen|regeln|befehle|vorgaben)\b]],
  [[\b(?:ignore[zr]?|oublie[zr]?) (?:(?:toutes?|les|tes|vos|précédentes|instructions) ){1,4}(?:instructions|]]
    .. [[précédentes|consignes|règles)\b]],
  [[\b(?:ignora|olvida|ignore) (?:(?:todas?|las|tus|sus|anteriores|as|suas) ){1,4}(?:instrucciones|instruções|]]
    .. [[reglas|regras|anteriores)\b]],
})

add("jailbreak persona", 1, {
  [[\b(?:you are|you're|act as|become|pretend to be|roleplay as|simulate) (?:(?:now|going|to|be|a|an|the|]]
    .. [[called|named) ){0,4}(?:dan|do anything now|stan|aim|dude|evil ?bot|jailbroken|jailbreak)\b]],
  [[\bdo anything now\b]],
  [[\b(?:enable|enter|activate|switch to|turn on|you are (?:now )?in) (?:(?:the|your|a) )?(?:developer|debug|]]
    .. [[god|sudo|jailbreak|dan|unrestricted|maintenance|admin|root) mode\b]],
  [[\b(?:act|respond|answer|behave|reply|operate|function|roleplay) (?:(?:as|like|if|you|are|were|a|an|the|ai|]]
    .. [[model|assistant) ){1,6}(?:without|with no|that has no|free (?:of|from)|unbound by) (?:(?:any|all|your|]]
    .. [[ethical|moral|content|safety) ){0,3}]]
    .. [[(?:restrictions?|limitations?|filters?|rules|guidelines|constraints|censorship|guardrails|ethics|morals)\b]],
  [[\byou (?:have|are) (?:(?:now|been|no|free|freed|from|longer|bound) ){1,4}(?:by )?(?:(?:any|the|your|all) ]]
    .. [[){0,2}(?:restrictions|rules|limitations|guidelines|guardrails|filters|openai(?:'s)? (?:policy|policies))\b]],
  [[\b(?:unfiltered|uncensored|unrestricted|amoral) (?:(?:and|ai|evil|language) ){0,3}(?:ai|model|assistant|]]
    .. [[chatbot|bot|persona|version)\b.{0,60}\b(?:never|not|no|without|any) (?:(?:refuse|refuses|reject|say|]]
    .. [[decline|ethical|moral|restrictions?|warnings?)\b)]],
})

add("system prompt extraction", 1, {
  [[\b(?:reveal|show|print|output|display|repeat|tell me|give me|disclose|leak|expose|dump|recite|share|type ]]
    .. [[out|write out|list) (?:(?:me|us|to|back|out|exactly|verbatim|word for word|the|all|of|your|entire|full|]]
    .. [[complete|whole|exact|original|initial|hidden|secret|internal|contents?) ){1,6}]]
    .. [[(?:system|developer|hidden|secret|initial|original|pre ?prompt|internal) (?:prompts?|instructions?|]]
    .. [[messages?|rules|guidelines|directives)\b]],
  [[\bwhat (?:(?:is|are|was|were|does) )(?:(?:the|your|exact|full|entire|complete|current) ){1,4}(?:system|]]
    .. [[hidden|secret|initial|original) (?:prompts?|instructions?|messages?)\b]],
  [[\b(?:repeat|print|output|copy|return|echo) (?:(?:all|everything|the|text|words|content|of) ){0,4}(?:text|]]
    .. [[words|content|everything|prompt|instructions) (?:(?:that|is|was|were|starting|from) ){0,3}(?:above|before|]]
    .. [[preceding)\b.{0,40}(?:verbatim|code ?block|exactly|you are|starting with)]],
  [[\brepeat (?:the|all)(?: (?:words|text|sentences?))? above (?:starting|beginning) with\b]],
})

add("delimiter injection", 1, {
  [[<\|(?:im_start|im_end|system|endoftext|begin_of_text|start_header_id|eot_id|assistant|user)\|>]],
  [[\[/?(?:INST|SYS)\]\s{0,5}(?:<<SYS>>|ignore|you are|system)]],
  [[<</?SYS>>]],
  [[(?m:^)\s{0,4}(?:#{2,4}|-{3,}|={3,}|\*{2,4})\s{0,4}(?:new |updated |end of |begin |start of )?(?:system|]]
    .. [[admin|developer|root) (?:prompt|message|instructions?|override)\b]],
  [=[\[(?:system|admin|developer)(?:[\s_-](?:message|override|note|prompt|instructions?))\]]=],
  [[</?(?:system|system_prompt|system-prompt|instructions)>\s{0,10}(?:you|ignore|new|now|from|the user|forget|]]
    .. [[disregard)\b]],
  [[\b(?:end|close) of (?:user|the user's|system) (?:input|prompt|message|query)\b.{0,40}\b(?:system|new ]]
    .. [[instructions?|begin)\b]],
})

add("encoded payload", 1, {
  [[\b(?:decode|decrypt|deobfuscate|un-?base64) (?:(?:this|the|following|it|text|string|message|from|base64|]]
    .. [[hex|rot13|below|and) ){1,6}(?:then )?(?:follow|execute|obey|run|do what|comply|carry out|perform)\b]],
  [[\b(?:base64|rot13|hex)(?:[-\s]?(?:encoded|decoded))?.{0,40}\b(?:follow|execute|obey|carry out) (?:(?:the|]]
    .. [[its|those|these|decoded|hidden) ){0,3}(?:instructions?|commands?|message)\b]],
})

add("tool misuse", 1, {
  [[\b(?:send|post|upload|exfiltrate|forward|transmit|email) (?:(?:all|the|any|every|of|user's|users|your|]]
    .. [[full|entire|this|previous|chat|our|above) ){1,5}(?:conversation|chat history|history|secrets?|credentials|]]
    .. [[api keys?|passwords?|tokens|system prompt|environment variables)(?: (?:data|history|contents?))? to ]]
    .. [[(?:https?|[a-z0-9._-]{1,40}@|this url|the url|attacker|my server|the following (?:url|address|email|]]
    .. [[server))]],
  [=[!\[[^\]]{0,60}\]\(https?://[^)\s]{1,120}[?&](?:q|d|data|secret|c|content|text|leak|msg)=(?:\{|\$|%7b|<|\[)]=],
})

add("suspicious phrase", 0.5, {
  [[\bjailbreak(?:ed|ing)?\b]],
  [[\bprompt injection\b]],
  [[\b(?:system|hidden|secret|initial) (?:prompt|instructions)\b]],
  [[\b(?:ignore|disregard|bypass|circumvent|evade|override) (?:(?:all|any|the|your|its|these|every) ]]
    .. [[){0,3}(?:safety|security|content|ethical|moderation) (?:filters?|polic(?:y|ies)|checks?|measures?|]]
    .. [[guidelines?|rules|restrictions?|controls?|protocols?)\b]],
  [[\b(?:stay|remain) in character\b]],
  [[\b(?:without|no) (?:any )?(?:restrictions|limitations|censorship|filters|moral(?:s|ity)?|ethical ]]
    .. [[(?:concerns|guidelines))\b]],
  [[\b(?:pretend|imagine|hypothetically)(?: (?:that|you|are|were|have|there)){1,4} (?:(?:are|no|an?|not|bound|]]
    .. [[by) ){0,4}(?:rules|restrictions|limits|unrestricted|evil|human|hacker)\b]],
  [[\byou (?:must|will|should|can) (?:never|not) (?:refuse|decline|say no|mention (?:that )?you are an ai|]]
    .. [[break character)\b]],
  [[\bnew (?:system )?(?:instructions?|rules?|directives?):]],
})

return pack
