// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "codec/multipart.h"

enum { PARTS_MAX = 4 };

/* `name(filename)[type]=data;` a part, or the fault's reason. Works on a copy of exactly these bytes. */
static void told(struct slice body, const char *boundary, struct buffer *out) {
  const struct multipart_limits limits = {.parts = PARTS_MAX, .head = 256};
  struct multipart_part parts[PARTS_MAX];
  struct multipart_fault fault;
  unsigned count;
  char *copy = malloc(body.len ? body.len : 1);
  assert_non_null(copy);
  memcpy(copy, body.ptr, body.len);
  if (multipart_parse(slice_make(copy, body.len), slice_text(boundary), &limits, parts, &count, &fault) < 0) {
    assert_true(fault.offset <= body.len);
    buffer_append_slice(out, slice_text(fault.reason));
    count = 0;
  }
  for (unsigned i = 0; i < count; i++) {
    buffer_append_slice(out, parts[i].name);
    if (parts[i].is_file) buffer_append_format(out, "(%.*s)", (int)parts[i].filename.len, parts[i].filename.ptr);
    if (parts[i].type.len) buffer_append_format(out, "[%.*s]", (int)parts[i].type.len, parts[i].type.ptr);
    buffer_append_format(out, "=%.*s;", (int)parts[i].data.len, parts[i].data.ptr);
  }
  free(copy);
}

static void expect(const char *body, const char *expected) {
  struct buffer out = {0};
  told(slice_text(body), "b", &out);
  if (!slice_equal(buffer_slice(&out), slice_text(expected)))
    fail_msg("\n%.*s, not\n%s, for\n%s", (int)out.len, out.data, expected, body);
  buffer_free(&out);
}

/* One part with these header lines. */
static void expect_head(const char *lines, const char *expected) {
  struct buffer body = {0};
  buffer_append_format(&body, "--b\r\n%s\r\n\r\nv\r\n--b--\r\n", lines);
  buffer_append(&body, "", 1);
  expect(body.data, expected);
  buffer_free(&body);
}

#define MODEL "Content-Disposition: form-data; name=\"model\"\r\n\r\n"
#define FILE_HEAD "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n"

static void fields_and_files_are_found_in_their_order(void **state) {
  (void)state;
  expect("--b\r\n" MODEL "whisper-1\r\n--b\r\n" FILE_HEAD "RIFF\r\n--b--\r\n",
         "model=whisper-1;file(a.wav)[audio/wav]=RIFF;");
  expect("\r\n--b\r\n" MODEL "m\r\n--b--", "model=m;");
  expect("--b--", "");
}

static void data_may_be_empty_and_hold_line_ends_and_dashes(void **state) {
  (void)state;
  expect("--b\r\n" MODEL "\r\n--b--\r\n", "model=;");
  expect("--b\r\n" MODEL "\r\n\r\n\n--\r\n--\r\n-b\r\n\r\n--b--\r\n", "model=\r\n\r\n\n--\r\n--\r\n-b\r\n;");
}

static void names_and_file_names_may_be_quoted_or_not(void **state) {
  (void)state;
  expect_head("Content-Disposition: form-data; name=model", "model=v;");
  expect_head("content-disposition:FORM-DATA ;  NAME=\"a b;c=\"; filename=x.txt", "a b;c=(x.txt)=v;");
  expect_head("Content-Disposition: form-data; name=\"f\"; filename=\"a\\\"b.txt\"", "f(a\\\"b.txt)=v;");
  expect_head("Content-Disposition: form-data; name=\"f\"; filename=\"\"", "f()=v;");
  expect_head("Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''n.txt", "f()=v;");
  expect_head("Content-Disposition: form-data; name=\"f\";", "f=v;");
}

static void a_head_that_says_nothing_or_two_things_is_refused(void **state) {
  (void)state;
  expect_head("X: y", "a part needs one Content-Disposition");
  expect("--b\r\n\r\nv\r\n--b--", "a part needs one Content-Disposition");
  expect_head("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a",
              "a part needs one Content-Disposition");
  expect_head("Content-Disposition: attachment; name=a", "a part is no form-data");
  expect_head("Content-Disposition: form-data; filename=a", "a field has no name");
  expect_head("Content-Disposition: form-data; name=\"\"", "a field has no name");
  expect_head("Content-Disposition: form-data; name=a; name=b", "a Content-Disposition says something twice");
  expect_head("Content-Disposition: form-data; name=a; name*=UTF-8''b", "a Content-Disposition says something twice");
  expect_head("Content-Disposition: form-data; name=a; filename=b; FILENAME=c",
              "a Content-Disposition says something twice");
  expect_head("Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: a/b",
              "a part has two Content-Types");
}

static void a_head_that_is_malformed_is_refused(void **state) {
  (void)state;
  expect_head("Content-Disposition: form-datax; name=a", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; name=\"a", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; name=\"a\\\"", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; name", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; name=", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; =a", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data, name=a", "a Content-Disposition is malformed");
  expect_head("Content-Disposition: form-data; name=\"mo\\del\"", "a field's name holds an escape or a control byte");
  expect_head("Content-Disposition: form-data; name=a\n", "a header line of a part is malformed");
  expect_head("Content-Disposition: form-data;\r\n name=a", "a header line of a part is malformed");
  expect_head("Content-Disposition : form-data; name=a", "a header line of a part is malformed");
}

static void parts_in_parts_and_in_encodings_are_refused(void **state) {
  (void)state;
  expect_head("Content-Disposition: form-data; name=a\r\nContent-Type: Multipart/mixed; boundary=c",
              "a part has parts of its own");
  expect_head("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
              "a part is in a transfer encoding");
  expect_head("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8Bit", "a=v;");
}

static void a_boundary_stands_on_a_line_of_its_own(void **state) {
  (void)state;
  expect("", "the body does not begin with its boundary");
  expect("--c\r\n" MODEL "m\r\n--c--", "the body does not begin with its boundary");
  expect("preamble\r\n--b\r\n" MODEL "m\r\n--b--", "the body does not begin with its boundary");
  expect("--b \r\n" MODEL "m\r\n--b--", "something stands between a boundary and the end of its line");
  expect("--b\r\n" MODEL "m\r\n--bc\r\n--b--", "something stands between a boundary and the end of its line");
  expect("--b\n" MODEL "m\r\n--b--", "something stands between a boundary and the end of its line");
  expect("--b\r\n" MODEL "m\n--b--", "a boundary stands behind a bare LF");
  expect("--b\r\n" MODEL "\n--b--", "a boundary stands behind a bare LF");
  expect("--b\r\n" MODEL "m\r\n--b--\r\nepilogue", "something stands behind the last boundary");
  expect("--b\r\n" MODEL "m\r\n--b--\n", "something stands behind the last boundary");
}

static void a_body_that_ends_early_is_refused_wherever_it_ends(void **state) {
  (void)state;
  const char *whole = "--b\r\n" MODEL "m\r\n--b\r\n" FILE_HEAD "RIFF\r\n--b--";
  for (size_t len = 0; len < strlen(whole); len++) {
    struct buffer out = {0};
    told(slice_make(whole, len), "b", &out);
    assert_true(out.len > 0 && !memchr(out.data, ';', out.len));
    buffer_free(&out);
  }
}

static void a_boundary_inside_of_a_head_ends_no_part(void **state) {
  (void)state;
  expect("--b\r\nContent-Disposition: form-data; name=a\r\n--b--\r\n\r\n", "a part has no end of its head");
  expect("--b\r\n" MODEL "--b--\r\n", "a part has no end of its head");
}

static void limits_hold_exactly(void **state) {
  (void)state;
#define PART "--b\r\n" MODEL "m\r\n"
  expect(PART PART PART PART "--b--", "model=m;model=m;model=m;model=m;");
  expect(PART PART PART PART PART "--b--", "there are too many parts");
  for (int over = 0; over < 2; over++) {
    char body[600];
    const char *line = "Content-Disposition: form-data; name=a\r\nX: ";
    int padding = 256 - (int)strlen(line) - 4 + over;
    snprintf(body, sizeof body, "--b\r\n%s%0*d\r\n\r\nv\r\n--b--", line, padding, 0);
    expect(body, over ? "the head of a part is too large" : "a=v;");
  }
}

static void a_field_said_twice_is_counted(void **state) {
  (void)state;
  struct multipart_part parts[PARTS_MAX];
  struct multipart_fault fault;
  unsigned count, found;
  struct slice body = SLICE_LITERAL(PART PART "--b--");
  assert_int_equal(multipart_parse(body, SLICE_LITERAL("b"), &multipart_limits_default, parts, &count, &fault), 0);
  assert_ptr_equal(multipart_find(parts, count, SLICE_LITERAL("model"), &found), &parts[0]);
  assert_int_equal(found, 2);
  assert_null(multipart_find(parts, count, SLICE_LITERAL("Model"), &found));
  assert_int_equal(found, 0);
}

static void expect_boundary(const char *type, const char *expected) {
  struct slice boundary = {0};
  bool valid = multipart_boundary(slice_text(type), &boundary);
  if (valid != (expected != NULL) || (expected && !slice_equal(boundary, slice_text(expected))))
    fail_msg("%s gives %.*s", type, valid ? (int)boundary.len : 0, boundary.ptr);
}

static void the_content_type_names_the_boundary(void **state) {
  (void)state;
  expect_boundary("multipart/form-data; boundary=----WebKitFormBoundaryX", "----WebKitFormBoundaryX");
  expect_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a=b:c\"", "a=b:c");
  expect_boundary("multipart/form-data; boundary=----=_Part_1;", "----=_Part_1");
  expect_boundary("multipart/form-data", NULL);
  expect_boundary("multipart/form-data; boundary=", NULL);
  expect_boundary("multipart/form-data; boundary=\"a b\"", NULL);
  expect_boundary("multipart/form-data; boundary=\"a\\b\"", NULL);
  expect_boundary("multipart/form-data; boundary=a; boundary=a", NULL);
  expect_boundary("multipart/form-data; boundary=a b", NULL);
  expect_boundary("multipart/mixed; boundary=a", NULL);
  expect_boundary("multipart/form-datas; boundary=a", NULL);
  expect_boundary("application/json", NULL);
  expect_boundary(
      "multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789",
      "0123456789012345678901234567890123456789012345678901234567890123456789");
  expect_boundary(
      "multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890", NULL);
}

static void a_value_that_would_be_a_boundary_does_not_fit(void **state) {
  (void)state;
  assert_true(multipart_value_fits(SLICE_LITERAL("gpt-4o"), SLICE_LITERAL("b")));
  assert_true(multipart_value_fits(SLICE_LITERAL(""), SLICE_LITERAL("b")));
  assert_true(multipart_value_fits(SLICE_LITERAL("-b--b"), SLICE_LITERAL("b")));
  assert_false(multipart_value_fits(SLICE_LITERAL("--b"), SLICE_LITERAL("b")));
  assert_false(multipart_value_fits(SLICE_LITERAL("--b--"), SLICE_LITERAL("b")));
  assert_false(multipart_value_fits(SLICE_LITERAL("a\r\n--b--"), SLICE_LITERAL("b")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_and_files_are_found_in_their_order),
      cmocka_unit_test(data_may_be_empty_and_hold_line_ends_and_dashes),
      cmocka_unit_test(names_and_file_names_may_be_quoted_or_not),
      cmocka_unit_test(a_head_that_says_nothing_or_two_things_is_refused),
      cmocka_unit_test(a_head_that_is_malformed_is_refused),
      cmocka_unit_test(parts_in_parts_and_in_encodings_are_refused),
      cmocka_unit_test(a_boundary_stands_on_a_line_of_its_own),
      cmocka_unit_test(a_body_that_ends_early_is_refused_wherever_it_ends),
      cmocka_unit_test(a_boundary_inside_of_a_head_ends_no_part),
      cmocka_unit_test(limits_hold_exactly),
      cmocka_unit_test(a_field_said_twice_is_counted),
      cmocka_unit_test(the_content_type_names_the_boundary),
      cmocka_unit_test(a_value_that_would_be_a_boundary_does_not_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
