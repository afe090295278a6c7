// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "http/head.h"

/* llhttp in its strict build as the second opinion on every head. One per server. */
struct http_parser;

struct http_parser *http_parser_open(void);
void http_parser_close(struct http_parser *parser);

/* True when llhttp reads exactly these bytes as the same message: method, target, version, number of fields, framing,
 * and persistence where the two are known to agree. */
bool http_parser_agrees(struct http_parser *parser, struct slice bytes, const struct http_head *head);
