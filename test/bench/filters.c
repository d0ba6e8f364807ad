/* SPDX-License-Identifier: MIT
 * filters.c: what a packet costs among many filters (classify_N), and what the system calls cost
 * that carve or drop one more (filter_change_1000).
 *
 * The filters want a TCP packet that is no fragment, and differ in address and port. To classify,
 * the kernel's own trie and the code that its own compiler makes of it are called in user space, so
 * that nothing else stands between the markers; for the changes the filters are capabilities.
 */
#include <string.h>

#include "kern/net/shape.h"
#include "kern/net/trie_node.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/model/services.h"

#define FILTERS      10000
#define TURNS_OF_TEN 100
#define CHANGED      1000 /* filters that there are besides the one that comes and goes */
#define CHANGES      100
#define MEMORY_BYTES (4ul << 20)
#define CODE_PAGES   16 /* a shape each */
#define PACKET_BYTES 60

typedef struct trie_hit *step_code(const uint8_t *base, const uint8_t *end, struct trie_node *node,
				   struct trie_hit *hits);

static struct {
	_Alignas(64) uint8_t memory[MEMORY_BYTES];
	_Alignas(8) uint8_t room[8 + PACKET_BYTES];
	struct slab slab;
	struct shapes shapes;
	struct trie_store store;
	struct trie trie;
	struct trie_filter filter[FILTERS];
	struct exo_pages code;
	uint64_t code_runs_at; /* the same pages, executable */
} rig;

/* The packet of filter i. */
static const uint8_t *
packet(uint32_t i)
{
	uint8_t *p = rig.room + FRAME_SKEW;

	service_packet(i, p, PACKET_BYTES);
	return p;
}

/* --- classify ----------------------------------------------------------------------------- */
/* As nic_step in kern/net/shapes.c: nodes that were made before their shape had code find it. */
static struct trie_hit *
find_code(const uint8_t *base, const uint8_t *end, struct trie_node *node, struct trie_hit *hits)
{
	node->code = shape_code(&rig.shapes, node);
	return node->code == (uintptr_t)find_code
		       ? trie_step(base, end, node, hits)
		       : ((step_code *)(uintptr_t)node->code)(base, end, node, hits);
}

static void
compile_all(void)
{
	uint32_t i;

	while ((i = shape_wanted(&rig.shapes)) != SHAPE_NONE) {
		must("pages for shapes", i < CODE_PAGES ? 0 : E_NOSPACE);
		must("compile", arch_filter_compile(&rig.shapes.shape[i].what,
						    (uint32_t *)((uint8_t *)rig.code.memory +
								 i * EXO_PAGE_SIZE),
						    EXO_PAGE_SIZE));
		shape_compiled(&rig.shapes, i, rig.code_runs_at + i * EXO_PAGE_SIZE);
	}
	must("fence_i", exo_fence_i());
}

static void
insert(uint32_t i)
{
	struct exo_atom atoms[SERVICE_ATOMS];
	struct canon c;

	service_atoms(i, atoms);
	must("canon", canon_make(&c, NULL, 0, atoms, SERVICE_ATOMS));
	must("apart", trie_in_the_way(&rig.trie, &c, 100, NULL, NULL) ? E_TAKEN : 0);
	must("insert", trie_insert_whole(&rig.store, &rig.trie, &c, &rig.filter[i]));
}

static void
check(uint32_t i, uint32_t count, const struct trie_hit *hit)
{
	must("the packet's filter",
	     count == 1 && trie_filters(hit->node) == &rig.filter[i] ? 0 : E_STATE);
}

/* Code that returns at once: what the call by itself costs, and the way back. */
__asm__(".text\n .align 2\nreturns:\n ret\n");
extern step_code returns;

static void
call_nothing(void)
{
	static struct trie_node node;
	struct trie_node *root = &node;
	struct trie_hit hits[TRIE_HITS_MAX];
	const uint8_t *p = packet(0);

	root->code = (uintptr_t)returns;
	__asm__("" : "+r"(root), "+r"(p) : : "memory");
	for (int i = 0; i < 20; i++) {
		BEGIN(OP_CLASSIFY_NOTHING);
		((step_code *)(uintptr_t)root->code)(p, p + PACKET_BYTES, root, hits);
		END(OP_CLASSIFY_NOTHING);
	}
}

/* Between the markers is a call of the code of the trie's root. */
#define CLASSIFY(op, filters)                                                                      \
	for (uint32_t n = 0; n < (filters); n++) {                                                 \
		struct trie_hit hits[TRIE_HITS_MAX];                                               \
		const uint8_t *p = packet(n);                                                      \
		struct trie_node *root = rig.trie.root;                                            \
		struct trie_hit *behind;                                                           \
                                                                                                   \
		check(n, trie_run(&rig.trie, p, p + PACKET_BYTES, hits), hits);                    \
		/* all nodes on the way have their code now */                                     \
		must("the root's code", root->code != (uintptr_t)find_code ? 0 : E_STATE);         \
		BEGIN(op);                                                                         \
		behind = ((step_code *)(uintptr_t)root->code)(p, p + PACKET_BYTES, root, hits);    \
		END(op);                                                                           \
		check(n, (uint32_t)(behind - hits), hits);                                         \
	}

/* Ten filters have no average: by luck their multipliers let all of them stand where they belong,
 * or none. So a few times ten, each time others. */
static void
classify_ten(void)
{
	for (uint32_t turn = 0; turn < TURNS_OF_TEN; turn++) {
		rig.store.seed = turn + 1;
		for (uint32_t i = 0; i < 10; i++) {
			insert(i);
		}
		compile_all();
		CLASSIFY(OP_CLASSIFY_10, 10);
		for (uint32_t i = 0; i < 10; i++) {
			trie_remove(&rig.store, &rig.trie, &rig.filter[i]);
		}
	}
}

static void
classify(void)
{
	must("pages", exo_pages_make(&rig.code, CODE_PAGES));
	must("map", exo_vm_map(exo_own_vm(), rig.code.frames, 0, CODE_PAGES, EXO_READ | EXO_EXEC,
			       &rig.code_runs_at));
	slab_init(&rig.slab, rig.memory, sizeof(rig.memory));
	shapes_init(&rig.shapes, (uintptr_t)find_code);
	rig.store = (struct trie_store){&rig.slab, &rig.shapes, 7};
	classify_ten();
	for (uint32_t i = 0; i < FILTERS; i++) {
		insert(i);
		compile_all();
		if (i + 1 == 1000) {
			CLASSIFY(OP_CLASSIFY_1000, 1000);
		}
	}
	CLASSIFY(OP_CLASSIFY_10000, FILTERS);
}

/* --- change ------------------------------------------------------------------------------- */
static void
prepare(uint32_t i, struct exo_filter *filter)
{
	*filter = (struct exo_filter){.receive_atoms = SERVICE_ATOMS};
	service_atoms(i, filter->atoms);
}

static void
change(void)
{
	exo_handle all = exo_boot()->packets[EXO_NIC_LOOP];
	uint32_t slot = (uint32_t)must("slot", exo_slot_take());
	struct exo_filter filter;
	int64_t made, error;

	for (uint32_t i = 0; i < CHANGED; i++) {
		prepare(i, &filter);
		must("carve", exo_carve(all, (uint32_t)must("slot", exo_slot_take()),
					(uint64_t)&filter, 0, EXO_PACKET_RECEIVE, 0));
	}
	for (uint32_t i = 0; i < CHANGES; i++) {
		prepare(CHANGED + 37 * i, &filter);
		BEGIN(OP_FILTER_INSERT);
		made = exo_carve(all, slot, (uint64_t)&filter, 0, EXO_PACKET_RECEIVE, 0);
		END(OP_FILTER_INSERT);
		must("carve one more", made);
		BEGIN(OP_FILTER_REMOVE);
		error = exo_drop((exo_handle)made, 0, 0);
		END(OP_FILTER_REMOVE);
		must("drop it", error);
	}
}

int
main(void)
{
	bench_empty();
	call_nothing();
	classify();
	change();
	return bench_end();
}
