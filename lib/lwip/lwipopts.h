/* SPDX-License-Identifier: MIT
 * lwipopts.h: lwIP as Chitin uses it: the raw interface, one thread, IPv4 with DHCP, TCP
 * for a server.
 *
 * Sizes are for 128 connections, each with a full send queue: then no pool runs out before the
 * pool of connections does, and that one drops SYN packets, which clients send again. Wherever a
 * pool runs out after all, lwIP drops the packet or returns ERR_MEM, and the server tries again
 * later. Together about 3 MiB, static.
 */
#ifndef LIB_LWIP_LWIPOPTS_H
#define LIB_LWIP_LWIPOPTS_H

#include "lib/base/checksum.h"
#include "lib/lwip/reopen.h"

/* The system */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define MEM_ALIGNMENT        8
#define LWIP_STATS           0
#define LWIP_CHKSUM          checksum_of

/* Protocols */
#define LWIP_IPV4                1
#define LWIP_IPV6                0
#define LWIP_RAW                 0
#define LWIP_DHCP                1
#define DHCP_DOES_ARP_CHECK      0 /* it takes a second and the address is the server's to give */
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* the same in lwIP 2.2 */
#define LWIP_NETIF_HOSTNAME      1
#define ARP_QUEUEING             1 /* else a second answer displaces the first until ARP is done */
#define ETH_PAD_SIZE             0
#define IP_REASS_MAX_PBUFS       16

/* TCP. The send queue counts pbufs: two for each segment of file data, and some for heads. File
 * data is not copied, so no room is left behind a segment's data for more (TCP_OVERSIZE). */
#define TCP_MSS             1460
#define TCP_WND             (8 * TCP_MSS)
#define TCP_SND_BUF         (30 * TCP_MSS)
#define TCP_SND_QUEUELEN    80
#define TCP_OVERSIZE        0
#define TCP_OOSEQ_MAX_PBUFS 4
#define TCP_LISTEN_BACKLOG  1

/* What it asks us */
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) lwip_reopen_isn()
#define LWIP_HOOK_IP4_INPUT(packet, netif)                        lwip_reopen_input(packet)

/* Pools */
#define MEMP_NUM_TCP_PCB        128
#define MEMP_NUM_TCP_PCB_LISTEN 2
#define MEMP_NUM_SYS_TIMEOUT    (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 4) /* and the programs' */
#define MEMP_NUM_TCP_SEG        5120
#define MEMP_NUM_PBUF           8192
#define MEM_SIZE                (1200 * 1024)
#define PBUF_POOL_SIZE          192
#define PBUF_POOL_BUFSIZE       1536

#endif
