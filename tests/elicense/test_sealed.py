"""A sealed PDF is one object: seal, token, record and face, or it does not pass."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pikepdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elicense import dates, payload, record, validating
from elicense.attachments import RECORD_NAME, TOKEN_NAME
from elicense.catalog import Catalog
from elicense.identifiers import Identifier
from elicense.issuing import Issued
from elicense.model import License, Validity
from elicense.policy import LEAN, SEALED_ONLY, STANDARD
from elicense.samples import sample, variant
from elicense.testing import SECOND_CODE, START, Simulator, claims_of
from elicense.trust import TrustState
from elicense.validating import Scope, Verdict
from esign import pades, seal_image
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.pades import SealAppearance, SealIdentity
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner
from esign.verdict import Code, Indication
from tests.elicense.pages import seal_place, with_layout
from tests.elicense.world import (
    Parts,
    other_record,
    parts_of,
    reissued,
    sealed,
    unsealed,
)

TYPE = "special-operation"


@dataclass(frozen=True)
class Stage:
    """A license with a photo, another one of the same type, and both as parts."""

    world: Simulator
    issued: Issued
    other: Issued
    parts: Parts
    others: Parts
    trust: TrustState

    def verdict(self, pdf: bytes, *, face: bool = True) -> Verdict:
        policy = STANDARD if face else SEALED_ONLY
        return validating.validate_pdf(
            pdf, self.trust, START, policy=policy, catalog=self.world.catalog
        )

    def check(self, pdf: bytes, name: str) -> tuple[Code, str]:
        """Return the answer and what one check said."""
        verdict = self.verdict(pdf)
        (found,) = (check for check in verdict.checks if check.id == name)
        return verdict.code, found.detail


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Simulator() as world:
        issued = world.issue(TYPE)
        other = world.issue(TYPE, variant(TYPE, START, 5))
        yield Stage(
            world,
            issued,
            other,
            parts_of(world, issued),
            parts_of(world, other),
            world.trust(),
        )


def test_the_genuine_document_is_valid_in_all_its_parts(stage: Stage) -> None:
    verdict = stage.verdict(stage.issued.pdf)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
    assert {check.indication for check in verdict.checks} == {Indication.PASSED}
    assert verdict.claims == claims_of(stage.issued)
    assert stage.verdict(sealed(stage.world, stage.parts)).code is Code.VALID


def test_a_face_that_the_policy_does_not_ask_for_is_not_checked(stage: Stage) -> None:
    verdict = stage.verdict(stage.issued.pdf, face=False)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)
    assert verdict.checks[-1].indication is Indication.NOT_CHECKED


# Something else inside a proper seal.


MIXED: dict[str, tuple[Callable[[Stage], Parts], Code, str]] = {
    "another license's record": (
        lambda stage: replace(stage.parts, record=stage.others.record),
        Code.ALTERED,
        "record",
    ),
    "the same record under another salt": (
        lambda stage: replace(stage.parts, record=other_record(stage.parts)),
        Code.ALTERED,
        "record",
    ),
    "a record with a byte more": (
        lambda stage: replace(stage.parts, record=stage.parts.record + b"\0"),
        Code.MALFORMED,
        "record",
    ),
    "another license's token": (
        lambda stage: replace(stage.parts, token=stage.others.token),
        Code.ALTERED,
        "record",
    ),
    "a token with a byte more": (
        lambda stage: replace(stage.parts, token=stage.parts.token + b"\0"),
        Code.MALFORMED,
        "format",
    ),
    "another license's face": (
        lambda stage: replace(stage.parts, face=stage.other),
        Code.FACE_MISMATCH,
        "face",
    ),
    "another license's QR code": (
        lambda stage: replace(stage.parts, drawn_qr=stage.other.qr_text),
        Code.FACE_MISMATCH,
        "face",
    ),
    "a QR code of another scheme": (
        lambda stage: replace(stage.parts, drawn_qr="HTTPS://EXAMPLE.CN/"),
        Code.FACE_MISMATCH,
        "face",
    ),
}


@pytest.mark.parametrize(("build", "code", "name"), MIXED.values(), ids=MIXED)
def test_a_part_of_another_license_inside_a_proper_seal_is_seen(
    stage: Stage, build: Callable[[Stage], Parts], code: Code, name: str
) -> None:
    found, detail = stage.check(sealed(stage.world, build(stage)), name)
    assert found is code
    assert detail


def test_another_persons_photo_is_a_mismatch_of_the_face(stage: Stage) -> None:
    """Everything on the page is the license's own but the picture."""
    photo = bytearray(stage.parts.photo or b"")
    photo[-40] ^= 1  # another picture of the same size
    page = unsealed(stage.world, stage.parts)
    assert page.count(stage.parts.photo or b"") == 1
    page = page.replace(stage.parts.photo or b"", bytes(photo))
    pdf = _resealed(stage, stage.world.department.seal, page=page)
    assert stage.check(pdf, "face") == (Code.FACE_MISMATCH, "photo")


def test_a_record_that_says_other_things_than_its_token_is_altered(
    stage: Stage,
) -> None:
    """Both genuine, the digest right, and still two different licenses."""
    license_, salt = record.decode(stage.parts.record)
    holder = replace(license_.draft.holders[0], name="李示例")
    draft = replace(license_.draft, holders=(holder,))
    data = record.encode(replace(license_, draft=draft), salt)
    text = stage.world.resign(stage.issued, record_digest=record.digest(data))
    parts = replace(stage.parts, record=data, token=payload.read_qr_text(text))
    code, detail = stage.check(sealed(stage.world, parts), "record")
    assert (code, detail) == (
        Code.ALTERED,
        "the record and the token say different things",
    )


@pytest.mark.parametrize("missing", [RECORD_NAME, TOKEN_NAME])
def test_one_attachment_alone_is_malformed(stage: Stage, missing: str) -> None:
    with pikepdf.open(io.BytesIO(unsealed(stage.world, stage.parts))) as pdf:
        del pdf.attachments[missing]
        bare = _plain(pdf)
    verdict = stage.verdict(pades.seal(bare, stage.world.department.seal, at=START))
    assert verdict.code is Code.MALFORMED
    assert "expected record.cbor, payload.cose" in verdict.checks[-1].detail


def test_a_sealed_pdf_without_attachments_is_not_a_license(stage: Stage) -> None:
    blank, out = pikepdf.new(), io.BytesIO()
    blank.add_blank_page(page_size=(300, 300))
    blank.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    verdict = stage.verdict(
        pades.seal(out.getvalue(), stage.world.department.seal, at=START)
    )
    assert (verdict.code, verdict.scope) == (Code.UNSUPPORTED, None)
    assert "carries no license" in verdict.checks[0].detail


# Another seal.


def _resealed(
    stage: Stage,
    identity: SealIdentity,
    at: datetime = START,
    page: bytes | None = None,
) -> bytes:
    kind = stage.world.catalog.get(TYPE)
    number, box = seal_place(kind)
    art = seal_image.draw(SealSpec(stage.world.department.name))
    return pades.seal(
        page or unsealed(stage.world, stage.parts),
        identity,
        at=at,
        appearance=SealAppearance(number, box, art),
    )


def test_another_departments_seal_is_not_authorized(stage: Stage) -> None:
    second = stage.world.departments[1]
    pdf = sealed(stage.world, stage.parts, second)
    code, detail = stage.check(pdf, "seal-issuer")
    assert (code, detail) == (
        Code.NOT_AUTHORIZED,
        "the seal is another organization's",
    )


def test_a_token_of_one_department_in_the_pdf_of_another_is_refused(
    stage: Stage,
) -> None:
    second = stage.world.departments[1]
    foreign = stage.world.issue(TYPE, department=second)
    parts = replace(stage.parts, token=payload.read_qr_text(foreign.qr_text))
    assert stage.verdict(sealed(stage.world, parts)).code is Code.NOT_AUTHORIZED
    whole = replace(parts_of_second(stage.world, foreign), face=foreign)
    verdict = stage.verdict(sealed(stage.world, whole))  # the first one's seal on it
    assert verdict.code is Code.NOT_AUTHORIZED
    assert stage.verdict(foreign.pdf).code is Code.VALID


def parts_of_second(world: Simulator, issued: Issued) -> Parts:
    row = world.departments[1].register.get(issued.license.identifier)
    good = parts_of_photo(issued)
    assert row.token is not None
    return Parts(token=row.token, record=row.record, face=issued, photo=good)


def parts_of_photo(issued: Issued) -> bytes:
    start = issued.pdf.index(b"\xff\xd8\xff")
    return issued.pdf[start : issued.pdf.index(b"\xff\xd9", start) + 2]


def test_a_certificate_that_someone_made_is_unknown(stage: Stage) -> None:
    own = DevelopmentAuthority.create("示例电子认证", START - timedelta(days=9))
    signer = SoftwareSigner.generate(Suite.ES256)
    first = stage.world.department
    leaf = own.issue_seal(signer.public_key, first.name, first.code, START, 90)
    verdict = stage.verdict(_resealed(stage, SealIdentity(signer, leaf, own.chain)))
    assert (verdict.code, verdict.claims) == (Code.UNKNOWN_ISSUER, None)


def test_a_certificate_of_the_right_ca_that_no_bundle_lists_is_unknown(
    stage: Stage,
) -> None:
    authority, first = stage.world.authority, stage.world.department
    signer = SoftwareSigner.generate(Suite.ES256)
    leaf = authority.issue_seal(signer.public_key, first.name, first.code, START, 90)
    identity = SealIdentity(signer, leaf, authority.chain)
    assert stage.verdict(_resealed(stage, identity)).code is Code.UNKNOWN_ISSUER


def test_a_listed_certificate_over_another_key_is_a_bad_signature(
    stage: Stage,
) -> None:
    first = stage.world.department.seal
    forged = replace(first, signer=SoftwareSigner.generate(Suite.ES256))
    try:
        pdf = _resealed(stage, forged)
    except ValueError:
        return  # the sealer itself refuses a key that is not the certificate's
    assert stage.verdict(pdf).code is Code.BAD_SIGNATURE


@pytest.mark.parametrize("seconds", [-1, -86400])
def test_a_seal_that_is_older_than_the_token_is_not_authorized(
    stage: Stage, seconds: int
) -> None:
    at = START + timedelta(seconds=seconds)
    code, detail = stage.check(
        _resealed(stage, stage.world.department.seal, at), "seal-issuer"
    )
    assert code is Code.NOT_AUTHORIZED
    assert detail == "the seal is older than the token"


def test_a_seal_later_than_the_instant_asked_about_is_not_authorized(
    stage: Stage,
) -> None:
    at = START + timedelta(seconds=1)
    verdict = stage.verdict(_resealed(stage, stage.world.department.seal, at))
    assert (verdict.code, verdict.claims) == (Code.NOT_AUTHORIZED, None)


def test_a_type_that_was_not_granted_to_the_seal_is_not_authorized(
    stage: Stage,
) -> None:
    seals = {
        name: replace(entry, types=("food-business",))
        for name, entry in stage.trust.seals.items()
    }
    narrow = replace(stage, trust=replace(stage.trust, seals=seals))
    code, detail = narrow.check(stage.issued.pdf, "seal-issuer")
    assert (code, detail) == (
        Code.NOT_AUTHORIZED,
        "the seal was not granted this type",
    )


# A department that says with its own keys what it may not say.


def _draft(**changes: object) -> Callable[[License], License]:
    return lambda license_: replace(license_, draft=replace(license_.draft, **changes))


def _without_category(license_: License) -> License:
    kept = dict(license_.draft.fields)
    del kept["category"]
    return _draft(fields=kept)(license_)


def _with_a_field(license_: License) -> License:
    return _draft(fields={**license_.draft.fields, "rank": "一级"})(license_)


def _other_type_code(license_: License) -> License:
    code = Identifier.build("11990000000000019A001", license_.issuer.code, "1").text
    return replace(license_, identifier=code)


def _other_issuer(license_: License) -> License:
    issuer = replace(license_.issuer, name="示范省人民政府")
    return replace(license_, issuer=issuer)


OVERSTATED: dict[str, tuple[Callable[[License], License], str]] = {
    "another organ's name": (_other_issuer, "names its issuer otherwise"),
    "another type's title": (_draft(title="食品经营许可证"), "title, type code"),
    "another type's identifier": (_other_type_code, "title, type code"),
    "a required field left out": (_without_category, "title, type code"),
    "no end where the type has one": (
        _draft(validity=Validity(dates.day_of(START), None)),
        "title, type code",
    ),
    "a field that the type does not have": (_with_a_field, "title, type code"),
}


@pytest.mark.parametrize(("change", "why"), OVERSTATED.values(), ids=OVERSTATED)
def test_what_a_department_may_not_say_is_altered(
    stage: Stage, change: Callable[[License], License], why: str
) -> None:
    license_ = change(stage.issued.license)
    pdf = sealed(stage.world, reissued(stage.world, stage.issued, license_))
    code, detail = stage.check(pdf, "record")
    assert code is Code.ALTERED
    assert why in detail


def test_the_same_license_made_again_is_valid(stage: Stage) -> None:
    parts = reissued(stage.world, stage.issued, stage.issued.license)
    assert stage.verdict(sealed(stage.world, parts)).code is Code.VALID


def test_a_page_that_is_laid_out_otherwise_here_is_not_checked(stage: Stage) -> None:
    """A catalog of the same type and version, in which the values do not fit."""
    kind = stage.world.catalog.get(TYPE)
    layout = {**kind.presentations[0].layout, "photo": "nowhere"}
    narrow = Catalog([with_layout(kind, layout=layout)])
    verdict = validating.validate_pdf(
        stage.issued.pdf, stage.trust, START, catalog=narrow
    )
    face = next(check for check in verdict.checks if check.id == "face")
    assert face.indication is Indication.NOT_CHECKED
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)


# No seal, or not our file any more.


def test_an_unsealed_pdf_with_a_genuine_code_never_passes(stage: Stage) -> None:
    verdict = stage.verdict(unsealed(stage.world, stage.parts))
    assert verdict.code is Code.UNSUPPORTED
    assert verdict.claims is None
    structure, *others = verdict.checks
    assert (structure.id, structure.code) == ("seal-format", Code.UNSUPPORTED)
    assert {check.indication for check in others} == {Indication.NOT_CHECKED}


def _saved(pdf: bytes, **options: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, **options)
    return out.getvalue()


SAVED_AGAIN: dict[str, tuple[dict[str, object], Code]] = {
    "as it is": (
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
        Code.MALFORMED,
    ),
    "with object streams": (
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        Code.UNSUPPORTED,
    ),
    "with a password": (
        {"encryption": pikepdf.Encryption(owner="o", user="u", R=4)},
        Code.UNREADABLE,
    ),
    "encrypted without a password": (
        {"encryption": pikepdf.Encryption(owner="o", user="", R=4)},
        Code.UNREADABLE,
    ),
}


@pytest.mark.parametrize(("options", "code"), SAVED_AGAIN.values(), ids=SAVED_AGAIN)
def test_a_license_that_another_program_saved_never_passes(
    stage: Stage, options: dict[str, object], code: Code
) -> None:
    verdict = stage.verdict(_saved(stage.issued.pdf, **options))
    assert (verdict.code, verdict.claims) == (code, None)


def _plain(pdf: pikepdf.Pdf) -> bytes:
    """Return a document saved as the page's maker saves it."""
    out = io.BytesIO()
    pdf.save(
        out,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return out.getvalue()


@pytest.mark.parametrize("pages", [1, 20])
def test_pages_more_than_the_license_has_are_a_mismatch(
    stage: Stage, pages: int
) -> None:
    with pikepdf.open(io.BytesIO(unsealed(stage.world, stage.parts))) as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(200, 200))
        page = _plain(pdf)
    code, detail = stage.check(
        _resealed(stage, stage.world.department.seal, page=page), "face"
    )
    assert code is Code.FACE_MISMATCH
    assert f"{pages + 1} pages" in detail


def test_a_filtered_attachment_is_malformed(stage: Stage) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(unsealed(stage.world, stage.parts))) as pdf:
        pdf.save(
            out,
            compress_streams=True,
            recompress_flate=True,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    pdf = pades.seal(out.getvalue(), stage.world.department.seal, at=START)
    assert b"/Filter /FlateDecode" in pdf
    code, detail = stage.check(pdf, "attachments")
    assert code is Code.MALFORMED
    assert "filter" in detail


def test_an_attachment_twice_is_malformed(stage: Stage) -> None:
    with pikepdf.open(io.BytesIO(unsealed(stage.world, stage.parts))) as pdf:
        names = pdf.Root.Names.EmbeddedFiles.Names
        for item in list(names):
            names.append(item)
        page = _plain(pdf)
    sealed_twice = pades.seal(page, stage.world.department.seal, at=START)
    code, detail = stage.check(sealed_twice, "attachments")
    assert code is Code.MALFORMED
    assert "expected record.cbor, payload.cose" in detail


# Types that this machine does not know.


def _catalog_without(name: str) -> Catalog:
    types = Catalog.builtin().types()
    return Catalog([entry for entry in types if entry.name != name])


@pytest.mark.parametrize("type_name", [TYPE, "food-business"])
def test_a_type_that_is_not_known_leaves_the_face_unchecked(
    stage: Stage, type_name: str
) -> None:
    issued = stage.issued if type_name == TYPE else stage.world.issue(type_name)
    verdict = validating.validate_pdf(
        issued.pdf, stage.trust, START, catalog=_catalog_without(type_name)
    )
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)
    assert verdict.checks[-1].indication is Indication.NOT_CHECKED
    assert "not in the catalog" in verdict.checks[-1].detail


def _case(stage: Stage, **changes: object) -> bytes:
    """Return a sealed license whose token says something else than its record."""
    text = stage.world.resign(stage.issued, **changes)
    return sealed(stage.world, replace(stage.parts, token=payload.read_qr_text(text)))


DIFFERENT: dict[str, dict[str, object]] = {
    "another holder": {"holder": "李示例"},
    "more holders": {"holder_count": 2},
    "another code of the holder": {"holder_code": "****9999"},
    "the code of the holder in clear": {"holder_code": "11990100000000027A"},
    "another number": {"number": "****9999"},
    "another issue date": {"issue_date": START.date() - timedelta(days=9)},
    "another version of the type": {"type_version": 2},
    "another type": {"type_name": "food-business"},
    "no checkpoint": {"checkpoint": None},
    "no case": {"case_digest": None},
    "another case": {"case_digest": bytes(16)},
    "another field": {"fields": {"scope": "x"}},
    "no mark of a specimen": {"specimen": False},
}


@pytest.mark.parametrize("known", [True, False], ids=["known type", "unknown type"])
@pytest.mark.parametrize("changes", DIFFERENT.values(), ids=DIFFERENT)
def test_a_token_that_differs_from_its_record_is_altered(
    stage: Stage, changes: dict[str, object], *, known: bool
) -> None:
    catalog = Catalog.builtin() if known else _catalog_without(TYPE)
    pdf = _case(stage, **changes)
    verdict = validating.validate_pdf(
        pdf, stage.trust, START, catalog=catalog, policy=SEALED_ONLY
    )
    assert verdict.code is Code.ALTERED


# Any edit.


PIECES = st.sampled_from(
    [b"", b"\n", b" ", b"\0", b"%%EOF\n", b"endobj\n", b"/XRef", b"<<", b"1 0 obj"]
)


@st.composite
def edits(draw: st.DrawFn, size: int) -> tuple[int, int, bytes]:
    """Return a place, how many bytes go there, and what comes in their place."""
    place = draw(st.integers(0, size))
    gone = draw(st.sampled_from([0, 0, 1, 1, 2, 40, size]))
    come = draw(PIECES | st.binary(min_size=gone if gone < 3 else 0, max_size=40))
    return place, gone, come


def _edit(pdf: bytes, data: st.DataObject) -> bytes:
    """Return a document edited in one place: changed, shorter, longer, or swapped."""
    place, gone, come = data.draw(edits(len(pdf)))
    if data.draw(st.booleans()):  # a piece of the document itself, moved or repeated
        come = pdf[place + 1 : place + 2] + pdf[place : place + len(come)]
    return pdf[:place] + come + pdf[place + gone :]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_an_edited_document_is_never_valid(stage: Stage, data: st.DataObject) -> None:
    pdf = stage.issued.pdf
    for _ in range(data.draw(st.integers(1, 2))):
        pdf = _edit(pdf, data)
    if pdf != stage.issued.pdf:
        verdict = stage.verdict(pdf)
        assert verdict.indication is not Indication.PASSED
        assert verdict.claims is None


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
@example(place=0, bit=0)
def test_a_bit_flipped_near_a_structure_is_never_valid(
    stage: Stage, place: int, bit: int
) -> None:
    """Structures are where a PDF reader may be led astray: aim at them."""
    good = stage.issued.pdf
    marks = [found.start() for found in re.finditer(rb"obj|stream|/[A-Z]|xref", good)]
    at = min(marks[place % len(marks)] + place // len(marks) % 12, len(good) - 1)
    pdf = bytearray(good)
    pdf[at] ^= 1 << bit
    assert stage.verdict(bytes(pdf)).indication is not Indication.PASSED


def test_every_bit_of_the_seals_own_bytes_is_bound(stage: Stage) -> None:
    good = stage.issued.pdf
    start = good.rindex(b"/Contents <") + len(b"/Contents <")
    end = good.index(b">", start)
    for at in range(start, end, 7):
        pdf = bytearray(good)
        pdf[at] = ord("1") if pdf[at] != ord("1") else ord("2")
        assert stage.verdict(bytes(pdf), face=False).code is not Code.VALID, at


def test_any_truncation_is_not_valid(stage: Stage) -> None:
    good = stage.issued.pdf
    ends = [*range(0, len(good), len(good) // 60), len(good) - 1, len(good) - 2]
    codes = {end: stage.verdict(good[:end]).code for end in ends}
    assert set(codes.values()) == {Code.UNREADABLE, Code.MALFORMED}
    assert codes[len(good) - 1] is Code.MALFORMED  # our mark is in it
    assert codes[0] is Code.UNREADABLE


def test_an_older_license_of_another_day_is_not_mixed_up(stage: Stage) -> None:
    """A second license of the same holder and number is another object."""
    again = stage.world.issue(TYPE, sample(TYPE, START))
    row = parts_of(stage.world, again)
    mixed = replace(stage.parts, token=row.token)
    assert stage.verdict(sealed(stage.world, mixed)).code is Code.ALTERED
    assert again.license.identifier != stage.issued.license.identifier
    assert SECOND_CODE not in again.license.identifier


# The lean profile.


def _at(stage: Stage, pdf: bytes, *, lean: bool) -> Verdict:
    return validating.validate_pdf(
        pdf, stage.trust, START, policy=LEAN if lean else STANDARD
    )


def test_the_lean_profile_says_what_it_left_out(stage: Stage) -> None:
    verdict = _at(stage, stage.issued.pdf, lean=True)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)
    left_out = {
        check.id
        for check in verdict.checks
        if check.indication is Indication.NOT_CHECKED
    }
    assert left_out == {"seal-second-engine", "face"}
    assert verdict.claims == _at(stage, stage.issued.pdf, lean=False).claims


def test_the_lean_profile_reads_every_part_of_the_file(stage: Stage) -> None:
    for name, (make, code, check) in MIXED.items():
        verdict = _at(stage, sealed(stage.world, make(stage)), lean=True)
        if code is not Code.FACE_MISMATCH:  # only what it says that it leaves out
            codes = {found.id: found.code for found in verdict.checks}
            assert (verdict.code, codes[check]) == (code, code), name


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_the_lean_profile_accepts_the_standard_one_accepts(
    stage: Stage, data: st.DataObject
) -> None:
    pdf = data.draw(st.sampled_from([stage.issued.pdf, stage.other.pdf]))
    for _ in range(data.draw(st.integers(0, 1))):
        pdf = _edit(pdf, data)
    lean = _at(stage, pdf, lean=True)
    if lean.indication is Indication.PASSED:
        assert _at(stage, pdf, lean=False).indication is Indication.PASSED


def test_a_doubted_seal_is_asked_again_by_the_same_engines(stage: Stage) -> None:
    name, grant = next(iter(stage.trust.seal_grants.items()))
    doubted = replace(grant, compromised_from=START)
    trust = replace(stage.trust, seal_grants={name: doubted})
    verdict = validating.validate_pdf(stage.issued.pdf, trust, START, policy=LEAN)
    assert verdict.code is Code.KEY_COMPROMISED
    checks = {check.id: check.indication for check in verdict.checks}
    assert checks["seal-second-engine"] is Indication.NOT_CHECKED
