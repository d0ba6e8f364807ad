# SPDX-License-Identifier: MIT
# The build of Chitin. One make, no recursion: every room adds a build.mk that names its sources.
#   kernel-y += FILES              sources of the kernel          pure-y += FILES  those that stand alone
#   LIBS += X, lib-X-y := FILES    user library build/BOARD/lib/libX.a
#   libs-DIR/PROG := X Y           further libraries of a program (lib/exo and lib/base come by themselves)
#   other-user-y += FILES          user sources that are linked in another way, for those who check sources
#   cflags-DIR/PROG, cflags-DIR    further compiler flags of one user source, or of a folder of them
# Settings: BOARD=, V=1 (show commands), O=dir (instead of build), CONFIG_X=value. `make help` has the rest.
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(findstring -j,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SUFFIXES:
O      ?= build
BOARD  ?= $(or $(shell sed -n 's/^CONFIG_BOARD="\(.*\)"/\1/p' .config 2>/dev/null),qemu-virt)
B      := $(O)/$(BOARD)
C      := $(B)/config
PYTHON := /usr/bin/python3
CROSS  := riscv64-unknown-elf-
SILENT := $(findstring s,$(firstword -$(filter-out --%,$(MAKEFLAGS))))
say     = $(if $(V),,@$(if $(SILENT),,printf '  %-7s %s\n' '$1' '$(patsubst $(O)/%,%,$@)';))
BOARDS := $(patsubst boards/%/defconfig,%,$(wildcard boards/*/defconfig))
$(if $(word 2,$(CURDIR)/$(O)),$(error make cannot handle the space in $(CURDIR)/$(O); use a path without))
$(if $(findstring command,$(origin CONFIG_BOARD)),$(error choose the board with BOARD=$(CONFIG_BOARD)))

export O BOARD
export PYTHONPYCACHEPREFIX := $(abspath $(O)/pycache)

.PHONY: all FORCE
all: layers kernel programs initrd $(O)/compile_commands.json
FORCE:

# --- configuration: the user's .config if it is for this board, else the board's defconfig --------
DEFCONFIG := boards/$(BOARD)/defconfig
CONFIG_IN := $(or $(shell grep -ls '^CONFIG_BOARD="$(BOARD)"$$' .config),$(DEFCONFIG))
OVERRIDES := $(foreach v,$(filter CONFIG_%,$(.VARIABLES)),$(if $(findstring command,$(origin $v)),$v=$($v)))
CONFIGURED := $(C)/auto.conf $(C)/autoconf.h
$(filter-out $(C)/auto.conf,$(CONFIGURED)): $(C)/auto.conf ;
# The tools come first of all: those of the tests only where a goal needs them, and again for another QEMU=.
STAMP  := $(O)/doctor$(subst /,_,$(QEMU))
DOCTOR := $(STAMP)$(if $(filter test test-list nightly check fuzz unit fuzzers,$(MAKECMDGOALS)),-test).ok
$(C)/auto.conf: $(DOCTOR) FORCE
	@$(PYTHON) scripts/kconfig.py build $(CONFIG_IN) $(C) $(OVERRIDES)
NO_CONFIG := clean help doctor menuconfig savedefconfig %_defconfig stop
ifneq ($(filter-out $(NO_CONFIG),$(or $(MAKECMDGOALS),all)),)
$(if $(filter $(BOARD),$(BOARDS)),,$(error no board $(BOARD)$(if $(findstring file,$(origin BOARD)), \
	as .config has it); try: make BOARD=NAME, one of: $(BOARDS)))
include $(C)/auto.conf
endif

# --- what there is to build ------------------------------------------------------------------------
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
COMMON := -std=gnu11 -O2 -g -I. -Iinclude -include $(C)/autoconf.h -ffile-prefix-map=$(CURDIR)/= \
	-fno-common -ffunction-sections -fdata-sections -mcmodel=medany -misa-spec=2.2
# The kernel leaves t4 to t6 alone, so that calls need not clear them on their way back (vector.S).
KFLAGS := $(COMMON) -ffixed-t4 -ffixed-t5 -ffixed-t6 -march=rv64imac -mabi=lp64 -ffreestanding -fno-pic -fno-strict-aliasing -flto \
	-D'ARCH_INLINE=<arch/riscv/inline.h>' $(WARN)
# User code keeps gp for upcalls: no small data, and the link script defines no __global_pointer$.
# picolibc declares clocks only for systems that say they have them.
UFLAGS := $(COMMON) -march=rv64gc -mabi=lp64d --specs=picolibc.specs -msmall-data-limit=0 \
	-DPICOLIBC_DOUBLE_PRINTF_SCANF -D_POSIX_TIMERS -D_POSIX_MONOTONIC_CLOCK
ROOMS  := $(sort $(wildcard lib/*/build.mk) $(wildcard arch/*/build.mk) $(wildcard kern/build.mk kern/*/build.mk) \
	$(wildcard user/build.mk user/*/build.mk) $(wildcard test/*/build.mk))
include $(ROOMS)

objs  = $(patsubst %.c,%.o,$(patsubst %.S,%.S.o,$1))
kobjs = $(addprefix $(B)/k/,$(call objs,$1))
uobjs = $(addprefix $(B)/u/,$(call objs,$1))
# A program is DIR/NAME.c or DIR/NAME/*.[cS]; $(call programs_in,DIR) gives the DIR/NAMEs.
programs_in = $(sort $(basename $(wildcard $1/*.c)) $(patsubst %/,%,$(dir $(wildcard $1/*/*.c))))
sources_of  = $(if $(and $(wildcard $1.c),$(wildcard $1/*.c)),$(error there are $1.c and $1/: a program is one or the other))$(or $(wildcard $1.c),$(wildcard $1/*.c $1/*.S))
USER_PROGS  := $(filter-out $(if $(shell command -v clang),,$(code-programs)),$(call programs_in,user))
BOOT_PROGS  := $(call programs_in,test/boot) $(call programs_in,test/prog)
BENCH_PROGS := $(filter-out $(bench-host-y),$(call programs_in,test/bench))
elf_of = $(patsubst user/%,$(B)/user/%.elf,$(patsubst test/bench/%,$(B)/bench/%.elf,\
	$(patsubst test/boot/%,$(B)/test/%.elf,$(patsubst test/prog/%,$(B)/test/%.elf,$1))))

.PHONY: kernel programs tests-built initrd program
kernel: $(addprefix $(B)/kernel.,elf asm sym) $(B)/Image
programs: $(call elf_of,$(USER_PROGS))
boot-tests: $(call elf_of,$(BOOT_PROGS))
bench-programs: $(call elf_of,$(BENCH_PROGS))

# --- kernel ----------------------------------------------------------------------------------------
# All C of the kernel is optimized as one, when it is linked.
link_kernel = $(CROSS)gcc $(filter-out -include $(C)/autoconf.h,$(KFLAGS)) $(lto-flags) -nostdlib -static -no-pie \
	-Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,-Map=$(basename $@).map \
	-T arch/riscv/kernel.ld -o $@ $(filter %.o,$^) -lgcc
$(B)/Image: $(B)/kernel.elf
	$(call say,IMAGE) $(CROSS)objcopy -O binary $< $@
%.asm: %.elf
	$(call say,DUMP) $(CROSS)objdump -dS $< > $@
%.sym: %.elf
	$(call say,NM) $(CROSS)nm -n $< > $@

# --- libraries and programs ------------------------------------------------------------------------
ULIBS := exo base
define library
$(B)/lib/lib$1.a: $$(call uobjs,$$(lib-$1-y))
	@mkdir -p $$(@D)
	$$(call say,AR) rm -f $$@ && $(CROSS)ar rcsD $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call library,$l)))

define program
$(call elf_of,$1): $(call uobjs,$(call sources_of,$1)) $(patsubst %,$(B)/lib/lib%.a,$(libs-$1) $(ULIBS)) lib/exo/riscv/user.ld
	@mkdir -p $$(@D)
	$$(call say,LD) $(CROSS)gcc $$(filter-out -include $(C)/autoconf.h,$(UFLAGS)) -nostartfiles -static \
		-Wl,--gc-sections,--build-id=none,-z,max-page-size=4096 -T lib/exo/riscv/user.ld -o $$@ \
		$$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -lc -lm -lgcc -Wl,--end-group
endef
$(foreach p,$(USER_PROGS) $(BOOT_PROGS) $(BENCH_PROGS),$(eval $(call program,$p)))
ifneq ($(and $(SRC),$(filter program,$(MAKECMDGOALS))),)
EXTERNAL := $(basename $(abspath $(SRC)))
$(if $(call sources_of,$(EXTERNAL)),,$(error SRC=$(SRC): there is no such C file, nor a folder with one))
elf_of_external := $(B)/user/$(notdir $(EXTERNAL)).elf
$(if $(filter $(elf_of_external),$(call elf_of,$(USER_PROGS))),$(error $(notdir $(EXTERNAL)) is a program of user/; \
	rename $(SRC), or just type make))
$(foreach l,$(filter-out $(LIBS),$(LIBRARIES)),$(error LIBRARIES=$(LIBRARIES): there is no library $l; \
	there are: $(sort $(LIBS))))
libs-$(EXTERNAL) := $(LIBRARIES)
$(filter %.S.o,$(call uobjs,$(call sources_of,$(EXTERNAL)))): $(wildcard $(O)/code/*.prog) # of `make code`, by .incbin
$(eval $(subst $(call elf_of,$(EXTERNAL)):,$(elf_of_external):,$(call program,$(EXTERNAL))))
program: $(elf_of_external)
	@echo $<
else
program:
	@echo 'say which one: make program SRC=hello.c' >&2; false
endif

# --- objects ---------------------------------------------------------------------------------------
$(B)/k/%.o: %.c $(C)/autoconf.h
	@mkdir -p $(@D)
	$(call say,CC) $(CROSS)gcc $(KFLAGS) $(cflags-$*) -MMD -MP -c -o $@ $<
$(B)/k/%.S.o: %.S $(C)/autoconf.h
	@mkdir -p $(@D)
	$(call say,AS) $(CROSS)gcc $(KFLAGS) -MMD -MP -c -o $@ $<
$(B)/u/%.o: %.c $(C)/autoconf.h
	@mkdir -p $(@D)
	$(call say,CC) $(CROSS)gcc $(UFLAGS) $(WARN) $(cflags-$*) $(cflags-$(patsubst %/,%,$(dir $*))) -MMD -MP -c -o $@ $<
$(B)/u/%.S.o: %.S $(C)/autoconf.h
	@mkdir -p $(@D)
	$(call say,AS) $(CROSS)gcc $(UFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $(B)/k $(B)/pure $(B)/u $(O)/host -name '*.d' 2>/dev/null)

include scripts/build.mk
