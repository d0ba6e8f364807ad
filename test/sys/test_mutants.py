# SPDX-License-Identifier: MIT
"""The tests notice when a check of the kernel is missing: nine in ten at least, see scripts/mutants.py."""
import re
import subprocess

import pytest

ALONE = True


@pytest.mark.nightly
def test_mutants(log_file):
    path = log_file()
    with open(path, "wb") as log:
        status = subprocess.run(["/usr/bin/python3", "scripts/mutants.py"], stdout=log, stderr=log, check=False).returncode
    with open(path, encoding="utf-8", errors="replace") as log:
        text = log.read()
    assert status == 0, "\n".join(re.findall(r"SURVIVED .*", text))


def test_list():
    """Every file of the trust boundary has checks to take away."""
    done = subprocess.run(["/usr/bin/python3", "scripts/mutants.py", "--list", "kern/sys/*"], capture_output=True, text=True,
                          check=True)
    files = {line.split(":")[0] for line in done.stdout.splitlines()}
    assert {"kern/sys/cap.c", "kern/sys/env.c", "kern/sys/memory.c", "kern/sys/object.c"} <= files
