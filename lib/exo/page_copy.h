/* SPDX-License-Identifier: MIT
 * page_copy.h: copy a page.
 */
#ifndef LIB_EXO_PAGE_COPY_H
#define LIB_EXO_PAGE_COPY_H

/* Copies EXO_PAGE_SIZE bytes; both ends are 8-byte aligned and do not overlap. */
void exo_page_copy(void *to, const void *from);

#endif
