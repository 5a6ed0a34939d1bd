"""Sealing in one pass: the plain path's profile, written from kept bytes."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from esign import cms
from esign.algorithms import Suite
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.pades import (
    OnePassSealer,
    SealRequest,
    read,
    seal,
    spelling,
    stock_of,
    validate,
)
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.esign.pades_world import (
    AT,
    LATER,
    World,
    appearance,
    license_page,
    world,
)

TEXTS = SealRequest(name="示例市 (1)", location="A-b", reason="50%\n\\")


def stock(varying=True):
    """A page with attachments whose content stream varies."""
    with pikepdf.open(io.BytesIO(license_page())) as document:
        content = document.pages[0].Contents
        return stock_of(document, [content] if varying else [], appearance())


def content(operators: bytes) -> bytes:
    return spelling.stream(b"", operators)


BODIES = [content(b"1 0 0 rg 30 30 90 90 re f")]


def blank(pdf: bytes) -> bytes:
    """The file without its CMS."""
    start, end = read(pdf).gap
    return pdf[:start] + pdf[end:]


def test_a_file_passes_every_check_and_the_second_engine():
    sealed = OnePassSealer(world().identity).seal(stock(), BODIES, AT)
    report = validate(sealed, world().trust(), LATER)
    assert report.code is Code.VALID
    assert all(check.code is None for check in report.checks)
    assert report.seal.sealed_at == AT


def test_files_of_one_stock_share_its_bytes_and_nothing_else():
    sealer, kept = OnePassSealer(world().identity), stock()
    first = sealer.seal(kept, BODIES, AT)
    second = sealer.seal(kept, [content(b"")], LATER)
    assert first.startswith(kept.data)
    assert second.startswith(kept.data)
    for sealed in (first, second):
        assert validate(sealed, world().trust(), LATER).code is Code.VALID
    with pikepdf.open(io.BytesIO(second)) as document:
        assert document.pages[0].Contents.read_bytes() == b""


def test_the_same_parts_give_the_same_bytes_but_for_the_signature():
    sealer = OnePassSealer(world().identity)
    files = {blank(sealer.seal(stock(), BODIES, AT)) for _ in range(3)}
    assert len(files) == 1


def test_the_document_id_follows_from_what_is_in_the_file():
    sealer, kept = OnePassSealer(world().identity), stock()
    ids = {
        bytes(
            PdfFileReader(io.BytesIO(sealer.seal(kept, [body], AT))).trailer["/ID"][0]
        )
        for body in (BODIES[0], content(b""), content(b"q Q"))
    }
    assert len(ids) == 3


def test_the_document_is_the_one_that_was_assembled():
    sealed = OnePassSealer(world().identity).seal(stock(), BODIES, AT)
    with (
        pikepdf.open(io.BytesIO(sealed)) as ours,
        pikepdf.open(io.BytesIO(license_page())) as given,
    ):
        assert ours.attachments.keys() == given.attachments.keys()
        for name, file in given.attachments.items():
            theirs = ours.attachments[name].get_file().read_bytes()
            assert theirs == file.get_file().read_bytes()
        assert ours.Root.Metadata.read_bytes() == given.Root.Metadata.read_bytes()
        assert ours.pages[0].mediabox == given.pages[0].mediabox


def test_texts_are_spelled_as_the_plain_path_spells_them():
    plain = seal(license_page(), world().identity, at=AT, request=TEXTS)
    quick = OnePassSealer(world().identity, TEXTS).seal(stock(), BODIES, AT)
    marks = b"\n/Type /Sig\n", b"\nendobj\n"
    dictionaries = []
    for sealed in (plain, quick):
        start = sealed.rindex(marks[0])
        dictionaries.append(sealed[start : sealed.index(marks[1], start)])
    assert dictionaries[0] == dictionaries[1]
    assert b"/Name (\\376\\377" in dictionaries[1]
    assert validate(quick, world().trust(), LATER).code is Code.VALID


def test_the_gap_is_as_large_as_the_largest_cms():
    identity = world().identity
    template = cms.Template(
        identity.certificate, (identity.certificate, *identity.chain)
    )
    sealer, kept, sizes = OnePassSealer(identity), stock(), set()
    for second in range(60):
        sealed = read(sealer.seal(kept, BODIES, AT + timedelta(seconds=second)))
        assert sealed.gap[1] - sealed.gap[0] == 2 * template.most_bytes + 2
        sizes.add(len(sealed.content))
    assert max(sizes) <= template.most_bytes
    assert len(sizes) > 1


def test_instants_of_other_zones_are_written_in_utc():
    local = AT.astimezone(timezone(timedelta(hours=8)))
    sealer = OnePassSealer(world().identity)
    assert read(sealer.seal(stock(), BODIES, local)).sealed_at == AT


@pytest.mark.parametrize(
    "at", [AT.replace(tzinfo=None), AT.replace(microsecond=1)], ids=["naive", "part"]
)
def test_an_instant_that_cannot_be_written_is_refused(at):
    with pytest.raises(ValueError, match="sealing instant"):
        OnePassSealer(world().identity).seal(stock(), BODIES, at)


@pytest.mark.parametrize("bodies", [[], BODIES * 2], ids=["none", "two"])
def test_another_number_of_objects_than_the_stocks_is_refused(bodies):
    with pytest.raises(ValueError, match="takes 1 objects"):
        OnePassSealer(world().identity).seal(stock(), bodies, AT)


def test_a_stock_may_hold_the_whole_document():
    sealed = OnePassSealer(world().identity).seal(stock(varying=False), [], AT)
    assert validate(sealed, world().trust(), LATER).code is Code.VALID


def test_a_key_of_another_certificate_is_refused():
    other = replace(world().identity, signer=SoftwareSigner.generate(Suite.ES256))
    with pytest.raises(ValueError, match="not the one in the seal's certificate"):
        OnePassSealer(other)


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="250 characters"):
        OnePassSealer(world().identity, SealRequest(reason="x" * 251))


class Device:
    """A signer that stands somewhere else, and may fail or lie."""

    def __init__(self, signer, behaviour=None):
        self.signer, self.behaviour = signer, behaviour

    @property
    def public_key(self):
        return self.signer.public_key

    def sign(self, message):
        if self.behaviour == "gone":
            raise UnavailableError("the device did not answer")
        other = message + b"!" if self.behaviour == "lies" else message
        return self.signer.sign(other)


def device(behaviour=None):
    signer = Device(world().signer, behaviour)
    return signer, replace(world().identity, signer=signer)


def test_the_key_may_stand_behind_the_signer_protocol():
    _, identity = device()
    sealed = OnePassSealer(identity).seal(stock(), BODIES, AT)
    assert validate(sealed, world().trust(), LATER).code is Code.VALID


def test_a_signer_whose_signature_does_not_hold_is_refused_when_it_is_loaded():
    _, identity = device("lies")
    with pytest.raises(VerificationError, match="does not verify"):
        OnePassSealer(identity)


def sealed_when_gone(signer, identity):
    """Load a seal, and seal when its device is gone."""
    sealer = OnePassSealer(identity)
    signer.behaviour = "gone"
    return sealer.seal(stock(), BODIES, AT)


@pytest.mark.parametrize("when", ["loading", "sealing"])
def test_a_device_that_does_not_answer_is_unavailable(when):
    signer, identity = device("gone" if when == "loading" else None)
    with pytest.raises(UnavailableError):
        sealed_when_gone(signer, identity)


def test_what_a_device_signed_wrongly_is_never_valid():
    signer, identity = device()
    sealer = OnePassSealer(identity)
    signer.behaviour = "lies"
    sealed = sealer.seal(stock(), BODIES, AT)
    report = validate(sealed, world().trust(), LATER, second_engine=False)
    assert report.code is Code.BAD_SIGNATURE


def test_a_seal_may_be_used_from_several_threads():
    sealer, kept = OnePassSealer(world().identity), stock()
    bodies = [[content(b"%d w" % width)] for width in range(64)]
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda body: sealer.seal(kept, body, AT), bodies))
    for body, sealed in zip(bodies, files, strict=True):
        assert body[0] in sealed
        report = validate(sealed, world().trust(), LATER, second_engine=False)
        assert report.code is Code.VALID


def test_another_seal_makes_another_file_of_the_same_stock():
    other, kept = World(), stock()
    sealed = OnePassSealer(other.identity).seal(kept, BODIES, AT)
    assert validate(sealed, other.trust(), LATER).code is Code.VALID
    assert validate(sealed, world().trust(), LATER).code is Code.UNKNOWN_ISSUER


def test_a_document_with_a_form_is_refused():
    with pikepdf.open(io.BytesIO(license_page())) as document:
        document.Root.AcroForm = pikepdf.Dictionary()
        with pytest.raises(MalformedError, match="form fields"):
            stock_of(document, [], appearance())


def test_a_page_that_is_not_there_is_refused():
    with (
        pikepdf.open(io.BytesIO(license_page())) as document,
        pytest.raises(ValueError, match="no page 1"),
    ):
        stock_of(document, [], replace(appearance(), page=1))
