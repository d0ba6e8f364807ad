/* SPDX-License-Identifier: MIT
 * selftest.h: what boot arguments can provoke.
 */
#ifndef KERN_SELFTEST_H
#define KERN_SELFTEST_H

/* Do what `chitin.selftest=` in the boot arguments (may be NULL) asks for; returns if it does not
 * occur. */
void selftest_run(const char *arguments);
/* The power is about to be switched off: does `late` among the arguments want another end? */
void selftest_power(void);

#endif
