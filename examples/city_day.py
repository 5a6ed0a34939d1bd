"""Issue a city's day of licenses in one batch, and validate all of them at speed.

Run in an empty folder: python city_day.py [COUNT]. It makes a workspace `office` and a
folder `day` with the sealed PDFs.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from elicense import LEAN, Outcome, Request, Workspace, validate_pdf
from elicense.samples import variant
from esign import clock

ORGAN = {"name": "示例市行政审批局", "code": "11990100000000027A"}
TYPE = "food-business"
count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
day = Path("day")
day.mkdir()


def requests() -> Iterator[Request]:
    """Yield one request after the other; a generator, so that memory stays flat."""
    for number in range(count):
        application = variant(TYPE, clock.now(), number)  # an invented holder
        yield Request(type_name=TYPE, application=application, number=f"2026-{number}")


def written(outcomes: list[Outcome]) -> list[str]:
    """Write a chunk's PDFs: what is given here is durable in the register already."""
    found = []
    for outcome in outcomes:
        if outcome.issued is None:
            found.append(f"row {outcome.place}: {outcome.error}")
            continue
        path = day / f"{outcome.issued.license.identifier}.pdf"
        path.write_bytes(outcome.issued.pdf)
        found.append("issued")
    return found


with Workspace.create(Path("office"), **ORGAN) as office:
    print("batch:", dict(Counter(office.issue_many(requests(), written))))
    trust, at = office.trust(), clock.now()
    verdicts = [
        validate_pdf(path.read_bytes(), trust, at, policy=LEAN)
        for path in sorted(day.iterdir())
    ]
    print("lean:", dict(Counter(verdict.code.text for verdict in verdicts)))
    print("scope:", verdicts[0].scope)  # seal, token and record; not the drawn page
