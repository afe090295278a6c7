// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "upstream/oracle.h"
#include "upstream/transfer.h"

/* Private to this room. The head of a response: our scanner parses, llhttp judges. */

enum { RESPONSE_HEAD_MAX = 64 * 1024, RESPONSE_VALUE_MAX = 16 * 1024, RESPONSE_FIELDS_MAX = 256 };

/* What parsing needs and nobody keeps. One per upstream; must not move after response_parser_init. */
struct response_parser {
  struct oracle oracle;
  struct http_field fields[RESPONSE_FIELDS_MAX];
};

enum response_framing { RESPONSE_EMPTY, RESPONSE_LENGTH, RESPONSE_CHUNKED, RESPONSE_UNTIL_CLOSE };

struct response_head {
  struct transfer_response response;
  void *memory; /* owned: the fields and the bytes they point to */
  enum response_framing framing;
  bool keep_alive;
};

void response_parser_init(struct response_parser *parser);

/* Parses one whole head. `to_head`: it answers a HEAD request. `peer` names the other side in messages. On failure
 * returns -1 with upstream_bad_response, upstream_bad_framing or upstream_headers_too_large. */
int response_head_parse(struct response_parser *parser, struct slice bytes, bool to_head, const char *peer,
                        struct response_head *head, struct error *error);

/* False when the beginning of a head that has not ended yet can never become a good one: looks at the bytes from
 * `from` on. */
bool response_head_plausible(struct slice bytes, size_t from);

void response_head_free(struct response_head *head);
