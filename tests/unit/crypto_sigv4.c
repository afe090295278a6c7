// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

#include "crypto/sigv4.h"

/* Vectors recomputed with a second implementation; the last is of AWS's public suite (get-vanilla). */

enum { TIME_2026_01_15_12H = 1768478400, TIME_2015_08_30_123600 = 1440938160 };

static struct sigv4_request request_to(const char *host, const char *path, const char *body) {
  return (struct sigv4_request){.access_key = SLICE_LITERAL("AKIDEXAMPLE"),
                                .secret_key = SLICE_LITERAL("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                .region = SLICE_LITERAL("us-east-1"),
                                .service = SLICE_LITERAL("bedrock"),
                                .method = SLICE_LITERAL("POST"),
                                .host = slice_text(host),
                                .path = slice_text(path),
                                .body = slice_text(body),
                                .time = TIME_2026_01_15_12H};
}

static void assert_text(struct slice actual, const char *expected) {
  if (!slice_equal(actual, slice_text(expected))) fail_msg("\n%.*s, not\n%s", (int)actual.len, actual.ptr, expected);
}

static void expect_signed(const struct sigv4_request *request, const char *canonical, const char *authorization) {
  struct arena arena = {0};
  struct sigv4_signature signature;
  assert_int_equal(sigv4_sign(request, &arena, &signature), 0);
  if (canonical) assert_text(signature.canonical, canonical);
  assert_text(signature.authorization, authorization);
  arena_free(&arena);
}

static const struct sigv4_header JSON_TYPE = {SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};

#define CONVERSE_HOST "bedrock-runtime.us-east-1.amazonaws.com"

#define CONVERSE_BODY \
  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hello\"}]}],\"inferenceConfig\":{\"maxTokens\":64}}"

static void a_colon_may_be_encoded_on_the_wire(void **state) {
  (void)state;
  const struct sigv4_header headers[] = {JSON_TYPE};
  struct sigv4_request request =
      request_to(CONVERSE_HOST, "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", CONVERSE_BODY);
  request.headers = headers;
  request.header_count = 1;
  expect_signed(&request,
                "POST\n"
                "/model/us.anthropic.claude-haiku-4-5-20251001-v1%253A0/converse\n"
                "\n"
                "content-type:application/json\n"
                "host:bedrock-runtime.us-east-1.amazonaws.com\n"
                "x-amz-date:20260115T120000Z\n"
                "\n"
                "content-type;host;x-amz-date\n"
                "f5b802cc64a01910fd197a46e9e959f3a5795f7728fa5710fb28f1ec3019f545",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/bedrock/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-date, "
                "Signature=32f4d835a95f494c2998622db6695beb7c5707b9302ef8d796387fad4266a5cf");
}

static void a_colon_may_be_literal_on_the_wire(void **state) {
  (void)state;
  const struct sigv4_header headers[] = {JSON_TYPE};
  struct sigv4_request request =
      request_to(CONVERSE_HOST, "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/converse", CONVERSE_BODY);
  request.headers = headers;
  request.header_count = 1;
  expect_signed(&request,
                "POST\n"
                "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse\n"
                "\n"
                "content-type:application/json\n"
                "host:bedrock-runtime.us-east-1.amazonaws.com\n"
                "x-amz-date:20260115T120000Z\n"
                "\n"
                "content-type;host;x-amz-date\n"
                "f5b802cc64a01910fd197a46e9e959f3a5795f7728fa5710fb28f1ec3019f545",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/bedrock/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-date, "
                "Signature=c87577f99b7c9cd3a862ab3cece557bf37d88bedfe6ab4e1934ab92150cf3a88");
}

static void a_session_token_is_signed(void **state) {
  (void)state;
  const struct sigv4_header headers[] = {JSON_TYPE};
  struct sigv4_request request =
      request_to(CONVERSE_HOST, "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", CONVERSE_BODY);
  request.headers = headers;
  request.header_count = 1;
  request.session_token = SLICE_LITERAL("IQoJb3JpZ2luX2VjEXAMPLETOKEN//////////wEaCXVzLWVhc3QtMSJIMEYCIQ==");
  expect_signed(&request,
                "POST\n"
                "/model/us.anthropic.claude-haiku-4-5-20251001-v1%253A0/converse\n"
                "\n"
                "content-type:application/json\n"
                "host:bedrock-runtime.us-east-1.amazonaws.com\n"
                "x-amz-date:20260115T120000Z\n"
                "x-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLETOKEN//////////wEaCXVzLWVhc3QtMSJIMEYCIQ==\n"
                "\n"
                "content-type;host;x-amz-date;x-amz-security-token\n"
                "f5b802cc64a01910fd197a46e9e959f3a5795f7728fa5710fb28f1ec3019f545",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/bedrock/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                "Signature=ebfc83a3652f060c914959881f32b8531833e1b66c779413f6225f04b246e8a4");
}

static void an_arn_is_encoded_once_more(void **state) {
  (void)state;
  const struct sigv4_header headers[] = {JSON_TYPE, {SLICE_LITERAL("Accept"), SLICE_LITERAL("application/json")}};
  struct sigv4_request request = request_to(
      "bedrock-runtime.eu-west-1.amazonaws.com",
      "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc123def456/invoke",
      "{\"inputText\":\"hello\"}");
  request.headers = headers;
  request.header_count = 2;
  request.region = SLICE_LITERAL("eu-west-1");
  expect_signed(&request,
                "POST\n"
                "/model/"
                "arn%253Aaws%253Abedrock%253Aeu-west-1%253A123456789012%253Aapplication-inference-profile%"
                "252Fabc123def456/invoke\n"
                "\n"
                "accept:application/json\n"
                "content-type:application/json\n"
                "host:bedrock-runtime.eu-west-1.amazonaws.com\n"
                "x-amz-date:20260115T120000Z\n"
                "\n"
                "accept;content-type;host;x-amz-date\n"
                "f0bfe64650594de57d7069c7308b526dccb71b73901f1ee0fda8bb8dff7481c6",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/eu-west-1/bedrock/aws4_request, "
                "SignedHeaders=accept;content-type;host;x-amz-date, "
                "Signature=df4f42b893d9519aa1b26f213bf7f78421de3412de9480691dd7d8cb678b9d8c");
}

static void a_query_is_sorted(void **state) {
  (void)state;
  struct sigv4_request request =
      request_to("bedrock.us-east-1.amazonaws.com", "/inference-profiles?type=SYSTEM_DEFINED&maxResults=100", "");
  request.method = SLICE_LITERAL("GET");
  expect_signed(&request,
                "GET\n"
                "/inference-profiles\n"
                "maxResults=100&type=SYSTEM_DEFINED\n"
                "host:bedrock.us-east-1.amazonaws.com\n"
                "x-amz-date:20260115T120000Z\n"
                "\n"
                "host;x-amz-date\n"
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/bedrock/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=2a86be63d4ec69ff35ce9507f4f9c8b7795aeb00bc70ef36f180da370865d8a4");
}

static void the_public_suites_get_is_the_same(void **state) {
  (void)state;
  struct sigv4_request request = request_to("example.amazonaws.com", "/", "");
  request.method = SLICE_LITERAL("GET");
  request.service = SLICE_LITERAL("service");
  request.time = TIME_2015_08_30_123600;
  expect_signed(&request, NULL,
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

/* ---- the canonical form ---- */

static void expect_canonical(const struct sigv4_request *request, const char *beginning) {
  struct arena arena = {0};
  struct sigv4_signature signature;
  assert_int_equal(sigv4_sign(request, &arena, &signature), 0);
  size_t len = strlen(beginning);
  assert_true(signature.canonical.len > len);
  signature.canonical.len = len;
  assert_text(signature.canonical, beginning);
  arena_free(&arena);
}

static void a_query_has_one_spelling(void **state) {
  (void)state;
  struct sigv4_request request = request_to("h", "/p?b=2&a-b=%7e&a=%c3%a9&a=%20&c&&d=a/b=%zz+", "");
  expect_canonical(&request, "POST\n/p\na=%20&a=%C3%A9&a-b=~&b=2&c=&d=a%2Fb%3D%25zz%2B\nhost:h\n");
}

static void an_empty_path_is_the_root(void **state) {
  (void)state;
  struct sigv4_request request = request_to("h", "", "");
  expect_canonical(&request, "POST\n/\n\nhost:h\n");
  request.path = SLICE_LITERAL("?x");
  expect_canonical(&request, "POST\n/\nx=\nhost:h\n");
}

static void what_proxies_change_is_not_signed(void **state) {
  (void)state;
  const struct sigv4_header headers[] = {{SLICE_LITERAL("User-Agent"), SLICE_LITERAL("moongate")},
                                         {SLICE_LITERAL("X-Amzn-Bedrock-Trace"), SLICE_LITERAL("  a \t  b ")},
                                         {SLICE_LITERAL("Connection"), SLICE_LITERAL("close")},
                                         {SLICE_LITERAL("Proxy-Authorization"), SLICE_LITERAL("x")},
                                         {SLICE_LITERAL("authorization"), SLICE_LITERAL("x")},
                                         {SLICE_LITERAL("X-Amz-Date"), SLICE_LITERAL("yesterday")},
                                         {SLICE_LITERAL("Content-Length"), SLICE_LITERAL("0")}};
  struct sigv4_request request = request_to("h:8080", "/", "");
  request.headers = headers;
  request.header_count = sizeof headers / sizeof *headers;
  expect_canonical(&request,
                   "POST\n/\n\nhost:h:8080\nx-amz-date:20260115T120000Z\nx-amzn-bedrock-trace:a b\n\n"
                   "host;x-amz-date;x-amzn-bedrock-trace\n");
}

static void too_many_headers_or_parameters_are_refused(void **state) {
  (void)state;
  struct sigv4_header headers[SIGV4_HEADERS_MAX + 1];
  for (size_t i = 0; i <= SIGV4_HEADERS_MAX; i++) headers[i] = JSON_TYPE;
  char path[4 * SIGV4_HEADERS_MAX + 8] = "/?";
  struct sigv4_request request = request_to("h", path, "");
  struct sigv4_signature signature;
  struct arena arena = {0};
  request.headers = headers;
  request.header_count = SIGV4_HEADERS_MAX;
  assert_int_equal(sigv4_sign(&request, &arena, &signature), 0);
  request.header_count = SIGV4_HEADERS_MAX + 1;
  assert_int_equal(sigv4_sign(&request, &arena, &signature), -1);
  request.header_count = 0;
  for (size_t i = 0; i <= SIGV4_HEADERS_MAX; i++) memcpy(path + 2 + 2 * i, "a&", 3);
  request.path = slice_text(path);
  assert_int_equal(sigv4_sign(&request, &arena, &signature), -1);
  request.path.len -= 2;
  assert_int_equal(sigv4_sign(&request, &arena, &signature), 0);
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_colon_may_be_encoded_on_the_wire),
      cmocka_unit_test(a_colon_may_be_literal_on_the_wire),
      cmocka_unit_test(a_session_token_is_signed),
      cmocka_unit_test(an_arn_is_encoded_once_more),
      cmocka_unit_test(a_query_is_sorted),
      cmocka_unit_test(the_public_suites_get_is_the_same),
      cmocka_unit_test(a_query_has_one_spelling),
      cmocka_unit_test(an_empty_path_is_the_root),
      cmocka_unit_test(what_proxies_change_is_not_signed),
      cmocka_unit_test(too_many_headers_or_parameters_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
