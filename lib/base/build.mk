# SPDX-License-Identifier: MIT
base-y := $(filter-out lib/base/string.c,$(wildcard lib/base/*.c))
kernel-y += $(base-y) lib/base/string.c
pure-y += $(base-y)
LIBS += base
lib-base-y := $(base-y)
# Else gcc would see that memset's loop is a memset and call it.
$(B)/k/lib/base/string.o: KFLAGS += -fno-tree-loop-distribute-patterns
