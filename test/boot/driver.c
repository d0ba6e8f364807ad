/* SPDX-License-Identifier: MIT
 * driver.c: the driver that docs/drivers.md tells about: an alarm clock that rings every
 * millisecond while the program does something else.
 */
#include "lib/exo/events.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"
#include "user/rtc/goldfish.h"

#define ALARM_BIT 5
#define PERIOD_NS 1000000
#define RINGS     20

static struct {
	volatile uint32_t *registers;
	exo_handle line;
	volatile uint64_t rings;
} driver;

static void
on_alarm(uint64_t events)
{
	(void)events;
	goldfish_write(driver.registers, GOLDFISH_CLEAR_INTERRUPT, 1);
	driver.rings++;
	if (driver.rings < RINGS) {
		goldfish_alarm(driver.registers, goldfish_time(driver.registers) + PERIOD_NS);
	}
	exo_irq_ack(driver.line);
}

static int
driver_open(void)
{
	const struct exo_start *start = exo_start();
	uint64_t address = 0;
	int64_t result;

	if (!start->window_count || !start->irq_count) {
		return E_NODEV;
	}
	driver.line = start->irqs[0];
	result = exo_vm_map(exo_own_vm(), start->windows[0], 0, 1, EXO_READ | EXO_WRITE, &address);
	if (result == 0) {
		driver.registers = (volatile uint32_t *)address;
		goldfish_write(driver.registers, GOLDFISH_CLEAR_ALARM, 1);
		goldfish_write(driver.registers, GOLDFISH_CLEAR_INTERRUPT, 1);
		result = exo_on_event(EXO_EVENT(ALARM_BIT), on_alarm);
	}
	if (result == 0) {
		result = exo_bind(EXO_BIND_IRQ, driver.line, EXO_NONE, ALARM_BIT);
	}
	return (int)result;
}

static void
driver_start(void)
{
	goldfish_write(driver.registers, GOLDFISH_IRQ_ENABLED, 1);
	goldfish_alarm(driver.registers, goldfish_time(driver.registers) + PERIOD_NS);
}

int
main(void)
{
	uint64_t work = 0;

	tap_plan(2);
	tap_is(driver_open(), 0, "registers and line are the program's own");
	driver_start();
	while (driver.rings < RINGS) {
		work++;
	}
	tap_ok(work > 0, "it rang %d times while the program was at work", RINGS);
	return tap_end();
}
