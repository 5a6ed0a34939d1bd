"""The order of codes holds for every pair of causes, on the QR path and the PDF path.

A cause is a knob of the world, a change of the document, or a change of the text. Each
pair is applied to one license, and the answer must be the code that DESIGN's order puts
first. A new cause is a new row in a table.
"""

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations, product

import pytest

from elicense import dates, payload, validating
from elicense.issuing import Issued
from elicense.samples import sample, variant
from elicense.testing import START, Simulator
from esign.statuslist import Status
from esign.verdict import Code
from tests.elicense.world import Parts, other_record, parts_of, sealed, unsealed

TYPE = "special-operation"  # has everything: photo, checkpoint, masked number


@dataclass
class Scene:
    """One license in one world, and how it is presented."""

    world: Simulator
    issued: Issued
    good: Parts
    other: Issued
    other_record: bool = False
    other_face: bool = False
    is_sealed: bool = True
    tail: bytes = b""
    flip: bool = False
    text_changes: tuple[Callable[[str], str], ...] = ()

    @functools.cached_property
    def documents(self) -> dict[tuple[bool, bool, bool], bytes]:
        """Every kind of document, made once: other record, other face, sealed."""
        made = {}
        for kind in product((False, True), repeat=3):
            parts = self.good
            if kind[0]:
                parts = replace(parts, record=other_record(parts))
            if kind[1]:
                parts = replace(parts, face=self.other)
            made[kind] = (sealed if kind[2] else unsealed)(self.world, parts)
        return made


def _later(days: int) -> Callable[[Scene], None]:
    def turn(scene: Scene) -> None:
        scene.world.at += timedelta(days=days)

    return turn


def _ended(status: Status) -> Callable[[Scene], None]:
    return lambda scene: scene.world.department.end(scene.issued, status)


def _stale(scene: Scene) -> None:
    scene.world.bundle_age = timedelta(hours=1)
    scene.world.issued_at = scene.world.at - timedelta(hours=2)


def _unlisted(scene: Scene) -> None:
    scene.world.department.token_listed = False


def _no_types(scene: Scene) -> None:
    scene.world.department.types = ()


def _no_lists(scene: Scene) -> None:
    scene.world.department.lists = set()


Causes = dict[Code, Callable[[Scene], None]]
STATUS: Causes = {
    Code.REVOKED: _ended(Status.INVALID),
    Code.SUPERSEDED: _ended(Status.SUPERSEDED),
    Code.SUSPENDED: _ended(Status.SUSPENDED),
    Code.NO_STATUS: _no_lists,
}
DATES: Causes = {
    Code.EXPIRED: _later(6 * 366),
    Code.LAPSED: _later(4 * 365),
    Code.NOT_YET_VALID: _later(-5),  # after the signature, before the first day
}
KNOBS: Causes = {
    Code.UNKNOWN_ISSUER: _unlisted,
    Code.NOT_AUTHORIZED: _no_types,
    **DATES,
    **STATUS,
    Code.STALE: _stale,
}


def _set(**changes: object) -> Callable[[Scene], None]:
    def turn(scene: Scene) -> None:
        for name, value in changes.items():
            setattr(scene, name, value)

    return turn


def _last_bit(text: str) -> str:
    """Change the signature's last byte so that its form stays that of a signature."""
    token = bytearray(payload.read_qr_text(text))
    token[-1] ^= 1
    return payload.qr_text(bytes(token))


def _text(change: Callable[[str], str]) -> Callable[[Scene], None]:
    def turn(scene: Scene) -> None:
        scene.text_changes = (change, *scene.text_changes)

    return turn


TEXT: Causes = {
    Code.MALFORMED: _text(lambda text: text + "000"),
    Code.UNSUPPORTED: _text(lambda text: "X" + text),
    Code.BAD_SIGNATURE: _text(_last_bit),
    Code.ALTERED: _set(other_record=True),
}
DOCUMENT: Causes = {
    Code.MALFORMED: _set(tail=b"\n% more"),
    Code.UNSUPPORTED: _set(is_sealed=False),
    Code.BAD_SIGNATURE: _set(flip=True),
    Code.ALTERED: _set(other_record=True),
    Code.FACE_MISMATCH: _set(other_face=True),
}
# Causes of which only one can be at a time: one status, one place in the calendar; and
# what is not ours at all is not looked into.
EXCLUSIVE = [set(STATUS), set(DATES), {Code.MALFORMED, Code.UNSUPPORTED}]


def _pairs(causes: Causes) -> Iterator[tuple[Code, Code]]:
    order = [code for code in Code if code in causes]
    for first, second in combinations(order, 2):
        if not any({first, second} <= group for group in EXCLUSIVE):
            yield first, second


@pytest.fixture(scope="module")
def stage() -> Iterator[Scene]:
    first_day = dates.day_of(START + timedelta(days=10)).isoformat()
    with Simulator(START) as world:
        issued = world.issue(TYPE, sample(TYPE, START) | {"valid_from": first_day})
        other = world.issue(TYPE, variant(TYPE, START, 7))
        yield Scene(world, issued, parts_of(world, issued), other)


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """Return the stage with every knob at rest, and put them back afterwards."""
    world, department = stage.world, stage.world.department
    kept = (department.types, department.lists, department.statuses)
    department.statuses = {}
    world.at = START + timedelta(days=12)
    taken = copy.copy(stage)
    taken.__dict__["documents"] = stage.documents
    yield taken
    department.types, department.lists, department.statuses = kept
    department.token_listed = True
    world.bundle_age, world.issued_at = timedelta(days=30), None


def _document(scene: Scene) -> bytes:
    kind = (scene.other_record, scene.other_face, scene.is_sealed)
    pdf = bytearray(scene.documents[kind])
    if scene.flip:
        pdf[pdf.index(b"\xff\xd8\xff") + 40] ^= 1
    return bytes(pdf) + scene.tail


def _apply(scene: Scene, causes: Causes, *codes: Code) -> None:
    moves = [code for code in codes if code in DATES]
    for code in moves + [code for code in codes if code not in DATES]:
        causes[code](scene)


def _text_verdict(scene: Scene) -> validating.Verdict:
    text, parts = scene.issued.qr_text, scene.good
    for change in sorted(
        scene.text_changes, key=lambda change: change is not _last_bit
    ):
        text = change(text)
    attached = other_record(parts) if scene.other_record else parts.record
    world = scene.world
    return validating.validate_text(
        text, world.trust(), world.at, record_bytes=attached
    )


@pytest.mark.parametrize("code", KNOBS | TEXT, ids=lambda code: code.text)
def test_one_cause_gives_its_code_on_the_qr_path(scene: Scene, code: Code) -> None:
    _apply(scene, KNOBS | TEXT, code)
    verdict = _text_verdict(scene)
    assert (verdict.code, verdict.indication) == (code, code.indication)


@pytest.mark.parametrize("code", KNOBS | DOCUMENT, ids=lambda code: code.text)
def test_one_cause_gives_its_code_on_the_pdf_path(scene: Scene, code: Code) -> None:
    _apply(scene, KNOBS | DOCUMENT, code)
    verdict = scene.world.validate(_document(scene))
    assert (verdict.code, verdict.indication) == (code, code.indication)


@pytest.mark.parametrize(("first", "second"), list(_pairs(KNOBS | TEXT)))
def test_the_first_of_two_causes_names_the_answer_on_the_qr_path(
    scene: Scene, first: Code, second: Code
) -> None:
    _apply(scene, KNOBS | TEXT, first, second)
    assert _text_verdict(scene).code is first


@pytest.mark.parametrize(("first", "second"), list(_pairs(KNOBS | DOCUMENT)))
def test_the_first_of_two_causes_names_the_answer_on_the_pdf_path(
    scene: Scene, first: Code, second: Code
) -> None:
    _apply(scene, KNOBS | DOCUMENT, first, second)
    assert scene.world.validate(_document(scene)).code is first
