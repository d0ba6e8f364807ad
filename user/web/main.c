/* SPDX-License-Identifier: MIT
 * main.c: the web server: serves the files of a cpio archive on its part of the disk over
 * HTTP/1.1.
 *
 * One environment, one loop: packets and disk completions in, work on connections, packets and
 * disk requests out, wait. The pieces: http.c and target.c understand requests, site.c knows the
 * files, cache.c holds pieces of the disk, conn.c leads the conversations, tcp.c and disk.c
 * connect them with the world.
 * Ends with status 1 and a sentence if it cannot serve: no disk, no archive, no network, not
 * enough memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include <exo/errors.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/lwip/port.h"
#include "user/web/conn.h"
#include "user/web/disk.h"
#include "user/web/tcp.h"

#define NETWORK_BIT 0
#define DISK_BIT    1
#define PORT        80
#define SCAN_BYTES  65536 /* at a time, for the index; more than a header with its name */

static struct site site;
static struct cache cache;
static struct server server;

static _Noreturn void
give_up(const char *what, int64_t error)
{
	printf("web: %s: %s\n", what, exo_error_sentence(error));
	exit(1);
}

static _Noreturn void
refuse_archive(int64_t error)
{
	if (error == E_NOSPACE) {
		printf("web: no memory for the names of %u files; give the program more frames\n",
		       site.file_count);
	} else if (error == E_TRUNCATED) {
		printf("web: the archive on the disk ends too early: no entry at byte %llu; make "
		       "the disk anew\n",
		       (unsigned long long)site.next);
	} else if (error == E_FORMAT) {
		printf("web: the disk holds no newc cpio archive: no entry at byte %llu; make it "
		       "with scripts/mksite.py\n",
		       (unsigned long long)site.next);
	} else {
		printf("web: the disk cannot be read at byte %llu: %s\n",
		       (unsigned long long)site.next, exo_error_sentence(error));
	}
	exit(1);
}

static void
read_archive(void)
{
	int64_t result = 1;

	site_open(&site);
	while (result == 1) {
		uint64_t offset = site.next & ~(uint64_t)(EXO_PAGE_SIZE - 1);
		int64_t bytes = disk_read_now(offset, SCAN_BYTES);
		result = bytes > 0 ? site_scan(&site, offset, disk_memory(), (size_t)bytes)
			 : bytes   ? bytes
				   : E_TRUNCATED;
	}
	if (result < 0) {
		refuse_archive(result);
	}
}

/* Everything that is there to be done. 1 if there was anything. */
static int
work(void)
{
	int network = lwip_port_poll();
	int disk = disk_poll(&cache);

	if (network < 0) {
		give_up("the network is lost", network);
	}
	if (disk < 0) {
		give_up("the disk is lost", disk);
	}
	server_run(&server);
	disk_flush();
	lwip_port_flush();
	return network || disk;
}

/* Says where the server is, once that is known. */
static void
announce(void)
{
	static int is_done;
	const char *address = is_done ? NULL : lwip_port_address();

	if (address) {
		is_done = 1;
		printf("web: serving %u file%s (%llu bytes) on http://%s/\n", site.file_count,
		       site.file_count == 1 ? "" : "s", (unsigned long long)site.total_bytes,
		       address);
	}
}

int
main(void)
{
	int result = disk_open(DISK_BIT);
	uint64_t tick_ns = exo_now_ns();

	if (result == E_NOENT) {
		printf("web: no disk: the manifest gives no blocks\n");
		return 1;
	}
	if (result) {
		give_up("no disk", result);
	}
	read_archive();
	cache_open(&cache, disk_memory());
	server_open(&server, &site, &cache);
	if (lwip_port_open(NETWORK_BIT)) {
		return 1;
	}
	result = tcp_serve(&server, PORT);
	if (result) {
		give_up("no memory to listen", result);
	}
	for (;;) {
		while (work()) {
		}
		announce();
		if (exo_now_ns() - tick_ns >= EXO_NS_PER_S) {
			tick_ns += EXO_NS_PER_S;
			server_tick(&server);
			continue;
		}
		exo_wait(EXO_EVENT(NETWORK_BIT) | EXO_EVENT(DISK_BIT), lwip_port_timeout_ns());
	}
}
