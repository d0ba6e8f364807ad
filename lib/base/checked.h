/* SPDX-License-Identifier: MIT
 * checked.h: arithmetic on numbers that came from outside, alignment, and two well-known macros.
 *
 * The checked_ functions return true and store the result, or return false when it does not fit;
 * on false *out is unspecified. Invariants: none of these traps or wraps silently. align_up_u64
 * is for numbers already known to be small; use checked_align_up_u64 for foreign ones. Pure, no
 * state.
 */
#ifndef LIB_BASE_CHECKED_H
#define LIB_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The structure of `type` whose `member` is at `pointer`. */
#define container_of(pointer, type, member) ((type *)((uintptr_t)(pointer)-offsetof(type, member)))

static inline bool
checked_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool
checked_sub_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_sub_overflow(a, b, out);
}

static inline bool
checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool
checked_add_u32(uint32_t a, uint32_t b, uint32_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool
checked_sub_u32(uint32_t a, uint32_t b, uint32_t *out)
{
	return !__builtin_sub_overflow(a, b, out);
}

static inline bool
checked_mul_u32(uint32_t a, uint32_t b, uint32_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool
checked_add_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool
checked_mul_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* True if [start, start + count) lies inside [0, limit), for any arguments. An empty range fits
 * at start <= limit. */
static inline bool
range_within(uint64_t start, uint64_t count, uint64_t limit)
{
	return start <= limit && count <= limit - start;
}

/* True if [a, a + a_count) and [b, b + b_count) share an element. Neither range may wrap; empty
 * ranges share nothing. */
static inline bool
range_overlaps(uint64_t a, uint64_t a_count, uint64_t b, uint64_t b_count)
{
	return a_count && b_count && (a < b ? b - a < a_count : a - b < b_count);
}

static inline bool
is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* The align_ functions want `alignment` to be a power of two. */
static inline bool
is_aligned(uint64_t value, uint64_t alignment)
{
	return !(value & (alignment - 1));
}

static inline uint64_t
align_down_u64(uint64_t value, uint64_t alignment)
{
	return value & ~(alignment - 1);
}

static inline uint64_t
align_up_u64(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static inline bool
checked_align_up_u64(uint64_t value, uint64_t alignment, uint64_t *out)
{
	if (!checked_add_u64(value, alignment - 1, out)) {
		return false;
	}
	*out &= ~(alignment - 1);
	return true;
}

#endif
