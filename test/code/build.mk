# SPDX-License-Identifier: MIT
# Downloaded code that tests and benchmarks run: each test/code/X.c becomes build/code/X.bin, its instructions alone.
CODE_PROGS := $(patsubst test/code/%.c,$(O)/code/%.bin,$(wildcard test/code/*.c))
BPFFLAGS   := -target bpf -mcpu=v3 -O2 -ffreestanding -I. -Iinclude -Wall -Wextra -Werror -Wno-unused-parameter
$(O)/code/%.o: test/code/%.c | $(STAMP)-test.ok
	@mkdir -p $(@D)
	$(call say,CLANG) clang $(BPFFLAGS) -MMD -MP -c -o $@ $<
$(O)/code/%.bin: $(O)/code/%.o
	$(call say,OBJCOPY) $(CROSS)objcopy -I elf64-little -O binary -j .text $< $@
-include $(CODE_PROGS:.bin=.d)
