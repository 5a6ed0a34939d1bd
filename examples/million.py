"""Make a Parquet file of many real QR texts with planted faults, and tell what it has.

Usage: python million.py COUNT OUT.parquet [--issuers N] [--seed N] [--workers N]

Needs the extras `bulk` and `gm`. Writes OUT.parquet with the columns `kind` (what was
planted), `code` (what a verdict has to say) and `qr_text`; beside it OUT.elt, the trust
bundle of a hub that lists the departments. Every license has claims and a signature of
its own; of a thousand rows in a hundred there is something else than a good one.
Prints one JSON object: the root to believe, the instant to ask about, and the summary
that `elicense verify-bulk` has to come to.

    python million.py 1000000 received.parquet > expected.json
    elicense verify-bulk received.parquet --trust received.elt --root sha256:... \
        --at 2026-11-21T02:00:00Z --out found.parquet
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from invention.codes import uscc

from elicense import dates, payload
from elicense.bulk.pool import ordered
from elicense.crew import MAX_WORKERS
from elicense.identifiers import Identifier
from elicense.list_numbers import first_list
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from elicense.testing import LIST_SIZE, Department, Simulator, claims_of
from elicense.validating.verdict import instant_text
from esign.algorithms import Suite
from esign.statuslist import Status
from esign.verdict import Code

DECK = 1000
"""Rows in which every kind stands as often as it should."""
JOB = 10 * DECK
"""Rows that one process makes at a time; a row group of the file."""
HOST = "CHECK.EXAMPLE.CN"
DAY = timedelta(days=1)
SCHEMA = pa.schema(
    [("kind", pa.string()), ("code", pa.string()), ("qr_text", pa.string())]
)
STATUSES = {
    "revoked": Status.INVALID,
    "revoked, SM2": Status.INVALID,
    "suspended": Status.SUSPENDED,
    "superseded": Status.SUPERSEDED,
}
KINDS: dict[str, tuple[int, Code]] = {
    "in the online carrier": (15, Code.VALID),
    "without end": (10, Code.VALID),
    "SM2": (5, Code.VALID),
    "the same again": (10, Code.VALID),
    "the same in the online carrier": (5, Code.VALID),
    "revoked": (10, Code.REVOKED),
    "revoked, SM2": (1, Code.REVOKED),
    "suspended": (5, Code.SUSPENDED),
    "superseded": (5, Code.SUPERSEDED),
    "expired": (10, Code.EXPIRED),
    "lapsed": (3, Code.LAPSED),
    "not yet valid": (4, Code.NOT_YET_VALID),
    "forged": (5, Code.BAD_SIGNATURE),
    "forged, SM2": (1, Code.BAD_SIGNATURE),
    "of an issuer that is not listed": (2, Code.UNKNOWN_ISSUER),
    "cut short": (4, Code.MALFORMED),
    "foreign": (4, Code.UNSUPPORTED),
    "nothing": (1, Code.UNREADABLE),
}
"""What is planted -> how often among a thousand, and what every verdict on it is."""
GOOD = "good"
# Where no signature held, nothing is known of the issuer.
NAMELESS = (Code.BAD_SIGNATURE, Code.UNKNOWN_ISSUER, Code.MALFORMED, Code.UNSUPPORTED)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """A department, and a license of its own that others are made after."""

    department: Department
    sample: Claims


@dataclass(frozen=True, slots=True)
class City:
    """What rows are made from; the same for all.

    Attributes:
        world: departments and hub.
        desks: those that sign with ES256.
        other: one that signs with SM2.
        stranger: one that the hub does not list.
        deck: the kinds of a thousand rows, in the order in which they stand.
    """

    world: Simulator
    desks: tuple[Desk, ...]
    other: Desk
    stranger: Desk
    deck: tuple[str, ...]

    def desk(self, row: int) -> Desk:
        """Return who issues the license of a row."""
        kind = self.deck[row % DECK]
        if kind.endswith("SM2"):
            return self.other
        if kind == "of an issuer that is not listed":
            return self.stranger
        return self.desks[row % len(self.desks)]

    def index(self, row: int) -> int:
        """Return a place in a status list that no other license of the issuer has."""
        if self.desk(row) is not self.other:
            return row // len(self.desks)
        before = sum(kind.endswith("SM2") for kind in self.deck[: row % DECK])
        return row // DECK * len(KINDS) + before  # there are fewer of them

    def claims(self, row: int) -> Claims:
        """Return what the license of a row says."""
        desk, kind = self.desk(row), self.deck[row % DECK]
        today = dates.day_of(self.world.at)
        validity = {
            "without end": Validity(today - DAY, None),
            "expired": Validity(today - 400 * DAY, today - DAY),
            "not yet valid": Validity(today + DAY, today + 400 * DAY),
        }.get(kind, Validity(today - 30 * DAY, today + 700 * DAY))
        sample = desk.sample
        part = Identifier.parse(sample.identifier)
        serial = f"2026{row:08d}"
        return replace(
            sample,
            identifier=Identifier.build(part.type_code, part.issuer, serial).text,
            number=f"JY2990101{row:08d}",
            holder=f"示例市青禾区小禾面馆{row}号店",
            validity=validity,
            status=StatusReference(first_list(validity), self.index(row)),
            checkpoint=Checkpoint("复审", today - DAY) if kind == "lapsed" else None,
            record_digest=row.to_bytes(32),
        )


def city_of(world: Simulator, issuers: int, deck: tuple[str, ...]) -> City:
    """Return a world of so many departments under the root of a hub."""

    def desk(number: int, suite: Suite) -> Desk:
        name = f"示范市第{number}局"
        code = uscc("11", "990101", number)
        made = world.add_department(code, name, suite)
        world.departments.append(made)
        return Desk(made, claims_of(world.issue(department=made)))

    desks = tuple(desk(number, Suite.ES256) for number in range(1, issuers + 1))
    stranger = desk(issuers + 2, Suite.ES256)
    city = City(world, desks, desk(issuers + 1, Suite.SM2), stranger, deck)
    stranger.department.listed = False
    return city


def deck_of(seed: int) -> tuple[str, ...]:
    """Return the kinds of a thousand rows, shuffled; a good one is the first."""
    faults = [kind for kind, (often, _) in KINDS.items() for _ in range(often)]
    kinds = faults + [GOOD] * (DECK - 1 - len(faults))
    random.Random(seed).shuffle(kinds)  # noqa: S311  no secret
    return (GOOD, *kinds)


def give_statuses(city: City, count: int) -> None:
    """Put what ended before its day into the lists that are published."""
    planted = [
        (place, STATUSES[kind])
        for place, kind in enumerate(city.deck)
        if kind in STATUSES
    ]
    for start in range(0, count, DECK):
        for place, status in planted:
            row = start + place
            at = city.claims(row).status
            lists = city.desk(row).department.statuses
            lists.setdefault(at.list_number, {})[at.index] = status


Row = tuple[str, Code, str | None, Department | None]


def rows_of(city: City, rows: range) -> Iterator[Row]:
    """Give kind, code, text and issuer of each row; the first begins a deck."""
    good = b""
    issuer = city.desks[0].department
    for row in rows:
        kind = city.deck[row % DECK]
        code = Code.VALID if kind == GOOD else KINDS[kind][1]
        if kind == "nothing":
            yield kind, code, None, None
        elif kind == "foreign":
            yield kind, code, f"https://example.cn/check?number={row}", None
        elif kind == "the same again":
            yield kind, code, payload.qr_text(good), issuer
        elif kind == "the same in the online carrier":
            yield kind, code, payload.qr_text(good, check_page=HOST), issuer
        else:
            department, claims = city.desk(row).department, city.claims(row)
            token = payload.sign_token(claims, department.token)
            if kind == GOOD:
                good, issuer = token, department
            text = TEXTS.get(kind, payload.qr_text)(token)
            yield kind, code, text, None if code in NAMELESS else department


def forged(token: bytes) -> str:
    """Return the text of a token that says something else than was signed."""
    at = token.rindex(b"\x0c\x58\x20") + 3  # the digest of the record
    return payload.qr_text(token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :])


TEXTS: dict[str, Callable[[bytes], str]] = {
    "in the online carrier": lambda token: payload.qr_text(token, check_page=HOST),
    "forged": forged,
    "forged, SM2": forged,
    "cut short": lambda token: payload.qr_text(token)[:-3],
}


def made_in(city: City, rows: range) -> tuple[pa.Table, Counter[str], Counter[Key]]:
    """Return rows as a table, how many of each kind, and of each issuer and code."""
    found = list(rows_of(city, rows))
    kinds, codes, texts, issuers = zip(*found, strict=True)
    names = [code.text for code in codes]
    by_issuer = Counter(
        ("", "", name) if issuer is None else (issuer.code, issuer.name, name)
        for issuer, name in zip(issuers, names, strict=True)
    )
    columns = [pa.array(values, pa.string()) for values in (kinds, names, texts)]
    return pa.Table.from_arrays(columns, schema=SCHEMA), Counter(kinds), by_issuer


def write(city: City, count: int, path: Path, workers: int) -> dict[str, object]:
    """Write the file; return what is in it, as JSON has it."""
    kinds, by_issuer = Counter[str](), Counter[Key]()
    jobs = (range(at, min(at + JOB, count)) for at in range(0, count, JOB))
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for table, some, more in ordered(lambda job: made_in(city, job), jobs, workers):
            writer.write_table(table)
            kinds += some
            by_issuer += more
    indications = Counter[str]()
    for (_, _, name), number in by_issuer.items():
        indications[Code[name].indication.value] += number
    return {
        "rows": count,
        "root": city.world.pin,
        "at": instant_text(city.world.at),
        "indications": indications,
        "by_issuer": [
            {"issuer": issuer, "name": name, "code": code, "rows": number}
            for (issuer, name, code), number in sorted(by_issuer.items())
        ],
        "kinds": dict(sorted(kinds.items())),
    }


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int, metavar="COUNT")
    parser.add_argument("out", type=Path, metavar="OUT.parquet")
    parser.add_argument("--issuers", type=int, default=12, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    given = parser.parse_args()
    if given.issuers < 1 or given.out.suffix != ".parquet":
        parser.error("expected OUT.parquet, and an issuer at least")
    if not 1 <= given.count <= given.issuers * LIST_SIZE:
        parser.error(f"expected 1 to {LIST_SIZE:,} rows for each issuer")
    if not 1 <= given.workers <= MAX_WORKERS:
        parser.error(f"--workers: expected 1 to {MAX_WORKERS}")
    return given


def main() -> int:
    """Write both files and tell what is in them."""
    given = arguments()
    with Simulator() as world:
        city = city_of(world, given.issuers, deck_of(given.seed))
        give_statuses(city, given.count)
        given.out.with_suffix(".elt").write_bytes(world.bundle_file())
        told = write(city, given.count, given.out, given.workers)
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
