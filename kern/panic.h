/* SPDX-License-Identifier: MIT
 * panic.h: the end of everything, for a broken invariant of the kernel itself, never for what a
 * user or a device does.
 */
#ifndef KERN_PANIC_H
#define KERN_PANIC_H

/* Print the message, which names the invariant, and stop all harts. */
_Noreturn void panic(const char *format, ...);

#endif
