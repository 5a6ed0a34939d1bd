"""Workspaces for the tests of issuing and of the workspace itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from elicense import Workspace
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START

PROGRAMS = Path(__file__).parent


def found(folder: Path) -> Path:
    """Make a workspace ``ws`` in a folder, to be copied, and return the folder."""
    made = Workspace.create(
        folder / "ws", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
    )
    made.close()
    return folder


def copy(base: Path, target: Path) -> Path:
    """Return a copy of a folder made by `found`."""
    return Path(shutil.copytree(base, target))


def opened(folder: Path) -> Workspace:
    """Open the workspace ``ws`` in a folder."""
    return Workspace(folder / "ws", PASSPHRASE)


def opened_without_passphrase(folder: Path) -> Workspace:
    """Open the workspace ``ws`` in a folder with the passphrase that is kept in it."""
    return Workspace(folder / "ws")


def run(program: str, *arguments: str | Path, hash_seed: int = 0) -> list[str]:
    """Run a program of this folder and return the lines it printed."""
    done = subprocess.run(
        [sys.executable, PROGRAMS / program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def killed(job: str, base: Path, out: Path) -> dict[int, str]:
    """Kill a job at each of its points in turn; return number -> point."""
    out.mkdir()
    *points, last = run("killed.py", job, base, out)
    assert last == "done"
    found_points = dict(line.split(" ", 1) for line in points)
    return {int(n): point for n, point in found_points.items()}
