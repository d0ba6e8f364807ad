#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job in QEMU, reachable from this host: `make run` and `make stop`.

  run.py start [PORT=8080] [NAME=value ...]   the words of qemu.py, plus PORT=
  run.py check [PORT=8080] [NAME=value ...]   whether they are right, before anything is built for them
  run.py stop  [BOARD=...]

Prints `URL: ...` once the server answers. With a terminal, the console is there; without one it runs until
`make stop` or TIMEOUT= seconds. Only one at a time per board; build/BOARD/run.pid names it.
"""
import errno
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

import qemu


def pid_file(board):
    return f"{qemu.BUILD}/{board}/run.pid"


def running(board):
    """The process id of the run of this board, or None."""
    try:
        with open(pid_file(board), encoding="ascii") as f:
            pid = int(f.read())
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return pid if b"run.py" in f.read() else None
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None


def check_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as error:
            why = "busy" if error.errno == errno.EADDRINUSE else f"out of reach ({error.strerror})"
            raise ValueError(f"port {port} is {why}; try: make run PORT={max(port, 8080) + 1}") from error


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def announce(port, stopped, answered):
    """Wait for the server, then say where it is and what to try."""
    url = f"http://127.0.0.1:{port}/"
    while not answers(url):
        if stopped.wait(0.3):
            return
    answered.set()
    lines = [f"URL: {url}"]
    if sys.stdin.isatty():
        lines += ["try: open it in a browser; type `kill web` here and see the rest go on;",
                  "     leave with Ctrl-A x"]
    else:
        lines += [f"try: curl -i {url}   end it with: make stop"]
    print("\r\n" + "\r\n".join(lines) + "\r", flush=True)


def checked(argv):
    """(port, options of a machine, seconds) of the words of a run that can start here and now."""
    port = qemu.number(dict(w.split("=", 1) for w in argv if w[:5] == "PORT=" != w), "PORT", 1, 65535) or 8080
    words = qemu.settings([w for w in argv if not w.startswith("PORT=")])
    words.setdefault("NET", "user")
    options, timeout = qemu.options_of(words), qemu.seconds(words)
    board = options["board"]
    if board in qemu.BOARDS and not qemu.BOARDS[board]["virtio"]:
        raise ValueError(f"{board} has no disk and no network to serve from; try: make qemu BOARD={board}")
    if running(board):
        raise ValueError(f"it is running already (process {running(board)}); try: make stop")
    check_free(port)
    return port, options, timeout


def check(argv):
    checked(argv)
    return 0


def start(argv):
    port, options, timeout = checked(argv)
    board = options["board"]
    line = qemu.command(forward=[(port, 80)] + options.pop("forward", []), **options)
    with open(pid_file(board), "w", encoding="ascii") as f:
        f.write(str(os.getpid()))
    stopped, answered = threading.Event(), threading.Event()
    threading.Thread(target=announce, args=(port, stopped, answered), daemon=True).start()
    try:
        status = qemu.console_run(line, board, f"{qemu.BUILD}/{board}/console.log", timeout,
                                  terminated=qemu.PASS)
        return qemu.PASS if status == qemu.TIMED_OUT and answered.is_set() else status
    finally:
        stopped.set()
        os.unlink(pid_file(board))


def stop(argv):
    board = qemu.settings(argv).get("BOARD", "qemu-virt")
    pid = running(board)
    if pid is None:
        print("nothing is running")
        return 0
    os.kill(pid, signal.SIGTERM)
    for _ in range(50):
        if running(board) is None:
            return 0
        time.sleep(0.1)
    return 1


def main(argv):
    verbs = {"start": start, "check": check, "stop": stop}
    if not argv or argv[0] not in verbs:
        sys.exit(__doc__)
    try:
        return verbs[argv[0]](argv[1:])
    except ValueError as error:
        sys.exit(f"run: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
