// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/slice.h"

/* Strict decoder of the chunked transfer coding (RFC 9112 section 7.1): size `[0-9a-fA-F]{1,8}`, CRLF exact,
 * extensions printable and bounded, trailers checked, counted and dropped. Same rules for both sides. */

struct chunked_limits {
  unsigned chunks;         /* 65,536; 0 = no cap (upstream streams) */
  unsigned extension;      /* 256 B each */
  unsigned extensions_sum; /* 16 KiB */
  unsigned trailers;       /* 8 KiB */
  unsigned trailer_fields; /* 32 */
};
extern const struct chunked_limits chunked_limits_default;

struct chunked {
  unsigned long long left; /* bytes of the present chunk still to come */
  unsigned state, digits, chunks, extension, extensions_sum, trailers, trailer_fields;
};

enum chunked_result { CHUNKED_NEED_MORE, CHUNKED_DATA, CHUNKED_END, CHUNKED_BAD };

void chunked_init(struct chunked *chunked);

/* Consumes from `*input` (advanced past what was used). CHUNKED_DATA: `*data` holds decoded bytes inside the input.
 * CHUNKED_END: the body is complete and `*input` starts at what follows. CHUNKED_BAD: malformed, nothing to be trusted.
 */
enum chunked_result chunked_next(struct chunked *chunked, const struct chunked_limits *limits, struct slice *input,
                                 struct slice *data);
