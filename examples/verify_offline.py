"""Verify files as a stranger: with a trust bundle and a pinned root, off line.

Usage: python verify_offline.py TRUST_FILE ROOT_FINGERPRINT FILE...

TRUST_FILE is what the issuing organ publishes (``public/trust.elt``). The fingerprint
must come by another way than the file: a letter, a call, a government gazette.
"""

import sys
from pathlib import Path

from elicense import admit, validate
from esign import clock


def main(trust_file: str, root: str, *names: str) -> int:
    """Print one line for each file and return 0 where all of them passed."""
    state = admit(Path(trust_file).read_bytes(), root)
    at = clock.now()
    answers = [validate(Path(name).read_bytes(), state, at) for name in names]
    for name, verdict in zip(names, answers, strict=True):
        print(name, verdict.indication.value, verdict.code.text, verdict.scope)
        for check in verdict.checks:
            print("   ", check.id, check.indication.value, check.detail)
    passed = [answer.indication.value == "PASSED" for answer in answers]
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    if len(sys.argv) < 4:  # noqa: PLR2004  this program, bundle, root, one file
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
