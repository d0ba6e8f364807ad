#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The monitor of a board in QEMU: `make monitor`.

  monitor.py [CMD='envs; caps'] [NAME=value ...]   the words of qemu.py, plus CMD=

With CMD= the monitor carries the commands out and powers off; printed is what comes from its first line
`> command` on. Without, its console is on this terminal.
"""
import re
import sys

import qemu

COMMAND = "^> "
SECONDS = 60        # for the commands, where TIMEOUT= does not say otherwise


def command_of(argv):
    """The commands in argv, and the other words."""
    commands = [word[4:] for word in argv if word.startswith("CMD=")]
    command = commands[-1] if commands else ""
    if not re.fullmatch(r'[ !#-~]*', command):
        raise ValueError("CMD= may have neither double quotes nor anything but printable ASCII")
    return command, [word for word in argv if not word.startswith("CMD=")]


def options_of(words):
    """As qemu.options_of, with the disk and the network that a board's manifest wants."""
    board = words.get("BOARD", "qemu-virt")
    if qemu.BOARDS.get(board, {}).get("virtio"):
        words.setdefault("NET", "user")
    else:
        words.pop("DISK", None)
    return qemu.options_of(words)


def show(guest, timeout):
    """Print what the commands print, as it comes; returns the exit status."""
    try:
        start = guest.expect(COMMAND, timeout).start()
    except qemu.GuestError as error:
        print(f"monitor: no command was carried out: {error}", file=sys.stderr)
        return qemu.FAILURE
    status = guest.finish(timeout)
    text = bytes(guest.text[start:]).decode(errors="replace").replace("\r", "")
    print(re.sub(r"^chitin: power off\n", "", text, flags=re.M), end="")
    if status == qemu.TIMED_OUT:
        print(f"monitor: stopped after TIMEOUT={timeout:g} s", file=sys.stderr)
    return status


def main(argv):
    try:
        command, rest = command_of(argv)
        words = qemu.settings(rest)
        options, timeout = options_of(words), qemu.seconds(words)
        if command:
            options["append"] = f'{options.get("append", "")} chitin.quiet chitin.monitor="{command}"'.strip()
        line = qemu.command(**options)
    except ValueError as error:
        sys.exit(f"monitor: {error}")
    log = f"{qemu.BUILD}/{options['board']}/console.log"
    if command:
        with qemu.Machine(log=log, **options) as guest:
            return show(guest, timeout or SECONDS)
    if sys.stdin.isatty():
        print("(leave with Ctrl-A x)")
    return qemu.console_run(line, options["board"], log, timeout or (None if sys.stdin.isatty() else SECONDS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
