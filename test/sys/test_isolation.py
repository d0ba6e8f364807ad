# SPDX-License-Identifier: MIT
"""Isolation, first battery: hostile environments beside the web server, which goes on serving.

test/prog/hostile.c has the attacks; each runs as an environment of its own, all in one machine, and either dies or is
refused. test/prog/storm.c has what is allowed but done without end. Nothing of it may end the kernel, the heartbeat or
the server. Machines of one and of four harts.
"""
import os
import re
import time
import urllib.request

import pytest

import mkinitrd
import qemu

ALONE = True        # four busy harts, and a server that must answer within seconds
SITE = b"<p>still here</p>"


def attacks(table, program="hostile"):
    """The names in a table of hostile.c, which has two, or of storm.c."""
    with open(f"test/prog/{program}.c", encoding="utf-8") as f:
        body = re.search(rf"\}} {table}\[\] = \{{(.*?)^\}};", f.read(), re.M | re.S).group(1)
    return re.findall(r'\{"([\w-]+)",', body)


DEADLY = attacks("deadly")
MAY_DIE = ("scribbled-uarea", "random-calls")      # by their own hand: a resume to nowhere, an unmap of themselves
REFUSED = [name for name in attacks("refused") if name != "spin"]
STORMS = attacks("storms", "storm")
STORM_SECONDS = 10


def manifest(names, harts, program="hostile"):
    """The board's own manifest with the attackers added, on all harts in turn."""
    with open(f"boards/qemu-virt/{'manifest' if harts > 1 else 'one-hart'}.dts", encoding="utf-8") as f:
        text = f.read()
    nodes = "".join(f'{n} {{ program = "{program}"; args = "{n}"; frames = <256>; hart = <{i % harts}>; '
                    'restart = "never"; };\n' for i, n in enumerate(names))
    return text[:text.rindex("};")] + nodes + "};\n"


def site(folder):
    """A disk that holds one page."""
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_bytes(SITE)
    mkinitrd.run("scripts/mksite.py", "--site", f"{folder}/site", "--out", f"{folder}/disk.img")
    return f"{folder}/disk.img"


def log(name):
    os.makedirs(f"{qemu.BUILD}/test/sys/isolation", exist_ok=True)
    return f"{qemu.BUILD}/test/sys/isolation/{name}.log"


def serve_while(guest, port, goes_on, seconds):
    """Ask the server again and again; how often it answered, and how often it did not after it once had."""
    served = failed = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and guest.process.poll() is None and goes_on():
        answered = ask(port)
        served, failed = served + answered, failed + (served > 0 and not answered)
        time.sleep(0.2)
    return served, failed


@pytest.fixture(scope="module", params=[1, 4], ids=["one-hart", "four-harts"])
def battery(request, tmp_path_factory):
    """All attacks in one machine: its console once all have ended, with the server asked all the while."""
    folder, port = tmp_path_factory.mktemp("isolation"), qemu.free_port()
    initrd = f"{folder}/initrd.cpio"
    mkinitrd.for_manifest(manifest(DEADLY + REFUSED + ["spin"], request.param), initrd)
    with qemu.Machine(initrd=initrd, disk=site(folder), net="user", forward=[(port, 80)], smp=request.param,
                      log=log(f"battery-{request.param}")) as guest:
        served, failed = serve_while(guest, port, lambda: any(verdict(guest.console, n) == "nothing"
                                                              for n in DEADLY + REFUSED), 120)
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


@pytest.mark.parametrize("harts", [1, 4])
def test_storms(tmp_path, harts):
    """What is allowed may be done without end: all storms at once, and the others go on."""
    port, initrd = qemu.free_port(), f"{tmp_path}/initrd.cpio"
    mkinitrd.for_manifest(manifest(STORMS, harts, "storm"), initrd)
    with qemu.Machine(initrd=initrd, disk=site(tmp_path), net="user", forward=[(port, 80)], smp=harts,
                      log=log(f"storms-{harts}")) as guest:
        for name in STORMS:
            guest.seen = 0
            guest.expect(f"^storm: {name}: begins", 60)
        guest.expect("heartbeat: beat", 30)
        deadline = time.monotonic() + 60
        while not ask(port) and time.monotonic() < deadline:
            time.sleep(0.5)
        served, failed = serve_while(guest, port, lambda: True, STORM_SECONDS)
        guest.seen = len(guest.text)
        guest.expect("heartbeat: beat", 30)
        assert guest.process.poll() is None, "the machine has ended"
        assert served >= 3 and not failed
        assert not re.search(r"^init: \w+: died", guest.console, re.M)
