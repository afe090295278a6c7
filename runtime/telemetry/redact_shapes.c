// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact_shapes.h"

#include "telemetry/text_class.h"

/* Every shape is found from one byte it cannot do without, its anchor: these are the bytes with TEXT_ANCHOR. A rule
 * gets the anchor's position and looks around it; `from` is the end of what was taken out before. */
typedef bool (*shape_rule)(struct slice text, size_t at, size_t from, struct redact_match *match);

enum { LOCAL_PART_MAX = 64, DOMAIN_MAX = 255, WORD_MAX = 32, CREDENTIAL_MIN = 24 };

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c) {
  return is_digit(c) || is_letter(c);
}

static bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_upper(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c) {
  return is_alnum(c) || c == '_' || c == '-';
}

static bool is_local_part(char c) {
  return is_word(c) || c == '.' || c == '%' || c == '+';
}

static bool is_domain(char c) {
  return is_alnum(c) || c == '-' || c == '.';
}

static bool is_space_or_quote(char c) {
  return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

static bool ends_token(char c) {
  return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == ',' || c == ';' || c == '<' || c == '>';
}

static bool in_token(char c) {
  return !ends_token(c);
}

static bool in_parameter(char c) {
  return !ends_token(c) && c != '&' && c != '#';
}

static bool in_authority(char c) {
  return !ends_token(c) && c != '/' && c != '?' && c != '#' && c != '\\';
}

/* How many bytes from `at` on are of one kind, at most `max`. */
static size_t run_from(struct slice text, size_t at, size_t max, bool (*kind)(char)) {
  size_t len = 0;
  while (len < max && at + len < text.len && kind(text.ptr[at + len])) len++;
  return len;
}

/* How many bytes before `at` are of one kind, not before `from`, at most `max`. */
static size_t run_before(struct slice text, size_t at, size_t from, size_t max, bool (*kind)(char)) {
  size_t len = 0;
  while (len < max && at - len > from && kind(text.ptr[at - len - 1])) len++;
  return len;
}

static bool match_make(struct redact_match *match, size_t at, size_t len, const char *label) {
  *match = (struct redact_match){.at = at, .len = len, .label = label};
  return len > 0;
}

/* Keys that begin with a word of their vendor. */
struct prefix_rule {
  const char *prefix;
  unsigned anchor;    /* position of the anchor byte in the prefix */
  bool (*kind)(char); /* what at least `min` bytes after the prefix must be */
  unsigned min;
  const char *label;
};

static const struct prefix_rule prefix_rules[] = {
    {"sk-ant-", 2, is_word, 3, "[REDACTED_ANTHROPIC_KEY]"},
    {"sk-proj-", 2, is_word, 3, "[REDACTED_OPENAI_KEY]"},
    {"sk-svcacct-", 2, is_word, 3, "[REDACTED_OPENAI_KEY]"},
    {"sk-admin-", 2, is_word, 3, "[REDACTED_OPENAI_KEY]"},
    {"sk-ws-", 2, is_word, 3, "[REDACTED_QWEN_KEY]"},
    {"sk-or-", 2, is_word, 20, "[REDACTED_OPENROUTER_KEY]"},
    {"sk-", 2, is_alnum, 20, "[REDACTED_OPENAI_KEY]"},
    {"pplx-", 4, is_alnum, 20, "[REDACTED_PERPLEXITY_KEY]"},
    {"gw-", 2, is_hex, 32, "[REDACTED_GW_KEY]"},
    {"fgw_", 3, is_hex, 32, "[REDACTED_GW_KEY]"},
    {"fgws_", 4, is_hex, 32, "[REDACTED_GW_KEY]"},
    {"gsk_", 3, is_alnum, 16, "[REDACTED_GROQ_KEY]"},
    {"AKIA", 1, is_upper, 16, "[REDACTED_AWS_KEY]"},
    {"AIza", 2, is_word, 35, "[REDACTED_GOOGLE_KEY]"},
};

static bool prefix_matches(const struct prefix_rule *rule, struct slice text, size_t at, size_t from,
                           struct redact_match *match) {
  if (at < from + rule->anchor || text.ptr[at - 1] != rule->prefix[rule->anchor - 1]) return false;
  struct slice prefix = slice_text(rule->prefix);
  size_t start = at - rule->anchor, body = start + prefix.len;
  if (!slice_starts(slice_from(text, start), prefix)) return false;
  if (start > 0 && is_alnum(text.ptr[start - 1])) return false;
  if (run_from(text, body, rule->min, rule->kind) < rule->min) return false;
  return match_make(match, start, prefix.len + run_from(text, body, text.len, is_word), rule->label);
}

/* The bytes before the anchors of all prefixes: one comparison instead of all rules for the dashes of ordinary names.
 */
static bool may_be_prefix(char before) {
  return before == 'k' || before == 'x' || before == 'w' || before == 's' || before == 'A' || before == 'I';
}

static bool match_prefix(struct slice text, size_t at, size_t from, struct redact_match *match) {
  if (at == from || !may_be_prefix(text.ptr[at - 1])) return false;
  for (size_t i = 0; i < sizeof prefix_rules / sizeof *prefix_rules; i++) {
    const struct prefix_rule *rule = &prefix_rules[i];
    if (rule->prefix[rule->anchor] == text.ptr[at] && prefix_matches(rule, text, at, from, match)) return true;
  }
  return false;
}

static bool match_private_key(struct slice text, size_t at, struct redact_match *match) {
  static const char ending[] = "PRIVATE KEY-----";
  struct slice rest = slice_from(text, at);
  if (!slice_starts(rest, SLICE_LITERAL("-----BEGIN "))) return false;
  const char *heading = memmem(rest.ptr, rest.len < 64 ? rest.len : 64, ending, sizeof ending - 1);
  if (!heading) return false;
  struct slice body = slice_from(rest, (size_t)(heading - rest.ptr) + sizeof ending - 1);
  const char *end = memmem(body.ptr, body.len, ending, sizeof ending - 1);
  size_t len = end ? (size_t)(end - rest.ptr) + sizeof ending - 1 : rest.len;
  return match_make(match, at, len, "[REDACTED_PRIVATE_KEY]");
}

static bool match_dash(struct slice text, size_t at, size_t from, struct redact_match *match) {
  return match_prefix(text, at, from, match) || match_private_key(text, at, match);
}

/* eyJ... . ... . ... */
static bool match_jwt(struct slice text, size_t at, size_t from, struct redact_match *match) {
  if (at < from + 2 || text.ptr[at - 1] != 'y' || text.ptr[at - 2] != 'e') return false;
  size_t start = at - 2, end = start;
  if (start > 0 && is_word(text.ptr[start - 1])) return false;
  for (int part = 0; part < 3; part++) {
    size_t len = run_from(text, end, text.len, is_word);
    if (len < 4) return false;
    end += len;
    if (part < 2 && (end >= text.len || text.ptr[end++] != '.')) return false;
  }
  return match_make(match, start, end - start, "[REDACTED_JWT]");
}

static bool match_email(struct slice text, size_t at, size_t from, struct redact_match *match) {
  size_t local = run_before(text, at, from, LOCAL_PART_MAX, is_local_part);
  size_t domain = run_from(text, at + 1, DOMAIN_MAX, is_domain);
  while (domain > 0 && !is_alnum(text.ptr[at + domain])) domain--;
  size_t top = run_before(text, at + 1 + domain, at + 1, DOMAIN_MAX, is_letter);
  bool dotted = top >= 2 && top + 1 < domain && text.ptr[at + domain - top] == '.';
  return local > 0 && dotted && match_make(match, at - local, local + 1 + domain, "[REDACTED_EMAIL]");
}

/* "Bearer x": the x. */
static bool match_bearer(struct slice text, size_t at, size_t from, struct redact_match *match) {
  struct slice word = SLICE_LITERAL("bearer");
  if (at == 0 || (text.ptr[at - 1] | 0x20) != 'r') return false;
  if (at < from + word.len || !slice_equal_caseless(slice_make(text.ptr + at - word.len, word.len), word)) return false;
  if (at > word.len && is_alnum(text.ptr[at - word.len - 1])) return false;
  while (at < text.len && text.ptr[at] == ' ') at++;
  return match_make(match, at, run_from(text, at, text.len, in_token), "[REDACTED_BEARER_TOKEN]");
}

/* scheme://user:password@host: the password, or all of the user part when it is one word. */
static bool match_url(struct slice text, size_t at, struct redact_match *match) {
  if (!slice_starts(slice_from(text, at), SLICE_LITERAL("://"))) return false;
  size_t start = at + 3;
  struct slice user = {text.ptr + start, run_from(text, start, text.len, in_authority)};
  while (user.len > 0 && user.ptr[user.len - 1] != '@') user.len--;
  if (user.len < 2) return false;
  user.len--;
  const char *colon = memchr(user.ptr, ':', user.len);
  size_t skip = colon ? (size_t)(colon - user.ptr) + 1 : 0;
  return match_make(match, start + skip, user.len - skip, "[REDACTED]");
}

static bool word_in(struct slice word, const char *const *list, bool as_ending) {
  for (; *list; list++) {
    struct slice entry = slice_text(*list);
    if (word.len < entry.len || (!as_ending && word.len > entry.len)) continue;
    if ((word.ptr[word.len - 1] | 0x20) != entry.ptr[entry.len - 1]) continue; /* most names end otherwise */
    if (slice_equal_caseless(slice_from(word, word.len - entry.len), entry)) return true;
  }
  return false;
}

/* ?api_key=x&...: the x. */
static bool match_parameter(struct slice text, size_t at, size_t from, struct redact_match *match) {
  static const char *const names[] = {"key",
                                      "api_key",
                                      "api-key",
                                      "apikey",
                                      "access_token",
                                      "token",
                                      "auth",
                                      "secret",
                                      "password",
                                      "passwd",
                                      "pwd",
                                      "sig",
                                      "signature",
                                      "id_token",
                                      "client_secret",
                                      "access_key",
                                      "refresh_token",
                                      "credentials",
                                      "x-amz-credential",
                                      "x-amz-signature",
                                      "x-amz-security-token",
                                      "x-goog-signature",
                                      NULL};
  size_t len = run_before(text, at, from, WORD_MAX, is_word);
  size_t start = at - len;
  if (len == 0 || start == 0 || (text.ptr[start - 1] != '?' && text.ptr[start - 1] != '&')) return false;
  if (!word_in(slice_make(text.ptr + start, len), names, false)) return false;
  return match_make(match, at + 1, run_from(text, at + 1, text.len, in_parameter), "[REDACTED]");
}

/* "api_key": "x", password = x: an x of at least 24 letters and digits. */
static bool match_keyword(struct slice text, size_t at, size_t from, struct redact_match *match) {
  static const char *const words[] = {"api_key",     "api-key",     "apikey",        "access_key", "secret",
                                      "secret_key",  "token",       "passwd",        "password",   "credential",
                                      "credentials", "private_key", "authorization", "x-api-key",  NULL};
  size_t word_end = at - run_before(text, at, from, 4, is_space_or_quote);
  size_t len = run_before(text, word_end, from, WORD_MAX, is_word);
  if (len < 5 || !word_in(slice_make(text.ptr + word_end - len, len), words, true)) return false;
  size_t start = at + 1 + run_from(text, at + 1, 4, is_space_or_quote);
  size_t value = run_from(text, start, text.len, is_word);
  return value >= CREDENTIAL_MIN && match_make(match, start, value, "[REDACTED_CREDENTIAL]");
}

static bool match_colon(struct slice text, size_t at, size_t from, struct redact_match *match) {
  return match_url(text, at, match) || match_keyword(text, at, from, match);
}

static bool match_equals(struct slice text, size_t at, size_t from, struct redact_match *match) {
  return match_parameter(text, at, from, match) || match_keyword(text, at, from, match);
}

static shape_rule rule_of(char anchor) {
  switch (anchor) {
    case '-':
      return match_dash;
    case '_':
    case 'K':
    case 'z':
      return match_prefix;
    case 'J':
      return match_jwt;
    case '@':
      return match_email;
    case ' ':
      return match_bearer;
    case ':':
      return match_colon;
    default:
      return match_equals;
  }
}

bool redact_shape_next(struct slice text, size_t from, size_t limit, struct redact_match *match) {
  size_t end = text.len - limit < LOCAL_PART_MAX ? text.len : limit + LOCAL_PART_MAX; /* an anchor is that far in */
  for (size_t at = from; at < end; at++) {
    if (!(text_class_of(text.ptr[at]) & TEXT_ANCHOR)) continue;
    if (rule_of(text.ptr[at])(text, at, from, match)) return match->at < limit;
  }
  return false;
}
