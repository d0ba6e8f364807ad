# SPDX-License-Identifier: MIT
LIBS += manifest
lib-manifest-y := $(wildcard lib/manifest/*.c)

# The same code refuses bad manifests while they are built (scripts/build.mk, manifest.dtb).
CHECK_MANIFEST := $(O)/host/check-manifest
check-manifest-y = scripts/check_manifest.c $(lib-manifest-y) lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c lib/base/fdt_kept.c lib/base/disjoint.c lib/base/print.c \
	$(lib-pcap-y)
$(CHECK_MANIFEST): $$(check-manifest-y) $(wildcard lib/manifest/*.h lib/pcap/*.h lib/base/*.h include/exo/*)
	@mkdir -p $(@D)
	$(call say,HOSTLD) gcc -std=gnu11 -O1 -g -I. -Iinclude $(WARN) -o $@ $(check-manifest-y)
