// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

/* gateway.crypto: digests.
 *   sha256(bytes) -> 64 lowercase hexadecimal digits
 *   hmac_sha256(key, bytes) -> 64 lowercase hexadecimal digits
 *   equal(given, expected) -> boolean, in a time that tells nothing of `expected`; an empty one equals nothing */

void bind_crypto(lua_State *L);

static int push_hex(lua_State *L, const struct digest *digest) {
  char text[DIGEST_HEX_SIZE];
  digest_hex(digest, text);
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

static int sha256(lua_State *L) {
  struct digest digest;
  digest_sha256(bind_slice(L, 1), &digest);
  return push_hex(L, &digest);
}

static int hmac_sha256(lua_State *L) {
  struct slice secret = bind_slice(L, 1), bytes = bind_slice(L, 2);
  struct digest digest;
  struct digest_key *key = digest_key_open(secret);
  if (!key) return luaL_error(L, "not enough memory");
  digest_hmac(key, bytes, &digest);
  digest_key_close(key);
  return push_hex(L, &digest);
}

static int equal(lua_State *L) {
  lua_pushboolean(L, secret_equal(bind_slice(L, 1), bind_slice(L, 2)));
  return 1;
}

void bind_crypto(lua_State *L) {
  static const luaL_Reg functions[] = {{"sha256", sha256}, {"hmac_sha256", hmac_sha256}, {"equal", equal}, {0}};
  bind_door(L, "crypto", functions);
}
