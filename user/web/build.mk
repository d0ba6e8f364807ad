# SPDX-License-Identifier: MIT
libs-user/web := lwip
cflags-user/web/tcp := $(lwip-include)
$(B)/u/user/web/tcp.o: | $(LWIP)/COPYING
