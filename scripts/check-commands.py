#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Does every command that Makefiles and scripts call belong to a package that scripts/doctor lists?

Looks at the words in command position of recipes and shell scripts, and at the first word of command lists in
Python. A fresh machine is then known to have whatever a rule needs.
"""
import glob
import os
import re
import shlex
import sys

PREFIXES = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"}
KEYWORDS = {"fi", "for", "done", "case", "esac", "in", "}", "[", "export", "local", ":", ".", "read", "set", "shift", "trap",
            "return", "continue", "break", "exit", "exec", "eval", "cd", "command", "unset", "wait"}
WORD = r"[a-zA-Z_/][\w./+-]*"


def known_commands():
    known = set()
    with open("scripts/packages.txt", encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#") and line.strip():
                _, package, _, how, *more = line.split()
                known |= {package, os.path.basename(how), *more}
    return known


def tokens(text):
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&()<>\n`")
    lexer.whitespace, lexer.commenters = " \t", "#"
    lexer.wordchars += "$@:%+,!{}[]^"
    try:
        return list(lexer)
    except ValueError:      # an apostrophe in a here document, say
        return []


def shell_commands(text):
    """Words in command position of shell text, functions of the text itself left out."""
    text = re.sub(r"<<-? *'?(\w+)'?.*?^\1$", "", text, flags=re.M | re.S).replace("\\\n", " ")
    text = re.sub(r"\$\{[^}]*\}", "X", text)
    nested = re.findall(r'"[^"\n]*?\$\(([^()]*)\)', re.sub(r"'[^']*'", "", text))
    words, own, depth = set(), set(), 0
    toks, starts = tokens(text) + ["\n"], True
    for tok, after in zip(toks, toks[1:]):
        if set(tok) <= set(";|&()<>\n`"):
            depth = max(0, depth + tok.count("(") - tok.count(")"))
            starts = tok[-1] not in "<>"
        elif after.startswith("()"):
            own.add(tok)
        elif tok in PREFIXES:
            starts = True
        elif starts and tok == "case":
            starts = False
        elif starts and not (after.startswith(")") and depth == 0) and not re.match(r"\w+=", tok):
            if re.fullmatch(WORD, tok):
                words.add(tok)
            starts = False
    for inner in nested:
        words |= shell_commands(inner)
    words |= set(re.findall(rf"\b(?:timeout(?: -k \d+)? \d+|exec|xargs|setpriv[\w -]*--) +({WORD})", text))
    return words - own - KEYWORDS


def without_make(text):
    """Recipe text with make's own $(...) replaced by a blank argument, and $$ by $."""
    text = re.sub(r"\$\$(?=\((?:filter|call|@))", "$", text)      # of a `define`
    text, out, depth, at = text.replace("$$", "\0"), [], 0, 0
    while at < len(text):
        if text.startswith("$(", at):
            depth, at = depth + 1, at + 2
        elif depth:
            depth, at = depth + {"(": 1, ")": -1}.get(text[at], 0), at + 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out).replace("\0", "$")


def make_commands(text):
    with open("Makefile", encoding="utf-8") as f:
        variables = dict(re.findall(r"^(PYTHON|CROSS)\s*:=\s*(.*)$", f.read(), re.M))
    text = text.replace("\\\n", " ")
    recipes = [line[1:] for line in text.splitlines() if line.startswith("\t")]
    recipes += re.findall(r"\$\(shell ([^)]*)\)", text)
    recipes = [re.sub(r"^\s*\$+\((?:if \$\(V\),,@|call say,\w+)\)", "", line) for line in recipes]
    recipes = [re.sub(r"\$+\((PYTHON|CROSS)\)", lambda m: variables[m.group(1)], line) for line in recipes]
    recipes = [line for line in recipes if not re.match(r"\s*\$\((foreach|file)\b", line)]
    return set().union(*(shell_commands(re.sub(r"^\s*[@+]?", "", without_make(line))) for line in recipes))


def python_commands(text):
    return set(re.findall(rf'(?:[^=] = |return |subprocess\.\w+\()\[\s*"({WORD})"\s*,', text))


def files():
    yield from ((p, make_commands) for p in ["Makefile"] + glob.glob("**/*.mk", recursive=True))
    for path in glob.glob("scripts/*") + glob.glob(".ci/*") + glob.glob("test/sys/*.py"):
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8") as f:
            first = f.readline()
        if path.endswith(".py") or "python" in first:
            yield path, python_commands
        elif first.startswith("#!"):
            yield path, shell_commands


def main():
    known, failed = known_commands(), False
    for path, extract in files():
        if path.startswith("build/"):
            continue
        with open(path, encoding="utf-8") as f:
            words = extract(f.read())
        for word in sorted(words):
            if word in known or os.path.basename(word) in known or os.path.exists(word):
                continue
            print(f"{path}: error: no package of scripts/packages.txt provides `{word}`")
            failed = True
    return 1 if failed else 0


sys.exit(main())
