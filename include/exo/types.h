/* SPDX-License-Identifier: MIT
 * types.h: handles, capability types, rights and the other small words of the ABI.
 *
 * Pages and blocks are 4 KiB. Ranges are [start, start + count). Addresses and times are 64-bit; a
 * time is a value of the `time` counter (ticks of sysinfo's timebase_hz), absolute.
 */
#ifndef EXO_TYPES_H
#define EXO_TYPES_H

#include <stddef.h>
#include <stdint.h>

#define EXO_ABI_VERSION 1
#define EXO_PAGE_SIZE   4096ul
#define EXO_PAGE_SHIFT  12

/* A handle names a capability in the caller's capability space: generation << 32 | slot index.
 * Slot 0 stays empty, so 0 names nothing. The generation has 31 bits: a handle is never negative,
 * so calls return handles and errors in one word. */
typedef uint64_t exo_handle;
#define EXO_NONE            ((exo_handle)0)
#define EXO_HANDLE_INDEX(h) ((uint32_t)(h))
#define EXO_SLOTS_PER_LEAF  64
#define EXO_LEAVES_MAX      504

enum exo_cap_type {
	EXO_CAP_EMPTY = 0,
	EXO_CAP_FRAME = 1,  /* interval: physical page numbers of RAM */
	EXO_CAP_WINDOW = 2, /* interval: page numbers of device registers */
	EXO_CAP_IRQ = 3,    /* interval: interrupt source numbers */
	EXO_CAP_SLOT = 4,   /* interval: hart << 32 | position on its timeline */
	EXO_CAP_BLOCK = 5,  /* interval: disk << 48 | 4 KiB block number */
	EXO_CAP_CODE = 6,   /* interval: pages of the arena of downloaded code */
	EXO_CAP_PACKET = 7, /* predicate: NIC << 16 | filter; count = filters it may derive */
	EXO_CAP_ENV = 8,    /* objects from here on; start = page number of the first frame, count =
			       frames */
	EXO_CAP_SPACE = 9,
	EXO_CAP_TABLE = 10,
	EXO_CAP_CSPACE = 11, /* a capability space, or one of its leaves */
	EXO_CAP_RING = 12,   /* descriptor rings shared with the kernel */
	EXO_CAP_VOLUME = 13,
	EXO_CAP_ROOT = 14,
	EXO_CAP_CONSOLE = 15,
	EXO_CAP_TYPES = 16,
};
#define EXO_NIC_SHIFT        16 /* of a PACKET's start */
#define EXO_BLOCK_DISK_SHIFT 48
#define EXO_SLOT_HART_SHIFT  32

/* Rights, 12 bits, per type. READ, WRITE and EXEC stand where the page-table entry has them. */
#define EXO_RIGHTS_ALL 0xffful
/* FRAME, WINDOW, BLOCK, CONSOLE (input), TABLE (map it to look) */
#define EXO_READ            0x2ul
#define EXO_WRITE           0x4ul /* FRAME, WINDOW, BLOCK, CONSOLE (output) */
#define EXO_EXEC            0x8ul /* FRAME */

#define EXO_PACKET_RECEIVE  0x2ul
#define EXO_PACKET_TRANSMIT 0x4ul
#define EXO_PACKET_TAP      0x10ul

#define EXO_ENV_CALL        0x1ul
#define EXO_ENV_SIGNAL      0x2ul
#define EXO_ENV_YIELD       0x4ul
#define EXO_ENV_GIVE        0x8ul
#define EXO_ENV_OBSERVE     0x10ul
#define EXO_ENV_CONTROL     0x20ul

#define EXO_SPACE_MAP       0x2ul /* change its mappings */
#define EXO_SPACE_BIND      0x4ul /* let environments run in it */
#define EXO_TABLE_HANG      0x4ul /* hang it in a space */
#define EXO_CSPACE_BIND     0x4ul /* let environments use it; add leaves */
#define EXO_RING_USE        0x4ul
#define EXO_IRQ_BIND        0x4ul /* take its interrupts as events, acknowledge them */
#define EXO_SLOT_BIND       0x4ul /* run in it */
#define EXO_CODE_LOAD       0x4ul /* load a program into it */
#define EXO_CODE_RUN        0x8ul /* let the program that is there run */
#define EXO_CONSOLE_POWER   0x10ul

/* exo_bind: what is bound to what (see syscalls.def). */
enum exo_binding {
	EXO_BIND_SPACE = 1,     /* ENV -> SPACE */
	EXO_BIND_CSPACE = 2,    /* ENV -> CSPACE */
	EXO_BIND_CONSOLE = 3,   /* console input -> event bit of the caller */
	EXO_BIND_PACKET = 4,    /* RING -> PACKET */
	EXO_BIND_BUFFER = 5,    /* RING -> FRAME that receives packets */
	EXO_BIND_IRQ = 6,       /* IRQ of one line -> event bit of the caller */
	EXO_BIND_SLOT = 7,      /* ENV -> SLOT: it runs in those positions */
	EXO_BIND_PREDICATE = 9, /* the caller -> CODE that says when it wakes, memory it reads */
	EXO_BIND_HANDLER = 10,  /* RECEIVE RING -> CODE that looks at its packets first */
	EXO_BIND_CODE = 8,      /* a program -> CODE: made by exo_code_load, only to be unbound */
};

/* exo_env_entry: which entry point is set. */
enum exo_entry {
	EXO_ENTRY_EXCEPTION = 1,
	EXO_ENTRY_EVENT = 2,
	EXO_ENTRY_BEGIN = 3, /* of a slice */
	EXO_ENTRY_END = 4,
	EXO_ENTRY_CALL = 5, /* of calls; and the slot that it opens for what comes along */
};

/* What an asynchronous upcall is about. */
enum exo_upcall {
	EXO_UPCALL_EVENT = 1,
	EXO_UPCALL_BEGIN = 2, /* a slice begins that it did not lose the last time */
	EXO_UPCALL_END = 3,   /* the slice ends soon: save what is to be saved, and yield */
};

/* exo_create(EXO_CAP_ENV): flags. */
#define EXO_ENV_FP    0x1ul /* has floating point */
#define EXO_ENV_BOUND 0x2ul /* runs in slots bound to it only, takes no slack */

/* exo_bind(EXO_BIND_SLOT): flags. */
#define EXO_SLOT_QUIET 0x1ul /* external interrupts wait until the slot is over */

/* exo_bind(EXO_BIND_PACKET): the ring takes the place of the receive ring that there was. */
#define EXO_PACKET_REROUTE 0x1ul

/* In the mask of exo_sleep: the predicate wakes as well. Events are bits 0 to 62. */
#define EXO_SLEEP_PREDICATE (1ul << 63)
/* The predicate's result when its run ended early. */
#define EXO_TAG_FAULT UINT64_MAX

/* exo_power: how. */
enum exo_power_how {
	EXO_POWER_OFF = 0, /* orderly end */
	EXO_POWER_REBOOT = 1,
	EXO_POWER_FAIL = 2, /* power off and report failure, where the board can */
};

/* The user half is [0, EXO_USER_END). The u-area of an environment stands on a page of the last 2
 * MiB of it. */
#define EXO_USER_END   0x4000000000ul
#define EXO_UAREA_BASE 0x3fffe00000ul

/* Further entries of a batch call (exo_map, exo_unmap, exo_protect) in the caller's memory, 8-byte
 * aligned. */
struct exo_map_entry {
	uint64_t address;  /* where, page aligned */
	exo_handle handle; /* map: what to map; else unused */
	uint64_t offset;   /* map: first page within the capability */
	uint64_t count;    /* pages */
	uint64_t rights;   /* as the call's flags, without a number of further entries */
};
#define EXO_BATCH_SHIFT 16 /* flags | further entries << EXO_BATCH_SHIFT */
#define EXO_BATCH_MAX   65535ul

/* Flags of exo_map, exo_unmap and exo_protect besides EXO_READ, EXO_WRITE and EXO_EXEC. The first
 * four stand in the entry, where the page-table entry has them. */
#define EXO_ACCESSED         0x40ul  /* the hardware sets them at an access, a write; what unmap */
#define EXO_DIRTY            0x80ul  /* and protect return is the OR of all old ones */
#define EXO_SOFT0            0x100ul /* the libOS's own */
#define EXO_SOFT1            0x200ul
#define EXO_MEGA             0x400ul /* entries of 2 MiB, one level up */
#define EXO_GIGA             0x800ul /* entries of 1 GiB, two levels up */
#define EXO_MEGA_PAGES       512ul
#define EXO_GIGA_PAGES       (512ul * 512)

#define EXO_BINDINGS_COUNTED 64

/* exo_inspect fills this. */
struct exo_cap_info {
	uint32_t type;
	uint32_t rights;
	uint64_t start;
	uint64_t count;
	uint64_t badge;
	uint32_t depth;
	uint32_t flags;       /* EXO_CAP_* below */
	uint64_t bindings;    /* how many, at most EXO_BINDINGS_COUNTED */
	uint64_t child_start; /* first carved child at or after the asked name, else 0 and
				 child_count 0 */
	uint64_t child_count;
	uint64_t place;  /* of the slot, in RAM: names a capability to who draws the tree */
	uint64_t parent; /* place of the one it was derived from; 0: a root */
};
#define EXO_CAPF_POOL   0x1u  /* has carved children or objects */
#define EXO_CAPF_SHARES 0x2u  /* has shared children */
#define EXO_CAPF_WHOLE  0x4u  /* carved at every step */
#define EXO_CAPF_SHARED 0x8u  /* made by exo_share */
#define EXO_CAPF_OBJECT 0x10u /* the first capability of an object */
#define EXO_CAPF_DYING  0x20u /* being revoked */

/* exo_env_read and exo_env_write move this. x[0] is unused; f and fcsr count only with EXO_ENV_FP.
 */
struct exo_context {
	uint64_t pc;
	uint64_t x[32];
	uint64_t f[32];
	uint64_t fcsr;
	uint32_t state;         /* enum exo_env_state, read only */
	uint32_t hart;          /* read only */
	struct {                /* why it ended or is FAULTED, read only */
		uint64_t kind;  /* enum exo_death */
		uint64_t cause; /* scause of the fault, or the exit status */
		uint64_t pc;
		uint64_t tval;
	} death;
	/* read only, to make one like it: exo_env_entry, exo_signal, exo_create */
	uint64_t exception_entry;
	uint64_t exception_window;
	uint64_t event_entry;
	uint64_t event_mask;
	uint64_t events; /* pending */
	uint64_t uarea;
	uint64_t flags;      /* EXO_ENV_FP, EXO_ENV_BOUND */
	uint64_t overruns;   /* slices at whose end it still ran, though it had asked to be told */
	uint64_t forfeits;   /* slots that it lost for that */
	uint64_t debt_ticks; /* that it still owes */
	uint64_t call_entry;
	uint64_t call_slot;
	/* read only; since it was made */
	uint64_t used_ticks;   /* of its turns, up to now; of one that went round by yields or
				  notices, who had it when the kernel looked */
	uint64_t stolen_ticks; /* of which the kernel's work for devices took */
	uint64_t slices;       /* how many turns */
};

/* exo_env_launch: what an environment begins with. Registers that are not here stay as they are: 0
 * in one that is new. */
struct exo_launch {
	exo_handle space;      /* SPACE to bind; EXO_NONE: one is bound */
	exo_handle cspace;     /* CSPACE to bind; EXO_NONE: one is bound */
	exo_handle supervisor; /* ENV that is told of its end; EXO_NONE: as it is */
	uint64_t supervisor_bit;
	uint64_t exception_entry; /* as exo_env_entry */
	uint64_t exception_window;
	uint64_t pc;
	uint64_t sp;
	uint64_t tp;
	uint64_t arguments[4]; /* a0 to a3 */
};

enum exo_env_state {
	EXO_STATE_STOPPED = 0,
	EXO_STATE_READY = 1,
	EXO_STATE_SLEEPING = 2,
	EXO_STATE_DEAD = 3,
	EXO_STATE_FAULTED = 4, /* stopped by an exception that it could not take: see `death` */
	EXO_STATE_OPEN = 5,    /* waits for a call */
	EXO_STATE_CALLING = 6, /* waits for a reply */
};

enum exo_death {
	EXO_DEATH_NONE = 0,
	EXO_DEATH_EXIT = 1,    /* exo_exit; cause = status */
	EXO_DEATH_FAULT = 2,   /* an exception it could not take itself; its state is FAULTED */
	EXO_DEATH_STOP = 3,    /* its SPACE, CSPACE or memory was revoked */
	EXO_DEATH_OVERRUN = 4, /* it ran over the ends of its slices; cause = how often */
};

#endif
