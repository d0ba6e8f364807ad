/* SPDX-License-Identifier: MIT
 * dts.h: device tree source to blob, for host tests, by running dtc.
 */
#ifndef TEST_UNIT_DTS_H
#define TEST_UNIT_DTS_H

#include <stddef.h>

/* The blob of "/dts-v1/; / { BODY };" in memory that the caller frees; *bytes is its size. Ends the
 * test when dtc refuses it. */
unsigned char *dts_blob(const char *body, size_t *bytes);

/* Replaces every `from` in the blob by `to`, which is as long: for what dtc would refuse. */
void dts_replace(unsigned char *blob, size_t bytes, const char *from, const char *to);

#endif
