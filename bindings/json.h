// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "codec/json.h"

/* JSON as Lua values, for the doors that hand out decoded documents. What plain Lua has no word for:
 *   null               the light value NULL
 *   an array           a table with a protected metatable, so that an empty one stays an array
 *   a raw value        userdata: JSON text that is written as it stands
 *   a preserved number userdata: the text of a number that a double would change
 * Tables are read with raw access only; a read-only view is read through to what it shows. */

/* Registers the door gateway.json. */
void bind_json(lua_State *L);

/* Readies this VM's metatables and scratch memory. */
void json_values_open(lua_State *L);

void json_push_null(lua_State *L);
void json_push_number(lua_State *L, struct slice raw);

/* `depth`: how many containers the text nests. */
void json_push_raw(lua_State *L, struct slice valid, unsigned depth);

/* Pushes the decoded form of a valid document. Values of the keys that the table at `raw_keys` (0: none) calls true are
 * kept as raw values; of those that it calls "long", texts of 128 bytes and more that do not begin with blanks or an
 * escape: whoever only passes a text on neither unescapes nor escapes it. The text must stay where it is meanwhile. */
void json_push_value(lua_State *L, struct slice valid, int raw_keys);

/* The text of a raw value, else a null slice. Borrowed while the value is on the stack. */
struct slice json_raw_text(lua_State *L, int index, unsigned *depth);
/* The text of a preserved number, else a null slice. */
struct slice json_number_text(lua_State *L, int index);

/* Gives the table at `index` the mark of an array. Raises when it has a metatable of its own. */
void json_array_mark(lua_State *L, int index);

/* True for a table that carries the mark, or whose keys are positions. */
bool json_is_array(lua_State *L, int index);

/* Pushes the metatable that is the mark. */
void json_push_array_mark(lua_State *L);

/* Replaces the value on top by what it shows when it is a read-only view. */
void json_view_through(lua_State *L);

/* A well-known wire name. Its bytes are a string of the VM's that it never gives up: the same name has the same
 * address. */
struct json_rank {
  const char *name;
  int rank;
};
enum { JSON_RANKS = 256, JSON_UNRANKED = 0x7fffffff };

/* What encoding reuses; one of each VM, owned by it. */
struct json_scratch {
  struct buffer out;
  struct buffer keys;
  const void *raw_type, *number_type, *array_type; /* addresses of their metatables */
  struct json_rank ranks[JSON_RANKS];              /* by address */
};
struct json_scratch *json_scratch(lua_State *L);
/* Gives back what one large document made it grow to. */
void json_scratch_trim(struct json_scratch *scratch);

/* Writes the value on top into the scratch. Returns null, or what cannot be said in JSON (static text). */
const char *json_encode_value(lua_State *L, struct json_scratch *scratch);

/* Puts the well-known wire names into a new scratch. */
void json_ranks_open(lua_State *L, struct json_scratch *scratch);

/* The place of a name among them, by the address of a string of the VM's; JSON_UNRANKED for all others. */
int json_rank(const struct json_scratch *scratch, const char *name);

/* Deep comparison of the values at two absolute indices: numbers by value, objects whatever their order. */
bool json_values_equal(lua_State *L, int a, int b);
