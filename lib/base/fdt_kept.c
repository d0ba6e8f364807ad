/* SPDX-License-Identifier: MIT
 * fdt_kept.c: see fdt_kept.h.
 */
#include "lib/base/fdt_kept.h"

#include <stddef.h>

const char *const fdt_kept[] = {
	"riscv,plic0",
	"sifive,plic-1.0.0",
	"thead,c900-plic",
	"riscv,aplic",
	"riscv,imsics",
	"riscv,clint0",
	"sifive,clint0",
	"thead,c900-clint",
	"riscv,aclint-mtimer",
	"riscv,aclint-mswi",
	"riscv,aclint-sswi",
	"thead,c900-aclint-mtimer",
	"thead,c900-aclint-mswi",
	"thead,c900-aclint-sswi",
	"riscv,iommu",
	"riscv,debug-013",
	"sifive,debug-011",
	"sifive,debug-013",
	"sifive,test0",
	"sifive,test1",
	"cache",
	"sifive,ccache0",
	"sifive,fu540-c000-ccache",
	"sifive,fu740-c000-ccache",
	"sifive,fu540-c000-ddr",
	"sifive,fu740-c000-ddr",
	NULL,
};
