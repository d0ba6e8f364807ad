/* SPDX-License-Identifier: MIT
 * machine.h: what the kernel handed to init, as the manifest's checks want it.
 */
#ifndef USER_INIT_MACHINE_H
#define USER_INIT_MACHINE_H

#include "lib/manifest/manifest.h"

/* Pages that init keeps for itself beyond those it has used already: page tables and buffers. */
#define MACHINE_INIT_PAGES 256

/* From the boot page, the system page and the capabilities. Gives up if there is hardly any RAM. */
void machine_read(struct manifest_machine *machine);

/* The FRAME capability of the boot page that `range` lies in; the WINDOW capability; the IRQ
 * capability of a line. */
exo_handle machine_frames(const struct manifest_range *range);
exo_handle machine_window(const struct manifest_range *range);
exo_handle machine_line(uint32_t line);

#endif
