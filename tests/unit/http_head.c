// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http_judge.h"

/* Heads and the verdict on each. The whole catalogue of framing, request line and host is here; every row is also
 * read one byte after the other. */

struct row {
  struct slice bytes;
  enum http_refusal verdict;
};

#define ROW(bytes, verdict) \
  { SLICE_LITERAL(bytes), verdict }
#define LINE(line, verdict) ROW(line "\r\nHost: a\r\n\r\n", verdict)
#define TARGET(target, verdict) LINE("GET " target " HTTP/1.1", verdict)
#define FIELDS(fields, verdict) ROW("POST /v1 HTTP/1.1\r\nHost: a\r\n" fields "\r\n", verdict)
#define VALID_HOST(host) ROW("GET / HTTP/1.1\r\nHost: " host "\r\n\r\n", HTTP_ACCEPTED)
#define BAD_HOST(host) ROW("GET / HTTP/1.1\r\nHost: " host "\r\n\r\n", HTTP_BAD_REQUEST)

static const struct row request_lines[] = {
    LINE("GET / HTTP/1.1", HTTP_ACCEPTED),
    LINE("HEAD / HTTP/1.1", HTTP_ACCEPTED),
    LINE("POST / HTTP/1.1", HTTP_ACCEPTED),
    LINE("PUT / HTTP/1.1", HTTP_ACCEPTED),
    LINE("PATCH / HTTP/1.1", HTTP_ACCEPTED),
    LINE("DELETE / HTTP/1.1", HTTP_ACCEPTED),
    LINE("OPTIONS / HTTP/1.1", HTTP_ACCEPTED),
    LINE("GET / HTTP/1.0", HTTP_ACCEPTED),
    LINE("GET  / HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET /  HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET\t/ HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET /\tHTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/1.1 ", HTTP_BAD_REQUEST),
    LINE(" GET / HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/1.1\t", HTTP_BAD_REQUEST),
    LINE("GET /", HTTP_BAD_REQUEST),
    LINE("GET / ", HTTP_BAD_REQUEST),
    LINE("GET", HTTP_BAD_REQUEST),
    LINE("", HTTP_BAD_REQUEST),
    LINE("/ HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET / http/1.1", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/1.1x", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/11", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/1.", HTTP_BAD_REQUEST),
    LINE("GET / HTTP /1.1", HTTP_BAD_REQUEST),
    LINE("GET / /1.1", HTTP_BAD_REQUEST),
    LINE("GET / HTTP/0.9", HTTP_VERSION_NOT_SUPPORTED),
    LINE("GET / HTTP/1.2", HTTP_VERSION_NOT_SUPPORTED),
    LINE("GET / HTTP/2.0", HTTP_VERSION_NOT_SUPPORTED),
    ROW("PRI * HTTP/2.0\r\n\r\n", HTTP_VERSION_NOT_SUPPORTED),
    ROW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", HTTP_BAD_REQUEST),
    LINE("CONNECT a:443 HTTP/1.1", HTTP_METHOD_NOT_SUPPORTED),
    LINE("TRACE / HTTP/1.1", HTTP_METHOD_NOT_SUPPORTED),
    LINE("BREW / HTTP/1.1", HTTP_METHOD_NOT_SUPPORTED),
    LINE("get / HTTP/1.1", HTTP_METHOD_NOT_SUPPORTED),
    LINE("SOURCE /x ICE/1.0", HTTP_METHOD_NOT_SUPPORTED),
    LINE("OPTIONS rtsp://a/ RTSP/1.0", HTTP_METHOD_NOT_SUPPORTED),
    LINE("UPDATEREDIRECTREF / HTTP/1.1", HTTP_METHOD_NOT_SUPPORTED),
    LINE("UPDATEREDIRECTREFS / HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("G\x01T / HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("G\xc3T / HTTP/1.1", HTTP_BAD_REQUEST),
    LINE("GET(x) / HTTP/1.1", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\rHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\nHost: a\n\n", HTTP_BAD_REQUEST),
    ROW("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST), /* the connection takes one empty line off */
};

static const struct row targets[] = {
    TARGET("/a/b;x=y?c=d&e", HTTP_ACCEPTED),
    TARGET("/%7Euser/%e2%82%ac?%F0%9F%98%80", HTTP_ACCEPTED),
    TARGET("//a/./b/..", HTTP_ACCEPTED),
    TARGET("/!$&'()*+,-.0:;=@A[]_a~?/?", HTTP_ACCEPTED),
    TARGET("/%2e%2e%2f%252e", HTTP_ACCEPTED),
    TARGET("http://a/x", HTTP_ACCEPTED),
    TARGET("HTTP://A", HTTP_ACCEPTED),
    TARGET("https://a?x", HTTP_ACCEPTED),
    TARGET("http://evil/", HTTP_BAD_REQUEST),
    TARGET("http://a:80/", HTTP_BAD_REQUEST),
    TARGET("http://u@a/", HTTP_BAD_REQUEST),
    TARGET("http:///x", HTTP_BAD_REQUEST),
    TARGET("http:/a", HTTP_BAD_REQUEST),
    TARGET("ftp://a/", HTTP_BAD_REQUEST),
    TARGET("*", HTTP_BAD_REQUEST),
    TARGET("**", HTTP_BAD_REQUEST),
    TARGET("a", HTTP_BAD_REQUEST),
    TARGET("?x", HTTP_BAD_REQUEST),
    LINE("OPTIONS * HTTP/1.1", HTTP_ACCEPTED),
    LINE("OPTIONS *?x HTTP/1.1", HTTP_BAD_REQUEST),
    TARGET("/a#b", HTTP_BAD_REQUEST),
    TARGET("/a\\b", HTTP_BAD_REQUEST),
    TARGET("/a b", HTTP_BAD_REQUEST),
    TARGET("/\xff", HTTP_BAD_REQUEST),
    TARGET("/\x7f", HTTP_BAD_REQUEST),
    TARGET("/\x01", HTTP_BAD_REQUEST),
    TARGET("/\0", HTTP_BAD_REQUEST),
    TARGET("/<", HTTP_BAD_REQUEST),
    TARGET("/>", HTTP_BAD_REQUEST),
    TARGET("/\"", HTTP_BAD_REQUEST),
    TARGET("/{", HTTP_BAD_REQUEST),
    TARGET("/}", HTTP_BAD_REQUEST),
    TARGET("/|", HTTP_BAD_REQUEST),
    TARGET("/^", HTTP_BAD_REQUEST),
    TARGET("/`", HTTP_BAD_REQUEST),
    TARGET("/%00", HTTP_BAD_REQUEST),
    TARGET("/%0a", HTTP_BAD_REQUEST),
    TARGET("/x?%0D%0a", HTTP_BAD_REQUEST),
    TARGET("/%", HTTP_BAD_REQUEST),
    TARGET("/%4", HTTP_BAD_REQUEST),
    TARGET("/%4g", HTTP_BAD_REQUEST),
    TARGET("/%g4", HTTP_BAD_REQUEST),
    TARGET("/%u0041", HTTP_BAD_REQUEST),
    TARGET("/%c0%af", HTTP_BAD_REQUEST),
    TARGET("/%c1%81", HTTP_BAD_REQUEST),
    TARGET("/%e0%80%af", HTTP_BAD_REQUEST),
    TARGET("/%ed%a0%80", HTTP_BAD_REQUEST),
    TARGET("/%f0%80%80%af", HTTP_BAD_REQUEST),
    TARGET("/%f4%90%80%80", HTTP_BAD_REQUEST),
    TARGET("/%ff", HTTP_BAD_REQUEST),
    TARGET("/%80", HTTP_BAD_REQUEST),
    TARGET("/%e2%82", HTTP_BAD_REQUEST),
    TARGET("/%e2/%82%ac", HTTP_BAD_REQUEST),
};

static const struct row hosts[] = {
    VALID_HOST("a"),
    VALID_HOST("example.com:8080"),
    VALID_HOST("127.0.0.1:65535"),
    VALID_HOST("[::1]"),
    VALID_HOST("[2001:db8::1]:443"),
    VALID_HOST("  a_b-c~d  "),
    ROW("GET / HTTP/1.0\r\n\r\n", HTTP_ACCEPTED),
    ROW("GET / HTTP/1.1\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    BAD_HOST(""),
    BAD_HOST("a,b"),
    BAD_HOST("u@h"),
    BAD_HOST("h/p"),
    BAD_HOST("a b"),
    BAD_HOST("a?b"),
    BAD_HOST("a#b"),
    BAD_HOST("a%2eb"),
    BAD_HOST("a:"),
    BAD_HOST("a:x"),
    BAD_HOST("a:-1"),
    BAD_HOST("a:65536"),
    BAD_HOST("a:000080"),
    BAD_HOST("a:80:80"),
    BAD_HOST(":80"),
    BAD_HOST("::1"),
    BAD_HOST("[::1"),
    BAD_HOST("[]"),
    BAD_HOST("[::1]x"),
    BAD_HOST("[::g]"),
    BAD_HOST("a\x80"),
};

static const struct row framings[] = {
    FIELDS("", HTTP_ACCEPTED),
    FIELDS("Content-Length: 0\r\n", HTTP_ACCEPTED),
    FIELDS("Content-Length:  15 \r\n", HTTP_ACCEPTED),
    FIELDS("TRANSFER-ENCODING: CHUNKED\r\n", HTTP_ACCEPTED),
    FIELDS("Transfer-Encoding: chunked\t\r\n", HTTP_BAD_REQUEST),
    FIELDS("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: identity\r\nContent-Length: 6\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding:\r\nContent-Length: 6\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked, identity\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: identity\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding:\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: , chunked\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked,\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked, chunked\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked;q=1\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: \"chunked\"\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: xchunked\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked x\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked\xa0\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: gzip,\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: chunked, gzip\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Transfer-Encoding: gzip, chunked\r\n", HTTP_CODING_NOT_SUPPORTED),
    FIELDS("Transfer-Encoding: gzip\r\n", HTTP_CODING_NOT_SUPPORTED),
    FIELDS("Transfer-Encoding: \vchunked\r\n", HTTP_BAD_REQUEST),
    FIELDS("Transfer-Encoding: chunked\f\r\n", HTTP_BAD_REQUEST),
    FIELDS("Transfer-Encoding: chunked\0\r\n", HTTP_BAD_REQUEST),
    FIELDS("Transfer-Encoding: \x01"
           "chunked\r\n",
           HTTP_BAD_REQUEST),
    FIELDS("Transfer-Encoding:\r\n chunked\r\n", HTTP_BAD_REQUEST),
    FIELDS("Transfer-Encoding : chunked\r\n", HTTP_BAD_REQUEST),
    FIELDS("Transfer_Encoding: chunked\r\n", HTTP_BAD_REQUEST),
    FIELDS("Content_Length: 5\r\n", HTTP_BAD_REQUEST),
    FIELDS("content_length: 5\r\nContent-Length: 5\r\n", HTTP_BAD_REQUEST),
    ROW("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 5\r\nContent-Length: 6\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 5\r\ncontent-length: 5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 5, 5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: +5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: -5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 0x5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 5x\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 1 0\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 0_5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 1e1\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length:\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length:   \r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: \xd9\xa5\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 005\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 00\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 999999999999999\r\n", HTTP_ACCEPTED),
    FIELDS("Content-Length: 1000000000000000\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Content-Length: 18446744073709551621\r\n", HTTP_AMBIGUOUS_FRAMING),
    FIELDS("Authorization: a\r\nauthorization: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("Content-Type: a\r\nContent-Type: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("x-api-key: a\r\nX-API-Key: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("Content-Encoding: a\r\nContent-Encoding: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("Expect: 100-continue\r\nExpect: 100-continue\r\n", HTTP_BAD_REQUEST),
    FIELDS("Accept: a\r\nAccept: b\r\n", HTTP_ACCEPTED),
    FIELDS("Expect: 100-Continue\r\n", HTTP_ACCEPTED),
    FIELDS("Expect: banana\r\n", HTTP_EXPECTATION_FAILED),
    FIELDS("Expect: 100-continue, banana\r\n", HTTP_EXPECTATION_FAILED),
    ROW("POST / HTTP/1.0\r\nExpect: banana\r\n\r\n", HTTP_ACCEPTED),
    FIELDS("Connection: upgrade\r\nUpgrade: h2c\r\n", HTTP_ACCEPTED),
    FIELDS("Proxy-Connection: close\r\n", HTTP_ACCEPTED),
};

static const struct row field_lines[] = {
    FIELDS("X: a\r\n b\r\n", HTTP_BAD_REQUEST),
    FIELDS("X: a\r\n\tb\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\n Host: a\r\n\r\n", HTTP_BAD_REQUEST),
    FIELDS("X: a\nY: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("X: a\rY: b\r\n", HTTP_BAD_REQUEST),
    FIELDS("X: a\r\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", HTTP_BAD_REQUEST),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n\rXGET /second HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_BAD_REQUEST),
    FIELDS("X-Abc:\rxTransfer-Encoding: chunked\r\n", HTTP_BAD_REQUEST),
    FIELDS("no colon\r\n", HTTP_BAD_REQUEST),
    FIELDS("nocolon\r\n", HTTP_BAD_REQUEST),
    FIELDS(": empty\r\n", HTTP_BAD_REQUEST),
    FIELDS("Foo Bar: v\r\n", HTTP_BAD_REQUEST),
    FIELDS("Foo\tBar: v\r\n", HTTP_BAD_REQUEST),
    FIELDS("Foo : v\r\n", HTTP_BAD_REQUEST),
    FIELDS("Foo(x): v\r\n", HTTP_BAD_REQUEST),
    FIELDS("Foo: \t v \xe9\t w \t\r\n", HTTP_ACCEPTED),
    FIELDS("Foo:\r\n", HTTP_ACCEPTED),
    FIELDS("!#$%&'*+-.^_`|~09azAZ: v\r\n", HTTP_ACCEPTED),
};

static void rows_check(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct http_head head;
    enum http_refusal whole = judge_whole(rows[i].bytes, &head), bytewise = judge_bytewise(rows[i].bytes);
    if (whole != rows[i].verdict || (bytewise != whole && !(bytewise == HTTP_BAD_REQUEST && whole))) {
      fail_msg("row %zu: verdict %d, whole %d, bytewise %d: %.*s", i, (int)rows[i].verdict, (int)whole, (int)bytewise,
               (int)rows[i].bytes.len, rows[i].bytes.ptr);
    }
  }
}

#define TABLE_TEST(name, rows)                       \
  static void name(void **state) {                   \
    (void)state;                                     \
    rows_check(rows, sizeof(rows) / sizeof *(rows)); \
  }
TABLE_TEST(request_lines_get_their_verdict, request_lines)
TABLE_TEST(targets_get_their_verdict, targets)
TABLE_TEST(hosts_get_their_verdict, hosts)
TABLE_TEST(framing_fields_get_their_verdict, framings)
TABLE_TEST(field_lines_get_their_verdict, field_lines)

/* "GET / HTTP/1.1\r\nHost: a\r\n" + `before` + byte + `after` + "\r\n\r\n" */
static enum http_refusal judge_byte(const char *before, unsigned char byte, const char *after) {
  struct buffer head = {0};
  struct http_head out;
  buffer_append_format(&head, "GET / HTTP/1.1\r\nHost: a\r\n%s", before);
  buffer_append(&head, &byte, 1);
  buffer_append_format(&head, "%s\r\n\r\n", after);
  enum http_refusal verdict = judge_whole(buffer_slice(&head), &out);
  enum http_refusal bytewise = judge_bytewise(buffer_slice(&head));
  if (bytewise != verdict) fail_msg("byte %d", byte);
  buffer_free(&head);
  return verdict;
}

static void every_control_byte_in_a_value_is_refused(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
    assert_int_equal(judge_byte("X: a", (unsigned char)c, "b"), allowed ? HTTP_ACCEPTED : HTTP_BAD_REQUEST);
  }
}

static void every_byte_but_a_tchar_in_a_name_is_refused(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    if (c == ':') continue; /* ends the name */
    bool allowed = field_is_tchar((unsigned char)c);
    assert_int_equal(judge_byte("Xa", (unsigned char)c, "b: v"), allowed ? HTTP_ACCEPTED : HTTP_BAD_REQUEST);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(request_lines_get_their_verdict),
      cmocka_unit_test(targets_get_their_verdict),
      cmocka_unit_test(hosts_get_their_verdict),
      cmocka_unit_test(framing_fields_get_their_verdict),
      cmocka_unit_test(field_lines_get_their_verdict),
      cmocka_unit_test(every_control_byte_in_a_value_is_refused),
      cmocka_unit_test(every_byte_but_a_tchar_in_a_name_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
