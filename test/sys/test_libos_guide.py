# SPDX-License-Identifier: MIT
"""Is every listing of docs/libos-guide.md part of a program it tells about, and every name it uses real?"""
import glob
import re


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


GUIDE = read("docs/libos-guide.md")


def test_listings_are_in_the_program():
    listings = re.findall(r"^```c\n(.*?)^```", GUIDE, re.M | re.S)
    programs = [read("test/boot/pager.c"), read("test/boot/teller.c")]
    assert [sum(listing in program for listing in listings) for program in programs] == [6, 5]
    for listing in listings:
        assert any(listing in program for program in programs), listing.splitlines()[0]


def test_names_exist():
    names = set(re.findall(r"\bexo_[a-z0-9_]+", GUIDE))
    library = "".join(read(p) for p in glob.glob("lib/exo/*.[ch]"))
    calls = set(re.findall(r"^(?:SYSCALL\d|TRANSFER)\(\d+, (\w+)", read("include/exo/syscalls.def"), re.M))
    missing = {n for n in names if n.removeprefix("exo_") not in calls and not re.search(rf"\b{n}\b", library)}
    assert len(names) > 15 and not missing
