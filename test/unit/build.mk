# SPDX-License-Identifier: MIT
# Host tests: each test/unit/X_test.c is one executable under ASan and UBSan, each test/fuzz/X.c one
# libFuzzer target. A line of its head comment says what it is linked with:
#   links: lib/base/fdt.c test/fake/mmio.c; libs: -lfdt
HFLAGS := -std=gnu11 -O1 -g -I. -Iinclude -include $(C)/autoconf.h -D'ARCH_INLINE=<arch/host/inline.h>' -fno-common -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all $(WARN)
FUZZFLAGS := $(filter-out -fsanitize=%,$(HFLAGS)) -fsanitize=fuzzer-no-link,address,undefined -Wno-missing-prototypes
# The whole kernel on arch/host, with the variables of all of it together (test/model/sys_sections.h).
kernel-host-y = $(filter-out kern/panic.c kern/dev/%,$(filter kern/%,$(kernel-y))) kern/dev/irq_plic.c \
	kern/dev/net_loop.c $(base-y) $(wildcard arch/riscv/jit*.c arch/host/*.c)
UNIT_TESTS := $(basename $(wildcard test/unit/*_test.c))
FUZZ_TESTS := $(basename $(wildcard test/fuzz/*.c))

$(O)/host/links.mk: $(addsuffix .c,$(UNIT_TESTS) $(FUZZ_TESTS)) scripts/links.awk
	@mkdir -p $(@D)
	@awk -f scripts/links.awk $(filter %.c,$^) /dev/null > $@
ifneq ($(filter-out $(NO_CONFIG),$(or $(MAKECMDGOALS),all)),)
include $(O)/host/links.mk
endif

hobjs = $(patsubst %.c,$(O)/host/%.o,$1)
fobjs = $(patsubst %.c,$(O)/host/fuzz/%.o,$1)
define unit
$(O)/host/$1: $(call hobjs,$1.c $(links-$1))
	$$(call say,HOSTLD) gcc $(HFLAGS) -o $$@ $$(filter %.o,$$^) -lcmocka $(linklibs-$1)
endef
define fuzz
$(O)/host/$1: $(call fobjs,$1.c $(links-$1))
	@mkdir -p $$(@D)
	$$(call say,HOSTLD) clang $(subst fuzzer-no-link,fuzzer,$(FUZZFLAGS)) -o $$@ $$(filter %.o,$$^) $(linklibs-$1)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit,$t)))
$(foreach t,$(FUZZ_TESTS),$(eval $(call fuzz,$t)))

$(O)/host/%.o: %.c $(C)/autoconf.h | $(STAMP)-test.ok
	@mkdir -p $(@D)
	$(call say,HOSTCC) gcc $(HFLAGS) -MMD -MP -c -o $@ $<
$(O)/host/fuzz/%.o: %.c $(C)/autoconf.h | $(STAMP)-test.ok
	@mkdir -p $(@D)
	$(call say,CLANG) clang $(FUZZFLAGS) $(UNTRACED) -MMD -MP -c -o $@ $<

$(O)/host/fuzz/kern/% $(O)/host/fuzz/arch/% $(O)/host/fuzz/test/fake/%: FUZZFLAGS += -include test/model/sys_sections.h \
	-Wno-initializer-overrides -Wno-unknown-warning-option -Wno-cast-function-type
# What they compare tells the fuzzer nothing there, and took two thirds of the time.
$(O)/host/fuzz/kern/% $(O)/host/fuzz/arch/% $(O)/host/fuzz/test/model/%: UNTRACED = -fno-sanitize-coverage=trace-cmp
$(O)/host/fuzz/kern/dev/%: UNTRACED =
$(O)/host/fuzz/test/fuzz/syscall.o $(O)/host/fuzz/test/fake/board.o $(O)/host/fuzz/test/fake/plic.o: UNTRACED = -fno-sanitize-coverage=trace-cmp

.PHONY: unit fuzzers
unit: $(addprefix $(O)/host/,$(UNIT_TESTS))
fuzzers: $(addprefix $(O)/host/,$(FUZZ_TESTS))
