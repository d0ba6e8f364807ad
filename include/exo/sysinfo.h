/* SPDX-License-Identifier: MIT
 * sysinfo.h: pages that the kernel publishes, read-only.
 *
 * The system page is a FRAME capability that init shares out; it holds what every library needs to
 * know about the machine. The boot page goes to init only: it names the capabilities in init's
 * first slots.
 */
#ifndef EXO_SYSINFO_H
#define EXO_SYSINFO_H

#include <exo/types.h>

#define EXO_SYSINFO_MAGIC 0x6e69746968430001ul
#define EXO_HARTS_MAX     8
#define EXO_DISKS_MAX     4
#define EXO_NICS_MAX      4
#define EXO_NIC_LOOP      3 /* always there: receives what is sent on it */
#define EXO_RANGES_MAX    16
#define EXO_WINDOWS_MAX   64
#define EXO_LINES_MAX     16

struct exo_disk_info {
	uint64_t blocks; /* of 4 KiB */
	uint32_t present;
	uint32_t volatile_cache; /* needs EXO_DISK_FLUSH for stability */
	uint64_t requests;       /* completed since boot, live */
	uint64_t errors;
};

struct exo_nic_info {
	uint8_t mac[6];
	uint16_t present;
	uint32_t filters; /* size of the filter pool */
	uint32_t rings;   /* that are bound to it now */
	uint64_t received;
	uint64_t unmatched;
	uint64_t dropped;
	uint64_t transmitted;
	uint64_t refused; /* by a transmit predicate */
	char device[16];
};

struct exo_hart_info {
	uint32_t hartid;
	uint32_t online;
	uint64_t environments; /* whose home it is */
	uint64_t interrupts;
	uint64_t switches;
};

struct exo_sysinfo {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t
		harts; /* EXO_HARTS_MAX at most; index into hart[] is the hart number of this ABI */
	uint64_t timebase_hz;
	uint64_t boot_time; /* `time` when the first environment started */
	uint64_t quantum_ticks;
	uint64_t ram_start; /* physical, bytes */
	uint64_t ram_bytes;
	uint64_t kernel_start; /* physical */
	uint64_t kernel_bytes;
	uint32_t isa_fp;
	uint32_t isa_sstc;
	uint32_t isa_ad; /* 1: harts set accessed and dirty bits; 0: all entries have both */
	uint32_t spare;
	struct exo_hart_info hart[EXO_HARTS_MAX];
	struct exo_disk_info disk[EXO_DISKS_MAX];
	struct exo_nic_info nic[EXO_NICS_MAX];
	char model[64];          /* of the board, from the device tree */
	uint32_t asid_bits;      /* of address space identifiers, 0: none */
	uint32_t irq_sources;    /* lines are 1 .. this; 0: no interrupt controller */
	uint64_t slot_ticks;     /* length of a position on a timeline */
	uint32_t timeline_slots; /* positions on the timeline of each hart */
	uint64_t timeline_epoch; /* `time` when slot 0 of all harts began */
};

/* The frame table, a FRAME capability of its own: one entry for each page of RAM from ram_start on,
 * live. It names what there is and who has it, never what it holds. */
struct exo_frame_info {
	uint64_t holder;     /* of a USER frame: id of the carve that bound it last */
	uint32_t references; /* page-table entries that show it */
	uint16_t pins;       /* device transfers in flight */
	uint8_t kind;        /* enum exo_frame_kind */
	uint8_t spare;
};

enum exo_frame_kind {
	EXO_FRAME_USER = 0, /* free, or memory of somebody */
	EXO_FRAME_KERNEL = 1,
	EXO_FRAME_CLEARING = 2,
	EXO_FRAME_ENV = 3, /* first frame of an object */
	EXO_FRAME_SPACE = 4,
	EXO_FRAME_TABLE = 5,
	EXO_FRAME_CSPACE = 6,
	EXO_FRAME_LEAF = 7,
	EXO_FRAME_RING = 8,
	EXO_FRAME_OBJECT = 9, /* further frames of an object */
};

#define EXO_BOOT_MAGIC     0x746f6f42746968ul
#define EXO_BOOTARGS_BYTES 1024
#define EXO_SEED_BYTES     64

/* What init finds at the address in its a0 when it starts, on a page of its own. Handles name slots
 * of init's own capability space. */
struct exo_boot {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t seed_bytes; /* 0: this board has no entropy in its device tree */
	exo_handle env;      /* init's own ENV, all rights */
	exo_handle space;
	exo_handle cspace;
	exo_handle console;     /* READ | WRITE | POWER */
	exo_handle sysinfo;     /* FRAME, read-only, one page */
	exo_handle initrd;      /* FRAME, read-only; EXO_NONE without one */
	exo_handle device_tree; /* FRAME, read-only: the tree the firmware passed */
	exo_handle frame_table; /* FRAME, read-only: struct exo_frame_info, from its start on */
	exo_handle trace;       /* FRAME, read-only: struct exo_trace and its rings */
	exo_handle code;        /* CODE: the arena of downloaded programs, whole */
	uint64_t initrd_offset; /* of the first byte in that capability's first page */
	uint64_t initrd_bytes;
	uint64_t device_tree_offset;
	uint64_t device_tree_bytes;
	exo_handle frames[EXO_RANGES_MAX];   /* FRAME: all free RAM, EXO_NONE ends */
	exo_handle blocks[EXO_DISKS_MAX];    /* BLOCK: disk n whole, else EXO_NONE */
	exo_handle packets[EXO_NICS_MAX];    /* PACKET: NIC n whole, else EXO_NONE */
	exo_handle windows[EXO_WINDOWS_MAX]; /* WINDOW: devices of nobody, EXO_NONE ends */
	exo_handle irqs[EXO_LINES_MAX];      /* IRQ: lines of nobody, EXO_NONE ends */
	exo_handle timelines[EXO_HARTS_MAX]; /* SLOT: the timeline of hart n, else EXO_NONE */
	uint32_t first_free_slot;
	uint32_t slots;       /* of init's capability space */
	uint64_t image_start; /* init's program stands at [image_start, image_end) */
	uint64_t image_end;
	uint64_t stack_end; /* sp at start */
	uint64_t uarea;
	uint8_t seed[EXO_SEED_BYTES]; /* nobody else has it; init may take it out */
	char bootargs[EXO_BOOTARGS_BYTES];
};

#endif
