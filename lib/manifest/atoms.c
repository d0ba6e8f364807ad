/* SPDX-License-Identifier: MIT
 * atoms.c: packet filters as the manifest writes them, and whether two of them can meet.
 *
 * The reader goes over the text once, left to right, and never behind its final 0 byte. What it
 * accepts the kernel accepts: widths, masks that are not 0, values inside their mask.
 */
#include "lib/manifest/atoms.h"

#include <exo/errors.h>

#include "lib/base/print.h"
#include "lib/base/string.h"

#define MAC_BYTES  6
#define OFFSET_MAX 1514 /* no frame is longer */
#define SCALE_MAX  8

const struct exo_atom atoms_group = {
	.kind = EXO_ATOM_COMPARE,
	.width = 1,
	.mask = 0x01,
	.value = 0x01,
};

struct load {
	uint64_t offset;
	uint64_t width;
	uint64_t mask;
};

static void
skip_blanks(const char **at)
{
	while (**at == ' ') {
		++*at;
	}
}

/* Steps over the mark if it comes next. */
static bool
take(const char **at, const char *mark)
{
	size_t length = strlen(mark);

	skip_blanks(at);
	if (strncmp(*at, mark, length)) {
		return false;
	}
	*at += length;
	skip_blanks(at);
	return true;
}

/* The value of a digit in this base, or -1. */
static int
digit(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9') {
		value = c - '0';
	} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
		value = (c | 0x20) - 'a' + 10;
	}
	return value < (int)base ? value : -1;
}

static bool
take_number(const char **at, uint64_t *number)
{
	unsigned base = take(at, "0x") ? 16 : 10;
	const char *from = *at;

	*number = 0;
	for (int value; (value = digit(**at, base)) >= 0; ++*at) {
		if (__builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, (unsigned)value, number)) {
			return false;
		}
	}
	return *at > from;
}

/* Six pairs of hexadecimal digits with a colon between them. */
static bool
take_mac(const char **at, uint64_t *number)
{
	*number = 0;
	for (int byte = 0; byte < MAC_BYTES; byte++) {
		if (byte && *(*at)++ != ':') {
			return false;
		}
		for (int half = 0; half < 2; half++) {
			int value = digit(**at, 16);

			if (value < 0) {
				return false;
			}
			*number = *number << 4 | (unsigned)value;
			++*at;
		}
	}
	return true;
}

static bool
take_value(const char **at, const struct load *load, const uint8_t mac[MAC_BYTES], uint64_t *number)
{
	const char *from = *at;

	if (load->width == MAC_BYTES && take(at, "nic")) {
		*number = 0;
		for (int byte = 0; byte < MAC_BYTES; byte++) {
			*number = *number << 8 | mac[byte];
		}
		return true;
	}
	if (load->width == MAC_BYTES && take_mac(at, number)) {
		return true;
	}
	*at = from;
	return take_number(at, number);
}

static uint64_t
width_mask(uint64_t width)
{
	return width == 8 ? UINT64_MAX : (1ull << width * 8) - 1;
}

static const char *
take_load(const char **at, struct load *load)
{
	if (!take_number(at, &load->offset) || !take(at, ":") || !take_number(at, &load->width)) {
		return "it does not begin with OFFSET:WIDTH, as 12:2=0x0800 does; the syntax of "
		       "tcpdump is for filter";
	}
	if (load->width != 6 &&
	    (load->width > 8 || !load->width || (load->width & (load->width - 1)))) {
		return "the width is none of 1, 2, 4, 6, 8 bytes";
	}
	if (load->offset + load->width > OFFSET_MAX || load->offset > OFFSET_MAX) {
		return "the offset is behind the end of the longest frame, 1514 bytes";
	}
	load->mask = width_mask(load->width);
	if (take(at, "&") && (!take_number(at, &load->mask) || !load->mask ||
			      load->mask > width_mask(load->width))) {
		return "the mask is 0, or wider than the field";
	}
	return NULL;
}

static struct exo_atom *
append(struct exo_atom *atoms, uint32_t *count)
{
	return *count < EXO_ATOMS_MAX ? &atoms[(*count)++] : NULL;
}

static const char *
add_compare(const struct load *load, uint64_t value, struct exo_atom *atoms, uint32_t *count)
{
	uint64_t width = load->width == MAC_BYTES ? 4 : load->width;
	uint64_t offset = load->offset;
	uint64_t rest = load->width;

	if (value & ~load->mask) {
		return "the value has bits outside of the mask or the field, so nothing matches";
	}
	while (rest) {
		uint64_t low = (rest - width) * 8; /* bits behind this part */
		uint64_t mask = load->mask >> low & width_mask(width);
		struct exo_atom *atom = mask ? append(atoms, count) : NULL;

		if (mask && !atom) {
			return "there are more than 16 atoms with it";
		}
		if (mask) {
			*atom = (struct exo_atom){.kind = EXO_ATOM_COMPARE,
						  .width = (uint8_t)width,
						  .offset = (uint16_t)offset,
						  .mask = mask,
						  .value = value >> low & width_mask(width)};
		}
		offset += width;
		rest -= width;
		width = rest;
	}
	return NULL;
}

static const char *
add_shift(const struct load *load, uint64_t scale, struct exo_atom *atoms, uint32_t *count)
{
	struct exo_atom *atom;

	if (load->width > 2) {
		return "only a field of 1 or 2 bytes can shift the base";
	}
	if (scale > SCALE_MAX) {
		return "the scale is above 8";
	}
	atom = append(atoms, count);
	if (!atom) {
		return "there are more than 16 atoms with it";
	}
	*atom = (struct exo_atom){.kind = EXO_ATOM_SHIFT,
				  .width = (uint8_t)load->width,
				  .scale = (uint8_t)scale,
				  .offset = (uint16_t)load->offset,
				  .mask = load->mask};
	return NULL;
}

static const char *
parse(const char *at, const uint8_t mac[MAC_BYTES], struct exo_atom *atoms, uint32_t *count)
{
	struct load load;
	uint64_t number;
	const char *why;
	bool is_shift;

	skip_blanks(&at);
	why = take_load(&at, &load);
	if (why) {
		return why;
	}
	is_shift = take(&at, "<<");
	if (!is_shift && !take(&at, "=")) {
		return "behind the field stands neither = nor <<";
	}
	if (is_shift ? !take_number(&at, &number) : !take_value(&at, &load, mac, &number)) {
		return "the value is no number (with width 6: aa:bb:cc:dd:ee:ff or nic)";
	}
	skip_blanks(&at);
	if (*at) {
		return "something follows behind the value";
	}
	return is_shift ? add_shift(&load, number, atoms, count)
			: add_compare(&load, number, atoms, count);
}

int
atoms_parse(const char *text, const uint8_t mac[6], struct exo_atom *atoms, uint32_t *count,
	    const char **why)
{
	*why = parse(text, mac, atoms, count);
	return *why ? E_INVAL : 0;
}

static int
print_atom(char *to, size_t bytes, const struct exo_atom *atom)
{
	char mask[24] = "";

	if (atom->mask != width_mask(atom->width)) {
		snformat(mask, sizeof(mask), "&0x%lx", atom->mask);
	}
	return atom->kind == EXO_ATOM_SHIFT ? snformat(to, bytes, "%u:%u%s<<%u", atom->offset,
						       atom->width, mask, atom->scale)
					    : snformat(to, bytes, "%u:%u%s=0x%lx", atom->offset,
						       atom->width, mask, atom->value);
}

void
atoms_print(char *to, size_t bytes, const struct exo_atom *atoms, uint32_t count)
{
	size_t used = (size_t)snformat(to, bytes, "%s", count ? "" : "everything");

	for (uint32_t i = 0; i < count && used < bytes; i++) {
		used += (size_t)snformat(to + used, bytes - used, "%s", i ? " " : "");
		used += used < bytes ? (size_t)print_atom(to + used, bytes - used, &atoms[i]) : 0;
	}
}
