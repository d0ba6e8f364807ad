# SPDX-License-Identifier: MIT
"""`make trace`: what becomes of a console's text, and a machine of two harts whose every step is recorded."""
import json
import subprocess

import pytest

import perfetto
import qemu

BEGIN = """init: web: started: program web, hart 0, 4096 pages from 0x80580 on
trace: begin 2 10000000
"""
MANIFEST = """/dts-v1/; / {
    beat { program = "heartbeat"; args = "1"; frames = <256>; hart = <1>; restart = "always"; };
    faulty { program = "demise"; args = "null", "0"; frames = <256>; };
};"""


def events_of(console):
    hz, harts = perfetto.parse(console)
    return perfetto.convert(hz, harts, perfetto.names_of(console))["traceEvents"]


def shown(events, *keys):
    return [tuple(e.get(key) for key in keys) for e in events if e["ph"] != "M"]


def check_nesting(events):
    """On each hart, of two complete events one lies in the other or they do not touch; slices never do."""
    for hart in {e["tid"] for e in events if e["ph"] == "X"}:
        mine = [e for e in events if e["ph"] == "X" and e["tid"] == hart]
        slices = [e for e in mine if e["cat"] == "slice"]
        for before, after in zip(slices, slices[1:]):
            assert before["ts"] + before["dur"] <= after["ts"] + 0.001, (before, after)
        inside = []
        for e in mine:
            end = e["ts"] + e["dur"]
            while inside and inside[-1] <= e["ts"] + 0.0005:
                inside.pop()
            assert not inside or end <= inside[-1] + 0.001, e
            inside.append(end)


def test_conversion():
    """A slice with a call in it, an interrupt in that, a mark; the other hart idles."""
    console = BEGIN + ("trace: hart 0 5 7\ntrace= 64.1.0.80582 a.3.2 5.5.4 heartbeat: a line\n"
                       "trace: hart 1 0 0\ntrace: end\n").replace(" heartbeat: a line", (
                           " 3.6.4\nheartbeat: beat 1\ntrace= 2.4.2 1.a.d a.2.0.0"))
    events = events_of(console)
    assert shown(events, "name", "cat", "ts", "dur") == [
        ("web", "slice", 0.0, 3.1), ("map", "call", 1.0, 1.0), ("interrupt: device", "interrupt", 1.5, 0.3),
        ("fault 13", "fault", 2.1, None)]
    assert {e["args"]["name"] for e in events if e["ph"] == "M"} == {"chitin", "hart 0", "hart 1"}
    check_nesting(events)


def test_beginning_is_missing():
    """The ring begins in the middle: ends without a beginning are left out, what is open at the end is closed."""
    console = BEGIN + "trace: hart 0 99 4\ntrace= 1.4.2.80582 1.6.2 5.3.2 5.3.40\ntrace: hart 1 0 0\ntrace: end\n"
    assert shown(events_of(console), "name", "ph", "ts", "dur") == [
        ("web", "X", 0.6, 0.5), ("map", "X", 0.6, 0.5), ("call", "i", 1.1, None)]


@pytest.mark.parametrize("text", ["", "trace: begin 1 100\ntrace: hart 0 0 1\n", BEGIN + "trace: hart 0 0 0\ntrace: end\n"],
                         ids=["empty", "cut", "harts"])
def test_incomplete(text):
    with pytest.raises(ValueError):
        perfetto.parse(text)


def test_names():
    name = perfetto.namer(perfetto.names_of(BEGIN))
    assert [name(n) for n in (0x80400, 0x80584, 0x80590, 0x80584)] == ["init", "web", "web.1", "web"]


def test_make_trace(log_file):
    """Two harts, a program on each and one that dies: all of it is in the JSON, and fits together."""
    manifest, out = log_file(".dts"), log_file(".json")
    with open(manifest, "w", encoding="ascii") as f:
        f.write(MANIFEST)
    done = subprocess.run(["/usr/bin/python3", "scripts/perfetto.py", "BOARD=qemu-virt", f"MANIFEST={manifest}", "TIMEOUT=3",
                           "EVENTS=4096", f"OUT={out}"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with open(out, encoding="ascii") as f:
        events = json.load(f)["traceEvents"]
    check_nesting(events)
    slices = {(e["tid"], e["name"]) for e in events if e.get("cat") == "slice"}
    assert slices >= {(0, "init"), (0, "trace"), (1, "beat")}, slices
    assert {name for _, name in slices} <= {"init", "trace", "beat", "faulty"}, slices
    calls = {e["name"] for e in events if e.get("cat") == "call"}
    assert calls >= {"map", "create", "sleep", "console_write"} and calls <= set(perfetto.call_names().values()), calls
    assert any(e["name"] == "fault 15" for e in events)
    assert any(e["name"] == "interrupt: timer" and e["tid"] == 1 for e in events)


def test_says_what_is_wrong():
    for words, said in [([], "OUT=f.json"), (["OUT=x", "MANIFEST=none.dts"], "none.dts"),
                        (["OUT=x", "EVENTS=1"], "EVENTS=1")]:
        done = subprocess.run(["/usr/bin/python3", "scripts/perfetto.py", *words], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode != 0 and said in done.stderr and qemu.BUILD not in done.stderr.split(said)[0], done
