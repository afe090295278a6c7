// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/multipart.h"
#include "process/call.h"

/* A call's body as the form it is (multipart/form-data): its parts lie in the body, and what a script changes of them
 * is spliced in when the body goes out. Lives in the call's arena. */
struct form {
  struct call *call;
  struct call_tie tie; /* cut when the call ends */
  void **box;          /* the script's userdata, emptied then */
  struct slice boundary;
  struct multipart_part *parts;
  unsigned count;
};

/* Takes the body apart. Null with `error`: 400 invalid_request. The call counts as a routed request from here on, as a
 * streamed one when the field `stream` is "true". */
struct form *form_read(struct call *call, struct error *error);

/* The one part of the field `name`. Null without it, or with `error` (400) when there are two of them or it is a file.
 */
const struct multipart_part *form_field(const struct form *form, struct slice name, struct error *error);

/* Puts `value`, which is copied, in the place of the field's value: an edit of the call like those of a JSON body, so
 * that the body's bytes go out with it until edits are forgotten. -1 when there is no such field, its value has been
 * replaced already, or `value` holds what no field of this form can. */
int form_replace(struct form *form, struct slice name, struct slice value);
