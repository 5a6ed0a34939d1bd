import dataclasses
import io
import itertools
import random
import re
import zlib
from datetime import date

import pikepdf
import pytest
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, face, fonts, layout
from elicense.face import outlines
from elicense.fonts import Typeface
from elicense.model import Checkpoint, Holder, Organization, Validity
from elicense.testing import Simulator
from esign import pades, seal_image
from esign.errors import MalformedError
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from esign.verdict import Code
from tests.elicense.pages import (
    AT,
    TOKEN,
    TYPES,
    changed,
    license_type,
    parts,
    sample_license,
    with_fields,
)
from tests.elicense.world import parts_of, unsealed


def page_of(license_):
    return layout.compose(license_, license_type(license_.draft.type_name))


@pytest.fixture(scope="module")
def world():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def seal(world):
    """Return what puts a seal with its picture on the page of a type."""

    def put(page, name, *, box=None, spec=None, at=AT):
        number, place = document.seal_box(license_type(name))
        art = seal_image.draw(spec or SealSpec(world.department.name))
        looks = SealAppearance(number, box or place, art)
        return pades.seal(page, world.department.seal, at=at, appearance=looks)

    return put


@pytest.fixture(scope="module")
def read(seal):
    def sealed_and_read(license_, token=TOKEN):
        page = document.render(parts(license_, token))
        return face.read(seal(page, license_.draft.type_name))

    return sealed_and_read


def differences(seen, license_, token=TOKEN):
    return face.compare(seen, page_of(license_), license_, token)


@pytest.fixture(scope="module")
def faces(read):
    return {name: read(sample_license(name)) for name in TYPES}


def saved(pdf):
    """Return a document saved as the page's maker saves it."""
    out = io.BytesIO()
    pdf.save(
        out,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return out.getvalue()


def altered(data, edit):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        edit(pdf)
        return saved(pdf)


def edited(name, edit):
    """Return the page of a sample, changed by ``edit``."""
    return altered(document.render(parts(sample_license(name))), edit)


@pytest.mark.parametrize("name", TYPES)
def test_the_face_of_a_page_is_its_record(name, faces):
    license_ = sample_license(name)
    assert faces[name].text == page_of(license_).text
    assert faces[name].qr_texts == (parts(license_).qr_text,)
    expected = license_.draft.photo
    assert faces[name].photo_sha256 == (expected and expected.sha256)
    assert differences(faces[name], license_) == ()


HARD_TEXTS = {
    "a hyphen at the end of a value": "0990-",
    "hyphens where lines break": "0990-12345678-" * 9,
    "a radical beside its ideograph": "⼀一⼆二",
    "a character outside the first plane": "\U00020164示例",
    "blanks and full-width blanks": "示 例　市  A B",
    "repeated characters": "一一一一一一一一一一——————",
    "brackets, quotes and the middle dot": "（示）(例)“市”‘区’·《青》〔禾〕",
    "fullwidth and halfwidth forms": "ＡＢＣ１２３ABC123",
}


@pytest.mark.parametrize("case", HARD_TEXTS)
def test_texts_that_engines_like_to_change_come_back_unchanged(case, read):
    license_ = with_fields("food-business", premises=HARD_TEXTS[case])
    seen = read(license_)
    assert seen.text == page_of(license_).text
    assert differences(seen, license_) == ()


FOOD = sample_license("food-business").draft
CARD = sample_license("special-operation").draft
COMPANY = sample_license("business-license").draft
HOLDER = CARD.holders[0]
OTHER_RECORDS = {
    "number": changed("food-business", number="JY29901010000026"),
    "holders": changed(
        "food-business", holders=(Holder("示例市乙面馆", FOOD.holders[0].code, "001"),)
    ),
    "issue_date": changed("food-business", issue_date=date(2026, 11, 20)),
    "valid_from": changed(
        "food-business",
        validity=Validity(date(2026, 11, 1), FOOD.validity.valid_until),
    ),
    "valid_until": changed(
        "food-business", validity=Validity(FOOD.validity.valid_from, date(2031, 11, 1))
    ),
    "copy": changed("food-business", copy="副本"),
    "title": changed("food-business", title="食品经营许可证书"),
    "validity": changed(
        "special-operation",
        validity=Validity(CARD.validity.valid_from, date(2032, 11, 2)),
    ),
    "checkpoints": changed(
        "special-operation", checkpoints=(Checkpoint("复审", date(2029, 11, 3)),)
    ),
}
for _name, _draft in (
    ("food-business", FOOD),
    ("special-operation", CARD),
    ("business-license", COMPANY),
):
    for _rule in license_type(_name).fields:
        if _rule.kind == "date":
            _value = "2020-02-03"
        else:
            _value = ("乙示例",) if _rule.kind.is_array else "乙示例"
        OTHER_RECORDS[f"{_name} {_rule.key}"] = with_fields(
            _name, **{_rule.key: _value}
        )


@pytest.mark.parametrize("case", OTHER_RECORDS)
def test_a_face_differs_from_every_other_record(case, faces):
    """Each field is changed alone; the difference names it and shows no value."""
    other = OTHER_RECORDS[case]
    found = differences(faces[other.draft.type_name], other)
    assert found
    assert any(case.split()[-1] in phrase for phrase in found), found
    assert all(phrase.isascii() for phrase in found)


def test_issuer_identifier_and_specimen_are_compared_too(faces):
    license_ = sample_license("food-business")
    others = {
        "issuer": dataclasses.replace(
            license_, issuer=Organization("11990100000000027A", "示例市别的审批局")
        ),
        "identifier": dataclasses.replace(
            license_, identifier=license_.identifier[:-5] + "002.3"
        ),
        "notice": dataclasses.replace(license_, specimen=False),
    }
    for field, other in others.items():
        found = differences(faces["food-business"], other)
        assert f"text of {field}" in found, found


def test_the_symbol_of_another_license_is_a_difference(faces, read):
    license_ = sample_license("food-business")
    other = read(license_, TOKEN[:-1] + bytes([TOKEN[-1] ^ 1]))
    assert differences(other, license_) == ("the QR symbol is of another license",)
    assert differences(faces["food-business"], license_, TOKEN[:-1]) == (
        "the QR symbol is of another license",
    )


def test_no_symbol_two_symbols_and_a_spoilt_one_are_differences(faces):
    seen, license_ = faces["food-business"], sample_license("food-business")
    (text,) = seen.qr_texts
    second = f"{text[:-3]}000"
    for texts, count in (((), 0), ((text, second), 2), (("HTTPS://A.CN/",), 0)):
        found = differences(dataclasses.replace(seen, qr_texts=texts), license_)
        assert found == (f"{count} QR symbols of this format instead of one",)
    spoilt = dataclasses.replace(seen, qr_texts=(text + ":",))
    assert differences(spoilt, license_) == ("the QR symbol is of another license",)
    beside = dataclasses.replace(seen, qr_texts=(text, "HTTPS://EXAMPLE.CN/"))
    assert differences(beside, license_) == ()


def remove_symbol(pdf):
    del pdf.pages[0].Resources.XObject["/QR"]


def swap_photo(pdf):
    image = pdf.pages[0].Resources.XObject.Photo
    data = bytearray(image.read_raw_bytes())
    data[-30] ^= 1
    image.write(bytes(data), filter=pikepdf.Name.DCTDecode)


def second_page(pdf):
    pdf.pages.append(pdf.pages[0])


def append(operators):
    def edit(pdf):
        pdf.pages[0].contents_add(pikepdf.Stream(pdf, operators))

    return edit


EDITS = {
    "the symbol is taken away": (remove_symbol, "QR symbols"),
    "another photo": (swap_photo, "photo"),
    "a second page": (second_page, "2 pages"),
    "the photo is drawn twice": (
        append(b"q 20 0 0 20 300 300 cm /Photo Do Q"),
        "photo",
    ),
    "a line of text more": (
        append(b"BT /F1 9 Tf 1 0 0 1 300 300 Tm <00010002> Tj ET"),
        "text of",
    ),
    "a line of text that nobody sees": (
        append(b"BT /F1 9 Tf 3 Tr 1 0 0 1 300 300 Tm <0001> Tj ET"),
        "hidden",
    ),
    "a line of text beside the page": (
        append(b"BT /F1 9 Tf 1 0 0 1 -300 300 Tm <0002> Tj ET"),
        "hidden",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edited_page_differs(case, seal):
    edit, expected = EDITS[case]
    seen = face.read(seal(edited("special-operation", edit), "special-operation"))
    found = differences(seen, sample_license("special-operation"))
    assert any(expected in phrase for phrase in found), found


FLOODS = {
    "more objects than any page has": b"q 1 0 0 1 0 0 cm /QR Do Q\n"
    * (face.MAX_OBJECTS + 1),
    "more characters than any page has": b"BT /F1 1 Tf 0 Tr "
    + (b"<" + b"0009000a" * 1000 + b"> Tj\n") * (face.MAX_TEXT // 2000 + 1)
    + b"ET",
}


@pytest.mark.parametrize("case", FLOODS)
def test_a_flood_is_malformed(case):
    with pytest.raises(MalformedError):
        face.read(edited("food-business", append(FLOODS[case])))


def test_much_more_text_is_told_at_once(faces):
    seen = dataclasses.replace(faces["food-business"], text="示" * 50_000)
    found = differences(seen, sample_license("food-business"))
    assert found == ("text that is not on the composed page",)


NOT_A_PAGE = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "a header alone": b"%PDF-1.7\n",
    "more than the limit": b"%PDF-1.7\n" + bytes(face.MAX_BYTES),
}


@pytest.mark.parametrize("case", NOT_A_PAGE)
def test_what_is_no_pdf_is_malformed(case):
    with pytest.raises(MalformedError):
        face.read(NOT_A_PAGE[case])


def pages(count):
    pdf = pikepdf.new()
    for _ in range(count):
        pdf.add_blank_page()
    return saved(pdf)


def test_a_file_of_many_pages_is_malformed_and_of_some_is_read():
    with pytest.raises(MalformedError):
        face.read(pages(face.MAX_PAGES + 1))
    seen = face.read(pages(2))
    assert (seen.text, seen.qr_texts, seen.photo_sha256) == ("", (), None)
    assert (seen.pages, seen.images, seen.hidden) == (2, 0, False)


@pytest.mark.parametrize("side", [0.001, 14_400, 1e9, 3e38])
def test_a_page_of_any_size_is_read_or_malformed(side):
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.pages[0].MediaBox = pikepdf.Object.parse(f"[0 0 {side:f} 10]".encode())
    out = io.BytesIO()
    pdf.save(out)
    try:
        seen = face.read(out.getvalue())
    except MalformedError:
        return
    assert seen.qr_texts == ()


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_any_bytes_give_a_face_or_a_malformed_error(data):
    try:
        seen = face.read(b"%PDF-1.7\n" + data)
    except MalformedError:
        return
    assert seen.pages >= 1


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_a_damaged_page_is_read_or_malformed(data):
    good = bytearray(document.render(parts(sample_license("special-operation"))))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(good) - 1))
        good[place] = data.draw(st.integers(0, 255))
    try:
        seen = face.read(bytes(good))
    except MalformedError:
        return
    assert isinstance(seen.text, str)


# The drawing: what the seal key alone could do to a page whose texts stay as they are.


def in_one_stream(change):
    """Return an edit of the operators that leaves one content stream, deflated."""

    def edit(pdf):
        page = pdf.pages[0]
        before = page.Contents.read_bytes()
        after = change(before)
        assert after != before
        page.Contents = pikepdf.Stream(pdf, zlib.compress(after))
        page.Contents.Filter = pikepdf.Name.FlateDecode

    return edit


def replaced(pattern, by):
    return in_one_stream(lambda operators: re.sub(pattern, by, operators, count=1))


def around_text(before, after=b" Q"):
    return in_one_stream(
        lambda operators: operators.replace(b"BT", before + b"BT", 1) + after
    )


def with_resource(kind, name, made, edit):
    def both(pdf):
        edit(pdf)
        entry = pikepdf.Dictionary({name: made(pdf)})
        pdf.pages[0].Resources[kind] = entry

    return both


def set_on_page(key, value):
    def edit(pdf):
        pdf.pages[0].obj[key] = pikepdf.Object.parse(value)

    return edit


def set_on_catalog(key, value):
    def edit(pdf):
        pdf.Root[key] = pikepdf.Object.parse(value)

    return edit


def stamp(pdf):
    looks = pikepdf.Stream(pdf, b"1 1 1 rg 0 0 400 60 re f")
    looks.Type, looks.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    looks.BBox = pikepdf.Array([0, 0, 400, 60])
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Stamp,
        Rect=pikepdf.Array([80, 500, 480, 560]),
        F=4,
        AP=pikepdf.Dictionary(N=pdf.make_indirect(looks)),
    )
    pdf.pages[0].Annots = pikepdf.Array([pdf.make_indirect(note)])


def layer_that_is_off(pdf):
    group = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String("x"))
    )
    pdf.Root.OCProperties = pikepdf.Dictionary(
        OCGs=pikepdf.Array([group]),
        D=pikepdf.Dictionary(OFF=pikepdf.Array([group]), Order=pikepdf.Array()),
    )
    around_text(b"/OC /O BDC ", b" EMC")(pdf)
    pdf.pages[0].Resources.Properties = pikepdf.Dictionary(O=group)


def in_white(operators):
    return re.sub(rb"[\d.]+ [\d.]+ [\d.]+ rg (?=\d Tr)", b"1 1 1 rg ", operators)


def third_attachment(pdf):
    pdf.attachments["third.bin"] = b"MZ"


def another_associated_file(pdf):
    file = pdf.make_indirect(pikepdf.Stream(pdf, b"other"))
    file.Type = pikepdf.Name.EmbeddedFile
    spec = pikepdf.Dictionary(
        Type=pikepdf.Name.Filespec,
        F=pikepdf.String("record.cbor"),
        UF=pikepdf.String("record.cbor"),
        EF=pikepdf.Dictionary(F=file, UF=file),
    )
    pdf.Root.AF = pikepdf.Array([pdf.make_indirect(spec)])


def two_contents(pdf):
    for spec in pdf.Root.AF:
        if str(spec.F) == "record.cbor":
            other = pikepdf.Stream(pdf, b"other")
            other.Type = pikepdf.Name.EmbeddedFile
            spec.EF.UF = pdf.make_indirect(other)


WHITE_SHADING = b"""<< /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 1 0]
/Extend [true true] /Function << /FunctionType 2 /Domain [0 1] /C0 [1] /C1 [1] /N 1 >>
>>"""
SEALED_ATTACKS = {
    "an annotation lies over the holder": (stamp, "2 annotations"),
    "a white rectangle lies over all but the symbol": (
        in_one_stream(lambda operators: operators + b"q 1 1 1 rg 0 250 600 700 re f Q"),
        "drawing of the page",
    ),
    "all text is white": (in_one_stream(in_white), "drawing of holders"),
    "everything is transparent": (
        with_resource(
            "/ExtGState",
            "/T",
            lambda _: pikepdf.Dictionary(ca=0, CA=0),
            in_one_stream(lambda operators: b"/T gs " + operators),
        ),
        "drawing of the page",
    ),
    "all text is clipped to one point": (
        around_text(b"q 0 0 1 1 re W n "),
        "drawing of the page",
    ),
    "all text is in a layer that is off": (layer_that_is_off, "catalog"),
    "all text is made smaller by a thousand": (
        around_text(b"q 0.001 0 0 0.001 0 0 cm "),
        "drawing of the page",
    ),
    "the page is cropped to its foot": (
        set_on_page("/CropBox", b"[0 0 595 200]"),
        "the page has another entry",
    ),
    "the page is turned": (
        set_on_page("/Rotate", b"180"),
        "the page has another entry",
    ),
    "an inline image lies over the text": (
        in_one_stream(
            lambda operators: (
                operators
                + b"q 300 0 0 300 100 400 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI Q"
            )
        ),
        "2 images",
    ),
    "a shading lies over the text": (
        with_resource(
            "/Shading",
            "/S",
            lambda _: pikepdf.Object.parse(WHITE_SHADING),
            in_one_stream(
                lambda operators: operators + b"q 0 250 600 700 re W n /S sh Q"
            ),
        ),
        "the page has other resources",
    ),
    "the file opens an address": (
        set_on_catalog("/OpenAction", b"<< /S /URI /URI (http://x) >>"),
        "catalog",
    ),
    "a third file is attached": (third_attachment, ""),
    "another record is associated": (another_associated_file, ""),
    "the record has two contents": (two_contents, ""),
}


@pytest.fixture(scope="module")
def issued(world):
    return world.issue("food-business")


def verdict_on(world, issued, seal, edit, **options):
    page = altered(unsealed(world, parts_of(world, issued)), edit)
    pdf = seal(page, "food-business", at=issued.verdict.at, **options)
    return world.validate(pdf)


@pytest.mark.parametrize("case", SEALED_ATTACKS)
def test_a_page_altered_under_its_own_seal_is_never_valid(case, world, issued, seal):
    """The seal is genuine, and token and record are; only the page is not."""
    edit, phrase = SEALED_ATTACKS[case]
    verdict = verdict_on(world, issued, seal, edit)
    expected = Code.FACE_MISMATCH if phrase else Code.MALFORMED
    assert verdict.code is expected
    details = [check.detail for check in verdict.checks if check.code is expected]
    assert any(phrase in detail for detail in details), details


def test_a_seal_that_names_another_organ_is_a_mismatch(world, issued, seal):
    spec = SealSpec("示例国事务部")
    verdict = verdict_on(world, issued, seal, lambda _: None, spec=spec)
    assert verdict.code is Code.FACE_MISMATCH
    assert "picture of the seal" in verdict.checks[-1].detail


def test_the_same_page_unaltered_is_valid(world, issued, seal):
    assert verdict_on(world, issued, seal, lambda _: None).code is Code.VALID


def change_art(change):
    def edit(pdf):
        art = pdf.pages[0].Resources.XObject["/Art"]
        art.write(change(art.read_bytes()))

    return edit


def change_entry(*path, key, value):
    def edit(pdf):
        target = pdf.pages[0].Resources
        for part in path:
            target = target[part]
        target[key] = pikepdf.Object.parse(value)

    return edit


def swap_two_glyphs(pdf):
    """Exchange the outlines of two characters; ToUnicode and widths stay."""
    descendant = pdf.pages[0].Resources.Font.F1.DescendantFonts[0]
    file = descendant.FontDescriptor.FontFile2
    data = bytearray(file.read_bytes())
    tables = {bytes(data[at : at + 4]): at for at in range(12, 12 + 16 * 6, 16)}

    def table(tag):
        at = tables[tag]
        return int.from_bytes(data[at + 8 : at + 12], "big")

    loca, glyf = table(b"loca"), table(b"glyf")
    count = int.from_bytes(data[table(b"maxp") + 4 : table(b"maxp") + 6], "big")
    offsets = [
        int.from_bytes(data[loca + 4 * i : loca + 4 * i + 4], "big")
        for i in range(count + 1)
    ]
    records = [
        bytes(data[glyf + offsets[i] : glyf + offsets[i + 1]]) for i in range(count)
    ]
    records[-1], records[-2] = records[-2], records[-1]
    place = 0
    for index, record in enumerate(records):
        data[loca + 4 * index : loca + 4 * index + 4] = place.to_bytes(4, "big")
        data[glyf + place : glyf + place + len(record)] = record
        place += len(record)
    file.write(bytes(data))


def narrow_widths(pdf):
    descendant = pdf.pages[0].Resources.Font.F1.DescendantFonts[0]
    widths = descendant.W[1]
    widths[len(widths) - 1] = 0


def a_symbol_of(change):
    def edit(pdf):
        symbol = pdf.pages[0].Resources.XObject["/QR"]
        data = bytearray(symbol.read_bytes())
        change(data)
        symbol.write(bytes(data))

    return edit


def a_spot_beside_the_symbol(data):
    data[0] = 0


def half_a_module(data):
    data[len(data) // 2] ^= 0x30


def symbol_at_double_resolution(pdf):
    symbol = pdf.pages[0].Resources.XObject["/QR"]
    side, stride = int(symbol.Width), (int(symbol.Width) + 7) // 8
    data, rows = symbol.read_bytes(), []
    for at in range(0, len(data), stride):
        bits = f"{int.from_bytes(data[at : at + stride], 'big'):0{stride * 8}b}"
        wide = "".join(bit * 2 for bit in bits[:side])
        wide += "0" * (-len(wide) % 8)
        rows += [int(wide, 2).to_bytes(len(wide) // 8, "big")] * 2
    symbol.write(b"".join(rows))
    symbol.Width = symbol.Height = 2 * side


F1 = ("/Font", "/F1")
IMAGE = ("/XObject", "/Photo")
RUN = rb"1 0 0 1 ([\d.]+) ([\d.]+) Tm"
DRAWN_OTHERWISE = {
    "a text is moved by half a point": (
        in_one_stream(
            lambda operators: re.sub(
                RUN,
                lambda m: b"1 0 0 1 %.1f %s Tm" % (float(m[1]) + 0.5, m[2]),
                operators,
                count=1,
            )
        ),
        "drawing of title",
    ),
    "a text is turned": (
        replaced(rb"1 0 0 1 (?=\S+ \S+ Tm)", b"0 1 -1 0 "),
        "drawing of title",
    ),
    "a text is set in a smaller type": (
        replaced(rb"/F1 \S+ Tf", b"/F1 1 Tf"),
        "drawing of title",
    ),
    "the spacing puts all characters in one place": (
        replaced(rb"\S+ Tc", b"-30 Tc"),
        "drawing of title",
    ),
    "a text is set without width": (
        replaced(rb"100 Tz", b"0 Tz"),
        "drawing of title",
    ),
    "characters are put in another order": (
        replaced(rb"<(\w{4})(\w{4})(\w*)> Tj", rb"[-1000 <\1> 2000 <\2\3>] TJ"),
        "drawing of title",
    ),
    "a number is spelled as only one reader spells it": (
        replaced(rb"100 Tz", b"1_00 Tz"),
        "drawing of title",
    ),
    "another white space joins two operands": (
        replaced(rb"(?<=\d) (?=Tc)", b"\x0b"),
        "drawing of title",
    ),
    "the art is drawn last": (
        in_one_stream(
            lambda operators: operators[len(b"q /Art Do Q\n") :] + b"q /Art Do Q\n"
        ),
        "drawing of the page",
    ),
    "the photo is moved by a point": (
        replaced(rb"cm /Photo Do", b"cm 1 0 0 1 0.01 0 cm /Photo Do"),
        "drawing of the page",
    ),
    "the symbol is made smaller": (
        replaced(rb"cm /QR Do", b"cm 0.9 0 0 0.9 0 0 cm /QR Do"),
        "drawing of the page",
    ),
    "an operator more on a line of its own": (
        in_one_stream(lambda operators: operators + b"q Q\n"),
        "other operators",
    ),
    "the content is an array of streams": (
        lambda pdf: pdf.pages[0].contents_add(pikepdf.Stream(pdf, b"q Q")),
        "another content stream",
    ),
    "the art has a line more": (
        change_art(lambda art: art + b"\n1 0 0 RG 0 0 m 600 800 l S"),
        "art of the page",
    ),
    "the art is coloured in another way": (
        change_art(lambda art: re.sub(rb"[\d.]+ (?=rg)", b"0 ", art, count=1)),
        "art of the page",
    ),
    "the art has a matrix": (
        change_entry("/XObject", "/Art", key="/Matrix", value=b"[2 0 0 2 0 0]"),
        "art of the page",
    ),
    "the art can use resources": (
        change_entry("/XObject", "/Art", key="/Resources", value=b"<< /Font << >> >>"),
        "art of the page",
    ),
    "a glyph is that of another character": (swap_two_glyphs, "font F1"),
    "a character has no width": (narrow_widths, "font F1"),
    "a font has another encoding": (
        change_entry(*F1, key="/Encoding", value=b"/Identity-V"),
        "font F1",
    ),
    "there is a font more": (
        change_entry("/Font", key="/F3", value=b"<< /Type /Font >>"),
        "other fonts",
    ),
    "the photo is shown as its negative": (
        change_entry(*IMAGE, key="/Decode", value=b"[1 0 1 0 1 0]"),
        "photo is not shown",
    ),
    "the photo has a mask by colour": (
        change_entry(*IMAGE, key="/Mask", value=b"[0 255 0 255 0 255]"),
        "photo is not shown",
    ),
    "the photo says another size": (
        change_entry(*IMAGE, key="/Width", value=b"3"),
        "photo is not shown",
    ),
    "there is an image that nothing draws": (
        lambda pdf: pdf.pages[0].Resources.XObject.__setitem__(
            "/More", pdf.pages[0].Resources.XObject["/QR"]
        ),
        "other images",
    ),
    "a spot beside the symbol": (
        a_symbol_of(a_spot_beside_the_symbol),
        "other parts than its modules",
    ),
    "a picture finer than modules in the symbol": (
        a_symbol_of(half_a_module),
        "other parts than its modules",
    ),
    "a symbol of smaller pixels": (
        symbol_at_double_resolution,
        "other parts than its modules",
    ),
    "the symbol's row is cut off": (
        a_symbol_of(lambda data: data.__delitem__(slice(-40, None))),
        "other parts than its modules",
    ),
    "the paper is larger": (set_on_page("/MediaBox", b"[0 0 700 900]"), "size of"),
    "the unit of the page is another": (
        set_on_page("/UserUnit", b"2"),
        "another entry",
    ),
    "the page acts when it is opened": (
        set_on_page("/AA", b"<< /O << /S /URI /URI (http://x) >> >>"),
        "another entry",
    ),
    "the file acts when it is printed": (
        set_on_catalog("/AA", b"<< /WP << /S /URI /URI (http://x) >> >>"),
        "catalog",
    ),
    "the viewer is asked to show another area": (
        set_on_catalog("/ViewerPreferences", b"<< /ViewArea /ArtBox >>"),
        "catalog",
    ),
    "there are other names": (
        lambda pdf: pdf.Root.Names.__setitem__("/Dests", pikepdf.Dictionary()),
        "catalog",
    ),
}


@pytest.mark.parametrize("case", DRAWN_OTHERWISE)
def test_what_is_drawn_otherwise_is_a_difference(case, seal):
    edit, phrase = DRAWN_OTHERWISE[case]
    name = "special-operation"
    seen = face.read(seal(edited(name, edit), name))
    found = differences(seen, sample_license(name))
    assert any(phrase in text for text in found), found
    assert all(text.isascii() for text in found)


def put(value, path, new):
    """Return nested values with one of them replaced; None takes a key away."""
    if not path:
        return new
    first, *rest = path
    if isinstance(value, tuple):
        return tuple(
            put(item, rest, new) if index == first else item
            for index, item in enumerate(value)
        )
    changed_value = dict(value)
    if new is None and not rest:
        del changed_value[first]
    else:
        changed_value[first] = put(value.get(first), rest, new)
    return changed_value


FONT = ("/Resources", "/Font", "/F1")
DESCENDANT = (*FONT, "/DescendantFonts", 0)
# What the libraries that seal and that open a page repair on the way, part by part.
PARTS_OTHERWISE = {
    "a rotation is inherited": ("tree", ("/Rotate",), 90, "page tree"),
    "a crop is inherited": ("tree", ("/CropBox",), (0, 0, 9, 9), "page tree"),
    "the tree counts another page": ("tree", ("/Count",), 2, "page tree"),
    "the page is a template": ("page", ("/Type",), "/Template", "another entry"),
    "the page has no size": ("page", ("/MediaBox",), None, "size of the page"),
    "the size is not four numbers": ("page", ("/MediaBox",), (0, 0), "size of"),
    "there are no resources": ("page", ("/Resources",), None, "other resources"),
    "there is no content": ("page", ("/Contents",), None, "another content stream"),
    "a font is of another kind": ("page", (*FONT, "/Subtype"), "/Type3", "font F1"),
    "a font has no descendant": (
        "page",
        (*FONT, "/DescendantFonts"),
        (),
        "font F1",
    ),
    "a font has no file": (
        "page",
        (*DESCENDANT, "/FontDescriptor", "/FontFile2"),
        None,
        "font F1",
    ),
    "a font has no box": (
        "page",
        (*DESCENDANT, "/FontDescriptor", "/FontBBox"),
        None,
        "font F1",
    ),
    "a font has another box": (
        "page",
        (*DESCENDANT, "/FontDescriptor", "/FontBBox"),
        (0, 0, 1000, 9),
        "font F1",
    ),
    "the art is no stream": (
        "page",
        ("/Resources", "/XObject", "/Art"),
        {},
        "art of the page",
    ),
    "the symbol is no stream": (
        "page",
        ("/Resources", "/XObject", "/QR"),
        {},
        "other parts than its modules",
    ),
    "the photo is no stream": (
        "page",
        ("/Resources", "/XObject", "/Photo"),
        {},
        "photo is not shown",
    ),
    "the photo is no JPEG": (
        "page",
        ("/Resources", "/XObject", "/Photo"),
        face.drawing.Content({}, b"GIF89a"),
        "photo is not shown",
    ),
    "the annotation has a border": (
        "annotations",
        (0, "/BS"),
        {"/W": 9},
        "not the seal",
    ),
    "the annotation is hidden": ("annotations", (0, "/F"), 134, "not the seal"),
    "the annotation is no dictionary": ("annotations", (0,), 1, "not the seal"),
    "the seal looks otherwise when pressed": (
        "annotations",
        (0, "/AP", "/D"),
        {},
        "picture of the seal",
    ),
    "the seal's picture is no stream": (
        "annotations",
        (0, "/AP", "/N"),
        {},
        "picture of the seal",
    ),
    "the seal's picture has no box": (
        "annotations",
        (0, "/AP", "/N"),
        face.drawing.Content({}, b""),
        "picture of the seal",
    ),
    "the seal's picture has a box of names": (
        "annotations",
        (0, "/AP", "/N"),
        face.drawing.Content({"/BBox": ("/A", "/B", "/C", "/D")}, b""),
        "picture of the seal",
    ),
    "the seal's picture is as large as a page": (
        "annotations",
        (0, "/AP", "/N"),
        face.drawing.Content({"/BBox": (0, 0, 900, 900)}, b""),
        "picture of the seal",
    ),
}


@pytest.mark.parametrize("case", PARTS_OTHERWISE)
def test_each_part_of_the_drawing_is_compared(case, faces):
    part, path, new, phrase = PARTS_OTHERWISE[case]
    seen = faces["special-operation"]
    value = put(getattr(seen.drawing, part), path, new)
    drawing = dataclasses.replace(seen.drawing, **{part: value})
    other = dataclasses.replace(seen, drawing=drawing)
    found = differences(other, sample_license("special-operation"))
    assert any(phrase in text for text in found), found


def test_a_seal_in_another_place_is_a_difference(seal):
    name = "food-business"
    left, bottom, right, top = document.seal_box(license_type(name))[1]
    page = document.render(parts(sample_license(name)))
    seen = face.read(seal(page, name, box=(left - 1, bottom, right - 1, top)))
    assert differences(seen, sample_license(name)) == ("place of the seal",)


def test_a_page_without_a_visible_seal_differs(world):
    name = "food-business"
    page = document.render(parts(sample_license(name)))
    unseen = pades.seal(page, world.department.seal, at=AT)
    for data, expected in (
        (page, "0 annotations on the page instead of the seal alone"),
        (unseen, "place of the seal"),
    ):
        found = differences(face.read(data), sample_license(name))
        assert found[0] == expected


PICTURES = {
    "a seal that has legal effect": (SealSpec("示例市行政审批局", notice=""), True),
    "a smaller seal": (SealSpec("示例市行政审批局", diameter_mm=38), True),
    "another purpose": (SealSpec("示例市行政审批局", purpose="合同专用章"), False),
    "another notice": (SealSpec("示例市行政审批局", notice="正式有效"), False),
    "one character of the name is another": (SealSpec("示例市行政审判局"), False),
}


@pytest.mark.parametrize("case", PICTURES)
def test_the_seal_shows_the_issuer_and_nothing_else(case, seal):
    spec, genuine = PICTURES[case]
    name = "food-business"
    page = document.render(parts(sample_license(name)))
    found = differences(face.read(seal(page, name, spec=spec)), sample_license(name))
    assert found == (() if genuine else ("picture of the seal",))


def test_an_issuer_whose_seal_can_not_be_drawn_has_no_picture(seal):
    license_ = dataclasses.replace(
        sample_license("food-business"),
        issuer=Organization("11990100000000027A", "示例局"),
    )
    seen = face.read(seal(document.render(parts(license_)), "food-business"))
    assert differences(seen, license_) == ("picture of the seal",)


# What a genuine page may be.

LONG = ("示例市青禾区、大道1号" * 100)[:900]
GENUINE = {
    "a name of eighty characters": changed(
        "food-business",
        holders=(dataclasses.replace(FOOD.holders[0], name=LONG[:80]),),
    ),
    "addresses of a hundred and fifty": with_fields(
        "food-business", premises=LONG[:150], domicile=LONG[:150]
    ),
    "twenty items": with_fields("food-business", items=(LONG[:20],) * 20),
    "a scope of nine hundred": with_fields("business-license", scope=LONG),
    "a person's name of thirty": changed(
        "special-operation", holders=(dataclasses.replace(HOLDER, name=LONG[:30]),)
    ),
    "the fewest characters": with_fields(
        "food-business", principal="甲", domicile="乙", premises="丙", items=("丁",)
    ),
    "an open end": changed(
        "business-license", validity=Validity(date(2026, 1, 5), None)
    ),
}


@pytest.mark.parametrize("specimen", [True, False], ids=["specimen", "production"])
@pytest.mark.parametrize("case", [*TYPES, *GENUINE])
def test_a_genuine_page_does_not_differ(case, specimen, read):
    license_ = GENUINE[case] if case in GENUINE else sample_license(case)
    license_ = dataclasses.replace(license_, specimen=specimen)
    assert differences(read(license_), license_) == ()


@pytest.mark.parametrize("size", [60, 200, 420, 495, 538, 600])
def test_a_symbol_of_any_size_stands_where_its_modules_put_it(size, read):
    """The composed page is that of a typical token; a large symbol grows out of it."""
    token = random.Random(size).randbytes(size)
    license_ = sample_license("food-business")
    seen = read(license_, token)
    assert differences(seen, license_, token) == ()


def test_the_last_decimal_may_be_rounded_in_another_way(seal):
    name = "special-operation"

    def round_up(operators):
        return re.sub(
            rb"(\d+\.\d\d)([1-8])(?=\s)",
            lambda m: m[1] + str(int(m[2]) + 1).encode(),
            operators,
        )

    def edit(pdf):
        in_one_stream(round_up)(pdf)
        change_art(round_up)(pdf)

    seen = face.read(seal(edited(name, edit), name))
    assert differences(seen, sample_license(name)) == ()


# Fonts.

TEXT = "示例市行政审批局张三：示例○1,A0"


def converted(error, char, shift=0):
    """Return a glyph as a machine with another arithmetic would convert it."""
    pen = TTGlyphPen(None)
    target = Cu2QuPen(pen, error, reverse_direction=True)
    for kind, points in fonts.face(Typeface.SERIF).outline(char):
        getattr(target, kind)(*((x + shift, y) for x, y in points))
    glyph = pen.glyph()
    record = glyph.compile(None)
    return fonts.Glyph(
        record + bytes(-len(record) % 4),
        fonts.face(Typeface.SERIF).advance(char),
        (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax),
        len(glyph.coordinates),
        glyph.numberOfContours,
    )


def font_of(glyphs):
    part = fonts.subset(Typeface.SERIF, TEXT)
    blank = fonts.Glyph(b"", fonts.EM, (0, 0, 0, 0), 0, 0)
    return fonts._font_file([blank, *glyphs], part.bounds, part.metrics)


@pytest.mark.parametrize("error", [0.3, 0.7, 1.3, 2.0])
def test_outlines_that_were_converted_in_another_way_are_the_same(error):
    part = fonts.subset(Typeface.SERIF, TEXT)
    data = font_of(converted(error, char) for char in sorted(set(TEXT)))
    assert data != part.data
    assert outlines.same_font(part, data)


def test_every_other_character_is_another_outline():
    part = fonts.subset(Typeface.SERIF, TEXT)
    chars = sorted(set(TEXT))
    good = [fonts.face(Typeface.SERIF).glyph(char) for char in chars]
    wide = [char for char in chars if fonts.face(Typeface.SERIF).advance(char) == 1000]
    for index, char in enumerate(chars):
        if char not in wide:
            continue
        other = converted(1.0, wide[wide.index(char) - 1])
        spoilt = [*good[:index], other, *good[index + 1 :]]
        assert not outlines.same_font(part, font_of(spoilt)), char


@pytest.mark.parametrize("typeface", Typeface)
@pytest.mark.parametrize(
    "alike",
    ["未末", "土士", "己已巳", "日曰", "人入八", "戊戌戍", "1lI", "0Oo", "干千"],
)
def test_characters_that_look_alike_have_other_outlines(alike, typeface):
    records = [fonts.face(typeface).glyph(char).record for char in alike]
    for first, second in itertools.permutations(records, 2):
        assert not outlines._same_outline(first, second)


FONT_DAMAGE = {
    "nothing": lambda data: data[:0],
    "half of it": lambda data: data[: len(data) // 2],
    "another table": lambda data: data.replace(b"hhea", b"hheb", 1),
    "noise at its end": lambda data: data[:-40] + bytes(range(40)),
    "another em": lambda data: data.replace(
        b"\x5f\x0f\x3c\xf5\x00\x03\x03\xe8", b"\x5f\x0f\x3c\xf5\x00\x03\x07\xd0"
    ),
}


@pytest.mark.parametrize("case", FONT_DAMAGE)
def test_a_damaged_font_is_not_the_same(case):
    part = fonts.subset(Typeface.SERIF, TEXT)
    damaged = FONT_DAMAGE[case](part.data)
    assert damaged != part.data
    assert not outlines.same_font(part, damaged)


def test_an_outline_moved_by_a_hundredth_of_the_em_is_another():
    part = fonts.subset(Typeface.SERIF, TEXT)
    chars = sorted(set(TEXT))
    glyphs = [converted(1.0, char, 12 * (char == "张")) for char in chars]
    assert not outlines.same_font(part, font_of(glyphs))


OTHER_RECORDS_OF_A_GLYPH = {
    "none": b"",
    "much longer": bytes(100_000),
    "a composite": b"\xff\xff" + bytes(60),
    "no contour": bytes(60),
    "hints": b"\0\x01" + bytes(8) + b"\0\x03" + b"\0\x01" + bytes(60),
    "contours out of order": b"\0\x02" + bytes(8) + b"\0\x03\0\x02" + bytes(60),
    "a point far away": b"\0\x01"
    + bytes(8)
    + bytes(4)
    + b"\x01\x7f\xff\0\0"
    + bytes(60),
    "one contour of no size": b"\0\x01" + bytes(10) + b"\0\0" + b"\x01" + bytes(60),
    "only controls": b"\0\x01" + bytes(8) + b"\0\x02\0\0" + bytes(60),
    "cut short": b"\0\x01" + bytes(8) + b"\0\x03",
}


@pytest.mark.parametrize("case", OTHER_RECORDS_OF_A_GLYPH)
def test_another_record_of_a_glyph_is_another_font(case):
    part = fonts.subset(Typeface.SERIF, "一三")
    good = fonts.face(Typeface.SERIF).glyph("一")
    other = fonts.face(Typeface.SERIF).glyph("三")
    record = OTHER_RECORDS_OF_A_GLYPH[case]
    spoilt = dataclasses.replace(good, record=record + bytes(-len(record) % 4))
    blank = fonts.Glyph(b"", fonts.EM, (0, 0, 0, 0), 0, 0)
    data = fonts._font_file([blank, spoilt, other], part.bounds, part.metrics)
    assert not outlines.same_font(part, data)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_compared_as_a_font(data):
    part = fonts.subset(Typeface.SERIF, TEXT)
    spoilt = bytearray(part.data)
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(
            st.integers(0, 255)
        )
    assert outlines.same_font(part, bytes(spoilt)) in (True, False)


# Structures that are not opened.


def with_compressed_structure(pdf):
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


NOT_OPENED = {
    "compressed objects": (with_compressed_structure, "cross-reference"),
    "something before the header": (
        lambda pdf: b"\n" + saved(pdf),
        "cross-reference",
    ),
    "a table that also names a stream": (
        lambda pdf: saved(pdf).replace(b"trailer <<", b"trailer << /XRefStm 9"),
        "cross-reference",
    ),
    "an older table": (
        lambda pdf: saved(pdf).replace(b"trailer <<", b"trailer << /Prev 9"),
        "cross-reference",
    ),
}


@pytest.mark.parametrize("case", NOT_OPENED)
def test_a_structure_that_ours_never_has_is_not_opened(case):
    make, phrase = NOT_OPENED[case]
    with pikepdf.open(io.BytesIO(pages(1))) as pdf:
        data = make(pdf)
    with pytest.raises(MalformedError, match=phrase):
        face.read(data)


def bomb(pdf):
    packed = zlib.compress(bytes(face.drawing.MAX_DATA + 1), 9)
    pdf.pages[0].Contents = pikepdf.Stream(pdf, packed)
    pdf.pages[0].Contents.Filter = pikepdf.Name.FlateDecode


def damaged_stream(pdf):
    pdf.pages[0].Contents = pikepdf.Stream(pdf, b"not deflated")
    pdf.pages[0].Contents.Filter = pikepdf.Name.FlateDecode


def many_values(pdf):
    pdf.pages[0].obj["/Many"] = pikepdf.Array([0] * (face.drawing.MAX_VALUES + 1))


def deep_values(pdf):
    inner = pikepdf.Array()
    for _ in range(face.drawing.MAX_DEPTH + 2):
        inner = pikepdf.Array([inner])
    pdf.pages[0].obj["/Deep"] = inner


def circle(pdf):
    first = pdf.make_indirect(pikepdf.Dictionary())
    first["/Next"] = first
    pdf.pages[0].obj["/First"] = first


def page_below_another_node(pdf):
    page = pdf.pages[0].obj
    page.Parent = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages))


WITHOUT_END = {
    "a stream that inflates beyond the limit": bomb,
    "a stream that is damaged": damaged_stream,
    "more values than any page has": many_values,
    "deeper values than any page has": deep_values,
    "a dictionary that holds itself": circle,
    "a page that belongs to another node": page_below_another_node,
}


@pytest.mark.parametrize("case", WITHOUT_END)
def test_a_structure_without_end_is_malformed(case):
    with pikepdf.open(io.BytesIO(pages(1))) as pdf:
        WITHOUT_END[case](pdf)
        data = saved(pdf)
    with pytest.raises(MalformedError):
        face.drawing.read(data)


def test_a_face_shows_no_text_in_its_repr(faces):
    for name, seen in faces.items():
        holder = sample_license(name).draft.holders[0].name
        assert holder not in repr(seen)
        assert "EL1-" not in repr(seen)


def test_a_drawing_of_two_streams_is_no_form():
    with pikepdf.open(io.BytesIO(pages(1))) as pdf:
        pdf.pages[0].contents_add(pikepdf.Stream(pdf, b"q Q"))
        data = saved(pdf)
    with pytest.raises(TypeError):
        face.drawing.form(data)


def test_an_object_of_a_kind_that_no_file_holds_is_malformed():
    with pytest.raises(MalformedError):
        face.drawing._Reader().value(pikepdf.Operator("q"))


def test_an_image_larger_than_any_photo_is_malformed():
    def edit(pdf):
        image = pdf.pages[0].Resources.XObject.Photo
        data = image.read_raw_bytes() + bytes(face.MAX_IMAGE)
        image.write(data, filter=pikepdf.Name.DCTDecode)

    with pytest.raises(MalformedError, match="image"):
        face.read(edited("special-operation", edit))
