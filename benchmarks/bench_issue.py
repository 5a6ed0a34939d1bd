"""The ladder of issuing: the obvious parts, the plain press, a batch at speed.

All rungs work in the same run, taking turns, on licenses of the same type. The peer
(peer_issue.py) draws and seals. Both of ours check the application, keep the register
(durable), draw up record and token, lay out the page, print, seal, validate what they
made at scope sealed, and store it. The last rung does so in chunks, with the full
validation of a sample, as the batch policy says.

Left out: imports, opening a workspace, photos, a device that signs, the publication,
reading rows and writing files (bench_cores.py has those).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TypeVar

import measure
import world
from peer_issue import Content, Peer

from elicense import attachments, document, issuing
from elicense.document import PlainPress
from elicense.document.archive import files_of
from elicense.document.assembly import Ingredients
from elicense.document.bodies import bodies
from elicense.document.leaves import leaves_of
from elicense.document.lettering import fixed_fonts, letter
from elicense.issuing import Batch, BatchPolicy, IssuingDesk
from elicense.lifecycle import State
from elicense.policy import SEALED_ONLY
from elicense.workspace import Workspace
from esign.pades import OnePassSealer, Stock

T = TypeVar("T")

ROUNDS = {"tiny": (1, 3), "small": (7, 200), "full": (25, 200)}
TARGET = 25
OBVIOUS = "peer: reportlab + qrcode + PNG seal + pyHanko"
PLAIN = "plain: plain press, one by one, scope sealed"
FAST = "fast: one-pass press, in a batch, scope sealed"


def contents(place: Workspace, count: int) -> list[Content]:
    """Return what the peer prints: the same licenses as the other rungs'."""
    made = []
    for number in range(count):
        issued = world.issue(place, number)
        draft = issued.license.draft
        shown = {
            "许可证编号": draft.number,
            **{holder.name: holder.code for holder in draft.holders},
            **{key: str(value) for key, value in draft.fields.items()},
            "发证机关": issued.license.issuer.name,
        }
        found = attachments.read(issued.pdf)
        made.append(
            Content(
                title=draft.title,
                rows=tuple(shown.items()),
                qr_text=issued.qr_text,
                record=found.record,
                token=found.token,
            )
        )
    return made


def peer_of(place: Workspace, desk: IssuingDesk, wanted: list[Content]) -> Peer:
    """Return the peer with the desk's own key, and faces for what it prints."""
    texts = [text for one in wanted for row in one.rows for text in row]
    titles = [one.title for one in wanted]
    return Peer.create(desk, *world.seal(place), "".join((*texts, *titles)))


def issue_plain(desk: IssuingDesk, number: int) -> None:
    """Issue one license with the plain press."""
    issued = issuing.issue(desk, world.request(number), world.AT)
    if issued.state is not State.ISSUED:
        raise AssertionError("expected an issued license")


def issue_chunk(batch: Batch, first: int, count: int) -> None:
    """Issue a chunk of licenses."""
    entries = [(place, world.request(place)) for place in range(first, first + count)]
    for outcome in batch.issue(entries):
        if outcome.issued is None or outcome.issued.state is not State.ISSUED:
            raise AssertionError(f"expected an issued license: {outcome.error}")


class TimedBatch(Batch):
    """A batch that keeps the time of each of its steps, in microseconds."""

    def __init__(self, desk: IssuingDesk, policy: BatchPolicy) -> None:
        """Begin with nothing spent."""
        super().__init__(desk, world.AT, policy)
        self.spent: dict[str, float] = {}

    def timed(self, name: str, step: Callable[..., T], *given: object) -> T:
        """Make a step, and add its time."""
        start = perf_counter()
        try:
            return step(*given)
        finally:
            spent = (perf_counter() - start) * 1e6
            self.spent[name] = self.spent.get(name, 0.0) + spent

    def _look_up(self, job: object) -> None:
        self.timed("  look up, check the application", super()._look_up, job)

    def _draw(self, jobs: Sequence[object]) -> None:
        name = "  draw up: record, token, symbol, page"
        self.timed(name, super()._draw, jobs)

    def _claim(self, jobs: Sequence[object]) -> None:
        self.timed("  claim the places, durable", super()._claim, jobs)

    def _print(self, job: object) -> None:
        self.timed("  print and seal", super()._print, job)

    def _validate(self, job: object) -> None:
        name = "  validate at scope sealed, a sample in full"
        self.timed(name, super()._validate, job)

    def _store(self, jobs: Sequence[object]) -> dict[int, object]:
        return self.timed("  store, mark as issued, durable", super()._store, jobs)


def print_by_stages(place: Workspace, stages: measure.Stages) -> None:
    """Print one license as `OnePassPress.print` does, and time each stage of it."""
    desk = place.desk(world.AT)
    issued = world.issue(place, 0)
    kind = desk.catalog.get(issued.license.draft.type_name)
    found = attachments.read(issued.pdf)
    page = stages.timed(
        "    (once more) symbol and page",
        lambda: document.lay_out(issued.license, kind, issued.qr_text),
    )
    fixed = fixed_fonts(kind)
    lettered = stages.timed("    fonts", lambda: letter(page, fixed))
    leaves = stages.timed(
        "    operators", lambda: leaves_of(page, lettered.pieces, None)
    )
    parts = Ingredients(
        title=page.license.draft.title,
        leaves=leaves,
        fonts=lettered.fonts,
        symbol=page.symbol,
        code=page.code,
        picture=None,
        files=files_of(found),
        at=world.AT,
    )
    made = stages.timed("    objects", lambda: bodies(parts, lettered.fresh, 100))
    stock = Stock([b"<<\n>>"], len(made))
    sealer = OnePassSealer(world.seal(place)[0])
    stages.timed("    digest, CMS, file", lambda: sealer.seal(stock, made, world.AT))


def measured(size: str) -> list[dict[str, object]]:
    """Return the result of this benchmark."""
    rounds, count = ROUNDS[size]
    with world.office() as place:
        desk = place.desk(world.AT)
        identity, art, _ = world.seal(place)
        plain = replace(desk, press=PlainPress(identity, art), policy=SEALED_ONLY)
        wanted = contents(place, rounds + 1)
        peer = peer_of(place, desk, wanted)
        batch = TimedBatch(desk, BatchPolicy(chunk=count))
        stages, taken = measure.Stages(), 0
        for number in range(rounds + 1):
            stages.timed(OBVIOUS, partial(peer.issue, wanted[number]))
            stages.timed(PLAIN, partial(issue_plain, plain, 10_000 + number))
            batch.spent.clear()
            first = 20_000 + taken
            start = perf_counter()
            issue_chunk(batch, first, count)
            stages.add(FAST, (perf_counter() - start) * 1e6 / count)
            for name, spent in batch.spent.items():
                stages.add(name, spent / count)
            print_by_stages(place, stages)
            taken += count
        timings = stages.timings()
    ladder = (OBVIOUS, PLAIN, FAST)
    return [
        {
            "job": "issue one sealed license, one core",
            "items": count,
            "timings": {
                name: timings[name].to_json()
                for name in [*ladder, *(n for n in timings if n not in ladder)]
            },
            "ratio": measure.ratio(timings, OBVIOUS, FAST, TARGET),
            "more_ratios": [
                measure.ratio(timings, OBVIOUS, PLAIN, None),
                measure.ratio(timings, PLAIN, FAST, None),
            ],
            "notes": [
                (
                    "indented: stages of a batch; twice indented: one license, alone"
                    " and cold, as it is drawn up and printed"
                ),
                (
                    f"one license in {BatchPolicy().sample} of the batch is validated"
                    " in full, with the page as it is drawn"
                ),
            ],
            "left_out": (
                "photos, devices, publication, reading rows, writing files; the peer"
                " validates nothing and keeps no register"
            ),
        }
    ]
