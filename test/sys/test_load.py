# SPDX-License-Identifier: MIT
"""Load: many packets over a lossless datagram socket to a thousand filters on four harts (test/prog/load.c).

Every packet is received by the filter whose it is, found its ring full, or is nobody's; guest, kernel and host count the
same. The host has WINDOW batches under way at most, each with a marker at its end that the guest answers.
"""
import os
import queue
import random
import re
import struct
import time

import pytest

import mkinitrd
import qemu
from wire import Wire

ALONE = True        # four busy harts
FILTERS, ENVIRONMENTS, HARTS = 1000, 4, 4
BATCH, WINDOW = 32, 2
FRAME_MIN, FRAME_MAX = 60, 1514
US, CONTROL = bytes.fromhex("020000000001"), bytes.fromhex("02000000000f")
MARKER, LAST, ANSWER = 0, 1, struct.Struct("<IIQQQ")


def service(number, owner):
    """Up to byte 40: TCP to the address and port that test/model/services.h gives to a number."""
    head = bytearray(40)
    head[:14] = bytes([2, 0, 0, 0, 0, owner]) + US + b"\x08\x00"
    head[14:20] = b"\x45\0\0\x28\0\0"
    head[20], head[23] = 0x40, 6
    struct.pack_into(">I", head, 30, 0x0a000000 + number // 16)
    struct.pack_into(">H", head, 36, 1024 + number % 16 * 7)
    return bytes(head)


SERVICES = [service(i, i % ENVIRONMENTS) for i in range(FILTERS)]


def with_byte(frame, at, value):
    return frame[:at] + bytes([value]) + frame[at + 1:]


def nobodys(dice, head):
    """Close to what a filter wants, but nobody's."""
    kind = dice.randrange(8)
    if kind == 0:
        return head[:36]                                                # ends before the port does
    if kind == 1:
        head = with_byte(head, 5, (head[5] + 1) % ENVIRONMENTS)         # a filter of another's address
    elif kind == 2:
        head = with_byte(head, 5, 9)
    elif kind == 3:
        head = with_byte(head, 37, head[37] ^ dice.choice([1, 2]))      # ports are 7 apart
    elif kind == 4:
        head = with_byte(head, 20, dice.choice([0x20, 0x60, 0x1f]))     # a fragment
    elif kind == 5:
        head = with_byte(head, 23, 17)
    elif kind == 6:
        head = with_byte(head, 14, 0x46)
    else:
        head = with_byte(head, 13, 6)
    return head + bytes(dice.randrange(20, FRAME_MAX - 40))


class Host:
    """Sends the packets and knows how many each filter must have got."""

    def __init__(self, wire, seed):
        self.wire, self.dice = wire, random.Random(seed)
        self.sent = [0] * FILTERS
        self.nobodys = self.markers = self.answered = 0
        self.last = (0, 0, 0)

    def send_to(self, i):
        self.sent[i] += 1
        size = self.dice.choice((FRAME_MIN, FRAME_MIN, 61, 128, 590, FRAME_MAX))
        body = struct.pack("<IIH", i, self.sent[i], size) + bytes(size - 51)
        self.wire.send(SERVICES[i] + body + bytes([i + self.sent[i] & 0xff]))

    def batch(self):
        """One of eight goes to a single ring, which has two buffers."""
        crowd = self.dice.randrange(FILTERS) if not self.dice.randrange(8) else None
        for _ in range(BATCH):
            i = self.dice.randrange(FILTERS)
            if not self.dice.randrange(16):
                self.nobodys += 1
                self.wire.send(nobodys(self.dice, SERVICES[i]))
            else:
                self.send_to(i if crowd is None else crowd)

    def mark(self, kind=MARKER):
        self.wire.send((CONTROL + US + b"\x88\xb5" + ANSWER.pack(self.markers, kind, 0, 0, 0)).ljust(FRAME_MIN, b"\0"))
        self.markers += 1

    def await_answers(self, under_way):
        """Until no more than so many markers are under way. All packets before them have been classified."""
        while self.markers - self.answered > under_way:
            try:
                data = self.wire.came.get(timeout=20)
            except queue.Empty:
                raise AssertionError(f"marker {self.answered} was not answered: a packet is lost") from None
            number, _, *self.last = ANSWER.unpack_from(data, 14)
            assert data[:14] == US + CONTROL + b"\x88\xb5" and number == self.answered, data[:60].hex()
            self.answered += 1
            assert sum(self.last) <= sum(self.sent) + self.nobodys + self.markers

    def flood(self, packets):
        """At least so many, then the last marker."""
        while sum(self.sent) + self.nobodys < packets:
            self.batch()
            self.mark()
            self.await_answers(WINDOW)
        self.await_answers(0)
        self.mark(LAST)
        self.await_answers(0)


def counts(console):
    """[(received, dropped)] of each filter."""
    rows = re.findall(r"^load: filter (\d+) received (\d+) dropped (\d+)", console, re.M)
    assert [int(i) for i, _, _ in rows] == list(range(FILTERS))
    return [(int(received), int(dropped)) for _, received, dropped in rows]


def check(host, console):
    """Host, filters and NIC have counted the same; what this says goes into the report."""
    rows = counts(console)
    wrong = [i for i in range(FILTERS) if sum(rows[i]) != host.sent[i]]
    assert not wrong, f"filter {wrong[0]} of {len(wrong)}: sent {host.sent[wrong[0]]}, counted {rows[wrong[0]]}"
    assert "\nload: wrong 0, out of order 0, damaged 0\n" in console
    received, dropped = (sum(row[i] for row in rows) for i in (0, 1))
    nic = re.search(r"^load: NIC received (\d+) dropped (\d+) unmatched (\d+), (\d+) markers, (\d+) changes", console, re.M)
    assert [int(n) for n in nic.groups()] == [received + host.markers, dropped, host.nobodys, host.markers, host.markers]
    assert received and dropped and host.nobodys
    return f"{received} received, {dropped} dropped, {host.nobodys} nobody's"


def load(packets, folder, machine, record_property):
    elf = mkinitrd.read(f"{qemu.BUILD}/qemu-virt/test/load.elf")
    initrd = mkinitrd.write(f"{folder}/initrd.cpio", mkinitrd.archive([("init", elf)]))
    with Wire(folder / "net") as wire:
        guest = machine(initrd=initrd, net=wire.net, smp=HARTS)
        guest.expect("^load: ready", 60)
        host, begin = Host(wire, packets), time.monotonic()
        host.flood(packets)
        rate = (sum(host.sent) + host.nobodys) / (time.monotonic() - begin)
        assert guest.finish(60) == qemu.PASS
    record_property("says", f"{check(host, guest.console)}, {rate:.0f} a second")


def test_load(tmp_path, machine, record_property):
    load(50_000, tmp_path, machine, record_property)


@pytest.mark.nightly
def test_load_of_a_million(tmp_path, machine, record_property):
    load(1_000_000, tmp_path, machine, record_property)
