"""Files that a seal platform sealed: rule by rule, and nothing else."""

import functools
import io
import random
import re
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest
from examples.seal_platform import revision
from examples.seal_platform.vault import Vault
from PIL import Image

from esign import der, pades, ses, sm2
from esign.errors import MalformedError
from esign.pades import SubFilter, painting, platform, revisions
from esign.pades.platform import claimed_instant
from esign.pades.reserve import reserve
from esign.pades.revisions import has_two_revisions, read_two
from esign.pades.unsealed import read_unsealed
from esign.pades.values import Scanner, parse, same
from esign.verdict import Code
from tests.esign import pades_world, ses_world
from tests.esign.pades_world import AT, CODE
from tests.esign.platform_world import (
    BOX,
    LATER,
    first,
    numbers,
    objects,
    seal_object,
    sealed,
    trust,
    validate,
    vault,
)

FIELD, SIGNATURE, FORM, IMAGE, MASK = numbers()
NEXT = MASK + 1
RESERVED = read_unsealed(first()).reserved
PAGE, ACRO_FORM = RESERVED.page, RESERVED.form
FILTERED = "/Type /XObject /Subtype /Form /BBox [0 0 90 90] {}"


def own(number):
    """Return an object of revision 1 as it is spelled."""
    return read_unsealed(first()).dictionary(number)


def within(number, old, new, of=None):
    """Return the platform's objects with one of them changed."""
    body = (of or objects())[number]
    assert body.count(old) == 1, old
    return {**objects(), **(of or {}), number: body.replace(old, new)}


def pages_node():
    return int(own(1).split(b"/Pages ")[1].split()[0])


def form(operators, entries=""):
    return revision.stream(FILTERED.format(entries), operators)


RESOURCES = f"/Resources << /XObject << /Im0 {IMAGE} 0 R >> >>"
DRAW = b"q 90 0 0 90 0 0 cm /Im0 Do Q"

CHANGES = {
    "other content of the page": lambda: {
        **objects(),
        PAGE: own(PAGE).replace(b"/Contents 6 0 R", b"/Contents %d 0 R" % NEXT),
        NEXT: revision.stream("", b"BT ET"),
    },
    "another page": lambda: {
        **objects(),
        pages_node(): b"<< /Type /Pages /Kids [ %d 0 R %d 0 R ] /Count 2 >>"
        % (PAGE, NEXT),
        NEXT: b"<< /Type /Page /Parent %d 0 R >>" % pages_node(),
    },
    "another annotation on the page": lambda: {
        **objects(),
        PAGE: own(PAGE).replace(
            b"/Annots [ %d 0 R ]" % FIELD, b"/Annots [ %d 0 R %d 0 R ]" % (FIELD, NEXT)
        ),
        NEXT: b"<< /Type /Annot /Subtype /FreeText /Rect [ 0 0 10 10 ] >>",
    },
    "a seal in another place": lambda: within(
        FIELD, b"[ 100 40 190 130 ]", b"[ 10 40 190 130 ]"
    ),
    "a field with an action": lambda: within(
        FIELD, b"/F 132", b"/F 132 /A << /S /JavaScript /JS (app.alert) >>"
    ),
    "a hidden field": lambda: within(FIELD, b"/F 132", b"/F 134"),
    "a document with an action": lambda: {
        **objects(),
        1: own(1).replace(
            b"/Pages", b"/OpenAction << /S /JavaScript /JS (x) >>\n/Pages"
        ),
    },
    "a form with another field": lambda: {
        **objects(),
        ACRO_FORM: b"<< /Fields [ %d 0 R %d 0 R ] /SigFlags 3 >>" % (FIELD, NEXT),
        NEXT: b"<< /FT /Tx /T (x) >>",
    },
    "an object that nobody needs": lambda: {**objects(), NEXT: b"<< >>"},
    "a replaced object of revision 1": lambda: {
        **objects(),
        FIELD + 2: revision.stream("", b""),
    },
    "no field": lambda: {n: body for n, body in objects().items() if n != FIELD},
    "a field without a picture": lambda: within(
        FIELD, b"/AP << /N %d 0 R >>" % FORM, b""
    ),
    "a picture in the field itself": lambda: within(
        FIELD, b"/N %d 0 R" % FORM, b"/N (x)"
    ),
    "two pictures": lambda: within(
        FIELD, b"/N %d 0 R" % FORM, b"/N %d 0 R /D %d 0 R" % (FORM, FORM)
    ),
    "a field whose value is another object": lambda: within(
        FIELD, b"/V %d 0 R" % SIGNATURE, b"/V %d 0 R" % FORM
    ),
    "a larger picture": lambda: within(
        FORM, b"/BBox [0 0 90.0000", b"/BBox [0 0 190.00"
    ),
    "a shifted picture": lambda: within(FORM, b"/BBox [0 0", b"/BBox [9 0"),
    "a picture without a size": lambda: within(FORM, b"/BBox", b"/Metadata"),
    "a picture of names": lambda: within(FORM, b"/BBox [0 0", b"/BBox [/A 0"),
    "a picture with a matrix": lambda: within(
        FORM, b"/Subtype /Form", b"/Subtype /Form /Matrix [2 0 0 2 0 0]"
    ),
    "a picture with a state": lambda: within(
        FORM, b"/XObject <<", b"/ExtGState << /G << /ca 0 >> >> /XObject <<"
    ),
    "a picture that is an image": lambda: within(
        FIELD, b"/N %d 0" % FORM, b"/N %d 0" % IMAGE
    ),
    "a picture of revision 1": lambda: within(
        FIELD, b"/N %d 0" % FORM, b"/N %d 0" % (FIELD + 2)
    ),
    "a form of another kind": lambda: within(FORM, b"/Subtype /Form", b"/Subtype /PS"),
    "a form of another type": lambda: within(FORM, b"/Type /XObject", b"/Type /Font"),
    "a form of type two": lambda: within(FORM, b"/Subtype", b"/FormType 2 /Subtype"),
    "a form under another filter": lambda: within(FORM, b"/FlateDecode", b"/LZWDecode"),
    "a form that is no stream of its filter": lambda: {
        **objects(),
        FORM: b"<< /Subtype /Form /BBox [0 0 90 90] /Filter /FlateDecode /Length 1 >>"
        b"\nstream\n!\nendstream",
    },
    "a form that is cut short": lambda: {
        **objects(),
        FORM: b"<< /Subtype /Form /BBox [0 0 90 90] /Filter /FlateDecode /Length 2 >>"
        b"\nstream\n\x78\x9c\nendstream",
    },
    "text over the page": lambda: {**objects(), FORM: form(b"BT ET", RESOURCES)},
    "an inline image": lambda: {**objects(), FORM: form(b"BI ID x EI", RESOURCES)},
    "a string": lambda: {**objects(), FORM: form(b"(x) re", RESOURCES)},
    "a shading": lambda: {**objects(), FORM: form(b"/Sh0 sh", RESOURCES)},
    "an operator with a name": lambda: {**objects(), FORM: form(b"/Im0 re", RESOURCES)},
    "a name at the end": lambda: {**objects(), FORM: form(b"/Im0", RESOURCES)},
    "too many restores": lambda: {**objects(), FORM: form(b"Q " + DRAW, RESOURCES)},
    "too few restores": lambda: {**objects(), FORM: form(b"q " + DRAW, RESOURCES)},
    "something drawn that is not there": lambda: {
        **objects(),
        FORM: form(b"/Im1 Do", RESOURCES),
    },
    "resources that are no table": lambda: {
        **objects(),
        FORM: form(DRAW, "/Resources 1"),
    },
    "drawn parts that are no table": lambda: {
        **objects(),
        FORM: form(DRAW, "/Resources << /XObject 1 >>"),
    },
    "procedures that are no names": lambda: {
        **objects(),
        FORM: form(DRAW, "/Resources << /ProcSet [ 1 ] >>"),
    },
    "a form in itself": lambda: {
        **objects(),
        FORM: form(DRAW, f"/Resources << /XObject << /Im0 {FORM} 0 R >> >>"),
    },
    "too many operators": lambda: {
        **objects(),
        FORM: form(b" " * (painting.MAX_OPERATORS + 1), RESOURCES),
    },
    "an image with an alternate": lambda: within(
        IMAGE, b"/Width", b"/Alternates [ ] /Width"
    ),
    "an image of another colour space": lambda: within(
        IMAGE, b"/DeviceRGB", b"/DeviceCMYK"
    ),
    "an image of another filter": lambda: within(IMAGE, b"/FlateDecode", b"/JPXDecode"),
    "an image that is no JPEG": lambda: within(IMAGE, b"/FlateDecode", b"/DCTDecode"),
    "an image of no size": lambda: within(MASK, b"/Width 420", b"/Width 0"),
    "an image of a huge size": lambda: within(MASK, b"/Height 420", b"/Height 99999"),
    "an image of too many pixels": lambda: {
        **objects(),
        MASK: revision.stream(
            "/Subtype /Image /Width 8000 /Height 8000 /ColorSpace /DeviceGray"
            " /BitsPerComponent 8",
            b"",
        ),
    },
    "an image of more bytes than pixels": lambda: {
        **objects(),
        MASK: revision.stream(
            "/Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
            " /BitsPerComponent 8",
            bytes(9000),
        ),
    },
    "a mask in colour": lambda: within(MASK, b"/DeviceGray", b"/DeviceRGB"),
    "a mask with a mask": lambda: {
        **within(MASK, b"/Subtype", b"/SMask %d 0 R /Subtype" % NEXT),
        NEXT: objects()[MASK],
    },
    "an image of another type": lambda: within(
        IMAGE, b"/Type /XObject", b"/Type /Font"
    ),
    "a page that is a stream now": lambda: {
        **objects(),
        PAGE: revision.stream("", b""),
    },
    "a page whose one is true": lambda: {
        **objects(),
        PAGE: re.sub(rb" 1\n", b" true\n", own(PAGE), count=1),
    },
    "a form of type true": lambda: within(
        FORM, b"/Subtype", b"/FormType true /Subtype"
    ),
    "an image of true bits": lambda: within(
        MASK, b"/BitsPerComponent 8", b"/BitsPerComponent true"
    ),
    "a matrix of truths": lambda: within(
        FORM, b"/Subtype", b"/Matrix [true 0 0 1 0 false] /Subtype"
    ),
    "a picture that shows nothing": lambda: {**objects(), FORM: form(b"", RESOURCES)},
    "a picture that ends its paths": lambda: {
        **objects(),
        FORM: form(b"0 0 9 9 re W n", RESOURCES),
    },
    "a field that is a number": lambda: {**objects(), FIELD: b"1"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_revision_that_does_more_than_seal_is_altered(name):
    report = validate(vault().write(first(), CHANGES[name](), AT))
    found = {check.id: check.code for check in report.checks}
    assert (found["seal-format"], found["seal-revision"]) == (None, Code.ALTERED), (
        report.checks[0]
    )
    assert found["seal-signature"] is None  # the platform itself did it
    assert report.code is Code.ALTERED


def test_numbers_are_not_truths():
    assert b" 1\n" in own(PAGE)  # or the case of a page tells nothing
    one, true = parse(b"<< /A [ 1 /B ] >>"), parse(b"<< /A [ true /B ] >>")
    assert one == true
    assert same(one, parse(b"<</A[1.0/B]>>"))
    assert not same(one, true)
    assert not same(one, parse(b"<< /A [ 1 ] >>"))
    assert not same(one, parse(b"<< /C [ 1 /B ] >>"))


def test_what_a_platform_seals_is_valid():
    report = validate(sealed())
    assert report.code is Code.VALID
    assert {check.indication.value for check in report.checks} == {"PASSED"}
    assert report.seal is not None
    assert (report.seal.sealed_at, report.seal.code) == (AT, CODE)
    assert report.seal.certificate == vault().signer.certificate
    assert claimed_instant(sealed()) == AT
    assert claimed_instant(first()) is None
    assert report.first is not None
    assert report.first.data == first()
    with pytest.raises(TypeError, match="three values"):
        bool(report)


SAME = {
    "the page written again": lambda: {**objects(), PAGE: b" ".join(own(PAGE).split())},
    "catalog and form written again": lambda: {
        **objects(),
        1: own(1),
        ACRO_FORM: own(ACRO_FORM),
    },
    "a form in a form": lambda: {
        **objects(),
        FORM: form(
            b"/Fm0 Do",
            f"/Resources << /ProcSet [ /PDF ] /XObject << /Fm0 {NEXT} 0 R >> >>",
        ),
        NEXT: form(DRAW, RESOURCES),
    },
    "a drawing without images": lambda: {
        n: body
        for n, body in {
            **objects(),
            FORM: b"<< /Subtype /Form /BBox"
            b" [0 0 90 90] /Length 25 >>\nstream\n1 0 0 RG 10 10 50 50 re S\nendstream",
        }.items()
        if n not in (IMAGE, MASK)
    },
}


@pytest.mark.parametrize("name", SAME)
def test_what_other_platforms_do_is_allowed(name):
    assert validate(vault().write(first(), SAME[name](), AT)).code is Code.VALID


def replaced(old, new, count=1):
    def change(pdf):
        head, tail = pdf[: len(first())], pdf[len(first()) :]
        assert tail.count(old) >= 1, old
        return head + tail.replace(old, new, count)

    return change


def byte_range(change):
    def changed(pdf):
        start = pdf.index(b"/ByteRange [", len(first())) + len(b"/ByteRange ")
        end = pdf.index(b"]", start) + 1
        numbers = [int(one) for one in pdf[start + 1 : end - 1].split()]
        new = b"[%s]" % b" ".join(b"%d" % one for one in change(numbers))
        return pdf[:start] + new.ljust(end - start) + pdf[end:]

    return changed


MALFORMED = {
    "a byte behind the end": lambda pdf: pdf + b" ",
    "no end": lambda pdf: pdf[:-7],
    "a third revision": lambda pdf: revision.write(
        pdf, {FIELD: objects()[FIELD]}, 1, bytes
    ),
    "a comment between": replaced(b"endobj\n", b"endobj\n%x\n"),
    "something between": replaced(b"endobj\n", b"endobj\nx\n"),
    "a byte of revision 1": lambda pdf: pdf.replace(b"/SigFlags 3", b"/SigFlags 2", 1),
    "a wrong /Prev": replaced(b"/Prev ", b"/Prev 1"),
    "a /Prev in a fraction": replaced(b"/Prev ", b"/Prev 0.5 /X "),
    "another root": replaced(b"/Root 1 0 R", b"/Root 2 0 R"),
    "another entry of the trailer": replaced(b"/Root 1 0 R", b"/Encrypt 1 /Root 1 0 R"),
    "an /Info of its own": replaced(b"/Root 1 0 R", b"/Info 1 0 R /Root 1 0 R"),
    "an /ID of its own": replaced(b"/ID [<", b"/ID [<00"),
    "an /ID of one": replaced(b"/ID [<", b"/ID [] /X [<"),
    "a size that skips": lambda pdf: (
        pdf[: pdf.rindex(b"/Size ")]
        + pdf[pdf.rindex(b"/Size ") :].replace(
            b"/Size %d" % NEXT, b"/Size %d" % (NEXT + 1)
        )
    ),
    "a stream that is longer": replaced(b"/Length ", b"/Length 9"),
    "an entry twice": replaced(b"/Type /Sig ", b"/Type /Sig /Type /Sig "),
    "an escaped name": replaced(b"/Type /Sig ", b"/T#79pe /Sig "),
    "another SubFilter": replaced(b"/GM.sm2seal", b"/GM.sm2cms0"),
    "a signature with references": replaced(
        b"/Type /Sig ", b"/Type /Sig /Reference [] "
    ),
    "a signature that names its signer by number": replaced(
        b"/Type /Sig ", b"/Type /Sig /Name 1 "
    ),
    "a filter that is no name": replaced(
        b"/Filter /ESign.GMPkiLite", b"/Filter (ESign.GMPki) "
    ),
    "a range of three": byte_range(lambda n: n[:3]),
    "a range that begins later": byte_range(lambda n: [1, *n[1:]]),
    "a range that stops earlier": byte_range(lambda n: [*n[:3], n[3] - 1]),
    "a range with a wider gap": byte_range(lambda n: [n[0], n[1], n[2] + 1, n[3] - 1]),
    "a gap in upper case": lambda pdf: (
        pdf[: pdf.rindex(b"<3082")] + pdf[pdf.rindex(b"<3082") :].replace(b"a", b"A", 1)
    ),
    "something behind the signature": lambda pdf: (
        pdf[: pdf.index(b"0000>", len(first()))]
        + b"0001>"
        + pdf[pdf.index(b"0000>", len(first())) + 5 :]
    ),
    "an entry of the table elsewhere": lambda pdf: (
        pdf[: pdf.rindex(b"xref\n%d" % FIELD)]
        + pdf[pdf.rindex(b"xref\n%d" % FIELD) :].replace(b"000000", b"000001", 1)
    ),
    "an entry that is free": lambda pdf: (
        pdf[: pdf.rindex(b"xref\n%d" % FIELD)]
        + pdf[pdf.rindex(b"xref\n%d" % FIELD) :].replace(b" n ", b" f ", 1)
    ),
}


def tail(change):
    """Change the table of revision 2 and what follows it."""

    def changed(pdf):
        at = pdf.rindex(b"xref\n%d 1" % FIELD)
        return pdf[:at] + change(pdf[at:])

    return changed


TAILS = {
    "a table of too many": lambda end: end.replace(
        b"%d 1\n" % FIELD, b"%d 99\n" % FIELD
    ),
    "an object twice in the table": lambda end: end.replace(
        b"%d 1\n" % MASK, b"%d 1\n" % IMAGE
    ),
    "an object that is not there": lambda end: end.replace(
        b"trailer", b"2 1\n0000000017 00000 n \ntrailer"
    ),
    "a trailer that is too long": lambda end: end.replace(
        b"trailer", b"trailer" + b" " * 2000
    ),
    "something behind the trailer": lambda end: end.replace(
        b"startxref", b"x startxref"
    ),
    "an identifier of one string": lambda end: end.replace(b"> <", b""),
    "an identifier that ends in a number": lambda end: re.sub(
        rb"> <[0-9a-f]+>\]", b"> 1]", end
    ),
    "a size of no number": lambda end: end.replace(b"/Size", b"/Size (x) /Sizf"),
}
MALFORMED |= {name: tail(change) for name, change in TAILS.items()}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_of_another_structure_is_malformed(name):
    changed = MALFORMED[name](sealed())
    assert changed != sealed()
    report = validate(changed)
    assert report.code is Code.MALFORMED
    assert report.seal is None


def test_two_signatures_are_malformed():
    two = {**objects(), NEXT: b"<< /Type /Sig /ByteRange [ 0 1 2 3 ] >>"}
    assert validate(vault().write(first(), two, AT)).code is Code.MALFORMED


SIGNATURES = {
    "a signature that is a stream": b"/Length 0 >>\nstream\n\nendstream",
    "a name that is too long": b"/Name (" + b"a" * 2000 + b") >>",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_of_another_form_is_malformed(name):
    body = objects()[SIGNATURE].removesuffix(b">>") + SIGNATURES[name]
    changed = {**objects(), SIGNATURE: body}
    assert validate(vault().write(first(), changed, AT)).code is Code.MALFORMED


def test_a_gap_in_another_object_is_malformed():
    body = objects()[SIGNATURE].replace(revision.GAP, b"<30>")
    changed = {**objects(), SIGNATURE: body, NEXT: b"<< /Contents %s >>" % revision.GAP}
    assert validate(vault().write(first(), changed, AT)).code is Code.MALFORMED


def test_a_gap_that_only_looks_like_the_contents_is_malformed():
    body = objects()[SIGNATURE].replace(revision.GAP, b"<3000>")
    changed = {**objects(), SIGNATURE: body, NEXT: b"<< /Contents %s >>" % revision.GAP}
    pdf = revision.write(first(), changed, 2, lambda _: bytes.fromhex("3000"))
    report = validate(pdf)
    assert report.checks[0].detail == "PDF: the gap is not in the signature"


def test_a_page_of_another_version_is_reserved_as_ours():
    with pikepdf.open(io.BytesIO(pades_world.page())) as document:
        document.Root.Version = pikepdf.Name("/1.4")
        out = io.BytesIO()
        document.save(out)
    assert b"/Version" not in reserve(out.getvalue(), 0, BOX)


def test_a_stream_that_leaves_its_revision_is_malformed():
    body = objects()[MASK]
    size = int(body.split(b"/Length ")[1].split()[0])
    longer = body.replace(b"/Length %d" % size, b"/Length 99999999")
    changed = {**objects(), MASK: longer}
    assert validate(vault().write(first(), changed, AT)).code is Code.MALFORMED


@functools.cache
def jpeg(side):
    out = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(("side", "code"), [(20, Code.VALID), (21, Code.ALTERED)])
def test_a_jpeg_has_the_size_that_it_says(side, code):
    data = jpeg(20)
    image = (
        b"<< /Subtype /Image /Width %d /Height 20 /ColorSpace /DeviceRGB"
        b" /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream"
    ) % (side, len(data), data)
    changed = {n: body for n, body in objects().items() if n != MASK}
    pdf = vault().write(first(), {**changed, IMAGE: image}, AT)
    assert validate(pdf).code is code


def drawing(target, names):
    """Return a form that paints a little and may draw one object by many names."""
    drawn = b" ".join(b"/N%d %d 0 R" % (one, target) for one in range(names))
    return (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 90 90] /Resources << /XObject"
        b" << %s >> >> /Length 12 >>\nstream\n0 0 9 9 re f\nendstream" % drawn
    )


def test_an_object_of_many_names_is_looked_at_once(monkeypatch):
    looked = []
    check = painting.check_image
    monkeypatch.setattr(
        painting, "check_image", lambda *given: looked.append(1) or check(*given)
    )
    added = {
        **objects(),
        FORM: drawing(NEXT, 600),
        NEXT: drawing(NEXT + 1, 600),
        NEXT + 1: drawing(IMAGE, 600),
    }
    report = validate(vault().write(first(), added, AT))
    assert report.code is Code.VALID
    assert len(looked) == 2  # image and mask


def test_too_many_objects_are_malformed():
    many = {NEXT + n: b"<< >>" for n in range(revisions.MAX_NEW_OBJECTS)}
    report = validate(vault().write(first(), {**objects(), **many}, AT))
    assert report.code is Code.MALFORMED


def test_a_contents_inside_of_another_text_is_malformed():
    trick = within(
        SIGNATURE,
        b"/Contents " + revision.GAP,
        b"/Contents <30> /Name (/Contents " + revision.GAP + b")",
    )
    assert validate(vault().write(first(), trick, AT)).code is Code.MALFORMED


def test_what_nobody_sealed_is_unsupported():
    only_field = revision.write(first(), {FIELD: own(FIELD)}, 1, bytes)
    for pdf in (first(), only_field, b"", b"%PDF-"):
        assert validate(pdf).code is Code.UNSUPPORTED
    # and no signature of ours is one of a platform
    assert validate(pades_world.sealed()).code is Code.MALFORMED


def test_a_changed_byte_is_never_valid():
    pdf, dice = sealed(), random.Random(6)
    places = [*range(len(first()) - 60, len(first()) + 900)]
    places += [dice.randrange(len(pdf)) for _ in range(300)]
    for place in places:
        octet = bytes((pdf[place] ^ (1 << dice.randrange(8)),))
        code = validate(
            pdf[:place] + octet + pdf[place + 1 :], second_engine=False
        ).code
        assert code is not Code.VALID, place


TRUSTS = {
    "nobody's seals": (dict, Code.UNKNOWN_ISSUER),
    "another vault": (lambda: trust(Vault(at=AT)), Code.UNKNOWN_ISSUER),
    "another root": (
        lambda: trust(roots=(Vault(at=AT).root.certificate,)),
        Code.UNKNOWN_ISSUER,
    ),
    "another maker": (
        lambda: trust(
            seals=(seal_object(maker=(Vault(at=AT).maker.certificate,)),),
        ),
        Code.UNKNOWN_ISSUER,
    ),
    "another seal of the same signer": (
        lambda: trust(seals=(seal_object(digest=bytes(32)),)),
        Code.NOT_AUTHORIZED,
    ),
    "a seal that was withdrawn": (
        lambda: trust(seals=(seal_object(withdrawn_at=AT),)),
        Code.NOT_AUTHORIZED,
    ),
    "a grant of another kind": (
        lambda: trust(subfilter=SubFilter.GM_CMS, seals=()),
        Code.NOT_AUTHORIZED,
    ),
    "a period that ended": (
        lambda: trust(signs_until=AT, destroyed=True),
        Code.NOT_AUTHORIZED,
    ),
    "a period that began later": (
        lambda: trust(signs_from=LATER),
        Code.NOT_AUTHORIZED,
    ),
    "a stolen key": (lambda: trust(compromised_from=LATER), Code.KEY_COMPROMISED),
    "a retired key": (
        lambda: trust(signs_until=AT + timedelta(1)),
        Code.KEY_COMPROMISED,
    ),
}


@pytest.mark.parametrize("name", TRUSTS)
def test_a_seal_without_trust_is_refused(name):
    believed, code = TRUSTS[name]
    report = validate(sealed(), believed())
    assert report.code is code
    assert report.checks[-1].indication.value == "NOT_CHECKED"


def test_evidence_and_a_destroyed_key_serve():
    early = AT + timedelta(hours=1)
    stolen = trust(compromised_from=LATER)
    assert validate(sealed(), stolen, evidence_before=early).code is Code.VALID
    retired = trust(signs_until=AT + timedelta(1), destroyed=True)
    assert validate(sealed(), retired).code is Code.VALID


def test_a_seal_of_tomorrow_is_not_authorized():
    early = AT - timedelta(hours=1)
    assert validate(sealed(), at=early).code is Code.NOT_AUTHORIZED


def test_a_signature_over_something_else_is_bad():
    digest = {}

    def other(data):
        digest["of"] = data
        return vault().sign(b"something else", AT)

    pdf = revision.write(first(), objects(), 60_000, other)
    report = validate(pdf)
    assert report.code is Code.BAD_SIGNATURE
    assert report.seal is None
    assert read_two(pdf).digest == sm2.sm3(digest["of"])
    assert validate(pdf, {}).code is Code.UNKNOWN_ISSUER


def spoiled(change):
    def sign(data):
        return change(vault().sign(data, AT))

    return validate(revision.write(first(), objects(), 60_000, sign)).code


def test_garbage_in_the_gap_is_refused():
    assert spoiled(lambda _: bytes.fromhex("300100")) is Code.MALFORMED
    assert spoiled(lambda _: b"") is Code.MALFORMED


def test_what_the_field_does_oddly_is_unsupported():
    def raw(whole):
        tbs, certificate, algorithm, _ = der.children(whole, der.SEQUENCE, 4, 4)
        value = der.tlv(der.BITS, b"\0", vault().signer.sign(tbs))
        return der.tlv(der.SEQUENCE, tbs, certificate, algorithm, value)

    def stamped(whole):
        return ses.add_timestamp(ses.read_signature(whole), b"0\0")

    def old(_):
        own, signer = vault(), vault().signer
        draft = ses.SealDraft(
            4,
            "x",
            "x",
            1,
            "x",
            (signer.certificate,),
            AT,
            AT,
            LATER,
            ses.read_seal(own.seal).picture,
        )
        seal = ses_world.seal_2014(own.maker, draft)
        return ses_world.signature_2014(seal, signer, ses_world.utc_time(AT), bytes(32))

    assert spoiled(raw) is Code.UNSUPPORTED
    assert spoiled(stamped) is Code.UNSUPPORTED
    assert spoiled(old) is Code.UNSUPPORTED


def test_the_second_engine_may_be_left_out():
    report = validate(sealed(), second_engine=False)
    assert report.code is Code.VALID
    assert report.checks[-1].detail == "left out by the caller"


def test_instants_are_aware():
    with pytest.raises(ValueError, match="aware"):
        validate(sealed(), trust(), AT.replace(tzinfo=None))


def test_a_grant_holds_from_its_first_instant():
    assert validate(sealed(), trust(signs_from=AT)).code is Code.VALID


# Revision 1


def test_a_reserved_page_is_read_back_and_always_the_same():
    page = pades_world.page()
    assert reserve(page, 0, BOX) == first()
    assert read_unsealed(first()).reserved.box == BOX
    with pikepdf.open(io.BytesIO(first())) as document:
        assert document.Root.AcroForm.SigFlags == 3
    assert not has_two_revisions(first())
    assert has_two_revisions(sealed())
    with pytest.raises(pades.NoSealError):
        pades.read(first())


UNFIT = {
    "no such page": (lambda: reserve(pades_world.page(), 1, BOX), ValueError),
    "no box": (lambda: reserve(pades_world.page(), 0, (1, 1, 1, 2)), ValueError),
    "an infinite box": (
        lambda: reserve(pades_world.page(), 0, (0, 0, float("inf"), 1)),
        ValueError,
    ),
    "not a PDF": (lambda: reserve(b"", 0, BOX), MalformedError),
    "one with a field": (lambda: reserve(first(), 0, BOX), MalformedError),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_reserved_is_refused(name):
    attempt, error = UNFIT[name]
    with pytest.raises(error):
        attempt()


FIRSTS = {
    "permissions": (b"/Pages", b"/Perms <<\n>>\n/Pages"),
    "a version": (b"/Type /Catalog", b"/Type /Catalog\n/Version /1.7"),
    "another form": (b"/SigFlags 3", b"/SigFlags 2"),
    "a sealed field": (b"/Type /Annot", b"/Type /Annot\n/V 1 0 R"),
    "a box of no width": (b"[ 100 40 190 130 ]", b"[ 190 40 190 130 ]"),
    "a field on no page": (b"/P %d 0 R" % PAGE, b"/P 3 0 R"),
    "a page that shows more": (
        b"/Annots [ %d 0 R ]" % FIELD,
        b"/Annots [ %d 0 R 1 0 R ]" % FIELD,
    ),
    "another header": (b"%PDF-1.7", b"%PDF-1.6"),
    "two fields": (b"/SigFlags 3", b"/SigFlags 3\n>>\nendobj\n7 0 obj\n<<\n/FT /Sig"),
}


@pytest.mark.parametrize("name", FIRSTS)
def test_a_first_revision_of_another_shape_is_refused(name):
    old, new = FIRSTS[name]
    assert old in first()
    with pytest.raises(MalformedError):
        read_unsealed(respelled(first().replace(old, new, 1)))


def respelled(pdf):
    """Return a file with a table that fits its objects."""
    body = pdf[: pdf.index(b"xref\n0 ")]
    starts = [
        place for place in range(len(body)) if body.startswith(b" 0 obj\n", place)
    ]
    starts = [body.rindex(b"\n", 0, place) + 1 for place in starts]
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(starts) + 1)
    table += b"".join(b"%010d 00000 n \n" % start for start in starts)
    pair = pdf[pdf.index(b"/ID [") : pdf.index(b"]", pdf.index(b"/ID [")) + 1]
    tail = b"trailer\n<<\n/Root 1 0 R\n%s\n/Size %d\n>>\nstartxref\n%d\n%%%%EOF\n"
    return body + table + tail % (pair, len(starts) + 1, len(body))


def test_the_helper_of_these_tests_spells_as_the_writer_does():
    assert respelled(first()) == first()


@pytest.mark.parametrize("reader", [read_unsealed, read_two])
def test_a_file_that_is_too_large_is_refused(reader):
    with pytest.raises(MalformedError, match="more than"):
        reader(first() + bytes(revisions.MAX_PDF_BYTES))


# Values

GOOD = {
    b"(a\\(b\\)\\\\\\n\\r\\t\\b\\f\\101(c))": b"a(b)\\\n\r\t\b\fA(c)",
    b"<48 6 >": b"H`",
    b"[true false null]": (True, False, None),
    b"[-.5 +1]": (-0.5, 1),
}
BAD = (
    b"(a",
    b"(\\q)",
    b"(a\\",
    b"<4x>",
    b"/a#20",
    b"//",
    b"1.2.3",
    b"tru",
    b"<< /A 1 /A 1 >>",
    b"<< /A >>",
    b"[" * 20,
    b"%x\n1",
    b"1 1",
    b"",
    b"<< 1 >>",
    b"truex",
    b"/a<",
)


@pytest.mark.parametrize("text", GOOD)
def test_values_are_read(text):
    assert parse(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_values_with_two_meanings_are_refused(text):
    with pytest.raises(MalformedError):
        parse(text)


HUGE = {
    "values": b"[" + b" 1" * 100_000 + b"]",
    "a string": b"(" + b"a" * 100_000 + b")",
    "escapes": b"(" + b"\\n" * 100_000 + b")",
}


@pytest.mark.parametrize("name", HUGE)
def test_values_of_any_size_cost_little(name):
    with pytest.raises(MalformedError, match=r"too many|too long"):
        parse(HUGE[name])


def test_the_second_engine_sees_another_revision_1():
    two = read_two(sealed())
    other = first().replace(b"200 200", b"200 201")
    changed = replace(two, first=replace(two.first, data=other))
    check = platform._second_opinion(changed)
    assert check.code is None  # the page is one that may be written again
    other = first().replace(b"/Count 1", b"/Count 2")
    changed = replace(two, first=replace(two.first, data=other))
    check = platform._second_opinion(changed)
    assert check.code is Code.ALTERED
    assert check.detail.endswith("the objects [3]"), check.detail


def test_a_dictionary_is_asked_for_where_one_belongs():
    with pytest.raises(MalformedError, match="dictionary"):
        Scanner(b"1").dictionary()
