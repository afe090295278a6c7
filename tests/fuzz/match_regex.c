// SPDX-License-Identifier: Apache-2.0
/* Any pattern is refused or compiled; what it finds is what its tree says, also in text that comes in parts. */
#include "../unit/match_oracle.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { TEXT_MAX = 40 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size < 3 || size > 300) return 0;
  size_t text_len = data[1] % TEXT_MAX;
  if (text_len > size - 2) text_len = size - 2;
  struct slice text = {(const char *)data + 2, text_len},
               pattern = slice_from((struct slice){(const char *)data, size}, 2 + text_len);
  struct oracle oracle;
  if (!oracle_open(&oracle, pattern, data[0] & 7)) return 0;
  oracle_check(&oracle, text);
  oracle_close(&oracle);
  return 0;
}
