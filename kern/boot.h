/* SPDX-License-Identifier: MIT
 * boot.h: what the parts of start-up share: pages before there are capabilities.
 */
#ifndef KERN_BOOT_H
#define KERN_BOOT_H

#include "kern/kernel.h"
#include "kern/window.h"

/* `count` cleared pages in a row, aligned to `align` pages counted from the RAM start; physical
 * address. Ends start-up with a sentence when there are none. */
uint64_t boot_pages(uint64_t count, uint64_t align);
/* Cleared memory for a table of the kernel that bindings name; no capability ever holds its frames.
 * Once the tree is made. */
void *boot_table(struct kernel *k, uint64_t bytes);
/* The same, not cleared. */
void *boot_room(struct kernel *k, uint64_t bytes);
/* Start-up cannot go on: print why and what to do, power off as failed. */
_Noreturn void boot_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What stands behind the option `name` (with its =) in the boot arguments, up to a space; NULL
 * without it. */
const char *boot_option(const char *arguments, const char *name, size_t *bytes);

/* The first environment is over: nobody can ever start another one. Say why, power off as failed.
 */
struct env;
_Noreturn void boot_init_ended(const struct env *e, uint32_t kind, uint64_t cause, uint64_t tval);

/* devices.c: start drivers for what the tree names. */
void devices_console(struct kernel *k, struct machine *m);
void devices_start(struct kernel *k, struct machine *m);
/* The registers of what none of them drives. */
void devices_windows(struct windows *w, const struct machine *m);
/* init.c: make the first environment; returns it, not started. */
struct env *init_make(struct kernel *k, struct machine *m);
/* Give it what is left of the RAM. Last. */
void init_give_ram(struct kernel *k, const struct machine *m);

#endif
