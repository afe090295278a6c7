// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* Length of the well-formed UTF-8 sequence `text` begins with; 0 when it begins with none (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF). */
size_t utf8_len(struct slice text);
