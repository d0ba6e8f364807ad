# SPDX-License-Identifier: MIT
"""Is every listing of docs/drivers.md part of the program it tells about, and every name it uses real?"""
import glob
import re


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


GUIDE = read("docs/drivers.md")


def test_listings_are_in_the_program():
    listings = re.findall(r"^```(c|dts)\n(.*?)^```", GUIDE, re.M | re.S)
    assert [kind for kind, _ in listings] == ["dts", "c", "c"]
    for kind, listing in listings:
        assert listing in read(f"test/boot/driver.{kind}"), listing.splitlines()[0]


def test_names_exist():
    names = set(re.findall(r"\bexo_[a-z0-9_]+", GUIDE))
    library = "".join(read(p) for p in glob.glob("lib/exo/*.[ch]"))
    calls = set(re.findall(r"^SYSCALL\d\(\d+, (\w+)", read("include/exo/syscalls.def"), re.M))
    missing = {n for n in names if n.removeprefix("exo_") not in calls and not re.search(rf"\b{n}\b", library)}
    assert len(names) > 8 and not missing
    assert all(glob.glob(p) for p in re.findall(r"`((?:lib|user|test)/[\w./]+)`", GUIDE))
