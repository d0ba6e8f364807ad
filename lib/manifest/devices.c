/* SPDX-License-Identifier: MIT
 * devices.c: finds the devices that an environment names, and says who may have them.
 *
 * A device is one node of the machine's tree: COMPATIBLE, or COMPATIBLE@ADDRESS where there are
 * several. The kernel's capabilities say what can be had at all. Nothing in a tree tells whether a
 * device reaches memory by itself, so all do, unless they are listed here or the manifest trusts
 * the program (dma-trusted).
 */
#include "lib/manifest/devices.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/fdt_bus.h"
#include "lib/base/fdt_kept.h"
#include "lib/base/string.h"

#define COMPATIBLE_MAX 63
#define PAGE           4096ul

/* Devices that only answer: they have no way to memory of their own. */
static const char *const harmless[] = {
	"cfi-flash",
	"google,goldfish-rtc",
	"microchip,mpfs-gpio",
	"microchip,mpfs-i2c",
	"microchip,mpfs-rtc",
	"ns16550",
	"ns16550a",
	"opencores,i2c-ocores",
	"sifive,fu540-c000-gpio",
	"sifive,fu540-c000-i2c",
	"sifive,fu540-c000-pwm",
	"sifive,fu540-c000-spi",
	"sifive,fu540-c000-uart",
	"sifive,fu740-c000-gpio",
	"sifive,fu740-c000-i2c",
	"sifive,fu740-c000-pwm",
	"sifive,fu740-c000-spi",
	"sifive,fu740-c000-uart",
	"sifive,gpio0",
	"sifive,i2c0",
	"sifive,pwm0",
	"sifive,spi0",
	"sifive,uart0",
	"snps,designware-i2c",
	"snps,dw-apb-gpio",
	"snps,dw-apb-uart",
	"snps,dw-wdt",
	NULL,
};

static const char *const controllers[] = {"riscv,plic0", "sifive,plic-1.0.0", "thead,c900-plic",
					  NULL};

/* One name being looked up. */
struct search {
	const struct manifest_machine *machine;
	struct manifest_env *env;
	struct manifest_refusal *refusal;
	const char *property;
	const char *text;
	char compatible[COMPATIBLE_MAX + 1];
	bool has_address;
	uint64_t address;
};

#define REFUSE(s, ...) manifest_refuse((s)->refusal, (s)->env->name, (s)->property, __VA_ARGS__)

/* --- names -------------------------------------------------------------------------------- */
static int
digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
read_name(struct search *s)
{
	const char *mark = strchr(s->text, '@');
	size_t length = mark ? (size_t)(mark - s->text) : strlen(s->text);
	bool fits = length && length <= COMPATIBLE_MAX && (!mark || mark[1]);

	s->has_address = mark != NULL;
	for (const char *at = mark ? mark + 1 : ""; *at; at++) {
		fits = fits && digit_of(*at) >= 0 && at - mark <= 16;
		s->address = s->address << 4 | (uint64_t)(digit_of(*at) & 15);
	}
	if (!fits) {
		return REFUSE(s,
			      "\"%s\" names no device; write its compatible string, such as "
			      "\"sifive,gpio0\", and @ADDRESS behind it (hexadecimal, without "
			      "0x) if there are several",
			      s->text);
	}
	memcpy(s->compatible, s->text, length);
	s->compatible[length] = 0;
	return 0;
}

/* What no machine hands out, so that `make` says so already. */
static int
check_kept(struct search *s)
{
	for (uint32_t i = 0; fdt_kept[i]; i++) {
		if (!strcmp(s->compatible, fdt_kept[i])) {
			return REFUSE(s,
				      "\"%s\" is the kernel's: who has it has the machine; remove "
				      "it from the manifest",
				      s->text);
		}
	}
	return strcmp(s->compatible, "memory")
		       ? 0
		       : REFUSE(s, "\"%s\" is no device; RAM is asked for with frames", s->text);
}

static int
check_dma(struct search *s)
{
	for (uint32_t i = 0; !s->env->is_dma_trusted && harmless[i]; i++) {
		if (!strcmp(s->compatible, harmless[i])) {
			return 0;
		}
	}
	return s->env->is_dma_trusted
		       ? 0
		       : REFUSE(s,
				"\"%s\" may be able to reach all memory by itself; add "
				"dma-trusted if its program can be trusted with the machine",
				s->text);
}

static int
find_node(struct search *s, int *found)
{
	const struct fdt *fdt = s->machine->devices;
	const char *list[] = {s->compatible, NULL};
	uint32_t count = 0;
	uint64_t address;

	for (int node = fdt_next_compatible(fdt, FDT_NODE_NONE, list); node >= 0;
	     node = fdt_next_compatible(fdt, node, list)) {
		bool is_it = !s->has_address ||
			     (fdt_reg(fdt, node, 0, &address, NULL) == 0 && address == s->address);

		if (is_it && fdt_status_ok(fdt, node)) {
			*found = node;
			count++;
		}
	}
	if (count == 1) {
		return 0;
	}
	return count ? REFUSE(s, "this machine has %u of \"%s\"; say which one, as \"%s@10001000\"",
			      count, s->text, s->compatible)
		     : REFUSE(s, "this machine has no device \"%s\"; remove it from the manifest",
			      s->text);
}

/* --- registers ---------------------------------------------------------------------------- */
static bool
is_within(const struct manifest_range *ranges, uint32_t count, struct manifest_range what)
{
	for (uint32_t i = 0; i < count; i++) {
		if (what.first >= ranges[i].first &&
		    range_within(what.first - ranges[i].first, what.count, ranges[i].count)) {
			return true;
		}
	}
	return false;
}

/* Another device with registers on these pages, or a negative number. */
static int
neighbour(const struct fdt *fdt, int node, struct manifest_range pages)
{
	uint64_t start, bytes;

	for (int other = fdt_root(fdt); other >= 0; other = fdt_walk(fdt, other, NULL)) {
		for (uint32_t i = 0; other != node && fdt_reg(fdt, other, i, &start, &bytes) == 0;
		     i++) {
			if (range_overlaps(start, bytes, pages.first * PAGE, pages.count * PAGE)) {
				return other;
			}
		}
	}
	return E_NOENT;
}

static int
check_pages(struct search *s, int node, struct manifest_range pages)
{
	const struct manifest_machine *machine = s->machine;
	int other;

	if (!is_within(machine->windows, machine->window_count, pages)) {
		return REFUSE(s,
			      "the kernel keeps the registers of \"%s\" for itself, or other ones "
			      "on the same page; remove it from the manifest",
			      s->text);
	}
	other = neighbour(machine->devices, node, pages);
	if (other >= 0) {
		return REFUSE(s,
			      "the registers of \"%s\" share a page with those of %s, so they "
			      "cannot be given away alone",
			      s->text, fdt_name(machine->devices, other));
	}
	return s->env->window_count < MANIFEST_DEVICES_MAX
		       ? 0
		       : REFUSE(s,
				"there are more than %u ranges of registers; give some to "
				"another environment",
				MANIFEST_DEVICES_MAX);
}

static int
add_registers(struct search *s, int node)
{
	struct manifest_env *env = s->env;
	uint64_t start, bytes;
	uint32_t i = 0;
	int status = 0;

	for (; !status && fdt_reg(s->machine->devices, node, i, &start, &bytes) == 0; i++) {
		uint64_t last = start + (bytes ? bytes - 1 : 0);
		struct manifest_range pages = {start / PAGE, last / PAGE - start / PAGE + 1};

		status = check_pages(s, node, pages);
		if (!status) {
			env->windows[env->window_count].pages = pages;
			env->windows[env->window_count++].address = start;
		}
	}
	return status || i ? status
			   : REFUSE(s, "\"%s\" has no registers; remove it from windows", s->text);
}

/* --- lines -------------------------------------------------------------------------------- */
static int
add_line(struct search *s, const struct fdt_interrupt *interrupt)
{
	const struct manifest_machine *machine = s->machine;
	struct manifest_env *env = s->env;
	struct manifest_range line = {interrupt->cells[0], 1};

	if (!fdt_compatible_any(machine->devices, interrupt->controller, controllers) ||
	    !is_within(machine->lines, machine->line_count, line)) {
		return REFUSE(s,
			      "an interrupt of \"%s\" cannot be given away: it is the kernel's, or "
			      "another controller than the PLIC has it; remove it from irqs",
			      s->text);
	}
	if (env->line_count == MANIFEST_DEVICES_MAX) {
		return REFUSE(s, "there are more than %u lines; give some to another environment",
			      MANIFEST_DEVICES_MAX);
	}
	env->lines[env->line_count++] = interrupt->cells[0];
	return 0;
}

static int
add_lines(struct search *s, int node)
{
	const struct fdt *fdt = s->machine->devices;
	struct fdt_interrupt interrupt;
	int status = 0;
	int more = fdt_first_interrupt(fdt, node, &interrupt);

	if (more) {
		return REFUSE(s, "\"%s\" has no interrupt; remove it from irqs", s->text);
	}
	for (; !status && !more; more = fdt_next_interrupt(fdt, &interrupt)) {
		status = add_line(s, &interrupt);
	}
	return status;
}

/* --- who has what ------------------------------------------------------------------------- */
static bool
share_a_device(const struct manifest_env *a, const struct manifest_env *b, bool lines)
{
	for (uint32_t i = 0; i < (lines ? a->line_count : a->window_count); i++) {
		for (uint32_t j = 0; j < (lines ? b->line_count : b->window_count); j++) {
			const struct manifest_range *x = &a->windows[i].pages;
			const struct manifest_range *y = &b->windows[j].pages;

			if (lines ? a->lines[i] == b->lines[j]
				  : range_overlaps(x->first, x->count, y->first, y->count)) {
				return true;
			}
		}
	}
	return false;
}

static bool
share_a_name(const struct manifest_strings *a, const struct manifest_strings *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		for (uint32_t j = 0; j < b->count; j++) {
			if (!strcmp(manifest_string(a, i), manifest_string(b, j))) {
				return true;
			}
		}
	}
	return false;
}

static int
check_others(const struct manifest *manifest, uint32_t index, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];

	for (uint32_t i = 0; i < index; i++) {
		const struct manifest_env *other = &manifest->env[i];
		bool windows = share_a_device(env, other, false) ||
			       share_a_name(&env->window_names, &other->window_names);

		if (windows || share_a_device(env, other, true) ||
		    share_a_name(&env->line_names, &other->line_names)) {
			return manifest_refuse(refusal, env->name, windows ? "windows" : "irqs",
					       "\"%s\" has the same device; give it to one of them",
					       other->name);
		}
	}
	return 0;
}

static int
add_all(struct search *s, const struct manifest_strings *names, bool lines)
{
	int status = 0;

	s->property = lines ? "irqs" : "windows";
	for (uint32_t i = 0; !status && i < names->count; i++) {
		int node = FDT_NODE_NONE;

		s->text = manifest_string(names, i);
		s->address = 0;
		status = read_name(s);
		status = status ? status : check_kept(s);
		if (!status && !lines) {
			status = check_dma(s);
		}
		if (!status && !s->machine->has_every_device) {
			status = find_node(s, &node);
			if (!status) {
				status = lines ? add_lines(s, node) : add_registers(s, node);
			}
		}
	}
	return status;
}

int
manifest_devices(struct manifest *manifest, uint32_t index, const struct manifest_machine *machine,
		 struct manifest_refusal *refusal)
{
	struct manifest_env *env = &manifest->env[index];
	struct search s = {.machine = machine, .env = env, .refusal = refusal};
	int status;

	if (env->is_dma_trusted && !env->window_names.count) {
		return manifest_refuse(refusal, env->name, "dma-trusted",
				       "it has no effect without windows; remove it");
	}
	status = add_all(&s, &env->window_names, false);
	status = status ? status : add_all(&s, &env->line_names, true);
	return status ? status : check_others(manifest, index, refusal);
}
