# SPDX-License-Identifier: MIT
# lwIP: Debian's source package, unpacked under build/, and our port. A program that has it in its libs-
# also gets the include paths.
LWIP := $(O)/src/lwip
lwip-files := $(addprefix $(LWIP)/src/core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c tcp.c \
	tcp_in.c tcp_out.c timeouts.c udp.c) \
	$(addprefix $(LWIP)/src/core/ipv4/,dhcp.c etharp.c icmp.c ip4.c ip4_addr.c ip4_frag.c) \
	$(LWIP)/src/netif/ethernet.c
lwip-include := -Ilib/lwip -isystem $(LWIP)/src/include
LIBS += lwip
lib-lwip-y := $(wildcard lib/lwip/*.c) $(lwip-files)
cflags-lib/lwip := $(lwip-include)
cflags-$(LWIP)/src/core := $(lwip-include) -w
cflags-$(LWIP)/src/core/ipv4 := $(lwip-include) -w
cflags-$(LWIP)/src/netif := $(lwip-include) -w

$(LWIP)/COPYING: | $(STAMP).ok
	$(call say,FETCH) scripts/fetch-source lwip $(LWIP) >/dev/null
$(lwip-files): | $(LWIP)/COPYING ;
$(patsubst %.c,$(B)/u/%.o,$(wildcard lib/lwip/*.c)): | $(LWIP)/COPYING
# lwIP's own headers include these, and -MMD leaves out what a system header includes.
$(patsubst %.c,$(B)/u/%.o,$(lib-lwip-y)): $(wildcard lib/lwip/*.h lib/lwip/arch/*.h)
