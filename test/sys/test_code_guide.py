# SPDX-License-Identifier: MIT
"""Is docs/code.md true: its listings parts of programs, its commands what is printed, its tables those of code.def?"""
import os
import re
import shlex
import subprocess

import pytest

BUILD = os.environ.get("O") or "build"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


GUIDE = read("docs/code.md")
DEFINITIONS = read("include/exo/code.def")


def rows(heading):
    """The table below a heading, as lists of cells."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S).group(1)
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[2:]]


def test_listings_are_in_the_programs():
    listings = re.findall(r"^```c\n(.*?)^```", GUIDE, re.M | re.S)
    programs = [read(f"test/{name}.c") for name in ["code/echo", "code/extents", "code/grants", "code/ring", "boot/code"]]
    assert [sum(listing in program for listing in listings) for program in programs] == [3, 1, 1, 1, 1]
    assert len(listings) == 8       # and how a predicate is bound and slept by


def examples():
    return re.findall(r"^\$ (make code [^\n]*)\n(.*?)^```", GUIDE, re.M | re.S)


@pytest.mark.parametrize("command,output", examples())
def test_commands_print_what_is_shown(command, output):
    done = subprocess.run(["make", "-s", *shlex.split(command)[1:]], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False)
    assert output in done.stdout + done.stderr
    assert (done.returncode != 0) == ("error:" in output)


def test_there_are_commands():
    assert len(examples()) == 3


def test_a_program_outside_of_the_tree_has_the_latest(tmp_path):
    """The folder with a code.S that the guide describes: another program in the file, another program in the ELF."""
    listing = re.search(r"^```\n(\t\.section.*?)^```", GUIDE, re.M | re.S).group(1)
    assert listing.replace("build/code/echo", "udpecho_handler") in read("user/udpecho_handler/code.S")
    folder, prog = tmp_path / "guided", f"{BUILD}/code/guided.prog"
    for made in (folder, tmp_path / "code"):
        made.mkdir()
    (folder / "main.c").write_text("extern const char echo_code[];\nint\nmain(void)\n{\n\treturn echo_code[0];\n}\n")
    (folder / "code.S").write_text(listing.replace("build/code/echo.prog", prog))
    for class_name, source in (("handler", "echo"), ("acl", "grants")):
        (tmp_path / "code/guided.c").write_text(read(f"test/code/{source}.c"))
        for words in (["code", f"SRC={tmp_path}/code/guided.c", f"CLASS={class_name}"], ["program", f"SRC={folder}"]):
            subprocess.run(["make", "-s", *words], stdin=subprocess.DEVNULL, timeout=300, check=True)
        with open(prog, "rb") as code, open(f"{BUILD}/qemu-virt/user/guided.elf", "rb") as elf:
            assert code.read() in elf.read()
    os.remove(f"{BUILD}/qemu-virt/user/guided.elf")


def test_the_tests_compile_as_make_does():
    used = re.search(r'"clang (-target bpf.*?)-c -o', read("test/unit/clang.c"), re.S).group(1)
    options = set(re.sub(r'["\s]+', " ", used).split())
    assert len(options) > 7 and options <= set(read("lib/code/build.mk").split())


def test_classes():
    wanted = [[name, fuel] for _, name, fuel in re.findall(r"^CODE_CLASS\((\d+), (\w+), (\d+)\)", DEFINITIONS, re.M)]
    assert len(wanted) == 4 and [row[:2] for row in rows("Classes")] == wanted


def test_helpers():
    wanted = re.findall(r"^CODE_HELPER\((\d+), (\w+), (\d+), (.*)\)$", DEFINITIONS, re.M)
    helpers = rows("Helpers")
    assert len(wanted) == len(helpers) == 6
    header = read("include/exo/code_helpers.h")
    for (nr, name, fuel, classes), (function, *cells) in zip(wanted, helpers):
        allowed = set(re.findall(r"EXO_CODE_BIT\((\w+)\)", classes))
        assert cells[:2] == [nr, fuel] and set(cells[2].split(", ")) == allowed
        assert re.search(rf"\(\*const {function}\)\([^;]*EXO_HELPER\({name}\);", header), name


def test_refusals():
    assert rows("When it is refused") == [
        [nr, sentence] for nr, sentence in re.findall(r'^CODE_REFUSAL\((\d+), \w+, "(.*)"\)', DEFINITIONS, re.M)]


def test_costs():
    costs = dict(re.findall(r"^#define COST_(\w+)\s+(\d+)", read("kern/code/verify.c"), re.M))
    assert set(costs) == {"BLOCK", "LONG", "WORD", "JMP32", "SWAP16", "SWAP32", "SWAP64", "DIVIDE", "MEMORY", "CALL"}
    said = " ".join(GUIDE.split())
    assert (f"{costs['LONG']} for an instruction of 64 bits or an unconditional jump, {costs['WORD']} for one of 32 bits or a "
            f"jump that compares ({costs['JMP32']} for one that compares 32 bits), {costs['DIVIDE']} for a division, "
            f"{costs['MEMORY']} for a load or a store, {costs['SWAP16']}, {costs['SWAP32']} or {costs['SWAP64']} for a byte swap "
            f"of 16, 32 or 64 bits, and {costs['BLOCK']} for each block.") in said
    assert f"A call costs {costs['CALL']} and what is here" in said


def test_limits():
    limits = dict(re.findall(r"^#define EXO_CODE_(\w+_MAX)\s+(\d+)", read("include/exo/code.h"), re.M))
    assert (f"More than {limits['INSNS_MAX']} instructions, {limits['DATA_MAX']} bytes of constants, "
            f"{limits['STACK_MAX']} bytes of stack") in GUIDE
