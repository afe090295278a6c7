// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/document.h"
#include "bindings/json.h"
#include "codec/utf8.h"

/* document.join(carry, text) -> text, carry: one event's text with what the one before left over (nil: nothing); what
 * is only the beginning of a character waits in turn. Both halves of a surrogate pair become one character. */

/* Whether the half that waits is still alone. */
static bool waits(struct slice carry, struct slice text) {
  return text.len == 0 && carry.len > 0;
}

int bind_document_join(lua_State *L) {
  struct slice carry = lua_isnoneornil(L, 1) ? (struct slice){"", 0} : bind_slice(L, 1), text = bind_slice(L, 2);
  if (waits(carry, text) || (carry.len == 0 && utf8_unfinished(text) == 0)) {
    bind_push_slice(L, text);
    bind_push_slice(L, carry);
    return 2;
  }
  struct buffer *out = &json_scratch(L)->out;
  buffer_clear(out);
  buffer_append_slice(out, carry);
  unsigned code = utf8_pair(carry, text);
  if (code) {
    buffer_reserve(out, 4);
    out->len += utf8_write(out->data + out->len - 3, code) - 3;
    text = slice_from(text, 3);
  }
  buffer_append_slice(out, text);
  size_t kept = utf8_unfinished(buffer_slice(out));
  bind_push_slice(L, slice_make(out->data, out->len - kept));
  bind_push_slice(L, slice_make(out->data + out->len - kept, kept));
  json_scratch_trim(json_scratch(L));
  return 2;
}
