# SPDX-License-Identifier: MIT
"""Isolation, first battery: hostile environments beside the web server, which goes on serving.

test/prog/hostile.c has the attacks; each runs as an environment of its own, all in one machine, and either dies or is
refused. Nothing of it may end the kernel, the heartbeat or the server.
"""
import os
import re
import time
import urllib.request

import pytest

import mkinitrd
import qemu

SITE = b"<p>still here</p>"


def attacks(table):
    """The names in one of hostile.c's two tables."""
    with open("test/prog/hostile.c", encoding="utf-8") as f:
        body = re.search(rf"\}} {table}\[\] = \{{(.*?)^\}};", f.read(), re.M | re.S).group(1)
    return re.findall(r'\{"([\w-]+)",', body)


DEADLY = attacks("deadly")
MAY_DIE = ("scribbled-uarea", "random-calls")      # by their own hand: a resume to nowhere, an unmap of themselves
REFUSED = [name for name in attacks("refused") if name != "spin"]


def manifest(names):
    """The board's own manifest with the attackers added."""
    with open("boards/qemu-virt/manifest.dts", encoding="utf-8") as f:
        text = f.read()
    nodes = "".join(f'{n} {{ program = "hostile"; args = "{n}"; frames = <256>; restart = "never"; }};\n' for n in names)
    return text[:text.rindex("};")] + nodes + "};\n"


@pytest.fixture(scope="module")
def battery(tmp_path_factory):
    """All attacks in one machine: its console once all have ended, with the server asked all the while."""
    folder, port = tmp_path_factory.mktemp("isolation"), qemu.free_port()
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_bytes(SITE)
    disk, initrd = f"{folder}/disk.img", f"{folder}/initrd.cpio"
    mkinitrd.run("scripts/mksite.py", "--site", f"{folder}/site", "--out", disk)
    mkinitrd.for_manifest(manifest(DEADLY + REFUSED + ["spin"]), initrd)
    log = f"{qemu.BUILD}/test/sys/isolation/battery.log"
    os.makedirs(os.path.dirname(log), exist_ok=True)
    served = failed = 0
    with qemu.Machine(initrd=initrd, disk=disk, net="user", forward=[(port, 80)], smp=4, log=log) as guest:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and guest.process.poll() is None and any(
                verdict(guest.console, n) == "nothing" for n in DEADLY + REFUSED):
            answered = ask(port)
            served, failed = served + answered, failed + (served > 0 and not answered)
            time.sleep(0.2)
        beats = guest.console.count("heartbeat: beat")
        time.sleep(6)
        yield {"console": guest.console, "served": served, "failed": failed, "serves": ask(port),
               "beats": guest.console.count("heartbeat: beat") > beats, "status": guest.process.poll()}


def ask(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return answer.read() == SITE
    except OSError:
        return False


def verdict(console, name):
    """What became of an attack, as the console tells it: "died of ...", "refused", or "SUCCEEDED"."""
    match = re.search(rf"^init: {name}: (died of .*)$|^hostile: {name}: (\w+)$", console, re.M)
    return (match.group(1) or match.group(2)) if match else "nothing"


@pytest.mark.parametrize("name", DEADLY)
def test_it_dies(battery, name):
    found = verdict(battery["console"], name)
    assert found.startswith("died of"), found


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(battery, name):
    found = verdict(battery["console"], name)
    assert found == "refused" or name in MAY_DIE and found.startswith("died of"), found


def test_the_others_go_on(battery):
    assert battery["status"] is None, "the machine has ended"
    assert battery["serves"] and battery["served"] and not battery["failed"]
    assert battery["beats"]
