/* SPDX-License-Identifier: MIT
 * irq.c: interrupt lines: of the devices that the kernel shares among all, and those that
 * environments hold by IRQ capabilities.
 *
 * State:      which device each source belongs to, constant after boot; the lines, tree lock.
 * Invariants: a source is attached to a device of the kernel, or can be bound, never both. A
 *             source is claimed under the tree lock only, so whoever has it sees each line either
 *             not claimed or `claimed`; it is enabled at the context that claimed it until it is
 *             completed, for a controller ignores the completion of what is not enabled. So a line
 *             interrupts at most once between two acknowledgements, and is as new after its end.
 * Callers:    the trap path of the hart whose context it is, calls, revocation. Work is bounded:
 *             nothing new is begun after some 2 000 instructions; what is left is taken up at a
 *             timer interrupt, once the environments have had their share of the time (hart.c).
 */
#include "kern/irq.h"
#include "kern/console.h"
#include "kern/dev/irq_plic.h"
#include "kern/object.h"
#include "kern/trace.h"
#include "kern/upcall.h"
#include "lib/base/checked.h"

#define DEVICES_MAX 64 /* bits of hart.irq_again */
/* Of one turn, in completions of some 250 instructions each. */
#define WORK_MAX     8
#define WORK_LEAST   2 /* for one that interrupts when others have used it up; less is no turn */
#define WORK_CONSOLE 7 /* nothing that takes long comes behind it */

static struct {
	struct plic plic;
	bool present;
	uint32_t devices;
	struct {
		irq_handler *handler;
		void *device;
	} device[DEVICES_MAX];                  /* [0] is nobody */
	uint8_t of_source[IRQ_SOURCES_MAX + 1]; /* which of them a source belongs to */
	struct irq_line *line;                  /* of each source */
	uint16_t kept[CONFIG_MAX_HARTS];        /* claimed by irq_quick for irq_handle, 0: none */
} irqs;

#define KEPT 1ul /* in hart.irq_again, where nobody's bit is free */

/* --- boot --------------------------------------------------------------------------------- */
bool
irq_controller(uintptr_t base, uint64_t bytes, uint32_t sources, struct irq_line *lines)
{
	irqs.line = lines;
	irqs.present = plic_init(&irqs.plic, base, bytes, sources) == 0;
	return irqs.present;
}

__attribute__((cold)) uintptr_t
irq_claim_register(uint32_t context)
{
	return irqs.present && context < irqs.plic.contexts
		       ? plic_claim_register(&irqs.plic, context)
		       : 0;
}

bool
irq_context_init(uint32_t context)
{
	bool works = irqs.present && plic_context_init(&irqs.plic, context) == 0;

	if (works) {
		arch_external_enable(true);
	}
	return works;
}

__attribute__((cold)) uint32_t
irq_attach(uint32_t irq, irq_handler *handler, void *device, uint32_t context)
{
	if (irq > IRQ_SOURCES_MAX || irqs.devices == DEVICES_MAX - 1) {
		return 0;
	}
	irqs.devices++;
	irqs.device[irqs.devices].handler = handler;
	irqs.device[irqs.devices].device = device;
	if (irqs.present && irq) {
		irqs.of_source[irq] = (uint8_t)irqs.devices;
		plic_set_priority(&irqs.plic, irq, 1);
		plic_enable(&irqs.plic, context, irq, true);
	}
	return irqs.devices;
}

void
irq_soon(uint32_t device)
{
	hart_device_soon(hart_self(), 1ul << device);
}

__attribute__((cold)) uint32_t
irq_free_lines(uint32_t from, uint32_t *count)
{
	uint32_t end = irqs.present ? irqs.plic.sources + 1 : 0;
	uint32_t first = from ? from : 1;
	uint32_t last;

	while (first < end && irqs.of_source[first]) {
		first++;
	}
	last = first;
	while (last < end && !irqs.of_source[last]) {
		last++;
	}
	*count = last - first;
	return first < end ? first : 0;
}

/* --- lines of environments ---------------------------------------------------------------- */
static uint32_t
source_of(const struct irq_line *line)
{
	return (uint32_t)(line - irqs.line);
}

bool
irq_done(struct irq_line *line)
{
	bool was_claimed = line->claimed;

	if (was_claimed) {
		plic_complete(&irqs.plic, line->context, source_of(line));
		line->claimed = false;
	}
	return was_claimed;
}

/* Completed first: see the invariants. */
static void
silence(struct irq_line *line)
{
	irq_done(line);
	plic_enable(&irqs.plic, line->context, source_of(line), false);
	plic_set_priority(&irqs.plic, source_of(line), 0);
}

void
irq_lost(struct use *u)
{
	struct irq_line *line = container_of(u, struct irq_line, use);

	silence(line);
	*line->back = line->next;
	if (line->next) {
		line->next->back = line->back;
	}
	line->env = NULL;
}

__attribute__((cold)) bool
irq_orphan(struct env *e)
{
	struct irq_line *line = e->lines;

	if (line) {
		irq_lost(&line->use);
		use_unbind(&e->kernel->tree, &line->use);
	}
	return line != NULL;
}

/* Interrupts go to the hart where the environment is woken, if it gets any. */
static uint32_t
context_for(const struct env *e)
{
	return e->hart->has_plic ? e->hart->plic_context : e->kernel->hart[0].plic_context;
}

static void
line_open(struct irq_line *line, struct env *e, uint32_t context, uint32_t bit)
{
	line->env = e;
	line->bit = bit;
	line->context = context;
	line->next = e->lines;
	line->back = &e->lines;
	if (line->next) {
		line->next->back = &line->next;
	}
	e->lines = line;
}

__attribute__((cold)) int
irq_bind(struct env *e, struct cap *c, uint32_t bit)
{
	struct captree *t = &e->kernel->tree;
	struct irq_line *line = &irqs.line[c->start];
	uint32_t context = context_for(e);

	if (line->env && !env_is_off(line->env)) {
		return E_BUSY;
	}
	if (line->env) {
		irq_lost(&line->use);
		use_unbind(t, &line->use);
	}
	line->use.kind = USE_IRQ;
	line_open(line, e, context, bit);
	use_bind(t, &line->use, c);
	plic_set_priority(&irqs.plic, source_of(line), 1);
	if (plic_enable(&irqs.plic, context, source_of(line), true) != 0) {
		irq_lost(&line->use);
		use_unbind(t, &line->use);
		return E_UNSUPPORTED;
	}
	return 0;
}

struct irq_line *
irq_line_of(struct captree *t, const struct cap *c)
{
	struct irq_line *line = &irqs.line[c->start];

	return c->count == 1 && line->env && c->bindings == bind_object_id(t, &line->use) ? line
											  : NULL;
}

/* What nobody has any more is silenced where it came up. */
static void
line_interrupt(struct hart *h, uint32_t source)
{
	struct irq_line *line = &irqs.line[source];

	line->claimed = true;
	if (line->env) {
		env_interrupt(line->env, 1ul << line->bit);
	} else {
		line->context = h->plic_context;
		silence(line);
	}
}

/* --- interrupts --------------------------------------------------------------------------- */
/* One call of irq_handle(). */
struct turn {
	struct hart *hart;
	uint64_t had;  /* bits of the devices that were handled */
	uint32_t left; /* work */
};

static void
turn_spend(struct turn *t, uint32_t work)
{
	t->left -= work < t->left ? work : t->left;
}

bool
irq_console(void *device, uint32_t budget, uint32_t *work)
{
	(void)device;
	*work = budget ? WORK_CONSOLE : 0;
	return console_interrupt(budget ? CONSOLE_TURN_BYTES : 0);
}

static inline bool
handle(uint32_t device, uint32_t budget, uint32_t *work)
{
	return irqs.device[device].handler(irqs.device[device].device, budget, work);
}

/* Each device has one turn: it could interrupt again as soon as it is done, for ever. */
static __attribute__((noinline)) void
handle_for(struct turn *t, uint32_t device)
{
	struct hart *h = t->hart;
	uint64_t bit = 1ul << device;
	uint32_t budget = t->left > WORK_LEAST ? t->left : WORK_LEAST;
	uint32_t work;
	bool more = handle(device, t->had & bit ? 0 : budget, &work);

	h->irq_again = more ? h->irq_again | bit : h->irq_again & ~bit;
	t->had |= bit;
	turn_spend(t, work + 1); /* for what it begins and ends with */
}

/* What irq_quick has kept, 0 if there is nothing: a line may have been taken from its environment
 * meanwhile, and was completed then. */
static uint32_t
take_kept(struct hart *h)
{
	uint32_t source = irqs.kept[h->number];

	irqs.kept[h->number] = 0;
	h->irq_again &= ~KEPT;
	return irqs.of_source[source] || irqs.line[source].claimed ? source : 0;
}

static void
handle_next(struct turn *t)
{
	struct hart *h = t->hart;
	uint32_t source =
		h->irq_again & KEPT ? take_kept(h) : plic_claim_at(&irqs.plic, h->plic_claim);

	if (source) {
		trace_record_armed(t->hart, NULL, EXO_TRACE_LINE, source);
	}
	if (source && irqs.of_source[source]) {
		handle_for(t, irqs.of_source[source]);
		plic_complete_at(h->plic_claim, source);
	} else if (source) {
		line_interrupt(t->hart, source);
	}
	turn_spend(t, 1);
}

/* Those that had more to do than their last turn allowed, one after the other. Who was the first is
 * the last in the next turn, so each has a whole one soon. */
static __attribute__((noinline)) void
handle_again(struct turn *t)
{
	struct hart *h = t->hart;
	uint32_t before = h->irq_next;
	uint64_t had = t->had;

	for (uint32_t i = 0; i < irqs.devices && t->left >= WORK_LEAST; i++) {
		uint32_t device = (before + i) % irqs.devices + 1;

		if (h->irq_again >> device & ~t->had >> device & 1) {
			kernel_lock(h->kernel);
			h->irq_next = t->had == had ? device : h->irq_next;
			handle_for(t, device);
			kernel_unlock(h->kernel);
		}
	}
}

/* Those that interrupt; what was kept in any case: there is room for one. True: there are more. */
static bool
handle_pending(struct turn *t)
{
	struct hart *h = t->hart;

	while (arch_pending() & ARCH_PENDING_EXTERNAL || h->irq_again & KEPT) {
		if (!t->left && !(h->irq_again & KEPT)) {
			return true;
		}
		kernel_lock(h->kernel);
		handle_next(t);
		kernel_unlock(h->kernel);
	}
	return false;
}

/* Who interrupts and who had more to do have the first turn in turn: it may take all the time. */
bool
irq_handle(struct hart *h)
{
	struct turn t = {.hart = h, .left = WORK_MAX};
	bool pending;

	h->irq_order = !h->irq_order && h->irq_again & ~KEPT;
	if (h->irq_order) {
		handle_again(&t);
	}
	pending = handle_pending(&t);
	if (h->irq_again & ~KEPT && !h->irq_order) {
		handle_again(&t);
	}
	return pending;
}

/* Nobody runs, and nothing of what devices had to do is left: the whole turn is for the one whose
 * source was claimed. */
static __attribute__((noinline)) void
handle_idle(struct hart *h, uint32_t source)
{
	uint32_t device = irqs.of_source[source];
	uint32_t work;

	h->irq_again |= (uint64_t)handle(device, WORK_MAX, &work) << device;
	plic_complete_at(h->plic_claim, source);
}

/* No line of a kernel device has an env, nor has that of source 0. There is room to keep one: what
 * was kept before has been handled, or external interrupts are held (hart.c). */
bool
irq_quick(struct hart *h, struct env *e)
{
	struct kernel *k = h->kernel;
	struct irq_line *line;
	uint64_t ticket;
	uint32_t source;
	bool done;

	if (!arch_external_only()) {
		return false;
	}
	ticket = kernel_lock_ticket(k);
	source = plic_claim_at(&irqs.plic, h->plic_claim);
	line = &irqs.line[source];
	if (line->env == e && e) {
		line->claimed = true;
		__atomic_fetch_or(&e->events, 1ul << line->bit, __ATOMIC_RELAXED);
		kernel_unlock_ticket(k, ticket);
		return upcall_deliver(e) != UPCALL_EXCEPTION;
	}
	done = !e && irqs.of_source[source];
	if (done) {
		handle_idle(h, source);
	} else if (source) {
		irqs.kept[h->number] = (uint16_t)source;
		h->irq_again |= KEPT;
		line->claimed = !irqs.of_source[source];
	}
	kernel_unlock_ticket(k, ticket);
	return done;
}
