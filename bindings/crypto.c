// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/secret.h"
#include "crypto/sigv4.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.crypto: digests and signatures.
 *   sha256(bytes) -> 64 lowercase hexadecimal digits
 *   hmac_sha256(key, bytes) -> 64 lowercase hexadecimal digits
 *   equal(given, expected) -> boolean, in a time that tells nothing of `expected`; an empty one equals nothing
 *   jwt_sign{ algorithm = "RS256", key =, header =, claims = } -> token | nil, message
 *     key: PEM of an RSA private key; header, claims: JSON texts, the header {"alg":"RS256","typ":"JWT"} by default.
 *     The message never holds the key.
 *   sigv4{ access_key =, secret_key =, session_token =, region =, service =, method =, host =, path =, headers =, body
 * =, time = } -> { authorization =, ["x-amz-date"] =, ["x-amz-security-token"] = } path: as on the wire, with its
 * query. headers: those that go out. time: Unix seconds, now by default. */

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

/* The member `name` of the table at 1; the table keeps the string alive. Empty when it is missing. */
static struct slice member(lua_State *L, const char *name) {
  lua_pushlstring(L, name, strlen(name));
  lua_rawget(L, 1);
  struct slice text = lua_isnil(L, -1) ? (struct slice){0} : bind_slice(L, -1);
  lua_pop(L, 1);
  return text;
}

static int jwt_sign_binding(lua_State *L) {
  struct error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (!slice_equal(member(L, "algorithm"), SLICE_LITERAL("RS256"))) {
    return luaL_error(L, "jwt_sign: algorithm must be RS256");
  }
  struct jwt jwt = {.key = member(L, "key"), .header = member(L, "header"), .claims = member(L, "claims")};
  if (!jwt.header.ptr) jwt.header = SLICE_LITERAL("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
  struct buffer *out = bind_buffer_new(L);
  if (jwt_sign(&jwt, out, &error) < 0) {
    lua_pushnil(L);
    bind_push_slice(L, slice_text(error.message));
    return 2;
  }
  bind_push_slice(L, buffer_slice(out));
  return 1;
}

/* Strings by name; the table keeps them alive. */
static size_t headers_read(lua_State *L, struct sigv4_header *headers) {
  size_t count = 0;
  lua_getfield(L, 1, "headers");
  if (lua_isnil(L, -1)) return 0;
  luaL_checktype(L, -1, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (count == SIGV4_HEADERS_MAX) luaL_error(L, "sigv4: more than %d headers", SIGV4_HEADERS_MAX);
    headers[count++] = (struct sigv4_header){bind_slice(L, -2), bind_slice(L, -1)};
  }
  return count;
}

static void sigv4_read(lua_State *L, struct sigv4_request *request) {
  const struct worker *worker = vm_host(L);
  const struct {
    const char *name;
    struct slice *value;
  } members[] = {
      {"access_key", &request->access_key},
      {"secret_key", &request->secret_key},
      {"region", &request->region},
      {"service", &request->service},
      {"method", &request->method},
      {"host", &request->host},
      {"path", &request->path},
  };
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    *members[i].value = member(L, members[i].name);
    if (!members[i].value->ptr) luaL_error(L, "sigv4 needs %s", members[i].name);
  }
  request->session_token = member(L, "session_token");
  request->body = member(L, "body");
  lua_getfield(L, 1, "time");
  request->time = (long long)luaL_optnumber(L, -1, clock_unix(worker ? &worker->clock : NULL));
}

static int sigv4(lua_State *L) {
  struct sigv4_header headers[SIGV4_HEADERS_MAX];
  struct sigv4_signature signature;
  struct arena arena = {0};
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  struct sigv4_request request = {.headers = headers, .header_count = headers_read(L, headers)};
  sigv4_read(L, &request);
  lua_createtable(L, 0, 3);
  int result = sigv4_sign(&request, &arena, &signature);
  struct buffer *text = bind_buffer_new(L); /* Lua's: a raise for memory leaves nothing behind */
  buffer_append_slice(text, signature.authorization);
  arena_free(&arena);
  if (result < 0) return luaL_error(L, "sigv4: too many query parameters");
  bind_push_slice(L, buffer_slice(text));
  lua_setfield(L, -3, "authorization");
  bind_push_slice(L, slice_make(signature.date, SIGV4_DATE_SIZE));
  lua_setfield(L, -3, "x-amz-date");
  if (request.session_token.len > 0) bind_push_slice(L, request.session_token);
  if (request.session_token.len > 0) lua_setfield(L, -3, "x-amz-security-token");
  lua_pop(L, 1);
  return 1;
}

void bind_crypto(lua_State *L) {
  static const luaL_Reg functions[] = {{"sha256", sha256}, {"hmac_sha256", hmac_sha256},
                                       {"equal", equal},   {"jwt_sign", jwt_sign_binding},
                                       {"sigv4", sigv4},   {0}};
  bind_door(L, "crypto", functions);
}
