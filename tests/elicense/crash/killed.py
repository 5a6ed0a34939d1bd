"""Run one job again and again, killed at another point each time.

    python killed.py JOB BASE OUT

A warm parent forks a child for each n. The child takes a copy of the folder BASE, named
OUT/n, does the job in it and kills itself with SIGKILL at its n-th commit point: right
before a call into C that makes something durable or visible. For each child the parent
prints one line, ``n`` and the point, and ends with ``done`` once a child came through.
The points are found by the interpreter's profiling hook, so that no call is replaced
and a new one in the code is found without a list of places.
"""

import io
import os
import posix
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from elicense import Workspace, files, sample
from elicense.changing import Grounds
from elicense.cli import program
from elicense.custody import Owner
from elicense.events import Reason
from elicense.issuing import Request
from elicense.issuing import issue as issue_now
from elicense.model import Organization

START = datetime(2026, 11, 21, 15, 59, 50, tzinfo=UTC)  # ten seconds before midnight
SOON = START + timedelta(minutes=1)  # under the publication of START
LATER = START + timedelta(days=8)  # the publication of START is out of date
NAME, CODE = "示例市行政审批局", "11990100000000027A"
PASSPHRASE = b"for tests"
OWNER = Owner(Organization(CODE, NAME), ("food-business",))
CASE = "990100000000000001"
OLD, NEW = b"old" * 30_000, b"new" * 30_000
_SYSTEM = frozenset(
    {"fchmod", "fsync", "ftruncate", "mkdir", "pwrite", "rename", "replace", "unlink"}
)
_BUFFER = frozenset({"write", "flush", "close"})
_READING = ("SELECT", "PRAGMA", "ROLLBACK")


def is_point(frame: FrameType, called: object) -> bool:
    """Tell whether a call into C makes something durable or visible."""
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if owner is posix:
        return name in _SYSTEM
    if isinstance(owner, sqlite3.Connection):
        sql = str(frame.f_locals.get("sql", "")).lstrip()
        return name == "close" or not sql.startswith(_READING)
    buffers = (io.BufferedWriter, io.BufferedRandom)
    return isinstance(owner, buffers) and name in _BUFFER


class Fuse:
    """Counts commit points and kills the process at one of them."""

    def __init__(self, n: int, report: int) -> None:
        self.left, self.report = n, report

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event != "c_call" or not is_point(frame, arg):
            return
        self.left -= 1
        if not self.left:
            name = getattr(arg, "__name__", "")
            what = " ".join(str(frame.f_locals.get("sql", name)).split())[:40]
            os.write(self.report, f"{frame.f_code.co_name}: {what}".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def issue(folder: Path) -> None:
    """Issue under a publication that is out of date, so that one is made first."""
    with Workspace(folder / "ws", PASSPHRASE) as workspace:
        application = sample("food-business", LATER)
        workspace.issue("food-business", application, number=CASE, at=LATER)


def renewal(old: str) -> Request:
    """Return the request for a new version of a license."""
    return Request(
        type_name="food-business",
        application=sample("food-business", SOON) | {"principal": "王示例"},
        number=CASE,
        operation="renew",
        previous=old,
        grounds=Grounds(reason=Reason.CORRECTED, note="test"),
    )


def follow(folder: Path) -> None:
    """Issue a new version of the one license that is there."""
    with Workspace(folder / "ws", PASSPHRASE) as workspace:
        old = next(workspace.register.rows()).identifier
        issue_now(workspace.desk(SOON), renewal(old), SOON)


def create(folder: Path) -> None:
    """Make a workspace."""
    Workspace.create(folder / "ws", name=NAME, code=CODE, at=START).close()


def publish(folder: Path) -> None:
    """Publish a revocation."""
    with Workspace(folder / "ws", PASSPHRASE) as workspace:
        workspace.publish(LATER)


def opened(folder: Path) -> Workspace:
    """Open the workspace in a folder."""
    return Workspace(folder / "ws", PASSPHRASE)


def renew_key(folder: Path) -> None:
    """Let a new token key sign."""
    with opened(folder) as workspace, workspace.custody.changing():
        workspace.custody.renew("token", OWNER, LATER)


def compromise(folder: Path) -> None:
    """Mark the seal as compromised."""
    with opened(folder) as workspace, workspace.custody.changing():
        seal = workspace.custody.parts.seal
        workspace.custody.compromise(seal.name, START, OWNER, LATER)


def rotate(folder: Path) -> None:
    """Let a new root speak, without the publication that follows."""
    with opened(folder) as workspace, workspace.custody.changing():
        workspace.rewrite(root=workspace.custody.rotate_root(LATER))
        workspace.custody.tidy()


def write(folder: Path) -> None:
    """Replace one file."""
    files.write(folder / "file.pdf", NEW)


def batch(folder: Path) -> None:
    """Issue the rows of a file by the command, now; ends as the command does."""
    out, report = folder / "out", folder / "report.jsonl"
    names = ["--workspace", folder / "ws", "--out", out, "--report", report]
    given = ["issue-batch", "food-business", folder / "rows.jsonl", *names]
    try:
        program.main(list(map(str, given)))
    except SystemExit as done:
        if done.code:
            raise


def revoke_only(workspace: Workspace, identifier: str) -> None:
    """Revoke without publishing."""
    grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
    workspace.revoke(identifier, grounds, LATER)


JOBS: dict[str, Callable[[Path], None]] = {
    "issue": issue,
    "follow": follow,
    "create": create,
    "publish": publish,
    "renew_key": renew_key,
    "compromise": compromise,
    "rotate": rotate,
    "write": write,
    "batch": batch,
}


def run_child(job: Callable[[Path], None], folder: Path, n: int) -> str | None:
    """Return the point at which the child was killed, None where it came through."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        sys.setprofile(Fuse(n, writer))
        job(folder)
        sys.setprofile(None)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        point = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return point
    if status:
        raise RuntimeError(f"the child failed with status {status}")
    return None


def main(name: str, base: Path, out: Path) -> None:
    """Do a job with one more point each time until it comes through."""
    job = JOBS[name]
    warm = out / "warm"
    shutil.copytree(base, warm)
    job(warm)  # so that a child finds modules and faces loaded
    n = 0
    while True:
        n += 1
        shutil.copytree(base, out / str(n))
        point = run_child(job, out / str(n), n)
        if point is None:
            sys.stdout.write("done\n")
            return
        sys.stdout.write(f"{n} {point}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
