"""Invent applications for all built-in types, ready for `elicense issue-batch`.

Usage: python applications.py --out DIR [--seed 1] [--count 1000] [--day YYYY-MM-DD]
           [--rare CHARACTERS]

Writes one file of JSON lines for each type into DIR. The same seed and day give the
same bytes; the day is today in UTC+8 unless given, since a license is issued on the day
of its application or later. CHARACTERS are rare ones for names beside those that the
built-in faces have; they need a face of the workspace (docs/formats/faces.md).

    python applications.py --seed 1 --count 1000 --out rows
    elicense issue-batch teacher rows/teacher.jsonl --out pdf --report teacher.csv
"""

import argparse
import sys
from datetime import date
from pathlib import Path

from invention import applications, write

from elicense.dates import day_of
from esign import clock


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--count", type=int, default=1000, metavar="N")
    parser.add_argument("--day", type=date.fromisoformat, default=day_of(clock.now()))
    parser.add_argument("--rare", default="", metavar="CHARACTERS")
    return parser.parse_args()


def main() -> int:
    """Write the files and tell what is in them."""
    given = arguments()
    made = applications(given.seed, given.count, given.day, given.rare)
    for name, count in write(given.out, made).items():
        print(f"{given.out / name}.jsonl: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
