# SPDX-License-Identifier: MIT
# The instruction counter (a QEMU plugin, host code) and the figures. Programs of this folder are built by the Makefile.
bench-host-y := test/bench/counter

# QEMU 10 takes plugins of its own interface version only, as 7.2 does.
qemu_major = $(shell qemu-system-riscv64 --version | sed -n 's/.*version \([0-9]*\)[.].*/\1/p')
plugin_api = $(if $(filter 7 8 9,$(qemu_major)),1,4)
$(O)/host/counter.so: test/bench/counter.c test/bench/ops.h test/bench/plugin_api.h
	@mkdir -p $(@D)
	$(call say,HOSTCC) gcc -std=gnu11 -O2 -fPIC -shared -I. -DPLUGIN_API=$(plugin_api) $(WARN) -o $@ $< -lpthread

libs-test/bench/fork := cow
# The kernel's engines of downloaded code, in user space.
LIBS += engines
lib-engines-y := $(filter-out arch/riscv/jit_trie.c,$(wildcard kern/code/*.c arch/riscv/jit*.c))
libs-test/bench/jit_ratio := engines
$(B)/u/test/bench/jit_ratio/code.S.o: $$(CODE_PROGS)
$(B)/u/test/bench/jit_ratio/code.S.o: UFLAGS += -Wa,-I$(O)/bpf
# The kernel's packet filters, likewise.
LIBS += tries
lib-tries-y := $(patsubst %,kern/net/%.c,canon slab values trie trie_walk trie_apart shape) \
	arch/riscv/jit_trie.c
libs-test/bench/filters := tries
$(foreach f,$(basename $(lib-tries-y)) test/bench/filters,$(eval cflags-$f += -D'ARCH_INLINE=<arch/riscv/inline.h>'))
libs-test/bench/udp_echo := net
$(B)/u/test/bench/udp_handler/code.S.o: $(O)/bpf/udp_echo.bin
$(B)/u/test/bench/udp_handler/code.S.o: UFLAGS += -Wa,-I$(O)/bpf
bench-programs: $(O)/host/counter.so

# make -s bench [ONLY=a,b] [CHECK=1] [PROFILE=figure]
.PHONY: bench
bench: kernel bench-programs boot-tests initrd
	@$(PYTHON) scripts/bench.py --build $(B) --plugin $(O)/host/counter.so --out $(O)/bench \
		$(if $(ONLY),--only $(ONLY)) $(if $(CHECK),--check) $(if $(PROFILE),--profile $(PROFILE))
