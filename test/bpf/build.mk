# SPDX-License-Identifier: MIT
# Downloaded code that tests and benchmarks run: each test/bpf/X.c becomes build/bpf/X.bin, its instructions alone.
CODE_PROGS := $(patsubst test/bpf/%.c,$(O)/bpf/%.bin,$(wildcard test/bpf/*.c))
BPFFLAGS   := -target bpf -mcpu=v3 -O2 -ffreestanding -I. -Iinclude -Wall -Wextra -Werror -Wno-unused-parameter
$(O)/bpf/%.o: test/bpf/%.c | $(STAMP)-test.ok
	@mkdir -p $(@D)
	$(call say,CLANG) clang $(BPFFLAGS) -MMD -MP -c -o $@ $<
$(O)/bpf/%.bin: $(O)/bpf/%.o
	$(call say,OBJCOPY) $(CROSS)objcopy -I elf64-little -O binary -j .text $< $@
-include $(CODE_PROGS:.bin=.d)
