# SPDX-License-Identifier: MIT
"""Judge a boot test by its console: TAP with the plan first and `# end` last.

A missing plan or end, fewer or other results than planned, a `not ok`, a panic: each is a failure. The exit
status of QEMU alone decides nothing. Other lines on the console are not looked at.
"""
import re

LINE = re.compile(r"^(?:(1\.\.\d+.*)|(not )?ok\b ?(\d+)?(.*)|(# end\b.*)|(Bail out!.*)|(chitin: panic.*))$")


def judge(console):
    """("ok" | "skip" | "FAIL", reason) for the whole text of a console."""
    planned, done, ended, skipped, wrong = None, 0, False, None, []
    for line in console.splitlines():
        match = LINE.match(line.rstrip())
        if not match:
            continue
        plan, negated, number, rest, end, bail, panic = match.groups()
        if panic or bail:
            return "FAIL", panic or bail
        if end:
            ended = True
        elif plan:
            if planned is not None or done:
                return "FAIL", "the plan does not come first, once"
            planned = int(re.match(r"1\.\.(\d+)", plan).group(1))
            skipped = (re.search(r"# *skip\w* *(.*)", plan, re.I) or [None, None])[1]
        else:
            done += 1
            if ended or (number and int(number) != done):
                wrong.append(f"result out of order: {line.strip()}")
            elif negated:
                wrong.append(f"not ok {number or done}{rest}")
    if planned is None:
        return "FAIL", "no plan was printed"
    if wrong:
        return "FAIL", wrong[0] + (f" (and {len(wrong) - 1} more)" if wrong[1:] else "")
    if done != planned:
        return "FAIL", f"{done} results of {planned} planned"
    if not ended:
        return "FAIL", "no `# end` was printed"
    if planned == 0:
        return ("skip", skipped) if skipped else ("FAIL", "nothing was planned")
    return "ok", ""
