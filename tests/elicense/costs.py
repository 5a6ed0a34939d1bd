"""Validate files under a limit of memory: python -m tests.elicense.costs FOLDER.

The folder holds ``trust.elt``, ``pin``, ``good.pdf`` and hostile files ``*.bin``. What
is printed is one JSON object: file to policy to code and seconds of processor time.
"""

import json
import resource
import sys
import time
from pathlib import Path

from elicense import trust, validating
from elicense.testing import START
from tests.elicense.forger import POLICIES

LIMIT_BYTES = 512 << 20  # DESIGN, section 2.11


def main(folder: Path) -> None:
    """Validate every file under every policy, in at most the limit more of memory."""
    believed = trust.admit(
        (folder / "trust.elt").read_bytes(), (folder / "pin").read_text()
    )

    def validate(data: bytes) -> dict[str, tuple[str, float]]:
        answers = {}
        for name, policy in POLICIES.items():
            start = time.process_time()
            verdict = validating.validate(data, believed, START, policy=policy)
            answers[name] = (verdict.code.name, time.process_time() - start)
        return answers

    found = {"good.pdf": validate((folder / "good.pdf").read_bytes())}
    limit = _address_space() + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for path in sorted(folder.glob("*.bin")):
        found[path.stem] = validate(path.read_bytes())
    sys.stdout.write(json.dumps(found))


def _address_space() -> int:
    """Return how much this process has mapped by now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
