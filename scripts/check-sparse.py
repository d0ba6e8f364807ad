#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sparse over every source of the kernel, the libraries and the programs, warnings as errors."""
import subprocess
import sys

import sources

WARN = ["-Wbitwise", "-Wcast-to-as", "-Wcontext", "-Wdefault-bitfield-sign", "-Wdesignated-init", "-Wdo-while",
        "-Wenum-mismatch", "-Winit-cstring", "-Wnon-pointer-null", "-Wold-initializer", "-Wone-bit-signed-bitfield",
        "-Wparen-string", "-Wreturn-void", "-Wtypesign", "-Wno-constant-suffix", "-Wno-unknown-attribute"]


HEADERS = subprocess.run(["riscv64-unknown-elf-gcc", "-print-file-name=include"], capture_output=True, text=True,
                         check=True).stdout.strip()
OWN = ["-D__builtin_assume_aligned(p,a)=(p)", "-nostdinc", "-isystem", HEADERS, "-isystem", HEADERS + "-fixed"]


def check(source):
    hosted = [] if "-ffreestanding" not in source.flags else ["-U__STDC_HOSTED__", "-D__STDC_HOSTED__=0"]
    words = ["sparse", "-m64", *WARN, "-D__riscv=1", "-D__riscv_xlen=64", "-U__x86_64__", *OWN, *hosted,
             *sources.preprocessor(source.flags), source.path]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


sys.exit(sources.check_all(check))
