# SPDX-License-Identifier: MIT
LIBS += edit
lib-edit-y := $(wildcard lib/edit/*.c)
pure-y += $(lib-edit-y)
