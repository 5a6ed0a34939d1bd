"""A column of QR texts to answers, against one bare P-256 verification each.

All work through the same tokens in the same run, taking turns. The peer is
`cryptography` alone: message, signature and key are ready in the form it wants. Ours is
the Arrow function that everything in bulk calls, from a column of texts to columns of
claims, and beside it the iterator of whole verdicts and the function for one text.
No two tokens are alike.

Two processes are those of `verify-bulk`, with the cost of their start and their pipes;
their peer is one process over the same texts.

Left out: reading and writing files, pictures, admitting the trust bundle (once for
all), snapshots. One issuer has issued all, with one key.
"""

from collections.abc import Callable, Sequence

import measure
import pyarrow as pa
import world
from bench_cores import ceiling_note
from bench_qr import peer

from elicense import payload
from elicense.bulk import BATCH, TEXT_COLUMN, ArrowJudge, validate_many
from elicense.bulk.pool import answers
from elicense.bulk.sources import JOB_ROWS, Source
from elicense.trust import TrustState
from elicense.validating import validate_text
from esign.verdict import Code

SIZES = {"tiny": (60, 2), "small": (2_048, 7), "full": (16_384, 15)}
LONG = {"tiny": (2, 1), "small": (16, 3), "full": (8, 5)}
TARGET, CORES_TARGET = 1.25, 1.8
ONE, TWO = "one process", "two processes"


def batches(texts: Sequence[str], size: int) -> list[pa.RecordBatch]:
    """Return the texts as record batches."""
    return [
        pa.RecordBatch.from_pydict({TEXT_COLUMN: texts[start : start + size]})
        for start in range(0, len(texts), size)
    ]


def columns(texts: Sequence[str], trust: TrustState) -> measure.Job:
    """Return a job that answers record batches."""
    judge, given = ArrowJudge(trust, world.AT), batches(texts, BATCH)

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
    jobs = batches(texts, JOB_ROWS) * turns
    source = Source(
        lambda done: iter(jobs[done:]), is_documents=False, identity=["benchmark"]
    )
    count = sum(len(job) for job in jobs)

    def over(workers: int) -> measure.Job:
        def run() -> None:
            done = sum(len(made) for _, made in answers(source, judge, workers=workers))
            if done != count:
                raise AssertionError("expected an answer to each text")

        return run

    timings = measure.interleaved({ONE: over(1), TWO: over(2)}, rounds, count)
    return {
        "job": "columns of QR texts over processes",
        "items": count,
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio": measure.ratio(timings, ONE, TWO, CORES_TARGET),
        "notes": [ceiling_note()],
        "left_out": "files, admitting the bundle, snapshots",
    }


def measured(size: str) -> list[dict[str, object]]:
    """Return the results of this benchmark."""
    count, rounds = SIZES[size]
    with world.office() as place:
        tokens = world.tokens(place, count)
        texts = [payload.qr_text(token) for token in tokens]
        trust = place.trust()
        jobs = {
            "answers in columns": columns(texts, trust),
            "validate_many": verdicts(
                texts, lambda some: validate_many(some, trust, world.AT)
            ),
            "validate_text": verdicts(
                texts,
                lambda some: (validate_text(text, trust, world.AT) for text in some),
            ),
            "bare P-256 verify": peer(place, tokens),
        }
        timings = measure.interleaved(jobs, rounds, count)
        both = cores(texts, trust, size)
    return [
        {
            "job": "column of QR texts -> columns of answers with claims, one core",
            "items": count,
            "timings": {name: timing.to_json() for name, timing in timings.items()},
            "ratio": _of_bare(timings, "answers in columns", TARGET),
            "more_ratios": [
                _of_bare(timings, "validate_many", None),
                _of_bare(timings, "validate_text", None),
            ],
            "notes": [f"{len(texts[0])} characters, {len(tokens[0])} bytes each"],
            "left_out": "files, pictures, admitting the bundle, snapshots",
        },
        both,
    ]


def _of_bare(
    timings: dict[str, measure.Timing], ours: str, target: float | None
) -> dict[str, object]:
    mine, bare = timings[ours], timings["bare P-256 verify"]
    return {
        "name": f"{ours} / bare P-256 verify",
        "of_min": round(mine.least / bare.least, 3),
        "of_median": round(mine.median / bare.median, 3),
        "target": target,
        "at_most": True,
    }
