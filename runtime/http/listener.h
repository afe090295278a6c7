// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"

struct http_server;
struct listener;

/* Accepts on a duplicate of `fd`. The listener belongs to the server from then on. */
int http_listener_open(struct http_server *server, int fd, struct error *error);

/* Begins with a connected socket, which is closed when it cannot be used. */
int http_listener_adopt(struct http_server *server, int fd);

/* Accepts what the kernel holds already. */
void http_listener_empty(struct listener *listener);

/* Stops accepting. */
void http_listener_close(struct listener *listener);

struct listener *http_listener_first(struct http_server *server); /* null when there is none */
