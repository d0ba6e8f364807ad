/* SPDX-License-Identifier: MIT
 * store.h: atomic stores of aligned words, as plain ones.
 *
 * An aligned store of up to 64 bits is single-copy atomic (RISC-V unprivileged ISA, chapter 17,
 * "RVWMO", memory operations), and after a fence it releases. Of __atomic_store_n() compilers make
 * an exchange, which costs an address in a register and goes to the cache's home.
 */
#ifndef LIB_BASE_STORE_H
#define LIB_BASE_STORE_H

/* Nothing is ordered by it. */
#define store_relaxed(at, value) ((void)(*(volatile __typeof__(*(at)) *)(at) = (value)))
/* Whoever loads it with acquire sees what was stored before. */
#define store_release(at, value) (__atomic_thread_fence(__ATOMIC_RELEASE), store_relaxed(at, value))

#endif
