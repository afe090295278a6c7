// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/document.h"
#include "bindings/json.h"

/* The walk over a document's texts, and one text of it.
 *   for part in doc:texts(walker) do ... end
 *   part.text    the string, its escapes resolved; after replace() the new one
 *   part.role    "user", "assistant" ... | nil
 *   part.kind    what the walker's rule says
 *   part.path    "messages[0].content"
 *   part:replace(text)
 * Parts stay good while the document changes around them; one that was removed raises. */

static const char part_type[] = PART_TYPE;

struct part {
  const char *type;
  struct document *document; /* kept alive by the environment table they share */
  const struct json_rule *rule;
  uint32_t version;
  bool gone;
  size_t start, end; /* of the raw string in the text `version` */
  size_t owner;      /* of the object that names the role; SIZE_MAX = none */
};

void bind_part_push(lua_State *L, struct document *document, const struct json_found *found, int env, int type) {
  struct part *part = lua_newuserdata(L, sizeof *part);
  size_t start = (size_t)(found->raw.ptr - document->json.text.ptr);
  *part = (struct part){.type = part_type,
                        .document = document,
                        .rule = found->rule,
                        .version = document->json.version,
                        .start = start,
                        .end = start + found->raw.len,
                        .owner = found->owner};
  lua_pushvalue(L, type);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, env);
  lua_setfenv(L, -2);
}

void bind_push_string(lua_State *L, struct slice raw) {
  struct slice text;
  if (json_string_plain(raw, &text)) {
    bind_push_slice(L, text);
    return;
  }
  struct json_scratch *scratch = json_scratch(L);
  buffer_clear(&scratch->out);
  json_string_decode(raw, &scratch->out);
  bind_push_slice(L, buffer_slice(&scratch->out));
  json_scratch_trim(scratch);
}

/* ---- one part ---- */

static void part_follow(struct part *part) {
  const struct json_document *json = &part->document->json;
  uint32_t version = part->version;
  size_t owner_end = part->owner + 1;
  if (part->owner != SIZE_MAX && !json_document_follow(json, &version, &part->owner, &owner_end)) {
    part->owner = SIZE_MAX;
  }
  part->gone = part->gone || !json_document_follow(json, &part->version, &part->start, &part->end);
  part->version = json->version;
}

/* The part at index 1, its place followed into the document's present text. */
static struct part *part_check(lua_State *L) {
  struct part *part = lua_touserdata(L, 1);
  bool known = part && lua_type(L, 1) == LUA_TUSERDATA && lua_objlen(L, 1) == sizeof *part && part->type == part_type;
  if (!known) luaL_typerror(L, 1, "part");
  if (part->document->over) luaL_error(L, "part is over");
  if (part->document->json.rearranged) json_document_settle(&part->document->json);
  if (part->version != part->document->json.version) part_follow(part);
  return part;
}

static struct slice part_raw(lua_State *L, const struct part *part) {
  struct slice raw = {0};
  if (!part->gone) raw = json_document_value(&part->document->json, part->start, part->end);
  if (!raw.ptr || json_type_of(raw) != JSON_STRING) luaL_error(L, "this part is gone: the document has changed");
  return raw;
}

/* The raw string that names the role, or a null slice. */
static struct slice part_role(const struct part *part) {
  const struct json_document *json = &part->document->json;
  if (part->owner == SIZE_MAX) return (struct slice){0};
  struct slice raw = json_role_find(json->text, part->owner, part->rule->role);
  size_t start = raw.ptr ? (size_t)(raw.ptr - json->text.ptr) : 0;
  return raw.ptr ? json_document_value(json, start, start + raw.len) : raw;
}

static void role_push(lua_State *L, const struct part *part) {
  struct slice raw = part_role(part);
  if (raw.ptr) {
    bind_push_string(L, raw);
  } else if (part->rule->fixed.len > 0) {
    bind_push_slice(L, part->rule->fixed);
  } else {
    lua_pushnil(L);
  }
}

static void kind_push(lua_State *L, const struct part *part) {
  const struct json_rule *rule = part->rule;
  struct slice role = rule->tool_kind.len > 0 ? part_role(part) : (struct slice){0};
  bool tool =
      role.ptr && (json_string_is(role, SLICE_LITERAL("tool")) || json_string_is(role, SLICE_LITERAL("function")));
  bind_push_slice(L, tool ? rule->tool_kind : rule->kind);
}

static void path_push(lua_State *L, const struct part *part) {
  struct buffer *out = &json_scratch(L)->out;
  buffer_clear(out);
  if (!part->gone) json_path_write(out, part->document->json.text, part->start);
  bind_push_slice(L, buffer_slice(out));
}

/* part.<name>; upvalue 1 = replace */
static int part_index(lua_State *L) {
  const struct part *part = part_check(L);
  struct slice name = bind_slice(L, 2);
  if (slice_equal(name, SLICE_LITERAL("text"))) {
    bind_push_string(L, part_raw(L, part));
  } else if (slice_equal(name, SLICE_LITERAL("role"))) {
    role_push(L, part);
  } else if (slice_equal(name, SLICE_LITERAL("kind"))) {
    kind_push(L, part);
  } else if (slice_equal(name, SLICE_LITERAL("path"))) {
    path_push(L, part);
  } else if (slice_equal(name, SLICE_LITERAL("replace"))) {
    lua_pushvalue(L, lua_upvalueindex(1));
  } else {
    return 0;
  }
  return 1;
}

/* part:replace(text) */
static int part_replace(lua_State *L) {
  const struct part *part = part_check(L);
  struct slice text = bind_slice(L, 2);
  struct json_scratch *scratch = json_scratch(L);
  part_raw(L, part);
  buffer_clear(&scratch->out);
  json_string_encode(&scratch->out, text);
  const char *fault = json_document_replace(&part->document->json, part->start, part->end, buffer_slice(&scratch->out));
  json_scratch_trim(scratch);
  if (!fault) part->document->replaced = true;
  return fault ? luaL_error(L, "cannot replace this part: %s", fault) : 0;
}

static int part_newindex(lua_State *L) {
  return luaL_error(L, "a part is read-only: use part:replace(text)");
}

/* ---- the walk ---- */

struct texts {
  struct document *document; /* kept alive by the environment table they share */
  struct json_walk walk;
};

/* A walk is large for what it does and ends soon: the VM keeps one to use again. Upvalues of the iterator and, but for
 * the first, of document_texts: */
enum { UP_TEXTS = 1, UP_PART_TYPE, UP_SPARE };

/* The texts are over: their memory waits for the next walk, and whoever still calls the iterator gets nothing. */
static int texts_end(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(UP_SPARE));
  lua_pushvalue(L, lua_upvalueindex(UP_TEXTS));
  lua_pushvalue(L, -2);
  lua_setfenv(L, -2);
  lua_rawseti(L, -2, 1);
  lua_pushnil(L);
  lua_replace(L, lua_upvalueindex(UP_TEXTS));
  return 0;
}

/* The iterator. */
static int texts_next(lua_State *L) {
  struct texts *texts = lua_touserdata(L, lua_upvalueindex(UP_TEXTS));
  struct json_found found;
  if (!texts) return 0;
  if (texts->document->over) luaL_error(L, "document is over");
  if (!json_walk_next(&texts->walk, &found)) return texts_end(L);
  lua_settop(L, 0);
  lua_getfenv(L, lua_upvalueindex(UP_TEXTS));
  bind_part_push(L, texts->document, &found, 1, lua_upvalueindex(UP_PART_TYPE));
  return 1;
}

/* Pushes memory for a walk: the spare one, or new. */
static struct texts *texts_push(lua_State *L) {
  lua_rawgeti(L, lua_upvalueindex(UP_SPARE), 1);
  struct texts *texts = lua_touserdata(L, -1);
  if (!texts) {
    lua_pop(L, 1);
    return lua_newuserdata(L, sizeof *texts);
  }
  lua_pushnil(L);
  lua_rawseti(L, lua_upvalueindex(UP_SPARE), 1);
  return texts;
}

/* doc:texts(walker) -> iterator */
static int document_texts(lua_State *L) {
  struct document *document = bind_document(L, 1);
  const struct json_rules *rules = bind_walker(L, 2, 1);
  struct texts *texts = texts_push(L);
  texts->document = document;
  json_walk_start(&texts->walk, &document->json, rules, JSON_STRING);
  lua_getfenv(L, 1);
  lua_setfenv(L, -2);
  lua_pushvalue(L, lua_upvalueindex(UP_PART_TYPE));
  lua_pushvalue(L, lua_upvalueindex(UP_SPARE));
  lua_pushcclosure(L, texts_next, 3);
  return 1;
}

/* doc:numbers(walker) -> boolean */
static int document_numbers(lua_State *L) {
  struct document *document = bind_document(L, 1);
  struct json_walk walk __attribute__((uninitialized));
  struct json_found found;
  json_walk_start(&walk, &document->json, bind_walker(L, 2, 1), JSON_NUMBER);
  lua_pushboolean(L, json_walk_next(&walk, &found));
  return 1;
}

/* Pushes the metatable of parts. */
static void part_type_push(lua_State *L) {
  if (!luaL_newmetatable(L, part_type)) return;
  lua_pushcfunction(L, part_replace);
  lua_pushcclosure(L, part_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, part_newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

void bind_document_texts(lua_State *L) {
  luaL_getmetatable(L, DOCUMENT_TYPE);
  lua_getfield(L, -1, "__index");
  lua_pushnil(L);
  part_type_push(L);
  lua_newtable(L);
  lua_pushcclosure(L, document_texts, 3);
  lua_setfield(L, -2, "texts");
  lua_pushcfunction(L, document_numbers);
  lua_setfield(L, -2, "numbers");
  lua_pushcfunction(L, bind_document_find);
  lua_setfield(L, -2, "find");
  lua_pop(L, 2);
}
