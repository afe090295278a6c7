// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "crypto/digest.h"

/* gateway.crypto: digests.
 *   sha256(bytes) -> 64 lowercase hexadecimal digits */

void bind_crypto(lua_State *L);

static int sha256(lua_State *L) {
  struct digest digest;
  char text[DIGEST_HEX_SIZE];
  digest_sha256(bind_slice(L, 1), &digest);
  digest_hex(&digest, text);
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

void bind_crypto(lua_State *L) {
  static const luaL_Reg functions[] = {{"sha256", sha256}, {0}};
  bind_door(L, "crypto", functions);
}
