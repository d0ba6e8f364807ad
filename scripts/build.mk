# SPDX-License-Identifier: MIT
# Everything beyond compiling: settings, the initrd, running, testing, help.

# --- tools ------------------------------------------------------------------------------------------
.PHONY: doctor
doctor:
	@scripts/doctor test
$(STAMP).ok: scripts/doctor scripts/packages.txt
	@scripts/doctor build $@ >&2
$(STAMP)-code.ok: scripts/doctor scripts/packages.txt
	@scripts/doctor code $@ >&2 && touch $(STAMP).ok
$(STAMP)-test.ok: scripts/doctor scripts/packages.txt
	@scripts/doctor test $@ >&2 && touch $(STAMP).ok

# --- settings ---------------------------------------------------------------------------------------
.PHONY: menuconfig savedefconfig clean help
menuconfig: | $(STAMP).ok
	@test -t 0 || { echo 'menuconfig needs a terminal; try: make NAME_defconfig, or make CONFIG_X=value' >&2; false; }
	@test -f .config || $(PYTHON) scripts/kconfig.py load $(DEFCONFIG) .config
	@KCONFIG_CONFIG=.config $(PYTHON) -m menuconfig
%_defconfig: boards/%/defconfig | $(STAMP).ok
	@$(PYTHON) scripts/kconfig.py load $< .config && echo ".config is now that of boards/$*"
%_defconfig:
	@echo 'no board $*; try one of: $(addsuffix _defconfig,$(BOARDS))' >&2; false
savedefconfig: | $(STAMP).ok
	@mkdir -p $(B) && $(PYTHON) scripts/kconfig.py save $(CONFIG_IN) $(B)/defconfig && echo $(B)/defconfig
clean:
	rm -rf $(O)
help:
	@tail -n +2 scripts/help.txt

# --- initrd -----------------------------------------------------------------------------------------
# PROGRAMS without a MANIFEST: one environment for each of them.
$(foreach m,$(MANIFEST),$(if $(wildcard $m),,$(error MANIFEST=$m: there is no such file)))
# Some boards have another manifest for one hart.
ONE_HART := $(if $(filter 1,$(SMP) $(ICOUNT)),$(wildcard boards/$(BOARD)/one-hart.dts))
MANIFEST ?= $(if $(PROGRAMS),$(B)/programs.dts,$(or $(ONE_HART),boards/$(BOARD)/manifest.dts))
$(B)/programs.dts: FORCE
	@mkdir -p $(@D)
	$(file >$@,/dts-v1/; / {)
	$(foreach p,$(basename $(notdir $(PROGRAMS))),$(file >>$@,$p { program = "$p"; frames = <4096>; };))
	$(file >>$@,};)
initrd: $(B)/initrd.cpio
$(B)/manifest.dtb: $(MANIFEST) $(CHECK_MANIFEST) FORCE
	@mkdir -p $(@D)
	$(if $(V),,@)dtc -q -I dts -O dtb -o $@.new $< && $(CHECK_MANIFEST) $@.new $< && \
		if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/initrd.cpio: $(B)/manifest.dtb $(call elf_of,$(USER_PROGS)) scripts/mkinitrd.py FORCE
	$(if $(V),,@)$(PYTHON) scripts/mkinitrd.py --manifest $< --dir $(B)/user --out $@ $(PROGRAMS)

# --- running ----------------------------------------------------------------------------------------
.PHONY: qemu run run-words stop monitor trace gdb
quoted = '$(subst ','\'',$1)'
QEMU_WORDS = BOARD=$(BOARD) $(foreach v,SMP MEM CPU APPEND NET FORWARD ICOUNT PLUGIN TIMEOUT,$(if $($v),$(call quoted,$v=$($v))))
qemu: kernel initrd
	@$(PYTHON) scripts/qemu.py $(QEMU_WORDS) $(if $(DISK),$(call quoted,DISK=$(DISK)))
RUN_WORDS = $(QEMU_WORDS) $(if $(PORT),$(call quoted,PORT=$(PORT)))
run: run-words kernel initrd $(B)/disk.img
	@$(PYTHON) scripts/run.py start $(RUN_WORDS) DISK=$(B)/disk.img
run-words:
	@$(PYTHON) scripts/run.py check $(RUN_WORDS)
monitor: kernel initrd $(B)/disk.img
	@$(PYTHON) scripts/monitor.py $(QEMU_WORDS) $(call quoted,DISK=$(or $(DISK),$(B)/disk.img)) $(if $(CMD),$(call quoted,CMD=$(CMD)))
# As they were typed: a $ in CMD is gdb's.
GDB_WORDS = $(foreach v,CMD GDBPORT ENV PROGRAM CONSOLE,$(if $(findstring command,$(origin $v)),$(call quoted,$v=$(value $v))))
gdb: kernel programs initrd $(B)/disk.img
	@$(PYTHON) scripts/gdb.py $(QEMU_WORDS) $(call quoted,DISK=$(or $(DISK),$(B)/disk.img)) $(GDB_WORDS)
# The main job's disk and network, unless another MANIFEST is named.
TRACE_WORDS = MANIFEST=$(call quoted,$(MANIFEST)) $(if $(EVENTS),EVENTS=$(EVENTS)) $(if $(findstring file,$(origin MANIFEST)),\
	DISK=$(or $(DISK),$(B)/disk.img) NET=$(or $(NET),user),$(if $(DISK),$(call quoted,DISK=$(DISK))))
trace: kernel programs $(if $(findstring file,$(origin MANIFEST)),$(B)/disk.img)
	@$(PYTHON) scripts/perfetto.py $(QEMU_WORDS) $(TRACE_WORDS) $(call quoted,OUT=$(OUT))
stop:
	@$(PYTHON) scripts/run.py stop BOARD=$(BOARD)
$(B)/disk.img: FORCE
	@mkdir -p $(@D) && $(PYTHON) scripts/mksite.py $(if $(SITE),--site $(call quoted,$(SITE))) --out $@

# --- testing: T=GLOB chooses; the kind before the slash says what has to be built -------------------
.PHONY: test test-list nightly fuzz mutants
T ?= *
test_kind  := $(firstword $(subst /, ,$T))
named_host := $(patsubst %.c,$(O)/host/%,$(wildcard $(patsubst unit/%,test/unit/%_test.c,$(filter unit/%,$T)) \
	$(patsubst fuzz/%,test/fuzz/%.c,$(filter fuzz/%,$T))))
test_needs := $(or $(named_host),$(if $(filter unit,$(test_kind)),unit),$(if $(filter fuzz,$(test_kind)),fuzzers),\
	$(if $(filter check,$(test_kind)),check-needs),unit fuzzers check-needs all boot-tests bench-programs) \
	$(if $(filter fuzz/guest fuzz/* * boot/%,$T)$(filter nightly,$(MAKECMDGOALS)),boot-tests paranoid)
TESTRUN     = $(PYTHON) scripts/testrun.py $(if $(filter 1,$(STRICT)),--strict) $(if $(J),--jobs $J)
test: $(STAMP)-test.ok $(test_needs)
	@$(TESTRUN) '$T'
nightly: $(STAMP)-test.ok $(test_needs)
	@$(TESTRUN) --nightly '$T'
test-list: $(STAMP)-test.ok
	@$(TESTRUN) --list '$T'
# SAMPLE=n tries so many of them, SEED=n others.
mutants: $(STAMP)-test.ok
	@$(PYTHON) scripts/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) '$T'
check-needs: $(O)/compile_commands.json $(B)/pure.list kernel programs boot-tests
# Once more, not as one with the others: here it shows what an object needs and owns.
$(B)/pure/k/%.o: %.c $(C)/autoconf.h
	@mkdir -p $(@D)
	$(call say,CC) $(CROSS)gcc $(KFLAGS) $(cflags-$*) -fno-lto -MMD -MP -c -o $@ $<
$(B)/pure.list: $(patsubst %.c,$(B)/pure/k/%.o,$(pure-y) lib/base/string.c) scripts/build.mk
	$(file >$@,$(filter %.o,$^))
.PHONY: layers graph check manual size-diff stack
layers:
	@$(PYTHON) scripts/check-layers.py
graph:
	@$(PYTHON) scripts/check-layers.py --graph
manual:
	@$(PYTHON) scripts/manual.py
size-diff: $(B)/kernel.elf
	@$(PYTHON) scripts/size-diff.py $(BASE)
stack: kernel
	@$(PYTHON) scripts/stack.py
check: $(STAMP)-test.ok check-needs
	@$(TESTRUN) 'check/*'
fuzz_target := $(basename $(wildcard $(patsubst %,test/fuzz/%.c,$(filter-out *,$T))))
fuzz_guest  := $(filter guest,$T)
# The kernel that checks all its invariants at every turn.
.PHONY: paranoid
paranoid: $(STAMP)-test.ok
	@MAKEFLAGS= $(MAKE) -s O=$(O)/paranoid BOARD=qemu-virt CONFIG_PARANOID=y kernel
fuzz: $(STAMP)-test.ok $(addprefix $(O)/host/,$(fuzz_target)) $(if $(fuzz_guest),boot-tests paranoid)
	@$(if $(fuzz_target)$(fuzz_guest),$(PYTHON) scripts/testrun.py --fuzz '$T' --seconds $(or $(SECONDS),60) \
		$(if $(SMP),--smp $(SMP)) $(if $(SEED),--seed $(SEED)),\
		echo 'make fuzz T=NAME SECONDS=n, NAME one of: $(notdir $(FUZZ_TESTS)) guest (SMP=n SEED=n)'; test '$T' = '*')

# --- for editors --------------------------------------------------------------------------------------
compdb = {"directory":"$(CURDIR)","file":"$1","command":"$(CROSS)gcc $2 -c $1"}
comma := ,
$(O)/compile_commands.json: $(C)/auto.conf Makefile $(ROOMS)
	$(file >$@,[)
	$(foreach s,$(filter %.c,$(kernel-y)),$(file >>$@,$(call compdb,$s,$(KFLAGS))$(comma)))
	$(foreach s,$(filter %.c,$(foreach p,$(USER_PROGS) $(BOOT_PROGS) $(BENCH_PROGS),$(call sources_of,$p)) $(foreach l,$(LIBS),$(lib-$l-y)) $(other-user-y)), \
		$(file >>$@,$(call compdb,$s,$(UFLAGS) $(cflags-$(basename $s)) $(cflags-$(patsubst %/,%,$(dir $s))))$(comma)))
	$(file >>$@,{"directory":"$(CURDIR)"$(comma)"file":"LICENSE"$(comma)"command":"true"}])
