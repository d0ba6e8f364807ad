# SPDX-License-Identifier: MIT
"""Run the loop of 1 kHz beside hostile programs, on one hart in counted time, and read how late its slices began.

A program is a hostile boot test (test/beside says how it comes beside the loop), or a neighbour of
test/boot/rt_loop.c as `rt_loop:NUMBER`. Callers: bench.py, test/sys/test_rt.py.
"""
import concurrent.futures
import contextlib
import glob
import os
import re

import mkinitrd
import qemu
import testrun

LATE = re.compile(r"^# rt_slot_delay_max_ns (\d+) (\d+)\b", re.M)
SECONDS = 300           # most that one boot may take
SURVEY, SLICES = 100, 10_000
OF_LOOP = "rt_loop:"


class NoFigure(Exception):
    """The loop did not run, or told nothing."""


def hostile_tests():
    return sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob("test/boot/hostile_*.c"))


def neighbours():
    """rt_loop:NUMBER for each row of its table."""
    with open("test/boot/rt_loop.c", encoding="utf-8") as f:
        table = re.search(r"^static const struct neighbour neighbours\[\] = \{\n(.*?)^\};", f.read(), re.M | re.S)[1]
    return [f"{OF_LOOP}{i}" for i in range(len(re.findall(r'^\t\{"', table, re.M)))]


def options_of(name, out):
    """Of the machine that a boot test wants, but for its harts."""
    words = testrun.head_words(f"test/boot/{name}.c", "boot")
    settings = dict(w.split("=", 1) for w in words if "=" in w and w.split("=")[0] in ("MEM", "NET", "DISK"))
    if "DISK" in settings:
        settings["DISK"] = mkinitrd.numbered_disk(out + ".disk", settings["DISK"])
    return {k: v for k, v in qemu.options_of({**settings, "ICOUNT": "1"}).items() if k != "board"}


def machine_of(program, slices, out):
    """What qemu.Machine is to be told."""
    if program.startswith(OF_LOOP):
        initrd = mkinitrd.boot_test("rt_loop", out + ".cpio", as_init=True)
        return {"icount": True, "initrd": initrd, "append": f"slices={slices} only={program.removeprefix(OF_LOOP)}"}
    elf = f"{qemu.BUILD}/qemu-virt/%s.elf"
    files = [("init", mkinitrd.read(elf % f"beside/{program}")), ("loop", mkinitrd.read(elf % "test/loop"))]
    initrd = mkinitrd.write(out + ".cpio", mkinitrd.archive(files))
    return {**options_of(program, out), "initrd": initrd, "append": f"loop={slices}"}


def delay(program, slices, out, seconds=SECONDS, **other):
    """(the latest begin of a slice in ns, how many slices have begun) of the loop beside PROGRAM, until SLICES have
    begun, the machine ends or SECONDS are over. OUT: the beginning of the names of files. Other words are for the machine."""
    with qemu.Machine(log=out + ".log", **{**machine_of(program, slices, out), **other}) as machine:
        with contextlib.suppress(qemu.GuestError):
            machine.expect(rf"^# rt_slot_delay_max_ns \d+ {slices}\b.*\n", seconds)
        machine.close()
        found = LATE.findall(machine.console)
    if not found:
        raise NoFigure(f"{program}: the loop told nothing; last lines:\n" + machine.tail())
    return max(int(ns) for ns, _ in found), max(int(n) for _, n in found)


def worst(out, say):
    """The latest begin of a slice in ns: of SURVEY slices beside each program, and of SLICES beside the worst of them,
    two at a time until one of them gets so far; who waits for devices may not."""
    programs = neighbours() + hostile_tests()

    def run(some, slices):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = dict(zip(some, pool.map(lambda p: delay(p, slices, f"{out}/{p}"), some)))
        for program, (late, begun) in found.items():
            say(f"  rt_slot_delay_max_ns: {late} beside {program}, {begun} slices")
        return found

    survey = run(programs, SURVEY)
    programs.sort(key=survey.get, reverse=True)
    late = survey[programs[0]][0]
    while programs:
        found = run(programs[:2], SLICES)
        late = max(late, *(ns for ns, _ in found.values()))
        if max(begun for _, begun in found.values()) == SLICES:
            return late
        del programs[:2]
    raise NoFigure(f"no {SLICES} slices within {SECONDS} s beside anybody")
