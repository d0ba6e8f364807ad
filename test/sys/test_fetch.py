# SPDX-License-Identifier: MIT
"""scripts/fetch-source where it cannot work: one sentence that says why, and nothing left behind. That it works shows
whenever the web server is built."""
import os
import re
import subprocess


def fetch(folder, **environment):
    return subprocess.run(["scripts/fetch-source", "lwip", str(folder / "src" / "lwip")], capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)


def refused(result, folder, says):
    assert result.returncode == 1
    assert re.fullmatch(rf"fetch-source: lwip: [^\n]*{says}[^\n]*\n", result.stderr), result.stderr
    assert not os.path.exists(folder / "src" / "lwip")


def test_no_network(tmp_path):
    """apt asks a proxy that is not there."""
    result = fetch(tmp_path, http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    refused(result, tmp_path, "is there a network")


def test_no_tools(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "mkdir", "env", "sh", "apt-get"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    refused(fetch(tmp_path, PATH=str(tools)), tmp_path, "dpkg-source is missing")


def test_already_there(tmp_path):
    (tmp_path / "src" / "lwip").mkdir(parents=True)
    result = fetch(tmp_path, PATH="/nonexistent:/usr/bin:/bin", http_proxy="http://127.0.0.1:9")
    assert result.returncode == 0 and result.stdout == ""
    assert os.listdir(tmp_path / "src" / "lwip") == []
