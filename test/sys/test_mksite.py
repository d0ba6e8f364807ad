# SPDX-License-Identifier: MIT
"""scripts/mksite.py: what it packs, what it refuses, and that no link of the default site leads nowhere.

The archive is read by cpio(1), not by our own code.
"""
import os
import re
import subprocess
import sys
import urllib.parse

import pytest

MKSITE = [sys.executable, "scripts/mksite.py"]


def run(*words):
    return subprocess.run(MKSITE + list(words), capture_output=True, text=True, check=False)


def unpack(image, folder):
    os.makedirs(folder)
    with open(image, "rb") as f:
        subprocess.run(["cpio", "-id", "--quiet"], stdin=f, cwd=folder, check=True, capture_output=True)


def tree(folder):
    found = {}
    for path, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            with open(os.path.join(path, name), "rb") as f:
                found[os.path.relpath(os.path.join(path, name), os.fsencode(folder))] = f.read()
    return found


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "a b" / "c").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<p>hello")
    (folder / "empty").write_bytes(b"")
    (folder / "a b" / "50% + \u00e4\u4f60.txt").write_bytes(os.urandom(5000))
    (folder / "a b" / "c" / "four").write_bytes(b"four")
    return folder


def test_pack(site, tmp_path):
    image = tmp_path / "disk.img"
    (site / "inside").symlink_to("a b/c/four")
    assert run("--site", str(site), "--out", str(image)).returncode == 0
    assert os.path.getsize(image) % 4096 == 0
    unpack(image, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(site)


def test_same_again(site, tmp_path):
    images = [tmp_path / "1.img", tmp_path / "2.img"]
    for image in images:
        assert run("--site", str(site), "--out", str(image)).returncode == 0
    assert images[0].read_bytes() == images[1].read_bytes()
    before = os.stat(images[0])
    os.utime(site / "index.html")
    assert run("--site", str(site), "--out", str(images[0])).returncode == 0
    assert os.stat(images[0]).st_mtime_ns == before.st_mtime_ns
    (site / "index.html").write_bytes(b"<p>hallo")
    assert run("--site", str(site), "--out", str(images[0])).returncode == 0
    assert images[0].read_bytes() != images[1].read_bytes()


def spoil_leaving(site):
    (site / "out").symlink_to("/etc/hostname")


def spoil_dangling(site):
    (site / "x").symlink_to("nothing")


def spoil_loop(site):
    (site / "a b" / "up").symlink_to("..")


def spoil_fifo(site):
    os.mkfifo(site / "pipe")


def spoil_control(site):
    (site / "a\nb").write_bytes(b"")


def spoil_trailer(site):
    (site / "TRAILER!!!").write_bytes(b"")


def spoil_huge(site):
    with open(site / "huge", "wb") as f:
        f.truncate(1 << 32)


@pytest.mark.parametrize("spoil,says", [
    (spoil_leaving, "leaves the site"), (spoil_dangling, "link to nothing"), (spoil_loop, "leaves|that it is in"),
    (spoil_fifo, "neither a file"), (spoil_control, "control character"), (spoil_trailer, "end the archive"),
    (spoil_huge, "larger than 4 GiB")])
def test_refuse(site, tmp_path, spoil, says):
    spoil(site)
    result = run("--site", str(site), "--out", str(tmp_path / "disk.img"))
    assert result.returncode == 1
    assert re.fullmatch(r"mksite: [^\n]*\n", result.stderr)
    assert re.search(says, result.stderr)
    assert not os.path.exists(tmp_path / "disk.img")


def test_no_folder(tmp_path):
    result = run("--site", str(tmp_path / "none"), "--out", str(tmp_path / "disk.img"))
    assert result.returncode == 1 and "no such folder" in result.stderr


def test_default_links(tmp_path):
    image = tmp_path / "disk.img"
    assert run("--out", str(image)).returncode == 0
    unpack(image, tmp_path / "out")
    files = tree(tmp_path / "out")
    assert {b"index.html", b"style.css", b"logo.svg"} < set(files)
    pages = [name for name in files if name.endswith(b".html")]
    assert len(pages) > 8
    for page in pages:
        text = files[page].decode()
        assert "](" not in text, f"{page}: a link that was not rendered"
        for link in re.findall(r'(?:href|src)="([^"]*)"', text):
            path, _, fragment = urllib.parse.unquote(link).partition("#")
            if "://" in link:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(page), os.fsencode(path))) if path else page
            assert target in files, f"{page}: {link} leads nowhere"
            assert not fragment or f'id="{fragment}"' in files[target].decode(), f"{page}: {link}"
