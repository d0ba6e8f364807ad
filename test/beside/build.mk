# SPDX-License-Identifier: MIT
# Each hostile boot test once more, with the loop of 1 kHz beside it: build/BOARD/beside/NAME.elf.
other-user-y += test/beside/beside.c
BESIDE  := $(patsubst test/boot/%.c,%,$(wildcard test/boot/hostile_*.c))
BESIDES := $(addprefix $(B)/beside/,$(addsuffix .elf,$(BESIDE)))
boot-tests: $(BESIDES)
$(BESIDES): $(B)/beside/%.elf: $(B)/u/test/boot/%.o $(B)/u/test/beside/beside.o $(B)/lib/libexo.a $(B)/lib/libbase.a lib/exo/riscv/user.ld
	@mkdir -p $(@D)
	$(call say,LD) $(CROSS)gcc $(filter-out -include $(C)/autoconf.h,$(UFLAGS)) -nostartfiles -static \
		-Wl,--gc-sections,--build-id=none,-z,max-page-size=4096 -Wl,--wrap=main,--wrap=exo_boot,--wrap=exo_start,--wrap=exo_frames_create \
		-T lib/exo/riscv/user.ld -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -lc -lm -lgcc -Wl,--end-group

libs-test/prog/loop := rt
