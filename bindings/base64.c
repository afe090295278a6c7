// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include "bindings/bind.h"

/* gateway.base64: bytes that travel in JSON.
 *   decode(text) -> bytes | nil, message
 *   encode(bytes) -> text */

void bind_base64(lua_State *L);

/* The scratch memory is the collector's: a refused allocation of the string cannot leak it. */
static int decode(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  unsigned char *out = lua_newuserdata(L, base64_decoded_max(text.len));
  size_t len;
  if (!base64_decode(text, out, &len)) {
    lua_pushnil(L);
    lua_pushliteral(L, "not base64");
    return 2;
  }
  bind_push_slice(L, slice_make((const char *)out, len));
  return 1;
}

static int encode(lua_State *L) {
  struct slice bytes = bind_slice(L, 1);
  size_t size = base64_encoded_size(bytes.len);
  char *out = lua_newuserdata(L, size + 1);
  base64_encode(bytes, out);
  bind_push_slice(L, slice_make(out, size));
  return 1;
}

void bind_base64(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", decode}, {"encode", encode}, {0}};
  bind_door(L, "base64", functions);
}
