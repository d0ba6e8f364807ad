/* SPDX-License-Identifier: MIT
 * manifest.h: what the manifest says, as structs; docs/manifest.md is its grammar.
 *
 * A manifest is a device tree node; each of its children is one environment, each property of
 * those a demand. The host build and init call the same two functions: manifest_parse (grammar
 * and numbers) and manifest_plan (plan.h: what the machine has, who collides with whom). Both
 * stop at the first thing that is wrong, with a sentence that names the node, the property and
 * the remedy. Names and arguments point into the tree, which must stay in place. No allocation.
 */
#ifndef LIB_MANIFEST_MANIFEST_H
#define LIB_MANIFEST_MANIFEST_H

#include <exo/atom.h>
#include <exo/sysinfo.h>

#include "lib/base/fdt.h"
#include "lib/pcap/lower.h"

#define MANIFEST_ENVS_MAX       32
#define MANIFEST_NAME_MAX       31    /* characters of an environment's name */
#define MANIFEST_EXTENTS_MAX    4     /* of blocks, of one environment */
#define MANIFEST_SLOTS_MAX      8     /* entries of slots, of one environment */
#define MANIFEST_TIMELINE_MAX   4096  /* positions that a kernel can be built for */
#define MANIFEST_DEVICES_MAX    16    /* ranges of registers, and lines, of one environment */
#define MANIFEST_PACKETS_MAX    4     /* PACKET capabilities of one environment */
#define MANIFEST_FILTERS_MAX    48    /* to receive with, of all environments */
#define MANIFEST_EXPRESSION_MAX 32    /* filters of an expression, while it is read */
#define MANIFEST_ARGS_MAX       16    /* strings of args, and of values */
#define MANIFEST_CODE_MAX       65536 /* pages of code that a kernel can be built for */
#define MANIFEST_SENTENCE_BYTES 384
#define MANIFEST_CSPACE_SLOTS   128 /* where cspace-slots is not given */
#define MANIFEST_RESTART_ALWAYS UINT32_MAX
#define MANIFEST_NO_NIC         UINT32_MAX
#define MANIFEST_INIT           "init" /* the supervisor where none is named */

/* Pages, [first, first + count). */
struct manifest_range {
	uint64_t first;
	uint64_t count;
};

struct manifest_extent {
	uint32_t disk;
	uint64_t first; /* 4 KiB block */
	uint64_t count; /* before manifest_plan, 0 for the rest of the disk */
};

/* Positions first, first + step, ... of the home hart's timeline. */
struct manifest_slots {
	uint32_t first;
	uint32_t step;
	uint32_t count;
};

/* Registers of a device. */
struct manifest_window {
	struct manifest_range pages;
	uint64_t address; /* physical, of the first register */
};

/* A conjunction; without atoms it lets every packet through. */
struct manifest_filter {
	bool is_given;
	uint32_t count;
	struct exo_atom atoms[EXO_ATOMS_MAX];
};

/* A list of strings as the tree holds it: each ends with a 0 byte. */
struct manifest_strings {
	const char *at;
	uint32_t bytes;
	uint32_t count;
};

/* The rights on the console: the bits of exo/types.h. */
struct manifest_env {
	const char *name;
	const char *program;
	const char *libos;      /* "" where not given */
	const char *supervisor; /* MANIFEST_INIT, or the name of another environment */
	struct manifest_strings args;
	struct manifest_strings values; /* "key=value", for the program to ask by name */
	struct manifest_range
		frames; /* its pages; before manifest_plan, first is 0 for "anywhere" */
	uint32_t hart;  /* its home */
	struct manifest_slots slots[MANIFEST_SLOTS_MAX];
	uint32_t slot_count; /* entries */
	bool takes_slack;
	bool is_quiet;
	uint32_t console_rights;
	uint32_t cspace_slots;
	uint32_t restarts; /* how often it is started again; MANIFEST_RESTART_ALWAYS */
	struct manifest_extent extents[MANIFEST_EXTENTS_MAX];
	uint32_t extent_count;
	uint32_t nic;                    /* or MANIFEST_NO_NIC */
	uint32_t filters;                /* how many filters it may derive itself */
	struct manifest_filter *receive; /* packets that nobody else gets; of manifest.filter[] */
	uint32_t receive_count;
	bool is_expression; /* they come from `filter`, not from filter-receive */
	struct manifest_filter transmit;
	struct manifest_filter shared; /* group-addressed packets, each listener gets a copy */
	struct manifest_filter *tap;   /* copies of what others get, or a null pointer */
	struct manifest_range code;    /* pages of the code arena; first: from manifest_plan */
	struct manifest_strings window_names; /* devices: "sifive,gpio0", "ns16550a@10000000" */
	struct manifest_strings line_names;
	bool is_dma_trusted;
	bool has_frame_table; /* it may read the kernel's */
	bool publishes_clock; /* it writes the clock page */
	bool is_monitor;      /* it watches all, and has the console */
	bool has_trace;       /* it may read the kernel's */
	struct manifest_window windows[MANIFEST_DEVICES_MAX]; /* from manifest_plan */
	uint32_t lines[MANIFEST_DEVICES_MAX];
	uint32_t window_count;
	uint32_t line_count;
};

struct manifest {
	uint32_t count;
	struct manifest_env env[MANIFEST_ENVS_MAX];
	struct manifest_filter filter[MANIFEST_FILTERS_MAX]; /* to receive with */
	uint32_t filter_count;
	struct pcap_filter pcap[MANIFEST_EXPRESSION_MAX]; /* room to read an expression in */
	struct pcap_lowered lowered;
};

/* What there is to hand out. manifest_machine_any is one that has everything the ABI can name. */
struct manifest_machine {
	uint32_t harts;
	struct manifest_range free[EXO_RANGES_MAX]; /* RAM, in ascending order */
	uint32_t free_count;
	uint64_t disk_blocks[EXO_DISKS_MAX]; /* 0: no such disk */
	bool has_nic[EXO_NICS_MAX];
	uint8_t mac[EXO_NICS_MAX][6];
	uint32_t filters[EXO_NICS_MAX];                 /* size of the NIC's filter pool */
	struct manifest_range code;                     /* pages of the code arena */
	uint32_t timeline_slots;                        /* positions on the timeline of each hart */
	bool has_every_device;                          /* so nothing below is looked at */
	const struct fdt *devices;                      /* the tree that describes them */
	struct manifest_range windows[EXO_WINDOWS_MAX]; /* pages of registers to be had */
	uint32_t window_count;
	struct manifest_range lines[EXO_LINES_MAX];
	uint32_t line_count;
};

struct manifest_refusal {
	char sentence[MANIFEST_SENTENCE_BYTES];
};

/* For checks that must not depend on one machine; its NICs have the addresses that QEMU gives. */
void manifest_machine_any(struct manifest_machine *machine);

/* Reads the environments that are the children of `node`. `machine` is asked only for the
 * addresses of its NICs. 0, or E_INVAL with the sentence. */
int manifest_parse(struct manifest *manifest, const struct fdt *fdt, int node,
		   const struct manifest_machine *machine, struct manifest_refusal *refusal);

/* The environment called `name`, or a null pointer. */
const struct manifest_env *manifest_find(const struct manifest *manifest, const char *name);

/* String `index` of a list, which must have that many. */
const char *manifest_string(const struct manifest_strings *strings, uint32_t index);

/* Writes the sentence "ENV: PROPERTY: ..." (without PROPERTY if it is a null pointer) and returns
 * E_INVAL. For all who find a demand that cannot be met. */
int manifest_refuse(struct manifest_refusal *refusal, const char *env, const char *property,
		    const char *text, ...) __attribute__((format(printf, 4, 5)));

#endif
