// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "base/network.h"
#include "shared/addresses.h"
#include "shared_area.h"

/* One bucket for each client. */

enum { NOW = 1000000000 };

static bool take(struct table *table, const char *address, double rate, double burst, uint64_t now, double *seconds) {
  unsigned char bytes[NETWORK_ADDRESS];
  assert_true(network_address_parse(slice_text(address), bytes));
  return addresses_take(table, bytes, rate, burst, now, seconds);
}

static unsigned taken(struct table *table, const char *address, double rate, double burst, uint64_t now) {
  unsigned count = 0;
  double seconds;
  while (count < 1000 && take(table, address, rate, burst, now, &seconds)) count++;
  return count;
}

static void a_client_has_its_burst_and_then_its_rate(void **state) {
  UNUSED(state);
  struct table *table = area_open(&addresses_shape);
  double seconds = 0;
  assert_int_equal(taken(table, "192.0.2.1", 2, 5, NOW), 5);
  assert_false(take(table, "192.0.2.1", 2, 5, NOW, &seconds));
  assert_true(fabs(seconds - 0.5) < 1e-6);
  assert_int_equal(taken(table, "192.0.2.1", 2, 5, NOW + 1000000000), 2);
  assert_int_equal(taken(table, "192.0.2.1", 2, 5, NOW + 60000000000), 5);
  area_close(table, &addresses_shape);
}

static void a_burst_of_nothing_is_the_rate_and_at_least_one(void **state) {
  UNUSED(state);
  struct table *table = area_open(&addresses_shape);
  assert_int_equal(taken(table, "192.0.2.1", 3, 0, NOW), 3);
  assert_int_equal(taken(table, "192.0.2.2", 0.1, 0, NOW), 1);
  area_close(table, &addresses_shape);
}

static void clients_are_counted_apart_and_a_household_is_one(void **state) {
  UNUSED(state);
  struct table *table = area_open(&addresses_shape);
  double seconds;
  assert_int_equal(taken(table, "192.0.2.1", 1, 3, NOW), 3);
  assert_int_equal(taken(table, "192.0.2.2", 1, 3, NOW), 3);
  assert_false(take(table, "::ffff:192.0.2.1", 1, 3, NOW, &seconds)); /* the same client */
  assert_int_equal(taken(table, "2001:db8:0:1::1", 1, 3, NOW), 3);
  assert_false(take(table, "2001:db8:0:1:ffff::9", 1, 3, NOW, &seconds)); /* the same /64 */
  assert_int_equal(taken(table, "2001:db8:0:2::1", 1, 3, NOW), 3);
  assert_int_equal(taken(table, "::c000:201", 1, 3, NOW), 3); /* no mapped address */
  area_close(table, &addresses_shape);
}

static void more_clients_than_there_is_room_for_forget_the_oldest(void **state) {
  UNUSED(state);
  struct table *table = area_open(&addresses_shape);
  double seconds;
  for (unsigned i = 0; i < 300000; i++) {
    char address[32];
    snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    assert_true(take(table, address, 1, 2, NOW + i, &seconds));
  }
  struct table_stats stats;
  table_stats(table, &stats);
  assert_true(stats.entries >= 100000 && stats.entries <= 131072);
  assert_true(stats.bytes <= stats.capacity);
  area_close(table, &addresses_shape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_has_its_burst_and_then_its_rate),
      cmocka_unit_test(a_burst_of_nothing_is_the_rate_and_at_least_one),
      cmocka_unit_test(clients_are_counted_apart_and_a_household_is_one),
      cmocka_unit_test(more_clients_than_there_is_room_for_forget_the_oldest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
