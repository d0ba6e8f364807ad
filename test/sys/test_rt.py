# SPDX-License-Identifier: MIT
"""test_rt.py: a loop of 1 kHz begins on time, in counted time, whatever hostile program runs beside it on its hart; who
overruns is ended; who is idle is idle.

The neighbours written for that alone are in boot/rt_loop; here are the programs of docs/security.md, once as they are and then
again and again, until the loop has begun often enough.
"""
import threading
import time

import pytest

import beside
import bench
import qemu
from wire import Wire

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


# What a flood begins with takes some of these slices: rings, filters, and a look at the time without it.
FLOODS = ("hostile_s60_indices", "hostile_s61_taken", "hostile_s62_code", "hostile_s63_fuel")
FLOOD_SLICES = 1000


@pytest.mark.parametrize("name", FLOODS)
def test_begins_on_time_while_packets_flood(name, log_file, record_property):
    """Packets, handlers and revocations without end by programs of the same hart."""
    worst(name, FLOOD_SLICES, log_file, record_property)


def flood_from_outside(wire, stop, sent):
    """Bursts of packets that all of the guest's rings get, small and large in turn, as fast as it takes them."""
    head = bytes([2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xb5])
    frames = [head + bytes(size - len(head)) for size in (14, 60, 1514)]
    while not stop.is_set():
        try:
            wire.send(frames[sent[0] % len(frames)])
            sent[0] += 1
        except OSError:         # the guest is not there yet, or any more
            time.sleep(0.01)


def test_begins_on_time_while_the_host_floods(tmp_path, log_file, record_property):
    """The same from outside, on a network card: its interrupts come when they like, on the loop's own hart."""
    sent, stop = [0], threading.Event()
    with Wire(tmp_path / "net") as wire:
        flood = threading.Thread(target=flood_from_outside, args=(wire, stop, sent), daemon=True)
        flood.start()
        late, begun = beside.delay("hostile_s63_fuel", FLOOD_SLICES, log_file(""), net=wire.net)
        stop.set()
    flood.join(5)
    record_property("says", f"rt_slot_delay_max_ns {late} in {begun} slices, {sent[0]} packets from outside")
    assert begun == FLOOD_SLICES and sent[0] >= 1000
    assert late <= LATE_NS


def test_an_overrunner_is_ended_and_that_is_said(machine, initrd):
    """After CONFIG_OVERRUNS_MAX times; init says so and starts it again as its node says."""
    guest = machine(initrd=initrd("""/dts-v1/; / {
        over { program = "overruns"; frames = <256>; slots = <0 1 2 32>; restart = "1"; };
        beat { program = "heartbeat"; args = "3600"; frames = <256>; };
    };"""))
    for _ in range(2):
        guest.expect("^over: stays", 30)
        guest.expect("^init: over: (?!started).+", 30)
    assert "beat: beat 1" in guest.console


IDLE = "".join(f'a{i} {{ program = "heartbeat"; args = "3600"; frames = <256>; hart = <{i % 2}>; }}; ' for i in range(4))


def test_an_idle_machine_executes_little(machine, initrd, tmp_path, record_property):
    """At most 2 000 instructions a second, user and kernel of both harts, while all sleep; and it does go on."""
    shm = tmp_path / "shm"
    plugin = f"{qemu.BUILD}/host/counter.so,log={tmp_path}/log,shm={shm}"
    guest = machine(initrd=initrd(f"/dts-v1/; / {{ {IDLE} }};"), smp=2, plugin=plugin)
    for i in range(4):
        guest.seen = 0
        guest.expect(f"^a{i}: beat 1", 30)
    time.sleep(2)
    before = bench.live(shm)
    time.sleep(5)
    rate = (sum(bench.live(shm)[:2]) - sum(before[:2])) / 5
    record_property("says", f"{rate:.0f} instructions a second")
    assert 0 < rate <= 2000
