// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Which events of a stream are no content yet: those that only say that an answer begins (a role, an id, an empty text)
 * or that somebody is still there. Each says true for such an event alone; whatever is not known for one, cannot be
 * read, is an error or an end, is worth a client's while. `name`: the event's `event:` line, maybe empty. Sources: the
 * vendors' documentation of their streams (gateway-api 8, native-providers). */

/* Chunks of chat and of legacy completions, whichever provider writes them. */
bool content_chat_silent(struct slice data);
/* Anthropic's messages. */
bool content_messages_silent(struct slice name, struct slice data);
/* OpenAI's responses. */
bool content_responses_silent(struct slice name, struct slice data);
/* Google's generateContent. */
bool content_gemini_silent(struct slice data);
