/* SPDX-License-Identifier: MIT
 * solve.h: all ways through a graph of tests that accept, each as one conjunction.
 */
#ifndef LIB_PCAP_SOLVE_H
#define LIB_PCAP_SOLVE_H

#include "lib/pcap/lower.h"

/* Fills out->filter from out->graph. 0, or E_INVAL with the sentence: too many filters, too many
 * atoms in one, or nothing that could match. */
int pcap_solve(struct pcap_lowered *out);

#endif
