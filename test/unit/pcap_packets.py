#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes packets of every protocol that filters know, whole, to a pcap file: pcap_packets.py FILE.

Few addresses and ports, so that filters with the same ones match now and then. Same packets every time.
"""
import itertools
import random
import sys

from scapy.all import (ARP, ICMP, IP, SCTP, TCP, UDP, Dot1Q, Ether, ICMPv6EchoRequest, ICMPv6ND_NS, IPOption,
                       IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, Raw, wrpcap)

dice = random.Random(4711)
MACS = ["52:54:00:12:34:56", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.1.1", "192.168.1.7", "224.0.0.1", "255.255.255.255"]
ADDRESSES6 = ["fe80::1", "2001:db8::1", "ff02::1", "2001:db8:1::2"]
PORTS = [7, 22, 53, 67, 68, 80, 81, 443, 1000, 1023, 1024, 8080, 65535]
FLAGS = ["S", "SA", "A", "FA", "R", "PA", "", "FSRPAUEC"]


def ether():
    return Ether(src=dice.choice(MACS[:2]), dst=dice.choice(MACS))


def body():
    return Raw(dice.randbytes(dice.choice([0, 0, 1, 8, 40, 200])))


def ports():
    return {"sport": dice.choice(PORTS), "dport": dice.choice(PORTS)}


def transport():
    kind = dice.randrange(7)
    if kind < 2:
        options = dice.choice([[], [("MSS", 1460)], [("NOP", None), ("WScale", 7), ("Timestamp", (1, 2))]])
        return TCP(flags=dice.choice(FLAGS), seq=dice.getrandbits(32), ack=dice.getrandbits(32), options=options,
                   **ports())
    if kind < 4:
        return UDP(**ports())
    if kind == 4:
        return SCTP(**ports())
    if kind == 5:
        return ICMP(type=dice.choice([0, 3, 8, 11]), code=dice.randrange(4))
    return Raw(dice.randbytes(20))


def ip():
    fragment = dice.choice([(0, 0)] * 6 + [("MF", 0), ("MF", 5), (0, 9), ("DF", 0)])
    options = dice.choice([[]] * 3 + [[IPOption(b"\x94\x04\x00\x00")], [IPOption(b"\x01" * 40)]])
    header = IP(src=dice.choice(ADDRESSES), dst=dice.choice(ADDRESSES), flags=fragment[0], frag=fragment[1],
                options=options, ttl=dice.choice([1, 4, 5, 64]), tos=dice.choice([0, 0x10, 0xb8]))
    content = transport()
    if isinstance(content, Raw):
        header.proto = dice.choice([2, 9, 50, 51, 103, 112, 200])
    return header / content


def ip6():
    header = IPv6(src=dice.choice(ADDRESSES6), dst=dice.choice(ADDRESSES6), hlim=dice.choice([1, 64, 255]))
    before = dice.choice([None, None, None, IPv6ExtHdrFragment(offset=0, m=1), IPv6ExtHdrHopByHop()])
    content = dice.choice([transport, lambda: ICMPv6EchoRequest(), lambda: ICMPv6ND_NS(tgt="fe80::2")])()
    if isinstance(content, Raw) and before is None:
        header.nh = dice.choice([0, 50, 51, 59, 103])
    return header / before / content if before else header / content


def arp():
    return ARP(op=dice.choice([1, 2]), psrc=dice.choice(ADDRESSES), pdst=dice.choice(ADDRESSES), hwsrc=MACS[0],
               hwdst=MACS[1])


def packet():
    kind = dice.randrange(16)
    if kind < 8:
        return ether() / ip() / body()
    if kind < 11:
        return ether() / ip6() / body()
    if kind < 13:
        return ether() / arp()
    if kind == 13:
        return ether() / Dot1Q(vlan=7) / ip()
    if kind == 14:
        frame = ether()
        frame.type = dice.choice([0x8035, 0x88cc, 0x8863, 0x0600, 40])
        return frame / bytes(arp()) / body()
    return ether() / Raw(dice.randbytes(dice.choice([0, 1, 46, 300])))


wrpcap(sys.argv[1], [bytes(p) for p in itertools.islice(iter(packet, None), 1500)], linktype=1)
