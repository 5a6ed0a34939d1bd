"""Issuing and verifying use no network (README: it works off line)."""

import subprocess
import sys

import pytest

from elicense.catalog import Catalog
from tests.elicense.crash.places import PROGRAMS
from tests.support import require_tool

_PROGRAM = [sys.executable, PROGRAMS / "offline.py"]
_EXPECTED = [
    f"{name} {what} VALID"
    for name in Catalog.builtin().names()
    for what in ("pdf", "text", "image")
]


def run(command):
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_watch_sees_a_look_up_of_a_name():
    done = run([*_PROGRAM, "--probe"])
    assert done.returncode == 70
    assert done.stderr == "network: socket.getaddrinfo\n"


@pytest.mark.parametrize("isolated", [False, True], ids=["watched", "no interface"])
def test_issuing_and_verifying_open_no_socket(tmp_path, isolated):
    prefix = []
    if isolated:
        prefix = [require_tool("unshare", "util-linux"), "--net", "--map-root-user"]
        if run([*prefix, "true"]).returncode:
            pytest.skip("this user may not make a network namespace")
    done = run([*prefix, *_PROGRAM, tmp_path])
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines() == [*_EXPECTED, "revoked REVOKED"]
