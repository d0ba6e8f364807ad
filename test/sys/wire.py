# SPDX-License-Identifier: MIT
"""The other end of a guest's network cable: a lossless datagram socket of this host, on which scapy makes packets.

A Wire answers ARP for its hosts by itself, so the guest finds its neighbours whatever a test does meanwhile.
"""
import os
import queue
import socket
import threading
import time

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

US, OUR_MAC = "10.1.2.1", "02:00:00:00:00:01"
GUEST, GUEST_MAC = "10.1.2.3", "52:54:00:12:34:56"
BROADCAST = "ff:ff:ff:ff:ff:ff"


class Wire:
    """Use it in a `with`, from before the guest starts; net= is what qemu.Machine wants to know."""

    def __init__(self, path):
        self.path = os.path.relpath(path)
        self.net = f"dgram:{path}"
        self.hosts = {US: OUR_MAC}
        self.came = queue.Queue()
        self.all = []           # every frame that ever came, with its time
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{self.path}.host")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join(5)
        self.socket.close()
        os.unlink(f"{self.path}.host")      # else nobody can bind it again

    def _read(self):
        while data := self._receive():
            self.all.append((time.monotonic(), data))
            self.came.put(data)
            if data[12:14] == b"\x08\x06" and data[21] == 1 and socket.inet_ntoa(data[38:42]) in self.hosts:
                self._answer(data)

    def _receive(self):
        try:
            return self.socket.recv(70000)
        except OSError:
            return b""

    def _answer(self, data):
        address = socket.inet_ntoa(data[38:42])
        if data[28:32] != bytes(4):     # a probe asks for nothing
            asker = ":".join(f"{b:02x}" for b in data[6:12])
            self.send(Ether(src=self.hosts[address], dst=asker) /
                      ARP(op=2, hwsrc=self.hosts[address], psrc=address, hwdst=asker,
                          pdst=socket.inet_ntoa(data[28:32])))

    def send(self, frame):
        """A scapy packet, or bytes; waits while the guest has no room."""
        self.socket.sendto(bytes(frame), f"{self.path}.guest")

    def send_ip(self, packet, src=OUR_MAC, dst=GUEST_MAC):
        self.send(Ether(src=src, dst=dst) / packet)

    def clear(self):
        while not self.came.empty():
            self.came.get_nowait()

    def expect(self, wanted, timeout=10.0):
        """The next frame for which wanted(frame) is true."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                frame = Ether(self.came.get(timeout=max(0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no such frame within {timeout} s") from None
            if wanted(frame):
                return frame

    def collect(self, wanted, seconds):
        """All such frames of the next so many seconds."""
        end = time.monotonic() + seconds
        found = []
        while (left := end - time.monotonic()) > 0:
            try:
                frame = Ether(self.came.get(timeout=left))
            except queue.Empty:
                break
            if wanted(frame):
                found.append(frame)
        return found

    def ping(self, number=1, data=b"x" * 56, timeout=10.0):
        """True if the guest sends the data back, in one frame."""
        self.send_ip(IP(src=US, dst=GUEST) / ICMP(id=77, seq=number) / Raw(data))
        reply = self.expect(lambda f: ICMP in f and f[ICMP].type == 0 and f[ICMP].seq == number, timeout)
        return rest_of(reply[ICMP]) == data and sums_are_right(reply)

    def echo(self, data, port=7, timeout=10.0):
        """What comes back of a UDP datagram."""
        own = 20000 + len(data) % 1000
        self.send_ip(IP(src=US, dst=GUEST) / UDP(sport=own, dport=port) / Raw(data))
        reply = self.expect(lambda f: UDP in f and f[UDP].dport == own and f[UDP].sport == port, timeout)
        assert sums_are_right(reply)
        return rest_of(reply[UDP])


def rest_of(layer):
    """The bytes behind a header, without the padding of Ethernet."""
    return layer[Raw].load if Raw in layer else b""


def sums_are_right(frame):
    """Does scapy compute the same checksums?"""
    again = IP(bytes(frame[IP]))
    for layer in (IP, UDP, ICMP):
        if layer in again:
            del again[layer].chksum
    return bytes(IP(bytes(again))) == bytes(frame[IP])
