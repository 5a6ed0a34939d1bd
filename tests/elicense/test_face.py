import dataclasses
import io
from datetime import date

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, face, layout
from elicense.model import Checkpoint, Holder, Organization, Validity
from esign.errors import MalformedError
from tests.elicense.pages import (
    TOKEN,
    TYPES,
    changed,
    license_type,
    parts,
    sample_license,
    with_fields,
)


def page_of(license_):
    return layout.compose(license_, license_type(license_.draft.type_name))


def read(license_, token=TOKEN):
    return face.read(document.render(parts(license_, token)))


def differences(seen, license_, token=TOKEN):
    return face.compare(seen, page_of(license_), license_, token)


@pytest.fixture(scope="module")
def faces():
    return {name: read(sample_license(name)) for name in TYPES}


def edited(name, edit):
    """Return the face of a sample whose file was changed by ``edit``."""
    data = document.render(parts(sample_license(name)))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        edit(pdf)
        pdf.save(out)
    return face.read(out.getvalue())


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
def test_texts_that_engines_like_to_change_come_back_unchanged(case):
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


def test_the_symbol_of_another_license_is_a_difference(faces):
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
def test_an_edited_page_differs(case):
    edit, expected = EDITS[case]
    seen = edited("special-operation", edit)
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
        edited("food-business", append(FLOODS[case]))


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
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_a_file_of_many_pages_is_malformed_and_of_some_is_read():
    with pytest.raises(MalformedError):
        face.read(pages(face.MAX_PAGES + 1))
    assert face.read(pages(2)) == face.Face("", (), None, pages=2)


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
