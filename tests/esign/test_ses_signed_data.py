"""SignedData with SM2 over a document, as PDF and OFD of the field carry it."""

from datetime import timedelta

import pytest

from esign import der, ses, sm2
from esign.errors import MalformedError
from esign.verdict import Code, Indication
from tests.esign.ses_world import END, NOW, START, attribute, code_of, party, world

DOCUMENT = b"the bytes of the ByteRange" * 10
SM3 = der.tlv(der.SEQUENCE, bytes.fromhex("06082a811ccf55018311"), der.NULL)
SIGNED_DATA = bytes.fromhex("060a2a811ccf550601040202")
DATA = bytes.fromhex("060a2a811ccf550601040201")
SM2_ALGORITHM = der.tlv(der.SEQUENCE, bytes.fromhex("06092a811ccf5501822d01"))
OLD = {SIGNED_DATA: "06092a864886f70d010702", DATA: "06092a864886f70d010701"}


def signed_data(
    content=None,
    *,
    signs=DOCUMENT,
    with_attributes=True,
    signer=None,
    digest=None,
    form=sm2.to_der,
    tail=b"",
    carries=(),
    lists=b"",
    kind=DATA,
    version=1,
    carried_as=der.CONTEXT_0,
):
    """Return a SignedData; ``signs`` is what the signature is over, in the end."""
    signer = signer or world().signer
    read = sm2.read_certificate(signer.certificate)
    found = der.tlv(der.OCTETS, digest or sm2.sm3(signs))
    attributes = attribute(bytes.fromhex("06092a864886f70d010903"), DATA) + attribute(
        bytes.fromhex("06092a864886f70d010904"), found
    )
    covered = der.tlv(der.SET, attributes) if with_attributes else signs
    parts = (
        der.integer(1),
        der.tlv(der.SEQUENCE, read.issuer, der.integer(read.serial)),
        SM3,
        der.tlv(der.CONTEXT_0, attributes) if with_attributes else b"",
        SM2_ALGORITHM,
        der.tlv(der.OCTETS, form(signer.sign(covered))),
        tail,
    )
    carried = b""
    if content is not None:
        carried = der.tlv(der.CONTEXT_0, der.tlv(der.OCTETS, content))
    body = der.tlv(
        der.SEQUENCE,
        der.integer(version),
        der.tlv(der.SET, SM3),
        der.tlv(der.SEQUENCE, kind, carried),
        der.tlv(carried_as, signer.certificate, *carries),
        lists,
        der.tlv(der.SET, der.tlv(der.SEQUENCE, *parts)),
    )
    return der.tlv(der.SEQUENCE, SIGNED_DATA, der.tlv(der.CONTEXT_0, body))


def validate(data, document=DOCUMENT, at=NOW, trust=None, **options):
    trust = trust or world().trust(at)
    return ses.validate_signed_data(data, document, trust, at, **options)


GOOD = {
    "detached, with attributes": {},
    "detached, the document itself signed": {"with_attributes": False},
    "with the document inside": {"content": DOCUMENT},
    "with the document inside and signed itself": {
        "content": DOCUMENT,
        "with_attributes": False,
    },
}


@pytest.mark.parametrize("what", GOOD)
def test_what_the_standard_has(what):
    data = signed_data(**GOOD[what])
    report = validate(data)
    assert (report.code, report.oddities) == (Code.VALID, ())
    assert validate(data, DOCUMENT + b"!").indication is Indication.FAILED
    for position in range(0, len(data), 3):
        edited = bytearray(data)
        edited[position] ^= 1 << position % 8
        found = validate(bytes(edited))
        assert found.indication is not Indication.PASSED, position


def test_a_digest_in_place_of_the_content_is_odd():
    digest = sm2.sm3(DOCUMENT)
    for with_attributes in (False, True):
        data = signed_data(digest, signs=digest, with_attributes=with_attributes)
        assert validate(data).code is Code.UNSUPPORTED
        report = validate(data, lenient=True)
        assert report.code is Code.VALID
        assert report.oddities == (ses.Oddity.DIGEST_AS_CONTENT,)
        assert validate(data, b"another", lenient=True).code is Code.ALTERED


def test_other_oddities():
    odd = {
        ses.Oddity.RAW_SIGNATURE: signed_data(form=bytes),
        ses.Oddity.UNSIGNED_PART: signed_data(tail=der.tlv(der.CONTEXT_1, b"")),
    }
    lists = signed_data(lists=der.tlv(der.CONTEXT_1, b"\x30\x00"))
    for oddity, data in (*odd.items(), (ses.Oddity.UNSIGNED_PART, lists)):
        assert validate(data).code is Code.UNSUPPORTED
        report = validate(data, lenient=True)
        assert (report.code, report.oddities) == (Code.VALID, (oddity,))


def test_it_carries_its_own_path_and_nothing_else():
    ca, root = world().ca.certificate, world().root.certificate
    assert validate(signed_data(carries=(ca, root))).code is Code.VALID
    data = signed_data(carries=(ca, world().other.certificate))
    assert validate(data).code is Code.UNSUPPORTED
    assert validate(data, lenient=True).oddities == (ses.Oddity.UNSIGNED_PART,)


def test_the_identifiers_of_pkcs_7_are_read_too():
    data = signed_data(with_attributes=False)
    for new, old in OLD.items():
        swapped = bytes.fromhex(old)
        data = data.replace(new, swapped)
    # Shorter by two identifiers: the lengths around them are written again.
    kind, body = (bytes.fromhex(OLD[SIGNED_DATA]), data[data.index(b"\xa0") :])
    start = body.index(b"\x02\x01\x01")
    version, rest = body[start : start + 3], body[start + 3 :]
    digests = der.tlv(der.SET, SM3)
    tail = rest[len(digests) + 2 + 2 + len(bytes.fromhex(OLD[DATA])) - 2 :]
    data_type = der.tlv(der.SEQUENCE, bytes.fromhex(OLD[DATA]))
    inner = der.tlv(der.SEQUENCE, version, digests, data_type, tail)
    report = validate(der.tlv(der.SEQUENCE, kind, der.tlv(der.CONTEXT_0, inner)))
    assert report.code is Code.VALID


def test_who_signed_decides():
    stranger = party("root of nobody", period=(START, END))
    other = party("signer of nobody", stranger)
    gone = party("gone", world().ca, (START, START + timedelta(days=9)))
    assert validate(signed_data(signer=other)).code is Code.UNKNOWN_ISSUER
    assert validate(signed_data(signer=gone)).code is Code.NOT_AUTHORIZED
    assert validate(signed_data(signer=world().ca)).code is Code.NOT_AUTHORIZED
    no_news = world().trust(revocations=None)
    assert validate(signed_data(), trust=no_news).code is Code.NO_STATUS
    lying = signed_data(digest=bytes(32))
    assert validate(lying).code is Code.ALTERED


def test_nothing_else_is_signed_data():
    for data in (b"", signed_data()[:-1], signed_data() + b"\x00", world().seal()):
        assert validate(data).code is Code.MALFORMED
        with pytest.raises(MalformedError):
            ses.read_signed_data(data, lenient=True)
    with pytest.raises(ValueError, match="aware"):
        ses.validate_signed_data(
            signed_data(), DOCUMENT, world().trust(), replace_zone(NOW)
        )


def replace_zone(at):
    return at.replace(tzinfo=None)


def test_signed_data_whose_attributes_do_not_fit():
    good = signed_data()
    kind = bytes.fromhex("06092a864886f70d010903")
    digest = bytes.fromhex("06092a864886f70d010904")
    other = bytes.fromhex("06092a864886f70d010905")
    cases = {
        "an attribute twice": (digest, kind),
        "no digest": (digest, other),
        "no content type": (kind, other),
        "another content type": (b"\x31\x0c" + DATA, b"\x31\x0c" + SIGNED_DATA),
        "two kinds of lists": (b"\xa0\x82", b"\xa2\x82"),
    }
    for what, (old, new) in cases.items():
        assert old in good, what
        with pytest.raises(MalformedError):
            pytest.fail(f"{what}: {ses.read_signed_data(good.replace(old, new))!r}")
    twice = signed_data(lists=b"\xa1\x00", carried_as=der.CONTEXT_1)
    with pytest.raises(MalformedError, match="does not belong"):
        ses.read_signed_data(twice, lenient=True)
    with pytest.raises(MalformedError, match="told apart"):
        ses.read_signed_data(signed_data(tail=der.NULL), lenient=True)
    with pytest.raises(MalformedError, match="messageDigest"):
        ses.read_signed_data(signed_data(digest=bytes(20)))
    version = good.replace(b"\x02\x01\x01\x31", b"\x02\x01\x03\x31")
    assert validate(version).code is Code.UNSUPPORTED
    assert validate(version, lenient=True).oddities == (ses.Oddity.VERSION,)


def test_a_timestamp_without_signed_attributes_is_none():
    content = bytes.fromhex("060b2a864886f70d0109100104")
    bare = ses.read_signature(world().signature())
    for what in (DOCUMENT, None):
        stamp = signed_data(what, with_attributes=False, kind=content, version=3)
        stamped = ses.add_timestamp(bare, stamp)
        assert code_of(stamped) is Code.MALFORMED
