# SPDX-License-Identifier: MIT
# Everything beyond compiling: settings, the initrd, running, testing, help.

# --- tools ------------------------------------------------------------------------------------------
.PHONY: doctor
doctor:
	@scripts/doctor test
$(O)/doctor.ok: scripts/doctor scripts/packages.txt
	@scripts/doctor build $@
$(O)/doctor-test.ok: scripts/doctor scripts/packages.txt | $(O)/doctor.ok
	@scripts/doctor test $@

# --- settings ---------------------------------------------------------------------------------------
.PHONY: menuconfig savedefconfig clean help
menuconfig: | $(O)/doctor.ok
	@test -f .config || $(PYTHON) scripts/kconfig.py load $(DEFCONFIG) .config
	@KCONFIG_CONFIG=.config $(PYTHON) -m menuconfig
%_defconfig: boards/%/defconfig | $(O)/doctor.ok
	@$(PYTHON) scripts/kconfig.py load $< .config && echo ".config is now that of boards/$*"
savedefconfig: | $(O)/doctor.ok
	@mkdir -p $(B) && $(PYTHON) scripts/kconfig.py save $(CONFIG_IN) $(B)/defconfig && echo $(B)/defconfig
clean:
	rm -rf $(O)

# --- initrd -----------------------------------------------------------------------------------------
MANIFEST ?= boards/$(BOARD)/manifest.dts
initrd: $(B)/initrd.cpio
$(B)/manifest.dtb: $(MANIFEST) FORCE
	@mkdir -p $(@D)
	$(if $(V),,@)dtc -q -I dts -O dtb -o $@.new $< && \
		if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/initrd.cpio: $(B)/manifest.dtb $(call elf_of,$(USER_PROGS)) scripts/mkinitrd.py FORCE
	$(if $(V),,@)$(PYTHON) scripts/mkinitrd.py --manifest $< --dir $(B)/user --out $@ $(PROGRAMS)

# --- running ----------------------------------------------------------------------------------------
.PHONY: qemu
QEMU_WORDS = $(foreach v,SMP MEM CPU APPEND DISK NET ICOUNT PLUGIN TIMEOUT,$(if $($v),'$v=$($v)'))
qemu: kernel initrd
	@O=$(O) $(PYTHON) scripts/qemu.py BOARD=$(BOARD) $(QEMU_WORDS)

# --- for editors --------------------------------------------------------------------------------------
compdb = {"directory":"$(CURDIR)","file":"$1","command":"$(CROSS)gcc $2 -c $1"}
comma := ,
$(O)/compile_commands.json: $(C)/auto.conf Makefile $(ROOMS)
	$(file >$@,[)
	$(foreach s,$(filter %.c,$(kernel-y)),$(file >>$@,$(call compdb,$s,$(KFLAGS))$(comma)))
	$(foreach s,$(filter %.c,$(foreach p,$(USER_PROGS),$(call sources_of,$p)) $(foreach l,$(LIBS),$(lib-$l-y))), \
		$(file >>$@,$(call compdb,$s,$(UFLAGS) $(cflags-$(basename $s)) $(cflags-$(patsubst %/,%,$(dir $s))))$(comma)))
	$(file >>$@,{"directory":"$(CURDIR)"$(comma)"file":"LICENSE"$(comma)"command":"true"}])
