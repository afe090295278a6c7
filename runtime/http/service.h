// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <time.h>

#include "base/buffer.h"
#include "base/slab.h"
#include "http/parser.h"
#include "http/peers.h"
#include "http/server.h"

/* What the connections of one server share. Private to this room. */
struct http_server {
  struct loop *loop; /* borrowed */
  struct http_server_options options;
  struct list listeners;
  struct list connections;
  struct list detached;   /* stand-ins of connections: see detached.h */
  struct slab slab;       /* their memory */
  struct exchange *spare; /* owned; ended exchanges kept for the next requests */
  unsigned spare_count;
  struct http_parser *parser; /* owned */
  struct http_field *fields;  /* owned; limits.fields.count of them, for the head being parsed */
  struct buffer scratch;      /* the answer head being composed */
  struct http_peers peers;
  struct network *trusted; /* owned; whose word about their clients counts */
  unsigned trusted_count;
  char date[40]; /* "Date: ...\r\n" of `date_second` */
  unsigned date_len;
  time_t date_second;
  struct http_counters counters;
  unsigned connection_count, detached_count;
  unsigned handles; /* open uv handles; the last one's close callback frees a closing server */
  bool draining, closing;
};

/* A handle's close callback has run. */
void http_server_handle_closed(struct http_server *server);
