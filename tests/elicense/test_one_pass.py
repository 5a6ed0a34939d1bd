"""The one-pass press: byte for byte what the plain assembly makes."""

import dataclasses
import functools
import hashlib
import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import attachments, payload, record
from elicense.attachments import Attachments
from elicense.document import (
    DocumentParts,
    OnePassPress,
    PlainPress,
    archive,
    assembly,
    bodies,
    lay_out,
    lettering,
    one_pass,
    picture,
)
from elicense.document.assembly import Ingredients, Leaf
from elicense.document.content import content
from elicense.errors import ElicenseError
from elicense.fonts import FontSet
from esign import pades, seal_image
from esign.pades import spelling
from esign.seal_image import SealSpec
from esign.verdict import Code
from tests.elicense.pages import (
    AT,
    TOKEN,
    TYPES,
    changed,
    license_type,
    parts,
    photo,
    sample_license,
    seal_place,
    with_fields,
    with_layout,
)
from tests.esign.pades_world import LATER, world

ART = seal_image.draw(SealSpec("示例市行政审批局"))
PAPER = b"%PDF-1.4\n(a scan that nobody opens)"
ODD = "乌尔汗别克·阿布都热依木𠅤㐂一⼀，。（）"


@functools.cache
def press() -> OnePassPress:
    return OnePassPress(world().identity, ART)


def ingredients(given: DocumentParts) -> tuple[Ingredients, lettering.Lettered]:
    """What the press puts together from parts, without static art."""
    sheet = given.sheet
    lettered = lettering.letter(sheet, lettering.fixed_fonts(sheet.license_type))
    image = picture.picture_of(given.photo)
    leaves = tuple(
        Leaf(page, ART, content(page, pieces, image))
        for page, pieces in zip(sheet.pages, lettered.pieces, strict=True)
    )
    return (
        Ingredients(
            title=sheet.license.draft.title,
            leaves=leaves,
            fonts=lettered.fonts,
            symbol=sheet.symbol,
            code=sheet.code,
            picture=image,
            files=archive.files_of(Attachments(given.record, given.token, given.scan)),
            at=given.at,
        ),
        lettered,
    )


def with_scan(name: str) -> DocumentParts:
    """The parts of a sample that was granted on paper."""
    license_ = changed(name, origin="存量补录", scan=attachments.scan_of(PAPER))
    return dataclasses.replace(parts(license_), scan=PAPER)


def assert_bodies_are_those_of_the_assembly(given: DocumentParts) -> None:
    made, lettered = ingredients(given)
    first = 100
    assembled = assembly.assemble(made, lettered.fresh)
    with assembled.pdf:
        numbers = {
            item.objgen: first + place for place, item in enumerate(assembled.varying)
        }
        expected = [
            spelling.body(item, lambda part: numbers[part.objgen])
            for item in assembled.varying
        ]
    assert bodies.bodies(made, lettered.fresh, first) == expected


@pytest.mark.parametrize("name", TYPES)
def test_what_varies_is_written_as_the_assembly_writes_it(name):
    assert_bodies_are_those_of_the_assembly(parts(sample_license(name)))
    assert_bodies_are_those_of_the_assembly(with_scan(name))


@settings(max_examples=25, deadline=None)
@given(
    scope=st.text(
        st.sampled_from("经营范围食品销售餐饮服务" + ODD), min_size=1, max_size=90
    ),
    token=st.binary(min_size=200, max_size=420),
    second=st.integers(0, 86_400),
)
def test_it_is_so_for_every_text_token_and_instant(scope, token, second):
    license_ = with_fields("business-license", scope=scope)
    sheet = lay_out(license_, license_type("business-license"), payload.qr_text(token))
    assert_bodies_are_those_of_the_assembly(
        DocumentParts(
            sheet=sheet,
            photo=None,
            record=record.encode(license_, bytes(16)),
            token=token,
            at=AT + timedelta(seconds=second),
        )
    )


@pytest.mark.parametrize("name", TYPES)
def test_a_license_is_sealed_and_passes_the_second_engine(name):
    for whole in (parts(sample_license(name)), with_scan(name)):
        sealed = press().print(whole)
        assert pades.validate(sealed, world().trust(), LATER).code is Code.VALID
        assert attachments.read(sealed) == Attachments(
            whole.record, whole.token, whole.scan
        )


@pytest.mark.parametrize("name", TYPES)
def test_the_order_in_which_licenses_are_printed_does_not_matter(name):
    given = parts(sample_license(name))
    alone = OnePassPress(world().identity, ART).print(given)
    after = OnePassPress(world().identity, ART)
    for other in TYPES:
        after.print(parts(sample_license(other)))
    after.print(parts(with_fields("business-license", scope=ODD)))
    after.print(with_scan(name))
    assert after.print(given) == alone


def test_licenses_of_a_kind_share_their_fixed_part_and_no_glyph_of_another():
    rare = press().print(parts(with_fields("business-license", scope="𠅤㐂")))
    plain = press().print(parts(with_fields("business-license", scope="零售")))
    shared = 0
    while rare[shared] == plain[shared]:
        shared += 1
    assert shared > len(rare) // 2
    for char in "𠅤㐂":
        code = f"<{char.encode('utf-16-be').hex()}>".encode()
        assert any(code in text for text in streams(rare))
        assert not any(code in text for text in streams(plain))


def streams(pdf: bytes) -> list[bytes]:
    """Every stream of a file, inflated where it is deflated."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [
            item.read_bytes() if "/DCTDecode" not in str(item.get("/Filter")) else b""
            for item in opened.objects
            if isinstance(item, pikepdf.Stream)
        ]


def test_a_page_without_fresh_characters_has_no_fresh_font():
    sheet = parts(sample_license("food-business")).sheet
    (whole,) = sheet.pages
    page = dataclasses.replace(
        whole, runs=tuple(run for run in whole.runs if run.field == "title")
    )
    fixed = lettering.fixed_fonts(sheet.license_type)
    lettered = lettering.letter(dataclasses.replace(sheet, pages=(page,)), fixed)
    assert lettered.fresh == lettered.faces == ()
    assert set(lettered.fonts) == {"F1", "F2"}


def test_no_more_kinds_are_kept_than_the_limit():
    own = OnePassPress(world().identity, ART)
    given = parts(sample_license("food-business"))
    for number in range(one_pass.MAX_STOCKS + 3):
        kind = with_layout(given.sheet.license_type)
        other, *_ = kind.presentations
        assert other is not given.sheet.presentation
        sheet = dataclasses.replace(given.sheet, license_type=kind, presentation=other)
        sealed = own.print(dataclasses.replace(given, sheet=sheet))
        assert sealed.startswith(b"%PDF-1.7"), number
    assert len(own._stocks) == one_pass.MAX_STOCKS
    assert own.print(given)[:1000] == sealed[:1000]


def test_a_press_may_be_used_from_several_threads():
    given = [parts(sample_license(name)) for name in TYPES * 8]
    own = OnePassPress(world().identity, ART)
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(own.print, given))
    assert files == [press().print(one) for one in given]


MISFITS = {
    "a naive instant": {"at": AT.replace(tzinfo=None)},
    "an instant with part seconds": {"at": AT.replace(microsecond=1)},
    "a photo that the license does not name": {"photo": b"\xff\xd8\xff"},
    "a scan that the license does not name": {"scan": PAPER},
}


@pytest.mark.parametrize("case", MISFITS)
@pytest.mark.parametrize("kind", [OnePassPress, PlainPress])
def test_parts_that_do_not_belong_together_are_refused(case, kind):
    given = dataclasses.replace(parts(sample_license("food-business")), **MISFITS[case])
    with pytest.raises(ValueError, match=r".+"):
        kind(world().identity, ART).print(given)


@pytest.mark.parametrize("kind", [OnePassPress, PlainPress])
def test_a_photo_that_is_none_is_refused(kind):
    license_ = sample_license("special-operation")
    digest = hashlib.sha256(b"no picture").digest()
    draft = dataclasses.replace(
        license_.draft, photo=dataclasses.replace(license_.draft.photo, sha256=digest)
    )
    given = dataclasses.replace(
        parts(dataclasses.replace(license_, draft=draft)), photo=b"no picture"
    )
    with pytest.raises(ValueError, match="not a JPEG"):
        kind(world().identity, ART).print(given)


def test_fixed_fonts_are_valid_zlib_and_hold_what_the_type_prints():
    fixed = lettering.fixed_fonts(license_type("food-business"))
    for _, font in fixed.values():
        assert zlib.decompress(font.deflated) == font.data
    (_, serif), (_, sans) = fixed.values()
    assert set("食品经营许可证法定代表人0123456789年月日") <= serif.glyph_ids.keys()
    assert set("扫码核验证照标识") <= sans.glyph_ids.keys()


def test_a_character_without_a_glyph_never_reaches_a_press():
    with pytest.raises(ElicenseError):
        lay_out(
            with_fields("business-license", scope="\U00020bb7"),
            license_type("business-license"),
            payload.qr_text(TOKEN),
            faces=FontSet(),
        )


def test_the_seal_box_is_on_the_first_page():
    page, box = seal_place(license_type("food-business"))
    assert page == 0
    assert box[2] - box[0] == pytest.approx(42 * 72 / 25.4, abs=0.01)
    assert photo("food-business") is None
