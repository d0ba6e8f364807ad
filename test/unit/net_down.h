/* SPDX-License-Identifier: MIT
 * net_down.h: how each test with the rig of lib/net ends. Behind cmocka.h.
 */
#ifndef TEST_UNIT_NET_DOWN_H
#define TEST_UNIT_NET_DOWN_H

#include "test/unit/net_rig.h"

/* Nothing was lost, and all invariants hold. */
static int
down(void **state)
{
	(void)state;
	assert_int_equal(rig_lost(), 0);
	assert_true(net_check(&rig.net));
	return 0;
}

#endif
