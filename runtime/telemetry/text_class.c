// SPDX-License-Identifier: Apache-2.0
#include "telemetry/text_class.h"

const unsigned char text_class_table[256] = {
    [0 ... 31] = TEXT_ESCAPE, ['"'] = TEXT_ESCAPE, ['\\'] = TEXT_ESCAPE, [128 ... 255] = TEXT_ESCAPE,
    ['-'] = TEXT_ANCHOR,      ['_'] = TEXT_ANCHOR, ['@'] = TEXT_ANCHOR,  [':'] = TEXT_ANCHOR,
    ['='] = TEXT_ANCHOR,      [' '] = TEXT_ANCHOR, ['J'] = TEXT_ANCHOR,  ['K'] = TEXT_ANCHOR,
    ['z'] = TEXT_ANCHOR,
};
