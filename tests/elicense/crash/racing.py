"""Let several processes issue for the same case at the same moment.

    python racing.py FOLDER RUNS

Each process opens the workspace FOLDER/ws by itself, waits until all are ready, and
issues. The parent prints one line for each: identifier and SHA-256 of its PDF.
"""

import hashlib
import os
import sys
from pathlib import Path

# The folder of this program is the first place for imports.
from killed import CASE, LATER, PASSPHRASE

from elicense import Workspace, sample


def run_child(folder: Path, start: int, ready: int, report: int) -> None:
    """Issue once the pipe ``start`` is closed, and say what came of it."""
    with Workspace(folder / "ws", PASSPHRASE) as workspace:
        os.write(ready, b".")
        os.read(start, 1)
        application = sample("food-business", LATER)
        issued = workspace.issue("food-business", application, number=CASE, at=LATER)
    digest = hashlib.sha256(issued.pdf).hexdigest()
    os.write(report, f"{issued.license.identifier} {digest}\n".encode())


def main(folder: Path, runs: int) -> None:
    """Start the processes, release them at once, and collect what they say."""
    start, go = os.pipe()
    readiness, ready = os.pipe()
    answers, report = os.pipe()
    children = []
    for _ in range(runs):
        child = os.fork()
        if not child:
            os.close(go)
            run_child(folder, start, ready, report)
            os._exit(0)
        children.append(child)
    os.close(report)
    for _ in children:
        os.read(readiness, 1)
    os.close(go)
    with os.fdopen(answers, "rb") as pipe:
        sys.stdout.write(pipe.read().decode())
    if any(os.waitpid(child, 0)[1] for child in children):
        raise RuntimeError("a child failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
