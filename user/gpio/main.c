/* SPDX-License-Identifier: MIT
 * main.c: a driver of the GPIO pins of SiFive's chips: tells what inputs do, lets outputs blink.
 *
 *   gpio "watch PIN rise|fall|both|high|low" "blink PIN MS [COUNT]" ...
 *
 * A pin that blinks can be watched. For a level it tells each time it is reached: the interrupt
 * would come again as long as it lasts, so meanwhile the driver waits for the other level. It ends
 * when all that blink have done so COUNT times; without COUNT, or without a pin that blinks, never.
 * In the manifest: windows and irqs "sifive,gpio0".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "user/gpio/pins.h"

#define MS_NS       1000000ull
#define LEVELS      (PINS_HIGH | PINS_LOW)
#define EVENT_OF(p) EXO_EVENT(p) /* pin p raises event bit p */
#define EVENTS      ((1ull << PINS) - 1)
#define LONGEST_MS  60000
#define COUNT_MOST  1000000
#define FOREVER     UINT32_MAX
#define USAGE       "write \"watch PIN rise|fall|both|high|low\" or \"blink PIN MS [COUNT]\""

static struct {
	volatile uint32_t *registers;
	struct pin {
		uint32_t triggers; /* what is told, 0: it is not watched */
		uint64_t half_ns;  /* between two changes, 0: it does not blink */
		uint64_t due_ns;
		uint32_t changes; /* still to come, or FOREVER */
		bool level;
	} pin[PINS];
} gpio;

static _Noreturn void
give_up(const char *what, const char *why)
{
	printf("%s: %s: %s\n", exo_name(), what, why);
	exit(1);
}

static void
check(const char *step, int64_t status)
{
	if (status < 0) {
		give_up(step, exo_error_sentence(status));
	}
}

/* --- what it is to do --------------------------------------------------------------------- */
static uint32_t
triggers_of(const char *word)
{
	static const struct {
		const char *word;
		uint32_t triggers;
	} words[] = {
		{"rise", PINS_RISE}, {"fall", PINS_FALL}, {"both", PINS_RISE | PINS_FALL},
		{"high", PINS_HIGH}, {"low", PINS_LOW},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i].word, word)) {
			return words[i].triggers;
		}
	}
	return 0;
}

static void
read_task(const char *text)
{
	char word[8] = "";
	unsigned pin = PINS;
	unsigned ms = 0;
	unsigned count = 0;

	if (sscanf(text, "watch %u %7s", &pin, word) == 2 && pin < PINS && triggers_of(word)) {
		gpio.pin[pin].triggers = triggers_of(word);
	} else if (sscanf(text, "blink %u %u %u", &pin, &ms, &count) >= 2 && pin < PINS && ms &&
		   ms <= LONGEST_MS && count <= COUNT_MOST) {
		gpio.pin[pin].half_ns = ms * MS_NS;
		gpio.pin[pin].changes = count ? 2 * count : FOREVER;
	} else {
		give_up(text, USAGE);
	}
}

/* --- pins --------------------------------------------------------------------------------- */
static void
gpio_open(void)
{
	const struct exo_start *start = exo_start();
	uint64_t address = 0;

	if (!start->window_count || start->irq_count < PINS) {
		give_up("the manifest", "it needs windows and irqs \"sifive,gpio0\"");
	}
	check("map its registers",
	      exo_vm_map(exo_own_vm(), start->windows[0], 0, 1, EXO_READ | EXO_WRITE, &address));
	gpio.registers = (volatile uint32_t *)address;
	pins_reset(gpio.registers);
}

static void
pin_open(uint32_t number)
{
	struct pin *pin = &gpio.pin[number];

	if (pin->half_ns) {
		pins_output(gpio.registers, number, false);
		pin->due_ns = exo_now_ns() + pin->half_ns;
	}
	if (pin->triggers) {
		check("bind an interrupt",
		      exo_bind(EXO_BIND_IRQ, exo_start()->irqs[number], EXO_NONE, number));
		pins_input(gpio.registers, number);
		pins_trigger(gpio.registers, number, pin->triggers);
	}
}

/* Device first, line last: else the same interrupt would come again. */
static void
pin_tell(uint32_t number)
{
	struct pin *pin = &gpio.pin[number];
	uint32_t taken = pins_take(gpio.registers, number);

	if (taken & LEVELS) {
		pins_trigger(gpio.registers, number, LEVELS & ~taken);
	}
	exo_irq_ack(exo_start()->irqs[number]);
	if (taken & pin->triggers & PINS_RISE) {
		printf("%s: pin %u rises\n", exo_name(), number);
	}
	if (taken & pin->triggers & PINS_FALL) {
		printf("%s: pin %u falls\n", exo_name(), number);
	}
	if (taken & pin->triggers & LEVELS) {
		printf("%s: pin %u is %s\n", exo_name(), number,
		       taken & PINS_HIGH ? "high" : "low");
	}
}

/* The next change is counted from this one, so whoever is late does not make up for it by changes
 * that are too quick to be told. */
static void
pin_change(struct pin *pin, uint32_t number)
{
	pin->level = !pin->level;
	pin->due_ns = exo_now_ns() + pin->half_ns;
	pin->changes -= pin->changes != FOREVER;
	pins_output(gpio.registers, number, pin->level);
}

/* Changes the outputs that are due. Returns for how long nothing is; 0 if nothing ever is. */
static uint64_t
gpio_blink(void)
{
	uint64_t patience_ns = 0;

	for (uint32_t i = 0; i < PINS; i++) {
		struct pin *pin = &gpio.pin[i];
		uint64_t now_ns = exo_now_ns();

		if (pin->changes && pin->due_ns <= now_ns) {
			pin_change(pin, i);
		}
		if (pin->changes) {
			uint64_t left_ns = pin->due_ns > now_ns ? pin->due_ns - now_ns : 1;

			patience_ns = patience_ns && patience_ns < left_ns ? patience_ns : left_ns;
		}
	}
	return patience_ns;
}

static void
gpio_tell(uint64_t events)
{
	for (uint32_t i = 0; i < PINS; i++) {
		if (events & EVENT_OF(i)) {
			pin_tell(i);
		}
	}
}

static void
gpio_run(bool blinks)
{
	for (;;) {
		uint64_t patience_ns = gpio_blink();

		if (blinks && !patience_ns) {
			gpio_tell(exo_wait(EVENTS, 10 * MS_NS));
			return;
		}
		gpio_tell(exo_wait(EVENTS, blinks ? patience_ns : EXO_FOREVER));
	}
}

int
main(int argc, char **argv)
{
	bool blinks = false;

	for (int i = 1; i < argc; i++) {
		read_task(argv[i]);
	}
	gpio_open();
	for (uint32_t i = 0; i < PINS; i++) {
		pin_open(i);
		blinks = blinks || gpio.pin[i].half_ns;
	}
	printf("%s: ready\n", exo_name());
	gpio_run(blinks);
	return 0;
}
