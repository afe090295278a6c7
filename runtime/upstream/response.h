// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "codec/chunked.h"
#include "upstream/response_head.h"

/* Private to this room. Reads one response from bytes as they come; does no input or output itself. */

enum { RESPONSE_INTERIM_MAX = 32 };

enum response_state { RESPONSE_AT_HEAD, RESPONSE_AT_BODY, RESPONSE_AT_END, RESPONSE_BROKEN };

struct response {
  const char *peer; /* borrowed: names the other side in messages */
  bool to_head;     /* answers a HEAD request */
  struct slice to;  /* borrowed: the protocol that was asked for; empty = none. A 101's body has no end but the close */
  bool begun;       /* a byte came */
  enum response_state state;
  unsigned interim;
  uint64_t limit; /* of the body; 0 = none */
  uint64_t received;
  uint64_t left;          /* RESPONSE_LENGTH: bytes still to come */
  struct chunked chunked; /* RESPONSE_CHUNKED */
  struct buffer partial;  /* owned: the beginning of a head that has not ended */
  size_t scanned;
  struct response_head head; /* owned */
};

enum response_event { RESPONSE_MORE, RESPONSE_HEAD, RESPONSE_DATA, RESPONSE_END, RESPONSE_BAD };

void response_init(struct response *response, const char *peer, bool to_head, uint64_t limit);
void response_free(struct response *response);

/* Consumes from `*input`, advanced past what was used. RESPONSE_HEAD: `response->head` is there. RESPONSE_DATA: `*data`
 * holds bytes of the body inside the input. RESPONSE_END: the body is complete and `*input` starts at what follows.
 * RESPONSE_BAD: `error` says why. RESPONSE_MORE: the input is used up. */
enum response_event response_next(struct response *response, struct response_parser *parser, struct slice *input,
                                  struct slice *data, struct error *error);

/* No more bytes will come; `clean` when the end was not an accident. Returns 0 when the response is complete, else -1
 * with upstream_reset or upstream_truncated. */
int response_close(struct response *response, bool clean, struct error *error);
