// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "codec/json_walk.h"
#include "process/call.h"

/* A JSON document that scripts read and change as bytes (door gateway.document). The userdata is the struct; its
 * environment table keeps alive what it refers to: the text it was made of, walkers in use, itself for its parts. */

#define DOCUMENT_TYPE "document"
#define PART_TYPE "document.part"

struct document {
  const char *type;                /* DOCUMENT_TYPE's own pointer: cheaper to check than a metatable */
  bool over;                       /* the call it belongs to has ended */
  bool replaced;                   /* a text was replaced through its part */
  const struct json_rules *walked; /* whose owner the environment keeps alive */
  struct call *call;               /* whose body it is, or null */
  struct call_tie tie;
  struct json_document json;
};

/* The document at `index`; raises when it is none, or "document is over". */
struct document *bind_document(lua_State *L, int index);

/* The compiled walker at `index`, kept alive by the document at `document_index` from here on. */
const struct json_rules *bind_walker(lua_State *L, int index, int document_index);

/* Pushes the part that was found. The document's environment is at `env`, the metatable of parts at `type`. */
void bind_part_push(lua_State *L, struct document *document, const struct json_found *found, int env, int type);

/* Pushes the text of a raw string, escapes resolved. */
void bind_push_string(lua_State *L, struct slice raw);

/* The doors' pieces, by noun. */
extern const luaL_Reg bind_document_values[]; /* get, raw, set, decode, text, changed */
int bind_document_walker(lua_State *L);       /* document.walker */
int bind_document_join(lua_State *L);         /* document.join */
int bind_document_find(lua_State *L);         /* doc:find */
void bind_document_texts(lua_State *L);       /* adds doc:texts and doc:numbers to the type */
