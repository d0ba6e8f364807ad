/* SPDX-License-Identifier: MIT
 * device.c (sys): console_write, console_read, power, submit: checks of what the caller says about
 * devices.
 */
#include "kern/console.h"
#include "kern/disk/extent.h"
#include "kern/net/nic.h"
#include "kern/ring.h"
#include "kern/selftest.h"
#include "kern/sys/sys.h"

#define READ_BYTES 128
/* Two entries go in one, of some 900 instructions each, if the first one took less of captree.work
 * than this, for its pages. */
#define SUBMIT_WORK 16

static int
check_console(struct env *e, exo_handle console, uint64_t rights)
{
	struct cap *c;
	int error;

	kernel_lock(e->kernel);
	error = sys_cap(e, console, EXO_CAP_CONSOLE, rights, &c);
	kernel_unlock(e->kernel);
	return error;
}

struct sysret
sys_console_write(exo_handle console, const void *text, size_t bytes)
{
	struct env *e = env_current();
	char copy[EXO_CONSOLE_BYTES]; /* some 2 600 instructions */
	size_t n = bytes < sizeof(copy) ? bytes : sizeof(copy);
	int error = check_console(e, console, EXO_WRITE);

	if (!error) {
		error = arch_copy_in(copy, (struct uaddr){(uint64_t)text}, n);
	}
	return sys_return_long(error ? error : (int64_t)console_write(e, copy, n));
}

struct sysret
sys_console_read(exo_handle console, void *text, size_t bytes)
{
	struct env *e = env_current();
	char copy[READ_BYTES];
	size_t n = bytes < sizeof(copy) ? bytes : sizeof(copy);
	int error = check_console(e, console, EXO_READ);

	if (!error) {
		error = arch_copy_in(copy, (struct uaddr){(uint64_t)text}, n);
	}
	if (!error) { /* fails before anything is taken if the memory cannot be written */
		error = arch_copy_out((struct uaddr){(uint64_t)text}, copy, n);
	}
	if (error) {
		return sys_return(error);
	}
	n = console_read(copy, n);
	error = arch_copy_out((struct uaddr){(uint64_t)text}, copy, n);
	return sys_return_long(error ? error : (int64_t)n);
}

struct sysret
sys_power(exo_handle console, uint32_t how)
{
	struct env *e = env_current();
	int error = check_console(e, console, EXO_CONSOLE_POWER);

	if (error || how > EXO_POWER_FAIL) {
		return sys_return(error ? error : E_INVAL);
	}
	console_flush();
	selftest_power();
	kprint("chitin: %s\n", how == EXO_POWER_OFF    ? "power off"
			       : how == EXO_POWER_FAIL ? "power off after failure"
						       : "reboot");
	arch_power(how, e->kernel->test_device);
	return sys_return(E_UNSUPPORTED);
}

static int
submit_next(struct ring *r)
{
	struct env *e = env_current();

	switch (r->kind) {
	case EXO_RING_DISK:
		return extent_submit(e->kernel, r, e->cspace);
	case EXO_RING_TRANSMIT:
		return r->nic ? nic_submit(e->kernel, r, e->cspace) : E_STATE;
	default:
		return E_STATE;
	}
}

/* One entry: 1 taken, 0 nothing to take or no room, RING_AGAIN, or an error. *left: how many there
 * are then. */
static __attribute__((noinline)) int
submit_one(exo_handle ring, int *left)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct cap *c;
	int result;

	kernel_lock(k);
	k->waiting = false;
	result = sys_cap(e, ring, EXO_CAP_RING, EXO_RING_USE, &c);
	if (!result) {
		struct ring *r = arch_ram(c->start << PAGE_SHIFT);

		result = *left = ring_pending(r);
		if (result > 0) {
			result = submit_next(r);
			*left -= result == 1;
		}
	}
	k->waiting = false;
	kernel_unlock_fence(k); /* what had to be claimed may have buried a dead object */
	return result;
}

/* Is there work left for another entry in the same go? */
static bool
is_short(const struct env *e, uint32_t end)
{
	return (int32_t)(end - __atomic_load_n(&e->kernel->tree.work, __ATOMIC_RELAXED)) > 0;
}

struct sysret
sys_submit(exo_handle ring)
{
	struct env *e = env_current();
	uint32_t end = __atomic_load_n(&e->kernel->tree.work, __ATOMIC_RELAXED) + SUBMIT_WORK;
	int left = 1;
	int result = submit_one(ring, &left);
	int taken = result == 1;

	if (result > 0 && left > 0 && is_short(e, end) && (taken || !sys_interrupted())) {
		result = submit_one(ring, &left);
		taken += result == 1;
	}
	if (result > 0 && !taken) {
		return sys_restart(e, EXO_NR_submit, (uint64_t[7]){ring});
	}
	return sys_finish_long(taken ? taken : result);
}

/* Who finds no room does not sleep: the event that tells of some need not be one of its mask. */
struct sysret
sys_submit_wait(exo_handle ring, uint64_t mask, uint64_t deadline)
{
	int left = 0;
	int result = submit_one(ring, &left);

	if (result < 0 || left > 0) {
		return result > 0 ? sys_restart(env_current(), EXO_NR_submit_wait,
						(uint64_t[7]){ring, mask, deadline})
				  : sys_finish_long(result);
	}
	return sys_sleep(mask, deadline);
}
