/* SPDX-License-Identifier: MIT
 * window.c: which pages of device registers environments may have.
 *
 * Only registers that a node of the tree describes: some boards show their RAM at a second
 * address that no node mentions, so "everything but RAM" would be too much. Taken out again, as
 * whole pages, is what the kernel needs for itself: RAM and all that lies between its parts,
 * reservations, the controllers of interrupts, timers, caches and memory, the power switch, the
 * debug module; the caller takes out what it drives. Which of the rest can reach RAM by itself
 * (bus masters) the tree does not say: that is for init and its manifest.
 * Callers: boot, once. Pure. Everything in the tree is foreign.
 */
#include "kern/window.h"
#include "lib/base/checked.h"
#include "lib/base/fdt_kept.h"

#define PAGE        4096ul
#define ADDRESS_END (1ul << 56) /* Priv. spec 4.4: physical addresses of Sv39 */

/* Whole pages that hold [start, start + bytes); false if they cannot be. */
static bool
pages_of(uint64_t start, uint64_t bytes, struct range *r)
{
	uint64_t end;

	if (!bytes || !checked_add_u64(start, bytes, &end) || end > ADDRESS_END) {
		return false;
	}
	*r = (struct range){align_down_u64(start, PAGE), align_up_u64(end, PAGE)};
	return true;
}

static void
append(struct windows *w, struct range r)
{
	if (w->count == EXO_WINDOWS_MAX) {
		w->overflowed = true;
	} else {
		w->range[w->count++] = r;
	}
}

/* Together with those that it touches. */
static void
add(struct windows *w, struct range r)
{
	for (uint32_t i = 0; i < w->count;) {
		const struct range *x = &w->range[i];

		if (r.start > x->end || r.end < x->start) {
			i++;
			continue;
		}
		r.start = r.start < x->start ? r.start : x->start;
		r.end = r.end > x->end ? r.end : x->end;
		w->range[i] = w->range[--w->count];
		i = 0;
	}
	append(w, r);
}

static void
take_out(struct windows *w, struct range r)
{
	for (uint32_t i = 0; i < w->count;) {
		struct range x = w->range[i];

		if (r.start >= x.end || r.end <= x.start) {
			i++;
			continue;
		}
		w->range[i] = w->range[--w->count];
		if (x.start < r.start) {
			append(w, (struct range){x.start, r.start});
		}
		if (r.end < x.end) {
			append(w, (struct range){r.end, x.end});
		}
	}
}

static bool
is_listed(const struct windows_kept *kept, int node)
{
	for (uint32_t i = 0; i < kept->count; i++) {
		if (kept->node[i] == node) {
			return true;
		}
	}
	return false;
}

/* Does the kernel keep this node, one that has registers? */
static bool
is_kept(const struct machine *m, const struct windows_kept *kept, int node, bool is_reservation)
{
	return is_reservation || is_listed(kept, node) || node == m->plic ||
	       machine_is_memory(&m->tree, node) || fdt_compatible_any(&m->tree, node, fdt_kept);
}

/* The registers of one node. One that pages_of refuses reaches beyond all addresses. */
static void
add_node(struct windows *w, const struct fdt *f, const int *path, int count)
{
	uint64_t start, bytes;
	struct range r;

	for (uint32_t i = 0; fdt_reg_on(f, path, count, i, &start, &bytes) == 0; i++) {
		if (pages_of(start, bytes, &r)) {
			add(w, r);
		} else if (bytes && start < ADDRESS_END) {
			add(w, (struct range){align_down_u64(start, PAGE), ADDRESS_END});
		}
	}
}

/* Those of all devices go to `all`, those that the kernel keeps to `keep`. */
static void
add_devices(struct windows *all, struct windows *keep, const struct machine *m,
	    const struct windows_kept *kept)
{
	const struct fdt *f = &m->tree;
	int reservations = fdt_path(f, "/reserved-memory");
	int path[FDT_DEPTH_MAX];
	int depth = 0;

	for (int node = f->root; node >= 0; node = fdt_walk(f, node, &depth)) {
		path[depth] = node;
		if (!fdt_prop(f, node, "reg", NULL)) {
			continue;
		}
		if (is_kept(m, kept, node, depth && path[depth - 1] == reservations)) {
			add_node(keep, f, path, depth + 1);
		} else if (fdt_status_ok(f, node)) {
			add_node(all, f, path, depth + 1);
		}
	}
}

void
windows_find(struct windows *w, const struct machine *m, const struct windows_kept *kept)
{
	struct windows keep = {.count = 0};
	uint64_t start, bytes;
	struct range r;

	*w = keep;
	add_devices(w, &keep, m, kept);
	for (uint32_t i = 0; fdt_reservation(&m->tree, i, &start, &bytes); i++) {
		if (pages_of(start, bytes, &r)) {
			add(&keep, r);
		}
	}
	add(&keep, (struct range){m->ram_start, m->ram_end});
	for (uint32_t i = 0; i < keep.count; i++) {
		take_out(w, keep.range[i]);
	}
	if (keep.overflowed) { /* some of it may be the kernel's */
		*w = (struct windows){.overflowed = true};
	}
}
