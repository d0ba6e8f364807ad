# SPDX-License-Identifier: MIT
LIBS += gdbstub
lib-gdbstub-y := $(wildcard lib/gdbstub/*.c)
pure-y += $(filter-out lib/gdbstub/env.c,$(lib-gdbstub-y))
