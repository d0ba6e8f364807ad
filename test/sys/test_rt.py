# SPDX-License-Identifier: MIT
"""test_rt.py: a loop of 1 kHz begins on time, in counted time, whatever hostile program runs beside it on its hart.

The neighbours written for that alone are in boot/rt_loop; here are the programs of docs/security.md, once as they are and then
again and again, until the loop has begun often enough.
"""
import pytest

import beside

SLICES, LATE_NS = 100, 20_000


def worst(name, slices, log_file, record_property, seconds=beside.SECONDS):
    late, begun = beside.delay(name, slices, log_file(""), seconds)
    record_property("says", f"rt_slot_delay_max_ns {late} in {begun} slices")
    assert begun >= 32, f"{name}: the loop has begun {begun} times only"
    assert late <= LATE_NS


@pytest.mark.parametrize("name", beside.hostile_tests())
def test_begins_on_time_beside(name, log_file, record_property):
    worst(name, SLICES, log_file, record_property)


@pytest.mark.nightly
@pytest.mark.parametrize("name", beside.hostile_tests())
def test_begins_on_time_for_long_beside(name, log_file, record_property):
    worst(name, 10_000, log_file, record_property, 60)
