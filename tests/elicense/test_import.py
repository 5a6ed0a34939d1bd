"""What was granted on paper years ago is sealed now, and counted apart."""

import io
from dataclasses import replace
from datetime import date, timedelta

import pikepdf
import pytest

from elicense import attachments, document, record, samples
from elicense.attachments import ScanError
from elicense.dates import start_of
from elicense.document import DocumentParts
from elicense.errors import ApplicationError, ConflictError
from elicense.events import EventKind
from elicense.issuing import NotReleasedError, Request, issue
from elicense.lifecycle import State
from elicense.testing import Simulator
from esign import pades, seal_image
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from esign.verdict import Code
from tests.elicense.pages import seal_place

PAPER = b"%PDF-1.4\n/ByteRange [0 1]\nstartxref\n0\n%%EOF\n"
GRANTED = date(2023, 3, 1)
RANGE = (date(2022, 1, 1), date(2025, 12, 31))


@pytest.fixture
def world():
    with Simulator() as made:
        made.department.backfill = RANGE
        yield made


def imported(world, *, scan=PAPER, number="row 1", **changes):
    application = samples.sample("food-business", world.at)
    days = {"issue_date": GRANTED.isoformat()}
    return Request(
        type_name="food-business",
        application=application | days | changes,
        number=number,
        is_case=False,
        operation="import",
        scan=scan,
    )


def test_it_has_its_old_date_and_is_sealed_now(world):
    asked = imported(world)
    issued = issue(world.desk(), asked, world.at)
    draft = issued.license.draft
    assert draft.origin == "存量补录"
    assert draft.case_number is None
    assert (draft.issue_date, draft.validity.valid_from) == (GRANTED, GRANTED)
    assert issued.verdict.code is Code.VALID
    assert issued.verdict.at == world.at
    assert issued.warnings == ()
    attached = attachments.read(issued.pdf)
    assert attached.scan == PAPER
    assert record.decode(attached.record)[0].draft.scan == attachments.scan_of(PAPER)
    assert world.validate(issued.pdf).code is Code.VALID


def test_it_is_in_force_from_its_date_and_known_from_today(world):
    issued = issue(world.desk(), imported(world), world.at)
    register = world.department.register
    identifier = issued.license.identifier
    event = register.history(identifier)[-1]
    assert event.kind is EventKind.ISSUED
    assert (event.effective_at, event.recorded_at) == (start_of(GRANTED), world.at)
    before = world.at - timedelta(days=1)
    assert register.at(before).valid(identifier).code is Code.VALID
    assert register.at(before).known(identifier).state is State.RESERVED
    assert register.at(world.at).known(identifier).code is Code.VALID
    assert register.at(start_of(GRANTED)).valid(identifier).state is State.ISSUED
    earlier = start_of(GRANTED) - timedelta(seconds=1)
    assert register.at(earlier).valid(identifier).state is State.RESERVED


def test_it_is_counted_apart(world):
    world.issue(application=samples.variant("food-business", world.at, 1))
    issue(world.desk(), imported(world), world.at)
    assert world.department.register.counts() == {"issue": 1, "import": 1}


def test_the_same_row_gives_the_same_license(world):
    first = issue(world.desk(), imported(world), world.at)
    again = issue(world.desk(), imported(world), world.at + timedelta(days=3))
    assert again.pdf == first.pdf
    assert world.department.register.count() == 1


@pytest.mark.parametrize("scan", [None, PAPER + b" "], ids=["none", "another"])
def test_the_same_row_with_another_scan_conflicts(world, scan):
    first = issue(world.desk(), imported(world), world.at)
    register = world.department.register
    row = register.get(first.license.identifier)
    with pytest.raises(ConflictError):
        issue(world.desk(), imported(world, scan=scan), world.at)
    assert register.get(row.identifier) == row


def test_without_a_scan_it_is_issued_with_a_warning(world):
    issued = issue(world.desk(), imported(world, scan=None), world.at)
    assert [problem.field for problem in issued.warnings] == ["scan"]
    assert issued.license.draft.scan is None
    assert attachments.read(issued.pdf).scan is None
    assert world.validate(issued.pdf).code is Code.VALID


REFUSED = {
    "no range": (None, {}, "not granted a backfill"),
    "a range that begins later": (
        (GRANTED + timedelta(days=1), RANGE[1]),
        {},
        "outside of",
    ),
    "a range that ends earlier": (
        (RANGE[0], GRANTED - timedelta(days=1)),
        {},
        "outside of",
    ),
    "no date": (RANGE, {"issue_date": None}, "before today"),
    "today's date": (
        (RANGE[0], date(2026, 11, 21)),
        {"issue_date": "2026-11-21"},
        "before today",
    ),
    "another origin": (RANGE, {"origin": "新发"}, "expected 存量补录"),
    "a license that has ended": (RANGE, {"valid_until": "2024-01-01"}, "has ended"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_reserved_for(world, case):
    backfill, changes, text = REFUSED[case]
    world.department.backfill = backfill
    with pytest.raises(ApplicationError, match=text):
        issue(world.desk(), imported(world, **changes), world.at)
    assert world.department.register.count() == 0
    assert list(world.department.register.events_since(0)) == []


def test_nothing_is_reserved_where_the_bundle_does_not_know_the_key(world):
    world.department.token_listed = False
    with pytest.raises(ApplicationError, match="not granted a backfill"):
        issue(world.desk(), imported(world), world.at)
    assert world.department.register.count() == 0


@pytest.mark.parametrize("scan", [b"", b"GIF89a"], ids=["empty", "a GIF"])
def test_nothing_is_reserved_for_a_scan_that_is_none(world, scan):
    with pytest.raises(ScanError):
        issue(world.desk(), imported(world, scan=scan), world.at)
    assert world.department.register.count() == 0


@pytest.mark.parametrize("at_end", [0, 1], ids=["first day", "last day"])
def test_the_ends_of_the_range_are_inside(world, at_end):
    world.department.backfill = (
        (GRANTED, RANGE[1]) if at_end == 0 else (RANGE[0], GRANTED)
    )
    issued = issue(world.desk(), imported(world), world.at)
    assert issued.state is State.ISSUED


def test_only_an_import_makes_the_origin_of_imports(world):
    asked = replace(imported(world, origin="存量补录", scan=None), operation="issue")
    with pytest.raises(ApplicationError, match="what an import makes"):
        issue(world.desk(), asked, world.at)
    assert world.department.register.count() == 0


def test_an_import_is_reserved_and_resumed_like_any_license(world):
    asked = imported(world)
    broken = replace(world.desk(), press=world.desk(world.departments[1]).press)
    with pytest.raises(NotReleasedError):
        issue(broken, asked, world.at)
    later = world.at + timedelta(days=2)
    issued = issue(world.desk(), asked, later)
    event = world.department.register.history(issued.license.identifier)[-1]
    assert (event.effective_at, event.recorded_at) == (start_of(GRANTED), later)
    assert issued.verdict.at == world.at
    assert attachments.read(issued.pdf).scan == PAPER


def resealed(world, issued, change):
    """Return a license with other attachments under the department's real seal."""
    license_type = world.catalog.get("food-business")
    attached = attachments.read(issued.pdf)
    page = document.render(
        DocumentParts(
            sheet=document.lay_out(issued.license, license_type, issued.qr_text),
            photo=None,
            record=attached.record,
            token=attached.token,
            at=issued.verdict.at,
            scan=attached.scan,
        )
    )
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(page)) as pdf:
        change(pdf)
        pdf.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    number, box = seal_place(license_type)
    seal, at = world.department.seal, issued.verdict.at
    art = seal_image.draw(SealSpec(world.department.name))
    appearance = SealAppearance(number, box, art)
    return pades.seal(out.getvalue(), seal, at=at, appearance=appearance)


def _swap(pdf):
    stream = pdf.Root.Names.EmbeddedFiles.Names[5].EF.F
    stream.write(PAPER + b" ")
    stream.Params.Size = len(PAPER) + 1


def _drop(pdf):
    del pdf.Root.Names.EmbeddedFiles.Names[4:6]
    del pdf.Root.AF[2]


def _add(pdf):
    stream = pdf.make_indirect(
        pikepdf.Stream(
            pdf,
            PAPER,
            Type=pikepdf.Name.EmbeddedFile,
            Subtype=pikepdf.Name("/application/pdf"),
            Params=pikepdf.Dictionary(Size=len(PAPER), ModDate="D:20261121080000Z"),
        )
    )
    spec = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Filespec,
            AFRelationship=pikepdf.Name.Source,
            EF={"/F": stream, "/UF": stream},
            F="scan.pdf",
            UF="scan.pdf",
        )
    )
    pdf.Root.Names.EmbeddedFiles.Names.extend([pikepdf.String("scan.pdf"), spec])
    pdf.Root.AF.append(spec)


def _pretend(pdf):
    stream = pdf.Root.Names.EmbeddedFiles.Names[5].EF.F
    stream.write(b"GIF89a")
    stream.Params.Size = len(b"GIF89a")


CHANGES = {
    "the same": (PAPER, lambda _: None, Code.VALID),
    "another scan": (PAPER, _swap, Code.ALTERED),
    "no scan where the record names one": (PAPER, _drop, Code.ALTERED),
    "a scan where the record names none": (None, _add, Code.ALTERED),
    "a scan that is no PDF": (PAPER, _pretend, Code.MALFORMED),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_scan_that_is_not_the_record_s_is_found_under_a_real_seal(world, case):
    scan, change, code = CHANGES[case]
    issued = issue(world.desk(), imported(world, scan=scan), world.at)
    assert world.validate(resealed(world, issued, change)).code is code
