#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the disk of the web server: a site as a newc cpio archive, padded to whole 4 KiB blocks.

  mksite.py [--site DIR] --out disk.img

Without --site: this project's README.md and docs/, rendered to HTML with scripts/site/page.html. The archive depends
on names and contents only. Names are sorted, owners and times are 0. A file that is not a regular file or a
folder, a link that leaves the folder, what cannot be read, and names that newc cannot hold are refused.
An existing disk.img with the same contents is left alone.
"""
import argparse
import html
import os
import re
import string
import sys
import unicodedata

BLOCK = 4096
SLACK_BLOCKS = 16               # free blocks behind the archive
NAME_MAX = 4095                 # bytes, as the server takes them
FILE_MAX = 0xFFFFFFFF           # newc's sizes have 32 bits
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SITE = os.path.join(ROOT, "scripts", "site")


class Refused(Exception):
    """What is wrong with the site, for its author."""


# --- the archive --------------------------------------------------------------------------------

def header(number, name, size, mode):
    fields = (number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name + b"\0"
    return head + bytes(-len(head) % 4)


def chunks_of(path):
    with open(path, "rb") as f:
        while chunk := f.read(1 << 20):
            yield chunk


def archive(files):
    """The bytes of the archive, piece by piece; files: {name: bytes, or the path of a file as str}."""
    at = number = 0
    for name in sorted(files):
        content = files[name]
        size = os.path.getsize(content) if isinstance(content, str) else len(content)
        number += 1
        yield header(number, name, size, 0o100644)
        done = 0
        for chunk in chunks_of(content) if isinstance(content, str) else (content,):
            done += len(chunk)
            yield chunk
        if done != size:
            raise Refused(f"{os.fsdecode(name)} changed while it was read")
        yield bytes(-size % 4)
        at += len(header(number, name, size, 0)) + size + -size % 4
    trailer = header(0, b"TRAILER!!!", 0, 0)
    yield trailer
    yield bytes(-(at + len(trailer)) % BLOCK + SLACK_BLOCKS * BLOCK)


def same(path, pieces):
    """Whether the file holds exactly these bytes."""
    try:
        with open(path, "rb") as f:
            return all(f.read(len(piece)) == piece for piece in pieces) and not f.read(1)
    except FileNotFoundError:
        return False


def write(path, files):
    if same(path, archive(files)):
        return
    with open(path + ".new", "wb") as f:
        for piece in archive(files):
            f.write(piece)
    os.replace(path + ".new", path)


# --- a folder of the user's ---------------------------------------------------------------------

def check_name(name):
    shown = os.fsdecode(name)
    if len(name) > NAME_MAX:
        raise Refused(f"the name is longer than {NAME_MAX} bytes: {shown[:60]}...")
    if any(byte < 32 or byte == 127 for byte in name):
        raise Refused(f"no URL can name a file with a control character: {shown!r}")
    if name == b"TRAILER!!!":
        raise Refused("a file called TRAILER!!! would end the archive")


def collect(folder):
    """{name: path} of all files below the folder. Links are followed if they stay inside."""
    files = {}
    top = os.path.realpath(folder)

    def enter(path, prefix, above):
        try:
            entries = sorted(os.scandir(os.fsencode(path)), key=lambda entry: entry.name)
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from error
        for entry in entries:
            inside = os.path.join(path, os.fsdecode(entry.name))
            real = os.path.realpath(inside)
            if os.path.commonpath([top, real]) != top:
                raise Refused(f"{inside} is a link that leaves the site, to {real}")
            if os.path.isdir(real):
                if real in above:
                    raise Refused(f"{inside} is a link to a folder that it is in")
                enter(inside, prefix + entry.name + b"/", above | {real})
            elif not os.path.exists(real):
                raise Refused(f"{inside} is a link to nothing")
            elif not os.path.isfile(real):
                raise Refused(f"{inside} is neither a file nor a folder")
            elif not os.access(real, os.R_OK):
                raise Refused(f"{inside} cannot be read")
            elif os.path.getsize(real) > FILE_MAX:
                raise Refused(f"{inside} is larger than 4 GiB, which newc cannot hold")
            else:
                check_name(prefix + entry.name)
                files[prefix + entry.name] = real
    if not os.path.isdir(folder):
        raise Refused(f"{folder}: there is no such folder")
    enter(folder, b"", {top})
    return files


# --- the default site ---------------------------------------------------------------------------

def markdown_files():
    """Paths of the pages, relative to the project, in the order of the navigation."""
    found = ["README.md"] + [f for f in ("CONTRIBUTING.md",) if os.path.exists(os.path.join(ROOT, f))]
    for folder, folders, names in os.walk(os.path.join(ROOT, "docs")):
        folders.sort()
        there = os.path.relpath(folder, ROOT)
        found += sorted((os.path.join(there, n) for n in names if n.endswith(".md")),
                        key=lambda path: (not path.endswith("README.md"), path))
    return found


def page_of(path):
    """The name of the page that shows a Markdown file."""
    folder, name = os.path.split(path)
    return os.path.join(folder, "index.html" if name == "README.md" else name[:-3] + ".html")


def prepared(text):
    """Markdown as GitHub reads it: a list may follow a paragraph without an empty line."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        starts_item = re.match(r"([-*+]|\d+\.) ", line)
        if starts_item and not fenced and lines and re.match(r"[^\s\-*+|#>\d]", lines[-1]):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def slug(text, separator):
    """The name of a heading, as GitHub makes it."""
    text = unicodedata.normalize("NFC", text).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", separator)


def rewrite(href, page, pages, extra):
    """Where a link of a page leads on the site; None if it leads nowhere there. Files it names go to `extra`."""
    if re.match(r"[a-z][a-z0-9+.-]*:|#|//", href):
        return href
    path, mark, fragment = href.partition("#")
    here = os.path.dirname(page)
    target = os.path.normpath(os.path.join(here, path))
    if os.path.isdir(os.path.join(ROOT, target)):
        target = os.path.join(target, "README.md")
    if target in pages:
        target = page_of(target)
    elif target.startswith("..") or not os.path.isfile(os.path.join(ROOT, target)):
        return None
    else:
        source = os.path.join(ROOT, target)
        target += "" if os.path.splitext(target)[1] in (".svg", ".png", ".css", ".html") else ".txt"
        extra[os.fsencode(target)] = source
    return os.path.relpath(target, here or ".") + mark + fragment


def render(text, page, pages, extra):
    """(title, HTML) of a page."""
    import markdown             # only here: a site of the user's needs no renderer
    text = re.sub(r"\A\s*<!--.*?-->\s*", "", text, flags=re.S)
    body = markdown.markdown(prepared(text), tab_length=2, output_format="html",
                             extensions=["tables", "fenced_code", "sane_lists", "toc"],
                             extension_configs={"toc": {"slugify": slug}})

    def link(match):
        where = rewrite(html.unescape(match[2]), page, pages, extra)
        return f'<a href="{html.escape(where)}">{match[3]}</a>' if where is not None else match[3]

    def image(match):
        where = rewrite(html.unescape(match[2]), page, pages, extra)
        return f'{match[1]}src="{html.escape(where or "")}"'
    body = re.sub(r'<a( )href="([^"]*)">(.*?)</a>', link, body, flags=re.S)
    body = re.sub(r'(<img [^>]*?)src="([^"]*)"', image, body)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", body, re.S)
    title = html.unescape(re.sub(r"<[^>]*>", "", heading[1])) if heading else os.path.basename(page)
    return title, body


def navigation(page, titles):
    parts, folder = [], None
    for path, title in titles.items():
        if os.path.dirname(path) != folder:
            parts.append("</ul>" if parts else "")
            folder = os.path.dirname(path)
            parts.append(f"<h2>{html.escape(folder)}</h2>" if folder else "")
            parts.append("<ul>")
        where = os.path.relpath(page_of(path), os.path.dirname(page) or ".")
        current = ' aria-current="page"' if path == page else ""
        shown = html.escape(title if path != "README.md" else "Overview")
        parts.append(f'<li><a href="{html.escape(where)}"{current}>{shown}</a></li>')
    return "\n".join(filter(None, parts + ["</ul>"]))


def default_site():
    with open(os.path.join(SITE, "page.html"), encoding="utf-8") as f:
        template = string.Template(f.read())
    files = {name: os.path.join(SITE, os.fsdecode(name)) for name in (b"style.css", b"logo.svg")}
    rendered = {}
    pages = markdown_files()
    for page in pages:
        with open(os.path.join(ROOT, page), encoding="utf-8") as f:
            rendered[page] = render(f.read(), page, pages, files)
    titles = {page: title for page, (title, _) in rendered.items()}
    for page, (title, body) in rendered.items():
        root = "../" * page.count("/")
        text = template.substitute(title=html.escape(title), body=body, root=root,
                                   navigation=navigation(page, titles))
        files[os.fsencode(page_of(page))] = text.encode()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", metavar="DIR")
    parser.add_argument("--out", metavar="IMAGE", required=True)
    words = parser.parse_args()
    try:
        files = collect(words.site) if words.site else default_site()
        write(words.out, files)
        if b"index.html" not in files:
            print(f"mksite: {words.site} has no index.html, so / will answer 404", file=sys.stderr)
    except Refused as refused:
        sys.exit(f"mksite: {refused}")
    except OSError as error:
        sys.exit(f"mksite: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
