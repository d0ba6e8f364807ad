# SPDX-License-Identifier: MIT
LIBS += code
lib-code-y := $(wildcard lib/code/*.c)

# `make code SRC=f.c CLASS=handler` writes build/code/f.prog; FUNCTION=name where there are several.
MAKE_CODE := $(O)/host/make-code
make-code-y := scripts/make_code.c $(lib-code-y) kern/code/program.c kern/code/verify.c lib/base/print.c
$(MAKE_CODE): $(make-code-y) $(wildcard lib/code/*.h kern/code/*.h lib/base/*.h include/exo/*)
	@mkdir -p $(@D)
	$(call say,HOSTLD) gcc -std=gnu11 -O1 -g -I. -Iinclude $(WARN) -o $@ $(make-code-y)
# Without the headers of this machine's own C library: there is nothing to link with.
clang_code = -target bpf -mcpu=v3 -std=gnu11 -O2 -g -ffreestanding -fno-common -fno-strict-aliasing -fno-crash-diagnostics -nostdlibinc -Iinclude \
	-fdebug-compilation-dir=. -Wall -Wextra -Wno-unused-parameter
# $(call code_prog,FILE.prog,FILE.c,CLASS): for the build.mk of a program that has such code in it.
define code_prog
$1: $2 $$(MAKE_CODE) $$(wildcard $(dir $2)../*.h include/exo/code*) | $$(STAMP)-code.ok
	@mkdir -p $$(@D)
	$$(call say,CLANG) clang $(clang_code) -I. -c -o $$(@:.prog=.o) $2
	@$(MAKE_CODE) $$(@:.prog=.o) $$@ $3 >/dev/null
endef
.PHONY: code
ifneq ($(and $(SRC),$(CLASS)),)
CODE := $(O)/code/$(basename $(notdir $(SRC)))
code: $(MAKE_CODE) | $(STAMP)-code.ok
	@test -f $(call quoted,$(SRC)) || { echo 'SRC=$(SRC): there is no such C file' >&2; false; }
	@test $(words $(SRC)),$(suffix $(SRC)) = 1,.c || { echo 'SRC=$(SRC): must be a C file, x.c, without a space in its path' >&2; false; }
	@mkdir -p $(dir $(CODE))
	$(call say,CLANG) clang $(clang_code) -c -o $(CODE).o $(SRC)
	@$(MAKE_CODE) $(CODE).o $(CODE).prog $(CLASS) $(FUNCTION)
else
code:
	@echo 'say which one, and what it is: make code SRC=echo.c CLASS=handler (docs/code.md)' >&2; false
endif
