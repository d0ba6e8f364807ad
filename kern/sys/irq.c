/* SPDX-License-Identifier: MIT
 * irq.c (sys): irq_ack, and bind and unbind of lines: checks of what the caller says about lines.
 */
#include "kern/irq.h"
#include "kern/object.h"
#include "kern/sys/sys.h"

/* The capability of one line that the caller may use. Tree lock. */
static int
find_line(const struct env *e, exo_handle irq, struct cap **c)
{
	int error = sys_cap(e, irq, EXO_CAP_IRQ, EXO_IRQ_BIND, c);

	return !error && (*c)->count != 1 ? E_RANGE : error;
}

int
sys_bind_irq(struct env *e, exo_handle irq, uint64_t bit)
{
	struct cap *c;
	int error = find_line(e, irq, &c);

	if (!error && bit > 62) {
		error = E_INVAL;
	}
	if (!error) {
		error = cap_usable(&e->kernel->tree, c);
	}
	return error ? error : irq_bind(e, c, (uint32_t)bit);
}

/* The line that the caller's capability binds. Tree lock. */
static int
find_bound(struct env *e, exo_handle irq, struct irq_line **line)
{
	struct cap *c;
	int error = find_line(e, irq, &c);

	if (error) {
		return error;
	}
	*line = irq_line_of(&e->kernel->tree, c);
	return *line ? 0 : E_STATE;
}

int
sys_unbind_irq(struct env *e, exo_handle irq)
{
	struct irq_line *line;
	int error = find_bound(e, irq, &line);

	if (!error) {
		irq_lost(&line->use);
		use_unbind(&e->kernel->tree, &line->use);
	}
	return error;
}

struct sysret
sys_irq_ack(exo_handle irq)
{
	struct env *e = env_current();
	struct irq_line *line;
	int error;

	kernel_lock(e->kernel);
	error = find_bound(e, irq, &line);
	if (!error && !irq_done(line)) {
		error = E_STATE;
	}
	kernel_unlock(e->kernel);
	return sys_return(error);
}
