"""Check the coverage of single files against a table; a folder means each file in it.

Run after the tests: ``python tests/coverage_gate.py .coverage.json``. Percent counts
lines and branches together, as coverage.py does with branch measurement on.
"""

import json
import sys
from pathlib import Path

MINIMUM: dict[str, float] = {
    # What decides trust is covered whole, branch by branch.
    "src/esign/cbor.py": 100,
    "src/esign/cms.py": 100,
    "src/esign/cose.py": 100,
    "src/esign/der.py": 100,
    "src/esign/pades/dictionary.py": 100,
    "src/esign/pades/one_pass.py": 92,
    "src/esign/pades/prefix.py": 100,
    "src/esign/pades/read.py": 98,
    "src/esign/pades/skeleton.py": 100,
    "src/esign/pades/spelling.py": 95,
    "src/esign/pades/stock.py": 100,
    "src/esign/pades/validate.py": 100,
    "src/esign/revocation.py": 100,
    "src/esign/ses/": 100,
    "src/esign/sm2/": 100,
    "src/esign/statuslist.py": 100,
    "src/esign/timestamps/": 100,
    "src/elicense/attachments.py": 100,
    # What a text that takes the short way is told.
    "src/elicense/bulk/arrow.py": 98,
    "src/elicense/bulk/base45.py": 98,
    "src/elicense/bulk/columns.py": 98,
    "src/elicense/bulk/judge.py": 98,
    "src/elicense/bulk/judged.py": 98,
    "src/elicense/bulk/keys.py": 98,
    "src/elicense/bulk/leads.py": 98,
    "src/elicense/bulk/scan.py": 98,
    "src/elicense/bulk/standard.py": 98,
    "src/elicense/bulk/statuses.py": 98,
    "src/elicense/bulk/texts.py": 98,
    "src/elicense/bulk/walk.py": 98,
    "src/elicense/document/": 99,
    "src/elicense/fonts/": 99,
    "src/elicense/issuing/batch.py": 97,
    "src/elicense/issuing/chunks.py": 98,
    "src/elicense/issuing/preparing.py": 98,
    "src/elicense/issuing/releasing.py": 97,
    "src/elicense/issuing/rows.py": 97,
    "src/elicense/lifecycle.py": 100,
    "src/elicense/lookup/": 99,
    # A lock that the system refuses cannot be made without a patch.
    "src/elicense/memory.py": 99,
    "src/elicense/payload.py": 100,
    "src/elicense/photos.py": 100,
    "src/elicense/pins.py": 100,
    "src/elicense/qr/": 100,
    "src/elicense/operators.py": 98,
    "src/elicense/quick_record.py": 100,
    "src/elicense/quick_symbol.py": 100,
    "src/elicense/quick_token.py": 100,
    "src/elicense/register/as_of.py": 100,
    "src/elicense/snapshot/": 98,
    "src/elicense/standing.py": 100,
    "src/elicense/trust/": 100,
    "src/elicense/validating/": 100,
    "src/elicense/versions.py": 100,
}
"""Path of a file, or of a folder with a slash at its end -> least percent."""


def shortfalls(report: dict, minimum: dict[str, float]) -> list[str]:
    """Return one line for each file below its minimum, or not measured at all."""
    measured = {
        Path(name).as_posix(): entry["summary"]["percent_covered"]
        for name, entry in report["files"].items()
    }
    lines = []
    for path, least in sorted(minimum.items()):
        names = [
            name
            for name in sorted(measured)
            if name == path or (path.endswith("/") and name.startswith(path))
        ]
        if not names:
            lines.append(f"{path}: not measured, {least:g} % expected")
        lines += [
            f"{name}: {measured[name]:.2f} %, {least:g} % expected"
            for name in names
            if measured[name] < least
        ]
    return lines


def main(argv: list[str]) -> int:
    """Read the report named on the command line and say what is below its minimum."""
    report = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    below = shortfalls(report, MINIMUM)
    for line in below:
        sys.stdout.write(f"coverage: {line}\n")
    if not below:
        sys.stdout.write(f"coverage: {len(MINIMUM)} gates hold\n")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
