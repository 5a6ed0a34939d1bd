import dataclasses
import hashlib
import io
import re
import subprocess
import time
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops

from elicense import attachments, document, drawing, layout, payload, record
from elicense.attachments import Attachments, scan_of
from elicense.errors import MissingGlyphError, SymbolTooLargeError, TooLongError
from elicense.model import Photo
from elicense.record import MAX_SCAN_BYTES
from esign import pades
from tests.elicense.pages import (
    AT,
    CASES,
    PRESSES,
    TOKEN,
    TYPES,
    case_license,
    case_parts,
    changed,
    license_type,
    parts,
    photo,
    press,
    sample_license,
    sealed,
    with_fields,
)
from tests.esign import pades_world
from tests.support import require_tool


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name in TYPES:
        made[name] = folder / f"{name}.pdf"
        made[name].write_bytes(document.render(parts(sample_license(name))))
    return made


@pytest.mark.parametrize("name", TYPES)
def test_the_same_parts_give_the_same_bytes(name, files):
    assert document.render(parts(sample_license(name))) == files[name].read_bytes()


@pytest.mark.parametrize("name", TYPES)
def test_another_instant_gives_other_bytes_of_one_revision(name, files):
    later = dataclasses.replace(
        parts(sample_license(name)), at=AT + timedelta(seconds=1)
    )
    data = document.render(later)
    assert data != files[name].read_bytes()
    assert data.startswith(b"%PDF-1.7\n")
    assert data.count(b"%%EOF") == 1
    assert data.count(b"startxref") == 1
    # Deflated bytes may spell anything.
    spelled = re.sub(rb"stream\n.*?\nendstream", b"", data, flags=re.DOTALL)
    assert len(spelled) > 1000
    assert b"/ObjStm" not in spelled
    assert b"/XRef" not in spelled
    assert b"/Encrypt" not in spelled
    assert b"/JavaScript" not in spelled
    assert b"/JS" not in spelled


@pytest.mark.parametrize("name", TYPES)
def test_a_stranger_reads_the_whole_text(name, files):
    tool = require_tool("pdftotext", "poppler-utils")
    found = subprocess.run(
        [tool, "-raw", str(files[name]), "-"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    seen = "".join(found.stdout.split())
    (page,) = layout.compose(sample_license(name), license_type(name))
    for run in page.runs:
        assert "".join(run.text.split()) in seen, run.field
    assert sorted(seen) == sorted(page.text)


@pytest.mark.parametrize("name", TYPES)
def test_the_attachments_stand_in_the_file_as_they_are(name, files):
    given = parts(sample_license(name))
    with pikepdf.open(files[name]) as pdf:
        found = {str(file.UF): file for file in pdf.Root.AF}
        assert list(pdf.attachments) == ["payload.cose", "record.cbor"]
        for key, data in (("record.cbor", given.record), ("payload.cose", TOKEN)):
            stream = found[key].EF.F
            assert "/Filter" not in stream
            assert stream.read_raw_bytes() == data
            assert found[key].AFRelationship == "/Data"
            assert stream.Params.Size == len(data)
        kinds = {str(file.EF.F.Subtype) for file in pdf.Root.AF}
    assert kinds == {"/application/cbor", "/application/cose"}
    data = files[name].read_bytes()
    assert given.record in data
    assert TOKEN in data
    assert record.decode(given.record)[0] == sample_license(name)


PAPER = b"%PDF-1.4\n/ByteRange [0 1 2 3]\nendstream\nendobj\nstartxref\n9\n%%EOF\n"


def with_scan(name, data):
    """Return the parts of an imported license with its scanned paper."""
    license_ = changed(name, origin="存量补录", scan=scan_of(data))
    return dataclasses.replace(parts(license_), scan=data)


@pytest.mark.parametrize("name", TYPES)
def test_a_scan_stands_in_the_file_as_the_source(name):
    given = with_scan(name, PAPER)
    data = document.render(given)
    assert document.render(given) == data
    assert attachments.read(data) == Attachments(given.record, TOKEN, PAPER)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        relations = {str(file.UF): str(file.AFRelationship) for file in pdf.Root.AF}
        kinds = {str(file.UF): str(file.EF.F.Subtype) for file in pdf.Root.AF}
        names = [
            str(file) for file in pdf.Root.Names.EmbeddedFiles.Names.as_list()[::2]
        ]
    assert names == ["payload.cose", "record.cbor", "scan.pdf"]
    assert relations == {
        "payload.cose": "/Data",
        "record.cbor": "/Data",
        "scan.pdf": "/Source",
    }
    assert kinds["scan.pdf"] == "/application/pdf"


@pytest.mark.parametrize("start", [PAPER, b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_any_scan_can_be_sealed_and_is_read_again(start):
    """A PDF inside of the PDF does not confuse whoever seals or reads the outer one."""
    data = start + PAPER + bytes(range(256)) + PAPER
    given = with_scan("food-business", data)
    world = pades_world.world()
    sealed = pades.seal(document.render(given), world.identity, at=AT)
    assert attachments.read(sealed).scan == data
    report = pades.validate(sealed, world.trust(), AT)
    assert [check.code for check in report.checks if check.code] == []
    assert report.seal is not None


@pytest.mark.parametrize("name", TYPES)
def test_metadata_says_what_the_file_is_and_names_nobody(name, files):
    license_ = sample_license(name)
    with pikepdf.open(files[name]) as pdf:
        packet = bytes(pdf.Root.Metadata.read_raw_bytes()).decode()
        assert "/Filter" not in pdf.Root.Metadata
        assert str(pdf.Root.Lang) == "zh-CN"
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert intent.DestOutputProfile.N == 3
        assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"
        assert "/Info" not in pdf.trailer
        assert len(pdf.trailer.ID) == 2
        with pdf.open_metadata() as meta:
            assert meta["pdfaid:part"] == "3"
            assert meta["pdfaid:conformance"] == "B"
            assert meta["dc:title"] == license_.draft.title
            assert meta["xmp:CreateDate"] == "2026-11-21T08:00:00Z"
    assert license_.draft.holders[0].name not in packet
    assert license_.draft.number not in packet


def test_no_resource_has_an_unembedded_font(files):
    for path in files.values():
        with pikepdf.open(path) as pdf:
            names = [
                str(item.BaseFont)
                for item in pdf.objects
                if isinstance(item, pikepdf.Dictionary) and "/BaseFont" in item
            ]
        assert names
        assert all("+Noto" in name for name in names)


def test_the_photo_stands_in_the_file_as_it_was_given(files):
    with pikepdf.open(files["special-operation"]) as pdf:
        image = pdf.pages[0].Resources.XObject.Photo
        data = bytes(image.read_raw_bytes())
    assert data == photo("special-operation")
    digest = sample_license("special-operation").draft.photo.sha256
    assert hashlib.sha256(data).digest() == digest


@pytest.mark.parametrize("name", TYPES)
def test_the_seal_has_one_fixed_place_on_the_first_page(name):
    box = layout.seal_box(license_type(name))
    (page,) = layout.compose(sample_license(name), license_type(name))
    assert box == page.seal_box
    with pikepdf.open(
        io.BytesIO(press("plain").print(parts(sample_license(name))))
    ) as pdf:
        (widget,) = pdf.pages[0].Annots
        assert [float(part) for part in widget.Rect] == pytest.approx(box, abs=0.001)


def test_the_largest_symbol_is_read_at_150_dpi_too():
    token = bytes(range(256)) * 3
    given = parts(sample_license("food-business"), token[:630])
    page = pypdfium2.PdfDocument(document.render(given))[0]
    picture = page.render(scale=150 / 72, grayscale=True).to_pil()
    found = [item.text for item in zxingcpp.read_barcodes(picture)]
    assert found == [payload.qr_text(token[:630])]


def test_a_missing_glyph_stops_the_document():
    with pytest.raises(MissingGlyphError) as caught:
        document.render(parts(with_fields("food-business", principal="\ue815示")))
    assert (caught.value.field, caught.value.code_point) == ("principal", 0xE815)


def test_a_value_that_does_not_fit_stops_the_document():
    with pytest.raises(TooLongError) as caught:
        document.render(parts(with_fields("food-business", domicile="营" * 3000)))
    assert caught.value.field == "domicile"


def test_a_token_beyond_version_20_stops_the_document():
    with pytest.raises(SymbolTooLargeError):
        document.render(parts(sample_license("food-business"), TOKEN * 3))


MISUSES = {
    "a photo that is not the one of the record": {"photo": b"\xff\xd8\xff"},
    "no photo where the record names one": {"photo": None},
    "an instant without a zone": {"at": datetime(2026, 11, 21)},  # noqa: DTZ001
}


@pytest.mark.parametrize("case", MISUSES)
def test_parts_that_do_not_belong_together_are_a_misuse(case):
    given = parts(sample_license("special-operation"))
    with pytest.raises(ValueError, match=r"photo|aware"):
        document.render(dataclasses.replace(given, **MISUSES[case]))


def image_file(mode, kind):
    out = io.BytesIO()
    Image.new(mode, (295, 413)).save(out, kind)
    return out.getvalue()


PHOTOS = {
    "a PNG": (image_file("RGB", "PNG"), "not a JPEG"),
    "a CMYK picture": (image_file("CMYK", "JPEG"), "RGB or grey"),
}


@pytest.mark.parametrize("case", PHOTOS)
def test_a_photo_that_a_pdf_can_not_show_as_it_stands_is_a_misuse(case):
    data, reason = PHOTOS[case]
    digest = hashlib.sha256(data).digest()
    license_ = changed("special-operation", photo=Photo("image/jpeg", digest))
    with pytest.raises(ValueError, match=reason):
        document.render(dataclasses.replace(parts(license_), photo=data))


def test_a_warm_page_is_made_in_a_fraction_of_a_second():
    """The aim is 60 ms on a quiet machine; this one is shared with other tests."""
    given = parts(sample_license("food-business"))
    document.render(given)
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        document.render(given)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.12


def test_a_photo_where_the_record_names_none_is_a_misuse():
    given = parts(sample_license("food-business"))
    with pytest.raises(ValueError, match="photo"):
        document.render(dataclasses.replace(given, photo=photo("special-operation")))


def test_the_largest_scan_is_rendered():
    data = b"%PDF-" + bytes(MAX_SCAN_BYTES - 5)
    sealed = document.render(with_scan("food-business", data))
    assert attachments.read(sealed).scan == data


@pytest.mark.parametrize("scan", [None, PAPER + b" "], ids=["none", "another"])
def test_a_scan_that_is_not_the_one_of_the_record_is_a_misuse(scan):
    given = with_scan("food-business", PAPER)
    with pytest.raises(ValueError, match="scan"):
        document.render(dataclasses.replace(given, scan=scan))


def test_a_scan_where_the_record_names_none_is_a_misuse():
    given = parts(sample_license("food-business"))
    with pytest.raises(ValueError, match="the record lacks"):
        document.render(dataclasses.replace(given, scan=PAPER))


def test_a_real_license_has_no_watermark():
    license_ = sample_license("food-business")
    real = dataclasses.replace(license_, specimen=False)
    specimen = document.render(parts(license_))
    data = document.render(parts(real))

    def picture(pdf):
        page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0]
        return page.render(scale=1, grayscale=True).to_pil()

    difference = ImageChops.difference(picture(specimen), picture(data))
    changed = sum(difference.histogram()[8:])
    assert changed > 0.02 * difference.width * difference.height


EVERY = pytest.mark.parametrize("case", CASES, ids=str)
BOTH = pytest.mark.parametrize("kind", PRESSES)


def printed(case):
    """Return what each press prints, the plain one's first."""
    first, *others = (sealed(kind, case) for kind in PRESSES)
    assert others
    return first, others


@EVERY
def test_the_presses_print_one_face(case):
    """Every character in its place, size and colour; the photo and the symbol."""
    plain, others = printed(case)
    expected = drawing.read(plain)
    assert expected.faults == ()
    (side,) = expected.sides
    assert len(side.letters) > 100
    assert expected.photo_sha256 is None or case.photo
    for other in others:
        assert drawing.read(other) == expected


def images(pdf):
    """Return every image of the page: its data as it stands, and its dictionary."""
    forms = pdf.pages[0].Resources.XObject
    return {
        name: (item.read_bytes() if name == "/QR" else item.read_raw_bytes(), keys)
        for name, item in forms.items()
        if item.Subtype == "/Image"
        for keys in [{k: str(v) for k, v in item.items() if k != "/Length"}]
    }


def static(pdf):
    """Return the art and the picture of the seal, inflated, and their places."""
    (widget,) = pdf.pages[0].Annots
    return (
        pdf.pages[0].Resources.XObject.Art.read_bytes(),
        [float(part) for part in pdf.pages[0].Resources.XObject.Art.BBox],
        widget.AP.N.read_bytes(),
        [float(part) for part in widget.AP.N.BBox],
        [float(part) for part in widget.Rect],
        int(widget.F),
    )


def canonical(packet):
    """Return the properties of an XMP packet in one spelling (C14N)."""
    text = ET.tostring(ET.fromstring(packet))  # noqa: S314  our own
    return ET.canonicalize(text, strip_text=True)


@EVERY
def test_the_presses_print_one_set_of_pictures_and_one_description(case):
    plain, others = printed(case)
    with pikepdf.open(io.BytesIO(plain)) as first:
        expected = images(first), static(first)
        packet = canonical(first.Root.Metadata.read_raw_bytes())
        catalog = sorted(first.Root.keys())
        profile = first.Root.OutputIntents[0].DestOutputProfile.read_bytes()
        paper = list(first.pages[0].MediaBox)
    for other in others:
        with pikepdf.open(io.BytesIO(other)) as pdf:
            assert (images(pdf), static(pdf)) == expected
            assert canonical(pdf.Root.Metadata.read_raw_bytes()) == packet
            assert sorted(pdf.Root.keys()) == catalog
            intent = pdf.Root.OutputIntents[0]
            assert intent.DestOutputProfile.read_bytes() == profile
            assert list(pdf.pages[0].MediaBox) == paper


def files_in(pdf):
    """Return every attachment with all that the file says of it."""
    return {
        str(item.UF): (
            str(item.F),
            str(item.AFRelationship),
            str(item.EF.F.Subtype),
            int(item.EF.F.Params.Size),
            str(item.EF.F.Params.ModDate),
            item.EF.F.read_raw_bytes(),
            "/Filter" in item.EF.F,
        )
        for item in pdf.Root.AF
    }


@EVERY
def test_the_presses_attach_the_same_files(case):
    plain, others = printed(case)
    given = case_parts(case)
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        expected = files_in(pdf)
        order = [str(item.UF) for item in pdf.Root.AF]
    assert expected["record.cbor"][5] == given.record
    assert expected["payload.cose"][5] == given.token
    assert ("scan.pdf" in expected) == case.scan
    for other in others:
        with pikepdf.open(io.BytesIO(other)) as pdf:
            assert files_in(pdf) == expected
            assert [str(item.UF) for item in pdf.Root.AF] == order
        assert attachments.read(other) == attachments.read(plain)


@BOTH
@EVERY
def test_what_a_press_prints_is_sealed_in_our_profile(case, kind):
    data = sealed(kind, case)
    report = pades.validate(data, pades_world.world().trust(), AT)
    assert [check.code for check in report.checks if check.code] == []
    assert report.seal is not None
    assert record.decode(attachments.read(data).record)[0] == case_license(case)


@BOTH
def test_another_instant_is_another_file_with_the_same_face(kind):
    case = CASES[0]
    later = dataclasses.replace(case_parts(case), at=AT + timedelta(seconds=1))
    data = press(kind).print(later)
    assert data != sealed(kind, case)
    assert drawing.read(data) == drawing.read(sealed(kind, case))


@BOTH
def test_the_same_parts_give_the_same_bytes_but_for_the_signature(kind):
    """What is signed is the same; ECDSA draws its nonce anew."""
    case = CASES[0]
    again = press(kind).print(case_parts(case))
    first, second = (pades.read(data) for data in (sealed(kind, case), again))
    assert first.digest == second.digest


@BOTH
@pytest.mark.parametrize("case", MISUSES)
def test_a_press_refuses_parts_that_do_not_belong_together(case, kind):
    given = parts(sample_license("special-operation"))
    with pytest.raises(ValueError, match=r"photo|aware"):
        press(kind).print(dataclasses.replace(given, **MISUSES[case]))


@BOTH
@pytest.mark.parametrize("case", PHOTOS)
def test_a_press_refuses_a_photo_that_a_pdf_can_not_show(case, kind):
    data, reason = PHOTOS[case]
    digest = hashlib.sha256(data).digest()
    license_ = changed("special-operation", photo=Photo("image/jpeg", digest))
    with pytest.raises(ValueError, match=reason):
        press(kind).print(dataclasses.replace(parts(license_), photo=data))


@BOTH
@pytest.mark.parametrize("scan", [None, PAPER + b" "], ids=["none", "another"])
def test_a_press_refuses_a_scan_that_is_not_the_one_of_the_record(scan, kind):
    given = with_scan("food-business", PAPER)
    with pytest.raises(ValueError, match="scan"):
        press(kind).print(dataclasses.replace(given, scan=scan))


@pytest.mark.parametrize("kind", sorted(PRESSES))
def test_a_press_tells_who_signs(kind):
    assert press(kind).signer is pades_world.world().identity.signer
