// SPDX-License-Identifier: Apache-2.0
/* Whatever a chunk is: its texts lie inside it, in order; put back as they are they are found again; a chunk made
 * around other choices is one. One that is no content says nothing, and ends nothing. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/content.h"
#include "codec/delta.h"
#include "codec/json.h"

static void places_check(const struct delta *delta, struct slice chunk) {
  const char *behind = chunk.ptr;
  for (size_t i = 0; i < delta_count(delta); i++) {
    const struct delta_text *text = delta_at(delta, i);
    REQUIRE(text->raw.ptr >= behind && text->raw.ptr + text->raw.len <= chunk.ptr + chunk.len);
    REQUIRE(!text->name || (text->raw.ptr[0] == '"' && text->raw.len >= 2));
    behind = text->raw.ptr + text->raw.len;
  }
}

/* Every text replaced by a plain word: the chunk is read again with as many texts. */
static void render_check(const struct delta *delta) {
  size_t count = delta_count(delta);
  struct slice *texts = calloc(count + 1, sizeof *texts);
  struct buffer out = {0};
  struct delta again = {0};
  REQUIRE(texts != NULL);
  size_t named = 0;
  for (size_t i = 0; i < count; i++) {
    texts[i] = SLICE_LITERAL("w");
    if (delta_at(delta, i)->name) named++;
  }
  delta_render(delta, texts, &out);
  REQUIRE(delta_read(&again, buffer_slice(&out)));
  REQUIRE(delta_count(&again) == named);
  delta_free(&again);
  buffer_free(&out);
  free(texts);
}

static void around_check(const struct delta *delta) {
  struct buffer out = {0};
  struct delta again = {0};
  delta_render_around(delta, SLICE_LITERAL("[]"), &out);
  REQUIRE(delta_read(&again, buffer_slice(&out)));
  REQUIRE(delta_count(&again) == 0 && again.no_choices == (delta->choices.ptr != NULL));
  delta_free(&again);
  buffer_free(&out);
}

/* Other APIs' events are as good as any for what reads them. */
static void silence_check(const struct delta *delta, bool is_object, struct slice chunk) {
  (void)(content_messages_silent((struct slice){0}, chunk) || content_gemini_silent(chunk));
  (void)content_responses_silent(SLICE_LITERAL("response.output_text.delta"), chunk);
  if (!content_chat_silent(chunk)) return;
  REQUIRE(is_object && !delta->error && delta->finished.len == 0);
  for (size_t i = 0; i < delta_count(delta); i++)
    REQUIRE(!delta_at(delta, i)->name || delta_at(delta, i)->raw.len == 2);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  struct delta delta = {0};
  char *copy = malloc(size ? size : 1);
  REQUIRE(copy != NULL);
  if (size) memcpy(copy, data, size);
  struct slice chunk = slice_make(copy, size);
  bool is_object = delta_read(&delta, chunk);
  silence_check(&delta, is_object, chunk);
  if (is_object) {
    places_check(&delta, chunk);
    render_check(&delta);
    around_check(&delta);
  }
  delta_free(&delta);
  free(copy);
  return 0;
}
