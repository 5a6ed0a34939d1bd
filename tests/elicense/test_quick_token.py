"""The quick reader of tokens says nothing that the simple readers do not say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elicense import payload, quick_token
from elicense.identifiers import Identifier
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from esign import cbor, cose, sm2
from esign.algorithms import P256_HALF_ORDER, Suite
from esign.cose import Envelope
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner

SIGNER = SoftwareSigner.generate(Suite.ES256)
SM2_SIGNER = SoftwareSigner.generate(Suite.SM2)
SIGNERS = (SIGNER, SM2_SIGNER)
DAYS = st.dates(date(1970, 2, 1), date(2100, 1, 1))
INSTANTS = st.integers(1 << 16, 4_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=90
)
SMALL = st.sampled_from([0, 1, 23, 24, 255, 256, 2031, 65535])
INDEXES = st.one_of(SMALL, st.integers(0, (1 << 20) - 1))


EXAMPLE = Claims(
    issuer="11990100000000027A",
    signed_at=datetime(2026, 11, 21, 2, tzinfo=UTC),
    validity=Validity(date(2026, 11, 21), date(2032, 11, 20)),
    status=StatusReference(2032, 77_777),
    identifier=Identifier.build(
        "11990000000000019A003", "11990100000000027A", "20260000001"
    ).text,
    number="****0019",
    type_name="special-operation",
    type_version=1,
    holder="张示例",
    holder_count=2,
    holder_code="****0019",
    issue_date=date(2026, 11, 21),
    checkpoint=Checkpoint("复审", date(2026, 11, 20) + timedelta(days=1096)),
    case_digest=bytes(range(16)),
    fields={"category": "电工作业", "item": "低压电工作业"},
    record_digest=bytes(range(32)),
)


@st.composite
def claims(draw: st.DrawFn) -> Claims:
    first = draw(DAYS)
    last = draw(st.none() | st.dates(first, date(2105, 1, 1)))
    serial = draw(
        st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=32)
    )
    issuer = "11990100000000027A"
    identifier = Identifier.build("11990000000000019A002", issuer, serial)
    return Claims(
        issuer=issuer,
        signed_at=draw(INSTANTS),
        validity=Validity(first, last),
        status=StatusReference(draw(SMALL), draw(INDEXES)),
        identifier=identifier.text,
        number=draw(TEXTS),
        type_name=draw(TEXTS),
        type_version=draw(SMALL),
        holder=draw(TEXTS),
        holder_count=draw(st.sampled_from([1, 2, 23, 24, 300])),
        holder_code=draw(TEXTS),
        issue_date=draw(DAYS),
        checkpoint=draw(st.none() | st.builds(Checkpoint, TEXTS, DAYS)),
        case_digest=draw(st.none() | st.binary(min_size=16, max_size=16)),
        fields=draw(st.dictionaries(TEXTS, TEXTS, max_size=4)),
        record_digest=draw(st.binary(min_size=32, max_size=32)),
        specimen=draw(st.booleans()),
    )


def simply(token: bytes) -> tuple[Envelope, Claims] | None:
    """Return envelope and claims by the simple readers, None where they refuse."""
    try:
        envelope = payload.open_token(token)
        found = payload.decode(envelope.unverified_payload)
    except MalformedError:
        return None
    return envelope, found


def agrees(token: bytes) -> bool:
    """Tell whether the quick reader knew the token; fail where it says otherwise."""
    quick = quick_token.read(token)
    if quick is None:
        return False
    expected = simply(token)
    assert expected is not None, "the quick reader accepted what the simple ones refuse"
    envelope, found = quick
    simple, simply_found = expected
    assert (envelope.kid, envelope.suite) == (simple.kid, simple.suite)
    assert found == simply_found
    assert envelope.signature == simple.message.signature
    assert envelope.signed == simple.message.to_be_signed(
        simple.unverified_payload, payload.PURPOSE.external_aad
    )
    return True


def short(found: Claims) -> bool:
    """Tell whether every text has a head of at most two bytes."""
    texts = [found.number, found.type_name, found.holder, found.holder_code]
    texts += [*found.fields, *found.fields.values()]
    texts += [found.checkpoint.kind] if found.checkpoint else []
    return all(len(text.encode()) < 256 for text in texts)


@given(claims(), st.sampled_from(SIGNERS))
@settings(max_examples=300, deadline=None)
def test_it_reads_every_token_of_its_layout_as_the_simple_readers_do(
    found: Claims, signer: SoftwareSigner
) -> None:
    token = payload.sign_token(found, signer)
    known = agrees(token)
    # A payload of 24 to 4095 bytes with texts below 256: everything a QR can hold.
    assert known or not short(found)
    if known:
        envelope, read = quick_token.read(token) or pytest.fail("lost")
        assert read == found
        envelope.verify(signer.public_key)


def edited(token: bytes, data: st.DataObject) -> bytes:
    """Return a token with up to three edited bytes."""
    changed = bytearray(token)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["flip", "set", "delete", "insert"])):
            case "flip":
                changed[at] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                changed[at] = data.draw(st.integers(0, 255))
            case "delete":
                del changed[at]
            case "insert":
                changed.insert(at, data.draw(st.integers(0, 255)))
    return bytes(changed)


@given(claims(), st.sampled_from(SIGNERS), st.data())
@settings(max_examples=400, deadline=None)
def test_it_accepts_no_edited_token_that_the_simple_readers_refuse(
    found: Claims, signer: SoftwareSigner, data: st.DataObject
) -> None:
    agrees(edited(payload.sign_token(found, signer), data))


@pytest.mark.parametrize("signer", SIGNERS, ids=["ES256", "SM2"])
def test_every_single_bit_of_a_token_is_read_alike(signer: SoftwareSigner) -> None:
    token = payload.sign_token(EXAMPLE, signer)
    assert agrees(token)
    for at in range(len(token)):
        for bit in range(8):
            agrees(token[:at] + bytes([token[at] ^ 1 << bit]) + token[at + 1 :])


@pytest.mark.parametrize("signer", SIGNERS, ids=["ES256", "SM2"])
def test_every_prefix_and_every_longer_token_is_left_to_the_simple_readers(
    signer: SoftwareSigner,
) -> None:
    token = payload.sign_token(EXAMPLE, signer)
    for size in range(len(token)):
        assert quick_token.read(token[:size]) is None
    for tail in (b"\0", b"\xf6", token):
        assert quick_token.read(token + tail) is None


@given(st.binary(max_size=600))
@example(b"")
@example(b"\xd2\x84\x4d\xa2\x01\x26\x04\x48")
@example(b"\xd2\x84\x51\xa2\x01\x3a\x00\x9b\x99\xfc\x04\x48")
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_an_answer(data: bytes) -> None:
    agrees(data)


def _payload(**members: object) -> bytes:
    """Return EXAMPLE's payload with other members of the license map, by number."""
    outer = dict(cbor.decode(payload.encode(EXAMPLE)))
    inner = {**outer[-65538], **{int(key[1:]): value for key, value in members.items()}}
    return cbor.encode({**outer, -65538: inner})


def _replaced(old: bytes, new: bytes) -> bytes:
    data = payload.encode(EXAMPLE)
    assert data.count(old) == 1
    return data.replace(old, new)


EXP, NBF, IAT = 1_984_579_200, 1_795_190_400, int(EXAMPLE.signed_at.timestamp())
NOT_CANONICAL = {
    "one holder that is counted": _payload(_6=1),
    "fields without any": _payload(_11={}),
    "more fields than a short head tells": _payload(
        _11={f"key {number:02}": "x" for number in range(24)}
    ),
    "a count of members that is one too high": _replaced(
        b"\x3a\x00\x01\x00\x01\xac", b"\x3a\x00\x01\x00\x01\xad"
    ),
    "a map of five with exp": _replaced(b"\xa6\x01\x72", b"\xa5\x01\x72"),
    "seconds that fit a shorter head": _replaced(
        b"\x06\x1a" + IAT.to_bytes(4, "big"), b"\x06\x1a\x00\x00\xff\xff"
    ),
    "an end that is not midnight": _replaced(
        EXP.to_bytes(4, "big"), (EXP + 1).to_bytes(4, "big")
    ),
    "an end at the beginning": _replaced(
        EXP.to_bytes(4, "big"), NBF.to_bytes(4, "big")
    ),
    "a name of a field with a long head": _replaced(b"\x64item", b"\x78\x04item"),
    "a field that ends behind the map": _replaced(b"\x64item", b"\x78\xffitem"),
    "a name of a field that is a number": _replaced(b"\x64item", b"\x04item"),
}


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_a_payload_that_is_not_canonical_is_not_read(data: bytes) -> None:
    assert data != payload.encode(EXAMPLE)
    for signer in SIGNERS:
        assert not agrees(cose.sign(data, signer, payload.PURPOSE))


@pytest.mark.parametrize(
    "days", [0, 2_932_896, 2_932_897, (1 << 31) - 1, (1 << 32) - 1]
)
def test_a_day_outside_the_calendar_is_left_to_the_simple_readers(days: int) -> None:
    for members in ({8: days}, {9: ["x", days]}):
        outer = dict(cbor.decode(payload.encode(EXAMPLE)))
        outer[-65538] = {**outer[-65538], **members}
        token = cose.sign(cbor.encode(outer), SIGNER, payload.PURPOSE)
        assert agrees(token) == (days <= 2_932_896)


def test_the_high_twin_of_a_signature_is_not_read() -> None:
    token = payload.sign_token(EXAMPLE, SIGNER)
    order = 2 * int.from_bytes(P256_HALF_ORDER, "big") + 1
    twin = order - int.from_bytes(token[-32:], "big")
    assert quick_token.read(token[:-32] + twin.to_bytes(32, "big")) is None


def test_a_signature_by_another_key_does_not_verify() -> None:
    other = SoftwareSigner.generate(Suite.ES256)
    quick = quick_token.read(payload.sign_token(EXAMPLE, SIGNER))
    assert quick is not None
    with pytest.raises(VerificationError, match="another key"):
        quick[0].verify(other.public_key)


def test_an_ed25519_token_is_left_to_the_simple_readers() -> None:
    other = SoftwareSigner.generate(Suite.ED25519)
    assert quick_token.read(payload.sign_token(EXAMPLE, other)) is None


def test_an_sm2_token_is_read_and_verifies_with_its_own_key_alone() -> None:
    quick = quick_token.read(payload.sign_token(EXAMPLE, SM2_SIGNER))
    assert quick is not None
    envelope, found = quick
    assert (envelope.suite, found) == (Suite.SM2, EXAMPLE)
    envelope.verify(SM2_SIGNER.public_key)
    for other in (SIGNER, SoftwareSigner.generate(Suite.SM2)):
        with pytest.raises(VerificationError, match="another key"):
            envelope.verify(other.public_key)


SM2_ORDER = sm2.curve.ORDER
NO_SIGNATURES = {
    "r is zero": (0, 1),
    "s is zero": (1, 0),
    "r is n": (SM2_ORDER, 1),
    "s is n": (1, SM2_ORDER),
    "r and s add up to n": (5, SM2_ORDER - 5),
}


@pytest.mark.parametrize("numbers", NO_SIGNATURES.values(), ids=NO_SIGNATURES)
def test_an_sm2_signature_outside_its_range_is_not_read(
    numbers: tuple[int, int],
) -> None:
    token = payload.sign_token(EXAMPLE, SM2_SIGNER)[:-64]
    token += b"".join(number.to_bytes(32, "big") for number in numbers)
    assert not agrees(token)
    with pytest.raises(MalformedError, match="SM2"):
        payload.open_token(token)
