#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Evaluate Kconfig strictly: any symbol that is unknown, unmet or out of range is an error.

  kconfig.py build IN OUTDIR [CONFIG_X=v ...]   write .config, autoconf.h and auto.conf
  kconfig.py save IN OUT                        write the minimal file that gives the same settings
  kconfig.py load IN OUT                        write the full file

Called by the Makefile on every run; a file whose content is unchanged keeps its time stamp.
Every symbol is defined in autoconf.h (bools as 0 or 1), so C code says `if (CONFIG_X)`.
"""
import os
import sys

try:
    import kconfiglib
except ImportError:
    sys.exit("kconfig: /usr/bin/python3 has no kconfiglib; try: apt-get install python3-kconfiglib")


def load(path, overrides):
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=False)
    kconf.warn_assign_undef = True
    kconf.load_config(path)
    wanted = {s.name: (s.user_value, path) for s in kconf.unique_defined_syms
              if s.user_value is not None}
    problems = [f"{path}: CONFIG_{name} is no symbol of Kconfig" for name, _ in kconf.missing_syms]
    for word in overrides:
        name, value = word.removeprefix("CONFIG_").split("=", 1)
        sym = kconf.syms.get(name)
        if sym is None or not sym.nodes:
            problems.append(f"command line: CONFIG_{name} is no symbol of Kconfig")
        elif not sym.set_value(value.strip('"')):
            problems.append(f"command line: CONFIG_{name}={value} is no valid "
                            f"{kconfiglib.TYPE_TO_STR[sym.orig_type]}")
        else:
            wanted[name] = (sym.user_value, "command line")
    problems += [p for name, want in wanted.items() if (p := check(kconf.syms[name], *want))]
    problems += powers(kconf)
    problems = problems or [w for w in kconf.warnings if "undefined symbol" not in w]
    if problems:
        sys.exit("\n".join(f"kconfig: {p}" for p in dict.fromkeys(problems)))
    return kconf


def powers(kconf):
    """Sentences about symbols that must be, as their prompt says, a power of two and are not."""
    for sym in kconf.unique_defined_syms:
        asks = any(node.prompt and "(a power of two)" in node.prompt[0] for node in sym.nodes)
        if asks and int(sym.str_value).bit_count() != 1:
            yield f"CONFIG_{sym.name}={sym.str_value} is no power of two"


def check(sym, value, source):
    """A sentence if the symbol did not get the value somebody asked for, else None."""
    text = kconfiglib.TRI_TO_STR[value] if isinstance(value, int) else value
    if sym.str_value == text:
        return None
    if sym.visibility == 0:
        needs = kconfiglib.expr_str(sym.direct_dep)
        return f"{source}: CONFIG_{sym.name}={text} needs {needs}, which does not hold"
    for low, high, cond in sym.ranges:
        if kconfiglib.expr_value(cond):
            return (f"{source}: CONFIG_{sym.name}={text} is out of range "
                    f"{low.str_value}..{high.str_value}")
    return f"{source}: CONFIG_{sym.name}={text} came out as {sym.str_value}"


def header(kconf):
    lines = ["/* Generated from Kconfig. */"]
    for sym in kconf.unique_defined_syms:
        if sym.orig_type in (kconfiglib.BOOL, kconfiglib.TRISTATE):
            value = "1" if sym.str_value == "y" else "0"
        elif sym.orig_type == kconfiglib.STRING:
            value = '"' + kconfiglib.escape(sym.str_value) + '"'
        else:
            value = sym.str_value
        lines.append(f"#define CONFIG_{sym.name} {value}")
    return "\n".join(lines) + "\n"


def fragment(kconf):
    return "".join(f"CONFIG_{s.name}={s.str_value}\n" for s in kconf.unique_defined_syms
                   if s.str_value not in ("n", ""))


def write(path, text):
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(argv):
    if len(argv) < 4 or argv[1] not in ("build", "save", "load"):
        sys.exit(__doc__)
    kconf = load(argv[2], argv[4:])
    out = argv[3]
    if argv[1] == "save":
        kconf.write_min_config(out, header="")
    elif argv[1] == "load":
        kconf.write_config(out, save_old=False)
    else:
        os.makedirs(out, exist_ok=True)
        kconf.write_config(os.path.join(out, ".config"), save_old=False)
        write(os.path.join(out, "autoconf.h"), header(kconf))
        write(os.path.join(out, "auto.conf"), fragment(kconf))


main(sys.argv)
