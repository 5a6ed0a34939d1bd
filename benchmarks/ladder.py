"""Every way from a QR text to an answer, one beside the other, in one run.

All are asked the same texts in the same lists of 20,000, taking turns, and hash each
text themselves. Their answers must be those of the snapshot, text by text. The
signature path and the bare verifications, which take longer, get the first of the
texts. DuckDB, whose join reads the whole table, is asked all of them in one list too.
What is kept on disk was read or written just before: nothing is cold. The time to build
the snapshot has in it what its tokens say, their digests and the order of the rows,
which the others are given.

Left out of the times: reading files of texts, claims where a table answers, what is in
no table (one text in twenty, which a table leaves to the signature path).
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import lookup_rows
import measure
import peer_postgres
import pyarrow as pa
import world
from bench_qr import peer, prepared
from cryptography.hazmat.primitives import serialization
from lookup_rows import Codes, Table
from peer_postgres import PostgreSQL
from peer_tables import LMDB, DuckDB, Peer, SQLite

from elicense import payload
from elicense.bulk import TEXT_COLUMN, ArrowJudge
from elicense.snapshot import NO_ANSWER, Snapshots
from elicense.trust import TrustState
from elicense.workspace import Workspace

SIZES = {  # rows of the tables, texts that are asked, of which verified, rounds
    "tiny": ((2_000,), 200, 40, 2),
    "small": ((1_000_000,), 20_000, 1_000, 5),
    "full": ((1_000_000, 10_000_000), 60_000, 2_000, 9),
}
BATCH = 20_000
TARGET = 50
BARE, SNAPSHOT = "bare P-256 verify", "snapshot"
SIGNATURE, CWT = "signature path", "python-cwt with base45"
ALL_AT_ONCE = "DuckDB, all texts at once"
CWT_BARE = "  bare P-256 verify beside python-cwt"
TABLES = (DuckDB, LMDB, SQLite, PostgreSQL)
ROOT = Path(__file__).resolve().parent.parent
CWT_PYTHON = ROOT / ".venv-peers" / "bin" / "python"


@dataclass(slots=True)
class Steps:
    """What is measured at one number of rows, as it comes together."""

    jobs: dict[str, measure.Job] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    kept: list[list[object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, count: int, job: measure.Job) -> None:
        """Add a job over so many texts."""
        self.jobs[name], self.items[name] = job, count


def batches(texts: Sequence[str], size: int) -> list[pa.RecordBatch]:
    """Return the texts as record batches."""
    return [
        pa.RecordBatch.from_pydict({TEXT_COLUMN: texts[start : start + size]})
        for start in range(0, len(texts), size)
    ]


def of_bare(
    timings: Mapping[str, measure.Timing], ours: str, target: float | None
) -> dict[str, object]:
    """Return how many times the time of a bare verification something takes."""
    return measure.ratio(timings, ours, BARE, target) | {"at_most": True}


def asked(
    texts: Sequence[str], answer: Callable[[Sequence[str]], Codes]
) -> measure.Job:
    """Return a job that asks for the codes of all texts, batch by batch."""

    def run() -> None:
        for start in range(0, len(texts), BATCH):
            answer(texts[start : start + BATCH])

    return run


def check(
    name: str, texts: Sequence[str], right: Codes, answer: Callable[..., Codes]
) -> None:
    """Compare each answer with the right one."""
    for start in range(0, len(texts), BATCH):
        found = answer(texts[start : start + BATCH])
        if not bool((found == right[start : start + BATCH]).all()):
            raise AssertionError(f"{name} answers otherwise than the snapshot")


def signature(texts: list[str], trust: TrustState, right: Codes) -> measure.Job:
    """Return a job that verifies; where the snapshot answers its codes are the same."""
    judge, given = ArrowJudge(trust, world.AT), batches(texts, BATCH)
    told = [code for one in given for code in judge.answer(one)["code"].to_pylist()]
    for code, rank in zip(told, right.tolist(), strict=False):
        if rank != NO_ANSWER and code != lookup_rows.CODES[rank].text:
            raise AssertionError("the signature path answers otherwise")

    def run() -> None:
        for one in given:
            judge.answer(one)

    return run


def snapshot(
    steps: Steps, paths: tuple[Path, Table, float], trust: TrustState, texts: list[str]
) -> Codes:
    """Open the snapshot, add it, and return its answers: the right ones."""
    path, table, built = paths
    start = perf_counter()
    opened = Snapshots.open([path], trust, world.AT)
    spent = perf_counter() - start
    if opened.refused:
        raise AssertionError(f"refused: {opened.refused[0].error}")
    size = table.path.stat().st_size + path.stat().st_size
    steps.kept.append(kept(SNAPSHOT, size / table.rows, built, spent))
    steps.add(SNAPSHOT, len(texts), asked(texts, opened.answer))
    return opened.answer(texts).codes


def kept(name: str, size: float, built: float, opened: float) -> list[object]:
    """Return one line of what is kept on disk."""
    return [name, f"{size:.1f}", f"{built:.1f}", f"{opened * 1000:.1f}"]


def table_peer(
    steps: Steps, made: Peer, table: Table, texts: list[str], right: Codes
) -> None:
    """Build a peer, compare its answers, and add it."""
    start = perf_counter()
    made.build(table)
    built, start = perf_counter() - start, perf_counter()
    made.open()
    opened = perf_counter() - start
    check(made.name, texts, right, made.answer)
    steps.kept.append(kept(made.name, made.size() / table.rows, built, opened))
    steps.add(made.name, len(texts), asked(texts, made.answer))


def missing(kind: type[Peer]) -> str:
    """Return how to get what a peer needs, empty where it is here."""
    if find_spec(kind.package) is None:
        return "pip install --require-hashes -r requirements/bench.txt, or make bench"
    if kind is PostgreSQL and not peer_postgres.present():
        return peer_postgres.HOW
    return ""


def table_peers(
    steps: Steps, stack: ExitStack, table: Table, texts: list[str], right: Codes
) -> None:
    """Add every peer that is here, and say which is not."""
    for kind in TABLES:
        if how := missing(kind):
            steps.notes.append(measure.left_out(kind.name, how))
            continue
        measure.say(f"{kind.name}: {table.rows:,} rows")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)  # a server may run as another user
        made = kind(folder)
        stack.callback(made.close)
        table_peer(steps, made, table, texts, right)
        if kind is DuckDB:
            steps.add(ALL_AT_ONCE, len(texts), partial(made.answer, texts))


def cwt(
    place: Workspace, tokens: list[bytes], rounds: int
) -> tuple[dict[str, measure.Timing], str]:
    """Return the times of python-cwt and of what is measured beside it, and a note."""
    if not CWT_PYTHON.exists():
        return {}, measure.left_out("python-cwt", "make bench builds .venv-peers")
    measure.say("python-cwt, in its environment")
    public = place.keys.token.handle.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    envelope = payload.open_token(tokens[0])
    given = {
        "texts": [payload.qr_text(token) for token in tokens],
        "prefix": payload.OFFLINE_PREFIX,
        "aad": payload.PURPOSE.external_aad.hex(),
        "key": pem.decode("ascii"),
        "kid": envelope.kid.hex(),
        "issuer": place.settings.code,
        "ready": [[part.hex() for part in pair] for pair in prepared(tokens)],
        "rounds": rounds,
        "cwt": CWT,
        "bare": CWT_BARE,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.json"
        path.write_text(json.dumps(given), encoding="ascii")
        done = subprocess.run(  # noqa: S603  ours
            [CWT_PYTHON, Path(__file__).with_name("peer_cwt.py"), path],
            stdout=subprocess.PIPE,
            check=True,
        )
    found = json.loads(done.stdout)
    versions = ", ".join(f"{name} {text}" for name, text in found["versions"].items())
    timings = {name: measure.Timing(*part) for name, part in found["timings"].items()}
    return timings, f"python-cwt ran with {versions}"


def bars(timings: Mapping[str, measure.Timing]) -> dict[str, float]:
    """Return how many times as fast as a bare verification each way is.

    Of medians; python-cwt beside the one in its own environment.
    """
    return {
        name: round(timings[CWT_BARE if name == CWT else BARE].median / one.median, 4)
        for name, one in timings.items()
        if name not in {BARE, CWT_BARE}
    }


def at(
    place: Workspace,
    tokens: list[bytes],
    count: int,
    few: int,
    rounds: int,
) -> tuple[Steps, dict[str, measure.Timing]]:
    """Measure all ways at one number of rows."""
    steps = Steps()
    trust, statuses = lookup_rows.with_statuses(
        place.trust(), world.claims_of_one(place)
    )
    texts = [payload.qr_text(token) for token in tokens]
    measure.say(f"snapshot: {count:,} rows")
    start = perf_counter()
    path, manifest = lookup_rows.publish(place, tokens, count)
    built = perf_counter() - start
    table = lookup_rows.table_of(path, manifest, statuses)
    steps.add(BARE, few, peer(place, tokens[:few]))
    right = snapshot(steps, (path, table, built), trust, texts)
    steps.add(SIGNATURE, few, signature(texts[:few], trust, right))
    with ExitStack() as stack:
        table_peers(steps, stack, table, texts, right)
        measure.say(f"asking {len(texts):,} texts, {rounds} rounds")
        return steps, measure.interleaved(steps.jobs, rounds, steps.items)


def result(
    count: int,
    steps: Steps,
    timings: dict[str, measure.Timing],
    apart: tuple[dict[str, measure.Timing], str],
) -> dict[str, object]:
    """Return the result at one number of rows."""
    others, note = apart
    ratios = [of_bare(timings, SIGNATURE, None)]
    if others:
        ratios.insert(0, measure.ratio(others, CWT, CWT_BARE, None))
    tables = [name for name in timings if name not in {BARE, SIGNATURE, SNAPSHOT}]
    return {
        "job": f"QR text -> answer, tables of {count:,} rows, one core",
        "rows": count,
        "items": steps.items[SNAPSHOT],
        "timings": measure.told(timings | others),
        "ratio": measure.ratio(timings, BARE, SNAPSHOT, TARGET),
        "more_ratios": [
            *ratios,
            *(measure.ratio(timings, name, SNAPSHOT, None) for name in tables),
        ],
        "bars": bars(timings | others),
        "table": {
            "head": ["kept", "bytes a license", "built in s", "opened in ms"],
            "rows": steps.kept,
        },
        "notes": [note, *steps.notes],
        "left_out": (
            "reading files of texts, claims where a table answers, texts that are in"
            " no table, which the signature path answers; the tables' files are warm"
        ),
    }


def measured(size: str) -> list[dict[str, object]]:
    """Return one result for each number of rows."""
    counts, many, few, rounds = SIZES[size]
    with world.office() as place:
        measure.say(f"signing {many:,} tokens")
        tokens = world.tokens(place, many, lookup_rows.varied)
        apart = cwt(place, tokens[:few], rounds)
        found = []
        for count in counts:
            steps, timings = at(place, tokens, count, few, rounds)
            found.append(result(count, steps, timings, apart))
    return found
