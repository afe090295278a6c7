// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

struct match_stream {
  struct match_set *set;          /* shared */
  hs_stream_t *stream;            /* owned; words */
  struct regex_position position; /* patterns */
  bool matched;
  unsigned index; /* of the match */
};

static bool streaming_make(struct match_set *set, struct error *error) {
  if (set->streaming || !match_set_of_words(set)) return true;
  set->streaming = match_code_compile(&set->recipe, true, error);
  if (set->streaming) match_pool_prepare(set->pool, set->streaming->database);
  return set->streaming != NULL;
}

struct match_stream *match_stream_open(struct match_set *set, struct error *error) {
  if (!streaming_make(set, error)) return NULL;
  struct match_stream *stream = calloc(1, sizeof *stream);
  REQUIRE(stream != NULL);
  if (set->streaming) REQUIRE(hs_open_stream(set->streaming->database, 0, &stream->stream) == HS_SUCCESS);
  stream->set = match_set_share(set);
  return stream;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  struct match_stream *stream = context;
  (void)from, (void)to, (void)flags;
  stream->matched = true;
  stream->index = id;
  return 1;
}

static void words_feed(struct match_stream *stream, struct slice text) {
  REQUIRE(text.len <= UINT_MAX); /* bodies are limited far below */
  hs_error_t status =
      hs_scan_stream(stream->stream, text.ptr, (unsigned)text.len, 0, stream->set->pool->scratch, on_match, stream);
  REQUIRE(status == HS_SUCCESS || status == HS_SCAN_TERMINATED);
}

/* Steps of one piece; beyond, a match is said to be there. */
enum { STREAM_WORK = 8000000 };

static void patterns_feed(struct match_stream *stream, struct slice text) {
  struct match_set *set = stream->set;
  set->automaton.left = STREAM_WORK;
  stream->matched = regex_exists_next(&set->code->program, &set->automaton, &stream->position, text, &stream->index);
  set->pool->gave_up = set->automaton.left == 0;
}

bool match_stream_feed(struct match_stream *stream, struct slice text, unsigned *index) {
  bool news = !stream->matched && text.len > 0;
  if (news && stream->stream) words_feed(stream, text);
  if (news && !stream->stream) patterns_feed(stream, text);
  *index = stream->index;
  return stream->matched;
}

void match_stream_close(struct match_stream *stream) {
  if (!stream) return;
  if (stream->stream) hs_close_stream(stream->stream, NULL, NULL, NULL);
  regex_position_free(&stream->position);
  match_set_close(stream->set);
  free(stream);
}
