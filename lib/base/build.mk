# SPDX-License-Identifier: MIT
base-y := $(wildcard lib/base/*.c)
kernel-y += $(base-y)
pure-y += $(base-y)
LIBS += base
lib-base-y := $(base-y)
