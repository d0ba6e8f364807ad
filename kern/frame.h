/* SPDX-License-Identifier: MIT
 * frame.h: the frame table: one 16-byte entry for each page of RAM, from the RAM base on.
 *
 * `holder` is the carve id of the capability family that bound the frame last; a bind under
 * another id clears the frame first. Only frames of kind FRAME_USER and FRAME_CLEARING can be
 * mapped writable; every other kind holds kernel state.
 */
#ifndef KERN_FRAME_H
#define KERN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum frame_kind {
	FRAME_USER = 0, /* free or user data */
	FRAME_KERNEL,   /* never in any capability that can be written */
	FRAME_CLEARING, /* being zeroed by whoever binds it; others restart */
	FRAME_ENV,      /* first frame of an object; the further ones are FRAME_OBJECT */
	FRAME_SPACE,
	FRAME_TABLE,
	FRAME_CSPACE,
	FRAME_LEAF,
	FRAME_RING,
	FRAME_OBJECT,
};

#define FRAME_HOLDER_NONE 0ul /* no capability has this carve id: whoever binds next clears */
#define FRAME_HOLDER_LINK (1ul << 63) /* nor one with this bit: a dead object, see object.c */
/* Nor these. A page table has come apart here and nobody has had the frame since: all its entries
 * are 0, or those of a new root. The next one is created without clearing. */
#define FRAME_HOLDER_TABLE (FRAME_HOLDER_LINK + 1)
#define FRAME_HOLDER_ROOT  (FRAME_HOLDER_LINK + 2)

struct frame {
	uint64_t holder;
	union {
		struct {
			uint32_t references; /* live page-table entries and other bindings of it */
			uint16_t pins;       /* device transfers in flight */
			uint8_t kind;        /* enum frame_kind */
			uint8_t spare;       /* means something to some kinds; 0 when the kind is
						set. USER: see FRAME_UNIT_GROUPS and FRAME_CODE */
		};
		uint64_t state; /* all of these */
	};
};
_Static_assert(sizeof(struct frame) == 16, "frame table entry");

/* An aligned unit of 2 MiB, the size of a megapage. While `spare` of its first frame, of kind
 * USER, is n (without FRAME_CODE), its first n groups have that frame's holder and are USER, too;
 * whoever changes that makes it 0. A megapage counts in the first frame's references only. */
#define FRAME_UNIT_PAGES  512ul
#define FRAME_GROUP_PAGES 8ul
#define FRAME_UNIT_GROUPS 64u

/* In `spare`: every hart has executed fence.i for it since its holder became the holder. */
#define FRAME_CODE           0x80u

#define FRAME_REFERENCES_MAX 0x7fffffffu
#define FRAME_PINS_MAX       0x7fffu

struct captree;

/* True if [page, page + count) is RAM that the table covers. */
bool frame_range_ok(const struct captree *t, uint64_t page, uint64_t count);

/* Pin for a device / release. frame_pin returns 0 or E_LIMIT. */
int frame_pin(struct captree *t, uint64_t page, uint64_t count);
void frame_unpin(struct captree *t, uint64_t page, uint64_t count);

/* `page` and the one before it no longer are one capability's: if they lie in one unit, it is no
 * longer all one holder's to map. */
void frame_divide(struct captree *t, uint64_t page);

/* Of the aligned unit whose first frame is `unit`. */
static inline uint32_t
frame_groups(const struct frame *unit)
{
	return unit->spare & ~FRAME_CODE;
}

/* frame_at, frame_unit, frame_mix, frame_in_megapage, frame_idle, frame_become stand in cap.h. */

/* Set FRAME_CODE where `holder` is the holder / how many from the first on have it. */
void frame_mark_code(struct captree *t, uint64_t page, uint64_t count, uint64_t holder);
uint64_t frame_code_run(const struct frame *first, uint64_t count);

/* Not pinned, not bound, of kind USER: one comparison. */
static inline bool
frame_is_unused(const struct frame *f)
{
	return !(f->state << 8); /* all but `spare` */
}

/* Give kind and holder to a run of frames. */
void frame_set(struct captree *t, uint64_t page, uint64_t count, enum frame_kind kind,
	       uint64_t holder);

#endif
