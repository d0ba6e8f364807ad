# SPDX-License-Identifier: MIT
"""Do the checkers of `make check` find what they are there for? Each runs over a small tree with one fault."""
import glob
import json
import os
import shutil
import subprocess

import pytest

SPDX = "/* SPDX-License-Identifier: MIT */\n"
GOOD = {
    "kern/a.c": SPDX + '#include "kern/a.h"\n\nint\na_get(void)\n{\n\treturn 1;\n}\n',
    "kern/a.h": SPDX + "#ifndef KERN_A_H\n#define KERN_A_H\nint a_get(void);\n#endif\n",
    "Makefile": "# SPDX-License-Identifier: MIT\nPYTHON := /usr/bin/python3\nall:\n\t@$(PYTHON) x.py | sort\n",
}


@pytest.fixture
def tree(tmp_path):
    """A function that writes GOOD with changes and runs a checker there: (status, what it says)."""
    root, out = tmp_path / "tree", tmp_path / "out"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(".clang-tidy", root)
    for path in glob.glob("scripts/check-*.py") + ["scripts/sources.py", "scripts/layers.txt", "scripts/packages.txt"]:
        shutil.copy(path, root / "scripts")
    subprocess.run(["git", "init", "-q", str(root)], check=True)

    def check(name, changes):
        files = {**GOOD, **changes}
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        out.mkdir(exist_ok=True)
        (out / "compile_commands.json").write_text(json.dumps(
            [{"file": p, "command": f"riscv64-unknown-elf-gcc -ffreestanding -I. -c {p}"} for p in files if p.endswith(".c")]))
        done = subprocess.run([f"scripts/check-{name}.py"], cwd=root, capture_output=True, text=True, check=False,
                              env={**os.environ, "O": str(out)})
        return done.returncode, done.stdout
    return check


def body(lines):
    return SPDX + "void f(void);\nvoid\nf(void)\n{\n" + "\t;\n" * lines + "}\n"


FAULTS = [
    ("layers", "kern/b.c", SPDX + '#include "kern/sys/x.h"\n', "may not include kern/sys/x.h"),
    ("layers", "lib/base/b.c", SPDX + '#include "kern/a.h"\n', "may not include kern/a.h"),
    ("layers", "kern/b.c", SPDX + "#include <stdio.h>\n", "only freestanding headers"),
    ("layers", "kern/b.c", SPDX + '#include "a.h"\n', "not written from the root"),
    ("layers", "odd/b.c", SPDX + '#include "kern/a.h"\n', "in no room"),
    ("style", "kern/b.c", "int x;\n", "SPDX"),
    ("style", "kern/b.c", SPDX + "#ifdef X\n#endif\n", "#if in a .c"),
    ("style", "kern/b.c", SPDX + "/* TO" "DO: more */\n", "note to self"),
    ("style", "kern/b.c", SPDX + "int x; /*" + "x" * 100 + "*/\n", "columns wide"),
    ("style", "kern/b.c", SPDX + "int f(void)\n{\n\treturn 1;\n}\n", "return type goes on the line before"),
    ("style", "kern/b.c", body(70), "function of 73 lines"),
    ("style", "kern/b.c", SPDX + "int x;\n" * 900, "901 lines"),
    ("style", "kern/b.h", SPDX + "int x;\n", "no header guard"),
    ("style", "kern/a.c", SPDX + "int x;\n", "its own header kern/a.h"),
    ("style", "Makefile", "# SPDX-License-Identifier: MIT\n" * 150, "stay under 150"),
    ("commands", "Makefile", "# x\nall:\n\t@frobnicate a | sort\n", "`frobnicate`"),
    ("commands", "Makefile", "# x\nall:\n\t@sort a | frobnicate\n", "`frobnicate`"),
    ("commands", "x/build.mk", "# x\nX := $(shell frobnicate)\n", "`frobnicate`"),
    ("commands", "scripts/x.sh", '#!/bin/sh\necho "$(frobnicate)"\n', "`frobnicate`"),
    ("commands", "test/sys/x.py", 'subprocess.run(["frob' 'nicate", "-x"])\n', "`frobnicate`"),
    ("tidy", "kern/b.c", SPDX + "int f(int a);\nint f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn 0;\n}\n", "braces"),
    ("tidy", "kern/b.c", SPDX + "int f(void);\nint f(void)\n{\n\tint *p = 0;\n\treturn *p;\n}\n", "ull pointer"),
    ("sparse", "kern/b.c", SPDX + "static void *p = 0;\nvoid *f(void);\nvoid *f(void)\n{\n\treturn p;\n}\n", "NULL pointer"),
]


@pytest.mark.parametrize("name", ["layers", "style", "commands", "tidy", "sparse"])
def test_a_good_tree_passes(tree, name):
    assert tree(name, {}) == (0, "")


@pytest.mark.parametrize("name, path, text, said", FAULTS, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(FAULTS)])
def test_a_fault_is_found(tree, name, path, text, said):
    status, output = tree(name, {"kern/sys/x.h": SPDX + "#ifndef X_H\n#define X_H\n#endif\n", path: text})
    assert status == 1
    assert said in output


def test_an_impure_file_is_found(tmp_path):
    """The first three go by the names of files that host tests link."""
    (tmp_path / "board").mkdir()
    (tmp_path / "k" / "kern").mkdir(parents=True)
    for name, text, status in (("cap", "int f(int a) { return a; }", 0), ("frame", "int g(void); int f(void) { return g(); }", 1),
                               ("sibling", "int x = 3;", 1), ("untested", "int f(int a) { return a; }", 1)):
        (tmp_path / "x.c").write_text(text)
        made = f"{tmp_path}/k/kern/{name}.o"
        subprocess.run(["riscv64-unknown-elf-gcc", "-c", "-o", made, f"{tmp_path}/x.c"], check=True)
        (tmp_path / "board" / "pure.list").write_text(made)
        done = subprocess.run(["scripts/check-pure.py"], capture_output=True, text=True, check=False,
                              env={**os.environ, "O": str(tmp_path), "BOARD": "board"})
        assert done.returncode == status and not done.stderr, done.stdout + done.stderr


def test_layers_need_no_repository(tree, tmp_path):
    """The check is part of every build, so also of one from an archive; what another build left is not looked at."""
    shutil.rmtree(tmp_path / "tree" / ".git")
    assert tree("layers", {"o2/compile_commands.json": "[]", "o2/src/x.c": '#include "kern/a.h"\n'})[0] == 0
    assert tree("layers", {"odd/b.c": SPDX + '#include "kern/a.h"\n'})[0] == 1
