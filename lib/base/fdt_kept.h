/* SPDX-License-Identifier: MIT
 * fdt_kept.h: devices that no program gets on any machine, by their compatible strings: controllers
 * of interrupts, timers, caches and memory, the power switch, the debug module. Who has their
 * registers has the machine.
 */
#ifndef LIB_BASE_FDT_KEPT_H
#define LIB_BASE_FDT_KEPT_H

/* A null pointer ends the list. */
extern const char *const fdt_kept[];

#endif
