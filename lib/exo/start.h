/* SPDX-License-Identifier: MIT
 * start.h: what a program finds when it starts: struct exo_start, a page whose address is in a0 at
 * its first instruction. The start-up code takes the seed out of it and makes it read-only.
 *
 * Whoever builds an environment (lib/exo/spawn.c) fills the page. The kernel starts init with a
 * struct exo_boot instead; crt0 tells the two apart by their magic and makes an exo_start for
 * init, so exo_start() works everywhere. Handles name slots of the program's own capability space;
 * one that was not given is EXO_NONE. Strings are byte offsets into the page.
 */
#ifndef LIB_EXO_START_H
#define LIB_EXO_START_H

#include <exo/sysinfo.h>
#include <exo/types.h>

#define EXO_START_MAGIC   0x7472617453686943ul
#define EXO_START_VERSION 3
#define EXO_START_SEED    32
#define EXO_START_GRANTS  4
#define EXO_START_DEVICES 16

struct exo_start {
	uint64_t magic;
	uint32_t version;
	uint32_t env_flags; /* EXO_ENV_FP */
	exo_handle env;     /* the program's own ENV, with the rights its maker chose */
	exo_handle space;
	exo_handle cspace; /* with EXO_CSPACE_BIND: the program may add leaves */
	exo_handle console;
	exo_handle sysinfo;    /* FRAME, read-only */
	exo_handle frames;     /* FRAME: free pages, the program's to carve */
	exo_handle supervisor; /* ENV with EXO_ENV_SIGNAL */
	exo_handle blocks[EXO_START_GRANTS];
	exo_handle packets[EXO_START_GRANTS];
	exo_handle others[EXO_START_GRANTS];   /* what only the program and its maker know */
	exo_handle windows[EXO_START_DEVICES]; /* WINDOW: registers of a device */
	exo_handle irqs[EXO_START_DEVICES];    /* IRQ: one line each */
	exo_handle frame_table; /* FRAME, read-only: struct exo_frame_info of each page of RAM */
	exo_handle clock;       /* FRAME: the clock page, writable for who publishes the time */
	exo_handle roster;      /* FRAME, read-only: what a monitor is told of all environments */
	exo_handle requests;    /* FRAME: what a monitor wants of init: user/init/roster.h */
	exo_handle trace;       /* FRAME, read-only: the kernel's event trace */
	exo_handle code;        /* CODE: pages for programs that the kernel runs */
	uint32_t block_count;
	uint32_t packet_count;
	uint32_t window_count;
	uint32_t irq_count;
	uint32_t first_free_slot; /* slots [first_free_slot, slots) are empty */
	uint32_t slots;
	uint64_t image_start; /* the program stands at [image_start, image_end) */
	uint64_t image_end;
	uint64_t stack_start; /* the stack is [stack_start, stack_end) */
	uint64_t stack_end;
	uint64_t uarea;
	uint64_t timebase_hz;         /* of the `time` counter */
	uint64_t sysinfo_address;     /* where the system page is mapped already, else 0 */
	uint64_t clock_address;       /* the same of the clock page, read-only */
	uint32_t hart;                /* home hart */
	uint32_t seed_bytes;          /* 0: no entropy: what exo_random says can be guessed */
	uint8_t seed[EXO_START_SEED]; /* zeros from the start-up code on */
	uint32_t name;                /* offset of the environment's name */
	uint32_t argc;                /* including argv[0], the name */
	uint32_t args;                /* offset of argv[0]; the others follow, each ends with a 0 */
	uint32_t value_count; /* "key=value" strings of the manifest that init does not know */
	uint32_t values;      /* offset of the first; the others follow */
	uint32_t text_end;    /* offset behind the last string */
	char text[EXO_PAGE_SIZE - 624];
};
_Static_assert(sizeof(struct exo_start) == EXO_PAGE_SIZE, "start page layout");

/* The program's start page; valid from before the first constructor on. */
const struct exo_start *exo_start(void);

/* The u-area of the environment that runs: in a thread what it has said. */
uint64_t exo_own_uarea(void);
void exo_own_uarea_set(uint64_t address);
/* Its ENV, in the same way. */
exo_handle exo_own_env(void);
void exo_own_env_set(exo_handle env);

/* In init: the page that the kernel left. Elsewhere 0. */
const struct exo_boot *exo_boot(void);

/* The system page of the kernel, mapped on first use; 0 when no sysinfo capability was given. */
const struct exo_sysinfo *exo_sysinfo(void);

/* The environment's name. */
const char *exo_name(void);

/* The value of `key` ("site" -> "/"), or 0 when the manifest has none. */
const char *exo_start_value(const char *key);

#endif
