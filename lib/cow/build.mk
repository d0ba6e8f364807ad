# SPDX-License-Identifier: MIT
LIBS += cow
lib-cow-y := $(wildcard lib/cow/*.c)
