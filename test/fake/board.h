/* SPDX-License-Identifier: MIT
 * board.h: a board for the whole kernel on arch/host: harts, RAM, interrupt controller, console, a
 * disk and a NIC, as a device tree names them, and an initrd with an `init` that does nothing.
 *
 * It replaces kern/dev/drivers.c: its devices are drivers without registers. They check what they
 * are told to transfer: memory that a device writes must still be pinned and have the owner that
 * it had when the transfer was asked for.
 */
#ifndef TEST_FAKE_BOARD_H
#define TEST_FAKE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_RAM       0x80000000ul
#define BOARD_RAM_BYTES (8ul << 20)
#define BOARD_IMAGE     0x40000ul /* where a kernel would lie: the first bytes of RAM */
#define BOARD_BLOCKS    64
#define BOARD_LINES     4
/* A device of nobody, below RAM. */
#define BOARD_WINDOW       0x40000000ul
#define BOARD_WINDOW_BYTES (1ul << 30)

/* Plug it in and start the kernel in `ram`; returns when init is about to run its first
 * instruction on hart 0. */
void board_boot(void *ram, uint32_t harts);
/* Does a device interrupt this hart? */
bool board_interrupts(uint32_t hart);

/* The disk finishes some of its requests (`which`), the NIC its transmissions, and a frame comes in
 * whose first bytes are `head`. They then interrupt. */
void board_disk_works(uint32_t which);
void board_nic_works(uint32_t which);
void board_frame_comes(uint64_t head, size_t bytes);
void board_key_pressed(void);
/* A line that belongs to nobody, of BOARD_LINES. */
void board_line_set(uint32_t line, bool on);

#endif
