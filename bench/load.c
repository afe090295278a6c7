// SPDX-License-Identifier: Apache-2.0
/* A closed-loop load tool.
 * --hold opens at most 64 ahead of the answers: what is measured is connections at rest, not a burst.
 *   load --port P --connections C --seconds S [--body BYTES] [--stream 1] [--hold 1] [--warm S] [--rate R]
 * --rate: R requests a second over all connections, evenly, instead of as many as the answers allow.
 * Every connection sends its next request when the last answer is complete. --stream: answers are event streams whose
 * chunks carry their send time. --hold: one request per connection, then the connections stay open until the end.
 * Prints one line of JSON. */
#include "bench/wire.h"

enum { EVENTS = 256, BUCKETS = 64 * 32, HOLD_AHEAD = 64 };

/* Log-linear histogram of nanoseconds: 32 steps per power of two. */
struct histogram {
  uint64_t counts[BUCKETS];
  uint64_t total;
};

static void histogram_add(struct histogram *histogram, uint64_t value) {
  if (value < 32) value = 32;
  unsigned power = 63u - (unsigned)__builtin_clzll(value);
  unsigned step = (unsigned)(value >> (power - 5)) & 31u;
  histogram->counts[power * 32 + step]++;
  histogram->total++;
}

static double histogram_micros(const struct histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)((double)histogram->total * share), seen = 0;
  for (unsigned i = 0; i < BUCKETS; i++) {
    seen += histogram->counts[i];
    if (seen > wanted) return (double)((uint64_t)(32 + i % 32) << (i / 32 - 5)) / 1000.0;
  }
  return 0;
}

struct client {
  size_t sent; /* bytes of the request written */
  uint64_t began;
  uint64_t due;    /* with --rate: when the next request goes out; 0 = one is under way */
  long long left;  /* body bytes still to come; -1 = head not seen, -2 = chunked */
  char tail[5];    /* last bytes, to see the end of a chunked body */
  char head[1024]; /* start of the answer until its head is complete */
  size_t head_len;
};

struct load {
  int epoll, stream, hold;
  unsigned port;
  struct client *clients; /* by descriptor */
  char *request;
  size_t request_len;
  struct histogram latency;
  uint64_t requests, chunks, errors, from, until, longest;
  uint64_t pace;                     /* nanoseconds between two requests of a connection; 0 = none */
  uint64_t all_begun;                /* answers whose head has come */
  uint64_t all_requests, all_chunks; /* warm-up included: what the server's CPU time was spent on */
  int started;
};

static void request_write(struct load *load, int fd) {
  struct client *client = &load->clients[fd];
  ssize_t sent = write(fd, load->request + client->sent, load->request_len - client->sent);
  if (sent < 0) {
    must(errno == EAGAIN, "write");
    sent = 0;
  }
  client->sent += (size_t)sent;
  unsigned events = client->sent < load->request_len ? EPOLLIN | EPOLLOUT : EPOLLIN;
  if (events & EPOLLOUT || (size_t)sent != load->request_len) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(load->epoll, EPOLL_CTL_MOD, fd, &event);
  }
}

static void request_start(struct load *load, int fd) {
  struct client *client = &load->clients[fd];
  client->sent = client->head_len = 0;
  client->left = -1;
  client->began = now_ns();
  request_write(load, fd);
}

static void answer_complete(struct load *load, int fd) {
  uint64_t now = now_ns();
  load->all_requests++;
  if (now >= load->from) {
    load->requests++;
    uint64_t took = now - load->clients[fd].began;
    if (!load->stream) histogram_add(&load->latency, took);
    if (!load->stream && took > load->longest) load->longest = took;
  }
  if (load->pace > 0) {
    load->clients[fd].due = load->clients[fd].began + load->pace;
  } else if (!load->hold) {
    request_start(load, fd);
  }
}

enum { PACED_FILES = 1024 }; /* descriptors looked at: a paced load has few connections */

static void paced_start(struct load *load) {
  uint64_t now = now_ns();
  for (int fd = 0; fd < PACED_FILES; fd++) {
    struct client *client = &load->clients[fd];
    if (client->due == 0 || client->due > now) continue;
    client->due = 0;
    request_start(load, fd);
  }
}

static void connection_lost(struct load *load, int fd) {
  load->errors++;
  close(fd);
}

/* Reads the framing off a complete head. Returns the body's first byte, or null when the answer is no success. */
static const char *head_read(struct client *client) {
  const char *end = memmem(client->head, client->head_len, "\r\n\r\n", 4);
  if (!end) return client->head;
  if (memcmp(client->head, "HTTP/1.1 200", 12) != 0) return NULL;
  client->left = -2;
  for (const char *at = client->head; at < end; at++) {
    if (strncasecmp(at, "\r\ncontent-length:", 17) == 0) client->left = strtoll(at + 17, NULL, 10);
  }
  return end + 4;
}

/* Every chunk has a delta, also one whose send time a translation has left out. */
static void chunks_count(struct load *load, const char *bytes, size_t len) {
  const char *end = bytes + len;
  for (const char *at = bytes; (at = memmem(at, (size_t)(end - at), "\"delta\":", 8)); at += 8) load->all_chunks++;
}

static void chunk_times(struct load *load, const char *bytes, size_t len) {
  uint64_t now = now_ns();
  const char *end = bytes + len;
  chunks_count(load, bytes, len);
  for (const char *at = bytes; (at = memmem(at, (size_t)(end - at), "\"t\":", 4)); at += 4) {
    if (end - at < 24 || now < load->from) continue;
    histogram_add(&load->latency, now - strtoull(at + 4, NULL, 10));
    load->chunks++;
  }
}

static int chunked_ended(struct client *client, const char *bytes, size_t len) {
  char joined[10];
  size_t keep = len < 5 ? len : 5;
  memcpy(joined, client->tail, 5);
  memcpy(joined + 5, bytes + len - keep, keep);
  memcpy(client->tail, joined + keep, 5);
  return memcmp(client->tail, "0\r\n\r\n", 5) == 0;
}

static void body_feed(struct load *load, int fd, const char *bytes, size_t len) {
  struct client *client = &load->clients[fd];
  if (len == 0 && client->left != 0) return;
  if (client->left >= 0) {
    client->left -= (long long)len;
    if (client->left <= 0) answer_complete(load, fd);
    return;
  }
  chunk_times(load, bytes, len);
  if (chunked_ended(client, bytes, len)) answer_complete(load, fd);
}

static void answer_feed(struct load *load, int fd, const char *bytes, size_t len) {
  struct client *client = &load->clients[fd];
  if (client->left != -1) {
    body_feed(load, fd, bytes, len);
    return;
  }
  size_t before = client->head_len;
  size_t take = sizeof client->head - before < len ? sizeof client->head - before : len;
  memcpy(client->head + before, bytes, take);
  client->head_len += take;
  const char *body = head_read(client);
  if (!body) {
    fprintf(stderr, "bench: answer is no 200: %.*s\n", (int)client->head_len, client->head);
    exit(1);
  }
  if (client->left == -1) return;
  load->all_begun++;
  size_t used = (size_t)(body - client->head) - before;
  body_feed(load, fd, bytes + used, len - used);
}

static void client_event(struct load *load, struct epoll_event *event) {
  static char buffer[262144];
  int fd = event->data.fd;
  if (event->events & EPOLLOUT) request_write(load, fd);
  if (!(event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  ssize_t len = read(fd, buffer, sizeof buffer);
  if (len > 0)
    answer_feed(load, fd, buffer, (size_t)len);
  else if (len == 0 || errno != EAGAIN)
    connection_lost(load, fd);
}

static void client_open(struct load *load) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = loopback(load->port);
  must(fd >= 0 && fd < 65536, "socket");
  must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  socket_tune(fd);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  must(epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  request_start(load, fd);
}

static void request_build(struct load *load, size_t body) {
  static const char before[] = "{\"model\":\"bench\",\"messages\":[{\"role\":\"user\",\"content\":\"";
  const char *behind =
      load->stream ? "\"}],\"stream\":true,\"stream_options\":{\"include_usage\":true}}" : "\"}],\"temperature\":0.7}";
  size_t frame = sizeof before - 1 + strlen(behind);
  size_t fill = body > frame ? body - frame : 1;
  load->request = malloc(body + 4096);
  must(load->request != NULL, "malloc");
  size_t len = (size_t)snprintf(
      load->request, 1024,
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer bench-key-0123456789\r\n"
      "Content-Type: application/json\r\nUser-Agent: bench\r\nContent-Length: %zu\r\n\r\n%s",
      load->port, frame + fill, before);
  for (size_t i = 0; i < fill; i++) load->request[len++] = i % 7 == 6 ? ' ' : (char)('a' + i % 26);
  memcpy(load->request + len, behind, strlen(behind));
  load->request_len = len + strlen(behind);
}

static void report(const struct load *load, uint64_t ended) {
  double seconds = (double)(ended - load->from) / 1e9;
  printf(
      "{\"requests\":%llu,\"all_requests\":%llu,\"all_chunks\":%llu,\"chunks\":%llu,\"errors\":%llu,\"seconds\":%.3f,"
      "\"rps\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
      (unsigned long long)load->requests, (unsigned long long)load->all_requests, (unsigned long long)load->all_chunks,
      (unsigned long long)load->chunks, (unsigned long long)load->errors, seconds, (double)load->requests / seconds,
      histogram_micros(&load->latency, 0.5), histogram_micros(&load->latency, 0.99), (double)load->longest / 1000.0);
}

int main(int argc, char **argv) {
  struct load *load = calloc(1, sizeof *load);
  must(load != NULL, "calloc");
  load->epoll = epoll_create1(0);
  load->port = (unsigned)option(argc, argv, "--port", 8080);
  load->stream = (int)option(argc, argv, "--stream", 0);
  load->hold = (int)option(argc, argv, "--hold", 0);
  load->clients = calloc(65536, sizeof *load->clients);
  must(load->clients != NULL, "calloc");
  request_build(load, (size_t)option(argc, argv, "--body", 1024));
  long connections = option(argc, argv, "--connections", 64);
  long rate = option(argc, argv, "--rate", 0);
  if (rate > 0) load->pace = (uint64_t)connections * 1000000000u / (uint64_t)rate;
  uint64_t start = now_ns();
  load->from = start + (uint64_t)option(argc, argv, "--warm", 1) * 1000000000u;
  load->until = load->from + (uint64_t)option(argc, argv, "--seconds", 3) * 1000000000u;
  long opened = 0;
  while (now_ns() < load->until) {
    struct epoll_event events[EVENTS];
    while (opened < connections && (!load->hold || opened < (long)load->all_begun + HOLD_AHEAD)) {
      client_open(load);
      opened++;
    }
    int count = epoll_wait(load->epoll, events, EVENTS, load->pace > 0 ? 1 : 50);
    for (int i = 0; i < count; i++) client_event(load, &events[i]);
    if (load->pace > 0) paced_start(load);
  }
  report(load, now_ns());
  return load->errors > 0;
}
