# SPDX-License-Identifier: MIT
"""The web server behind a cable on which somebody sends garbage: of every protocol, TCP of every kind to its port,
fragments, runts and frames too long for it. Ordinary clients are answered meanwhile and afterwards.

The client is in here too: QEMU's user network, which clients of this host come by, does not survive what is sent.
"""
import os
import random
import re

import pytest
from scapy.layers.inet import IP, TCP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import mkinitrd
import qemu
from test_net import garbage
from wire import GUEST, GUEST_MAC, OUR_MAC, US, Wire

ALONE = True        # answers must come within seconds
PACKETS = 1500 if "NIGHTLY" not in os.environ else 30_000
MANIFEST = f"""/dts-v1/; / {{ web {{ program = "web"; frames = <4096>; blocks = <0 0 0>; nic = <0>;
    filter-receive = "0:6=nic"; filter-shared = "0:6=ff:ff:ff:ff:ff:ff"; filter-transmit = "6:6=nic";
    values = "address={GUEST}", "netmask=255.255.255.0", "gateway={US}"; }}; }};"""
FLAGS = ("S", "A", "SA", "R", "RA", "F", "FA", "PA", "FPU", "", "SFRPAU", "SR", "SF")
OPTIONS = [[], [("MSS", 0)], [("MSS", 1)], [("MSS", 65535)], [("WScale", 255)], [("SAck", (1, 2))], [("Timestamp", (0, 0))],
           [("NOP", None)] * 40, [(254, b"x" * 30)]]


def tcp(dice):
    """To the server's port: any flags, numbers, options and data, the sums right or not."""
    data = dice.randbytes(dice.choice([0, 0, 1, 100, 1400]))
    if dice.randrange(3) == 0:
        data = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    packet = IP(src=dice.choice([US, f"10.1.2.{dice.randrange(20, 250)}", "8.8.8.8"]), dst=GUEST) / TCP(
        sport=dice.randrange(65536), dport=dice.choice([80, 80, 80, dice.randrange(65536)]), flags=dice.choice(FLAGS),
        seq=dice.getrandbits(32), ack=dice.getrandbits(32), window=dice.choice([0, 1, 65535]),
        options=dice.choice(OPTIONS), urgptr=dice.choice([0, 0, 65535])) / Raw(data)
    kind = dice.randrange(8)
    if kind == 0:
        packet[TCP].dataofs = dice.randrange(16)
    elif kind == 1:
        packet[TCP].chksum = dice.randrange(65536)
    elif kind == 2:
        packet[IP].len = dice.randrange(65536)
    return packet


def frames(dice):
    """What is sent in one go: a frame or, of a packet in fragments, some of them."""
    kind, to = dice.randrange(8), Ether(src=OUR_MAC, dst=GUEST_MAC)
    if kind < 3:
        return [to / tcp(dice)]
    if kind == 3:
        pieces = fragment(tcp(dice), dice.choice([8, 24, 400]))
        return [to / piece for piece in dice.sample(pieces, min(len(pieces), dice.randrange(1, 12)))]
    if kind == 4:
        whole = bytes(to / tcp(dice))
        return [whole[:dice.randrange(1, len(whole))]]
    if kind == 5:
        return [bytes(to / tcp(dice)) + bytes(dice.choice([1, 100, 1500, 8000, 60000]))]
    return [garbage(dice)]


class Client:
    """As much of TCP as it takes to fetch a page over a cable that loses nothing: RFC 9293 3.5, one segment at a time."""

    def __init__(self, wire, port, dice):
        self.wire, self.port, self.sequence, self.next, self.data = wire, port, dice.getrandbits(31), 0, b""

    def say(self, flags, data=b""):
        segment = TCP(sport=self.port, dport=80, flags=flags, seq=self.sequence, ack=self.next, window=16000)
        self.wire.send_ip(IP(src=US, dst=GUEST) / segment / Raw(data))

    def hear(self, wanted, seconds=1.0):
        """The next segment of this connection with these flags, or None. Timed so that the rest can be sent again."""
        try:
            return self.wire.expect(lambda f: TCP in f and (f[TCP].sport, f[TCP].dport) == (80, self.port) and
                                    f[TCP].flags & wanted, seconds)
        except AssertionError:
            return None

    def open(self):
        for _ in range(10):
            self.say("S")
            answer = self.hear(0x02)
            if answer and answer[TCP].ack == self.sequence + 1 & 0xffffffff:
                self.sequence, self.next = answer[TCP].ack, answer[TCP].seq + 1 & 0xffffffff
                return True
        return False

    def take(self, segment):
        """True when its data was the last."""
        tcp_layer = segment[TCP]
        data = bytes(tcp_layer.payload)[:segment[IP].len - 20 - 4 * tcp_layer.dataofs]
        if tcp_layer.seq == self.next:
            self.data += data
            self.next = self.next + len(data) + bool(tcp_layer.flags & 1) & 0xffffffff
            self.say("A")
            return bool(tcp_layer.flags & 1)
        self.say("A")
        return False

    def fetch(self):
        """The answer to one request, or b"" if there is none."""
        request = b"GET / HTTP/1.0\r\n\r\n"
        if not self.open():
            return b""
        self.say("PA", request)
        begun = self.sequence
        self.sequence = self.sequence + len(request) & 0xffffffff
        for _ in range(50):
            segment = self.hear(0x10)
            if segment and self.take(segment):
                return self.data
            if not segment and not self.data:       # it may have come among too much else
                self.sequence = begun
                self.say("PA", request)
                self.sequence = begun + len(request) & 0xffffffff
        return b""


class Server:
    """The guest; `wire` is its cable."""

    def __init__(self, folder, log):
        self.wire = Wire(folder / "net")
        self.dice, self.port = random.Random(9), 1024
        mkinitrd.run("scripts/mksite.py", "--out", f"{folder}/disk.img")
        initrd = mkinitrd.for_manifest(MANIFEST, f"{folder}/initrd.cpio")
        self.machine = qemu.Machine(log=log, initrd=initrd, disk=f"{folder}/disk.img", net=self.wire.net)
        self.machine.expect(rf"^web: serving .* on http://{re.escape(GUEST)}/", 60)

    def answers(self):
        self.wire.clear()
        self.port += 1
        answer = Client(self.wire, self.port, self.dice).fetch()
        return answer.startswith(b"HTTP/1.1 200 ") and b"<!DOCTYPE" in answer


@pytest.fixture
def server(tmp_path, log_file):
    one = Server(tmp_path, log_file())
    yield one
    one.machine.close()
    one.wire.__exit__()


def test_web_server_among_garbage(server, record_property):
    """Clients are answered while it comes, and when it is over; the server has never ended."""
    dice = random.Random(8)
    random.seed(8)      # scapy's
    assert server.answers()
    answered = asked = 0
    for i in range(PACKETS):
        for frame in frames(dice):
            server.wire.send(frame)
        if i % 100 == 99:
            asked, answered = asked + 1, answered + server.answers()
    assert answered == asked, f"{answered} of {asked} clients were answered"
    console = server.machine.console
    assert console.count("web: serving") == 1 and not re.search("ended|died|killed", console)
    record_property("says", f"{answered} clients answered among {PACKETS} packets")
