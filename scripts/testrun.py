#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The test runner behind `make test`, `make test-list` and `make nightly`.

  testrun.py [--list] [--nightly] [--strict] [--jobs N] [GLOB]
  testrun.py --fuzz NAME --seconds N [--smp N --seed N]

Kinds: unit/X (host, ASan), boot/X (a program in QEMU that prints TAP), sys/FILE/FUNC (pytest), fuzz/X (a short
run of each target), check/X (what `make check` looks at). GLOB is matched against the name, with or without
its kind. One line per test, the 10 slowest, then the totals; logs in build/test/NAME.log and junit.xml.
Everything must have been built before.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zlib
from xml.sax.saxutils import escape, quoteattr

import mkinitrd
import qemu
import tap

OUT = f"{qemu.BUILD}/test"
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib"]
UNIT_SECONDS, FILE_SECONDS, BOOT_SECONDS, FUZZ_SECONDS = 240, 900, 60, 4

Result = collections.namedtuple("Result", "name outcome seconds reason")
# run(names wanted, report function); alone: more harts than cores, so nothing else runs meanwhile
Job = collections.namedtuple("Job", "names run alone", defaults=[False])


def log_path(name):
    path = f"{OUT}/{name}.log"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def simple(name, judge):
    """A job of one test: judge(log path) returns (outcome, reason)."""
    def run(_, report):
        begin = time.monotonic()
        try:
            outcome, reason = judge(log_path(name))
        except Exception as error:      # a broken test is a failed test, and the others go on
            outcome, reason = "FAIL", f"{type(error).__name__}: {error}"
        report(Result(name, outcome, time.monotonic() - begin, reason))
    return Job([name], run)


def program(words, log, seconds, env=None):
    """Run a host program; its output goes to the log."""
    with open(log, "wb") as f:
        try:
            status = subprocess.run(words, stdout=f, stderr=f, stdin=subprocess.DEVNULL, timeout=seconds,
                                    env={**os.environ, **(env or {})}, check=False).returncode
        except subprocess.TimeoutExpired:
            return "FAIL", f"not done within {seconds} s"
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    if status == 0:
        return "ok", ""
    telling = re.findall(r"^.*(?:ERROR: AddressSanitizer|runtime error|FAILED  \]|error:).*$", text, re.M)
    lines = telling or text.splitlines() or [f"status {status}"]
    return "FAIL", lines[0 if telling else -1].strip()


def unit_jobs(nightly):
    env = {"LONG": "1"} if nightly else {}
    for source in sorted(glob.glob("test/unit/*_test.c")):
        binary = f"{qemu.BUILD}/host/{source[:-2]}"
        yield simple("unit/" + os.path.basename(source)[:-7],
                     lambda log, b=binary: program([b], log, UNIT_SECONDS * (10 if nightly else 1), env))


def head_lines(source, key):
    """The words of each line `key:` in the head comment of a test."""
    with open(source, encoding="utf-8") as f:
        head = "".join(f.readlines()[:40])
    return [line.split() for line in re.findall(rf"^[ /*]*{key}:(.*?)(?:\*/)?$", head, re.M)]


def head_words(source, key):
    """Those of the first one."""
    return (head_lines(source, key) or [[]])[0]


def boot_jobs(nightly):
    for name in sorted({os.path.splitext(os.path.relpath(p, "test/boot"))[0].split(os.sep)[0]
                        for p in glob.glob("test/boot/*.c") + glob.glob("test/boot/*/*.c")}):
        source = next(p for p in (f"test/boot/{name}.c", f"test/boot/{name}/{name}.c") if os.path.exists(p))
        for run, words in enumerate(head_lines(source, "boot") or [[]], 1):
            if "nightly" not in words or nightly:
                test = f"boot/{name}" if run == 1 else f"boot/{name}:{run}"
                yield simple(test, lambda log, n=name, w=words: boot(n, w, log))


def taken_files(settings):
    """What FILES= of a boot: line names, which is no setting of the machine."""
    return sorted(glob.glob(settings.pop("FILES", "")))


def boot(name, words, log):
    """Boot one test program under init and judge its TAP."""
    settings = dict(w.split("=", 1) for w in words if "=" in w)
    seconds = float(settings.pop("TIMEOUT", BOOT_SECONDS))
    base = log.removesuffix(".log")
    if "DISK" in settings:
        settings["DISK"] = mkinitrd.numbered_disk(base + ".disk", settings["DISK"])
    if "paranoid" in words:
        settings["KERNEL"] = f"{qemu.BUILD}/paranoid/qemu-virt/Image"
        if not os.path.exists(settings["KERNEL"]):
            return "FAIL", f"there is no {settings['KERNEL']}; try: make paranoid"
    settings["INITRD"] = mkinitrd.boot_test(name, base + ".cpio", as_init="init" in words, files=taken_files(settings))
    with qemu.Machine(log=log, **qemu.options_of(settings)) as machine:
        status = machine.finish(seconds)
        outcome, reason = tap.judge(machine.console)
    if outcome != "FAIL" and status == qemu.TIMED_OUT:
        return "FAIL", f"no power-off within {seconds:g} s"
    if outcome != "FAIL" and status:
        return "FAIL", "the machine did not end in an orderly power-off"
    return outcome, reason


def fuzz_jobs(nightly):
    for source in sorted(glob.glob("test/fuzz/*.c")):
        name = os.path.basename(source)[:-2]
        seconds = FUZZ_SECONDS * 75 if nightly else fuzz_settings(name).get("SECONDS", FUZZ_SECONDS)
        yield simple(f"fuzz/{name}", lambda log, n=name, s=seconds: fuzz(n, int(s), log))
    yield simple("fuzz/guest", lambda _, s=FUZZ_SECONDS * (75 if nightly else 3): fuzz_guest(s, 2, new_seed()))


def fuzz_settings(name):
    """Of the line `fuzz:` in the head comment of a target: SECONDS of a short run, -options of libFuzzer."""
    return dict(w.split("=", 1) for w in head_words(f"test/fuzz/{name}.c", "fuzz"))


def fuzz(name, seconds, log):
    """Run a libFuzzer target from its seeds; new inputs go to a copy under build/."""
    corpus, seeds = f"{OUT}/fuzz/{name}.corpus", f"test/fuzz/{name}"
    os.makedirs(corpus, exist_ok=True)
    words = [f"{qemu.BUILD}/host/test/fuzz/{name}", f"-max_total_time={int(seconds)}", "-print_final_stats=1",
             f"-artifact_prefix={OUT}/fuzz/{name}-", corpus] + ([seeds] if os.path.isdir(seeds) else [])
    words += [f"{key}={value}" for key, value in fuzz_settings(name).items() if key.startswith("-")]
    outcome, reason = program(words, log, seconds + 60)
    if outcome == "FAIL":
        with open(log, encoding="utf-8", errors="replace") as f:
            unit = re.search(r"Test unit written to (\S+)", f.read())
        reason = f"{unit.group(1)}: {reason}" if unit else reason
    return outcome, reason


def new_seed():
    return time.time_ns() // 1000 % 10 ** 9


def fuzz_guest(seconds, smp, seed):
    """System calls at random on the target: boot/hostile_fuzz on the kernel that checks all its invariants."""
    log = log_path("fuzz/guest")
    settings = {"SMP": smp, "MEM": "32M", "NET": "user", "APPEND": f"fuzz={seconds} seed={seed}",
                "KERNEL": f"{qemu.BUILD}/paranoid/qemu-virt/Image", "TIMEOUT": str(3 * seconds + 120),
                "DISK": "1M"}
    outcome, reason = boot("hostile_fuzz", ["init"] + [f"{k}={v}" for k, v in settings.items()], log)
    if outcome == "FAIL":
        with open(log, encoding="utf-8", errors="replace") as f:
            last = (re.findall(r"^# seed (\d+)", f.read(), re.M) or [seed])[-1]
        reason += f"; log: {log}; try: make fuzz T=guest SMP={smp} SECONDS=5 SEED={last}"
    return outcome, reason


def check_jobs(_):
    for path in sorted(glob.glob("scripts/check-*")):
        name = os.path.splitext(os.path.basename(path))[0].removeprefix("check-")
        if os.access(path, os.X_OK):
            yield simple(f"check/{name}", lambda log, p=path: program([p], log, FILE_SECONDS))


def sys_jobs(nightly):
    words = PYTEST + ["--collect-only", "-q", "test/sys"] + ([] if nightly else ["-m", "not nightly"])
    listing = subprocess.run(words, capture_output=True, text=True, check=False)
    if listing.returncode not in (0, 5):
        yield simple("sys/collect", lambda _: ("FAIL", listing.stdout.strip().splitlines()[-1]))
    files = collections.defaultdict(list)
    for node in re.findall(r"^test/sys/\S+?\.py::.*$", listing.stdout, re.M):
        files[node.split("::")[0]].append(node)
    for path, nodes in files.items():
        names = {sys_name(node): node for node in nodes}
        with open(path, encoding="utf-8") as f:
            alone = re.search(r"^ALONE = True", f.read(), re.M) is not None
        yield Job(list(names), lambda wanted, report, p=path, n=names: pytest_file(p, n, wanted, report), alone)


def sys_name(node):
    """test/sys/test_FILE.py::test_FUNC[a-b] is sys/FILE/FUNC:a-b: one word, without what a glob takes apart."""
    path, function = node.split("::", 1)
    function = re.sub(r"\[(.*)\]$", r":\1", function.removeprefix("test_"))
    name = re.sub(r"[^-:.,+=/a-zA-Z0-9_]+", "_", function)
    if len(name) > 70:
        name = f"{name[:60]}~{zlib.crc32(name.encode()):08x}"
    return f"sys/{os.path.basename(path)[5:-3]}/{name}"


def pytest_file(path, names, wanted, report):
    """Run the wanted functions of one file in one pytest; conftest.py tells each result as a JSON line."""
    reader, writer = os.pipe()
    left, begin = set(wanted), time.monotonic()
    with open(log_path("sys/" + os.path.basename(path)[5:-3]), "wb") as log:
        process = subprocess.Popen(PYTEST + ["-v"] + [names[n] for n in wanted], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, pass_fds=[writer],
                                   env={**os.environ, "CHITIN_RESULTS": str(writer)})
        os.close(writer)
        killer = threading.Timer(FILE_SECONDS * (1 + 9 * ("NIGHTLY" in os.environ)), process.kill)
        killer.start()
        with open(reader, encoding="utf-8") as lines:
            for line in lines:
                data = json.loads(line)
                name = sys_name(data["node"])
                left.discard(name)
                report(Result(name, data["outcome"], data["seconds"], data["reason"]))
        process.wait()
        killer.cancel()
    for name in sorted(left):
        report(Result(name, "FAIL", time.monotonic() - begin, "pytest ended without its result"))


def matches(name, pattern):
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, "*/" + pattern)


def selected(pattern, nightly):
    """[(job, names wanted of it)], the long ones first so that the two lanes end together."""
    makers = {"sys": sys_jobs, "check": check_jobs, "boot": boot_jobs, "unit": unit_jobs, "fuzz": fuzz_jobs}
    kind = pattern.split("/")[0] if "/" in pattern else None
    jobs = [job for k, maker in makers.items() if kind not in makers or kind == k for job in maker(nightly)]
    picked = [(job, [n for n in job.names if matches(n, pattern)]) for job in jobs]
    return [(job, names) for job, names in picked if names]


def write_junit(results):
    with open(f"{OUT}/junit.xml", "w", encoding="utf-8") as f:
        f.write(f'<testsuite name="chitin" tests="{len(results)}">\n')
        for r in results:
            kind, name = r.name.split("/", 1)
            f.write(f'<testcase classname={quoteattr(kind)} name={quoteattr(name)} time="{r.seconds:.3f}">')
            if r.outcome == "FAIL":
                f.write(f"<failure message={quoteattr(r.reason)}>{escape(r.reason)}</failure>")
            elif r.outcome == "skip":
                f.write(f"<skipped message={quoteattr(r.reason)}/>")
            f.write("</testcase>\n")
        f.write("</testsuite>\n")


def run_all(picked, jobs, strict):
    results, lock = [], threading.Lock()

    def report(result):
        if strict and result.outcome == "skip":
            result = result._replace(outcome="FAIL", reason=f"skipped under STRICT: {result.reason}")
        with lock:
            results.append(result)
            print(f"{result.outcome:4} {result.name} {result.seconds:.1f} {result.reason}".rstrip(), flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(job.run, names, report) for job, names in picked if not job.alone]
        for future in futures:
            future.result()
    for job, names in picked:
        if job.alone:
            job.run(names, report)
    return results


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--list", action="store_true")
    args.add_argument("--nightly", action="store_true")
    args.add_argument("--strict", action="store_true")
    args.add_argument("--fuzz")
    args.add_argument("--seconds", type=int, default=60)
    args.add_argument("--smp", type=int, default=1)
    args.add_argument("--seed", type=int)
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("pattern", nargs="?", default="*")
    opts = args.parse_args()
    if opts.fuzz:
        if opts.fuzz == "guest":
            seed = opts.seed or new_seed()
            print(f"seed {seed}", flush=True)
            outcome, reason = fuzz_guest(opts.seconds, opts.smp, seed)
        else:
            outcome, reason = fuzz(opts.fuzz, opts.seconds, log_path(f"fuzz/{opts.fuzz}"))
        print(f"{outcome} fuzz/{opts.fuzz} {reason}".rstrip())
        return 0 if outcome == "ok" else 1
    if opts.nightly:
        os.environ["NIGHTLY"] = "1"
    picked = selected(opts.pattern, opts.nightly)
    if opts.list:
        print("\n".join(n for _, names in picked for n in names))
        return 0
    if not picked:
        sys.exit(f"no test matches T={opts.pattern}; try: make test-list")
    if opts.pattern == "*":
        shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT, exist_ok=True)
    results = run_all(picked, opts.jobs, opts.strict)
    write_junit(results)
    print("\nslowest:")
    for r in sorted(results, key=lambda r: -r.seconds)[:10]:
        print(f"  {r.seconds:6.1f} s  {r.name}")
    counts = collections.Counter(r.outcome for r in results)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
