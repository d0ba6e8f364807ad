# SPDX-License-Identifier: MIT
"""Drivers that are ordinary programs: the clock of QEMU virt, the pins of QEMU sifive_u."""
import calendar
import re
import socket

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


GPIO = 'program = "gpio"; frames = <256>; windows = "sifive,gpio0"; irqs = "sifive,gpio0";'
PULL_UP = 0x10060010    # the register that pulls pins nobody drives


def boot_gpio(machine, initrd, args, **options):
    words = ", ".join(f'"{a}"' for a in args)
    return boot(machine, initrd, {"gpio": GPIO + f"args = {words};"}, board="qemu-sifive_u",
                kernel=f"{qemu.BUILD}/qemu-virt/Image", **options)


def told(guest, pin):
    return re.findall(rf"^gpio: pin {pin} (rises|falls|is high|is low)", guest.console, re.M)


def test_gpio_loop(machine, initrd):
    """Pins that are output and input at once: every change that was asked for is told, nothing else."""
    guest = boot_gpio(machine, initrd, ["watch 1 rise", "blink 1 20 4", "watch 2 fall", "blink 2 30 3",
                                        "watch 3 both", "blink 3 20 4", "watch 4 high", "blink 4 30 3",
                                        "watch 15 low", "blink 15 50 2", "watch 0 both"])
    assert guest.finish(60) == qemu.PASS, guest.tail()
    assert told(guest, 0) == []
    assert told(guest, 1) == ["rises"] * 4
    assert told(guest, 2) == ["falls"] * 3
    assert told(guest, 3) == ["rises", "falls"] * 4
    assert told(guest, 4) == ["is high"] * 3
    assert told(guest, 15) == ["is low"] * 3


class Wires:
    """Pulls pins up and down from outside the guest, through QEMU's test protocol."""

    def __init__(self, path):
        self.level = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.listener.settimeout(30)

    def connect(self):
        self.stream = self.listener.accept()[0].makefile("rw")

    def pull(self, pin, level):
        self.level = self.level & ~(1 << pin) | level << pin
        self.stream.write(f"writel {PULL_UP:#x} {self.level:#x}\n")
        self.stream.flush()
        assert self.stream.readline().startswith("OK")

    def close(self):
        self.stream.close()
        self.listener.close()


def test_gpio_inputs(machine, initrd, tmp_path):
    """Inputs that change from outside."""
    wires = Wires(str(tmp_path / "wires"))
    guest = boot_gpio(machine, initrd, ["watch 3 both", "watch 7 high", "watch 15 low"],
                      extra=["-qtest", f"unix:{tmp_path}/wires", "-qtest-log", "/dev/null"])
    wires.connect()
    guest.expect("^gpio: ready")
    guest.expect("^gpio: pin 15 is low")
    for pin, level, says in [(3, 1, "pin 3 rises"), (7, 1, "pin 7 is high"), (3, 0, "pin 3 falls"), (7, 0, None),
                             (15, 1, None), (3, 1, "pin 3 rises"), (15, 0, "pin 15 is low"), (7, 1, "pin 7 is high")]:
        wires.pull(pin, level)
        if says:
            guest.expect(f"^gpio: {says}")
    wires.close()
    guest.send("power off\r")
    assert guest.finish(10) == qemu.PASS, guest.tail()
    assert told(guest, 3) == ["rises", "falls", "rises"]


def test_gpio_arguments(machine, initrd):
    """What makes no sense is refused in a sentence."""
    for args in (["watch 16 both"], ["watch 3 sideways"], ["blink 3"], ["blink 3 0"], ["dance 3"]):
        guest = boot_gpio(machine, initrd, args)
        assert guest.finish(30) == qemu.FAILURE, guest.tail()
        assert f"gpio: {args[0]}: write " in guest.console
