// SPDX-License-Identifier: Apache-2.0
/* RFC 8259 case by case: what must be accepted (y), must be refused (n), and what the RFC leaves open (i), with the
 * answer we chose for it. */

#include "codec/json.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

struct vector {
  const char *text;
  size_t len;
};
#define V(text) \
  { text, sizeof(text) - 1 }

/* One vector a line would hide their kinship. */
// clang-format off
static const struct vector accepted[] = {
    /* scalars at the top */
    V("null"), V("true"), V("false"), V("0"), V("-0"), V("1"), V("-1"), V("\"\""), V("\"a\""), V(" 1 "),
    V("\t\n\r 1"), V("42"), V("[]"), V("{}"), V(" [ ] "), V(" { } "), V("[\n]"), V("{\t}"),
    /* numbers */
    V("[123]"), V("[0.5]"), V("[-0.5]"), V("[1e1]"), V("[1E1]"), V("[1e+1]"), V("[1E-1]"), V("[1.5e10]"), V("[0e1]"),
    V("[0E+0]"), V("[0.0]"), V("[-0.0]"), V("[-123]"), V("[123.456e78]"), V("[1e-400]"), V("[20e1]"), V("[ 4]"),
    V("[-1.0]"), V("[9007199254740993]"), V("[0.10]"), V("[1e0007]"),
    V("[-0.000000000000000000000000000000000000000000000000000000000001]"),
    /* strings */
    V("[\"asd\"]"), V("[\"\\\"\"]"), V("[\"\\\\\"]"), V("[\"\\/\"]"), V("[\"\\b\\f\\n\\r\\t\"]"), V("[\"\\\\a\"]"),
    V("[\"\\\\n\"]"), V("[\"\\u0000\"]"), V("[\"\\u0060\\u012a\\u12AB\"]"), V("[\"\\uD801\\udc37\"]"),
    V("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"), V("[\"\\uDBFF\\uDFFF\"]"), V("[\"\\uFFFF\"]"), V("[\"\\uFFFE\"]"),
    V("[\"\\u002c\"]"), V("[\"\\u0022\"]"), V("[\"\\u005C\"]"), V("[\"\\u200B\"]"), V("[\"\\uA66D\"]"), V("[\"/\"]"),
    V("[\"a/*b*/c\"]"), V("[\"\x7f\"]"), V("[\"\xc2\x80\"]"), V("[\"\xdf\xbf\"]"), V("[\"\xe0\xa0\x80\"]"),
    V("[\"\xed\x9f\xbf\"]"), V("[\"\xee\x80\x80\"]"), V("[\"\xef\xbf\xbf\"]"), V("[\"\xef\xbf\xbe\"]"),
    V("[\"\xf0\x90\x80\x80\"]"), V("[\"\xf4\x8f\xbf\xbf\"]"), V("[\"\xf0\x9f\x8e\xb8\"]"), V("[\"\xe2\x82\xac\"]"),
    V("[\"\xe2\x80\xa8\xe2\x80\xa9\"]"), V("[\"\xf3\xbf\xbf\xbf\"]"), V("[\"\xd0\xbf\xd1\x80\xd0\xb8\"]"),
    V("\"sixteen bytes ok and then some more of it\""), V("[\"\xef\xbb\xbf\"]"),
    /* arrays and objects */
    V("[1,2]"), V("[1, 2]"), V("[[]]"), V("[[[]]]"), V("[[],[]]"), V("[null,1,\"1\",{}]"), V("[1,null,null,null,2]"),
    V("[false]"), V("[true]"), V("[2] "), V(" [1]"), V("[\"a\" , \"b\"]"), V("[1\n,1\n,25\n]"), V("{\"a\":1}"),
    V("{\"\":0}"), V("{\"a\":\"b\",\"c\":\"d\"}"), V("{\"a\":[]}"), V("{ \"a\" : { \"a\" : 1 } }"),
    V("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}"), V("{\n\"a\": 1\n,\"b\":2}"), V("{\"A\":1,\"a\":2}"),
    V("[{\"a\":1},{\"a\":1}]"), V("{\"\\u0061\":1,\"\\u0062\":2}"), V("{\"\xd0\xbf\":1}"), V("{\"a b\":1}"),
    V("{\"min\":-1.0e+28,\"max\":1.0e+28}"), V("{\"dfg\\/h\":42}"),
};

static const struct vector refused[] = {
    /* nothing, too little, too much */
    V(""), V(" "), V("\n"), V("["), V("]"), V("{"), V("}"), V("[1"), V("[1,"), V("[\"a"), V("[\"a\""), V("{\"a"),
    V("{\"a\""), V("{\"a\":"), V("{\"a\":1"), V("{\"a\":1,"), V("\""), V("\"a"), V("[1]]"), V("1 2"), V("[][]"),
    V("{}}"), V("{} {}"), V("[1]x"), V("{}#"), V("1]"), V("\"a\"b"), V("[1]\0"), V("nul"), V("tru"), V("fals"),
    V("[nul]"), V("[tru]"), V("[fals]"), V("[True]"), V("[NULL]"), V("nullx"), V("truee"), V("<null>"),
    V("\xef\xbb\xbf{}"), V("\xe2\x81\xa0[]"), V("\xc3\xa5"), V("[\xc3\xa5]"), V("\0"), V("[\0]"), V("[1\0]"),
    V("undefined"),
    /* separators */
    V("[1,]"), V("[,1]"), V("[,]"), V("[1,,2]"), V("[1 2]"), V("[1;2]"), V("[1:2]"), V("[\"a\" \"b\"]"),
    V("[\"\": 1]"), V("[}"), V("{]"), V("[1}"), V("{\"a\":1]"), V("{\"a\" 1}"), V("{\"a\"::1}"), V("{\"a\":1,}"),
    V("{\"a\":1,,\"b\":2}"), V("{,\"a\":1}"), V("{:1}"), V("{\"a\",\"b\"}"), V("{\"a\":}"), V("{\"a\":1 \"b\":2}"),
    V("{\"a\":\"b\":1}"), V("[x"), V("[\f]"), V("[\v1]"), V("[\xc2\xa0]"), V("[\xe2\x80\x83]"), V("{\"a\"\f:1}"),
    V("[1,\n1\n,1"), V("*"), V("[*]"),
    /* keys */
    V("{1:1}"), V("{a:1}"), V("{'a':1}"), V("{null:1}"), V("{[]:1}"), V("{\"a\":1,b:2}"), V("{\xf0\x9f\x87\xa8:1}"),
    V("{\"\\uD800\":1}"), V("{\"\n\":1}"), V("{\"a\\x\":1}"),
    /* comments and other dialects */
    V("/**/1"), V("[1/**/]"), V("//\n1"), V("{\"a\":1}//"), V("{\"a\":1}/**/"), V("{\"a\":1}#c"), V("['a']"),
    V("[`a`]"), V("(1)"), V("[0x1]"), V("[#1]"), V("[\"a\"+\"b\"]"),
    /* numbers */
    V("[-]"), V("-"), V("+1"), V("[+1]"), V("[.1]"), V("[1.]"), V("[-.1]"), V("[1.e1]"), V("[1e]"), V("[1e+]"),
    V("[1E-]"), V("[1e1.5]"), V("[1e1e1]"), V("[01]"), V("[-01]"), V("[00]"), V("[0.e1]"), V("[1 000]"), V("[1_000]"),
    V("[1,5.]"), V("[0x42]"), V("[1a]"), V("[1.5.5]"), V("[--1]"), V("[+-1]"), V("[NaN]"), V("[nan]"),
    V("[Infinity]"), V("[-Infinity]"), V("[Inf]"), V("[-foo]"), V("[1ea]"), V("[0e]"), V("[2.e+3]"), V("[2.e3]"),
    V("[\xef\xbc\x91]"), V("[1e\xc3\xa5]"), V("[-2.]"), V("[0.3e]"), V("[0.3e+]"), V("[9.e+]"), V("[1+2]"),
    V("[0.1.2]"), V("-1-"),
    /* strings */
    V("[\"\n\"]"), V("[\"\t\"]"), V("[\"\r\"]"), V("[\"\x01\"]"), V("[\"\x1f\"]"), V("[\"\0\"]"), V("[\"a\0b\"]"),
    V("[\"\\\"]"), V("[\"\\"), V("[\"\\\\\\\"]"), V("[\"\\a\"]"), V("[\"\\x00\"]"), V("[\"\\'\"]"), V("[\"\\0\"]"),
    V("[\"\\U0041\"]"), V("[\"\\ \"]"), V("[\"\\\xc3\xa5\"]"), V("[\"\\\0\"]"), V("[\"\\\n\"]"), V("[\"\\u\"]"),
    V("[\"\\u1\"]"), V("[\"\\u12\"]"), V("[\"\\u123\"]"), V("[\"\\u123g\"]"), V("[\"\\u+123\"]"), V("[\"\\u 123\"]"),
    V("[\"\\u{41}\"]"), V("\"\\u12"), V("\"\\u"), V("[\"\\u12\xc3\xa5\"]"), V("[\"\\u:0:0\"]"), V("[\"\\u@123\"]"),
    V("[\"\\u`123\"]"), V("[\"\\uD834\\u\"]"), V("[\"\\uD834\\u1\"]"), V("[\"\\uD834\\u1x\"]"),
    V("[\"sixteen bytes ok and then a raw\ttab\"]"), V("[\"exactly16 bytes\x1f\"]"),
};

/* RFC 8259 lets a parser choose. Ours refuses whatever two readers could understand differently. */
static const struct vector open_refused[] = {
    /* duplicate keys, however they are spelt */
    V("{\"a\":1,\"a\":1}"), V("{\"a\":1,\"a\":2}"), V("{\"a\":1,\"b\":2,\"a\":3}"), V("{\"a\":1,\"\\u0061\":2}"),
    V("{\"\\u0061\":1,\"\\u0061\":2}"), V("{\"\":1,\"\":2}"), V("[{\"x\":{\"a\":1,\"a\":2}}]"),
    V("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), V("{\"\\/\":1,\"/\":2}"), V("{\"a\":{},\"b\":1,\"a\":{}}"),
    V("{\"a\":[{\"k\":1}],\"k\":2,\"a\":0}"), V("{\"\\t\":1,\"\\u0009\":2}"),
    /* a null character in a key */
    V("{\"\\u0000\":1}"), V("{\"a\\u0000b\":1}"),
    /* lone surrogates */
    V("[\"\\uD800\"]"), V("[\"\\ud800abc\"]"), V("[\"\\uDFAA\"]"), V("[\"\\uD888\\u1234\"]"),
    V("[\"\\uD800\\uD800\"]"), V("[\"\\uDd1e\\uD834\"]"), V("[\"\\uD800\\n\"]"), V("[\"\\uD800\\\"]"),
    V("\"\\uD800\\u"), V("[\"\\uD800\\uDBFF\"]"), V("[\"\\uDC00\\uDC00\"]"), V("[\"\\uD800\\uE000\"]"),
    /* not UTF-8 */
    V("[\"\x80\"]"), V("[\"\xbf\"]"), V("[\"\xff\"]"), V("[\"\xfe\"]"), V("[\"\xc3\"]"), V("[\"\xc3(\"]"),
    V("[\"\xe2\x82\"]"), V("[\"\xe2(\xa1\"]"), V("[\"\xe2\x82(\"]"), V("[\"\xf0\x9f\x98\"]"),
    V("[\"\xf0(\x8c\xbc\"]"), V("\"\xf0\x9f"), V("[\"\xf0\x90(\xbc\"]"), V("[\"\xf0\x90\x8c(\"]"), V("\"\xe2"),
    V("\"\xc2"), V("[\"\xed\xa0\x80\"]"), V("[\"\xed\xbf\xbf\"]"), V("[\"\xf4\x90\x80\x80\"]"),
    V("[\"\xf5\x80\x80\x80\"]"), V("[\"\xf8\x88\x80\x80\x80\"]"), V("[\"\xc0\x80\"]"), V("[\"\xc0\xaf\"]"),
    V("[\"\xc1\xbf\"]"), V("[\"\xe0\x80\xaf\"]"), V("[\"\xe0\x9f\xbf\"]"), V("[\"\xf0\x80\x80\xaf\"]"),
    V("[\"\xf0\x8f\xbf\xbf\"]"), V("[\"\xfc\x80\x80\x80\x80\xaf\"]"), V("[\"\xe9\"]"),
    V("[\"long enough for a block \xed\xa0\x80 and on\"]"), V("{\"\xc0\xaf\":1}"), V("[\"\xc3\xa5\xff\"]"),
    /* other encodings */
    V("\xff\xfe[\0]\0"), V("\xfe\xff\0[\0]"), V("[\0\"\0\xe9\0\"\0]\0"),
};

// clang-format on

static int check(struct vector vector, struct json_fault *fault) {
  return json_validate(slice_make(vector.text, vector.len), &json_limits_default, fault);
}

static void what_the_rfc_allows_is_accepted(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
    struct json_fault fault = {0};
    if (check(accepted[i], &fault) != 0) fail_msg("%zu %s: %s at %zu", i, accepted[i].text, fault.reason, fault.offset);
  }
}

static void refuse_all(const struct vector *vectors, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct json_fault fault = {0};
    if (check(vectors[i], &fault) == 0) fail_msg("accepted: %zu %s", i, vectors[i].text);
    assert_non_null(fault.reason);
    assert_true(fault.offset <= vectors[i].len);
  }
}

static void what_the_rfc_forbids_is_refused(void **state) {
  (void)state;
  refuse_all(refused, sizeof refused / sizeof refused[0]);
}

static void what_two_readers_could_read_differently_is_refused(void **state) {
  (void)state;
  refuse_all(open_refused, sizeof open_refused / sizeof open_refused[0]);
}

static void no_proper_beginning_of_a_container_is_a_document(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
    size_t first = 0;
    while (memchr(" \t\r\n", accepted[i].text[first], 4)) first++;
    if (accepted[i].text[first] != '[' && accepted[i].text[first] != '{') continue;
    size_t len = accepted[i].len;
    while (memchr(" \t\r\n", accepted[i].text[len - 1], 4)) len--;
    struct json_fault fault;
    while (--len > 0) assert_int_equal(check((struct vector){accepted[i].text, len}, &fault), -1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_the_rfc_allows_is_accepted),
      cmocka_unit_test(what_the_rfc_forbids_is_refused),
      cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
      cmocka_unit_test(no_proper_beginning_of_a_container_is_a_document),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
