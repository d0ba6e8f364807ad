/* SPDX-License-Identifier: MIT
 * manifest_devices_test.c: devices and slots that environments name: which they are, and every
 * sentence of refusal.
 *
 * links: lib/manifest/packets.c lib/pcap/parse.c lib/pcap/term.c lib/pcap/value.c
 * links: lib/pcap/relation.c lib/pcap/lex.c lib/pcap/names.c lib/pcap/primitive.c
 * links: lib/pcap/graph.c lib/pcap/solve.c lib/manifest/manifest.c lib/manifest/property.c
 * links: lib/manifest/value.c lib/manifest/atoms.c lib/manifest/plan.c lib/manifest/devices.c
 * links: lib/manifest/slots.c lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c
 * links: lib/base/disjoint.c lib/base/print.c lib/base/fdt_kept.c test/unit/dts.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/manifest/plan.h"
#include "test/unit/dts.h"

#define P "program = \"p\"; frames = <64>; "

static const char board[] =
	"interrupt-parent = <&plic>; #address-cells = <1>; #size-cells = <1>;"
	"plic: plic@c000000 { compatible = \"riscv,plic0\"; reg = <0xc000000 0x1000>;"
	" #interrupt-cells = <1>; interrupt-controller; };"
	"gpio: gpio@10060000 { compatible = \"sifive,gpio0\"; reg = <0x10060000 0x1000>;"
	" interrupts = <7 8>; #interrupt-cells = <1>; interrupt-controller; };"
	"uart@10010000 { compatible = \"ns16550a\"; reg = <0x10010000 0x100>; interrupts = <4>; };"
	"uart@10011000 { compatible = \"ns16550a\"; reg = <0x10011000 0x100>; interrupts = <5>; };"
	"wdt@10020000 { compatible = \"snps,dw-wdt\"; reg = <0x10020000 0x100>; };"
	"rtc@10020100 { compatible = \"microchip,mpfs-rtc\"; reg = <0x10020100 0x100>;"
	" interrupts = <99>; };"
	"flash@20000000 { compatible = \"cfi-flash\"; reg = <0x20000000 0x2000 0x22000800 0x1000>; "
	"};"
	"dma@30000000 { compatible = \"x,dma\"; reg = <0x30000000 0x1000>; interrupts = <9>; };"
	"key { compatible = \"x,key\"; interrupts-extended = <&gpio 3>; };"
	"off@40000000 { compatible = \"sifive,spi0\"; reg = <0x40000000 0x1000>;"
	" status = \"disabled\"; };";

static struct manifest manifest;
static struct manifest_refusal refusal;
static unsigned char *blob; /* what the manifest points into */
static struct fdt tree;
static struct manifest_machine machine = {
	.harts = 2,
	.free = {{0x80100, 0x3000}},
	.free_count = 1,
	.timeline_slots = 64,
	.devices = &tree,
	.windows = {{0x10011, 0x10}, {0x10060, 1}, {0x20000, 0x8000}, {0x30000, 1}},
	.window_count = 4,
	.lines = {{1, 3}, {5, 60}},
	.line_count = 2,
};

static int
read_on(const char *body, const struct manifest_machine *on)
{
	struct fdt fdt;
	size_t bytes;

	free(blob);
	blob = dts_blob(body, &bytes);
	strcpy(refusal.sentence, "");
	assert_int_equal(fdt_open(&fdt, blob, bytes), 0);
	return manifest_parse(&manifest, &fdt, fdt_root(&fdt), on, &refusal) ||
	       manifest_plan(&manifest, on, &refusal);
}

static const struct manifest_env *
accept(const char *body)
{
	if (read_on(body, &machine)) {
		fail_msg("refused: %s", refusal.sentence);
	}
	return &manifest.env[0];
}

static void
test_devices(void **state)
{
	const struct manifest_env *env =
		accept("a { " P "windows = \"sifive,gpio0\", \"ns16550a@10011000\", \"cfi-flash\";"
		       "irqs = \"ns16550a@10011000\", \"sifive,gpio0\"; };");

	(void)state;
	assert_int_equal(env->window_count, 4);
	assert_int_equal(env->windows[0].pages.first, 0x10060);
	assert_int_equal(env->windows[0].pages.count, 1);
	assert_int_equal(env->windows[0].address, 0x10060000);
	assert_int_equal(env->windows[1].address, 0x10011000);
	assert_int_equal(env->windows[2].pages.count, 2);
	assert_int_equal(env->windows[3].pages.first, 0x22000);
	assert_int_equal(env->windows[3].pages.count, 2);
	assert_int_equal(env->windows[3].address, 0x22000800);
	assert_int_equal(env->line_count, 3);
	assert_int_equal(env->lines[0], 5);
	assert_int_equal(env->lines[1], 7);
	assert_int_equal(env->lines[2], 8);
	env = accept("a { " P "windows = \"x,dma\"; dma-trusted; }; b { " P "irqs = \"x,dma\"; };");
	assert_int_equal(env->window_count, 1);
	assert_int_equal(manifest.env[1].lines[0], 9);
}

static void
test_slots(void **state)
{
	const struct manifest_env *env =
		accept("a { " P "slots = <1 0 2 32>, <1 63 1 1>; }; b { " P "slots = <1 1 2 31>; };"
		       "c { " P "slots = <0 0 1 64>; };");

	(void)state;
	assert_int_equal(env->slot_count, 2);
	assert_int_equal(env->slots[0].count, 32);
	assert_int_equal(env->slots[1].first, 63);
}

static const char *const refusals[][2] = {
	{"a { " P "windows = \"x,none\"; dma-trusted; };",
	 "a: windows: this machine has no device \"x,none\"; remove it from the manifest"},
	{"a { " P "windows = \"sifive,spi0\"; };",
	 "a: windows: this machine has no device \"sifive,spi0\"; remove it from the manifest"},
	{"a { " P "windows = \"ns16550a\"; };", "a: windows: this machine has 2 of \"ns16550a\"; "
						"say which one, as \"ns16550a@10001000\""},
	{"a { " P "windows = \"ns16550a@10010000\"; };",
	 "a: windows: the kernel keeps the registers of \"ns16550a@10010000\" for itself, or other "
	 "ones on the same page; remove it from the manifest"},
	{"a { " P "windows = \"snps,dw-wdt\"; };",
	 "a: windows: the registers of \"snps,dw-wdt\" share a page with those of rtc@10020100, so "
	 "they cannot be given away alone"},
	{"a { " P "windows = \"x,dma\"; };",
	 "a: windows: \"x,dma\" may be able to reach all memory by itself; add dma-trusted if its "
	 "program can be trusted with the machine"},
	{"a { " P "windows = \"x,key\"; dma-trusted; };",
	 "a: windows: \"x,key\" has no registers; remove it from windows"},
	{"a { " P "windows = \"riscv,plic0\"; dma-trusted; };",
	 "a: windows: \"riscv,plic0\" is the kernel's: who has it has the machine; remove it from "
	 "the "
	 "manifest"},
	{"a { " P "irqs = \"sifive,clint0@2000000\"; };",
	 "a: irqs: \"sifive,clint0@2000000\" is the kernel's: who has it has the machine; remove "
	 "it "
	 "from the manifest"},
	{"a { " P "windows = \"memory@80000000\"; dma-trusted; };",
	 "a: windows: \"memory@80000000\" is no device; RAM is asked for with frames"},
	{"a { " P "dma-trusted; };", "a: dma-trusted: it has no effect without windows; remove it"},
	{"a { " P "irqs = \"snps,dw-wdt\"; };",
	 "a: irqs: \"snps,dw-wdt\" has no interrupt; remove it from irqs"},
	{"a { " P "irqs = \"x,key\"; };",
	 "a: irqs: an interrupt of \"x,key\" cannot be given away: it is the kernel's, or another "
	 "controller than the PLIC has it; remove it from irqs"},
	{"a { " P "irqs = \"ns16550a@10010000\"; };",
	 "a: irqs: an interrupt of \"ns16550a@10010000\" cannot be given away: it is the kernel's, "
	 "or another controller than the PLIC has it; remove it from irqs"},
	{"a { " P "irqs = \"microchip,mpfs-rtc\"; };",
	 "a: irqs: an interrupt of \"microchip,mpfs-rtc\" cannot be given away: it is the "
	 "kernel's, "
	 "or another controller than the PLIC has it; remove it from irqs"},
	{"a { " P "windows = \"@10\"; };",
	 "a: windows: \"@10\" names no device; write its compatible string, such as "
	 "\"sifive,gpio0\", and @ADDRESS behind it (hexadecimal, without 0x) if there are several"},
	{"a { " P "irqs = \"ns16550a@1G\"; };",
	 "a: irqs: \"ns16550a@1G\" names no device; write its compatible string, such as "
	 "\"sifive,gpio0\", and @ADDRESS behind it (hexadecimal, without 0x) if there are several"},
	{"a { " P "irqs; };", "a: irqs: it is no list of strings; write irqs = \"sifive,gpio0\""},
	{"a { " P "windows = <1>; };",
	 "a: windows: it is no list of strings; write windows = \"sifive,gpio0\""},
	{"a { " P "dma-trusted = <1>; };", "a: dma-trusted: it takes no value; write dma-trusted;"},
	{"a { " P "windows = \"sifive,gpio0\"; }; b { " P "windows = \"sifive,gpio0@10060000\"; };",
	 "b: windows: \"a\" has the same device; give it to one of them"},
	{"a { " P "irqs = \"sifive,gpio0\"; }; b { " P "irqs = \"sifive,gpio0\"; };",
	 "b: irqs: \"a\" has the same device; give it to one of them"},
	{"a { " P "irqs = \"sifive,gpio0\",\"sifive,gpio0\",\"sifive,gpio0\","
	 "\"sifive,gpio0\",\"sifive,gpio0\",\"sifive,gpio0\","
	 "\"sifive,gpio0\",\"sifive,gpio0\",\"sifive,gpio0\"; };",
	 "a: irqs: there are more than 16 lines; give some to another environment"},
	{"a { " P "slots = <0 60 5 2>; };",
	 "a: slots: there is no slot 65; a timeline has 64 here, counted from 0"},
	{"a { " P "slots = <0 1 3 4>; }; b { " P "slots = <0 0 5 3>; };",
	 "b: slots: slot 10 of hart 0 is taken by \"a\"; choose another one"},
	{"a { " P "slots = <0 1 3 4>, <0 4 1 1>; };",
	 "a: slots: slot 4 of hart 0 is taken by \"a\"; choose another one"},
	{"a { " P "slots = <0 1 1 1>, <0 2 1 1>, <0 3 1 1>, <0 4 1 1>, <0 5 1 1>, <0 6 1 1>,"
	 "<0 7 1 1>, <0 8 1 1>, <0 9 1 1>; };",
	 "a: slots: there are 9 entries; at most 8 are possible"},
};

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_true(read_on(refusals[i][0], &machine));
		assert_string_equal(refusal.sentence, refusals[i][1]);
	}
}

/* Whoever builds an image has no machine to look at, but sees what no machine could do. */
static void
test_machine_any(void **state)
{
	struct manifest_machine any;

	(void)state;
	manifest_machine_any(&any);
	assert_false(read_on("a { " P "windows = \"sifive,gpio0\"; irqs = \"x,y\"; };", &any));
	assert_true(read_on("a { " P "windows = \"x,y\"; };", &any));
	assert_non_null(strstr(refusal.sentence, "dma-trusted"));
	assert_false(read_on("a { " P "windows = \"x,y\"; dma-trusted; };", &any));
	assert_true(read_on("a { " P "windows = \"sifive,gpio0\"; };"
			    "b { " P "windows = \"sifive,gpio0\"; };",
			    &any));
	assert_non_null(strstr(refusal.sentence, "same device"));
	assert_true(read_on("a { " P "windows = \"riscv,plic0\"; dma-trusted; };", &any));
	assert_non_null(strstr(refusal.sentence, "is the kernel's"));
	assert_true(read_on("a { " P "slots = <0 4096 1 1>; };", &any));
}

/* init without a tree that it could read. */
static void
test_no_tree(void **state)
{
	struct fdt nothing = {.root = -1};
	struct manifest_machine blind = machine;

	(void)state;
	blind.devices = &nothing;
	assert_true(read_on("a { " P "windows = \"sifive,gpio0\"; };", &blind));
	assert_non_null(strstr(refusal.sentence, "this machine has no device"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),  cmocka_unit_test(test_slots),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_machine_any),
		cmocka_unit_test(test_no_tree),
	};
	size_t bytes;
	unsigned char *board_blob = dts_blob(board, &bytes);
	int failures = fdt_open(&tree, board_blob, bytes) ? 1 : 0;

	failures += cmocka_run_group_tests(tests, NULL, NULL);
	free(blob);
	free(board_blob);
	return failures;
}
