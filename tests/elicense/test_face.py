import dataclasses
import io
import random
import re
import zlib
from datetime import date

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from elicense import document, drawing, face, layout, payload, structure
from elicense.catalog import Background, Catalog
from elicense.model import Checkpoint, Holder, Organization, Validity
from elicense.testing import Simulator
from elicense.validating import Scope
from esign import pades, seal_image
from esign.errors import MalformedError
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from esign.verdict import Code
from tests.elicense.backgrounds import BASE, with_background
from tests.elicense.pages import (
    AT,
    TOKEN,
    TYPES,
    changed,
    license_type,
    parts,
    sample_license,
    seal_place,
    with_fields,
)
from tests.elicense.world import parts_of, unsealed


def pages_of(license_):
    return layout.compose(license_, license_type(license_.draft.type_name))


def text_of(license_):
    return "".join(page.text for page in pages_of(license_))


@pytest.fixture(scope="module")
def world():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def seal(world):
    """Return what puts a seal with its picture on the page of a type."""

    def put(page, name, *, own=None, box=None, spec=None, at=AT):
        number, place = seal_place(license_type(name), own)
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
    return face.compare(seen, pages_of(license_), license_, token)


def judged(pdf, license_, arts=()):
    """Return the differences of a file, or why it is not drawn at all."""
    try:
        return differences(face.read(pdf, arts=arts), license_)
    except MalformedError as err:
        return (str(err),)


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
    assert faces[name].text == text_of(license_)
    assert faces[name].qr_texts == (payload.qr_text(TOKEN),)
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
    assert seen.text == text_of(license_)
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
    "valid_until": changed(
        "food-business", validity=Validity(FOOD.validity.valid_from, date(2031, 11, 1))
    ),
    "title": changed("food-business", title="食品经营许可证书"),
    "the first day of validity": changed(
        "special-operation",
        validity=Validity(date(2026, 11, 1), CARD.validity.valid_until),
    ),
    "validity": changed(
        "special-operation",
        validity=Validity(CARD.validity.valid_from, date(2032, 11, 2)),
    ),
    "checkpoints": changed(
        "special-operation", checkpoints=(Checkpoint("复审", date(2029, 11, 3)),)
    ),
}


def another_value(name, rule):
    """Return a value that a sample does not have."""
    usual = sample_license(name).draft.fields.get(rule.key)
    match rule.kind:
        case "date":
            return "2020-02-03"
        case "money":
            return "7654321 USD"
        case "choice":
            return next(text for text in rule.choices[::-1] if text != usual)
    return ("乙示例",) if rule.kind.is_array else "乙示例"


for _name in TYPES:
    for _rule in license_type(_name).fields:
        if _rule.key == "review_extended_to":
            continue  # in the record alone: the day of the review is printed
        # The class of an entity is not printed; it says what others are called.
        _shown = "label:capital" if _rule.key == "entity_class" else _rule.key
        OTHER_RECORDS[f"{_name} {_rule.key}: {_shown}"] = with_fields(
            _name, **{_rule.key: another_value(_name, _rule)}
        )


@pytest.fixture(scope="module")
def all_faces(seal):
    """Return the presentations of each type, with the face of its sample in it."""
    found = {}
    for name in TYPES:
        given_ = parts(sample_license(name))
        for own in license_type(name).presentations:
            sheet = document.lay_out(
                given_.sheet.license,
                license_type(name),
                payload.qr_text(TOKEN),
                presentation=own,
            )
            page = document.render(dataclasses.replace(given_, sheet=sheet))
            seen = face.read(seal(page, name, own=own))
            found.setdefault(name, []).append((own, seen))
    return found


def differences_in(own, seen, license_):
    kind = license_type(license_.draft.type_name)
    pages = layout.compose(license_, kind, own)
    return face.compare(seen, pages, license_, TOKEN)


@pytest.mark.parametrize("case", OTHER_RECORDS)
def test_a_face_differs_from_every_other_record(case, all_faces):
    """Each field is changed alone; the difference names it and shows no value.

    What stands on some presentations alone is seen on these. As which copies it was
    granted decides about the presentations (tests/elicense/test_presentations.py).
    """
    other = OTHER_RECORDS[case]
    found = [
        phrase
        for own, seen in all_faces[other.draft.type_name]
        for phrase in differences_in(own, seen, other)
    ]
    assert found
    assert any(case.split()[-1] in phrase for phrase in found), found
    assert all(phrase.isascii() for phrase in found)


@pytest.mark.parametrize("name", TYPES)
def test_each_presentation_of_a_sample_is_its_own_face(name, all_faces):
    for own, seen in all_faces[name]:
        assert differences_in(own, seen, sample_license(name)) == ()


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
    expected = (
        "the QR symbol's image does not show the token",
        "the QR symbol is of another license",
    )
    other = read(license_, TOKEN[:-1] + bytes([TOKEN[-1] ^ 1]))
    assert differences(other, license_) == expected
    assert differences(faces["food-business"], license_, TOKEN[:-1]) == expected


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
    in_one_stream(lambda operators: re.sub(rb"q [^q]* /QR Do Q\n", b"", operators))(pdf)
    del pdf.pages[0].Resources.XObject["/QR"]


def lose_symbol(pdf):
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
    "the symbol is drawn, and is not there": (lose_symbol, "does not name"),
    "another photo": (swap_photo, "photo"),
    "a second page": (second_page, "2 pages instead of 1"),
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
        "text of",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edited_page_differs(case, seal):
    edit, expected = EDITS[case]
    pdf = seal(edited("special-operation", edit), "special-operation")
    found = judged(pdf, sample_license("special-operation"))
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
    good = faces["food-business"]
    (side,) = good.sides
    flooded = dataclasses.replace(side, letters=side.letters[:1] * 50_000)
    seen = dataclasses.replace(good, sides=(flooded,))
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
    assert [(side.symbols, side.photos) for side in seen.sides] == [((), ())] * 2


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
    assert len(seen.sides) >= 1


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


# What the seal key alone could do to a page whose texts stay as they are.


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


def before_text(more):
    return in_one_stream(lambda operators: operators.replace(b"BT", more + b"BT", 1))


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
        in_one_stream(
            lambda operators: operators + b"q 1 1 1 RG 700 w 0 600 m 600 600 l S Q"
        ),
        "something is drawn over the text",
    ),
    "all text is white": (in_one_stream(in_white), "drawing of holders"),
    "everything is transparent": (
        with_resource(
            "/ExtGState",
            "/T",
            lambda _: pikepdf.Dictionary(ca=0, CA=0),
            in_one_stream(lambda operators: b"/T gs " + operators),
        ),
        "gs is not an operator of ours",
    ),
    "all text is clipped to one point": (
        around_text(b"q 0 0 1 1 re W n "),
        "W is not an operator of ours",
    ),
    "all text is in a layer that is off": (layer_that_is_off, "BDC is not an operator"),
    "all text is made smaller by a thousand": (
        around_text(b"q 0.001 0 0 0.001 0 0 cm "),
        "BT stands where no page of ours has it",
    ),
    "the page is cropped to its foot": (
        set_on_page("/CropBox", b"[0 0 595 200]"),
        "the page is cropped",
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
        "BI is not an operator of ours",
    ),
    "a shading lies over the text": (
        with_resource(
            "/Shading",
            "/S",
            lambda _: pikepdf.Object.parse(WHITE_SHADING),
            in_one_stream(lambda operators: operators + b"q /S sh Q"),
        ),
        "sh is not an operator of ours",
    ),
    "a graphics state that nothing sets": (
        with_resource(
            "/ExtGState", "/T", lambda _: pikepdf.Dictionary(ca=0), lambda _: None
        ),
        "table of resources",
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


def test_the_same_page_unaltered_is_valid(world, issued, seal):
    assert verdict_on(world, issued, seal, lambda _: None).code is Code.VALID


def change_entry(*path, key, value):
    def edit(pdf):
        target = pdf.pages[0].Resources
        for part in path:
            target = target[part]
        target[key] = pikepdf.Object.parse(value)

    return edit


def set_on_seal(key, value):
    """Return a change of the bytes of a sealed page; its seal is not asked here."""

    def edit(pdf):
        pdf.pages[0].Annots[0][key] = pikepdf.Object.parse(value)

    return edit


def look_when_pressed(pdf):
    pdf.pages[0].Annots[0].AP.D = pdf.pages[0].Annots[0].AP.N


def drawn_twice(operators):
    """Draw the title once more, in white; the engine takes it for one text."""
    title = re.search(rb"\n([^\n]* Tj)\n", operators)[1]
    again = re.sub(rb"\S+ \S+ \S+ (?=rg|RG)", b"1 1 1 ", title)
    return operators.replace(title, title + b"\n" + again)


def text_in_a_form(pdf):
    form = pikepdf.Stream(pdf, b"0 0 m 9 9 l S")
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox = pikepdf.Array([0, 0, 600, 850])
    form.Resources = pikepdf.Dictionary(Font=pdf.pages[0].Resources.Font)
    pdf.pages[0].Resources.XObject["/Art"] = pdf.make_indirect(form)


def bomb(pdf):
    data = zlib.compress(b" " * (structure.MAX_INFLATED + 1), 9)
    pdf.pages[0].Contents = pikepdf.Stream(pdf, data)
    pdf.pages[0].Contents.Filter = pikepdf.Name.FlateDecode


def bomb_in_two_layers(pdf):
    stream = pikepdf.Stream(pdf, zlib.compress(zlib.compress(bytes(9))))
    stream.Filter = pikepdf.Array([pikepdf.Name.FlateDecode] * 2)
    pdf.pages[0].Contents = stream


def huge_photo(pdf):
    out = io.BytesIO()
    Image.new("L", (3001, 3000)).save(out, "JPEG")
    image = pdf.pages[0].Resources.XObject.Photo
    image.write(out.getvalue(), filter=pikepdf.Name.DCTDecode)


def not_a_photo(pdf):
    image = pdf.pages[0].Resources.XObject.Photo
    image.write(b"GIF89a", filter=pikepdf.Name.DCTDecode)


def damaged_stream(pdf):
    pdf.pages[0].Contents = pikepdf.Stream(pdf, b"no zlib")
    pdf.pages[0].Contents.Filter = pikepdf.Name.FlateDecode


def many_objects(pdf):
    pdf.Root.More = pikepdf.Array(
        [pdf.make_indirect(pikepdf.Dictionary(A=1)) for _ in range(structure.MAX_PARTS)]
    )


NEVER_DRAWN = {
    "streams that inflate to more than any page": bomb,
    "a stream under two filters": bomb_in_two_layers,
    "a stream that is damaged": damaged_stream,
    "a photo of too many pixels": huge_photo,
    "a photo that is no JPEG": not_a_photo,
    "more objects than any file has": many_objects,
    "a form that could draw text": text_in_a_form,
}


@pytest.mark.parametrize("case", NEVER_DRAWN)
def test_what_costs_too_much_or_hides_is_malformed(case):
    data = edited("special-operation", NEVER_DRAWN[case])
    with pytest.raises(MalformedError):
        face.read(data)


IMAGE = ("/XObject", "/Photo")
NUMBER = rb"[\d.]+"
DRAWN_OTHERWISE = {
    "a text is moved to another line": (
        replaced(rb"1 0 0 1 (\S+) \S+ Tm", rb"1 0 0 1 \1 700 Tm"),
        "drawing of title",
    ),
    "a text is moved by its own size": (
        replaced(rb"1 0 0 1 \d+\S*", rb"1 0 0 1 120"),
        "drawing of title",
    ),
    "a text is turned": (
        replaced(rb"1 0 0 1 (?=\S+ \S+ Tm)", b"0 1 -1 0 "),
        "something is turned",
    ),
    "a text is set in a smaller type": (
        replaced(rb"/F1 \S+ Tf", b"/F1 1 Tf"),
        "drawing of title",
    ),
    "the spacing puts all characters in one place": (
        replaced(rb"\S+ Tc", b"-30 Tc"),
        "drawing of title",
    ),
    "a text is set very narrow": (replaced(rb"100 Tz", b"60 Tz"), "drawing of title"),
    "a text is set without width": (replaced(rb"100 Tz", b"0 Tz"), "is turned"),
    "two characters are exchanged on the page alone": (
        replaced(
            rb"<(\w{4})(\w{4})(\w*)> Tj",
            rb"[-1300 <\1> 2600 <\2> -1300 <\3>] TJ",
        ),
        "spelled otherwise",
    ),
    "two characters are exchanged by their widths": (
        replaced(
            rb"\S+ Tc (.* Tm) (/F\d \S+ Tf) <(\w{4})(\w{4})(\w*)> Tj",
            rb"-60 Tc \1 \2 <\3\4> Tj 0 Tc <\5> Tj",
        ),
        "title",
    ),
    "a text has a pale outline": (
        replaced(rb"2 Tr \S+ \S+ \S+ RG", b"2 Tr 1 1 1 RG"),
        "hidden text",
    ),
    "a text has an outline as wide as itself": (
        replaced(rb"RG \S+ w (?=1 0 0 1 )", b"RG 30 w "),
        "hidden text",
    ),
    "a text is marked with another text": (
        around_text(b"/Span << /ActualText (1) >> BDC ", b" EMC"),
        "spelled otherwise",
    ),
    "a text is marked": (
        around_text(b"/Span BMC ", b" EMC"),
        "BMC is not an operator of ours",
    ),
    "a text is drawn twice in one place": (
        in_one_stream(drawn_twice),
        "text that no reader sees",
    ),
    "the art is drawn last": (
        in_one_stream(
            lambda operators: operators[len(b"q /Art Do Q\n") :] + b"q /Art Do Q\n"
        ),
        "something is drawn over the text",
    ),
    "the photo is moved": (
        replaced(rb"cm /Photo Do", b"cm 1 0 0 1 0.1 0 cm /Photo Do"),
        "place of the photo",
    ),
    "the photo is as small as a dot": (
        replaced(rb"cm /Photo Do", b"cm 0.01 0 0 0.01 0 0 cm /Photo Do"),
        "place of the photo",
    ),
    "a white rectangle lies over the photo": (
        before_text(b"q 1 1 1 RG 130 w 400 565 m 600 565 l S Q\n"),
        "something is drawn over the photo",
    ),
    "two lines cross the photo": (
        before_text(b"q 408 502 m 500 620 l S 500 502 m 408 620 l S Q\n"),
        "something is drawn over the photo",
    ),
    "a wide line crosses the photo": (
        replaced(rb"0\.6 w", b"60 w"),
        "something is drawn over the photo",
    ),
    "another form lies over the photo": (
        before_text(b"q 1 0 0 1 0 0 cm /Art Do Q\n"),
        "something is drawn over the photo",
    ),
    "the photo stands on its head": (
        replaced(rb"cm /Photo Do", b"cm -1 0 0 -1 1 1 cm /Photo Do"),
        "something is turned",
    ),
    "the photo is clipped": (
        replaced(rb"q (?=\S+ 0 0 \S+ \S+ \S+ cm /Photo)", b"q 0 0 1 1 re W n "),
        "W is not an operator of ours",
    ),
    "the symbol is made smaller": (
        replaced(rb"cm /QR Do", b"cm 0.9 0 0 0.9 0 0 cm /QR Do"),
        "place of the QR symbol",
    ),
    "the photo is shown as its negative": (
        change_entry(*IMAGE, key="/Decode", value=b"[1 0 1 0 1 0]"),
        "an image has another entry",
    ),
    "the photo has a mask by colour": (
        change_entry(*IMAGE, key="/Mask", value=b"[0 255 0 255 0 255]"),
        "an image has another entry",
    ),
    "the photo is shown in an ink": (
        change_entry(*IMAGE, key="/ColorSpace", value=b"/DeviceCMYK"),
        "an image is shown in other colours",
    ),
    "the paper has three numbers": (
        set_on_page("/MediaBox", b"[0 0 600]"),
        "size of the page",
    ),
    "the paper is larger": (set_on_page("/MediaBox", b"[0 0 700 900]"), "size of"),
    "the unit of the page is another": (
        set_on_page("/UserUnit", b"2"),
        "the page has another entry",
    ),
    "the page acts when it is opened": (
        set_on_page("/AA", b"<< /O << /S /URI /URI (http://x) >> >>"),
        "the page has another entry",
    ),
    "the file acts when it is printed": (
        set_on_catalog("/AA", b"<< /WP << /S /URI /URI (http://x) >> >>"),
        "the catalog has another entry",
    ),
    "the viewer is asked to show another area": (
        set_on_catalog("/ViewerPreferences", b"<< /ViewArea /ArtBox >>"),
        "viewer's table",
    ),
    "there are other names": (
        lambda pdf: pdf.Root.Names.__setitem__("/Dests", pikepdf.Dictionary()),
        "table of names",
    ),
    "a rotation is inherited": (
        lambda pdf: pdf.Root.Pages.__setitem__("/Rotate", 90),
        "",
    ),
}


@pytest.mark.parametrize("case", DRAWN_OTHERWISE)
def test_what_is_drawn_otherwise_is_a_difference(case, seal):
    edit, phrase = DRAWN_OTHERWISE[case]
    name = "special-operation"
    found = judged(seal(edited(name, edit), name), sample_license(name))
    assert any(phrase in text for text in found), found
    assert all(text.isascii() for text in found)


SEALED_OTHERWISE = {
    "the seal is hidden": set_on_seal("/F", b"134"),
    "the seal is not printed": set_on_seal("/F", b"128"),
    "the seal acts when it is pressed": set_on_seal(
        "/A", b"<< /S /URI /URI (http://x) >>"
    ),
    "the seal is a stamp": set_on_seal("/Subtype", b"/Stamp"),
    "the seal is another field": set_on_seal("/FT", b"/Btn"),
    "the seal looks otherwise when pressed": look_when_pressed,
    "the seal has no picture": set_on_seal("/AP", b"<< /N << >> >>"),
}


@pytest.mark.parametrize("case", SEALED_OTHERWISE)
def test_a_seal_that_is_not_seen_differs(case, seal):
    name = "food-business"
    good = seal(document.render(parts(sample_license(name))), name)
    assert differences(face.read(good), sample_license(name)) == ()
    seen = face.read(altered(good, SEALED_OTHERWISE[case]))
    found = differences(seen, sample_license(name))
    assert found == ("the annotation is not a visible seal",)


# What another writer of ours may do, and what is not compared.


def one_object_a_character(operators):
    """Set every character on its own, as a writer that kerns by hand would."""
    return re.sub(
        rb"<(\w+)> Tj",
        lambda m: b" ".join(
            b"<%s> Tj" % m[1][at : at + 4] for at in range(0, len(m[1]), 4)
        ),
        operators,
    )


def in_text_objects_of_their_own(operators):
    return re.sub(rb" Tj\n(?!ET)", b" Tj\nET\nBT\n", operators)


def scaled_by_the_matrix(operators):
    """Set type of one point and let the matrix make it large."""
    found, count = re.subn(
        rb"(\S+) Tc (.*?) 1 0 0 1 (\S+ \S+) Tm (/F\d) (\S+) Tf",
        lambda m: (
            b"%.6f Tc %s %s 0 0 %s %s Tm %s 1 Tf"
            % (float(m[1]) / float(m[5]), m[2], m[5], m[5], m[3], m[4])
        ),
        operators,
    )
    assert count > 9
    return re.sub(rb"2 Tr (\S+ \S+ \S+) RG \S+ w", b"0 Tr", found)


def without_the_lines(operators):
    return re.sub(rb"q [^\n]* l S Q\n", b"", operators)


def other_names(pdf):
    in_one_stream(lambda operators: re.sub(rb"/(F\d|QR|Art)", rb"/X\1", operators))(pdf)
    for entries in (pdf.pages[0].Resources.Font, pdf.pages[0].Resources.XObject):
        for key in list(entries.keys()):
            entries[f"/X{key[1:]}"] = entries[key]
            del entries[key]


WRITTEN_OTHERWISE = {
    "every character is shown on its own": in_one_stream(one_object_a_character),
    "every line has a text object": in_one_stream(in_text_objects_of_their_own),
    "type is scaled by the matrix and not stroked": in_one_stream(scaled_by_the_matrix),
    "numbers have one decimal": in_one_stream(
        lambda operators: re.sub(
            rb"1 0 0 1 (\d+\.\d)\d* (\d+\.\d)\d* Tm", rb"1 0 0 1 \1 \2 Tm", operators
        )
    ),
    "the content is an array of streams": lambda pdf: pdf.pages[0].contents_add(
        pikepdf.Stream(pdf, b"q Q")
    ),
    "fonts and images have other names": other_names,
    "the crop is the paper": lambda pdf: pdf.pages[0].obj.__setitem__(
        "/CropBox", pdf.pages[0].MediaBox
    ),
    "fine lines are drawn in another way": in_one_stream(without_the_lines),
    "the art is another": lambda pdf: (
        pdf.pages[0].Resources.XObject["/Art"].write(b"0.9 g 0 0 9 9 re f")
    ),
}


@pytest.mark.parametrize("case", WRITTEN_OTHERWISE)
def test_a_page_of_another_writer_of_ours_is_the_same_face(case, seal):
    name = "food-business"
    seen = face.read(seal(edited(name, WRITTEN_OTHERWISE[case]), name))
    assert differences(seen, sample_license(name)) == ()


def test_a_seal_with_a_picture_of_its_own_is_the_same_face(seal):
    name = "food-business"
    page = document.render(parts(sample_license(name)))
    spec = SealSpec("示例国事务部", diameter_mm=31)
    seen = face.read(seal(page, name, spec=spec))
    assert differences(seen, sample_license(name)) == ()


LONGEST = {
    "business-license": {"scope": "示例、" * 150},
    "food-business": {"premises": "示例市" * 25},
    "special-operation": {},
}


@pytest.mark.parametrize("specimen", [True, False], ids=["specimen", "production"])
@pytest.mark.parametrize("length", [40, 366, 520])
@pytest.mark.parametrize("name", TYPES)
def test_every_page_of_ours_is_its_own_face(name, length, specimen, seal):
    """All types with little and much text, and symbols from small to large."""
    values = LONGEST[name] if length > 40 else {}
    license_ = dataclasses.replace(with_fields(name, **values), specimen=specimen)
    token = random.Random(length).randbytes(length)
    page = document.render(parts(license_, token))
    assert differences(face.read(seal(page, name)), license_, token) == ()


def test_a_seal_in_another_place_is_a_difference(seal):
    name = "food-business"
    left, bottom, right, top = seal_place(license_type(name))[1]
    page = document.render(parts(sample_license(name)))
    seen = face.read(seal(page, name, box=(left - 1, bottom, right - 1, top)))
    assert differences(seen, sample_license(name)) == ("place of the seal",)


def test_a_seal_of_three_numbers_is_malformed(seal):
    name = "food-business"
    page = seal(document.render(parts(sample_license(name))), name)
    with pytest.raises(MalformedError):
        face.read(altered(page, set_on_seal("/Rect", b"[0 0 9]")))


def test_a_page_without_a_visible_seal_differs(world):
    name = "food-business"
    page = document.render(parts(sample_license(name)))
    unseen = pades.seal(page, world.department.seal, at=AT)
    for data, expected in (
        (page, "0 annotations on the page instead of the seal alone"),
        (unseen, "the annotation is not a visible seal"),
    ):
        found = differences(face.read(data), sample_license(name))
        assert found == (expected, "place of the seal")


# A page on a background of its type's own.


@pytest.fixture(scope="module")
def own_type():
    return with_background(BASE)


@pytest.fixture(scope="module")
def own_arts(own_type):
    """Return the digest of the background for each page."""
    pages = pages_of(sample_license("food-business"))
    return drawing.arts_of(own_type.presentations[0], pages)


def on_background(sheet, kind):
    """Return a sheet as one of a type with its own background."""
    own, *_ = kind.presentations
    return dataclasses.replace(sheet, license_type=kind, presentation=own)


@pytest.fixture(scope="module")
def own_page(own_type):
    """Return the unsealed page of a license on its background."""
    given = parts(sample_license("food-business"))
    sheet = on_background(given.sheet, own_type)
    return document.render(dataclasses.replace(given, sheet=sheet))


@pytest.mark.parametrize("press", [document.PlainPress, document.OnePassPress])
def test_a_page_on_its_background_is_the_same_face(press, own_type, own_arts, world):
    license_ = sample_license("food-business")
    given = parts(license_)
    sheet = on_background(given.sheet, own_type)
    picture = seal_image.draw(SealSpec(world.department.name))
    made = press(world.department.seal, picture)
    pdf = made.print(dataclasses.replace(given, sheet=sheet))
    seen = face.read(pdf, arts=own_arts)
    assert seen.text == text_of(license_)
    (side,) = seen.sides
    assert len(side.symbols + side.photos) == 1
    assert differences(seen, license_) == ()


def test_only_the_type_says_that_a_background_may_be_there(own_page, own_arts, seal):
    license_ = sample_license("food-business")
    plain_one, *_ = license_type("food-business").presentations
    assert drawing.arts_of(plain_one, pages_of(license_)) == (None,)
    assert len(own_arts) == 1
    with pytest.raises(MalformedError):
        face.read(seal(own_page, "food-business"))
    plain = seal(document.render(parts(license_)), "food-business")
    found = differences(face.read(plain, arts=own_arts), license_)
    assert found == ("the art is not the one of the type",)


def art_form(pdf):
    return pdf.pages[0].Resources.XObject["/Art"]


def another_background(pdf):
    form = pikepdf.Stream(pdf, b"0.9 g 0 0 9 9 re f")
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox = pikepdf.Array([0, 0, 600, 850])
    form.Resources = pikepdf.Dictionary()
    pdf.pages[0].Resources.XObject["/Art"] = pdf.make_indirect(form)


def one_more_image(pdf):
    form = art_form(pdf)
    form.Resources.XObject["/More"] = pdf.pages[0].Resources.XObject["/QR"]
    form.write(form.read_bytes() + b"\nq 90 0 0 90 300 400 cm /More Do Q")


def one_more_text(pdf):
    form = art_form(pdf)
    (name,) = form.Resources.Font.keys()
    more = f"\nBT {name} 20 Tf 1 0 0 1 200 500 Tm (\\001) Tj ET"
    form.write(form.read_bytes() + more.encode())


def another_outline(pdf):
    for font in art_form(pdf).Resources.Font.values():
        file = font.FontDescriptor.FontFile2
        data = bytearray(file.read_bytes())
        data[-9] ^= 1
        file.write(bytes(data))


def second_form(pdf):
    pdf.pages[0].Resources.XObject["/Art2"] = art_form(pdf)
    in_one_stream(lambda operators: operators.replace(b"BT", b"/Art2 Do BT", 1))(pdf)


def without_art(pdf):
    del pdf.pages[0].Resources.XObject["/Art"]


OTHER_ART = {
    "another background": (another_background, "the art is not the one"),
    "one more image in it": (one_more_image, "resources that ours have not"),
    "one more text in it": (one_more_text, "resources that ours have not"),
    "another outline in its face": (another_outline, "resources that ours have not"),
    "it is larger": (
        lambda pdf: art_form(pdf).__setitem__(
            "/Matrix", pikepdf.Array([2, 0, 0, 2, 0, 0])
        ),
        "resources that ours have not",
    ),
    "it is not there": (without_art, "does not name what is drawn"),
    "it is drawn under another name too": (second_form, "resources that ours have not"),
    "it is drawn last": (
        in_one_stream(
            lambda operators: operators[len(b"q /Art Do Q\n") :] + b"q /Art Do Q\n"
        ),
        "resources that ours have not",
    ),
    "it is drawn after a line": (
        in_one_stream(lambda operators: b"0 0 m 9 9 l S\n" + operators),
        "resources that ours have not",
    ),
    "it is moved": (
        in_one_stream(lambda operators: b"1 0 0 1 9 9 cm\n" + operators),
        "resources that ours have not",
    ),
    "it is drawn twice": (
        in_one_stream(lambda operators: b"q /Art Do Q\n" + operators),
        "a form draws text or an image",
    ),
    "it is drawn once more over the text": (
        in_one_stream(lambda operators: operators + b"q /Art Do Q\n"),
        "something is drawn over the text",
    ),
}


@pytest.mark.parametrize("case", OTHER_ART)
def test_another_background_is_never_the_face(case, own_page, own_arts, seal):
    edit, phrase = OTHER_ART[case]
    pdf = seal(altered(own_page, edit), "food-business")
    found = judged(pdf, sample_license("food-business"), own_arts)
    assert any(phrase in text for text in found), found


def test_a_second_page_on_the_background_differs(own_page, own_arts, seal):
    """The art of a page that no composed one stands for is not even drawn."""
    pdf = seal(altered(own_page, second_page), "food-business")
    license_ = sample_license("food-business")
    found = judged(pdf, license_, own_arts)
    assert found == ("face: a form has resources that ours have not",)
    found = judged(pdf, license_, own_arts * 2)
    assert "2 pages instead of 1" in found


def test_an_edit_over_a_background_differs_as_without(own_page, own_arts, seal):
    edit = append(b"BT /F1 9 Tf 1 0 0 1 300 300 Tm <00010002> Tj ET")
    pdf = seal(altered(own_page, edit), "food-business")
    found = differences(face.read(pdf, arts=own_arts), sample_license("food-business"))
    assert any("text of" in text for text in found), found


def test_only_who_has_the_background_sees_the_document(own_type):
    others = [item for item in Catalog.builtin().types() if item.name != own_type.name]
    plain = Catalog.builtin()
    with Simulator() as simulator:
        simulator.catalog = Catalog([*others, own_type])
        issued = simulator.issue(own_type.name)
        assert (issued.verdict.code, issued.verdict.scope) == (
            Code.VALID,
            Scope.DOCUMENT,
        )
        simulator.catalog = Catalog(others)
        assert simulator.validate(issued.pdf).scope is Scope.SEALED
        assert simulator.validate(issued.pdf).code is Code.VALID
        simulator.catalog = plain
        assert simulator.validate(issued.pdf).code is Code.FACE_MISMATCH
        unusable = [
            dataclasses.replace(own, background=Background("own.pdf", b""))
            for own in own_type.presentations
        ]
        broken = dataclasses.replace(own_type, presentations=tuple(unusable))
        simulator.catalog = Catalog([*others, broken])
        assert simulator.validate(issued.pdf).scope is Scope.SEALED
