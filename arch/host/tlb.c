/* SPDX-License-Identifier: MIT
 * tlb.c: what harts remember of page tables, on a workstation, see tlb.h; and the accesses to user
 * memory that go through it. Hardware sets A and D here, or
 * faults where one is missing (host_ad_set). Priv. spec 4.2.1, 4.3.
 *
 * State: per hart satp and what it remembers.
 */
#include "arch/host/tlb.h"

#include <exo/errors.h>
#include <exo/types.h>

#include "arch/arch.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define LEAVES     256
#define TABLES     32
#define PAGES      4096 /* of RAM whose instructions are remembered */
#define ASID_BITS  3    /* few, so that they are used again and run out */
#define SATP_PAGES ((1ul << 44) - 1)

struct remembered {
	bool valid;
	uint32_t asid;
	uint32_t level;
	uint64_t address; /* of the first byte it translates */
	uint64_t entry;
	uint64_t owner;
};

static struct {
	struct {
		uint64_t satp;
		struct remembered leaf[LEAVES];
		struct remembered table[TABLES];
		uint64_t instructions[PAGES]; /* owner when they were fetched, 0: not remembered */
	} hart[HOST_HARTS];
	uint64_t (*owner)(uint64_t page);
} tlb;

static uint32_t
asid_of(uint32_t hart)
{
	return (uint32_t)(tlb.hart[hart].satp >> 44 & 0xffff);
}

static uint64_t
span_of(uint32_t level)
{
	return 1ul << (12 + 9 * level);
}

static uint64_t
owner_of(uint64_t page)
{
	return tlb.owner && host_ram_contains(page << PAGE_SHIFT, 1) ? tlb.owner(page) : 0;
}

static uint64_t *
entry_in(uint64_t table_page, uint64_t address, uint32_t level)
{
	uint64_t *table = host_ram_at(table_page << PAGE_SHIFT);

	return &table[address >> (12 + 9 * level) & 511];
}

/* The entry that ends the walk, in *level; NULL if there is no valid one. */
static uint64_t *
walk(uint64_t satp, uint64_t address, uint32_t *level)
{
	uint64_t page = satp & SATP_PAGES;

	if (!satp || address >= EXO_USER_END) {
		return NULL;
	}
	for (*level = 2;; --*level) {
		uint64_t *entry = entry_in(page, address, *level);

		if (!(*entry & PTE_V)) {
			return NULL;
		}
		if (*entry & (PTE_R | PTE_X)) {
			return entry;
		}
		if (!*level) {
			return NULL; /* V alone: a page that always faults */
		}
		page = pte_page(*entry);
	}
}

/* The page of the level 0 table for an address, 0 without one. */
static uint64_t
table_for(uint64_t satp, uint64_t address)
{
	uint64_t page = satp & SATP_PAGES;

	for (uint32_t level = 2; level > 0; level--) {
		uint64_t entry = satp ? *entry_in(page, address, level) : 0;

		if (!pte_is_table(entry)) {
			return 0;
		}
		page = pte_page(entry);
	}
	return page;
}

static struct remembered *
place(uint32_t hart, uint64_t address, bool table)
{
	return table ? &tlb.hart[hart].table[(address >> 21) % TABLES]
		     : &tlb.hart[hart].leaf[(address >> 12 ^ address >> 21) % LEAVES];
}

static bool
covers(const struct remembered *r, uint32_t asid, uint64_t address)
{
	return r->valid && r->asid == asid && address - r->address < span_of(r->level);
}

static struct remembered *
recall(uint32_t hart, uint64_t address, bool table)
{
	struct remembered *r = place(hart, address, table);

	if (covers(r, asid_of(hart), address)) {
		return r;
	}
	for (uint32_t i = 0; !table && i < LEAVES; i++) {
		r = &tlb.hart[hart].leaf[i];
		if (r->level && covers(r, asid_of(hart), address)) {
			return r;
		}
	}
	return NULL;
}

static void
remember(uint32_t hart, uint64_t address, bool table, uint32_t level, uint64_t entry)
{
	*place(hart, address, table) = (struct remembered){
		.valid = true,
		.asid = asid_of(hart),
		.level = level,
		.address = align_down_u64(address, span_of(level)),
		.entry = entry,
		.owner = owner_of(pte_page(entry)),
	};
}

/* The entry for an address as the hart finds it: by a table it remembers, or from the root. */
static uint64_t *
look_up(uint32_t hart, uint64_t address, uint32_t *level)
{
	const struct remembered *table = recall(hart, address, true);
	uint64_t page = table_for(tlb.hart[hart].satp, address);
	uint64_t *entry;

	if (!table) {
		if (page) {
			remember(hart, address, true, 1, page << PTE_PAGE_SHIFT | PTE_V);
		}
		return walk(tlb.hart[hart].satp, address, level);
	}
	*level = 0;
	entry = entry_in(pte_page(table->entry), address, 0);
	return *entry & PTE_V && *entry & (PTE_R | PTE_X) ? entry : NULL;
}

static bool
allows(uint64_t entry, enum tlb_access access)
{
	return entry & access && entry & PTE_U;
}

uint64_t
tlb_translate(uint32_t hart, uint64_t address, enum tlb_access access)
{
	uint64_t mark = PTE_A | (access == TLB_STORE ? PTE_D : 0);
	const struct remembered *r = address < EXO_USER_END ? recall(hart, address, false) : NULL;
	uint32_t level;
	uint64_t *entry;

	if (!r || (allows(r->entry, access) && (r->entry & mark) != mark)) {
		entry = address < EXO_USER_END ? look_up(hart, address, &level) : NULL;
		if (!entry || !allows(*entry, access) ||
		    (!arch_has_ad() && (*entry & mark) != mark)) {
			return 0;
		}
		*entry |= mark;
		remember(hart, address, false, level, *entry);
		r = recall(hart, address, false);
	}
	if (!allows(r->entry, access)) {
		return 0;
	}
	address = (pte_page(r->entry) << PAGE_SHIFT) + (address - r->address);
	if (access == TLB_FETCH && host_ram_contains(address, 1)) {
		uint64_t page = address >> PAGE_SHIFT;
		uint64_t *fetched =
			&tlb.hart[hart].instructions[host_ram_index(page << PAGE_SHIFT) % PAGES];

		*fetched = *fetched ? *fetched : owner_of(page);
	}
	return address;
}

void
tlb_speculate(uint32_t hart, uint64_t address)
{
	uint32_t level;
	const uint64_t *entry = address < EXO_USER_END ? look_up(hart, address, &level) : NULL;

	/* without A it is not remembered */
	if (entry && *entry & PTE_A) {
		remember(hart, address, false, level, *entry);
	}
}

static bool
is_fenced(const struct remembered *r, const struct arch_fence *f, bool table)
{
	if (f->asid && f->asid != r->asid) {
		return false;
	}
	/* an address orders only what is read of the entry that ends the walk */
	return !f->pages || (!table && range_overlaps(r->address, span_of(r->level), f->address,
						      f->pages << PAGE_SHIFT));
}

void
tlb_forget(uint32_t hart, const struct arch_fence *f)
{
	for (uint32_t i = 0; i < LEAVES; i++) {
		tlb.hart[hart].leaf[i].valid &= !is_fenced(&tlb.hart[hart].leaf[i], f, false);
	}
	for (uint32_t i = 0; i < TABLES; i++) {
		tlb.hart[hart].table[i].valid &= !is_fenced(&tlb.hart[hart].table[i], f, true);
	}
}

void
arch_fence_some(const struct arch_fence *f)
{
	tlb_forget(host_hart(), f);
}

void
tlb_forget_all(uint32_t hart)
{
	memset(tlb.hart[hart].leaf, 0, sizeof(tlb.hart[hart].leaf));
	memset(tlb.hart[hart].table, 0, sizeof(tlb.hart[hart].table));
}

void
tlb_forget_instructions(uint32_t hart)
{
	memset(tlb.hart[hart].instructions, 0, sizeof(tlb.hart[hart].instructions));
}

uint64_t
tlb_satp(uint32_t hart)
{
	return tlb.hart[hart].satp;
}

void
tlb_owner_set(uint64_t (*owner)(uint64_t page))
{
	tlb.owner = owner;
}

/* Does memory still say at least what is remembered? */
static bool
holds_still(uint32_t hart, const struct remembered *r)
{
	uint64_t satp = tlb.hart[hart].satp;
	uint32_t level;
	const uint64_t *entry;

	entry = walk(satp, r->address, &level);
	return entry && level == r->level && pte_page(*entry) == pte_page(r->entry) &&
	       !(r->entry & ~*entry & (PTE_RWX | PTE_U));
}

bool
tlb_stale(uint32_t hart, uint32_t *from, struct tlb_stale *found)
{
	for (; *from < LEAVES + TABLES; ++*from) {
		bool table = *from >= LEAVES;
		const struct remembered *r =
			table ? &tlb.hart[hart].table[*from - LEAVES] : &tlb.hart[hart].leaf[*from];

		if (!r->valid || r->asid != asid_of(hart) || !tlb.hart[hart].satp ||
		    (table ? table_for(tlb.hart[hart].satp, r->address) == pte_page(r->entry)
			   : holds_still(hart, r))) {
			continue;
		}
		*found = (struct tlb_stale){r->address, pte_page(r->entry), r->owner, table};
		++*from;
		return true;
	}
	return false;
}

bool
tlb_stale_instructions(uint32_t hart, uint64_t page)
{
	uint64_t fetched = tlb.hart[hart].instructions[host_ram_index(page << PAGE_SHIFT) % PAGES];

	return fetched && fetched != owner_of(page);
}

/* --- the contract ------------------------------------------------------------------------- */
void
arch_map_kernel(uint64_t ram_start, uint64_t ram_bytes, uint32_t harts, arch_page_source pages)
{
	(void)ram_start;
	(void)ram_bytes;
	(void)harts;
	(void)pages;
}

uintptr_t
arch_map_registers(uint64_t physical, uint64_t bytes)
{
	(void)bytes;
	return physical;
}

void
arch_code_area(void *memory, uint64_t pages)
{
	(void)memory;
	(void)pages;
}

void
arch_code_seal(void *page, bool is_sealed)
{
	(void)page;
	(void)is_sealed;
}

void
arch_root_init(uint64_t *root)
{
	memset(root, 0, PAGE_SIZE);
}

uint64_t
arch_satp(uint64_t root_physical, uint32_t asid)
{
	return SATP_SV39 | SATP_ASID(asid) | root_physical >> PAGE_SHIFT;
}

uint32_t
arch_asid_bits(void)
{
	return ASID_BITS;
}

static void
change_satp(uint64_t satp, bool nameless)
{
	tlb.hart[host_hart()].satp = satp;
	if (nameless) {
		arch_fence_all();
	}
}

void
arch_space_enter(const struct arch_env *a)
{
	if (tlb.hart[host_hart()].satp != a->satp) {
		change_satp(a->satp, !(a->satp & SATP_ASID_MASK));
	}
}

void
arch_space_leave(void)
{
	change_satp(0, !asid_of(host_hart()));
}

/* Call move() for each page of user memory from `address` on. 0 or E_FAULT. */
static int
each_page(uint64_t address, size_t bytes, enum tlb_access access, uint8_t *mine,
	  void (*move)(uint8_t *user, uint8_t *mine, size_t bytes))
{
	if (!range_within(address, bytes, EXO_USER_END)) {
		return E_FAULT;
	}
	while (bytes) {
		uint64_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));
		size_t n = bytes < left ? bytes : left;
		uint64_t physical = tlb_translate(host_hart(), address, access);

		if (!physical || !host_ram_contains(physical, n)) {
			return E_FAULT;
		}
		move(host_ram_at(physical), mine, n);
		address += n;
		mine += n;
		bytes -= n;
	}
	return 0;
}

static void
move_in(uint8_t *user, uint8_t *mine, size_t bytes)
{
	memcpy(mine, user, bytes);
}

static void
move_out(uint8_t *user, uint8_t *mine, size_t bytes)
{
	memcpy(user, mine, bytes);
}

int
arch_copy_in(void *to, struct uaddr from, size_t bytes)
{
	return each_page(from.value, bytes, TLB_LOAD, to, move_in);
}

int
arch_copy_out(struct uaddr to, const void *from, size_t bytes)
{
	return each_page(to.value, bytes, TLB_STORE, (uint8_t *)from, move_out);
}
