/* SPDX-License-Identifier: MIT
 * stdio.h: what the rest of the library needs of the standard streams.
 */
#ifndef LIB_EXO_STDIO_H
#define LIB_EXO_STDIO_H

/* Writes out what the standard streams hold back. */
void exo_stdio_flush(void);

#endif
