"""PDF/A-3b (ISO 19005-3:2012), clause by clause (docs/formats/pdf-a.md).

``pikepdf.pdfa`` judges what it knows. It knows no form fields, permissions and
signatures, and it opens a file with qpdf, which repairs syntax; for those clauses this
module has checks of its own, each shown to fail on a file that breaks it.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pikepdf
import pytest
from asn1crypto import cms, x509
from pikepdf import Array, Dictionary, Name, pdfa
from pikepdf.pdfa import _catalogue

from tests.elicense.pages import CASES, PRESSES, Case, sealed
from tests.support import ROOT

ISO = "ISO_19005_3:"
PAGE = ROOT / "docs" / "formats" / "pdf-a.md"
GOOD = Case("special-operation", photo=True, scan=True)
"""The document with the most parts."""
EVERY = pytest.mark.parametrize("case", CASES, ids=str)
BOTH = pytest.mark.parametrize("kind", PRESSES)


@dataclass(frozen=True)
class File:
    """A file as bytes and as qpdf reads it."""

    data: bytes
    pdf: pikepdf.Pdf

    @property
    def root(self) -> Dictionary:
        return self.pdf.Root

    @property
    def widget(self) -> Dictionary:
        (found,) = self.pdf.pages[0].Annots
        return found

    @property
    def signature(self) -> Dictionary:
        return self.widget.V

    @property
    def attached(self) -> list[Dictionary]:
        return list(self.root.AF)


def streams(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the data of every stream, by the stated lengths."""
    at = 0
    while found := re.compile(rb">>\s*stream(\r?\n|\r)").search(data, at):
        lengths = re.findall(rb"/Length (\d+)", data[at : found.start()])
        at = found.end() + int(lengths[-1])
        yield found.end(), at


def syntax(data: bytes) -> bytes:
    """Return the file without what its streams hold."""
    out, at = b"", 0
    for begin, end in streams(data):
        out += data[at:begin]
        at = end
    return out + data[at:]


def header(file: File) -> bool:
    return re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", file.data) is not None


def one_version(file: File) -> bool:
    return "/Version" not in file.root and "/Extensions" not in file.root


def identifier(file: File) -> bool:
    trailer = file.data[file.data.rindex(b"trailer\n") :]
    found = re.search(rb"/ID \[ <([0-9a-f]{32})> <([0-9a-f]{32})> \]", trailer)
    return found is not None


def nothing_after(file: File) -> bool:
    end = file.data.rindex(b"%%EOF") + len(b"%%EOF")
    return file.data[end:] in (b"", b"\n", b"\r", b"\r\n")


def table(file: File) -> bool:
    pattern = rb"\nxref\n0 \d+\n(?:\d{10} \d{5} [fn] \n)+trailer\n"
    return re.search(pattern, file.data) is not None


def hexadecimal(file: File) -> bool:
    strings = re.findall(rb"(?<!<)<([^<>]*)>(?!>)", syntax(file.data))
    return all(re.fullmatch(rb"(?:[0-9a-fA-F]{2})*", item) for item in strings)


def lengths(file: File) -> bool:
    """Every stream ends where its dictionary says, with its keyword on a new line."""
    found = list(streams(file.data))
    known = [item for item in file.pdf.objects if isinstance(item, pikepdf.Stream)]
    return len(found) == len(known) and all(
        re.match(rb"\r?\nendstream\b", file.data[end : end + 12]) for _, end in found
    )


def objects(file: File) -> bool:
    lines = syntax(file.data).split(b"\n")
    begins = [line for line in lines if re.search(rb"\bobj\b", line)]
    ends = [line for line in lines if re.search(rb"\bendobj\b", line)]
    return (
        all(re.fullmatch(rb"[1-9]\d* \d+ obj", line) for line in begins)
        and ends == [b"endobj"] * len(begins)
        and len(begins) > 0
    )


def permissions(file: File) -> bool:
    return set(file.root.Perms.keys()) <= {"/DocMDP", "/UR3"}


def no_digest_entries(file: File) -> bool:
    barred = {"/DigestLocation", "/DigestMethod", "/DigestValue"}
    return not any(barred & set(item.keys()) for item in file.signature.Reference)


def known_annotation(file: File) -> bool:
    return file.widget.Subtype == "/Widget"


def printed(file: File) -> bool:
    """Print is set; Invisible, Hidden, NoView and ToggleNoView are not."""
    flags = int(file.widget.get("/F", 0))
    return flags & 0b1_0010_0111 == 0b100


def appearance(file: File) -> bool:
    shown = file.widget.get("/AP", Dictionary())
    return set(shown.keys()) == {"/N"} and isinstance(shown.N, pikepdf.Stream)


def no_action_of_a_field(file: File) -> bool:
    return not {"/A", "/AA"} & set(file.widget.keys())


def appearances_are_there(file: File) -> bool:
    return not file.root.AcroForm.get("/NeedAppearances", False)


def no_xfa(file: File) -> bool:
    return "/XFA" not in file.root.AcroForm and "/NeedsRendering" not in file.root


def whole_file(file: File) -> bool:
    """The range leaves out the string of /Contents, with its marks, and no more."""
    first, gap, after, rest = map(int, file.signature.ByteRange)
    hole = file.data[gap:after]
    return (
        (first, after + rest) == (0, len(file.data))
        and re.fullmatch(rb"<[0-9a-fA-F]*>", hole) is not None
        and bytes.fromhex(hole[1:-1].decode()) == bytes(file.signature.Contents)
    )


def signed_data(file: File) -> cms.SignedData:
    # DER says itself where it ends; what follows are the zeros of the gap.
    return cms.ContentInfo.load(bytes(file.signature.Contents))["content"]


def certificate_inside(file: File) -> bool:
    content = signed_data(file)
    inside = [item.chosen for item in content["certificates"]]
    sids = [signer["sid"].chosen for signer in content["signer_infos"]]
    return all(
        any(
            (item.issuer, item.serial_number)
            == (sid["issuer"], sid["serial_number"].native)
            for item in inside
            if isinstance(item, x509.Certificate)
        )
        for sid in sids
    )


def one_signer(file: File) -> bool:
    return len(signed_data(file)["signer_infos"]) == 1


def plain_metadata(file: File) -> bool:
    return "/Filter" not in file.root.Metadata


def no_information(file: File) -> bool:
    return "/Info" not in file.pdf.trailer


def media_types(file: File) -> bool:
    pattern = r"/[-A-Za-z0-9_+.]+/[-A-Za-z0-9_+.]+"
    return all(
        re.fullmatch(pattern, str(item.EF.F.get("/Subtype", "")))
        for item in file.attached
    )


def names(file: File) -> bool:
    keys = file.root.Names.EmbeddedFiles.Names
    listed = {str(key): item for key, item in zip(keys[::2], keys[1::2], strict=True)}
    return all(
        "/F" in item and "/UF" in item and str(item.F) == str(item.UF) == key
        for key, item in listed.items()
    )


def relationships(file: File) -> bool:
    return all(
        item.get("/AFRelationship") in (Name.Data, Name.Source)
        for item in file.attached
    )


def associated(file: File) -> bool:
    inside = file.root.Names.EmbeddedFiles.Names[1::2]
    return {item.objgen for item in inside} == {item.objgen for item in file.attached}


CHECKS: dict[str, Callable[[File], bool]] = {
    "6.1.2: the header, and a comment of bytes above 127": header,
    "6.1.2: no other version in the catalog": one_version,
    "6.1.3: the trailer has an identifier of two strings": identifier,
    "6.1.3: nothing stands behind the end of the file": nothing_after,
    "6.1.4: one cross-reference table with single line ends": table,
    "6.1.6: strings in hexadecimal have pairs of digits": hexadecimal,
    "6.1.7.1: every stream is as long as it says": lengths,
    "6.1.9: objects begin and end on lines of their own": objects,
    "6.1.12: the permissions are DocMDP or UR3": permissions,
    "6.1.12: the signature reference has no digest": no_digest_entries,
    "6.3.1: the only annotation is a widget": known_annotation,
    "6.3.2: the widget is printed and not hidden": printed,
    "6.3.3: the widget has one normal appearance": appearance,
    "6.4.1: the field has no action": no_action_of_a_field,
    "6.4.1: the form asks for no appearances": appearances_are_there,
    "6.4.2: no XFA and nothing to render": no_xfa,
    "6.4.3: the digest is over the whole file": whole_file,
    "6.4.3: the signer's certificate is inside": certificate_inside,
    "6.4.3: there is one signer": one_signer,
    "6.6.2.1: the metadata have no filter": plain_metadata,
    "6.6.3: no information dictionary that could differ": no_information,
    "6.8: attachments have a media type": media_types,
    "6.8: attachments have one name in three places": names,
    "6.8: attachments say what they are to the document": relationships,
    "6.8: all embedded files are associated files": associated,
}


def failing(data: bytes) -> set[str]:
    """Return the checks that a file does not pass."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        file = File(data, pdf)
        return {key for key, holds in CHECKS.items() if not holds(file)}


@BOTH
@EVERY
def test_a_sealed_document_passes_our_own_checks(kind, case):
    assert failing(sealed(kind, case)) == set()


def mended(data: bytes) -> bytes:
    """Return an edited file with its table and its range of bytes put right."""
    holes = list(streams(data))
    starts = [
        found.start()
        for found in re.finditer(rb"(?m)^\d+ 0 obj\n", data)
        if not any(begin <= found.start() < end for begin, end in holes)
    ]
    at = data.rindex(b"\nxref\n") + 1
    rows = b"".join(b"%010d 00000 n \n" % start for start in starts)
    rest = data[data.rindex(b"trailer\n") : data.rindex(b"startxref\n")]
    count = b"xref\n0 %d\n0000000000 65535 f \n" % (len(starts) + 1)
    end = b"startxref\n%d\n%%%%EOF\n" % at
    return ranged(data[:at] + count + rows + rest + end)


def ranged(out: bytes) -> bytes:
    """Return a file whose seal says that it is over all of it."""
    gap = out.index(b"<", out.rindex(b"\n/Contents <"))
    after = out.index(b">", gap) + 1
    stated = b"[0 %d %d %d]" % (gap, after, len(out) - after)
    begin = out.index(b"[", after)
    end = out.index(b"\n", begin)
    return out[:begin] + stated.ljust(end - begin) + out[end:]


Edit = Callable[[bytes], bytes]


def raw(old: bytes, new: bytes) -> Edit:
    """Return an edit of one place that leaves everything else where it stands."""

    def edit(data: bytes) -> bytes:
        out, count = re.subn(old, new, data, count=1)
        assert count == 1
        return out

    return edit


def put(old: bytes, new: bytes) -> Edit:
    """Return an edit of one place after which table and range are put right."""
    edit = raw(old, new)
    return lambda data: mended(edit(data))


def with_cms(change: Callable[[cms.SignedData], object]) -> Edit:
    """Return an edit of the CMS in its gap."""

    def edit(data: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            file = File(data, pdf)
            content = cms.ContentInfo.load(bytes(file.signature.Contents))
            _, gap, after, _ = map(int, file.signature.ByteRange)
        change(content["content"])
        digits = content.dump(force=True).hex().encode()
        return data[: gap + 1] + digits.ljust(after - gap - 2, b"0") + data[after - 1 :]

    return edit


def without_leaf(content: cms.SignedData) -> None:
    serial = content["signer_infos"][0]["sid"].chosen["serial_number"].native
    content["certificates"] = cms.CertificateSet(
        [
            item
            for item in content["certificates"]
            if item.chosen.serial_number != serial
        ]
    )


def no_signer(content: cms.SignedData) -> None:
    content["signer_infos"] = cms.SignerInfos([])


def one_less(data: bytes) -> bytes:
    """Return the file with a first stream that states a byte less than it has."""
    place = re.compile(rb"/Length (\d*[1-9])\n")
    return place.sub(lambda found: b"/Length %d\n" % (int(found[1]) - 1), data, count=1)


CATALOG, WIDGET = rb"/Type /Catalog\n", rb"/FT /Sig\n"
FILE = rb"(/Type /Filespec\n)"
BROKEN: dict[str, tuple[str, Edit]] = {
    "a header of PDF 2.0": ("6.1.2: the header", raw(rb"%PDF-1\.7", rb"%PDF-2.0")),
    "no comment of binary bytes": (
        "6.1.2: the header",
        lambda data: data[:10] + b"    " + data[14:],
    ),
    "version 2.0 in the catalog": (
        "6.1.2: no other",
        put(CATALOG, CATALOG + rb"/Version /2.0\n"),
    ),
    "an extension of a developer": (
        "6.1.2: no other",
        put(CATALOG, CATALOG + rb"/Extensions <<\n>>\n"),
    ),
    "no identifier in the trailer": ("6.1.3: the", raw(rb"\n/ID \[", rb"\n/Id [")),
    "an object behind the end of the file": (
        "6.1.3: nothing",
        lambda data: ranged(data + b"99 0 obj\nnull\nendobj\n"),
    ),
    "a space behind the keyword of the table": (
        "6.1.4",
        raw(rb"\nxref\n0 ", rb"\nxref \n0"),
    ),
    "a string of an odd number of digits": (
        "6.1.6",
        put(rb"/Lang \(zh\\055CN\)", rb"/Lang <7A682D434>"),
    ),
    "a stream that is longer than it says": ("6.1.7.1", one_less),
    "an object that begins in the middle of a line": (
        "6.1.9",
        raw(rb"endobj\n2 0 obj", rb"endobj 2 0 obj"),
    ),
    "a third permission": (
        "6.1.12: the permissions",
        put(rb"/Perms <<\n", rb"/Perms <<\n/Other true\n"),
    ),
    "a digest in the signature reference": (
        "6.1.12: the signature",
        put(rb"/Type /SigRef\n", rb"/Type /SigRef\n/DigestMethod /SHA256\n"),
    ),
    "an annotation that is a film": (
        "6.3.1",
        put(rb"/Subtype /Widget", rb"/Subtype /Movie"),
    ),
    "a widget without flags": ("6.3.2", put(rb"/F 132\n", b"")),
    "a widget that is hidden": ("6.3.2", put(rb"/F 132\n", rb"/F 134\n")),
    "a widget that is not printed": ("6.3.2", put(rb"/F 132\n", rb"/F 128\n")),
    "a widget that is not viewed": ("6.3.2", put(rb"/F 132\n", rb"/F 164\n")),
    "a widget without appearance": (
        "6.3.3",
        put(rb"/AP <<\n/N \d+ 0 R\n>>\n", b""),
    ),
    "a widget with another face under the mouse": (
        "6.3.3",
        put(rb"(/AP <<\n/)N( \d+ 0 R\n)", rb"\1N\2/R\2"),
    ),
    "a widget with several states": (
        "6.3.3",
        put(rb"(/AP <<\n/N )(\d+ 0 R)\n", rb"\1<<\n/On \2\n>>\n"),
    ),
    "a field with an action": (
        "6.4.1: the field",
        put(WIDGET, WIDGET + rb"/A <<\n/S /Named\n>>\n"),
    ),
    "a field with more actions": (
        "6.4.1: the field",
        put(WIDGET, WIDGET + rb"/AA <<\n>>\n"),
    ),
    "a form that asks for appearances": (
        "6.4.1: the form",
        put(rb"/SigFlags 3\n", rb"/SigFlags 3\n/NeedAppearances true\n"),
    ),
    "a form with XFA": ("6.4.2", put(rb"/SigFlags 3\n", rb"/SigFlags 3\n/XFA [ ]\n")),
    "a catalog that asks to be rendered": (
        "6.4.2",
        put(CATALOG, CATALOG + rb"/NeedsRendering true\n"),
    ),
    "a seal over a part of the file": (
        "6.4.3: the digest",
        raw(rb"(\n/ByteRange \[0 \d{4,} \d+) \d", rb"\1 0"),
    ),
    "a seal without the signer's certificate": (
        "6.4.3: the signer",
        with_cms(without_leaf),
    ),
    "a seal of nobody": ("6.4.3: there is", with_cms(no_signer)),
    "metadata with a filter": (
        "6.6.2.1",
        put(rb"/Subtype /XML\n", rb"/Subtype /XML\n/Filter /FlateDecode\n"),
    ),
    "an information dictionary": (
        "6.6.3",
        put(rb"(trailer\n<<\n/Root 1 0 R\n)", rb"\1/Info 4 0 R\n"),
    ),
    "an attachment without a media type": (
        "6.8: attachments have a media",
        put(rb"/Subtype /application#2Fcbor\n", b""),
    ),
    "an attachment without F": (
        "6.8: attachments have one",
        put(rb"\n/F \(record[^)]*\)", b""),
    ),
    "an attachment with two names": (
        "6.8: attachments have one",
        put(rb"/UF \(record", rb"/UF (secord"),
    ),
    "an attachment of unknown use": (
        "6.8: attachments say",
        put(rb"/AFRelationship /Data\n", b""),
    ),
    "an embedded file that is not associated": (
        "6.8: all",
        put(rb"/AF \[ \d+ 0 R ", rb"/AF [ "),
    ),
}


@BOTH
@pytest.mark.parametrize("broken", BROKEN)
def test_a_file_that_breaks_a_clause_fails_its_check_and_no_other(broken, kind):
    clause, edit = BROKEN[broken]
    found = failing(edit(sealed(kind, GOOD)))
    assert len(found) == 1, found
    assert found.pop().startswith(clause)


def test_every_check_is_shown_to_fail():
    clauses = [clause for clause, _ in BROKEN.values()]
    for key in CHECKS:
        assert any(key.startswith(clause) for clause in clauses), key


def judged(data: bytes) -> list[str]:
    """Return what ``pikepdf.pdfa`` finds without the parts that it knows nothing of.

    Taken out are the form and the permissions. The widget becomes a stamp, so that its
    flags and its appearance, the picture of the seal, are judged too.
    """
    with pikepdf.open(io.BytesIO(data)) as pdf:
        del pdf.Root["/AcroForm"]
        del pdf.Root["/Perms"]
        (widget,) = pdf.pages[0].Annots
        stamp = {key: widget[key] for key in ("/Type", "/Rect", "/F", "/AP", "/P")}
        pdf.pages[0].Annots = Array([Dictionary({**stamp, "/Subtype": Name.Stamp})])
        return [str(item) for item in pdfa.check(pdf, pdfa.Flavour.PDFA_3B).findings]


@BOTH
@EVERY
def test_pikepdf_finds_nothing_in_what_it_can_judge(kind, case):
    assert judged(sealed(kind, case)) == []


@BOTH
@EVERY
def test_pikepdf_finds_only_what_it_does_not_know_in_the_file_as_it_is(kind, case):
    """So that what `judged` takes out is all that has to be taken out."""
    report = pdfa.validate_written(io.BytesIO(sealed(kind, case)), pdfa.Flavour.PDFA_3B)
    assert {item.kind for item in report.findings} == {"unsupported"}
    assert {item.rule for item in report.findings} == {
        "pikepdf:schema-Catalog",
        # The walk ends at the catalog, so nothing below it was reached by its role.
        "pikepdf:embedded-file",
    }


JUDGED: dict[str, tuple[str, Edit]] = {
    "a widget that is hidden": ("6.3.2-2", put(rb"/F 132\n", rb"/F 134\n")),
    "a picture of the seal in colours for print": (
        "6.2.4.3-3",
        put(rb"/CS /DeviceRGB\n", rb"/CS /DeviceCMYK\n"),
    ),
    "an attachment of unknown use": ("6.8-3", put(rb"/AFRelationship /Data\n", b"")),
    "an attachment without a media type": (
        "6.8-1",
        put(rb"/Subtype /application#2Fcbor\n", b""),
    ),
    "an embedded file that is not associated": (
        "6.8-4",
        put(rb"/AF \[ \d+ 0 R ", rb"/AF [ "),
    ),
    "metadata of another part of the standard": (
        "6.6.4-2",
        raw(rb"<pdfaid:part>3<", rb"<pdfaid:part>2<"),
    ),
    "widths that are not the font's": (
        "6.2.11.5-1",
        put(rb"(/W \[ 0 \[ 1000)", rb"\1 600"),  # all are those of the next glyph
    ),
    "a font without its program": ("6.2.11.4.1-1", put(rb"/FontFile2 \d+ 0 R\n", b"")),
    "no output intent": ("6.2.4.3", put(rb"/OutputIntents \[[^]]*\]\n", b"")),
    "an image that is smoothed": (
        "6.2.8-3",
        put(rb"/Interpolate false", rb"/Interpolate true"),
    ),
    "an action when it is opened": ("6.5", put(CATALOG, CATALOG + rb"/AA <<\n>>\n")),
}


@BOTH
@pytest.mark.parametrize("broken", JUDGED)
def test_pikepdf_sees_what_breaks_a_clause(broken, kind):
    clause, edit = JUDGED[broken]
    found = judged(edit(sealed(kind, GOOD)))
    assert any(f" {ISO}{clause}" in item for item in found), found


def clauses() -> dict[str, set[str]]:
    """Return who judges each clause, as the table of the format's page says."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (6[^|]*) \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE)
    return {
        clause: set(judges.split(", "))
        for named, judges in rows
        for clause in named.split(", ")
    }


def statuses() -> dict[str, set[str]]:
    """Return what ``pikepdf.pdfa`` says of its rules, by clause."""
    found: dict[str, set[str]] = {}
    for rule, disposition in _catalogue.load_dispositions().items():
        if rule.startswith(ISO):
            clause = rule.removeprefix(ISO).rpartition("-")[0]
            found.setdefault(clause, set()).add(disposition["status"])
    return found


def test_the_page_names_every_clause_that_verapdf_has_a_rule_for():
    assert set(clauses()) == set(statuses())


def test_the_page_names_the_judge_of_every_clause():
    own = {key.split(":")[0] for key in CHECKS}
    known = statuses()
    for clause, judges in clauses().items():
        assert judges <= {"pdfa", "own", "absent"}
        assert ("own" in judges) == (clause in own), clause
        assert ("pdfa" in judges) <= ("implemented" in known[clause]), clause
        # The writer's syntax is gone once qpdf has read the file.
        assert ("writer" in known[clause]) <= ("own" in judges), clause
        assert ("absent" in judges) <= (known[clause] == {"denied_on_presence"}), clause
