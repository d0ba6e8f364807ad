#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the initrd: a newc cpio archive with `init`, `manifest.dtb` and the programs it names.

  mkinitrd.py --manifest M.dtb --dir build/BOARD/user [--init F.elf] --out F [PROGRAM.elf ...]

A name in the manifest (`program = "web"`) is looked up among the PROGRAM.elf given, then in --dir, then in
--dir/../test. What the debugger wants of a program stays behind; the names of its functions go along if the board's
settings say CONFIG_PROGRAM_SYMBOLS.
The archive depends on the contents only: no times, owners or inode numbers of this machine.
Callers: scripts/build.mk, scripts/qemu.py.
"""
import argparse
import os
import re
import struct
import subprocess
import sys

BUILD = os.environ.get("O") or "build"

SHT_SYMTAB, SHT_STRTAB, SHF_EXECINSTR, STT_NOTYPE, STT_FUNC, SHN_ABS = 2, 3, 4, 0, 2, 0xfff1
FDT_BEGIN_NODE, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 1, 2, 3, 4, 9


def programs_of(dtb):
    """The values of all `program` properties of a flattened device tree, in order."""
    magic, _, at, strings = struct.unpack_from(">4I", dtb)
    if magic != 0xD00DFEED:
        raise ValueError("no device tree blob")
    names = []
    while True:
        token, = struct.unpack_from(">I", dtb, at)
        at += 4
        if token == FDT_BEGIN_NODE:
            at = (dtb.index(b"\0", at) + 4) & ~3
        elif token == FDT_PROP:
            size, name_at = struct.unpack_from(">2I", dtb, at)
            name_at += strings
            if dtb[name_at:dtb.index(b"\0", name_at)] == b"program":
                names.append(dtb[at + 8:at + 8 + size].rstrip(b"\0").decode())
            at = (at + 8 + size + 3) & ~3
        elif token == FDT_END:
            return names


def entry(number, name, data, mode=0o100755):
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(files):
    """The newc archive of [(name, data)]."""
    parts = [entry(i + 1, name, data) for i, (name, data) in enumerate(files)]
    parts.append(entry(0, "TRAILER!!!", b"", 0))
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % 512)


def named_functions(elf, sections):
    """[(address, name)] of the functions in an ELF file's symbol table, ascending: see elf_function in lib/base/elf.h."""
    found = []
    for _, kind, _, _, at, size, link, _, _, _ in sections:
        if kind == SHT_SYMTAB:
            for place in range(at, at + size, 24):
                name_at, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", elf, place)
                name_at += sections[link][4]
                name = elf[name_at:elf.index(b"\0", name_at)]
                is_code = 0 < section < len(sections) and sections[section][2] & SHF_EXECINSTR
                if is_code and info & 15 in (STT_NOTYPE, STT_FUNC) and name and not name.startswith(b"$"):
                    found.append((value, name))
    return sorted(set(found))


def symbol_table(functions):
    """The contents of .symtab and .strtab; every symbol is absolute, for its section is not there any more."""
    table, names = bytes(24), b"\0"
    for value, name in functions:
        table += struct.pack("<IBBHQQ", len(names), STT_FUNC, 0, SHN_ABS, value, 0)
        names += name + b"\0"
    return table, names


def lean(elf, has_names):
    """An ELF file with nothing but what is loaded, and the names of its functions if they are wanted."""
    headers_at, sections_at = struct.unpack_from("<2Q", elf, 32)
    headers, _, count = struct.unpack_from("<3H", elf, 56)
    loaded = [struct.unpack_from("<2I6Q", elf, headers_at + 56 * i) for i in range(headers)]
    sections = [struct.unpack_from("<2I4Q2I2Q", elf, sections_at + 64 * i) for i in range(count)]
    data = bytearray(elf[:max([headers_at + 56 * headers] + [at + size for _, _, at, _, _, size, _, _ in loaded])])
    functions = named_functions(elf, sections) if has_names else []
    if not functions:
        struct.pack_into("<Q", data, 40, 0)
        struct.pack_into("<3H", data, 58, 0, 0, 0)
        return bytes(data)
    table, names = symbol_table(functions)
    data += bytes(-len(data) % 8)
    at = len(data)
    data += table + names
    data += bytes(-len(data) % 8)
    struct.pack_into("<Q", data, 40, len(data))
    struct.pack_into("<3H", data, 58, 64, 3, 0)
    data += bytes(64)
    data += struct.pack("<2I4Q2I2Q", 0, SHT_SYMTAB, 0, 0, at, len(table), 2, len(functions) + 1, 8, 24)
    data += struct.pack("<2I4Q2I2Q", 0, SHT_STRTAB, 0, 0, at + len(table), len(names), 0, 0, 1, 0)
    return bytes(data)


def is_program(data):
    """True if it is one that lean() understands; what is wrong with others is for init to say."""
    return len(data) >= 64 and data[:6] == b"\x7fELF\2\1" and struct.unpack_from("<H", data, 54)[0] == 56 \
        and struct.unpack_from("<H", data, 58)[0] == 64


def wants_names(folder):
    """What the settings that the programs in a folder were built with say; yes without any."""
    try:
        return b"\nCONFIG_PROGRAM_SYMBOLS=y\n" in b"\n" + read(f"{folder}/../config/auto.conf")
    except FileNotFoundError:
        return True


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


def compiled(dts):
    """The blob of a device tree's source text."""
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=dts.encode(), capture_output=True,
                          check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode().strip())
    return done.stdout


def one_program(name):
    """The manifest of a boot test that has none of its own: one environment."""
    return f"/dts-v1/;\n/ {{ {name} {{ program = \"{name}\"; frames = <4096>; }}; }};\n"


def for_manifest(dts, out, board="qemu-virt", programs=(), init=None):
    """Write the initrd of a manifest's text to out. programs: further ELF files, over those of the board."""
    folder = f"{BUILD}/{board}/user"
    given = {os.path.basename(p).removesuffix(".elf"): p for p in programs}
    return write(out, archive(files_for(compiled(dts), folder, given, init)))


def boot_test(name, out, board="qemu-virt", as_init=False, files=()):
    """Write the initrd that boots test/boot/NAME, under init or in its place; with further files that it reads."""
    elf = f"{BUILD}/{board}/test/{name}.elf"
    if as_init:
        return for_manifest("/dts-v1/; / { };", out, board, files, init=elf)
    dts = one_program(name)
    if os.path.exists(f"test/boot/{name}.dts"):
        dts = read(f"test/boot/{name}.dts").decode()
    return for_manifest(dts, out, board, [elf, *files])


def run(*words):
    """Run a program of the project; raises with what it said if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{words[0]}: {done.stdout}{done.stderr}")


def numbered_disk(out, size):
    """Write a disk of SIZE ("1M") whose every 4 KiB block is full of its number (64 bits, little endian)."""
    count, unit = re.fullmatch(r"(\d+)([KMG])", size).groups()
    blocks = int(count) * {"K": 1, "M": 1 << 10, "G": 1 << 20}[unit] // 4
    return write(out, b"".join(struct.pack("<Q", n) * 512 for n in range(blocks)))


def files_for(manifest, folder, given, init):
    files = [("init", read(init or os.path.join(folder, "init.elf"))), ("manifest.dtb", manifest)]
    for name in dict.fromkeys(programs_of(manifest)):
        places = [given.get(name, ""), f"{folder}/{name}.elf", f"{folder}/../test/{name}.elf"]
        path = next(filter(os.path.exists, places), None)
        if path is None:
            have = sorted(f[:-4] for f in os.listdir(folder) if f.endswith(".elf"))
            raise ValueError(f"the manifest wants program \"{name}\", there is no {places[1]}; "
                             f"try one of: {' '.join(have)}, or PROGRAMS=dir/{name}.elf")
        files.append((name, read(path)))
    extra = [(n, read(p)) for n, p in given.items() if n not in dict(files)]
    has_names = wants_names(folder)
    return [(name, lean(data, has_names) if is_program(data) else data) for name, data in files + extra]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--manifest", required=True)
    args.add_argument("--dir", required=True)
    args.add_argument("--init")
    args.add_argument("--out", required=True)
    args.add_argument("programs", nargs="*")
    opts = args.parse_args()
    given = {os.path.basename(p).removesuffix(".elf"): p for p in opts.programs}
    try:
        data = archive(files_for(read(opts.manifest), opts.dir, given, opts.init))
    except (OSError, ValueError) as error:
        sys.exit(f"mkinitrd: {error}")
    if not os.path.exists(opts.out) or read(opts.out) != data:
        with open(opts.out + ".new", "wb") as f:
            f.write(data)
        os.replace(opts.out + ".new", opts.out)


if __name__ == "__main__":
    main()
