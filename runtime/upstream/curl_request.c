// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/socket.h>

#include "base/check.h"
#include "upstream/curl_call.h"
#include "upstream/request.h"

struct option {
  CURLoption name;
  long value;
};

/* Everything libcurl might do by itself is said outright. No SEEKFUNCTION anywhere: without one it cannot send a body
 * again on another connection, and says CURLE_SEND_FAIL_REWIND instead. */
static const struct option FIXED[] = {
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_MAXREDIRS, 0},
    {CURLOPT_AUTOREFERER, 0},
    {CURLOPT_UNRESTRICTED_AUTH, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_HTTP_CONTENT_DECODING, 0},
    {CURLOPT_TRANSFER_ENCODING, 0},
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_BUFFERSIZE, 16384},
    {CURLOPT_TCP_NODELAY, 1},
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
};

static void number_set(CURL *easy, CURLoption option, long value) {
  REQUIRE(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

static void text_set(CURL *easy, CURLoption option, const char *text) {
  REQUIRE(curl_easy_setopt(easy, option, text) == CURLE_OK);
}

/* A connection is ready for this call: the request goes out now. */
static int on_prereq(void *user, char *peer_ip, char *local_ip, int peer_port, int local_port) {
  (void)peer_ip, (void)local_ip, (void)peer_port, (void)local_port;
  struct curl_call *call = user;
  call->transfer.touched = true;
  transfer_wait(&call->transfer, call->body.len > 0 || call->due ? TRANSFER_SENDING : TRANSFER_FIRST_BYTE);
  return CURL_PREREQFUNC_OK;
}

/* The address is checked at the moment it is used: a name that changes its mind gains nothing. */
static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *to) {
  (void)purpose;
  struct curl_call *call = user;
  const struct origin *origin = call->transfer.origin;
  union address address;
  bool allowed = address_copy(&to->addr, 0, &address) && (origin->proxy || !origin_blocks(origin, &address));
  if (!allowed) {
    call->refused = true;
    error_set(&call->error, 502, "upstream_blocked", "%s has an address that is not allowed", origin->name);
    return CURL_SOCKET_BAD;
  }
  transfer_wait(&call->transfer, TRANSFER_CONNECTING);
  return socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

static void line_append(struct curl_call *call, struct slice line) {
  char *text = strndup(line.ptr, line.len); /* a field line holds no NUL */
  REQUIRE(text != NULL);
  struct curl_slist *lines = curl_slist_append(call->lines, text);
  REQUIRE(lines != NULL);
  call->lines = lines;
  free(text);
}

static bool line_names(struct slice line, struct slice name) {
  return line.len > name.len && line.ptr[name.len] == ':' && slice_equal_caseless(slice_make(line.ptr, name.len), name);
}

/* libcurl writes a field without value only in this spelling. */
static void field_append(struct curl_call *call, struct slice name, struct slice value) {
  struct buffer line = {0};
  buffer_append_slice(&line, name);
  buffer_append(&line, value.len ? ": " : ";", value.len ? 2 : 1);
  buffer_append_slice(&line, value);
  line_append(call, buffer_slice(&line));
  buffer_free(&line);
}

static void prepared_append(struct curl_call *call, struct slice prepared, bool *accept, bool *type) {
  while (prepared.len > 0) {
    const char *end = memchr(prepared.ptr, '\r', prepared.len);
    struct slice line = slice_make(prepared.ptr, end ? (size_t)(end - prepared.ptr) : prepared.len);
    const char *colon = memchr(line.ptr, ':', line.len);
    size_t name = colon ? (size_t)(colon - line.ptr) : line.len;
    *accept |= line_names(line, SLICE_LITERAL("accept"));
    *type |= line_names(line, SLICE_LITERAL("content-type"));
    field_append(call, slice_make(line.ptr, name), slice_trim(slice_from(line, name + 1)));
    prepared = slice_from(prepared, line.len + 2);
  }
}

/* The caller's fields, and nothing that libcurl would add of its own. */
static void lines_set(struct curl_call *call, const struct transfer_request *request) {
  bool accept = field_find(request->fields, request->field_count, SLICE_LITERAL("accept"));
  bool type = field_find(request->fields, request->field_count, SLICE_LITERAL("content-type"));
  for (unsigned i = 0; i < request->field_count; i++) {
    field_append(call, request->fields[i].name, request->fields[i].value);
  }
  prepared_append(call, request->prepared, &accept, &type);
  if (!accept) line_append(call, SLICE_LITERAL("Accept:"));
  if (!type) line_append(call, SLICE_LITERAL("Content-Type:"));
  line_append(call, SLICE_LITERAL("Expect:"));
  bool chunks = request->body_streams && !request->length_known && call->transfer.origin->protocol == ORIGIN_HTTP1;
  if (chunks) line_append(call, SLICE_LITERAL("Transfer-Encoding: chunked"));
  REQUIRE(curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->lines) == CURLE_OK);
}

static void method_set(struct curl_call *call, const struct transfer_request *request) {
  CURL *easy = call->easy;
  struct buffer method = {0};
  buffer_append_slice(&method, request->method);
  buffer_append(&method, "", 1);
  if (call->to_head) {
    number_set(easy, CURLOPT_NOBODY, 1);
  } else if (request->has_body || request->body_streams) {
    number_set(easy, CURLOPT_POST, 1);
    curl_body_set(call, request);
    text_set(easy, CURLOPT_CUSTOMREQUEST, method.data);
  } else {
    number_set(easy, CURLOPT_HTTPGET, 1);
    text_set(easy, CURLOPT_CUSTOMREQUEST, method.data);
  }
  buffer_free(&method);
}

/* Without a body libcurl has nothing that stops it from sending a request again when a reused connection dies. */
static void reuse_set(struct curl_call *call, struct slice method) {
  bool harmless = slice_equal(method, SLICE_LITERAL("GET")) || slice_equal(method, SLICE_LITERAL("HEAD"));
  if (!harmless && call->body.len == 0) number_set(call->easy, CURLOPT_FRESH_CONNECT, 1);
}

static void url_set(struct curl_call *call, struct slice target) {
  const struct origin *origin = call->transfer.origin;
  struct buffer url = {0};
  buffer_append_format(&url, "%s://%s", origin->secure ? "https" : "http", origin->authority);
  buffer_append_slice(&url, target);
  buffer_append(&url, "", 1);
  text_set(call->easy, CURLOPT_URL, url.data);
  buffer_free(&url);
}

static void origin_set(struct curl_call *call) {
  const struct origin *origin = call->transfer.origin;
  const struct upstream_options *options = &call->transfer.upstream->options;
  CURL *easy = call->easy;
  long http2 = origin->secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  number_set(easy, CURLOPT_HTTP_VERSION, origin->protocol == ORIGIN_HTTP2 ? http2 : (long)CURL_HTTP_VERSION_1_1);
  text_set(easy, CURLOPT_PROTOCOLS_STR, origin->secure ? "https" : "http");
  text_set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https"); /* none are followed; an empty list is not taken */
  text_set(easy, CURLOPT_PROXY, origin->proxy ? origin->proxy : "");
  text_set(easy, CURLOPT_NOPROXY, origin->proxy ? "" : "*");
  number_set(easy, CURLOPT_SSL_VERIFYPEER, origin->insecure ? 0 : 1);
  number_set(easy, CURLOPT_SSL_VERIFYHOST, origin->insecure ? 0 : 2);
  if (options->ca_file) {
    text_set(easy, CURLOPT_CAINFO, options->ca_file);
    text_set(easy, CURLOPT_PROXY_CAINFO, options->ca_file);
  }
  number_set(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)(options->dns_cache_ms / 1000));
  number_set(easy, CURLOPT_MAXAGE_CONN, (long)(options->pool_idle_ms / 1000));
  number_set(easy, CURLOPT_MAXLIFETIME_CONN, (long)(options->pool_age_ms / 1000));
}

void curl_request_set(struct curl_call *call, const struct transfer_request *request) {
  CURL *easy = call->easy;
  for (size_t i = 0; i < sizeof FIXED / sizeof *FIXED; i++) number_set(easy, FIXED[i].name, FIXED[i].value);
  origin_set(call);
  url_set(call, request->target);
  method_set(call, request);
  reuse_set(call, request->method);
  lines_set(call, request);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prereq);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}
