// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "base/buffer.h"
#include "upstream/transfer.h"

#define TARGET_TYPE "gateway.target"

/* An origin with what every call to it carries, composed once per generation. Owned by the Lua collector. */
struct target {
  struct origin *origin;
  struct buffer lines; /* prepared header lines; holds the credential */
  struct transfer_timeouts timeouts;
};

struct target *bind_target(lua_State *L, int index);

/* target:send, in send.c */
int bind_target_send(lua_State *L);
/* Pushes nil, { code, message, status, untouched, unsent }: why a call failed; whether the upstream has seen nothing of
 * it, or not all. `transfer` is null when it was given up on the way. */
int bind_target_failure(lua_State *L, const struct error *error, const struct transfer *transfer);

/* fetch(call, url, max_bytes), in http.c */
int bind_fetch_public(lua_State *L);

/* errand(target, url, method), in http.c */
int bind_errand(lua_State *L);
