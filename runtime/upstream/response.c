// SPDX-License-Identifier: Apache-2.0
#include "upstream/response.h"

#include "base/check.h"

/* A stream may be cut into any number of chunks; everything else is bounded. */
static struct chunked_limits chunk_limits(void) {
  struct chunked_limits limits = chunked_limits_default;
  limits.chunks = 0;
  return limits;
}

void response_init(struct response *response, const char *peer, bool to_head, uint64_t limit) {
  *response = (struct response){.peer = peer, .to_head = to_head, .limit = limit};
}

void response_free(struct response *response) {
  buffer_free(&response->partial);
  response_head_free(&response->head);
}

static enum response_event refuse(struct response *response) {
  response->state = RESPONSE_BROKEN;
  return RESPONSE_BAD;
}

static enum response_event refuse_size(struct response *response, struct error *error) {
  error_set(error, 502, "upstream_too_large", "%s answered with a body above the limit of %llu bytes", response->peer,
            (unsigned long long)response->limit);
  return refuse(response);
}

/* To the very protocol that was asked for. */
static bool switches(const struct response *response) {
  const struct transfer_response *head = &response->head.response;
  const struct http_field *protocol = field_find(head->fields, head->field_count, SLICE_LITERAL("upgrade"));
  return response->to.len > 0 && protocol && slice_equal_caseless(protocol->value, response->to) &&
         field_count(head->fields, head->field_count, SLICE_LITERAL("upgrade")) == 1;
}

static enum response_event switched(struct response *response) {
  struct response_head *head = &response->head;
  response->state = RESPONSE_AT_BODY;
  response->limit = 0;
  head->framing = RESPONSE_UNTIL_CLOSE;
  head->keep_alive = head->response.length_known = false;
  return RESPONSE_HEAD;
}

static enum response_event head_use(struct response *response, struct response_parser *parser, struct slice bytes,
                                    struct error *error) {
  if (response_head_parse(parser, bytes, response->to_head, response->peer, &response->head, error) < 0) {
    return refuse(response);
  }
  const struct response_head *head = &response->head;
  if (head->response.status >= 200) {
    response->state = RESPONSE_AT_BODY;
    response->left = head->response.length;
    chunked_init(&response->chunked);
    bool above = head->framing == RESPONSE_LENGTH && response->limit && response->left > response->limit;
    return above ? refuse_size(response, error) : RESPONSE_HEAD;
  }
  bool upgrade = head->response.status == 101;
  if (upgrade && switches(response)) return switched(response);
  response_head_free(&response->head);
  if (!upgrade && ++response->interim <= RESPONSE_INTERIM_MAX) return RESPONSE_MORE;
  error_set(error, 502, "upstream_bad_response",
            upgrade ? "%s switched protocols unasked" : "%s sent too many interim responses", response->peer);
  return refuse(response);
}

/* The head goes on in `partial`: adds what belongs to it. Returns the head's length once it is whole, 0 before that. */
static size_t partial_extend(struct response *response, struct slice *input) {
  size_t before = response->partial.len;
  size_t room = RESPONSE_HEAD_MAX - before;
  buffer_append(&response->partial, input->ptr, input->len < room ? input->len : room);
  size_t len = field_head_length(buffer_slice(&response->partial), &response->scanned);
  *input = slice_from(*input, (len ? len : response->partial.len) - before);
  return len;
}

static enum response_event head_unfinished(struct response *response, size_t checked, struct error *error) {
  if (!response_head_plausible(buffer_slice(&response->partial), checked)) {
    error_set(error, 502, "upstream_bad_response", "%s answered with something that is not HTTP/1.1", response->peer);
    return refuse(response);
  }
  if (response->partial.len < RESPONSE_HEAD_MAX) return RESPONSE_MORE;
  error_set(error, 502, "upstream_headers_too_large", "%s answered with a head above 64 KiB", response->peer);
  return refuse(response);
}

static enum response_event head_next(struct response *response, struct response_parser *parser, struct slice *input,
                                     struct error *error) {
  size_t scanned = 0;
  size_t len = response->partial.len == 0 ? field_head_length(*input, &scanned) : 0;
  if (len) { /* the usual case: the whole head in one read */
    struct slice bytes = slice_make(input->ptr, len);
    *input = slice_from(*input, len);
    return head_use(response, parser, bytes, error);
  }
  size_t before = response->partial.len;
  len = partial_extend(response, input);
  if (!len) return head_unfinished(response, before, error);
  struct buffer whole = response->partial;
  response->partial = (struct buffer){0};
  response->scanned = 0;
  enum response_event event = head_use(response, parser, slice_make(whole.data, len), error);
  buffer_free(&whole);
  return event;
}

static enum response_event data_take(struct response *response, struct slice *data, struct error *error) {
  response->received += data->len;
  if (response->limit && response->received > response->limit) return refuse_size(response, error);
  return RESPONSE_DATA;
}

static enum response_event end(struct response *response) {
  response->state = RESPONSE_AT_END;
  return RESPONSE_END;
}

static enum response_event length_next(struct response *response, struct slice *input, struct slice *data,
                                       struct error *error) {
  if (response->left == 0) return end(response);
  if (input->len == 0) return RESPONSE_MORE;
  *data = slice_make(input->ptr, input->len < response->left ? input->len : (size_t)response->left);
  *input = slice_from(*input, data->len);
  response->left -= data->len;
  return data_take(response, data, error);
}

static enum response_event chunk_next(struct response *response, struct slice *input, struct slice *data,
                                      struct error *error) {
  const struct chunked_limits limits = chunk_limits();
  switch (chunked_next(&response->chunked, &limits, input, data)) {
    case CHUNKED_NEED_MORE:
      return RESPONSE_MORE;
    case CHUNKED_DATA:
      return data_take(response, data, error);
    case CHUNKED_END:
      return end(response);
    default:
      error_set(error, 502, "upstream_bad_framing", "%s answered with a malformed chunked body", response->peer);
      return refuse(response);
  }
}

static enum response_event body_next(struct response *response, struct slice *input, struct slice *data,
                                     struct error *error) {
  switch (response->head.framing) {
    case RESPONSE_LENGTH:
      return length_next(response, input, data, error);
    case RESPONSE_CHUNKED:
      return chunk_next(response, input, data, error);
    case RESPONSE_UNTIL_CLOSE:
      if (input->len == 0) return RESPONSE_MORE;
      *data = *input;
      *input = slice_from(*input, input->len);
      return data_take(response, data, error);
    default:
      return end(response);
  }
}

enum response_event response_next(struct response *response, struct response_parser *parser, struct slice *input,
                                  struct slice *data, struct error *error) {
  if (input->len > 0) response->begun = true;
  while (response->state == RESPONSE_AT_HEAD && input->len > 0) {
    enum response_event event = head_next(response, parser, input, error);
    if (event != RESPONSE_MORE) return event; /* else an interim response was skipped, or the input is used up */
  }
  switch (response->state) {
    case RESPONSE_AT_HEAD:
      return RESPONSE_MORE;
    case RESPONSE_AT_BODY:
      return body_next(response, input, data, error);
    case RESPONSE_AT_END:
      return RESPONSE_END;
    default:
      error_set(error, 502, "upstream_bad_response", "%s answered with a broken response", response->peer);
      return RESPONSE_BAD;
  }
}

int response_close(struct response *response, bool clean, struct error *error) {
  bool whole = response->state == RESPONSE_AT_END;
  if (response->state == RESPONSE_AT_BODY) {
    enum response_framing framing = response->head.framing;
    whole = (framing == RESPONSE_UNTIL_CLOSE && clean) || framing == RESPONSE_EMPTY ||
            (framing == RESPONSE_LENGTH && response->left == 0);
  }
  if (whole) {
    response->state = RESPONSE_AT_END;
    return 0;
  }
  if (response->state == RESPONSE_AT_HEAD) {
    return error_set(error, 502, "upstream_reset",
                     response->begun ? "%s closed the connection within the head of its response"
                                     : "%s closed the connection before it answered",
                     response->peer);
  }
  return error_set(error, 502, "upstream_truncated", "%s closed the connection before the end of its response",
                   response->peer);
}
