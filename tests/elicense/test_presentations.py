"""One license printed in several ways, on cards, and beside a code of somebody else."""

import dataclasses
import functools
import io
import re

import pikepdf
import pytest

from elicense import document, drawing, face, layout, payload, qr
from elicense.catalog import Background, Catalog
from elicense.errors import CatalogError, SymbolTooLargeError
from elicense.fonts import STANDARD
from elicense.layout import EXTERNAL_MM, Frame, clearance
from elicense.testing import Simulator
from elicense.validating import Scope
from elicense.validating.face_check import check_face
from esign import pades, seal_image
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from esign.verdict import Code, Indication
from tests.elicense.backgrounds import drawn, shapes
from tests.elicense.booklets import (
    HEAD,
    HOLDER,
    LAYOUT,
    NOTICES,
    PAGE,
    ROWS,
    SCOPE,
    composed,
    license_of,
    own_type,
    own_types,
    parts_of,
    resealed,
)
from tests.elicense.pages import AT, PRESSES, TOKEN, press, seal_place
from tests.elicense.test_one_pass import assert_bodies_are_those_of_the_assembly
from tests.esign import pades_world

MM = 72 / 25.4
BOTH = pytest.mark.parametrize("kind", PRESSES)
COPY = "copy = [30, 46, 150, 7]\n"
ORIGINAL = (
    "pages = 2\n"
    + COPY
    + LAYOUT.replace("box = [25, 150, 160, 12]", "box = [25, 80, 160, 12], page = 2")
)
DUPLICATE = (
    "pages = 2\n"
    + COPY
    + LAYOUT.replace('"brown"', '"green"')
    .replace("seal = [148, 236]", "seal = [140, 230]")
    .replace("box = [25, 150, 160, 12]", "box = [25, 120, 160, 12], page = 2")
)
NAMES = ("正本", "副本")
LONG = SCOPE * 60


def two_ways():
    return own_types(正本=ORIGINAL, 副本=DUPLICATE)


def presentation(name, kind=None):
    (found,) = (
        item for item in (kind or two_ways()).presentations if item.name == name
    )
    return found


@functools.cache
def printed(kind, name, scope=SCOPE):
    license_ = license_of(scope=scope)
    return press(kind).print(parts_of(license_, two_ways(), presentation(name)))


def judged(pdf, license_, kind):
    return check_face(pdf, license_, kind, TOKEN, STANDARD)


def passed(pdf, license_, kind):
    return judged(pdf, license_, kind).indication is Indication.PASSED


def field_texts(page, field):
    return [run.text for run in page.runs if run.field == field]


# 正本 and 副本.


@BOTH
@pytest.mark.parametrize("scope", [SCOPE, LONG], ids=["short", "long"])
@pytest.mark.parametrize("name", NAMES)
def test_each_presentation_shows_the_license(name, scope, kind):
    license_ = license_of(scope=scope)
    pdf = printed(kind, name, scope)
    assert passed(pdf, license_, two_ways())
    pages = composed(license_, two_ways(), presentation(name))
    assert face.compare(face.read(pdf), pages, license_, TOKEN) == ()
    assert field_texts(pages[0], "copy") == [f"（{name}）"]
    assert len(pages) == (2 if scope == SCOPE else 3)
    report = pades.validate(pdf, pades_world.world().trust(), AT)
    assert [check.code for check in report.checks if check.code] == []


def test_both_are_one_license():
    """One record, one token; what differs is on the pages alone."""
    license_ = license_of()
    first, second = (
        parts_of(license_, two_ways(), presentation(name)) for name in NAMES
    )
    assert (first.record, first.token) == (second.record, second.token)
    assert first.sheet.license == second.sheet.license
    assert first.sheet.pages != second.sheet.pages
    assert first.sheet.symbol == second.sheet.symbol


@pytest.mark.parametrize("name", NAMES)
def test_the_presses_print_one_presentation_alike(name):
    plain, *others = (drawing.read(printed(kind, name)) for kind in PRESSES)
    assert others == [plain] * len(others)
    parts = parts_of(license_of(), two_ways(), presentation(name))
    assert_bodies_are_those_of_the_assembly(parts)


def test_a_press_keeps_presentations_apart():
    own = PRESSES["one pass"](
        pades_world.world().identity, seal_image.draw(SealSpec("示例市行政审批局"))
    )
    given = [parts_of(license_of(), two_ways(), presentation(n)) for n in NAMES * 2]
    files = [own.print(parts) for parts in given]
    assert files[:2] == files[2:]
    assert files[0] != files[1]
    assert all(passed(pdf, license_of(), two_ways()) for pdf in files)


@pytest.mark.parametrize("name", NAMES)
def test_the_seal_stands_where_the_presentation_says(name):
    box = layout.seal_box(two_ways(), presentation(name))
    seen = drawing.read(printed("plain", name))
    assert seen.seal == pytest.approx(box, abs=0.01)
    centre = {"正本": (148, 236), "副本": (140, 230)}[name]
    assert (box[0] + box[2]) / 2 == pytest.approx(centre[0] * MM, abs=0.01)
    assert (box[1] + box[3]) / 2 == pytest.approx((297 - centre[1]) * MM, abs=0.01)


def test_the_first_presentation_is_printed_unless_asked_otherwise():
    license_ = license_of()
    assert composed(license_, two_ways()) == composed(
        license_, two_ways(), presentation("正本")
    )
    assert layout.seal_box(two_ways()) == layout.seal_box(
        two_ways(), presentation("正本")
    )
    assert parts_of(license_, two_ways()).sheet.presentation is presentation("正本")


def mixed(front, back, number):
    """Return a document with one page of another presentation, sealed as the first."""
    license_ = license_of()
    data = document.render(parts_of(license_, two_ways(), presentation(back)))

    def edit(pdf):
        with pikepdf.open(io.BytesIO(data)) as other:
            pdf.pages[number] = other.pages[number]

    return resealed(parts_of(license_, two_ways(), presentation(front)), edit)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("names", [NAMES, NAMES[::-1]], ids=" and ".join)
def test_pages_of_two_presentations_are_no_license(names, number):
    check = judged(mixed(*names, number), license_of(), two_ways())
    assert (check.indication, check.code) == (Indication.FAILED, Code.FACE_MISMATCH)


def test_the_same_page_put_back_is_the_license():
    assert passed(mixed("正本", "正本", 1), license_of(), two_ways())


def test_the_seal_of_one_presentation_on_the_page_of_the_other_is_seen():
    license_ = license_of()
    parts = parts_of(license_, two_ways(), presentation("副本"))
    number, box = seal_place(two_ways(), presentation("正本"))
    looks = SealAppearance(number, box, seal_image.draw(SealSpec("示例市行政审批局")))
    identity = pades_world.world().identity
    pdf = pades.seal(document.render(parts), identity, at=AT, appearance=looks)
    check = judged(pdf, license_, two_ways())
    assert (check.code, check.detail) == (Code.FACE_MISMATCH, "place of the seal")


GRANTED = {
    "正副本合一": {"正本": True, "副本": True},
    "单页": {"正本": True, "副本": True},
    "正本": {"正本": True, "副本": False},
    "副本": {"正本": False, "副本": True},
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("copy", GRANTED)
def test_a_license_has_the_presentations_that_it_was_granted_as(copy, name):
    license_ = license_of(copy=copy)
    pdf = press("one pass").print(parts_of(license_, two_ways(), presentation(name)))
    check = judged(pdf, license_, two_ways())
    if GRANTED[copy][name]:
        assert check.indication is Indication.PASSED
    else:
        assert check.code is Code.FACE_MISMATCH
        assert check.detail
        assert check.detail.isascii()
    named = [item.name for item in two_ways().presentations_of(copy)]
    assert named == [name for name in NAMES if GRANTED[copy][name]]


def test_of_a_license_granted_as_one_copy_that_is_printed():
    for name in NAMES:
        (page, _) = composed(license_of(copy=name), two_ways())
        assert field_texts(page, "copy") == [f"（{name}）"]


def test_the_difference_that_is_told_is_from_the_closest_presentation():
    other = license_of(scope=SCOPE[:-2] + "。")
    check = judged(printed("plain", "副本"), other, two_ways())
    assert check.code is Code.FACE_MISMATCH
    assert check.detail == "text of scope"


def test_a_presentation_that_is_wrong_here_does_not_hide_the_other():
    """A verifier's catalog can lay out one of the two alone."""
    broken = own_types(正本=ORIGINAL.replace('"brown"', '"pink"'), 副本=DUPLICATE)
    assert passed(printed("plain", "副本"), license_of(), broken)
    check = judged(printed("plain", "正本"), license_of(), broken)
    assert check.indication is Indication.NOT_CHECKED
    none = own_types(正本=ORIGINAL.replace('"brown"', '"pink"'))
    check = judged(printed("plain", "正本"), license_of(), none)
    assert check.indication is Indication.NOT_CHECKED
    with pytest.raises(CatalogError) as told:
        composed(license_of(), none)
    assert "layouts.正本.theme" in told.value.message.en


def other_shapes(canvas, width, height):
    """Draw other paths and the same picture."""
    shapes(canvas, width - 40, height - 40)


BACKGROUNDS = {
    "the second alone has one": (None, shapes),
    "the first alone has one": (shapes, None),
    "each has its own": (shapes, other_shapes),
    "both have the same": (shapes, shapes),
}


@functools.cache
def backed(case):
    """Return the type with backgrounds behind its presentations."""
    own = [
        dataclasses.replace(
            item,
            background=painter
            and Background("own.pdf", drawn(painter, size=layout_size())),
        )
        for item, painter in zip(
            two_ways().presentations, BACKGROUNDS[case], strict=True
        )
    ]
    return dataclasses.replace(two_ways(), presentations=tuple(own))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", BACKGROUNDS)
def test_each_presentation_has_the_art_of_its_own(case, name):
    kind, license_ = backed(case), license_of()
    pdf = press("one pass").print(parts_of(license_, kind, presentation(name, kind)))
    check = judged(pdf, license_, kind)
    assert (check.indication, check.detail) == (Indication.PASSED, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", BACKGROUNDS)
def test_a_presentation_without_its_art_is_no_license(case, name):
    has_art = presentation(name, backed(case)).has_own_art
    check = judged(printed("one pass", name), license_of(), backed(case))
    assert (check.code is Code.FACE_MISMATCH) == has_art


def layout_size():
    ornament = composed(license_of(), two_ways())[0].ornament
    return (ornament.width, ornament.height)


def test_a_license_in_two_presentations_is_issued_and_valid_as_a_document():
    tables = f'[layouts."正本"]\n{ORIGINAL}\n[layouts."副本"]\n{DUPLICATE}'
    application = {
        "holders": [{"name": HOLDER.name, "code": HOLDER.code}],
        "number": "示例许〔2026〕1号",
        "scope": SCOPE,
    }
    with Simulator() as simulator:
        files = {"own.toml": (HEAD + tables).encode()}
        simulator.catalog = Catalog.builtin().with_files(files)
        simulator.department.types = simulator.catalog.names()
        for copy in ("正副本合一", *NAMES):
            issued = simulator.issue("long-permit", {**application, "copy": copy})
            assert (issued.verdict.code, issued.verdict.scope) == (
                Code.VALID,
                Scope.DOCUMENT,
            )
            with pikepdf.open(io.BytesIO(issued.pdf)) as pdf:
                assert len(pdf.pages) == 2


# A card with a back.

CARD = """
paper = "card"
pages = 2
qr_page = 2
notices_page = 2
theme = "teal"
title = [2, 1, 81.6, 7]
title_size = 12
number = [3, 10, 50, 4]
number_size = 7
identifier = [3, 48, 40, 3]
label_width = 12
size = 7
qr = [48, 44]
seal = [70, 38]
seal_size = 20
issuer_width = 28
issuer_size = 7
notices = ["示例"]
notices_at = [3, 40, 40]
rows = [
  { value = "holder.name", box = [3, 15, 52, 6] },
  { value = "fields.scope", box = [3, 22, 45, 20], floor = 5 },
  { value = "validity", box = [3, 12, 44, 8], page = 2 },
]
"""


@functools.cache
def card(kind):
    return press(kind).print(parts_of(license_of(), own_type(CARD)))


@BOTH
def test_a_card_has_a_back_with_its_symbol(kind):
    license_ = license_of()
    front, back = pages = composed(license_, own_type(CARD))
    assert (front.ornament.frame, back.ornament.frame) == (Frame.FRONT, Frame.BACK)
    assert (front.ornament.width, front.ornament.height) == pytest.approx(
        (85.6 * MM, 54 * MM)
    )
    assert front.qr_box is None
    assert back.qr_box is not None
    assert (front.seal_box is None, back.seal_box is None) == (False, True)
    assert field_texts(back, "identifier")
    assert field_texts(back, "notice")[0] == "示例"
    assert not field_texts(front, "notice")
    assert field_texts(back, "validity")
    seen = face.read(card(kind))
    assert face.compare(seen, pages, license_, TOKEN) == ()
    assert [len(side.symbols) for side in seen.sides] == [0, 1]
    assert passed(card(kind), license_, own_type(CARD))


def test_the_presses_print_one_card():
    plain, *others = (drawing.read(card(kind)) for kind in PRESSES)
    assert others == [plain] * len(others)
    assert plain.faults == ()
    assert_bodies_are_those_of_the_assembly(parts_of(license_of(), own_type(CARD)))


CARD_EDITS = {
    "the back is missing": lambda pdf: pdf.pages.__delitem__(1),
    "the back comes first": lambda pdf: pdf.Root.Pages.__setitem__(
        "/Kids", pikepdf.Array([pdf.pages[1].obj, pdf.pages[0].obj])
    ),
    "the front stands on both sides": lambda pdf: pdf.pages.__setitem__(
        1, pdf.pages[0]
    ),
}


@pytest.mark.parametrize("case", CARD_EDITS)
def test_a_card_that_is_not_whole_is_no_license(case):
    pdf = resealed(parts_of(license_of(), own_type(CARD)), CARD_EDITS[case])
    check = judged(pdf, license_of(), own_type(CARD))
    assert check.code is Code.FACE_MISMATCH


def test_a_symbol_on_the_other_page_is_a_difference():
    both = CARD.replace("pages = 2\nqr_page = 2", "pages = 2\nqr_page = 1")
    pdf = press("plain").print(parts_of(license_of(), own_type(both)))
    pages = composed(license_of(), own_type(CARD))
    found = face.compare(face.read(pdf), pages, license_of(), TOKEN)
    assert "1 images on the page" in found
    assert "place of the QR symbol" in found


# A code of a province or a ministry.

CODE = "HTTPS://CODE.EXAMPLE.CN/LICENSE?ID=99010120260000001"
SLOT = PAGE + NOTICES.replace("62, 266", "110, 262") + "external = [90, 262]\n" + ROWS


@functools.cache
def slotted(kind, external):
    license_ = license_of(external=external)
    return press(kind).print(parts_of(license_, own_type(SLOT)))


@BOTH
def test_a_foreign_code_stands_in_its_slot(kind):
    license_ = license_of(external=CODE)
    (page,) = pages = composed(license_, own_type(SLOT))
    left, bottom, right, top = page.code_box
    assert (left, bottom) == pytest.approx((90 * MM, (297 - 262) * MM))
    assert (right - left, top - bottom) == pytest.approx((EXTERNAL_MM * MM,) * 2)
    assert field_texts(page, "external_qr") == ["官方查询码"]
    assert field_texts(page, "caption") == ["离线核验码"]
    assert clearance.faults(pages) == ()
    seen = face.read(slotted(kind, CODE))
    assert face.compare(seen, pages, license_, TOKEN) == ()
    assert set(seen.qr_texts) == {CODE, payload.qr_text(TOKEN)}
    assert len(seen.sides[0].symbols) == 2
    assert passed(slotted(kind, CODE), license_, own_type(SLOT))


def test_the_presses_print_one_foreign_code():
    plain, *others = (drawing.read(slotted(kind, CODE)) for kind in PRESSES)
    assert others == [plain] * len(others)
    assert plain.faults == ()
    given = parts_of(license_of(external=CODE), own_type(SLOT))
    assert_bodies_are_those_of_the_assembly(given)


def test_the_label_of_a_foreign_code_is_the_types():
    kind = own_type(SLOT + 'external_label = "省平台码"\n')
    (page,) = composed(license_of(external=CODE), kind)
    assert field_texts(page, "external_qr") == ["省平台码"]


def test_another_code_than_the_records_is_a_difference():
    pdf = slotted("one pass", CODE)
    other = license_of(external=CODE[:-1] + "2")
    pages = composed(other, own_type(SLOT))
    assert face.compare(face.read(pdf), pages, other, TOKEN) == (
        "the foreign code's image does not show the one of the record",
        "the foreign code is not the one of the record",
    )
    assert judged(pdf, other, own_type(SLOT)).code is Code.FACE_MISMATCH


@BOTH
def test_without_such_a_code_nothing_is_printed(kind):
    license_ = license_of()
    (page,) = pages = composed(license_, own_type(SLOT))
    assert page.code_box is None
    assert not field_texts(page, "external_qr")
    assert field_texts(page, "caption") == ["扫码核验 · 离线可验"]
    seen = face.read(slotted(kind, None))
    assert face.compare(seen, pages, license_, TOKEN) == ()
    assert len(seen.sides[0].symbols) == 1


def test_a_code_that_the_record_does_not_have_is_a_difference():
    license_ = license_of()
    pages = composed(license_, own_type(SLOT))
    found = face.compare(face.read(slotted("plain", CODE)), pages, license_, TOKEN)
    assert "2 images on the page" in found
    assert "text of caption" in found


def test_a_code_that_is_not_printed_is_a_difference():
    license_ = license_of(external=CODE)
    pages = composed(license_, own_type(SLOT))
    found = face.compare(face.read(slotted("plain", None)), pages, license_, TOKEN)
    assert "the foreign code is not the one of the record" in found
    assert "place of the foreign code" in found


def without_code(pdf):
    page = pdf.pages[0]
    operators = page.Contents.read_bytes()
    page.Contents.write(
        b"\n".join(line for line in operators.split(b"\n") if b"/Code Do" not in line)
    )


def code_moved(pdf):
    page = pdf.pages[0]
    operators = page.Contents.read_bytes()
    moved, count = re.subn(
        rb"(\S+) cm /Code Do",
        lambda found: b"%.3f cm /Code Do" % (float(found[1]) + 2),
        operators,
    )
    assert count == 1
    page.Contents.write(moved)


SLOT_EDITS = {
    "the code is not drawn": (
        without_code,
        {"place of the foreign code", "the foreign code is not the one of the record"},
    ),
    "the code stands elsewhere": (code_moved, {"place of the foreign code"}),
}


@pytest.mark.parametrize("case", SLOT_EDITS)
def test_a_slot_that_was_edited_differs(case):
    edit, phrases = SLOT_EDITS[case]
    license_ = license_of(external=CODE)
    pdf = resealed(parts_of(license_, own_type(SLOT)), edit)
    found = face.compare(
        face.read(pdf), composed(license_, own_type(SLOT)), license_, TOKEN
    )
    assert phrases <= set(found), found


def test_a_layout_without_a_slot_prints_no_foreign_code():
    """The record carries it all the same."""
    license_ = license_of(external=CODE)
    (page,) = pages = composed(license_, own_type())
    assert page.code_box is None
    assert not field_texts(page, "external_qr")
    pdf = press("one pass").print(parts_of(license_, own_type()))
    assert face.compare(face.read(pdf), pages, license_, TOKEN) == ()


def test_our_caption_speaks_of_two_codes_only_where_there_are_two():
    (page,) = composed(license_of(external=CODE), own_type())
    assert field_texts(page, "caption") == ["扫码核验 · 离线可验"]


@pytest.mark.parametrize("length", [20, 100, 200])
def test_a_code_fills_its_slot_as_long_as_its_modules_can_be_read(length):
    external = ("HTTPS://EXAMPLE.CN/" + "A1B2C3D4E5" * 99)[:length]
    parts = parts_of(license_of(external=external), own_type(SLOT))
    assert parts.sheet.code == qr.encode(external)
    assert qr.printed_width_mm(parts.sheet.code.size, EXTERNAL_MM) == EXTERNAL_MM
    pdf = press("one pass").print(parts)
    assert external in face.read(pdf).qr_texts


def test_a_code_too_long_for_its_slot_is_refused_by_name():
    with pytest.raises(SymbolTooLargeError) as told:
        parts_of(license_of(external="https://example.cn/" + "a" * 900), own_type(SLOT))
    assert told.value.fields == ("external_qr",)


NEAR = {
    "beside": "external = [70, 262]",
    "19 mm beside the largest symbol": "external = [86, 262]",
    "over it": "external = [25, 210]",
}


@pytest.mark.parametrize("case", NEAR)
def test_a_slot_too_near_to_our_symbol_is_refused(case):
    kind = own_type(SLOT.replace("external = [90, 262]", NEAR[case]))
    with pytest.raises(CatalogError) as told:
        composed(license_of(), kind)
    assert "layout.external" in told.value.message.en


FAR = {
    "20 mm beside the largest symbol": "external = [87, 262]",
    "20 mm over the largest symbol": "external = [25, 200]",
    "on another page than our symbol": "pages = 2\nqr_page = 2\nexternal = [25, 262]",
}


@pytest.mark.parametrize("case", FAR)
def test_a_slot_far_enough_is_taken(case):
    kind = own_type(SLOT.replace("external = [90, 262]", FAR[case]))
    license_ = license_of(external=CODE)
    pages = composed(license_, kind)
    assert pages[0].code_box is not None
    pdf = press("one pass").print(parts_of(license_, kind))
    assert face.compare(face.read(pdf), pages, license_, TOKEN) == ()
