# SPDX-License-Identifier: MIT
LIBS += net
lib-net-y := $(wildcard lib/net/*.c)
# What a packet passes through is many small functions, each called from one or two places.
cflags-lib/net := -finline-limit=400
