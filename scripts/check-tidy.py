#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""clang-tidy over every source of the kernel, the libraries and the programs, warnings as errors (.clang-tidy).

A file whose object is older than its last clean result is not looked at again.
"""
import os
import subprocess
import sys

import sources


def check(source):
    stamp = f"{sources.BUILD}/tidy/{source.path}.ok"
    if sources.is_newer(stamp, [source.object, ".clang-tidy"]):
        return ""
    words = ["clang-tidy", "--quiet", source.path, "--", *sources.for_clang(source.flags)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        os.makedirs(os.path.dirname(stamp), exist_ok=True)
        with open(stamp, "w", encoding="ascii"):
            pass
    return done.stdout if done.returncode else ""


sys.exit(sources.check_all(check))
