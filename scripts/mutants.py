#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Would the tests notice if one of the kernel's checks were missing?

  mutants.py [--list] [--sample N] [--seed N] [--at-least PERCENT] [--jobs N] [GLOB]

Takes the checks of the trust boundary and the mechanisms below it away, one at a time, in a copy of the tree: each
alternative of `if (A || B) { return E_X; }` and of the like, each `COND ? E_X :`, each condition of a fast path. A
kernel that still passes every boot test of the list and the unit tests of its file is a survivor and named as
FILE:LINE. GLOB chooses FILE or FILE:LINE. Each job has a copy, with its logs, in build/mutants.
"""
import argparse
import collections
import fnmatch
import glob
import importlib
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import time

FILES = ("kern/sys/*.[ch]", "kern/cap.[ch]", "kern/sibling.[ch]", "kern/cspace.[ch]", "kern/frame.[ch]",
         "kern/claim.[ch]", "kern/take.c", "kern/*_fast.h", "kern/space.[ch]", "kern/table.[ch]", "kern/unshare.c")
FIRST = ("unit/cap", "mem_*", "table_share", "hostile_s0[5-8]*", "hostile_s1[0-59]*", "revoke_half*", "hostile_s34*")
OUT = ("hostile_s28*", "*storm*")  # take long and judge by the clock
IMAGE = "build/qemu-virt/Image"
WHOLE = "build/qemu-virt/Image.whole"
PATIENCE = 10   # seconds, and three times what a test takes

Mutant = collections.namedtuple("Mutant", "path line begin end text was")


def closing(text, at):
    """Where the parenthesis that opens at `at` closes."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if not depth:
            return i
    return len(text)


def split(text, begin, end, operator):
    """[(begin, end)] of what stands between `operator`s outside of parentheses in text[begin:end]."""
    parts, depth, start, i = [], 0, begin, begin
    while i < end:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[i], 0)
        if depth == 0 and text.startswith(operator, i):
            parts.append((start, i))
            start = i = i + len(operator)
        else:
            i += 1
    return parts + [(start, end)]


def has_effect(text):
    """An assignment or increment in a condition: it must stay."""
    return re.search(r"(?<![=!<>])=(?!=)|\+\+|--", text) is not None


REFUSES = re.compile(r"\s*\{\s*(?:return (?:sys_return\()?(?:E_\w+|FAST_\w+|error|false|NULL)\)?;|\w+ = E_\w+;)\s*\}")


def of_ifs(text):
    """Each alternative of a condition whose body only refuses."""
    for match in re.finditer(r"\bif \(", text):
        begin = match.end()
        end = closing(text, begin - 1)
        if not REFUSES.match(text, end + 1):
            continue
        fast = re.match(r"!LIKELY\(", text[begin:end])
        if fast:        # in the negative: all of these must hold
            inner = begin + fast.end()
            parts, value = split(text, inner, closing(text, inner - 1), "&&"), "1"
        else:
            parts, value = [(begin, end)] if "?" in text[begin:end] else split(text, begin, end, "||"), "0"
        for first, last in parts:
            if not has_effect(text[first:last]):
                yield first, last, value


def of_choices(text):
    """Each COND ? E_X : ... of a statement."""
    for match in re.finditer(r"\? E_\w+", text):
        begin = max(text.rfind(c, 0, match.start()) for c in ";{}")
        depth, i = 0, match.start() - 1
        while i > begin:
            depth += {")": 1, "(": -1}.get(text[i], 0)
            if depth < 0 or (depth == 0 and (text[i] in ":?" or re.match(r"(?<![=!<>])=[^=]", text[i - 1:i + 1][-1:] +
                                                                         text[i + 1]) and text[i - 1] not in "=!<>")):
                break
            i -= 1
        start = i + 1
        word = re.match(r"\s*return\b", text[start:match.start()])
        start += word.end() if word else 0
        if not has_effect(text[start:match.start()]):
            yield start, match.start(), "0"


def blank(text):
    """Comments and strings overwritten with spaces, so that offsets stay."""
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def mutants_of(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    seen = set()
    code = blank(text)
    for begin, end, value in sorted([*of_ifs(code), *of_choices(code)]):
        was = " ".join(text[begin:end].split())
        if was in ("0", "1", "") or (begin, end) in seen:
            continue
        seen.add((begin, end))
        line = text.count("\n", 0, begin + len(text[begin:end]) - len(text[begin:end].lstrip())) + 1
        yield Mutant(path, line, begin, end, f" {value} ", was)


def chosen(options):
    paths = sorted({p for pattern in FILES for p in glob.glob(pattern)})
    found = [m for p in paths for m in mutants_of(p)
             if fnmatch.fnmatch(p, options.glob) or fnmatch.fnmatch(f"{p}:{m.line}", options.glob)]
    if options.sample and options.sample < len(found):
        found = sorted(random.Random(options.seed).sample(found, options.sample))
    return found


def copy_tree(to, built):
    """The sources, for the mutants; what was built there before stays, so that little is built again."""
    here = set()
    for folder, folders, names in os.walk("."):
        folders[:] = [f for f in folders if f not in (".git", "build") and
                      os.path.abspath(os.path.join(folder, f)) != built]
        for name in names:
            source = os.path.normpath(os.path.join(folder, name))
            target = os.path.join(to, source)
            here.add(target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if not os.path.exists(target) or open(source, "rb").read() != open(target, "rb").read():
                shutil.copyfile(source, target)
                shutil.copymode(source, target)
    for folder, folders, names in os.walk(to):
        folders[:] = [f for f in folders if f != "build"]
        for name in names:
            if os.path.join(folder, name) not in here:
                os.remove(os.path.join(folder, name))


def make(*words, folder="."):
    """Without warnings as errors: a check that is gone leaves things unused."""
    return subprocess.run(["make", "-s", "WARN=", *words], cwd=folder, capture_output=True, check=False).returncode == 0


class Lane:
    """One of the processes that try mutants, each in a copy of its own. The quick tests come first, and those before
    all that have caught others, of the same file above all."""

    def __init__(self, folder, remembered):
        os.chdir(folder)
        self.remembered = remembered
        sys.path.insert(0, f"{folder}/scripts")
        self.testrun = importlib.import_module("testrun")       # of the copy; it looks at the folder it stands in
        shutil.copyfile(IMAGE, WHOLE)
        self.seconds, self.kills, self.left_out = {}, collections.Counter(), []
        for path in sorted(glob.glob("test/boot/*.c") + glob.glob("test/unit/*_test.c")):
            self.measure(path)

    def measure(self, path):
        """How long a test takes that passes with all checks in their places; another one tells nothing."""
        name = os.path.basename(path)[:-2]
        if path.startswith("test/unit"):
            name, files = "unit/" + name[:-5], self.links(path)
            if not any(fnmatch.fnmatch(f, pattern) for f in files for pattern in FILES):
                return
        elif any(fnmatch.fnmatch(name, pattern) for pattern in OUT) or "nightly" in self.testrun.head_words(path, "boot"):
            return
        begin = time.monotonic()
        if self.fails(name, 60):
            self.left_out.append(name)
        else:
            self.seconds[name] = time.monotonic() - begin
            self.kills[name] = 9 * any(fnmatch.fnmatch(name, pattern) for pattern in FIRST)

    def fails(self, name, seconds, *more):
        if name.startswith("unit/"):
            return not make("test", f"T={name}")
        words = [w for w in self.testrun.head_words(f"test/boot/{name}.c", "boot") if not w.startswith("TIMEOUT=")]
        try:
            return self.testrun.boot(name, words + [f"TIMEOUT={seconds}", *more],
                                     self.testrun.log_path(f"mutants/{name}"))[0] == "FAIL"
        except Exception:       # the machine died so early that nothing can be read
            return True

    def links(self, path):
        return [w.strip(";") for w in self.testrun.head_words(path, "links")]

    def tests(self, mutant):
        path = mutant.path
        source = re.sub(r"(_fast)?\.h$", ".c", path)
        names = [n for n in self.seconds if not n.startswith("unit/") or
                 source in self.links(f"test/{n}_test.c")]
        return sorted(names, key=lambda n: n != self.remembered.get(key_of(mutant)) and
                      self.seconds[n] / (1 + self.kills[n] + 9 * self.kills[n, path]))

    def killer(self, mutant):
        """The test that notices, or None."""
        for name in self.tests(mutant):
            patience = round(PATIENCE + 3 * self.seconds[name])
            # not by chance: twice, and the whole kernel passes meanwhile
            if self.fails(name, patience) and self.fails(name, patience) and \
                    (name.startswith("unit/") or not self.fails(name, patience, f"KERNEL={WHOLE}")):
                self.kills.update([name, (name, mutant.path)])
                return name
        return None

    def attempt(self, mutant):
        """(result, by what) of one mutant."""
        with open(mutant.path, encoding="utf-8") as f:
            text = f.read()
        try:
            with open(mutant.path, "w", encoding="utf-8") as f:
                f.write(text[:mutant.begin] + mutant.text + text[mutant.end:])
            if not make(IMAGE):
                return "unbuilt", ""
            by = self.killer(mutant)
            return ("caught", by) if by else ("SURVIVED", "")
        finally:
            with open(mutant.path, "w", encoding="utf-8") as f:
                f.write(text)


def key_of(mutant):
    """What tells a mutant from one run to the next: most commits move its line."""
    return f"{mutant.path}: {mutant.was}"


def begin_lane(folders, remembered):
    global lane
    lane = Lane(folders.get(), remembered)
    for name in lane.left_out:
        print(f"fails by itself, left out: {name}", flush=True)


def attempt(mutant):
    begin = time.monotonic()
    return mutant, lane.attempt(mutant), time.monotonic() - begin


def read_memory(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def try_all(found, lanes, memory):
    """Counts of the results; one line each as they come. What noticed a mutant is tried first the next time."""
    counts, folders, remembered = collections.Counter(), multiprocessing.Queue(), read_memory(memory)
    for folder in lanes:
        folders.put(folder)
    with multiprocessing.Pool(len(lanes), begin_lane, (folders, dict(remembered))) as pool:
        for mutant, (result, by), seconds in pool.imap_unordered(attempt, found):
            counts[result] += 1
            remembered[key_of(mutant)] = by
            with open(memory, "w", encoding="utf-8") as f:
                json.dump(remembered, f, indent=1)
            print(f"{sum(counts.values())}/{len(found)} {result} {mutant.path}:{mutant.line}: {mutant.was}"
                  f"{'  by ' + by if by else ''} {seconds:.1f}", flush=True)
    return counts


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--list", action="store_true")
    args.add_argument("--sample", type=int, default=0)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--at-least", type=float, default=90)
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("glob", nargs="?", default="*")
    options = args.parse_args()
    found = chosen(options)
    if options.list or not found:
        print("\n".join(f"{m.path}:{m.line}: {m.was}" for m in found) or f"no check in {options.glob}")
        return 0 if found else 1
    copy = os.path.abspath(f"{os.environ.get('O') or 'build'}/mutants")
    lanes = [f"{copy}/{n}" for n in range(min(options.jobs, len(found)))]
    os.environ["O"] = "build"
    for folder in lanes:
        copy_tree(folder, os.path.dirname(copy))
        if not make("kernel", "boot-tests", "programs", folder=folder):
            print("the tree does not build")
            return 1
    counts = try_all(found, lanes, f"{copy}/killers.json")
    tried = counts["caught"] + counts["SURVIVED"]
    percent = 100 * counts["caught"] / tried if tried else 0
    print(f"{counts['caught']} of {tried} caught ({percent:.0f} %), {counts['unbuilt']} could not be built")
    return 0 if percent >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
