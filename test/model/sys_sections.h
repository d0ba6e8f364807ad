/* SPDX-License-Identifier: MIT
 * sys_sections.h: put before every file of the kernel, of arch/host and of the fake board that a
 * world of system calls is made of: their variables stand together, so that the whole world can be
 * set back (sys_world.c).
 */
#ifndef TEST_MODEL_SYS_SECTIONS_H
#define TEST_MODEL_SYS_SECTIONS_H

#pragma clang section bss = "world_bss" data = "world_data"

#endif
