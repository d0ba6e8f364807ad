# SPDX-License-Identifier: MIT
"""lib/net and its programs on the target, against scapy: what must be answered, what must not, and that garbage of
every protocol leaves them as they were. One guest with udpecho serves most tests."""
import itertools
import os
import random
import re
import socket
import struct
import threading
import time

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR, IPOption_Timestamp, fragment
from scapy.layers.inet6 import IPv6, ICMPv6EchoRequest
from scapy.layers.l2 import ARP, LLC, Dot1Q, Ether
from scapy.layers.ntp import NTPHeader
from scapy.packet import Raw, fuzz

import mkinitrd
import qemu
from wire import BROADCAST, GUEST, GUEST_MAC, OUR_MAC, US, Wire, rest_of, sums_are_right

OUT = f"{qemu.BUILD}/test/sys/net"
PACKETS = ('nic = <0>; filter-receive = "0:6=nic"; filter-shared = "0:6=ff:ff:ff:ff:ff:ff"; '
           'filter-transmit = "6:6=nic"; ')
STATIC = f'"address={GUEST}", "netmask=255.255.255.0", "gateway={US}"'
NO_DHCP = f'values = "dhcp=never", {STATIC}; '


def manifest(name, args="", words=NO_DHCP, more=""):
    given = "args = " + ", ".join(f'"{a}"' for a in args.split()) + "; " if args else ""
    return f'/dts-v1/; / {{ {name} {{ program = "{name}"; frames = <512>; {given}{PACKETS}{words} }}; {more} }};'


def is_reply(frame):
    return ICMP in frame and frame[ICMP].type == 0


def is_error(frame):
    return ICMP in frame and frame[ICMP].type in (3, 11, 12)


class Guest:
    """udpecho at GUEST."""

    def __init__(self, folder):
        os.makedirs(OUT, exist_ok=True)
        self.wire = Wire(folder / "net")
        initrd = mkinitrd.for_manifest(manifest("udpecho"), f"{OUT}/udpecho.cpio")
        self.machine = qemu.Machine(log=f"{OUT}/udpecho.log", initrd=initrd, net=self.wire.net)
        self.machine.expect(f"^udpecho: address {GUEST}, netmask 255.255.255.0, gateway {US}, of the manifest", 30)

    def close(self):
        self.machine.close()
        self.wire.__exit__()


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    one = Guest(tmp_path_factory.mktemp("net"))
    yield one
    one.close()


@pytest.fixture
def wire(guest):
    """The cable of a guest that must still be there at the end, never having been started again."""
    guest.wire.clear()
    yield guest.wire
    alive(guest.wire)
    assert "ended" not in guest.machine.console and "lost" not in guest.machine.console


def alive(wire, number=random.Random(1)):
    wire.clear()
    wire.send(Ether(src=OUR_MAC, dst=BROADCAST) / ARP(hwsrc=OUR_MAC, psrc=US, pdst=GUEST))
    answer = wire.expect(lambda f: ARP in f and f[ARP].op == 2)
    assert answer[ARP].hwsrc == GUEST_MAC and answer[ARP].psrc == GUEST and answer.dst == OUR_MAC
    data = number.randbytes(100)
    assert wire.ping(number.randrange(65536), data)
    assert wire.echo(data) == data


def test_the_address_is_claimed(wire):
    """RFC 5227: two probes, then two announcements, before anything else."""
    alive(wire)
    first = [Ether(data) for _, data in wire.all][:3]
    assert all(f.dst == BROADCAST and f[ARP].op == 1 and f[ARP].pdst == GUEST for f in first)
    assert [f[ARP].psrc for f in first] == ["0.0.0.0", "0.0.0.0", GUEST]


@pytest.mark.parametrize("size", [0, 1, 17, 18, 19, 56, 1471, 1472])
def test_ping_and_echo(wire, size):
    data = random.Random(size).randbytes(size)
    assert wire.ping(size, data)
    assert wire.echo(data) == data


def put_together(wire, protocol, count):
    """The payload of the next `count` fragments that come."""
    pieces = sorted((wire.expect(lambda f: IP in f and f[IP].proto == protocol) for _ in range(count)),
                    key=lambda f: f[IP].frag)
    data = b""
    for piece in pieces:
        assert piece[IP].frag * 8 == len(data) and len(bytes(piece)) <= 1514
        data += bytes(piece[IP])[20:piece[IP].len]
    assert not pieces[-1][IP].flags.MF and all(p[IP].flags.MF for p in pieces[:-1])
    return data


@pytest.mark.parametrize("size", [1473, 8000, 30000, 65507])
def test_large_ones_in_fragments(wire, size):
    """Pings and datagrams larger than a frame, both ways."""
    data = random.Random(size).randbytes(size)
    count = (size + 8 + 1479) // 1480
    for layer, proto in ((ICMP(id=9, seq=1), 1), (UDP(sport=3000, dport=7), 17)):
        for piece in fragment(IP(src=US, dst=GUEST, id=size) / layer / Raw(data), 1480):
            wire.send_ip(piece)
        assert put_together(wire, proto, count)[8:] == data


def fragments_of(data, size, number, sport=4000):
    return fragment(IP(src=US, dst=GUEST, id=number) / UDP(sport=sport, dport=7) / Raw(data), size)


def test_fragments_in_every_order(wire):
    data = random.Random(3).randbytes(100)
    pieces = len(fragments_of(data, 32, 1))
    assert pieces == 4
    for number, order in enumerate(itertools.permutations(range(pieces))):
        made = fragments_of(data, 32, 100 + number)
        for i in order:
            wire.send_ip(made[i])
        assert rest_of(wire.expect(lambda f: UDP in f)[UDP]) == data
    for piece in reversed(fragments_of(data, 8, 99)):
        wire.send_ip(piece)
    assert rest_of(wire.expect(lambda f: UDP in f)[UDP]) == data


def test_fragments_that_overlap(wire):
    """No datagram with an overlap comes through, whoever is right; a fragment sent twice does no harm."""
    data = bytes(range(96))
    for number, spoil in enumerate([(8, 16), (16, 24), (0, 40), (24, 8)]):
        made = fragments_of(data, 32, 200 + number)
        at, length = spoil
        extra = IP(src=US, dst=GUEST, id=200 + number, proto=17, frag=at // 8, flags="MF") / Raw(b"?" * length)
        for piece in [made[0], extra, *made[1:]]:
            wire.send_ip(piece)
    assert not wire.collect(lambda f: UDP in f, 0.5)
    made = fragments_of(data, 32, 300)
    for piece in [made[0], made[0], made[2], made[2], made[3], made[1]]:
        wire.send_ip(piece)
    assert rest_of(wire.expect(lambda f: UDP in f)[UDP]) == data


def test_errors_are_told_and_not_told(wire):
    """RFC 1122 3.2.2: port and protocol unreachable; nothing about broadcasts, errors, later fragments."""
    time.sleep(0.5)
    wire.send_ip(IP(src=US, dst=GUEST) / UDP(sport=5, dport=99) / Raw(b"abc"))
    error = wire.expect(is_error)
    assert (error[ICMP].type, error[ICMP].code) == (3, 3) and sums_are_right(error)
    assert error["UDP in ICMP"].dport == 99 and error["IP in ICMP"].dst == GUEST
    wire.send_ip(IP(src=US, dst=GUEST, proto=47) / Raw(b"abcdefghij"))
    error = wire.expect(is_error)
    assert (error[ICMP].type, error[ICMP].code) == (3, 2)
    lone = UDP(sport=5, dport=99) / Raw(b"abc")
    for dst in ("10.1.2.255", "255.255.255.255"):
        wire.send_ip(IP(src=US, dst=dst) / lone, dst=BROADCAST)
        wire.send_ip(IP(src=US, dst=dst) / ICMP(), dst=BROADCAST)
    wire.send_ip(IP(src=US, dst=GUEST) / lone, dst=BROADCAST)
    wire.send_ip(IP(src=US, dst=GUEST, proto=47, frag=5) / Raw(b"abcdefgh"))
    for kind in (3, 4, 5, 11, 12, 13, 200):
        wire.send_ip(IP(src=US, dst=GUEST) / ICMP(type=kind) / IP(src=GUEST, dst=US) / lone)
    for src in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "10.1.2.255", "255.255.255.255", GUEST):
        wire.send_ip(IP(src=src, dst=GUEST) / lone)
        wire.send_ip(IP(src=src, dst=GUEST) / ICMP())
    assert not wire.collect(lambda f: ICMP in f, 0.5)


def test_errors_come_at_a_pace(wire):
    begin = time.monotonic()
    for i in range(300):
        wire.send_ip(IP(src=US, dst=GUEST) / UDP(sport=5, dport=1000 + i))
    took = time.monotonic() - begin
    told = len(wire.collect(is_error, 1))
    assert 8 <= told <= 10 + (took + 1) * 50 and told < 300


def garbage(dice):
    """Packets of every protocol, right in the beginning and wrong behind."""
    to = Ether(src=OUR_MAC, dst=dice.choice([GUEST_MAC, BROADCAST]))
    ip = IP(src=dice.choice([US, "10.1.2.9", "8.8.8.8"]), dst=GUEST, id=dice.randrange(65536))
    kind = dice.randrange(16)
    if kind == 0:
        return to / fuzz(ARP(hwtype=1, ptype=0x800, hwlen=6, plen=4))
    if kind == 1:
        return to / fuzz(IP(src=US, dst=GUEST))
    if kind == 2:
        return to / ip / fuzz(ICMP())
    if kind == 3:
        return to / ip / fuzz(UDP(dport=7)) / Raw(dice.randbytes(dice.randrange(100)))
    if kind == 4:
        return to / ip / TCP(dport=dice.randrange(100), flags="S")
    if kind == 5:
        ip.frag, ip.flags, ip.proto = dice.randrange(8192), dice.randrange(8), dice.choice([1, 17, 6])
        return to / ip / Raw(dice.randbytes(dice.randrange(1400)))
    if kind == 6:
        option = dice.choice([IPOption_RR(), IPOption_LSRR(), IPOption_Timestamp()])
        return to / IP(src=US, dst=GUEST, options=[option]) / ICMP()
    if kind == 7:
        return to / IPv6() / ICMPv6EchoRequest()
    if kind == 8:
        return to / Dot1Q(vlan=3) / ip / ICMP()
    if kind == 9:
        return to / LLC() / Raw(dice.randbytes(40))
    if kind == 10:
        options = [("message-type", dice.randrange(9)), "end"]
        return to / ip / UDP(sport=67, dport=68) / fuzz(BOOTP(op=2)) / DHCP(options=options)
    if kind == 11:
        return to / ip / UDP(sport=53, dport=dice.randrange(65536)) / fuzz(DNS())
    if kind == 12:
        ip.len, ip.ihl = dice.randrange(65536), dice.randrange(16)
        return to / ip / ICMP()
    if kind == 13:
        whole = bytes(to / ip / UDP(sport=9, dport=7) / Raw(b"x" * 40))
        return whole[:dice.randrange(14, len(whole))]
    if kind == 14:
        return bytes(to) + dice.randbytes(dice.randrange(1500))
    whole = bytearray(bytes(to / ip / ICMP() / Raw(b"x" * 40)))
    whole[dice.randrange(14, len(whole))] ^= 1 << dice.randrange(8)
    return bytes(whole)


def test_garbage(wire):
    dice = random.Random(5)
    random.seed(5)      # scapy's
    for i in range(3000 if "NIGHTLY" not in os.environ else 100_000):
        wire.send(garbage(dice))
        if i % 500 == 499:
            alive(wire)


def test_runts_and_jumbos(wire):
    whole = bytes(Ether(src=OUR_MAC, dst=GUEST_MAC) / IP(src=US, dst=GUEST) / ICMP() / Raw(b"x" * 18))
    for length in range(1, len(whole)):
        wire.send(whole[:length])
    alive(wire)
    for size in (1486, 1487, 1500, 2000, 2048, 4096, 9000, 65000):
        wire.send(bytes(Ether(src=OUR_MAC, dst=GUEST_MAC) / IP(src=US, dst=GUEST, len=65535) / ICMP()) + bytes(size))


def test_its_address_is_defended(wire):
    """RFC 5227 2.4: who claims the guest's address hears of it, but not at any rate."""
    thief = "02:00:00:00:00:66"
    for _ in range(20):
        wire.send(Ether(src=thief, dst=BROADCAST) / ARP(op=2, hwsrc=thief, psrc=GUEST, pdst=GUEST))
    defence = wire.collect(lambda f: ARP in f and f[ARP].psrc == GUEST == f[ARP].pdst, 0.5)
    assert len(defence) == 1 and defence[0][ARP].hwsrc == GUEST_MAC


def test_many_neighbours(wire):
    """More hosts ask than the table has places for: each is answered."""
    for i in range(40):
        mac = f"02:00:00:00:01:{i:02x}"
        wire.send(Ether(src=mac, dst=BROADCAST) / ARP(hwsrc=mac, psrc=f"10.1.2.{100 + i}", pdst=GUEST))
        wire.expect(lambda f, m=mac: ARP in f and f.dst == m)
        wire.send_ip(IP(src=f"10.1.2.{100 + i}", dst=GUEST) / ICMP(seq=i), src=mac)
        assert wire.expect(is_reply).dst == mac


# --- programs that ask ------------------------------------------------------------------------------

@pytest.fixture
def cable(tmp_path):
    with Wire(tmp_path / "net") as wire:
        yield wire


def answer_pings(wire, stop, spoil):
    while not stop.is_set():
        try:
            frame = wire.expect(lambda f: ICMP in f and f[ICMP].type == 8, 0.2)
        except AssertionError:
            continue
        data = spoil(rest_of(frame[ICMP]))
        if data is not None:
            reply = ICMP(type=0, id=frame[ICMP].id, seq=frame[ICMP].seq)
            wire.send_ip(IP(src=frame[IP].dst, dst=frame[IP].src) / reply / Raw(data))


@pytest.mark.parametrize("to, spoil, says, status", [
    ("10.1.2.1", lambda d: d, "ping: 3 sent, 3 came back", qemu.PASS),
    ("8.8.8.8", lambda d: d, "ping: 3 sent, 3 came back", qemu.PASS),
    ("10.1.2.1", lambda d: bytes([d[0] ^ 1]) + d[1:], "ping: the echo 1 is not what was sent", qemu.FAILURE),
    ("10.1.2.1", lambda d: None, "ping: 3 sent, 0 came back", qemu.FAILURE)], ids=["near", "far", "spoilt", "silent"])
def test_ping_asks(machine, initrd, cable, to, spoil, says, status):
    stop = threading.Event()
    helper = threading.Thread(target=answer_pings, args=(cable, stop, spoil), daemon=True)
    helper.start()
    guest = machine(initrd=initrd(manifest("ping", f"{to} 3 100")), net=cable.net)
    guest.expect("^" + re.escape(says), 30)
    assert guest.finish(20) == status
    stop.set()
    helper.join(5)


def test_ping_of_nobody(machine, initrd, cable):
    """Who does not answer ARP cannot be reached: the guest says so itself, after three questions."""
    guest = machine(initrd=initrd(manifest("ping", "10.1.2.77 5")), net=cable.net)
    guest.expect(r"^ping: 10\.1\.2\.77 cannot be reached, says 10\.1\.2\.3 \(type 3, code 1\)", 30)
    asked = [at for at, data in cable.all if data[12:14] == b"\x08\x06" and data[38:42] == bytes([10, 1, 2, 77])]
    assert len(asked) >= 3 and all(b - a > 0.9 for a, b in zip(asked, asked[1:]))


@pytest.mark.parametrize("args, says", [
    ("10.1.2", "ping: 10.1.2 is no IPv4 address"), ("10.1.2.1 x", "ping: x is no number up to 65535"),
    ("10.1.2.1 1 65508", "ping: 65508 is no number up to 65507"), ("7x", "udpecho: 7x is no port from 1 to 65535"),
    ("7x", "udpecho_handler: 7x is no port from 1 to 65535"), ("10.1.2.1 60s", "sntp: 60s is not from 15 to 3600 seconds")])
def test_wrong_arguments(machine, initrd, args, says):
    guest = machine(initrd=initrd(manifest(says.split(":")[0], args)), net="user")
    guest.expect("^" + re.escape(says), 30)
    assert guest.finish(20) == qemu.FAILURE


def test_ping_without_a_gateway(machine, initrd, cable):
    guest = machine(initrd=initrd(manifest("ping", "8.8.8.8 1", NO_DHCP.replace(f', "gateway={US}"', ""))), net=cable.net)
    guest.expect("^ping: number 1 was not sent: no gateway leads to another network", 30)
    assert guest.finish(20) == qemu.FAILURE


@pytest.mark.parametrize("words, says", [
    ('values = "address=10.1.2.300";', "the manifest's address=10.1.2.300 is no IPv4 address"),
    ('values = "address=10.1.2.3";', "the manifest gives address= without netmask="),
    ('values = "address=224.0.0.1", "netmask=255.0.0.0";', "no host can have the manifest's address="),
    ('values = "dhcp=never";', "the manifest says dhcp=never and gives no address="),
    ('values = "dhcp=no";', "the manifest's dhcp=no is unknown; say dhcp=never or nothing"),
    ('values = "mac=52:54:00";', "the manifest's mac=52:54:00 is no hardware address")],
    ids=["address", "netmask", "host", "never", "dhcp", "mac"])
def test_wrong_manifest(machine, initrd, words, says):
    guest = machine(initrd=initrd(manifest("udpecho", words=words)), net="user")
    guest.expect("^udpecho: " + re.escape(says), 30)
    assert guest.finish(20) == qemu.FAILURE


OTHER_MAC = "52:54:00:12:34:99"


@pytest.mark.parametrize("packets, values, says", [
    (PACKETS, "", "no DHCP server answers; it is asked on"),
    ('nic = <0>; filter-receive = "0:6=nic"; filter-transmit = "6:6=nic";', "",
     'no DHCP server answers; some answer by broadcast, for which filter-shared = "0:6=ff:ff:ff:ff:ff:ff" is missing'),
    (PACKETS, f'values = "mac={OTHER_MAC}", "dhcp=never", {STATIC};', f"filter-transmit refuses what {OTHER_MAC} sends"),
    (PACKETS.replace("=nic", f"={OTHER_MAC}"), "", f"filter-transmit refuses what {GUEST_MAC} sends")],
    ids=["silent", "shared", "mac", "filter"])
def test_what_hinders_is_said(machine, initrd, cable, packets, values, says):
    """A manifest that can be carried out, but with which nothing comes or goes."""
    guest = machine(initrd=initrd(f'/dts-v1/; / {{ udpecho {{ program = "udpecho"; frames = <512>; {packets} {values} }}; }};'),
                    net=cable.net)
    guest.expect("^udpecho: " + re.escape(says), 30)


def test_no_packets(machine, initrd):
    words = 'program = "udpecho"; frames = <512>; values = "mac=02:00:00:00:00:09";'
    guest = machine(initrd=initrd(f"/dts-v1/; / {{ udpecho {{ {words} }}; }};"))
    guest.expect("^udpecho: no network: the manifest gives no packets", 30)
    assert guest.finish(20) == qemu.FAILURE


def test_nothing_to_send_by(machine, initrd):
    words = 'program = "udpecho"; frames = <512>; nic = <0>; filter = "ether dst nic and udp dst port 7";'
    guest = machine(initrd=initrd(f"/dts-v1/; / {{ udpecho {{ {words} }}; }};"), net="user")
    guest.expect("^udpecho: no network: the manifest lets it send nothing; write filter-transmit", 30)
    assert guest.finish(20) == qemu.FAILURE


def test_two_hosts_on_one_card(machine, initrd, cable):
    """Each has a hardware address of its own; pings and datagrams of one never come to the other."""
    other, other_mac = "10.1.2.4", "52:54:00:12:34:57"
    second = manifest("udpecho", words=NO_DHCP.replace(GUEST, other).replace('"dhcp', f'"mac={other_mac}", "dhcp'))
    second = second.replace("=nic", f"={other_mac}").replace("{ udpecho {", "{ second {")
    both = manifest("udpecho", more=second[second.index("second"):-3])
    guest = machine(initrd=initrd(both), net=cable.net)
    for _ in range(2):
        guest.expect(r"^(udpecho: address 10\.1\.2\.3|second: address 10\.1\.2\.4),", 30)
    alive(cable)
    for mac, address in ((GUEST_MAC, GUEST), (other_mac, other)) * 3:
        cable.send(Ether(src=OUR_MAC, dst=BROADCAST) / ARP(hwsrc=OUR_MAC, psrc=US, pdst=address))
        assert cable.expect(lambda f: ARP in f and f[ARP].op == 2)[ARP].hwsrc == mac
        cable.send_ip(IP(src=US, dst=address) / UDP(sport=3000, dport=7) / Raw(mac), dst=mac)
        back = cable.expect(lambda f: UDP in f)
        assert (back.src, back[IP].src, rest_of(back[UDP])) == (mac, address, mac.encode())
    cable.send_ip(IP(src=US, dst=other) / UDP(sport=3000, dport=7) / Raw(b"x"), dst=GUEST_MAC)
    assert not cable.collect(lambda f: UDP in f, 0.5)


def test_a_tap_sees_both_directions(machine, initrd, cable):
    """What udpecho receives alone, and what it sends."""
    dump = ('dump { program = "tcpdump"; args = "-t", "-c", "4", "icmp or udp"; frames = <512>; nic = <0>; '
            'filter-tap; restart = "1"; };')
    guest = machine(initrd=initrd(manifest("udpecho", more=dump)), net=cable.net)
    guest.expect(f"^udpecho: address {GUEST},", 30)
    assert "dump: listening" in guest.console
    assert cable.ping() and cable.echo(b"x" * 9) == b"x" * 9
    guest.expect("^dump: 4 packets shown", 10)
    assert re.findall(rf"^IP (\S+) > (\S+): (ICMP echo re|UDP)", guest.console, re.M) == [
        (US, GUEST, "ICMP echo re"), (GUEST, US, "ICMP echo re"),
        (f"{US}.20009", f"{GUEST}.7", "UDP"), (f"{GUEST}.7", f"{US}.20009", "UDP")]


# --- udpecho_handler ------------------------------------------------------------------------------

CODE = NO_DHCP + "code = <4>; "


def started_handler(machine, initrd, cable, words=CODE, args=""):
    guest = machine(initrd=initrd(manifest("udpecho_handler", args, words)), net=cable.net)
    guest.expect(f"^udpecho_handler: address {GUEST},", 30)
    assert cable.ping()         # whatever comes to the program has it tell the handler its address
    return guest


def told(guest):
    return [int(n) for n in re.findall(r"udpecho_handler: (\d+) datagrams sent back in the kernel", guest.console)]


def test_the_handler_answers(machine, initrd, cable):
    """Small datagrams never come to the program, all others do, and both are answered alike."""
    guest = started_handler(machine, initrd, cable)
    for size in (0, 1, 17, 18, 19, 200, 214, 215, 1472):
        data = random.Random(size).randbytes(size)
        cable.send_ip(IP(src=US, dst=GUEST, ttl=3, id=7) / UDP(sport=3000, dport=7) / Raw(data))
        back = cable.expect(lambda f: UDP in f)
        assert rest_of(back[UDP]) == data and sums_are_right(back)
        assert (back.src, back.dst, back[IP].src, back[IP].ttl) == (GUEST_MAC, OUR_MAC, GUEST, 64)
        assert (back[UDP].sport, back[UDP].dport) == (7, 3000)
    guest.expect("^udpecho_handler: 7 datagrams sent back in the kernel", 5)
    assert cable.ping(2) and cable.echo(b"y" * 1400) == b"y" * 1400


def test_the_handler_leaves_what_is_not_its_own(machine, initrd, cable):
    guest = started_handler(machine, initrd, cable, args="8")
    for packet in (IP(src=US, dst=GUEST) / UDP(sport=19, dport=8),        # would be answered for ever
                   IP(src=US, dst="10.1.2.9") / UDP(sport=3000, dport=8),
                   IP(src=GUEST, dst=GUEST) / UDP(sport=3000, dport=8),
                   IP(src="255.255.255.255", dst=GUEST) / UDP(sport=3000, dport=8)):
        cable.send_ip(packet / Raw(b"no"))
    assert not cable.collect(lambda f: UDP in f and ICMP not in f, 0.5)
    cable.send_ip(IP(src=US, dst=GUEST) / UDP(sport=3000, dport=7) / Raw(b"nobody"))
    assert cable.expect(is_error)[ICMP].code == 3
    assert cable.echo(b"yes", port=8) == b"yes"
    guest.expect("^udpecho_handler: 1 datagrams sent back in the kernel", 5)
    assert told(guest) == [1]


def test_the_handler_is_loaded_in_each_life(machine, initrd, cable):
    """The pages of its code come back with the program's end."""
    guest = started_handler(machine, initrd, cable, CODE + 'restart = "always"; ')
    for n in range(3):
        assert cable.echo(bytes([n]) * 9) == bytes([n]) * 9
        guest.expect("^udpecho_handler: 1 datagrams sent back in the kernel", 5)
        guest.send("kill udpecho_handler\n")
        guest.expect("started again", 10)
        guest.expect(f"^udpecho_handler: address {GUEST},", 30)
        assert cable.ping()


def test_the_handler_needs_code(machine, initrd, cable):
    guest = machine(initrd=initrd(manifest("udpecho_handler")), net=cable.net)
    guest.expect("^udpecho_handler: the manifest gives no pages for code; write code = <4>", 30)
    assert guest.finish(20) == qemu.FAILURE


def test_less_code_than_it_needs(machine, initrd, cable):
    guest = machine(initrd=initrd(manifest("udpecho_handler", words=NO_DHCP + "code = <1>; ")), net=cable.net)
    guest.expect("^udpecho_handler: the handler cannot be loaded: there are too few pages for code; write code = <4>", 30)
    assert guest.finish(20) == qemu.FAILURE


def test_more_code_than_there_is(machine, initrd, cable):
    guest = machine(initrd=initrd(manifest("udpecho_handler", words=NO_DHCP + "code = <60000>; ")), net=cable.net)
    guest.expect(r"udpecho_handler: code: there is no room for 60000 pages of code: this machine has \d+, of which those "
                 "before it take 0; lower it", 30)


# --- addresses --------------------------------------------------------------------------------------

def test_dhcp_of_qemu(machine, initrd):
    """QEMU's user network gives an address, and its gateway answers pings."""
    guest = machine(initrd=initrd(manifest("ping", "10.0.2.2 2", words="")), net="user")
    guest.expect(r"^ping: address 10\.0\.2\.15, netmask 255\.255\.255\.0, gateway 10\.0\.2\.2, by DHCP", 30)
    assert guest.finish(30) == qemu.PASS
    assert "ping: 2 sent, 2 came back" in guest.console


def test_a_port_of_this_host_leads_to_the_guest(machine, initrd):
    """FORWARD= of make qemu, with the manifest of docs/net.md."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
    with open("test/sys/udpecho.dts", encoding="utf-8") as f:
        guest = machine(initrd=initrd(f.read()), net="user", forward=qemu.forwards(f"udp:{port}-7"))
    guest.expect(r"^echo: address 10\.0\.2\.15", 30)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.settimeout(10)
        own.sendto(b"hello", ("127.0.0.1", port))
        assert own.recv(100) == b"hello"


def test_fall_back(machine, initrd, cable):
    """No DHCP server: the manifest's address after 4 s, and then it works."""
    guest = machine(initrd=initrd(manifest("udpecho", words=f"values = {STATIC};")), net=cable.net)
    guest.expect("^udpecho: no DHCP server answers; using the manifest's address", 30)
    guest.expect(f"^udpecho: address {GUEST}, .* of the manifest", 10)
    discovers = [f for _, data in cable.all if BOOTP in (f := Ether(data))]
    assert len(discovers) >= 2 and all(map(sums_are_right, discovers))
    assert all(("message-type", 1) in f[DHCP].options for f in discovers)
    assert ("hostname", b"udpecho") in discovers[0][DHCP].options
    alive(cable)


def test_a_conflict_is_seen(machine, initrd, cable):
    """Somebody has the manifest's address: it is not used, and tried again later."""
    cable.hosts[GUEST] = "02:00:00:00:00:07"
    guest = machine(initrd=initrd(manifest("udpecho")), net=cable.net)
    probe = cable.expect(lambda f: ARP in f and f[ARP].pdst == GUEST, 30)
    assert probe[ARP].psrc == "0.0.0.0"
    cable.send(Ether(src="02:00:00:00:00:07", dst=probe.src) /
               ARP(op=2, hwsrc="02:00:00:00:00:07", psrc=GUEST, hwdst=probe.src, pdst="0.0.0.0"))
    guest.expect(f"^udpecho: somebody else has {GUEST} already", 10)
    del cable.hosts[GUEST]
    guest.expect(f"^udpecho: address {GUEST}", 20)


class Server:
    """A DHCP server for one guest, which answers as it is told."""

    def __init__(self, wire, lease=100, address=GUEST, time_server=None):
        self.wire, self.lease, self.address, self.time_server = wire, lease, address, time_server

    def next(self, kind, timeout=20):
        frame = self.wire.expect(lambda f: DHCP in f and ("message-type", kind) in f[DHCP].options, timeout)
        assert sums_are_right(frame) and frame[UDP].sport == 68
        assert frame[BOOTP].chaddr[:6] == bytes.fromhex("525400123456")
        return frame

    def say(self, kind, to, **changes):
        options = [("message-type", kind), ("server_id", US), ("lease_time", self.lease),
                   ("subnet_mask", "255.255.255.0"), ("router", US)]
        options += [("NTP_server", self.time_server)] * bool(self.time_server) + ["end"]
        boot = BOOTP(op=2, xid=to[BOOTP].xid, yiaddr=self.address, chaddr=to[BOOTP].chaddr)
        for name, value in changes.items():
            setattr(boot, name, value)
        self.wire.send_ip(IP(src=US, dst=self.address) / UDP(sport=67, dport=68) / boot / DHCP(options=options))

    def lend(self):
        """From discover to ack; what the guest has requested."""
        self.say("offer", self.next(1))
        request = self.next(3)
        options = dict(o for o in request[DHCP].options if isinstance(o, tuple) and len(o) == 2)
        assert options["requested_addr"] == self.address and options["server_id"] == US
        self.say("ack", request)
        return request


def test_dhcp_server(machine, initrd, cable):
    """A lease of 8 s is renewed, then rebound, then lost; wrong answers are passed over."""
    guest = machine(initrd=initrd(manifest("udpecho", words="")), net=cable.net)
    server = Server(cable, lease=8)
    discover = server.next(1)
    server.say("offer", discover, xid=discover[BOOTP].xid ^ 1)
    server.say("offer", discover, chaddr=b"\2" * 16)
    server.say("ack", discover)
    server.say("nak", discover)
    server.say("offer", discover)
    server.say("ack", server.next(3))
    guest.expect(f"^udpecho: address {GUEST}, netmask 255.255.255.0, gateway {US}, by DHCP", 10)
    alive(cable)
    renew = server.next(3)
    assert renew.dst == OUR_MAC and renew[IP].dst == US and renew[BOOTP].ciaddr == GUEST
    server.say("ack", renew)
    alive(cable)
    assert server.next(3)[IP].dst == US                 # left alone,
    assert server.next(3)[IP].dst == "255.255.255.255"  # it asks everybody,
    guest.expect("^udpecho: the lease is over and nobody renews it", 10)
    cable.clear()
    cable.send_ip(IP(src=US, dst=GUEST) / ICMP())
    assert not cable.collect(is_reply, 0.5)             # has no address any more,
    server.lend()                                       # and begins anew.
    guest.expect(f"^udpecho: address {GUEST}", 10)
    alive(cable)


def test_dhcp_refuses(machine, initrd, cable):
    """A NAK starts all over; an address that somebody has is declined."""
    guest = machine(initrd=initrd(manifest("udpecho", words="")), net=cable.net)
    server = Server(cable)
    server.say("offer", server.next(1))
    server.say("nak", server.next(3))
    server.say("offer", server.next(1))
    server.say("ack", server.next(3))
    probe = cable.expect(lambda f: ARP in f and f[ARP].pdst == GUEST)
    cable.send(Ether(src=OUR_MAC, dst=probe.src) /
               ARP(op=2, hwsrc=OUR_MAC, psrc=GUEST, hwdst=probe.src, pdst="0.0.0.0"))
    declined = server.next(4)
    assert ("requested_addr", GUEST) in declined[DHCP].options
    guest.expect(f"^udpecho: somebody else has {GUEST} already", 10)
    begin = time.monotonic()
    server.lend()
    assert time.monotonic() - begin > 8
    guest.expect(f"^udpecho: address {GUEST}", 10)


# --- time -------------------------------------------------------------------------------------------

NTP_1970 = 2208988800
SAYS = 'says { program = "clock_says"; frames = <256>; args = "1", "3"; };'


def time_of(wire, question, seconds, first=0x24, stratum=2, nonce=None):
    """The answer of a time server whose clock stands at so many seconds since 1970."""
    nonce = nonce or bytes(question[NTPHeader])[40:48]
    stamp = struct.pack(">II", seconds + NTP_1970, 0)
    answer = bytes([first, stratum]) + bytes(22) + nonce + stamp + stamp
    wire.send_ip(IP(src=question[IP].dst, dst=GUEST) / UDP(sport=123, dport=question[UDP].sport) / Raw(answer))


def asked(wire):
    question = wire.expect(lambda f: NTPHeader in f, 30)
    ntp = question[NTPHeader]
    assert question[UDP].dport == 123 and question[UDP].sport > 49151 and (ntp.version, ntp.mode) == (4, 3)
    return question


def test_time_of_a_server(machine, initrd, cable):
    """The server that DHCP names sets the clock page, which other programs read; answers that are none do not."""
    guest = machine(initrd=initrd(manifest("sntp", words="clock;", more=SAYS)), net=cable.net)
    Server(cable, time_server=US).lend()
    question = asked(cable)
    now = 1_900_000_000
    time_of(cable, question, now + 5000, nonce=b"12345678")     # to another question
    time_of(cable, question, now + 6000, first=0x23)            # a question
    time_of(cable, question, now + 7000, first=0xe4)            # its clock is not set
    mirrored = Raw(bytes(question[NTPHeader]))
    cable.send_ip(IP(src="10.1.2.9", dst=GUEST) / UDP(sport=123, dport=question[UDP].sport) / mirrored)
    time_of(cable, question, now)
    assert guest.expect(r"^sntp: it is (\S+ \S+) UTC, (\d+) us there and back", 10)[1] == b"2030-03-17 17:46:40"
    said = [int(guest.expect(r"^says: (\d+) at \d+, generation 1", 10)[1]) for _ in range(2)]
    assert now * 10 ** 9 <= said[0] < said[1] < (now + 60) * 10 ** 9
    assert 0.9e9 < said[1] - said[0] < 5e9


def test_time_is_refused(machine, initrd, cable):
    """The kiss of death (RFC 4330 8) is obeyed; a program without the page says so."""
    words = NO_DHCP + "clock;"
    guest = machine(initrd=initrd(manifest("sntp", US, words=words, more=SAYS.replace("1", "0"))), net=cable.net)
    time_of(cable, asked(cable), 0, stratum=0)
    guest.expect("^sntp: the server does not want to be asked any more", 10)
    guest.expect("^init: sntp: ended with status 1", 10)


def test_a_silent_time_server_is_told(machine, initrd, cable):
    """Until there is an answer it is asked every 15 s (RFC 4330 10, 1.), and who waits is told why."""
    guest = machine(initrd=initrd(manifest("sntp", US, words=NO_DHCP + "clock;")), net=cable.net)
    asked(cable)
    guest.expect(rf"^sntp: {re.escape(US)} does not answer; it is asked again", 20)
    time_of(cable, asked(cable), 1_900_000_000)
    guest.expect("^sntp: it is 2030-03-17", 10)


def test_sntp_needs_the_clock_page(machine, initrd):
    guest = machine(initrd=initrd(manifest("sntp", US)), net="user")
    guest.expect("^sntp: could not map the clock page", 30)
    assert guest.finish(20) == qemu.FAILURE
