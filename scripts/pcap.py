#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the captures that `tcpdump -w` printed on a console as files: pcap.py CONSOLE.log [FOLDER]

Each becomes FOLDER/NAME (FOLDER is . where not given), for tcpdump -r and Wireshark; one of a program that was
started again becomes NAME.2 and so on. If a line is missing it is said, and the file ends with the last whole packet
before it. Exit status: 0; 1 if there was no capture, or one is not whole. The format: user/tcpdump/record.h.
"""
import base64
import binascii
import os
import re
import sys

HEADER, RECORD = 24, 16     # bytes: of a capture file, and before each packet; pcap(5)
LINE = re.compile(rb"pcap ([\w.-]+) (?:(\d+) ([A-Za-z0-9+/=]+)|end (\d+) ([0-9a-f]{8}))\r?$", re.M)


class Capture:
    def __init__(self, name):
        self.name, self.data, self.lines, self.broken = name, b"", 0, False
        self.says = "its end is missing; the program did not end by itself"

    def take(self, number, text):
        if not self.broken and int(number) == self.lines:
            self.data += base64.b64decode(text, validate=True)
            self.lines += 1
        elif not self.broken:
            self.says, self.broken = f"line {self.lines} of it is missing", True

    def end(self, lines, crc):
        if not self.broken:
            whole = int(lines) == self.lines and int(crc, 16) == binascii.crc32(self.data)
            self.says = None if whole else "the count or check sum at its end is another one"

    def whole_packets(self):
        """The file's header and the packets that are all there."""
        at = HEADER
        while at + RECORD <= len(self.data):
            size = int.from_bytes(self.data[at + 8:at + 12], "little")
            if at + RECORD + size > len(self.data):
                break
            at += RECORD + size
        return self.data[:at]


def captures(console):
    """All captures in the bytes of a console, in the order in which they begin."""
    found, current = [], {}
    for name, number, text, lines, crc in LINE.findall(console):
        if number == b"0":
            current[name] = Capture(name.decode())
            found.append(current[name])
        if name in current and number:
            current[name].take(number, text)
        elif name in current:
            current[name].end(lines, crc)
    return found


def main(argv):
    if len(argv) not in (1, 2):
        sys.exit(__doc__)
    try:
        with open(argv[0], "rb") as f:
            found = captures(f.read())
    except OSError as error:
        sys.exit(f"pcap: {argv[0]}: {error.strerror}")
    if not found:
        sys.exit(f"pcap: {argv[0]}: there is no capture in it; start tcpdump with -w NAME")
    failed, names = False, {}
    for capture in found:
        names[capture.name] = count = names.get(capture.name, 0) + 1
        path = os.path.join(argv[1] if len(argv) > 1 else ".", capture.name + (f".{count}" if count > 1 else ""))
        with open(path, "wb") as f:
            f.write(capture.whole_packets())
        print(path)
        if capture.says:
            print(f"pcap: {path}: {capture.says}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
