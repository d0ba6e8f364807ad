# SPDX-License-Identifier: MIT
LIBS += net
lib-net-y := $(wildcard lib/net/*.c)
