/* SPDX-License-Identifier: MIT
 * arch.h: the contract between kern and an architecture, in two halves.
 *
 * First what an arch provides to kern and to the drivers, then what kern provides to an arch.
 * ARCH_INLINE names the header of the architecture being built ("arch/riscv/inline.h",
 * "arch/host/inline.h"); it defines the functions marked inline. An arch never includes anything
 * of kern.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/jit.h"

#define PAGE_SIZE  4096ul
#define PAGE_SHIFT 12

/* Addresses of three kinds; mixing them does not compile. */
struct paddr {
	uint64_t value; /* physical, bytes */
};
struct uaddr {
	uint64_t value; /* in the user half of the current address space; untrusted */
};

/* --- provided by the arch: device registers and memory ------------------------------------ */
static inline uint8_t mmio_read8(uintptr_t address);
static inline uint16_t mmio_read16(uintptr_t address);
static inline uint32_t mmio_read32(uintptr_t address);
static inline void mmio_write8(uintptr_t address, uint8_t value);
static inline void mmio_write16(uintptr_t address, uint16_t value);
static inline void mmio_write32(uintptr_t address, uint32_t value);

/* Barriers, named by purpose. Memory of descriptors must be visible before the device is told, its
 * index be read before what it covers, and what was written be visible before it is read whether
 * the device waits for that. */
static inline void dma_write_barrier(void);
static inline void dma_read_barrier(void);
static inline void dma_question_barrier(void);

/* The `time` counter, ticks of the timebase. */
static inline uint64_t arch_time(void);

/* Ticks per second of arch_time(), set once at boot. */
uint64_t arch_timebase_hz(void);
void arch_timebase_set(uint64_t hz);

/* A memory area that a device may use: the same bytes as the kernel and as the device see them. */
struct dma_area {
	void *memory;
	struct paddr address;
	size_t bytes;
};

/* --- provided by the arch: harts ---------------------------------------------------------- */
/* Number of the hart this code runs on, 0 .. harts - 1 (not the hardware's id). Any context after
 * hart_stack_enter. */
static inline uint32_t arch_hart(void);

/* Tell which hardware id hart `number` has; before any call below that names harts. */
void arch_hart_id(uint32_t number, uint64_t hartid);
/* Bring hart `number` up; it calls kern_hart_main(number) on its own stack. 0, E_NODEV,
 * E_UNSUPPORTED. */
int arch_hart_start(uint32_t number);
/* The hart that was started last shall not come any more. False if it is too late for that: it is
 * on its way. */
bool arch_hart_give_up(void);
/* Which translations a TLB is to forget: those of pages [address, address + pages), or with pages 0
 * of all, in the space with this identifier, or with asid 0 in all spaces. */
struct arch_fence {
	uint64_t address;
	uint64_t pages;
	uint32_t asid;
};
/* Interrupt / make the TLBs forget / execute fence.i on the harts in `mask` (bit = number) other
 * than this one. */
void arch_send_ipi(uint64_t mask);
void arch_remote_fence(uint64_t mask, const struct arch_fence *f);
void arch_remote_fence_i(uint64_t mask);
/* Arm this hart's timer for an absolute time. */
void arch_timer_set(uint64_t time);
/* Wait until an interrupt is pending (interrupts stay off); it may return early. The timer must be
 * armed. */
void arch_wait(void);
/* What is pending on this hart and enabled: bits below. arch_ipi_clear acknowledges an IPI. */
#define ARCH_PENDING_IPI      0x1u
#define ARCH_PENDING_TIMER    0x2u
#define ARCH_PENDING_EXTERNAL 0x4u
static inline uint32_t arch_pending(void);
/* Is anything of that? */
static inline bool arch_is_pending(void);
/* Is it ARCH_PENDING_EXTERNAL and nothing else? */
static inline bool arch_external_only(void);
void arch_ipi_clear(void);
/* Let external interrupts reach this hart, or keep them pending. */
void arch_external_enable(bool enable);
/* Power: off (orderly or failed), reboot. Returns only if the machine cannot. `test_device`:
 * registers of sifive,test0 or 0. */
void arch_power(uint32_t how, uintptr_t test_device);
/* The firmware's console. */
void arch_console_put(char c);
/* 0..255 or E_NOENT. */
int arch_console_get(void);
/* True if this machine's harts have the Sstc timer. */
bool arch_has_sstc(void);
/* True if all of this machine's harts set the accessed and dirty bits of page-table entries. */
bool arch_has_ad(void);

/* --- provided by the arch: memory --------------------------------------------------------- */
/* Boot only: cleared pages for the kernel's own tables come from this. */
typedef struct paddr (*arch_page_source)(void);
/* Replace the boot map: RAM [start, start + bytes) at arch_ram(), the image with its rights; a
 * stack per hart. */
void arch_map_kernel(uint64_t ram_start, uint64_t ram_bytes, uint32_t harts,
		     arch_page_source pages);
/* Map device registers; returns their address, 0 if there is no room or nothing answers at the
 * first of them. */
uintptr_t arch_map_registers(uint64_t physical, uint64_t bytes);
/* Kernel address of physical memory. */
static inline void *arch_ram(uint64_t physical);
static inline uint64_t arch_physical(const void *memory);
/* Fill a page with zeros. */
void arch_page_clear(void *page);
/* Put the kernel's half into a new root table. */
void arch_root_init(uint64_t *root);
/* This hart's TLB: one page, in all spaces / everything / what `f` says. */
static inline void arch_fence_page(uint64_t address);
/* The same, shorter, where arch_fence_pages_miss is false. */
static inline void arch_fence_exact(uint64_t address);
static inline void arch_fence_all(void);
void arch_fence_some(const struct arch_fence *f);
static inline void arch_fence_i(void);
/* Copy from or to the current environment's memory. 0 or E_FAULT (range outside the user half, or
 * not accessible). */
int arch_copy_in(void *to, struct uaddr from, size_t bytes);
int arch_copy_out(struct uaddr to, const void *from, size_t bytes);

/* --- provided by the arch: contexts (struct arch_env is defined by ARCH_INLINE) ----------- */
struct arch_env;
/* Make `next`'s floating point current (NULL: nobody's), saving `previous`'s if it is dirty. */
void arch_fp_switch(struct arch_env *previous, struct arch_env *next);
/* Make the space of `a` current. */
void arch_space_enter(const struct arch_env *a);
/* Make the kernel's own space, without a user half, current. */
void arch_space_leave(void);
/* Before the first context: the entry of call nr stands nr words below `table_end`. If `traced`,
 * everything goes by way of kern_traced_*, and no call transfers control by the short way. */
void arch_calls(const void *table_end, bool traced);
/* Set up `a` for hart `hart`: stack, vectors, call table. */
void arch_env_init(struct arch_env *a, uint32_t hart, uint64_t uarea, bool fp);
/* The next trap of `a` that is no interrupt comes to kern_gone_on(), once. */
void arch_trap_once(struct arch_env *a);
/* Where the environment whose call is being handled goes on. */
static inline uint64_t arch_return_pc(void);
/* Let it run on hart `hart` from now on. */
void arch_env_move(struct arch_env *a, uint32_t hart);
/* Bits of an address space identifier that all harts have which came up so far; 0: none. */
uint32_t arch_asid_bits(void);
/* The satp value of a root table and an identifier. Entering a space whose identifier is 0 makes
 * this hart's TLB forget everything. */
uint64_t arch_satp(uint64_t root_physical, uint32_t asid);
/* Never returns: continue in user mode with the whole saved context. */
_Noreturn void arch_enter(struct arch_env *a);
/* Start this hart's own kernel stack and call run(argument), which does not return. */
_Noreturn void arch_stack_enter(uint32_t hart, void (*run)(uint32_t hart));

/* --- provided by the arch: compiled packet filters ---------------------------------------- */
/* A node of the merged filter (kern/net/trie_node.h) as compiled code sees it: tests, which must
 * all hold, then branches. Only its shape is in the code; masks, values, tables and children are
 * read from the node's record, so all nodes of a shape share the code. */
enum arch_filter_kind {
	ARCH_FILTER_COMPARE = 1, /* loads little-endian, aligned */
	ARCH_FILTER_MOVE,        /* base += (big-endian & mask) << scale, at most to the end */
	ARCH_FILTER_TABLE,       /* branches only: the value is looked up, see values.c */
};
struct arch_filter_item {
	int16_t offset; /* from the base */
	uint16_t end;   /* bytes that must exist from the base on */
	uint8_t width;  /* bytes: 1, 2, 4, 8; MOVE: 1 to 8 */
	uint8_t kind;
	uint8_t scale;
	uint8_t full; /* the mask has all bits */
};
#define ARCH_FILTER_ITEMS_MAX 16
struct arch_filter_shape {                /* whole words of 8 bytes, aligned */
	_Alignas(8) uint16_t known_bytes; /* exist from the base on */
	uint8_t tests;
	uint8_t branches;
	uint8_t hit; /* filters end here */
	uint8_t zero[3];
	struct arch_filter_item item[ARCH_FILTER_ITEMS_MAX]; /* tests, then branches */
};
/* Where things stand in a record, a test, a branch, a slot; bytes. */
#define ARCH_FILTER_CODE         0
#define ARCH_FILTER_TESTS        40
#define ARCH_FILTER_TEST_BYTES   24
#define ARCH_FILTER_BRANCH_BYTES 40
#define ARCH_FILTER_SHIFT        7 /* byte: of the hash, for 16 times the slot */
#define ARCH_FILTER_MASK         8
#define ARCH_FILTER_VALUE        16 /* or the multiplier */
#define ARCH_FILTER_TO           24 /* the child, or the slots: key, child or NULL */
/* Make the code of a shape: as a C function it takes (base, end, record, hits), puts (record, base)
 * at hits for every hit, and returns the end of them. It runs at any address. Returns its bytes,
 * or E_NOSPACE if it is longer than `bytes`. */
int64_t arch_filter_compile(const struct arch_filter_shape *shape, uint32_t *code, size_t bytes);

/* --- provided by the arch: what there is to say in a panic -------------------------------- */
struct arch_registers {
	uint64_t x[32]; /* x[0] is pc */
};
struct arch_call {
	uint64_t pc;  /* the first one: where it is, others: where it goes on afterwards */
	bool certain; /* else it may be left over from an earlier call */
};
/* Of the function that calls this: pc, and what is needed to find its callers; the rest stays. */
void arch_registers_here(struct arch_registers *at);
/* The hart whose stack `at` is on; CONFIG_MAX_HARTS: of none. */
uint32_t arch_hart_at(const struct arch_registers *at);
/* Where it is and who called it, innermost first, at most `most`. Returns how many. */
uint32_t arch_backtrace(const struct arch_registers *at, struct arch_call *calls, uint32_t most);
/* The name of the kernel's function at an address, and how far into it that is, or NULL. */
const char *arch_symbol(uint64_t address, uint64_t *offset);

/* --- provided by the arch: a compiler of downloaded code: arch/jit.h --------------------- */
/* False: the compiler makes no code for this machine. */
static inline bool arch_has_jit(void);
/* Boot, before other harts run: each of these pages, writable, can get rights of its own. */
void arch_code_area(void *memory, uint64_t pages);
/* One of them becomes executable and read-only, or writable and not executable. Fences are the
 * caller's. */
void arch_code_seal(void *page, bool is_sealed);

/* --- provided by kern --------------------------------------------------------------------- */
/* First hart, paging on, early map, boot stack. The tree is readable at `device_tree`, all that it
 * says it is (NULL: it is not); it lies at physical `tree_address`. */
_Noreturn void kern_boot(uint64_t hartid, const void *device_tree, uint64_t tree_address,
			 uint64_t load, uint64_t image_bytes);
/* A broken invariant. */
_Noreturn void panic(const char *format, ...);
/* The same where the registers were these. */
_Noreturn void panic_at(const struct arch_registers *at, const char *format, ...);
/* Another hart, on its stack. */
_Noreturn void kern_hart_main(uint32_t hart);
/* An interrupt, or an exception that the environment could not take. Returns whose context to
 * enter. */
struct arch_env *kern_interrupt(struct arch_env *a);
/* The same where nothing but the timer is pending. */
struct arch_env *kern_timer(struct arch_env *a);
struct arch_env *kern_fault(struct arch_env *a, uint64_t cause, uint64_t tval);
/* It has gone on since arch_trap_once(), up to an instruction that traps, which it will again. */
struct arch_env *kern_gone_on(struct arch_env *a);
/* It came back from an upcall while another one was held back; its context is saved. */
struct arch_env *kern_resume(struct arch_env *a);
/* A call that transfers control, by the long way; its context is saved. */
struct arch_env *kern_transfer(struct arch_env *a);
/* Of one that is traced: the same; any exception; its call `nr` begins, is over; who is entered. */
struct arch_env *kern_traced_interrupt(struct arch_env *a);
struct arch_env *kern_traced_exception(struct arch_env *a, uint64_t cause, uint64_t tval);
struct arch_env *kern_traced_transfer(struct arch_env *a);
void kern_traced_call(uint64_t nr);
void kern_traced_return(uint64_t nr);
struct arch_env *kern_traced_leave(struct arch_env *a);
/* After a call that does not simply return: result and ACTION_*. */
struct arch_env *kern_after_call(struct arch_env *a, int64_t result, uint32_t action);

#include ARCH_INLINE

#endif
