// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/call.h"
#include "process/form.h"

/* gateway.multipart: the form in a call's body.
 *   read(call) -> form | nil, message
 *   form:get(name) -> value | nil when absent | nil, message when it is there twice, or is a file
 *   form:parts() -> array of { name =, filename =, content_type =, size = }
 *   form:data(position) -> the bytes of one part
 *   form:set(name, value) -> true | false when there is no one field of that name, or the value cannot be one */

#define FORM_TYPE "gateway.form"

void bind_multipart(lua_State *L);

static struct form *form_check(lua_State *L) {
  return bind_box(L, 1, FORM_TYPE);
}

static int refused(lua_State *L, const struct error *error) {
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error->message));
  return 2;
}

static int form_open(lua_State *L) {
  struct error error;
  struct form *form = form_read(bind_call(L, 1), &error);
  if (!form) return refused(L, &error);
  form->box = bind_box_new(L, FORM_TYPE, form);
  return 1;
}

static int form_get(lua_State *L) {
  struct error error = {0};
  const struct multipart_part *part = form_field(form_check(L), bind_slice(L, 2), &error);
  if (error.code) return refused(L, &error);
  if (!part) return 0;
  bind_push_slice(L, part->data);
  return 1;
}

static void push_part(lua_State *L, const struct multipart_part *part) {
  lua_createtable(L, 0, 4);
  bind_push_slice(L, part->name);
  lua_setfield(L, -2, "name");
  if (part->is_file) {
    bind_push_slice(L, part->filename);
    lua_setfield(L, -2, "filename");
  }
  if (part->type.len > 0) {
    bind_push_slice(L, part->type);
    lua_setfield(L, -2, "content_type");
  }
  lua_pushnumber(L, (lua_Number)part->data.len);
  lua_setfield(L, -2, "size");
}

static int form_parts(lua_State *L) {
  const struct form *form = form_check(L);
  lua_createtable(L, (int)form->count, 0);
  for (unsigned i = 0; i < form->count; i++) {
    push_part(L, &form->parts[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int form_data(lua_State *L) {
  const struct form *form = form_check(L);
  lua_Integer position = luaL_checkinteger(L, 2);
  luaL_argcheck(L, position >= 1 && position <= (lua_Integer)form->count, 2, "there is no such part");
  bind_push_slice(L, form->parts[position - 1].data);
  return 1;
}

static int form_set(lua_State *L) {
  lua_pushboolean(L, form_replace(form_check(L), bind_slice(L, 2), bind_slice(L, 3)) == 0);
  return 1;
}

/* The script dropped its box: the form goes with its call. */
static int form_collect(lua_State *L) {
  struct form *form = *(struct form **)lua_touserdata(L, 1);
  if (form) form->box = NULL;
  return 0;
}

void bind_multipart(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", form_open}, {0}};
  static const luaL_Reg methods[] = {{"get", form_get}, {"parts", form_parts},  {"data", form_data},
                                     {"set", form_set}, {"__gc", form_collect}, {0}};
  bind_box_type(L, FORM_TYPE, methods);
  bind_door_private(L, "multipart", functions);
}
