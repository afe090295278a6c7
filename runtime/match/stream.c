// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

struct match_stream {
  struct match_set *set; /* shared */
  hs_stream_t *stream;   /* owned; null once there was a match */
  unsigned index;
};

static bool streaming_make(struct match_set *set, struct error *error) {
  if (set->streaming) return true;
  set->streaming = match_code_compile(&set->recipe, true, error);
  if (set->streaming) match_pool_prepare(set->pool, set->streaming->database);
  return set->streaming != NULL;
}

struct match_stream *match_stream_open(struct match_set *set, struct error *error) {
  if (!streaming_make(set, error)) return NULL;
  struct match_stream *stream = calloc(1, sizeof *stream);
  REQUIRE(stream != NULL);
  REQUIRE(hs_open_stream(set->streaming->database, 0, &stream->stream) == HS_SUCCESS);
  stream->set = match_set_share(set);
  return stream;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
  (void)from, (void)to, (void)flags;
  *(unsigned *)context = id;
  return 1;
}

bool match_stream_feed(struct match_stream *stream, struct slice text, unsigned *index) {
  if (stream->stream && text.len > 0) {
    REQUIRE(text.len <= UINT_MAX); /* as in scan.c */
    hs_error_t status = hs_scan_stream(stream->stream, text.ptr, (unsigned)text.len, 0, stream->set->pool->scratch,
                                       on_match, &stream->index);
    REQUIRE(status == HS_SUCCESS || status == HS_SCAN_TERMINATED);
    if (status == HS_SCAN_TERMINATED) {
      hs_close_stream(stream->stream, NULL, NULL, NULL);
      stream->stream = NULL;
    }
  }
  *index = stream->index;
  return stream->stream == NULL;
}

void match_stream_close(struct match_stream *stream) {
  if (!stream) return;
  if (stream->stream) hs_close_stream(stream->stream, NULL, NULL, NULL);
  match_set_close(stream->set);
  free(stream);
}
