# SPDX-License-Identifier: MIT
kernel-y += $(wildcard kern/*.c kern/sys/*.c kern/dev/*.c kern/net/*.c kern/disk/*.c kern/code/*.c)
# The table of function names, and one without any.
$(B)/symbols/none.S: scripts/symbols.py $(C)/auto.conf
	@mkdir -p $(@D) && scripts/symbols.py none > $@
$(B)/symbols/all.S: scripts/symbols.py $(B)/nameless.elf
	@$(CROSS)nm -n $(B)/nameless.elf | scripts/symbols.py > $@
$(B)/symbols/%.o: $(B)/symbols/%.S
	@$(CROSS)gcc $(filter-out -include $(C)/autoconf.h,$(KFLAGS)) -c -o $@ $<
# Files that stand alone: no arch, no globals; the host tests link them as they are.
pure-y += $(wildcard $(addprefix kern/,asid.c timeline.c cap.c sibling.c revoke.c cap_check.c cap_waiting.c frame.c \
	net/filter.c net/canon.c net/slab.c net/values.c net/trie.c net/trie_walk.c net/trie_apart.c \
	net/trie_check.c net/trie_path.c net/shape.c code/*.c))
# What runs at boot, or seldom: for size.
cold-y := $(addprefix kern/,arena.c ask.c boot.c cap.c cap_waiting.c claim.c code/program.c code/verify.c \
	code_pages.c console.c cspace.c dev/blk_virtio.c dev/drivers.c dev/net_loop.c dev/net_virtio_orders.c \
	dev/uart_ns16550.c dev/uart_sifive.c dev/virtio_mmio.c devices.c disk/extent.c frame.c init.c machine.c \
	net/canon.c net/detail.c net/draft.c net/filter.c net/filters.c net/shape.c net/shapes.c net/slab.c \
	net/trie.c net/trie_apart.c net/trie_path.c net/trie_walk.c net/values.c object.c panic.c predicate.c \
	quiet.c revoke.c selftest.c sibling.c slots.c sys/bind.c sys/code.c sys/detail.c sys/device.c sys/env.c sys/home.c \
	sys/irq.c sys/launch.c sys/look.c sys/memory.c sys/poke.c sys/slot.c sys/traced.c sys/transfer.c sys/unshare.c \
	sys/work.c table.c \
	take.c trace.c transfer.c unshare.c window.c) \
	$(addprefix lib/base/,cpio.c disjoint.c elf.c fdt_bus.c fdt_query.c print.c symbols.c) \
	$(addprefix arch/riscv/,backtrace.c cpu.c early.c jit.c jit_arithmetic.c jit_jump.c jit_memory.c \
	jit_trie.c mmu.c)
# What comes by often, but a few times in a whole life: for size as well, and saves its registers itself.
warm-y := kern/space.c kern/net/transmit.c kern/ring.c kern/dev/net_virtio.c kern/sys/dispatch.c lib/base/string.c
# In the others blocks stay in the order of the source, none is copied to save a jump. Strings need no alignment.
$(B)/k/%.o: KFLAGS += -freorder-blocks-algorithm=simple -malign-data=natural
$(patsubst %.c,$(B)/k/%.o,$(warm-y)): KFLAGS += -Os
$(patsubst %.c,$(B)/k/%.o,$(cold-y)): KFLAGS += -Os -msave-restore -fno-move-loop-invariants -fno-thread-jumps \
	-fno-caller-saves -Wno-maybe-uninitialized # without following jumps it sees what is not; the host build does look
# The shortest calls: following jumps there costs registers and the moves to free them.
cflags-kern/sys/map := -fno-cse-follow-jumps
# Linked first to see where its functions are, then with their names behind them, which moves none.
$(B)/nameless.elf $(B)/kernel.elf: $$(call kobjs,$$(kernel-y)) arch/riscv/kernel.ld
$(B)/nameless.elf: $(B)/symbols/none.o
	$(call say,LD) $(link_kernel)
$(B)/kernel.elf: $(B)/symbols/$(if $(filter y,$(CONFIG_SYMBOLS)),all,none).o
	$(call say,LD) $(link_kernel)
	$(if $(filter y,$(CONFIG_SYMBOLS)),@$(CROSS)nm -n $@ | scripts/symbols.py | cmp -s - $(B)/symbols/all.S || \
		{ echo '$@: its functions have moved' >&2; false; })
