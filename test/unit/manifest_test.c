/* SPDX-License-Identifier: MIT
 * manifest_test.c: the manifest's grammar: what every property means, every sentence of refusal,
 * the placement of pages, and blobs with changed bytes.
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
#include "lib/base/rand.h"
#include "lib/manifest/plan.h"
#include "test/unit/dts.h"

#define PROGRAM "program = \"p\"; frames = <64>; "

static struct manifest manifest;
static struct manifest_refusal refusal;
static unsigned char *blob; /* what the manifest points into */

/* 4 harts, two gaps of RAM, disk 0 of 1000 blocks, NIC 0. */
static const struct manifest_machine small = {
	.harts = 4,
	.free = {{0x80100, 0x300}, {0x81000, 0x1000}},
	.free_count = 2,
	.disk_blocks = {1000},
	.has_nic = {true},
	.mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}},
	.filters = {32},
	.code = {0, 64},
	.timeline_slots = 64,
	.has_every_device = true,
};

static int
read_blob(const unsigned char *bytes, size_t count, const struct manifest_machine *machine)
{
	struct fdt fdt;

	strcpy(refusal.sentence, "");
	assert_int_equal(fdt_open(&fdt, bytes, count), 0);
	return manifest_parse(&manifest, &fdt, fdt_root(&fdt), machine, &refusal) ||
	       manifest_plan(&manifest, machine, &refusal);
}

static int
read_dts(const char *body, const struct manifest_machine *machine)
{
	size_t bytes;

	free(blob);
	blob = dts_blob(body, &bytes);
	return read_blob(blob, bytes, machine);
}

static const struct manifest_env *
accept(const char *body)
{
	if (read_dts(body, &small)) {
		fail_msg("refused: %s", refusal.sentence);
	}
	return &manifest.env[0];
}

static void
test_defaults(void **state)
{
	const struct manifest_env *env = accept("one { program = \"web\"; frames = <64>; };");

	(void)state;
	assert_int_equal(manifest.count, 1);
	assert_string_equal(env->name, "one");
	assert_string_equal(env->program, "web");
	assert_string_equal(env->libos, "");
	assert_string_equal(env->supervisor, "init");
	assert_int_equal(env->args.count, 0);
	assert_int_equal(env->values.count, 0);
	assert_int_equal(env->hart, 0);
	assert_false(env->takes_slack);
	assert_false(env->publishes_clock);
	assert_false(env->is_quiet);
	assert_int_equal(env->console_rights, EXO_WRITE);
	assert_int_equal(env->cspace_slots, MANIFEST_CSPACE_SLOTS);
	assert_int_equal(env->restarts, 0);
	assert_int_equal(env->extent_count, 0);
	assert_int_equal(env->nic, MANIFEST_NO_NIC);
	assert_false(env->receive_count || env->transmit.is_given || env->shared.is_given);
}

static void
test_every_property(void **state)
{
	const struct manifest_env *env = accept(
		"w { program = \"p\"; args = \"-v\", \"\", \"two words\"; values = "
		"\"ip=10.0.2.15\";"
		"libos = \"exo\"; frames-at = /bits/ 64 <0x81100 0x40>; hart = <2>;"
		"slots = <2 0 4 16>, <2 1 64 1>; slack; quiet; blocks = <0 10 20>, <0 990 0>;"
		"nic = <0>; filter-receive = \"0:6=nic\", \"12:2=0x0800\"; filter-transmit;"
		"filter-shared = \"0:6=ff:ff:ff:ff:ff:ff\"; filters = <8>; clock; console = "
		"\"read-write\";"
		"cspace-slots = <256>; supervisor = \"init\"; restart = \"3\"; };");

	(void)state;
	assert_int_equal(env->args.count, 3);
	assert_string_equal(manifest_string(&env->args, 0), "-v");
	assert_string_equal(manifest_string(&env->args, 1), "");
	assert_string_equal(manifest_string(&env->args, 2), "two words");
	assert_string_equal(manifest_string(&env->values, 0), "ip=10.0.2.15");
	assert_int_equal(env->frames.first, 0x81100);
	assert_int_equal(env->frames.count, 0x40);
	assert_int_equal(env->hart, 2);
	assert_true(env->takes_slack);
	assert_true(env->publishes_clock);
	assert_true(env->is_quiet);
	assert_int_equal(env->extent_count, 2);
	assert_int_equal(env->extents[0].first, 10);
	assert_int_equal(env->extents[0].count, 20);
	assert_int_equal(env->extents[1].count, 10); /* the rest of the disk */
	assert_int_equal(env->nic, 0);
	assert_int_equal(env->receive[0].count, 3);
	assert_true(env->transmit.is_given);
	assert_int_equal(env->transmit.count, 0);
	assert_int_equal(env->shared.count, 2);
	assert_int_equal(env->filters, 8);
	assert_int_equal(env->console_rights, EXO_READ | EXO_WRITE);
	assert_int_equal(env->cspace_slots, 256);
	assert_int_equal(env->restarts, 3);
}

static void
test_words(void **state)
{
	(void)state;
	assert_int_equal(accept("a { " PROGRAM "restart = \"never\"; };")->restarts, 0);
	assert_int_equal(accept("a { " PROGRAM "restart = \"always\"; };")->restarts,
			 MANIFEST_RESTART_ALWAYS);
	assert_int_equal(accept("a { " PROGRAM "restart = \"999999\"; };")->restarts, 999999);
	assert_int_equal(accept("a { " PROGRAM "monitor; };")->console_rights,
			 EXO_READ | EXO_WRITE | EXO_CONSOLE_POWER);
	assert_true(manifest.env[0].is_monitor && manifest.env[0].has_frame_table);
	assert_true(manifest.env[0].has_trace);
	assert_int_equal(accept("a { " PROGRAM "console = \"none\"; };")->console_rights, 0);
	assert_int_equal(accept("a { " PROGRAM "console = \"write\"; };")->console_rights,
			 EXO_WRITE);
	assert_int_equal(accept("a { " PROGRAM "slots = <3 0 1 1>; };")->hart, 3);
	assert_int_equal(accept("a { " PROGRAM "hart = <3>; slots = <3 0 1 1>; };")->hart, 3);
	assert_int_equal(accept("a { program = \"p\"; frames = /bits/ 64 <64>; };")->frames.count,
			 64);
}

static void
test_atoms(void **state)
{
	const struct manifest_env *env = accept(
		"a { " PROGRAM "nic = <0>; filter-receive = \"6:6 = nic\", \" 20:2 & 0x3fff = 0 \","
		"\"14:1&0x0f<<2\", \"16:2=80\", \"0:8=0xffffffffffffffff\","
		"\"0:6&0xff=01\", \"0:6=0x525400123457\"; };");
	const struct exo_atom expected[] = {
		{EXO_ATOM_COMPARE, 4, 0, 0, 6, 0, 0xffffffff, 0x52540012},
		{EXO_ATOM_COMPARE, 2, 0, 0, 10, 0, 0xffff, 0x3456},
		{EXO_ATOM_COMPARE, 2, 0, 0, 20, 0, 0x3fff, 0},
		{EXO_ATOM_SHIFT, 1, 2, 0, 14, 0, 0x0f, 0},
		{EXO_ATOM_COMPARE, 2, 0, 0, 16, 0, 0xffff, 80},
		{EXO_ATOM_COMPARE, 8, 0, 0, 0, 0, UINT64_MAX, UINT64_MAX},
		{EXO_ATOM_COMPARE, 2, 0, 0, 4, 0, 0xff, 1},
		{EXO_ATOM_COMPARE, 4, 0, 0, 0, 0, 0xffffffff, 0x52540012},
		{EXO_ATOM_COMPARE, 2, 0, 0, 4, 0, 0xffff, 0x3457},
	};

	(void)state;
	assert_int_equal(env->receive[0].count, ARRAY_SIZE(expected));
	assert_memory_equal(env->receive[0].atoms, expected, sizeof(expected));
}

/* Two environments may receive from one NIC exactly if some byte under the same base differs. */
static void
test_filters_of_two(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_disjoint;
	} cases[] = {
		{"\"12:2=0x0800\"", "\"12:2=0x0806\"", true},
		{"\"12:2=0x0800\"", "\"12:2=0x0800\"", false},
		{"\"12:2=0x0800\"", "\"13:1=6\"", true},
		{"\"12:2=0x0800\"", "\"13:2=0x0600\"", true},
		{"\"12:2=0x0800\"", "\"13:2=0x0006\"", false},
		{"\"0:1&1=0\"", "\"0:1&2=2\"", false},
		{"\"0:1&1=0\"", "\"0:1&3=3\"", true},
		{"\"0:6=nic\"", "\"0:6=52:54:00:12:34:57\"", true},
		{"\"0:6=nic\"", "\"0:6=52:54:00:12:34:56\"", false},
		{"\"14:1&15<<2\", \"16:2=80\"", "\"14:1&15<<2\", \"16:2=81\"", true},
		{"\"14:1&15<<2\", \"16:2=80\"", "\"16:2=81\"", false},
		{"\"14:1&15<<2\", \"16:2=80\"", "\"14:1&15<<3\", \"16:2=81\"", false},
		{"\"14:1&15<<2\", \"16:2=80\"", "\"16:2=80\", \"14:1&15<<2\", \"16:2=81\"", true},
		{"\"23:1=6\", \"14:1&15<<2\"", "\"14:1&15<<2\", \"23:1=17\"", false},
		{"\"23:1=6\", \"14:1&15<<2\"", "\"23:1=17\", \"14:1&15<<2\"", true},
	};
	char body[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int order = 0; order < 2; order++) {
			snprintf(body, sizeof(body),
				 "a { " PROGRAM "nic = <0>; filter-receive = %s; }; "
				 "b { " PROGRAM "nic = <0>; filter-receive = %s; };",
				 order ? cases[i].a : cases[i].b, order ? cases[i].b : cases[i].a);
			assert_int_equal(!read_dts(body, &small), cases[i].is_disjoint);
		}
	}
}

static void
test_filter_expression(void **state)
{
	const struct exo_atom second[] = {
		{EXO_ATOM_COMPARE, 2, 0, 0, 12, 0, 0xffff, 0x86dd},
		{EXO_ATOM_COMPARE, 1, 0, 0, 20, 0, 0xff, 6},
		{EXO_ATOM_COMPARE, 2, 0, 0, 56, 0, 0xffff, 80},
	};
	const struct manifest_env *env =
		accept("a { " PROGRAM "filter = \"ether dst nic\"; nic = <0>; filter-transmit; };");

	(void)state;
	assert_int_equal(env->receive_count, 1);
	assert_int_equal(env->receive[0].count, 2);
	assert_int_equal(env->receive[0].atoms[0].value, 0x00123456);
	assert_int_equal(env->receive[0].atoms[1].value, 0x5254);
	env = accept("a { " PROGRAM "nic = <0>; filter = \"tcp dst port http\"; }; "
		     "b { " PROGRAM "nic = <0>; filter = \"tcp dst port 81 or arp\"; };");
	assert_int_equal(env[0].receive_count, 2);
	assert_int_equal(env[0].receive[0].count, 5);
	assert_int_equal(env[0].receive[1].count, ARRAY_SIZE(second));
	assert_memory_equal(env[0].receive[1].atoms, second, sizeof(second));
	assert_int_equal(env[1].receive_count, 3);
	assert_int_equal(accept("a { " PROGRAM "nic = <0>; filter-shared = \"0:1&1=1\"; "
				"filter = \"tcp dst port 80 and not multicast\"; };")
				 ->receive_count,
			 2);
	env = accept("a { " PROGRAM "nic = <0>; filter = \"ether dst nic and ip\"; filters = <29>; "
		     "}; b { " PROGRAM "nic = <0>; filter = \"arp or rarp\"; };");
	assert_int_equal(env[1].receive_count, 2);
	assert_true(read_dts("a { " PROGRAM "nic = <0>; filter = \"ip\"; filters = <30>; }; "
			     "b { " PROGRAM "nic = <0>; filter = \"arp or rarp\"; };",
			     &small));
}

/* A tap stands beside whatever others take alone, also of multicast frames that are shared out. */
static void
test_taps_and_code(void **state)
{
	const struct manifest_env *env =
		accept("a { " PROGRAM "nic = <0>; filter-receive = \"0:6=nic\"; code = <60>; }; "
		       "b { " PROGRAM "nic = <0>; filter-shared; }; "
		       "c { " PROGRAM "nic = <0>; filter-tap = \"12:2=0x0800\"; code = <4>; };");

	(void)state;
	assert_null(env[0].tap);
	assert_int_equal(env[0].code.first, 0);
	assert_int_equal(env[0].code.count, 60);
	assert_int_equal(env[1].code.count, 0);
	assert_int_equal(env[2].receive_count, 0);
	assert_int_equal(env[2].tap->count, 1);
	assert_int_equal(env[2].tap->atoms[0].value, 0x0800);
	assert_int_equal(env[2].code.first, 60);
	assert_int_equal(env[2].code.count, 4);
}

static void
test_placement(void **state)
{
	(void)state;
	accept("a { program = \"p\"; frames = <0x201>; }; b { program = \"p\"; frames = <0x800>; };"
	       "c { program = \"p\"; frames = <0x100>; };"
	       "d { program = \"p\"; frames-at = /bits/ 64 <0x80100 0x10>; };"
	       "e { program = \"p\"; frames-at = /bits/ 64 <0x81200 0x10>; };");
	assert_int_equal(manifest.env[0].frames.first, 0x80110);
	assert_int_equal(manifest.env[1].frames.first, 0x81210);
	assert_int_equal(manifest.env[2].frames.first,
			 0x81000); /* [0x80312, 0x80400) is too small */
	accept("a { program = \"p\"; frames = <0x300>; }; b { program = \"p\"; frames = <0x1000>; "
	       "};");
	assert_int_equal(manifest.env[0].frames.first, 0x80100);
	assert_int_equal(manifest.env[1].frames.first, 0x81000);
}

static void
test_order(void **state)
{
	uint32_t order[MANIFEST_ENVS_MAX];

	(void)state;
	accept("a { " PROGRAM "supervisor = \"c\"; }; b { " PROGRAM "}; c { " PROGRAM
	       "supervisor = \"b\"; }; d { " PROGRAM "};");
	manifest_order(&manifest, order);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 1);
	assert_int_equal(order[3], 3);
	assert_int_equal(manifest_wards(&manifest, "b"), 1);
	assert_int_equal(manifest_wards(&manifest, "init"), 2);
}

/* A body of one environment, and the sentence; then bodies of whole manifests. */
static const char *const env_refusals[][2] = {
	{"colour = \"red\";",
	 "e: colour: there is no property of this name; docs/manifest.md lists them"},
	{"program;", "e: program: it is not one string; write program = \"web\""},
	{"program = \"a\", \"b\";", "e: program: it is not one string; write program = \"web\""},
	{"program = \"\";", "e: program: it is not one string; write program = \"web\""},
	{"program = [41 07 00];", "e: program: it is not one string; write program = \"web\""},
	{"program = [41];", "e: program: it is not one string; write program = \"web\""},
	{"frames = <1>;", "e: program: it is missing; name a program of the initrd"},
	{"program = \"p\";", "e: frames: it is missing; say how many pages it may use, such as "
			     "frames = <256>"},
	{"args = <1>;", "e: args: it is no list of strings; write args = \"a\", \"b\""},
	{"args = \"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\","
	 "\"14\",\"15\",\"16\",\"17\";",
	 "e: args: there are 17 strings, 42 bytes; at most 16 and 1024 can be passed"},
	{"values = \"a=b\", \"c\";", "e: values: \"c\" is not of the form key=value"},
	{"values = \"=b\";", "e: values: \"=b\" is not of the form key=value"},
	{"values;", "e: values: it is no list of strings; write values = \"key=value\", ..."},
	{"libos = <1>;", "e: libos: it is not one string; write libos = \"exo\""},
	{"frames = \"many\";", "e: frames: it is not one number; write frames = <1>"},
	{"frames = <0>;", "e: frames: 0 is out of range; it must be from 1 to 17592186044416"},
	{"frames-at = <1 2>;", "e: frames-at: it is not two 64-bit numbers; write frames-at = "
			       "/bits/ 64 <FIRST-PAGE COUNT>"},
	{"frames-at = /bits/ 64 <0x80100 0>;",
	 "e: frames-at: <0x80100 0> is empty or leaves the address space; give the number of the "
	 "first page and a count"},
	{"frames-at = /bits/ 64 <0xffffffffffffff00 0x200>;",
	 "e: frames-at: <0xffffffffffffff00 512> is empty or leaves the address space; give the "
	 "number of the first page and a count"},
	{"frames-at = /bits/ 64 <0x80101 2>;",
	 "e: frames-at: page 0x80101 is odd; pools begin at even pages"},
	{PROGRAM "frames-at = /bits/ 64 <0x80100 2>;",
	 "e: frames: frames-at is there as well; remove one"},
	{"program = \"p\"; frames-at = /bits/ 64 <0x803fe 4>;",
	 "e: frames-at: the pages <0x803fe 4> are not all free RAM here; free RAM begins at page "
	 "0x80100"},
	{"program = \"p\"; frames = <0x1001>;",
	 "e: frames: there is no room for 4097 pages (16 MiB) in a row: of 4864 free pages the "
	 "others take 0; lower it, or give the machine more memory"},
	{"hart = <8>;", "e: hart: 8 is out of range; it must be from 0 to 7"},
	{PROGRAM "hart = <4>;", "e: hart: there is no hart 4; this machine has 4, counted from 0"},
	{PROGRAM "slots = <7 0 1 1>;",
	 "e: hart: there is no hart 7; this machine has 4, counted from 0"},
	{PROGRAM "hart = <0>; slots = <1 0 1 1>;",
	 "e: hart: it is 0, but slots names hart 1; make them equal or remove hart"},
	{"slots = <0 0 1>;", "e: slots: it is no list of <HART FIRST STEP COUNT>"},
	{"slots;", "e: slots: it is no list of <HART FIRST STEP COUNT>"},
	{"slots = <0 0 1 1 1 0 1 1>;", "e: slots: it names more than one hart; an environment has "
				       "one home, start another one for the other hart"},
	{"slots = <0 0 0 1>;", "e: slots: <0 0 0 1> is no range of slots; give HART FIRST STEP "
			       "COUNT with STEP and COUNT of at least 1"},
	{"slots = <0 1 0xffffffff 0xffffffff>;",
	 "e: slots: <0 1 4294967295 4294967295> is no range of slots; give HART FIRST STEP COUNT "
	 "with STEP and COUNT of at least 1"},
	{"slack = <1>;", "e: slack: it takes no value; write slack;"},
	{"clock = \"x\";", "e: clock: it takes no value; write clock;"},
	{"quiet = \"yes\";", "e: quiet: it takes no value; write quiet;"},
	{"blocks = <0 1>;", "e: blocks: it is not 1 to 4 times <DISK FIRST COUNT>"},
	{"blocks = <0 0 1 0 1 1 0 2 1 0 3 1 0 4 1>;",
	 "e: blocks: it is not 1 to 4 times <DISK FIRST COUNT>"},
	{"blocks = <4 0 1>;", "e: blocks: there is never a disk 4; disks are counted from 0 and 3 "
			      "is the last"},
	{PROGRAM "blocks = <1 0 1>;", "e: blocks: this machine has no disk 1; attach one (make "
				      "qemu DISK=file), or remove it from the manifest"},
	{PROGRAM "blocks = <0 999 2>;",
	 "e: blocks: <0 999 2> leaves disk 0, which has 1000 blocks; lower the count, or attach a "
	 "larger disk"},
	{PROGRAM "blocks = <0 1000 0>;",
	 "e: blocks: <0 1000 1> leaves disk 0, which has 1000 blocks; lower the count, or attach a "
	 "larger disk"},
	{PROGRAM "blocks = <0 0 10>, <0 9 1>;",
	 "e: blocks: <0 9 1> overlaps <0 0 10> of \"e\"; give them different blocks"},
	{"nic = <4>;", "e: nic: 4 is out of range; it must be from 0 to 3"},
	{PROGRAM "nic = \"lop\"; filter-receive;",
	 "e: nic: there is no NIC \"lop\"; write its number, or \"loop\""},
	{PROGRAM "nic = \"loop\"; filter-receive;",
	 "e: nic: this machine has no NIC 3; attach one (make qemu NET=user, a word for each NIC), "
	 "or remove it from "
	 "the manifest"},
	{PROGRAM "nic = <1>; filter-receive;",
	 "e: nic: this machine has no NIC 1; attach one (make qemu NET=user, a word for each NIC), "
	 "or remove it from "
	 "the manifest"},
	{PROGRAM "nic = <0>;",
	 "e: nic: without filter, filter-receive, filter-transmit, filter-shared or filter-tap "
	 "no packet comes or goes; "
	 "write filter-receive; filter-transmit; for all of them"},
	{PROGRAM "filter-receive;", "e: nic: it is missing, but there is a filter; say which NIC, "
				    "such as nic = <0>"},
	{PROGRAM "filters = <1>;", "e: nic: it is missing, but there is a filter; say which NIC, "
				   "such as nic = <0>"},
	{PROGRAM "nic = <0>; filter-receive; filters = <33>;",
	 "e: filters: the environments of NIC 0 need 34 filters, and it has 32; lower or remove "
	 "one "
	 "of them"},
	{PROGRAM "nic = <0>; filter-transmit;",
	 "e: filter-transmit: only who receives may send; add filter-receive, such as "
	 "filter-receive = \"0:6=nic\""},
	{"filter-receive = <1 2 3>;", "e: filter-receive: it is no list of atoms; write "
				      "filter-receive = \"12:2=0x0800\", ..."},
	{"filter-receive = \"tcp port 80\";", "e: filter-receive: \"tcp port 80\" is no atom: it "
					      "does not begin with OFFSET:WIDTH, as 12:2=0x0800 "
					      "does; the syntax of tcpdump is for filter"},
	{"filter-receive = \"12:3=1\";", "e: filter-receive: \"12:3=1\" is no atom: the width is "
					 "none of 1, 2, 4, 6, 8 bytes"},
	{"filter-receive = \"1513:2=1\";",
	 "e: filter-receive: \"1513:2=1\" is no atom: the offset is behind the end of the longest "
	 "frame, 1514 bytes"},
	{"filter-receive = \"0:1&0=0\";",
	 "e: filter-receive: \"0:1&0=0\" is no atom: the mask is 0,"
	 " or wider than the field"},
	{"filter-receive = \"0:1&256=0\";", "e: filter-receive: \"0:1&256=0\" is no atom: the mask "
					    "is 0, or wider than the field"},
	{"filter-receive = \"0:1\";", "e: filter-receive: \"0:1\" is no atom: behind the field "
				      "stands neither = nor <<"},
	{"filter-receive = \"0:1=nic\";",
	 "e: filter-receive: \"0:1=nic\" is no atom: the value is no number (with width 6: "
	 "aa:bb:cc:dd:ee:ff or nic)"},
	{"filter-receive = \"0:6=52:54:00:12:34\";", "e: filter-receive: \"0:6=52:54:00:12:34\" is "
						     "no atom: something follows behind the value"},
	{"filter-receive = \"0:8=18446744073709551616\";",
	 "e: filter-receive: \"0:8=18446744073709551616\" is no atom: the value is no number (with "
	 "width 6: aa:bb:cc:dd:ee:ff or nic)"},
	{"filter-receive = \"0:1=1 2\";", "e: filter-receive: \"0:1=1 2\" is no atom: something "
					  "follows behind the value"},
	{"filter-receive = \"0:1=256\";",
	 "e: filter-receive: \"0:1=256\" is no atom: the value has bits outside of the mask or the "
	 "field, so nothing matches"},
	{"filter-receive = \"14:4<<2\";", "e: filter-receive: \"14:4<<2\" is no atom: only a field "
					  "of 1 or 2 bytes can shift the base"},
	{"filter-receive = \"14:1<<9\";",
	 "e: filter-receive: \"14:1<<9\" is no atom: the scale is above 8"},
	{"filter-receive = \"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\","
	 "\"0:6=1\",\"0:1=2\";",
	 "e: filter-receive: \"0:1=2\" is no atom: there are more than 16 atoms with it"},
	{"filter-transmit = \"127:2=1\";", "e: filter-transmit: the field at 127 ends behind byte "
					   "128, and only so many are looked at before sending"},
	{"filter-transmit = \"14:1<<2\";", "e: filter-transmit: it shifts the base, which only "
					   "filters of received packets can; compare at fixed "
					   "offsets"},
	{"filter-shared = \"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\",\"0:6=1\","
	 "\"0:6=1\";",
	 "e: filter-shared: there are 16 atoms; here at most 15 are possible"},
	{PROGRAM "nic = <0>; filter-shared = \"0:1&1=0\";",
	 "e: filter-shared: it matches no multicast or broadcast frame, and only those are shared; "
	 "use filter-receive for others"},
	{PROGRAM "nic = <0>; filter-shared; filter-receive = \"12:2=0x0800\";",
	 "e: filter-receive: it takes multicast and broadcast frames, which filter-shared of NIC 0 "
	 "shares out; add the atom 0:1&1=0 or a destination address"},
	{"filter = <1>;", "e: filter: it is not one string; write filter = \"ether dst nic\""},
	{"filter = \"tcp prt 80\";", "e: filter: column 5: and, or, ) or the end must follow here; "
				     "it is \"tcp prt 80\""},
	{"filter = \"host web\";",
	 "e: filter: column 6: no address stands here; names would need a "
	 "resolver; it is \"host web\""},
	{"filter = \"udp port 53\", \"arp\";",
	 "e: filter: it is not one string; write filter = \"ether dst nic\""},
	{"filter = \"port 80\";",
	 "e: filter: it falls apart into 12 filters, and an environment gets at most 4; make it "
	 "simpler (tcp dst port 80, not port 80): \"port 80\""},
	{PROGRAM "nic = <0>; filter = \"ip\"; filter-receive;",
	 "e: filter: filter-receive is there as well; remove one"},
	{PROGRAM "nic = <0>; filter = \"ip src or dst host 10.0.0.1\";",
	 "e: filter: a packet could match both \"12:2=0x800 26:4=0xa000001\" and \"12:2=0x800 "
	 "30:4=0xa000001\" of it; make them exclude each other (tcp dst port 80, not tcp port 80)"},
	{PROGRAM "nic = <0>; filter = \"tcp port 80\"; filter-shared;",
	 "e: filter: it, filter-shared and filter-tap become 5 capabilities, and an environment "
	 "gets at most 4; make it simpler"},
	{PROGRAM "nic = <0>; filter = \"tcp port 80\"; filter-tap;",
	 "e: filter: it, filter-shared and filter-tap become 5 capabilities, and an environment "
	 "gets at most 4; make it simpler"},
	{PROGRAM "filter-tap;", "e: nic: it is missing, but there is a filter; say which NIC, such "
				"as nic = <0>"},
	{PROGRAM "nic = <0>; filter-tap; filter-transmit;",
	 "e: filter-transmit: only who receives may send; add filter-receive, such as "
	 "filter-receive = \"0:6=nic\""},
	{PROGRAM "nic = <0>; filter-tap = \"12=1\";",
	 "e: filter-tap: \"12=1\" is no atom: it does not begin with OFFSET:WIDTH, as 12:2=0x0800 "
	 "does; the syntax of tcpdump is for filter"},
	{PROGRAM "code;", "e: code: it is not one number; write code = <1>"},
	{PROGRAM "code = <0>;", "e: code: 0 is out of range; it must be from 1 to 65536"},
	{PROGRAM "code = <65>;", "e: code: there is no room for 65 pages of code: this machine has "
				 "64, of which those before it take 0; lower it"},
	{PROGRAM "nic = <0>; filter = \"arp\"; filter-shared;",
	 "e: filter: it takes multicast and broadcast frames, which filter-shared of NIC 0 shares "
	 "out; add \"and not multicast\" or a destination address"},
	{PROGRAM "monitor; console = \"write\";",
	 "e: console: monitor gives it the console already; remove one"},
	{"monitor = <1>;", "e: monitor: it takes no value; write monitor;"},
	{"console = \"read\";", "e: console: it is none of \"none\", \"write\", \"read-write\""},
	{"cspace-slots = <63>;",
	 "e: cspace-slots: 63 is out of range; it must be from 64 to 32256"},
	{"cspace-slots = <1 2 3>;",
	 "e: cspace-slots: it is not one number; write cspace-slots = <64>"},
	{"restart = \"often\";",
	 "e: restart: it is none of \"never\", \"always\", \"N\" with N up to 999999"},
	{"restart = \"1000000\";",
	 "e: restart: it is none of \"never\", \"always\", \"N\" with N up to 999999"},
	{"restart = <1>;",
	 "e: restart: it is none of \"never\", \"always\", \"N\" with N up to 999999"},
	{"supervisor = <1>;", "e: supervisor: it is not one string; write supervisor = \"init\""},
	{PROGRAM "supervisor = \"nobody\";", "e: supervisor: there is no environment \"nobody\"; "
					     "name one of this manifest, or init"},
	{PROGRAM "supervisor = \"e\";",
	 "e: supervisor: its supervisors form a circle; one of them must have init"},
	{PROGRAM "supervisor = \"x\"; restart = \"always\";",
	 "e: restart: only init restarts, and the supervisor is \"x\"; remove restart or "
	 "supervisor"},
	{"root = \"x\";", "e: root: this version of Chitin does not hand that out yet; remove it"},
	{PROGRAM "inner {};",
	 "e: an environment has no nodes of its own; move them one level up or "
	 "remove them"},
};

static const char *const refusals[][2] = {
	{"", "the manifest: it names no environment; add a node with a program"},
	{"model = \"x\"; a { " PROGRAM "};", "the manifest: only its environments have properties; "
					     "remove or move the first one"},
	{"init { " PROGRAM "};",
	 "init: the first environment has this name already; choose another one"},
	{"a@1 { " PROGRAM "};", "an environment: name: it is not 1 to 31 letters, digits or ,._+-; "
				"give the node such a name"},
	{"a2345678901234567890123456789012 { " PROGRAM "};",
	 "an environment: name: it is not 1 to 31 letters, digits or ,._+-; give the node such a "
	 "name"},
	{"a { program = \"p\"; frames-at = /bits/ 64 <0x80100 64>; }; "
	 "b { program = \"p\"; frames-at = /bits/ 64 <0x8013e 4>; };",
	 "a: frames-at: the pages <0x80100 64> overlap those of \"b\"; give them different ones"},
	{"a { program = \"p\"; frames = <0x1000>; }; b { program = \"p\"; frames = <0x301>; };",
	 "b: frames: there is no room for 769 pages (3 MiB) in a row: of 4864 free pages the "
	 "others "
	 "take 4096; lower it, or give the machine more memory"},
	{"a { " PROGRAM "blocks = <0 0 100>; }; b { " PROGRAM "blocks = <0 99 1>; };",
	 "b: blocks: <0 99 1> overlaps <0 0 100> of \"a\"; give them different blocks"},
	{"a { " PROGRAM "nic = <0>; filter-receive; }; "
	 "b { " PROGRAM "nic = <0>; filter-receive = \"0:1=0\"; };",
	 "b: filter-receive: a packet could match that of \"a\" as well; some byte must differ "
	 "between the two"},
	{"a { " PROGRAM "nic = <0>; filter-receive = \"0:1=0\"; filters = <30>; }; "
	 "b { " PROGRAM "nic = <0>; filter-shared; filters = <3>; };",
	 "a: filters: the environments of NIC 0 need 36 filters, and it has 32; lower or remove "
	 "one "
	 "of them"},
	{"a { " PROGRAM "nic = <0>; filter-tap; filters = <31>; }; "
	 "b { " PROGRAM "nic = <0>; filter-tap; };",
	 "a: filters: the environments of NIC 0 need 33 filters, and it has 32; lower or remove "
	 "one of them"},
	{"a { " PROGRAM "code = <60>; }; b { " PROGRAM "code = <5>; };",
	 "b: code: there is no room for 5 pages of code: this machine has 64, of which those "
	 "before it take 60; lower it"},
	{"a { " PROGRAM "monitor; }; b { " PROGRAM "monitor; };",
	 "b: console: \"a\" reads the console already, and input goes to one reader; make one of "
	 "them \"write\""},
	{"a { " PROGRAM "console = \"read-write\"; }; b { " PROGRAM "console = \"read-write\"; };",
	 "b: console: \"a\" reads the console already, and input goes to one reader; make one of "
	 "them \"write\""},
	{"a { " PROGRAM "clock; }; b { " PROGRAM "clock; };",
	 "b: clock: \"a\" publishes the time of day already; remove one of them"},
	{"a { " PROGRAM "}; b { " PROGRAM "supervisor = \"a\"; }; c { " PROGRAM
	 "supervisor = \"a\"; }; d { " PROGRAM "supervisor = \"a\"; }; e { " PROGRAM
	 "supervisor = \"a\"; }; f { " PROGRAM "supervisor = \"a\"; };",
	 "b: supervisor: \"a\" has more than 4 to watch; let init or another one watch some"},
	{"a { " PROGRAM "supervisor = \"b\"; }; b { " PROGRAM "supervisor = \"a\"; };",
	 "a: supervisor: its supervisors form a circle; one of them must have init"},
	{"a { " PROGRAM "nic = <0>; filter = \"udp dst port 53\"; };"
	 "b { " PROGRAM "nic = <0>; filter-receive = \"23:1=17\"; };",
	 "b: filter-receive: a packet could match \"23:1=0x11\" of it and \"12:2=0x800 23:1=0x11 "
	 "20:2&0x3fff=0x0 14:1&0xf<<2 16:2=0x35\" of \"a\"; some byte must differ between the "
	 "two"},
};

static void
test_refusals(void **state)
{
	char body[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(env_refusals); i++) {
		snprintf(body, sizeof(body), "e { %s };", env_refusals[i][0]);
		assert_true(read_dts(body, &small));
		assert_string_equal(refusal.sentence, env_refusals[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		assert_true(read_dts(refusals[i][0], &small));
		assert_string_equal(refusal.sentence, refusals[i][1]);
	}
}

/* What dtc itself would not write. */
static void
test_refusals_of_blobs(void **state)
{
	size_t bytes;
	unsigned char *twice = dts_blob("one { " PROGRAM "}; two { " PROGRAM "};", &bytes);

	(void)state;
	dts_replace(twice, bytes, "two", "one");
	assert_true(read_blob(twice, bytes, &small));
	assert_string_equal(refusal.sentence, "one: two environments have this name; rename one");
	free(twice);

	twice = dts_blob("one { " PROGRAM "quiet; slack; };", &bytes);
	dts_replace(twice, bytes, "slack", "quiet");
	assert_true(read_blob(twice, bytes, &small));
	assert_string_equal(refusal.sentence, "one: quiet: it is there twice; remove one");
	free(twice);
}

static void
test_too_many(void **state)
{
	char body[8192] = "";

	(void)state;
	for (int i = 0; i <= MANIFEST_ENVS_MAX; i++) {
		snprintf(body + strlen(body), sizeof(body) - strlen(body), "e%d { %s};", i,
			 "program = \"p\"; frames = <2>; ");
	}
	assert_true(read_dts(body, &small));
	assert_string_equal(refusal.sentence, "e32: there are more than 32 environments");
	*strstr(body, "e32 {") = 0;
	assert_false(read_dts(body, &small));
	assert_int_equal(manifest.count, MANIFEST_ENVS_MAX);
}

static void
test_too_many_filters(void **state)
{
	char body[8192] = "";

	(void)state;
	for (int i = 0; i <= MANIFEST_FILTERS_MAX / 4; i++) {
		snprintf(body + strlen(body), sizeof(body) - strlen(body), "e%d { %s};", i,
			 PROGRAM "nic = <0>; filter = \"tcp port 80\"; ");
	}
	assert_true(read_dts(body, &small));
	assert_string_equal(refusal.sentence,
			    "e12: filter: there are more than 48 filters in this manifest");
	assert_true(read_dts("e { filter = \"not arp and not rarp and not ip and not ip6\"; };",
			     &small));
	assert_string_equal(refusal.sentence,
			    "e: filter: column 41: with this it falls apart into more than 32 "
			    "filters; it is \"not arp and not rarp and not ip and not ip6\"");
}

/* The build's machine has all that the ABI can name, so only what no machine has is refused. */
static void
test_machine_any(void **state)
{
	struct manifest_machine any;

	(void)state;
	manifest_machine_any(&any);
	assert_false(read_dts("a { program = \"p\"; frames = <0xffffffff>; hart = <7>; nic = <3>;"
			      "filter-receive = \"0:6=nic\"; filters = <9999>;"
			      "blocks = <3 0xfffffff0 0xffffffff>; };",
			      &any));
	assert_int_equal(manifest.env[0].receive[0].atoms[1].value, 0x3459);
	assert_true(read_dts(
		"a { " PROGRAM "blocks = <0 5 10>; }; b { " PROGRAM "blocks = <0 0 0>; };", &any));
}

/* Whatever bytes change, the outcome is a manifest or a sentence, and what was accepted obeys. */
static void
test_mutations(void **state)
{
	size_t bytes;
	unsigned char *original = dts_blob(
		"web { program = \"web\"; args = \"a\", \"b\"; values = \"k=v\"; frames = <64>;"
		"blocks = <0 0 10>; nic = <0>; filter-receive = \"0:6=nic\", \"14:1&15<<2\";"
		"filter-shared; restart = \"always\"; slots = <0 0 1 1>; quiet; slack; };"
		"two { program = \"two\"; frames-at = /bits/ 64 <0x81000 2>; hart = <1>;"
		"supervisor = \"web\"; console = \"none\"; cspace-slots = <64>; };",
		&bytes);
	uint64_t seed = 1;
	unsigned accepted = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned char *copy = malloc(bytes);
		struct fdt fdt;

		memcpy(copy, original, bytes);
		for (uint64_t n = 1 + rand_below(&seed, 4); n; n--) {
			copy[rand_below(&seed, bytes)] = (unsigned char)rand_next(&seed);
		}
		strcpy(refusal.sentence, "");
		if (!fdt_open(&fdt, copy, bytes) &&
		    !manifest_parse(&manifest, &fdt, fdt_root(&fdt), &small, &refusal) &&
		    !manifest_plan(&manifest, &small, &refusal)) {
			accepted++;
			assert_string_equal(refusal.sentence, "");
			for (uint32_t i = 0; i < manifest.count; i++) {
				assert_true(manifest.env[i].hart < small.harts);
				assert_true(strlen(manifest.env[i].program) > 0);
			}
		} else if (!fdt_open(&fdt, copy, bytes)) {
			assert_true(strlen(refusal.sentence) > 0);
		}
		free(copy);
	}
	assert_true(accepted > 100);
	free(original);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_every_property),
		cmocka_unit_test(test_words),          cmocka_unit_test(test_atoms),
		cmocka_unit_test(test_filters_of_two), cmocka_unit_test(test_filter_expression),
		cmocka_unit_test(test_placement),      cmocka_unit_test(test_order),
		cmocka_unit_test(test_refusals),       cmocka_unit_test(test_refusals_of_blobs),
		cmocka_unit_test(test_too_many),       cmocka_unit_test(test_too_many_filters),
		cmocka_unit_test(test_machine_any),    cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_taps_and_code),
	};
	int failures = cmocka_run_group_tests(tests, NULL, NULL);

	free(blob);
	return failures;
}
