"""What a city, a province and the nation need, from what was measured on this machine.

Usage: python benchmarks/scale.py [--results FILE] [--licenses N] [--page FILE]

Times are those of a results file of `benchmarks/run.py`; sizes are measured here, on
licenses that are issued for it. Both go into the first table of docs/scale.md, and what
follows from them by multiplication alone, under stated assumptions, into the second.
"""

import argparse
import json
import random
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import world

from elicense import payload
from esign import statuslist

LIST_SIZE = 1 << 20
BAD_PER_THOUSAND = 10  # entries of a list that are not VALID
SNAPSHOT_BYTES = 29.5  # docs/formats/snapshot.md, section 2.1
WORKDAYS, HOURS, PEAK = 250, 8, 3
DAY = 86_400
MEASURED, COMPUTED = "measured", "computed"
TIMES = {  # what it is called here: benchmark, its job of that number, name of the time
    "issue": ("issue", 0, "fast: one-pass press, in a batch, scope sealed"),
    "pdf": ("validate", 0, "fast: the lean path, scope sealed"),
    "signature": ("bulk", 0, "answers in columns"),
    "snapshot": ("snapshot", 0, "snapshot"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose needs are computed. All of it is assumed, none of it is a statistic.

    Attributes:
        departments: that issue.
        licenses: in its registers.
        issued: a year.
        checks: a day.
    """

    departments: int
    licenses: int
    issued: int
    checks: int


PLACES = {
    "city": Place(275, 10_000_000, 1_500_000, 2_000_000),
    "province": Place(3_000, 100_000_000, 15_000_000, 20_000_000),
    "nation": Place(90_000, 2_000_000_000, 300_000_000, 400_000_000),
}


def sizes(count: int) -> dict[str, float]:
    """Return sizes in bytes, measured on licenses that are issued now."""
    with world.office() as place:
        world.issue(place, 0)
        place.publish(world.AT)
        register = place.folder / "register.db"
        before, pages = _held(register), 0
        for number in range(1, count + 1):
            pages += len(world.issue(place, number).pdf)
        grown = _held(register) - before
        (token,) = world.tokens(place, 1)
        bundle = place.folder / "public" / "trust.elt"
        return {
            "text": len(payload.qr_text(token)),
            "pdf": pages / count,
            "register": grown / count,
            "list": len(_list()),
            "bundle": bundle.stat().st_size,
        }


def _held(path: Path) -> int:
    """Return the bytes of a database, once its journal is part of it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def _list() -> bytes:
    chance = random.Random(7)  # noqa: S311  no secret
    bad = chance.sample(range(LIST_SIZE), LIST_SIZE * BAD_PER_THOUSAND // 1000)
    return statuslist.pack(dict.fromkeys(bad, statuslist.Status.INVALID), LIST_SIZE)


def times(results: Mapping[str, dict[str, object]]) -> dict[str, float]:
    """Return microseconds of one license on one core, medians of a results file."""
    found = {}
    for name, (benchmark, job, timing) in TIMES.items():
        taken = results[benchmark]["results"][job]["timings"]
        found[name] = taken[timing]["median_us"]
    return found


def measured_rows(size: Mapping[str, float], time: Mapping[str, float]) -> list[str]:
    """Return the table of what was measured."""
    return table(
        ["measured", "one license"],
        [
            ["QR text", f"{size['text']:.0f} characters"],
            ["sealed PDF", f"{size['pdf'] / 1000:.1f} kB"],
            ["row of the register, with all that it keeps", kilo(size["register"])],
            ["status list of 1,048,576 places, 1 % not valid", kilo(size["list"])],
            ["trust bundle of one department", kilo(size["bundle"])],
            ["issued and sealed, one core", f"{time['issue']:.0f} µs"],
            ["sealed PDF validated, one core", f"{time['pdf']:.0f} µs"],
            ["QR text by its signature, with claims", f"{time['signature']:.1f} µs"],
            ["QR text through a snapshot", f"{time['snapshot']:.2f} µs"],
        ],
    )


def computed_rows(size: Mapping[str, float], time: Mapping[str, float]) -> list[str]:
    """Return the table of what follows from it."""
    columns = [_needs(place, size, time) for place in PLACES.values()]
    names = list(columns[0])
    rows = [[name, *(column[name] for column in columns)] for name in names]
    return table(["", *PLACES], rows)


def _needs(
    place: Place, size: Mapping[str, float], time: Mapping[str, float]
) -> dict[str, str]:
    lists = -(-place.licenses // (LIST_SIZE // 2))  # a list takes half of its places
    peak = place.issued / (WORKDAYS * HOURS * 3600) * PEAK
    return {
        "*assumed:* departments": f"{place.departments:,}",
        "*assumed:* licenses": f"{place.licenses:,}",
        "*assumed:* issued a year": f"{place.issued:,}",
        "*assumed:* checks a day": f"{place.checks:,}",
        "registers, all departments": much(place.licenses * size["register"]),
        "sealed PDFs, kept once": much(place.licenses * size["pdf"]),
        "snapshots of all, one verifier": much(place.licenses * SNAPSHOT_BYTES),
        "status lists of all, one verifier": much(lists * size["list"]),
        "trust bundles of all, one verifier": much(place.departments * size["bundle"]),
        "cores that issue, at three times the mean": cores(peak * time["issue"]),
        "one core's day of checks, by signature": long(
            place.checks * time["signature"]
        ),
        "one core's day of checks, by snapshot": long(place.checks * time["snapshot"]),
        "every license once by signature, one core": long(
            place.licenses * time["signature"]
        ),
        "every license once by snapshot, one core": long(
            place.licenses * time["snapshot"]
        ),
        "every sealed PDF once, one core": long(place.licenses * time["pdf"]),
    }


def kilo(count: float) -> str:
    """Return bytes as kB."""
    return f"{count / 1000:.1f} kB"


def much(count: float) -> str:
    """Return bytes in the unit that suits."""
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e6:.1f} MB"


def long(spent: float) -> str:
    """Return microseconds in the unit that suits."""
    seconds = spent / 1e6
    for unit, size in (("days", DAY), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def cores(busy: float) -> str:
    """Return how many cores are busy, from microseconds of work in a second."""
    share = busy / 1e6
    return "below 0.01" if share < 0.01 else f"{share:.2f}"  # noqa: PLR2004


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return a table of a page."""
    lines = [list(head), *map(list, rows)]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return [text[0], "|---" * len(lines[0]) + "|", *text[1:]]


def put(page: str, name: str, lines: Iterable[str]) -> str:
    """Return a page with a table between its marks."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    head, found, rest = page.partition(start)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"expected {start.strip()} and {end.strip()} in the page")
    return f"{head}{start}{chr(10).join(lines)}\n{end}{tail}"


def main() -> None:
    """Read the command line, measure, and write the page's tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default="bench-output/results.json")
    parser.add_argument("--licenses", type=int, default=2_000)
    parser.add_argument("--page", type=Path, default="docs/scale.md")
    arguments = parser.parse_args()
    report = json.loads(arguments.results.read_text(encoding="utf-8"))
    time, size = times(report["results"]), sizes(arguments.licenses)
    page = arguments.page.read_text(encoding="utf-8")
    page = put(page, MEASURED, measured_rows(size, time))
    page = put(page, COMPUTED, computed_rows(size, time))
    arguments.page.write_text(page, encoding="utf-8")
    print(f"written: {arguments.page}")


if __name__ == "__main__":
    main()
