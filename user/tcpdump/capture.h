/* SPDX-License-Identifier: MIT
 * capture.h: where the packets come from.
 */
#ifndef USER_TCPDUMP_CAPTURE_H
#define USER_TCPDUMP_CAPTURE_H

#include <stdint.h>

/* Opens a ring for each PACKET capability that this program has. 0 or an error; E_NOENT if there is
 * none. */
int capture_open(void);

/* Waits for a packet and shows it in place: its bytes and *frame; it stays until capture_release.
 * An error when the kernel has stopped a ring. */
int capture_next(const uint8_t **frame);
void capture_release(void);

/* Packets that found a ring full. */
uint64_t capture_dropped(void);

#endif
