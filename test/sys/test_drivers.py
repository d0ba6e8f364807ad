# SPDX-License-Identifier: MIT
"""Drivers that are ordinary programs: the clock of QEMU virt."""
import calendar
import re

import qemu

RTC = ('program = "rtc"; frames = <256>; windows = "google,goldfish-rtc"; irqs = "google,goldfish-rtc"; '
       'clock; restart = "always";')
SAYS = 'program = "clock_says"; frames = <256>;'


def boot(machine, initrd, environments, **options):
    nodes = "".join(f"{name} {{ {body} }}; " for name, body in environments.items())
    return machine(initrd=initrd(f"/dts-v1/; / {{ {nodes}}};"), **options)


def said(guest):
    """[(time of day, counter, generation)], as clock_says said, perhaps behind what is typed."""
    return [tuple(map(int, m)) for m in
            re.findall(r"says: (\d+) at (\d+), generation (\d+)$", guest.console, re.M)]


def test_time_of_day(machine, initrd):
    """The clock and the counter start with the machine and go by its time, whatever the host does."""
    guest = boot(machine, initrd, {"rtc": RTC, "says": SAYS + 'args = "1", "3";'}, icount=True,
                 extra=["-rtc", "base=2031-05-06T07:08:09,clock=vm"])
    assert guest.finish(60) == qemu.PASS, guest.tail()
    assert re.search("^rtc: it is 2031-05-06 07:08:(09|10) UTC$", guest.console, re.M)
    base = calendar.timegm((2031, 5, 6, 7, 8, 9)) * 10 ** 9
    assert len(said(guest)) == 3
    for now, counter, generation in said(guest)[1:]:
        assert abs(now - base - counter) < 10 ** 6
        assert generation == 1


def test_the_driver_dies(machine, initrd):
    """The time goes on without it, and its next life takes it up."""
    guest = boot(machine, initrd, {"rtc": RTC + 'args = "1";', "says": SAYS + 'args = "1", "6";'})
    guest.expect("^says: .*generation 1")
    guest.send("kill rtc\r")
    guest.expect("^init: rtc: started again")
    assert guest.finish(60) == qemu.PASS, guest.tail()
    times = said(guest)
    assert len(times) == 6 and {t[2] for t in times} == {1}
    assert all(a[0] < b[0] for a, b in zip(times, times[1:]))
    assert len(re.findall("^rtc: it is", guest.console, re.M)) == 1


def test_no_clock(machine, initrd):
    guest = boot(machine, initrd, {"says": SAYS})
    assert guest.finish(30) == qemu.PASS, guest.tail()
    assert "says: no time: E_NODEV" in guest.console
