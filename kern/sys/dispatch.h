/* SPDX-License-Identifier: MIT
 * dispatch.h: the table of call handlers, for the trap code.
 */
#ifndef KERN_SYS_DISPATCH_H
#define KERN_SYS_DISPATCH_H

/* End of the table: the handler of call nr stands nr words below. */
const void *dispatch_table_end(void);

#endif
