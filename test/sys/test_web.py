# SPDX-License-Identifier: MIT
"""The web server on the target, with real clients: curl, wrk, a browser, and sockets that behave badly.

One guest with a random site serves most tests; that it goes on serving is part of each of them.
"""
import concurrent.futures
import functools
import http.client
import http.server
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

import mkinitrd
import qemu

ALONE = True        # fifty clients, and answers that must come within seconds
BOARD = f"{qemu.BUILD}/qemu-virt"
OUT = f"{qemu.BUILD}/test/sys/web"
SERVING = r"^web: serving (\d+) files? \((\d+) bytes\) on http://([\d.]+)/\r?$"


def make_disk(image, site=None):
    words = ["/usr/bin/python3", "scripts/mksite.py", "--out", str(image)] + (["--site", str(site)] if site else [])
    subprocess.run(words, check=True)
    return str(image)


class Server:
    """A guest that serves a disk; `url` once it does."""

    def __init__(self, disk, name, **options):
        os.makedirs(OUT, exist_ok=True)
        self.port = qemu.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with open("test/bench/web.dts", encoding="utf-8") as f: # nothing in it takes all the host's time
            initrd = mkinitrd.for_manifest(f.read(), f"{OUT}/{name}.cpio")
        self.machine = qemu.Machine(log=f"{OUT}/{name}.log", initrd=initrd, disk=disk, net="user",
                                    forward=[(self.port, 80)], **options)
        try:
            self.found = self.machine.expect(SERVING, 30)
        except BaseException:
            self.machine.close()
            raise

    def connect(self, timeout=20, source=None):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout, source_address=source)

    def http(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)


def url_of(name):
    return "/" + urllib.parse.quote(name)


def random_site(folder):
    """{name: content} of files of every awkward size and name, written below the folder."""
    dice = random.Random(7)
    files = {"index.html": b"<!DOCTYPE html><title>x</title>hello\n"}
    sizes = [0, 1, 3, 4, 5, 511, 1459, 1460, 1461, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 100_001]
    for i, size in enumerate(sizes):
        files[f"sizes/{i}-{size}.bin"] = dice.randbytes(size)
    files["large/20MB.bin"] = dice.randbytes(20_000_003)
    files["large/5MB.bin"] = dice.randbytes(5 << 20)
    files["large/2MB.bin"] = dice.randbytes(2_000_001)
    odd = ["a b.txt", "a+b", "100%", "%41", "a%20b", "\u00e4\u00f6\u00fc.html", "\u4f60\u597d", "q?x=1", "h#1", "se;mi,co:lon@$&='()*",
           "quote\"s'", "back\\slash", "[x]{y}|z~^`<>", "...", ".hidden", "UPPER.HTML", "x" * 200]
    for i, name in enumerate(odd):
        files[f"odd names/{name}"] = f"{i} {name}".encode() * 20
    files["/".join(f"folder {i}" for i in range(30)) + "/deep"] = b"deep"
    for i in range(300):
        files[f"many/{i % 7}/{i}.txt"] = dice.randbytes(dice.randrange(3000))
    files["many/index.html"] = b"many"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    return folder, random_site(folder)


@pytest.fixture(scope="module")
def server(site, tmp_path_factory):
    served = Server(make_disk(tmp_path_factory.mktemp("disk") / "disk.img", site[0]), "server")
    yield served
    served.machine.close()


def curl_config(path, server, names, folder):
    """A file that makes curl fetch the named files into folder/0, folder/1, ..."""
    folder.mkdir()
    lines = []
    for i, name in enumerate(names):
        lines += [f'url = "{server.url}{url_of(name)}"', f'output = "{folder}/{i}"']
    path.write_text("\n".join(lines) + "\n")
    return ["curl", "-sS", "--fail", "--fail-early", "--path-as-is", "--globoff", "--max-time", "120", "-K", str(path)]


def slowly(count):
    """range(count), not faster than QEMU accepts: its backlog is 1, and who misses it waits for seconds."""
    for i in range(count):
        yield i
        time.sleep(0.02)


def compare(names, files, folder):
    for i, name in enumerate(names):
        assert (folder / str(i)).read_bytes() == files[name], f"{name} came wrong"


def test_announce(server, site):
    count, size, address = server.found.groups()
    assert int(count) == len(site[1])
    assert int(size) == sum(map(len, site[1].values()))
    assert address == b"10.0.2.15"


def test_every_file(server, site, tmp_path):
    """curl fetches every file byte for byte, on one connection."""
    files = site[1]
    subprocess.run(curl_config(tmp_path / "config", server, list(files), tmp_path / "got"), check=True)
    compare(list(files), files, tmp_path / "got")


def test_parallel(server, site, tmp_path):
    """50 curls at once, each with a large file and some small ones. None takes more than 500 KB/s: while packets come
    as fast as they can, QEMU is slow to accept, and who misses its backlog may even be reset."""
    files = site[1]
    small = [name for name in files if name.startswith(("many/", "sizes/"))]
    wanted, running = [], []
    for i in slowly(50):
        wanted.append(["large/5MB.bin"] + random.Random(i).sample(small, 10))
        words = curl_config(tmp_path / f"config{i}", server, wanted[i], tmp_path / f"got{i}")
        running.append(subprocess.Popen(words + ["--limit-rate", "500K"], stderr=subprocess.PIPE, text=True))
    assert sum(curl.poll() is None for curl in running) > 40, "they should overlap"
    assert "".join(curl.communicate(timeout=150)[1] for curl in running) == ""
    assert all(curl.returncode == 0 for curl in running)
    for i, names in enumerate(wanted):
        compare(names, files, tmp_path / f"got{i}")


def test_parallel_one_file(server, site):
    """50 clients read the same 5 MB at their own pace."""
    wanted = site[1]["large/5MB.bin"]

    def fetch(client, number):
        client.request("GET", "/large/5MB.bin")
        answer = client.getresponse()
        got = bytearray()
        while piece := answer.read(10_000 + 1000 * number):
            got += piece
        client.close()
        return bytes(got) == wanted
    clients = []
    for _ in slowly(50):
        clients.append(server.http())
        clients[-1].connect()
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        assert all(pool.map(fetch, clients, range(50)))


def get(client, method, target, headers=None):
    client.request(method, target, headers=headers or {})
    answer = client.getresponse()
    return answer, answer.read()


def test_head(server, site):
    client = server.http()
    for name in ("index.html", "large/20MB.bin", "sizes/0-0.bin"):
        answer, body = get(client, "HEAD", url_of(name))
        assert answer.status == 200 and body == b""
        assert int(answer.headers["Content-Length"]) == len(site[1][name])
    client.close()


@pytest.mark.parametrize("name, media", [("index.html", "text/html; charset=utf-8"),
                                         ("odd names/UPPER.HTML", "text/html; charset=utf-8"),
                                         ("many/0/0.txt", "text/plain; charset=utf-8"),
                                         ("odd names/100%", "application/octet-stream")])
def test_type(server, name, media):
    client = server.http()
    assert get(client, "HEAD", url_of(name))[0].headers["Content-Type"] == media
    client.close()


@pytest.mark.parametrize("method, target, status", [
    ("GET", "/", 200), ("GET", "/many/", 200), ("GET", "/many", 301), ("GET", "/index.html?x=1", 200),
    ("GET", "/sizes/../index.html", 200), ("GET", "/./many/%2e%2e/index.html", 200), ("GET", "//index.html", 200),
    ("GET", "/nothing", 404), ("GET", "/sizes/", 404), ("GET", "/sizes", 404), ("GET", "/index.html/", 404),
    ("GET", "/../etc/passwd", 400), ("GET", "/%2e%2e/%2e%2e/etc/passwd", 400), ("GET", "/%zz", 400), ("GET", "/%00", 400),
    ("POST", "/", 405), ("PUT", "/x", 405), ("DELETE", "/index.html", 405), ("BREW", "/", 501),
    ("GET", "/" + "x" * 5000, 414)])
def test_status(server, method, target, status):
    client = server.http()
    answer, body = get(client, method, target)
    assert answer.status == status
    assert int(answer.headers["Content-Length"]) == len(body)
    assert body
    if status == 301:
        assert answer.headers["Location"] == "/many/"
    if status == 405:
        assert answer.headers["Allow"] == "GET, HEAD"
    client.close()


def exchange(server, text, end=True, **connect):
    """Everything the server says to these bytes until it ends the connection."""
    with server.connect(**connect) as s:
        s.sendall(text)
        if end:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while piece := s.recv(65536):
            got += piece
        return got


@pytest.mark.parametrize("text, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / \r\n\r\n", 400), (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505), (b"\x16\x03\x01\x02\x00\x01", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431)],
    ids=["no-host", "two-hosts", "no-version", "http9", "tls", "space", "length", "coding", "long"])
def test_malformed(server, text, status):
    """Refused with the right status, and the connection ends although the client keeps its side open."""
    got = exchange(server, text, end=False)
    assert got.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close\r\n" in got


def test_keep_alive(server):
    client = server.http()
    client.connect()
    first = client.sock
    for i in range(200):
        answer, body = get(client, "GET", f"/many/{i % 7}/{i}.txt")
        assert answer.status == 200 and len(body) == int(answer.headers["Content-Length"])
        assert client.sock is first
    client.close()


def test_pipelined(server, site):
    names = [f"many/{i % 7}/{i}.txt" for i in range(100)]
    requests = [f"GET /{name} HTTP/1.1\r\nHost: x\r\n" for name in names]
    text = "\r\n".join(requests) + "Connection: close\r\n\r\n"
    got = exchange(server, text.encode(), end=False)
    for name in names:
        head, _, rest = got.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        size = int(re.search(rb"Content-Length: (\d+)", head)[1])
        assert rest[:size] == site[1][name]
        got = rest[size:]
    assert got == b""


def test_old_and_half_closed(server, site):
    for text in (b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        head, _, body = exchange(server, text).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and body == site[1]["index.html"]


def test_first_clients(tmp_path):
    """The first two clients are answered at once, though their answers have to wait for ARP."""
    served = Server(make_disk(tmp_path / "disk.img"), "first")
    try:
        clients = [served.connect() for _ in range(2)]
        begin = time.monotonic()
        for s in clients:
            s.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        for s in clients:
            assert s.recv(100).startswith(b"HTTP/1.1 200 ")
            s.close()
        assert time.monotonic() - begin < 2
    finally:
        served.machine.close()


def test_rude_clients(server, site):
    """Clients that leave in the middle, stop reading, or never finish a request take nothing from the others."""
    stuck = []
    for i in slowly(150):
        s = server.connect()
        s.sendall(b"GET /large/20MB.bin HTTP/1.1\r\nHost: x\r\n\r\n" if i % 3 else b"GET / HT")
        if i % 5 == 0 and len(stuck) < 25:
            stuck.append(s)
        elif i % 3 == 1:
            s.recv(1000)
            s.close()
        else:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.close()
    client = server.http()
    answer, body = get(client, "GET", "/large/5MB.bin")
    assert answer.status == 200 and body == site[1]["large/5MB.bin"]
    client.close()
    for s in stuck:
        s.close()


def test_more_clients_than_connections(server):
    """200 clients stay connected, idle: each newest one is served, at the cost of the one idle for longest."""
    clients = []
    for _ in slowly(200):
        client = server.http()
        assert get(client, "GET", "/")[0].status == 200
        clients.append(client)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        get(clients[0], "GET", "/")
    assert get(clients[199], "GET", "/")[0].status == 200
    for client in clients:
        client.close()


def test_client_uses_its_port_again(server):
    """The server ends these connections, so they are in TIME-WAIT there; a new one takes their place (RFC 1122 4.2.2.13)."""
    source = ("127.0.0.1", qemu.free_port())
    for _ in range(4):
        got = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", end=False, timeout=5, source=source)
        assert got.startswith(b"HTTP/1.1 200 ")


def test_wrk(server):
    """64 connections for 10 seconds, without one error."""
    said = subprocess.run(["wrk", "-t2", "-c64", "-d10s", "--timeout", "10s", f"{server.url}/sizes/5-511.bin"],
                          capture_output=True, text=True, check=True, timeout=60).stdout
    with open(f"{OUT}/wrk.txt", "w", encoding="ascii") as f:
        f.write(said)
    assert "Socket errors" not in said and "Non-2xx" not in said, said
    assert int(re.search(r"(\d+) requests in", said)[1]) > 500, said


def screenshot(url, image):
    with tempdir() as profile:
        subprocess.run(["timeout", "-k", "2", "60", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync",
                        f"--user-data-dir={profile}", "--hide-scrollbars", "--window-size=1200,1000",
                        f"--screenshot={image}", url], check=True, capture_output=True)
    with open(image, "rb") as f:
        return f.read()


def tempdir():
    import tempfile
    return tempfile.TemporaryDirectory(prefix="chitin-browser-")


def unpack(image, folder):
    os.makedirs(folder)
    with open(image, "rb") as f:
        subprocess.run(["cpio", "-id", "--quiet"], stdin=f, cwd=folder, check=True, capture_output=True)
    return str(folder)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_browser(tmp_path):
    """Chromium shows the default site exactly as it shows the same files from a server of this host."""
    disk = make_disk(tmp_path / "disk.img")
    folder = unpack(disk, tmp_path / "files")
    served = Server(disk, "browser")
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    try:
        ours = screenshot(served.url + "/", f"{OUT}/default-site.png")
        theirs = screenshot(f"http://127.0.0.1:{host.server_port}/", tmp_path / "host.png")
        assert len(ours) > 20_000 and ours == theirs
        page = screenshot(served.url + "/docs/design/", f"{OUT}/design.png")
        assert page != ours
    finally:
        host.shutdown()
        served.machine.close()


def test_kill_while_busy(site, tmp_path):
    """Killed in the middle of downloads, with packets and reads in flight, it comes back and serves the same."""
    served = Server(make_disk(tmp_path / "disk.img", site[0]), "kill")
    try:
        for _ in range(3):
            busy = [served.connect() for _ in slowly(4)]
            for s in busy:
                s.sendall(b"GET /large/20MB.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            assert all(s.recv(1000) for s in busy)
            served.machine.send("kill web\r")
            served.machine.expect("^init: web: killed", 10)
            served.machine.expect(SERVING, 30)
            client = served.http()
            answer, body = get(client, "GET", "/large/20MB.bin")
            assert answer.status == 200 and body == site[1]["large/20MB.bin"]
            client.close()
            for s in busy:
                s.close()
    finally:
        served.machine.close()


WEB = """program = "web"; frames = <4096>; """
BLOCKS = "blocks = <0 0 0>; "
PACKETS = """nic = <0>; filter-receive = "0:6=nic"; filter-shared = "0:6=ff:ff:ff:ff:ff:ff"; filter-transmit = "6:6=nic"; """


def manifest(words):
    return f"/dts-v1/; / {{ web {{ {WEB}{words} }}; }};"


EXPRESSION = PACKETS.replace('filter-receive = "0:6=nic"', 'filter = "ether dst nic and (arp or ip)"')


@pytest.mark.parametrize("packets", [PACKETS, EXPRESSION], ids=["atoms", "expression"])
def test_static_address(machine, initrd, tmp_path, packets):
    """Where no DHCP server answers, the manifest's address is used: ARP finds it, and a ping comes back.

    With a filter in tcpdump's syntax ARP and IP come by two capabilities."""
    path, ours = str(tmp_path / "net"), bytes.fromhex("020000000001")
    address = 'values = "address=10.1.2.3", "netmask=255.255.255.0", "gateway=10.1.2.1";'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(f"{os.path.relpath(path)}.host")
        wire.settimeout(10)
        guest = machine(initrd=initrd(manifest(BLOCKS + packets + address)), disk=make_disk(tmp_path / "disk.img"),
                        net=f"dgram:{path}")
        guest.expect("^lwip: no DHCP server answers; using the manifest's address", 30)
        guest.expect(r"^web: serving .* on http://10\.1\.2\.3/", 5)
        wire.connect(f"{os.path.relpath(path)}.guest")
        me, it = socket.inet_aton("10.1.2.1"), socket.inet_aton("10.1.2.3")
        arp = bytes.fromhex("0001080006040001") + ours + me + bytes(6) + it
        wire.send(b"\xff" * 6 + ours + b"\x08\x06" + arp)
        answer = next_frame(wire, lambda f: f[:6] == ours and f[12:14] == b"\x08\x06" and f[28:32] == it)
        mac = answer[22:28]
        assert answer[6:12] == mac
        echo = bytes.fromhex("0800f7fb00030001")
        ip = bytes.fromhex("4500001c0000000040010000") + me + it
        ip = ip[:10] + (~checksum(ip) & 0xFFFF).to_bytes(2, "big") + ip[12:]
        wire.send(mac + ours + b"\x08\x00" + ip + echo)
        reply = next_frame(wire, lambda f: f[:6] == ours and f[12:14] == b"\x08\x00" and f[23] == 1)
        assert reply[34] == 0 and reply[38:42] == echo[4:8] and checksum(reply[34:42]) == 0xFFFF


def checksum(data):
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    return (total & 0xFFFF) + (total >> 16)


def next_frame(wire, wanted):
    while True:
        frame = wire.recv(2048)
        if wanted(frame):
            return frame


@pytest.mark.parametrize("words, says", [
    (BLOCKS + PACKETS + 'values = "address=10.1.2.300";', "lwip: the manifest's address=10.1.2.300 is no IPv4 address"),
    (BLOCKS + PACKETS + 'values = "mac=52:54:00";', "lwip: the manifest's mac=52:54:00 is no hardware address"),
    (PACKETS, "web: no disk: the manifest gives no blocks"),
    (BLOCKS, "lwip: no network: the manifest gives no packets")], ids=["address", "mac", "no-blocks", "no-packets"])
def test_wrong_manifest(machine, initrd, tmp_path, words, says):
    guest = machine(initrd=initrd(manifest(words)), disk=make_disk(tmp_path / "disk.img"), net="user")
    guest.expect("^" + re.escape(says), 30)
    assert guest.finish(20) == qemu.FAILURE
    assert "init: web: ended with status 1" in guest.console


def spoil_zero(image):
    with open(image, "wb") as f:
        f.truncate(1 << 20)


def spoil_cut(image):
    size = os.path.getsize(image)
    with open(image, "r+b") as f:
        f.truncate((size // 2) & ~4095)


def spoil_middle(image):
    with open(image, "r+b") as f:
        data = f.read()
        at = data.index(b"070701", len(data) // 3)
        f.seek(at)
        f.write(b"junk")


@pytest.mark.parametrize("spoil, says", [
    (spoil_zero, "web: the disk holds no newc cpio archive: no entry at byte 0;"),
    (spoil_cut, "web: the archive on the disk ends too early"),
    (spoil_middle, "web: the disk holds no newc cpio archive: no entry at byte [1-9]")], ids=["zeros", "cut", "junk"])
def test_broken_disk(machine, tmp_path, spoil, says):
    """A sentence, and status 1, which init reports."""
    disk = make_disk(tmp_path / "disk.img")
    spoil(disk)
    guest = machine(initrd=f"{BOARD}/initrd.cpio", disk=disk, net="user")
    guest.expect("^" + says, 30)
    guest.expect("^init: web: .*status 1", 10)


def test_disk_error(site, tmp_path):
    """A block that cannot be read ends the download it is in, and no other."""
    folder, files = site
    disk = make_disk(tmp_path / "disk.img", folder)
    with open(disk, "rb") as f:
        at = f.read().index(files["large/5MB.bin"][2_000_000:2_000_032])
    rule = tmp_path / "blkdebug.conf"
    rule.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "{at // 512}"\nonce = "off"\n')
    served = Server(f"blkdebug:{rule}:{disk}", "disk-error")
    try:
        client = served.http()
        client.request("GET", "/large/5MB.bin")
        answer = client.getresponse()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        client.close()
        served.machine.expect("^web: disk error reading blocks from ", 5)
        client = served.http()
        answer, body = get(client, "GET", "/large/20MB.bin")
        assert answer.status == 200 and body == files["large/20MB.bin"]
        client.close()
    finally:
        served.machine.close()


def test_late_requests_still_work(server, site):
    """After all of the above: still there, and nothing else was printed."""
    client = server.http()
    answer, body = get(client, "GET", "/")
    assert answer.status == 200 and body == site[1]["index.html"]
    client.close()
    said = [line for line in server.machine.console.splitlines() if line.startswith(("web:", "lwip:"))]
    assert len(said) == 1, said
    assert server.machine.console.count("init: web:") == 1  # "started"
