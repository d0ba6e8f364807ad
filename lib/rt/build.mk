# SPDX-License-Identifier: MIT
LIBS += rt
lib-rt-y := $(wildcard lib/rt/*.c)
