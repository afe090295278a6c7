// SPDX-License-Identifier: Apache-2.0
/* A mock upstream that is never the bottleneck: OpenAI's wire format, or Anthropic's.
 *   mock --port P [--body BYTES] [--delay MS] [--chunks N --interval MS] [--anthropic 1]
 * Whole: answers every request with a chat completion of about BYTES after MS. Stream: N chunks of about 250 bytes, one
 * each interval, every one carrying its send time ("t": nanoseconds), then usage and [DONE]. */
#include "bench/wire.h"

enum { FDS_MAX = 65536, HEAD_MAX = 16384, EVENTS = 256 };

struct peer {
  char *head; /* bytes of an unfinished head; owned */
  size_t head_len;
  size_t body_left;
  const char *out; /* what is still to be sent of the static answer */
  size_t out_len;
  long chunk; /* next chunk of a stream, -1 = none runs */
  unsigned generation;
};

struct due {
  uint64_t at;
  int fd;
  unsigned generation;
};

struct wire;

struct mock {
  int epoll;
  const struct wire *wire;
  struct peer *peers;
  char *answer; /* a whole answer with its head */
  size_t answer_len;
  uint64_t delay, interval;
  long chunks;
  struct due *queue; /* constant delays keep it sorted: a ring */
  size_t first, count, size;
};

static void queue_push(struct mock *mock, uint64_t at, int fd) {
  must(mock->count < mock->size, "timer ring is full");
  mock->queue[(mock->first + mock->count++) % mock->size] = (struct due){at, fd, mock->peers[fd].generation};
}

static void peer_close(struct mock *mock, int fd) {
  struct peer *peer = &mock->peers[fd];
  free(peer->head);
  *peer = (struct peer){.chunk = -1, .generation = peer->generation + 1};
  close(fd);
}

static void watch(struct mock *mock, int fd, unsigned events, int operation) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  must(epoll_ctl(mock->epoll, operation, fd, &event) == 0, "epoll_ctl");
}

static void peer_flush(struct mock *mock, int fd) {
  struct peer *peer = &mock->peers[fd];
  ssize_t sent = write(fd, peer->out, peer->out_len);
  if (sent < 0 && errno != EAGAIN) return;
  if (sent > 0) peer->out += sent, peer->out_len -= (size_t)sent;
  watch(mock, fd, peer->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

static void answer_whole(struct mock *mock, int fd) {
  ssize_t sent = write(fd, mock->answer, mock->answer_len);
  if (sent == (ssize_t)mock->answer_len) return;
  if (sent < 0) sent = 0;
  mock->peers[fd].out = mock->answer + sent;
  mock->peers[fd].out_len = mock->answer_len - (size_t)sent;
  peer_flush(mock, fd);
}

/* One wire format: a whole answer around its text, and the events of a stream. */
struct wire {
  const char *before, *behind;
  int (*event)(char *out, size_t size, long number, long total);
};

static int openai_event(char *out, size_t size, long number, long total) {
  if (number < total) {
    return snprintf(
        out, size,
        "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":"
        "\"bench\",\"system_fingerprint\":\"fp_0123456789\",\"t\":%llu,\"choices\":[{\"index\":0,\"delta\":{"
        "\"content\":\" token%06ld\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
        (unsigned long long)now_ns(), number);
  }
  return snprintf(
      out, size,
      "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\",\"choices\":[],"
      "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%ld,\"total_tokens\":%ld}}\n\ndata: [DONE]\n\n",
      total, total + 9);
}

static const char anthropic_start[] =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_bench\",\"type\":\"message\","
    "\"role\":\"assistant\",\"model\":\"bench\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":9,"
    "\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";

static int anthropic_event(char *out, size_t size, long number, long total) {
  if (number < total) {
    return snprintf(out, size,
                    "%sevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
                    "\"type\":\"text_delta\",\"text\":\" token%06ld\"}}\n\n",
                    number == 0 ? anthropic_start : "", number);
  }
  return snprintf(
      out, size,
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: "
      "message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
      "\"output_tokens\":%ld}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
      total);
}

static const struct wire openai = {
    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1767225600,\"model\":\"bench\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
    "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12,"
    "\"total_tokens\":21}}",
    openai_event};

static const struct wire anthropic = {
    "{\"id\":\"msg_bench\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"bench\",\"content\":[{\"type\":"
    "\"text\",\"text\":\"",
    "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":12}}",
    anthropic_event};

static int chunk_compose(const struct wire *wire, char *out, size_t size, long number, long total) {
  char payload[1024];
  int len = wire->event(payload, sizeof payload, number, total);
  return snprintf(out, size, "%x\r\n%s\r\n%s", (unsigned)len, payload, number < total ? "" : "0\r\n\r\n");
}

static const char stream_head[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: "
    "chunked\r\n\r\n";

static void stream_step(struct mock *mock, int fd) {
  char out[2048];
  struct peer *peer = &mock->peers[fd];
  int len = 0;
  if (peer->chunk == 0) len = snprintf(out, sizeof out, "%s", stream_head);
  len += chunk_compose(mock->wire, out + len, sizeof out - (size_t)len, peer->chunk, mock->chunks);
  ssize_t sent = write(fd, out, (size_t)len);
  if (sent < 0 && errno != EAGAIN) return;
  if (peer->chunk++ < mock->chunks)
    queue_push(mock, now_ns() + mock->interval, fd);
  else
    peer->chunk = -1;
}

static void request_complete(struct mock *mock, int fd) {
  if (mock->chunks > 0) {
    mock->peers[fd].chunk = 0;
    stream_step(mock, fd);
  } else if (mock->delay > 0) {
    queue_push(mock, now_ns() + mock->delay, fd);
  } else {
    answer_whole(mock, fd);
  }
}

static size_t content_length(const char *head, size_t len) {
  static const char name[] = "ontent-";
  for (const char *at = head; (at = memmem(at, len - (size_t)(at - head), name, sizeof name - 1)); at++) {
    if (strncasecmp(at + 7, "length: ", 8) == 0) return strtoul(at + 15, NULL, 10);
  }
  return 0;
}

static void head_keep(struct peer *peer, const char *bytes, size_t len) {
  if (!peer->head) peer->head = malloc(HEAD_MAX);
  must(peer->head && peer->head_len + len <= HEAD_MAX, "request head too large");
  memcpy(peer->head + peer->head_len, bytes, len);
  peer->head_len += len;
}

/* Takes the bytes of one read; requests may be cut anywhere. */
static void peer_feed(struct mock *mock, int fd, const char *bytes, size_t len) {
  struct peer *peer = &mock->peers[fd];
  while (len > 0) {
    if (peer->body_left > 0) {
      size_t take = len < peer->body_left ? len : peer->body_left;
      bytes += take, len -= take, peer->body_left -= take;
      if (peer->body_left == 0) request_complete(mock, fd);
      continue;
    }
    size_t before = peer->head_len;
    if (before > 0) head_keep(peer, bytes, len);
    const char *head = before > 0 ? peer->head : bytes;
    size_t have = before > 0 ? peer->head_len : len;
    const char *end = memmem(head, have, "\r\n\r\n", 4);
    if (!end) {
      if (before == 0) head_keep(peer, bytes, len);
      return;
    }
    size_t head_len = (size_t)(end - head) + 4;
    peer->body_left = content_length(head, head_len);
    bytes += head_len - before, len -= head_len - before;
    peer->head_len = 0;
    if (peer->body_left == 0) request_complete(mock, fd);
  }
}

static void peer_read(struct mock *mock, int fd) {
  static char buffer[262144];
  ssize_t len = read(fd, buffer, sizeof buffer);
  if (len > 0) {
    peer_feed(mock, fd, buffer, (size_t)len);
  } else if (len == 0 || errno != EAGAIN) {
    peer_close(mock, fd);
  }
}

static void peers_accept(struct mock *mock, int listener) {
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
    must(fd < FDS_MAX, "too many connections");
    socket_tune(fd);
    mock->peers[fd].chunk = -1;
    watch(mock, fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static int queue_run(struct mock *mock) {
  uint64_t now = now_ns();
  while (mock->count > 0) {
    struct due due = mock->queue[mock->first];
    if (due.at > now) return (int)((due.at - now) / 1000000) + 1;
    mock->first = (mock->first + 1) % mock->size;
    mock->count--;
    if (mock->peers[due.fd].generation != due.generation) continue;
    if (mock->chunks > 0)
      stream_step(mock, due.fd);
    else
      answer_whole(mock, due.fd);
  }
  return -1;
}

static void answer_build(struct mock *mock, size_t body) {
  size_t before = strlen(mock->wire->before), behind = strlen(mock->wire->behind), frame = before + behind;
  size_t fill = body > frame ? body - frame : 1;
  char *text = malloc(body + frame + 1024);
  must(text != NULL, "malloc");
  size_t len = (size_t)snprintf(
      text, 512, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", frame + fill);
  memcpy(text + len, mock->wire->before, before), len += before;
  for (size_t i = 0; i < fill; i++) text[len++] = i % 7 == 6 ? ' ' : (char)('a' + i % 26);
  memcpy(text + len, mock->wire->behind, behind), len += behind;
  mock->answer = text;
  mock->answer_len = len;
}

static int listener_open(unsigned port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = loopback(port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  must(listen(fd, 8192) == 0, "listen");
  socket_tune(fd);
  return fd;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN); /* a peer that left is no reason to end */
  struct mock mock = {.delay = (uint64_t)option(argc, argv, "--delay", 0) * 1000000u,
                      .interval = (uint64_t)option(argc, argv, "--interval", 20) * 1000000u,
                      .chunks = option(argc, argv, "--chunks", 0),
                      .wire = option(argc, argv, "--anthropic", 0) ? &anthropic : &openai,
                      .size = 1 << 17};
  mock.epoll = epoll_create1(0);
  mock.peers = calloc(FDS_MAX, sizeof *mock.peers);
  mock.queue = calloc(mock.size, sizeof *mock.queue);
  must(mock.peers && mock.queue, "calloc");
  answer_build(&mock, (size_t)option(argc, argv, "--body", 1024));
  int listener = listener_open((unsigned)option(argc, argv, "--port", 9901));
  watch(&mock, listener, EPOLLIN, EPOLL_CTL_ADD);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(mock.epoll, events, EVENTS, queue_run(&mock));
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener)
        peers_accept(&mock, listener);
      else if (events[i].events & EPOLLOUT)
        peer_flush(&mock, fd);
      else
        peer_read(&mock, fd);
    }
  }
}
