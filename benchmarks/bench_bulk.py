"""Many QR texts to verdicts: by signature, by snapshot, and in databases.

The signature path is the Arrow function that everything in bulk calls, from a column of
texts to columns of claims, and beside it the iterator of whole verdicts and the
function for one text. The peer is `cryptography` alone: message, signature and key are
ready in the form it wants. No two tokens are alike; one issuer has issued all.

Two processes are those of `verify-bulk`, with the cost of their start and their pipes;
their peer is one process over the same texts, and beside both stands what the machine
gives two processes that share nothing.

Then every way from a text to an answer in one run: bare P-256, python-cwt, the
signature path, the snapshot, and the same look-up in DuckDB, LMDB, SQLite and
PostgreSQL, each with its own copy of the rows (`ladder.py`, `peer_tables.py`,
`peer_postgres.py`, `peer_cwt.py`).
"""

from collections.abc import Callable, Sequence

import ceiling
import ladder
import measure
import world
from bench_qr import peer

from elicense import payload
from elicense.bulk import BATCH, ArrowJudge, validate_many
from elicense.bulk.pool import answers
from elicense.bulk.readers import JOB_ROWS
from elicense.bulk.sources import Source
from elicense.trust import TrustState
from elicense.validating import validate_text
from elicense.workspace import Workspace
from esign.verdict import Code

SIZES = {"tiny": (60, 2), "small": (2_048, 7), "full": (8_192, 11)}
LONG = {"tiny": (2, 1), "small": (16, 3), "full": (8, 5)}
ALONE = {"tiny": 40, "small": 8_000, "full": 16_000}  # signatures of the ceiling
TARGET, CORES_TARGET = 1.25, 1.8
ONE, TWO = "one process", "two processes"


def columns(texts: Sequence[str], trust: TrustState) -> measure.Job:
    """Return a job that answers record batches."""
    judge, given = ArrowJudge(trust, world.AT), ladder.batches(texts, BATCH)

    def run() -> None:
        for batch in given:
            found = judge.answer(batch)
            if set(found.column("code").to_pylist()[:1]) != {"VALID"}:
                raise AssertionError("expected valid licenses")

    return run


def verdicts(
    texts: Sequence[str], each: Callable[[Sequence[str]], object]
) -> measure.Job:
    """Return a job that asks for the verdict of every text."""

    def run() -> None:
        for verdict in each(texts):
            if verdict.code is not Code.VALID or verdict.claims is None:
                raise AssertionError(f"expected a valid license: {verdict}")

    return run


def cores(texts: Sequence[str], trust: TrustState, size: str) -> dict[str, object]:
    """Measure two processes beside one, over the same texts again and again."""
    turns, rounds = LONG[size]
    judge = ArrowJudge(trust, world.AT)
    jobs = ladder.batches(texts, JOB_ROWS) * turns
    source = Source(
        lambda done: (job for job in jobs[done:]),
        is_documents=False,
        identity="benchmark",
    )
    count = sum(len(job) for job in jobs)

    def over(workers: int) -> measure.Job:
        def run() -> None:
            done = sum(len(made) for _, made in answers(source, judge, workers=workers))
            if done != count:
                raise AssertionError("expected an answer to each text")

        return run

    bare = ceiling.jobs(ALONE[size])
    items = {ONE: count, TWO: count, **dict.fromkeys(bare, ALONE[size])}
    pairs = {ONE: over(1), TWO: over(2), **bare}
    timings = measure.interleaved(pairs, rounds, items)
    gained = measure.ratio(timings, ONE, TWO, CORES_TARGET)
    return {
        "job": "columns of QR texts over processes",
        "items": count,
        "timings": measure.told(timings),
        "ratio": gained,
        "more_ratios": ceiling.ratios(timings, gained),
        "left_out": "files, admitting the bundle, snapshots",
    }


def alone(
    place: Workspace, tokens: list[bytes], trust: TrustState, rounds: int
) -> dict[str, object]:
    """Measure the signature path's three forms on one core."""
    texts = [payload.qr_text(token) for token in tokens]
    jobs = {
        "answers in columns": columns(texts, trust),
        "validate_many": verdicts(
            texts, lambda some: validate_many(some, trust, world.AT)
        ),
        "validate_text": verdicts(
            texts,
            lambda some: (validate_text(text, trust, world.AT) for text in some),
        ),
        ladder.BARE: peer(place, tokens),
    }
    timings = measure.interleaved(jobs, rounds, len(texts))
    targets = {"answers in columns": TARGET, "validate_many": None}
    first, *others = (
        ladder.of_bare(timings, name, targets.get(name)) for name in list(jobs)[:-1]
    )
    return {
        "job": "QR texts -> verdicts by signature, one core",
        "items": len(texts),
        "timings": measure.told(timings),
        "ratio": first,
        "more_ratios": others,
        "notes": [f"{len(texts[0])} characters, {len(tokens[0])} bytes each"],
        "left_out": "files, pictures, admitting the bundle, snapshots",
    }


def measured(size: str) -> list[dict[str, object]]:
    """Return the results of this benchmark."""
    count, rounds = SIZES[size]
    measure.say("signing tokens")
    with world.office() as place:
        tokens = world.tokens(place, count)
        trust = place.trust()
        measure.say("by signature, one core")
        one = alone(place, tokens, trust, rounds)
        measure.say("by signature, two processes")
        both = cores([payload.qr_text(token) for token in tokens], trust, size)
    return [one, both, *ladder.measured(size)]
