# SPDX-License-Identifier: MIT
"""The program tcpdump on the target, and filters of the manifest.

scapy's packets come over a datagram socket; what the guest prints is compared with what the host's tcpdump says of them.
"""
import contextlib
import os
import re
import socket
import subprocess

import pytest
from scapy.all import ARP, ICMP, IP, TCP, UDP, Ether, ICMPv6EchoRequest, IPv6, Raw, rdpcap, wrpcap

import qemu

MAC, OTHER, HERE = "52:54:00:12:34:56", "02:00:00:00:00:07", "02:00:00:00:00:01"


def make(*layers, dst=MAC):
    packet = Ether(src=HERE, dst=dst)
    for layer in layers:
        packet /= layer
    return bytes(packet)


def ip(*layers, **fields):
    return make(IP(src="10.1.2.1", dst="10.1.2.3", **fields), *layers)


PACKETS = [
    make(ARP(op=1, psrc="10.1.2.1", pdst="10.1.2.3", hwsrc=HERE, hwdst="00:00:00:00:00:00"), dst="ff:ff:ff:ff:ff:ff"),
    make(ARP(op=2, psrc="10.1.2.1", pdst="10.1.2.3", hwsrc=HERE, hwdst=MAC)),
    ip(TCP(sport=1234, dport=8888, flags="S", seq=5, options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)])),
    ip(TCP(sport=1234, dport=8888, flags="PA", seq=4294967295, ack=7), Raw(b"hello")),
    ip(UDP(sport=1234, dport=7777), Raw(bytes(range(256)) * 5)),
    ip(UDP(sport=7777, dport=1234)),
    ip(ICMP(type=8, id=3, seq=9), Raw(b"x" * 56)),
    make(IPv6(src="fe80::1", dst="2001:db8::2"), UDP(sport=1, dport=7777), Raw(b"six")),
    make(IPv6(src="fe80::1", dst="ff02::1"), ICMPv6EchoRequest(id=1, seq=2)),
    make(IP(src="10.1.2.1", dst="10.1.2.9"), UDP(sport=1234, dport=7777), dst=OTHER),
    ip(UDP(sport=1234, dport=7777), Raw(b"y" * 1472)),
]


class Wire:
    """The other end of the guest's cable."""

    def __init__(self, folder):
        self.path = str(folder / "net")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{os.path.relpath(self.path)}.host")

    def send(self, packets):
        with contextlib.suppress(OSError): # connected already
            self.socket.connect(f"{os.path.relpath(self.path)}.guest")
        for packet in packets:
            self.socket.send(packet)


@pytest.fixture
def wire(tmp_path):
    one = Wire(tmp_path)
    yield one
    one.socket.close()


def env(name, args, words):
    quoted = ", ".join('"' + a.replace("\\", "\\\\") + '"' for a in args)
    return f'{name} {{ program = "tcpdump"; args = {quoted}; frames = <512>; nic = <0>; {words} }};'


def boot(machine, initrd, wire, *envs):
    return machine(initrd=initrd("/dts-v1/; / { " + " ".join(envs) + " };"), net=f"dgram:{wire.path}", smp=1)


def host_lines(path, *words):
    found = subprocess.run(["tcpdump", "-n", "-t", "-S", "-K", "-r", path, *words], capture_output=True, text=True,
                           check=True)
    return [line for line in found.stdout.splitlines() if not line.startswith("\t")]


@pytest.mark.parametrize("options", [[], ["-e"]], ids=["plain", "link"])
def test_summaries(machine, initrd, wire, tmp_path, options):
    """Each packet is one line, the same as tcpdump's of the host."""
    path = str(tmp_path / "sent.pcap")
    wrpcap(path, PACKETS, linktype=1)
    guest = boot(machine, initrd, wire, env("dump", ["-n", "-t", *options, "-c", str(len(PACKETS))], "filter-receive;"))
    guest.expect("^dump: listening", 30)
    wire.send(PACKETS)
    guest.expect(f"^dump: {len(PACKETS)} packets shown, {len(PACKETS)} received, 0 dropped", 20)
    console = guest.console.splitlines()
    begin = console.index("dump: listening") + 1
    assert console[begin:begin + len(PACKETS)] == host_lines(path, *options)
    assert guest.finish(20) == qemu.PASS


EXPRESSIONS = {
    "port": "udp dst port 7777 and ether dst nic",
    "or": "arp or icmp",
    "flags": "tcp[tcpflags] & tcp-syn != 0",
    "none": "ip6 and not host fe80::1",
    "not": "not ether dst nic and not arp",
    "net": "src net 10.1.2.0/24 and not udp",
    "large": "not port 7777 and not host 10.1.2.9",
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_expression(machine, initrd, wire, tmp_path, expression):
    """What the expression lets through is what libpcap lets through; a last packet ends the capture."""
    last = make(Raw(b"last" * 20), dst=OTHER)
    last = last[:12] + b"\x90\x00" + last[14:]
    path = str(tmp_path / "sent.pcap")
    wrpcap(path, PACKETS + [last], linktype=1)
    theirs = f"({expression.replace('nic', MAC)}) or ether proto 0x9000"
    wanted = host_lines(path, theirs)
    words = f"({expression}) or ether proto 0x9000"
    guest = boot(machine, initrd, wire, env("dump", ["-t", "-c", str(len(wanted)), *words.split()], "filter-receive;"))
    guest.expect("^dump: listening", 30)
    wire.send(PACKETS + [last])
    guest.expect(f"^dump: {len(wanted)} packets shown, {len(PACKETS) + 1} received", 20)
    console = guest.console.splitlines()
    begin = console.index("dump: listening") + 1
    assert console[begin:begin + len(wanted) - 1] == wanted[:-1]
    assert "ethertype Unknown (0x9000)" in console[begin + len(wanted) - 1]
    assert guest.finish(20) == qemu.PASS


def test_capture_file(machine, initrd, wire, tmp_path, log_file):
    """-w: scripts/pcap.py makes a file of the console; scapy and tcpdump find in it the packets as they were sent."""
    count = str(len(PACKETS))
    guest = boot(machine, initrd, wire, env("dump", ["-w", "all.pcap", "-c", count], "filter-receive;"))
    guest.expect("^dump: listening", 30)
    wire.send(PACKETS)
    guest.expect(f"^dump: {count} packets shown", 20)
    assert guest.finish(20) == qemu.PASS
    console = log_file(".console")
    with open(console, "wb") as f:
        f.write(bytes(guest.text))
    subprocess.run(["scripts/pcap.py", console, str(tmp_path)], check=True)
    path = str(tmp_path / "all.pcap")
    found = rdpcap(path)
    assert [bytes(p) for p in found] == PACKETS
    assert all(0 < b.time - a.time < 20 or a.time == b.time for a, b in zip(found, found[1:]))
    sent = str(tmp_path / "sent.pcap")
    wrpcap(sent, PACKETS, linktype=1)
    assert host_lines(path, "udp or arp") == host_lines(sent, "udp or arp")

    lines = bytes(guest.text).splitlines(keepends=True)         # and a console that lost one line
    del lines[[bool(re.match(rb"pcap all.pcap 9 ", line)) for line in lines].index(True)]
    with open(console, "wb") as f:
        f.writelines(lines)
    spoilt = subprocess.run(["scripts/pcap.py", console, str(tmp_path)], capture_output=True, text=True, check=False)
    assert spoilt.returncode == 1 and "line 9 of it is missing" in spoilt.stderr
    assert [bytes(p) for p in rdpcap(path)] == PACKETS[:len(rdpcap(path))] != []


def test_filter_of_the_manifest(machine, initrd, wire):
    """`filter` gives each environment its packets, however many ways there are; copies of the rest go to who shares."""
    guest = boot(machine, initrd, wire,
                 env("echo", ["-t", "-c", "3"], 'filter = "ether dst nic and udp dst port 7777";'),
                 env("rest", ["-t", "-c", "3"], 'filter = "ether dst nic and (tcp dst port 8888 or icmp)";'),
                 env("group", ["-t", "-c", "1"], "filter-shared;"))
    for name in "echo", "rest", "group":
        guest.expect(f"^{name}: listening", 30)
        guest.seen = 0
    wire.send(PACKETS)
    guest.expect("^init: the work is over", 20)
    assert guest.finish(20) == qemu.PASS
    text = guest.console
    for name, count in ("echo", 3), ("rest", 3), ("group", 1):
        assert f"{name}: {count} packets shown, {count} received, 0 dropped" in text
    assert text.count("10.1.2.1.1234 > 10.1.2.3.7777: UDP") == 2 and text.count("2001:db8::2.7777: UDP, length 3") == 1
    assert text.count("10.1.2.3.8888: Flags") == 2 and text.count("ICMP echo request") == 1
    assert text.count("Request who-has 10.1.2.3") == 1 and "10.1.2.9" not in text and "Reply" not in text


def test_tap_of_the_manifest(machine, initrd, wire):
    """`filter-tap` gives copies of what others get alone, and takes nothing from them; with atoms only of some."""
    last = make(Raw(b"last" * 20), dst=OTHER)
    last = last[:12] + b"\x90\x00" + last[14:]
    guest = boot(machine, initrd, wire,
                 env("own", ["-t", "-c", "9"], 'filter-receive = "0:6=nic";'),
                 env("group", ["-t", "-c", "1"], "filter-shared;"),
                 env("all", ["-t", "-c", str(len(PACKETS) + 1)], "filter-tap;"),
                 env("icmp", ["-t", "-c", "1"], 'filter-tap = "12:2=0x0800", "23:1=1";'))
    for name in "own", "group", "all", "icmp":
        guest.expect(f"^{name}: listening", 30)
        guest.seen = 0
    wire.send([*PACKETS, last])
    guest.expect("^init: the work is over", 20)
    assert guest.finish(20) == qemu.PASS
    for name, count in ("own", 9), ("group", 1), ("all", len(PACKETS) + 1), ("icmp", 1):
        assert f"{name}: {count} packets shown, {count} received, 0 dropped" in guest.console
    assert guest.console.count("ICMP echo request") == 3 and guest.console.count("ethertype Unknown (0x9000)") == 1


def test_the_tap_of_a_program_that_is_started_again(machine, initrd, wire):
    """A life's tap goes with it, so that the next one gets its own, as often as the NIC has filters and more."""
    guest = boot(machine, initrd, wire, env("all", ["-t", "-c", "1"], 'filter-tap; restart = "3";'))
    for _ in range(4):
        guest.expect("^all: listening", 30)
        wire.send(PACKETS[4:5])
        guest.expect("^all: 1 packets shown, 1 received, 0 dropped", 20)
    assert guest.finish(20) == qemu.PASS


@pytest.mark.parametrize("args, words, says", [
    (["-c", "0"], "filter-receive;", "dump: -c: it wants a number of packets, from 1 on"),
    (["-w", "../x"], "filter-receive;", "dump: -w: it wants a file's name"),
    (["-nx"], "filter-receive;", "dump: -x: there are the options"),
    (["port"], "filter-receive;", 'dump: column 5 of "port": a value is missing here'),
    (["tcp", "prt", "80"], "filter-receive;", 'dump: column 5 of "tcp prt 80": and, or, ) or the end must follow here'),
    (["arp"], "", "dump: cannot capture: the manifest gives no packets")],
    ids=["count", "file", "option", "end", "word", "none"])
def test_refuses(machine, initrd, wire, args, words, says):
    dts = env("dump", args, words)
    guest = boot(machine, initrd, wire, dts if words else dts.replace("nic = <0>;", ""))
    guest.expect("^" + re.escape(says), 30)
    assert guest.finish(20) == qemu.FAILURE
