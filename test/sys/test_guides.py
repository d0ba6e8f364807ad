# SPDX-License-Identifier: MIT
"""Is every listing of the guides below part of a program that is built, and every name there real?"""
import glob
import re

import pytest

# Guide: the programs that its listings are out of, how many listings it has.
GUIDES = {
    "docs/rt.md": (["user/control.c", "boards/qemu-virt/manifest.dts"], 4),
    "docs/net.md": (["user/udpecho.c", "test/boot/net.c", "test/sys/udpecho.dts"], 5),
    "docs/threads.md": (["test/boot/threads.c", "test/boot/pipe.c", "test/boot/signal.c", "test/boot/stride.c"], 5),
}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


@pytest.mark.parametrize("guide", GUIDES)
def test_listings_are_in_the_programs(guide):
    programs, count = GUIDES[guide]
    listings = re.findall(r"^```(?:c|dts)\n(.*?)^```", read(guide), re.M | re.S)
    assert len(listings) == count
    text = "".join(map(read, programs))
    for listing in listings:
        assert listing in text, listing.splitlines()[0]


@pytest.mark.parametrize("guide", GUIDES)
def test_names_exist(guide):
    text = read(guide)
    names = set(re.findall(r"\b(?:exo|net|rt)_[a-z0-9_]+\b(?!\.c)", text))
    names |= set(re.findall(r"\b(?:EXO|NET)_[A-Z0-9_]+", text))
    sources = "".join(read(p) for p in glob.glob("lib/*/*.[ch]") + glob.glob("include/exo/*") + ["scripts/bench.py"])
    calls = set(re.findall(r"^(?:SYSCALL\d|TRANSFER)\(\d+, (\w+)", read("include/exo/syscalls.def"), re.M))
    missing = {n for n in names if n.removeprefix("exo_") not in calls and not re.search(rf"\b{n}\b", sources)}
    assert len(names) > 8 and not missing
    assert all(glob.glob(p) for p in re.findall(r"`((?:lib|user|test)/[\w./]+)`", text))


@pytest.mark.parametrize("guide", GUIDES)
def test_figures_and_settings_exist(guide):
    text = read(guide)
    limits = {line.split()[0] for line in read("test/bench/limits.txt").splitlines() if line[:1] not in ("#", "")}
    named = set(re.findall(r"`(\w+_(?:pair|bare|saved|4h|max|max_ns))`", text)) | set(re.findall(r"ONLY=(\w+)", text))
    assert named and named <= limits
    settings = set(re.findall(r"`CONFIG_(\w+)`", text))
    assert settings <= set(re.findall(r"^config (\w+)", read("Kconfig"), re.M))
