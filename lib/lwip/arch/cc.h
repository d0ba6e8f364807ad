/* SPDX-License-Identifier: MIT
 * cc.h: what lwIP wants to know of compiler and platform. Everything else it takes from the C
 * library.
 */
#ifndef LIB_LWIP_ARCH_CC_H
#define LIB_LWIP_ARCH_CC_H

#include <stdint.h>
#include <stdio.h>

/* lib/lwip/port.c */
uint32_t lwip_port_random(void);
_Noreturn void lwip_port_assert(const char *what, const char *file, int line);

#define LWIP_RAND()                lwip_port_random()
#define LWIP_PLATFORM_DIAG(x)      printf x
#define LWIP_PLATFORM_ASSERT(what) lwip_port_assert(what, __FILE__, __LINE__)

#endif
