"""A small world of seals: root, CA, maker, signers; and files of the older version."""

import functools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from esign import der, ses, sm2
from esign.sm2.issuing import Draft, ca_extensions, issue, leaf_extensions
from esign.sm2.signing import Sm2Signer

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2030, 1, 1, tzinfo=UTC)
SIGNED = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
FAR = datetime(2040, 1, 1, tzinfo=UTC)
DIGEST = sm2.sm3(b"the protected bytes")
PICTURE = ses.Picture("PNG", b"\x89PNG\r\n\x1a\n" + bytes(200), 42, 42)


@dataclass(frozen=True)
class Party:
    key: Sm2Signer
    certificate: bytes

    def sign(self, message):
        return self.key.sign(message)


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def party(common, issuer=None, period=(START, END), extensions=None):
    key = Sm2Signer.generate()
    if extensions is None:
        extensions = ca_extensions(2) if issuer is None else leaf_extensions()
    draft = Draft(name(common), key.point, period, extensions)
    if issuer is None:
        return Party(key, issue(draft, key))
    return Party(key, issue(draft, issuer.key, issuer.certificate))


class World:
    """A root, a CA, a seal maker, two signers and a timestamp service."""

    def __init__(self):
        self.root = party("root", period=(START - timedelta(days=1), FAR))
        self.ca = party("ca", self.root, (START, FAR), ca_extensions(0))
        self.maker = party("maker", self.ca)
        self.signer = party("37030000001721", self.ca)
        self.other = party("another department", self.ca)
        self.service = party("timestamps", self.ca)
        self.draft = ses.SealDraft(
            version=4,
            vendor="test",
            identifier="37030000001721",
            kind=1,
            name="测试印章，无法律效力",
            signers=(self.signer.certificate,),
            created=datetime(2025, 1, 1, tzinfo=UTC),
            valid_from=datetime(2025, 1, 2, tzinfo=UTC),
            valid_until=datetime(2029, 1, 2, tzinfo=UTC),
            picture=PICTURE,
        )

    def trust(self, at=NOW, **changes):
        known = ses.Revocations(at, at + timedelta(days=7))
        trust = ses.SesTrust(
            makers=(self.maker.certificate,),
            roots=(self.root.certificate,),
            intermediates=(self.ca.certificate,),
            stampers=(self.service.certificate,),
            revocations=known,
        )
        return replace(trust, **changes)

    def seal(self, maker=None, **changes):
        maker = maker or self.maker
        return ses.build_seal(replace(self.draft, **changes), maker.certificate, maker)

    def signature(self, seal=None, signer=None, **changes):
        draft = ses.SignatureDraft(
            seal or self.seal(), SIGNED, DIGEST, "/Signature.xml"
        )
        signer = signer or self.signer
        return ses.build_signature(
            replace(draft, **changes), signer.certificate, signer
        )


@functools.cache
def world():
    return World()


def code_of_seal(seal, at=NOW, trust=None, **options):
    return ses.validate_seal(seal, trust or world().trust(at), at, **options).code


def code_of(signature, digest=DIGEST, at=NOW, trust=None, **options):
    trust = trust or world().trust(at)
    return ses.validate_signature(signature, digest, trust, at, **options).code


UTC_TIME, UTF8, IA5 = 0x17, 0x0C, 0x16
ALGORITHM = bytes.fromhex("06082a811ccf55018375")


def bits(value):
    return der.tlv(der.BITS, b"\x00", value)


def utc_time(at):
    return der.tlv(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode())


def resealed(info, maker, form=sm2.to_der, *, algorithm=ALGORITHM, stamp=b""):
    """Return a seal of version 4 or 5 around any SES_SealInfo."""
    value = bits(form(maker.sign(info)))
    certificate = der.tlv(der.OCTETS, maker.certificate)
    return der.tlv(der.SEQUENCE, info, certificate, algorithm, value, stamp)


def resigned(tbs, signer, form=sm2.to_der, *, algorithm=ALGORITHM):
    """Return a signature of version 4 or 5 around any TBS_Sign."""
    value = bits(form(signer.sign(tbs)))
    certificate = der.tlv(der.OCTETS, signer.certificate)
    return der.tlv(der.SEQUENCE, tbs, certificate, algorithm, value)


def info_of(seal):
    return der.children(seal, der.SEQUENCE, 4, 5)[0]


def seal_2014(made_by, draft):
    """Return a seal of version 1."""
    header = der.tlv(
        der.SEQUENCE, der.tlv(IA5, b"ES"), der.integer(1), der.tlv(IA5, b"test")
    )
    listed = (der.tlv(der.OCTETS, one) for one in draft.signers)
    said = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        der.tlv(UTF8, draft.name.encode()),
        der.tlv(der.SEQUENCE, *listed),
        *map(utc_time, (draft.created, draft.valid_from, draft.valid_until)),
    )
    picture = der.tlv(
        der.SEQUENCE,
        der.tlv(IA5, b"PNG"),
        der.tlv(der.OCTETS, draft.picture.data),
        der.integer(42),
        der.integer(42),
    )
    identifier = der.tlv(IA5, draft.identifier.encode())
    info = der.tlv(der.SEQUENCE, header, identifier, said, picture)
    certificate = der.tlv(der.OCTETS, made_by.certificate)
    signed = der.tlv(der.SEQUENCE, info, certificate, ALGORITHM)
    value = bits(sm2.to_der(made_by.sign(signed)))
    return der.tlv(
        der.SEQUENCE, info, der.tlv(der.SEQUENCE, certificate, ALGORITHM, value)
    )


def signature_2014(seal, signer, time_info, digest=DIGEST):
    """Return a signature of version 1; ``time_info`` is what its BIT STRING holds."""
    tbs = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        seal,
        bits(time_info),
        bits(digest),
        der.tlv(IA5, b"/Signature.xml"),
        der.tlv(der.OCTETS, signer.certificate),
        ALGORITHM,
    )
    return der.tlv(der.SEQUENCE, tbs, bits(sm2.to_der(signer.sign(tbs))))


def attribute(kind, value):
    return der.tlv(der.SEQUENCE, kind, der.tlv(der.SET, value))


def token(service, value, at, *, broken=False, old=b"", new=b""):
    """Return an RFC 3161 token; ``old`` is put for ``new`` before it is signed."""
    sm3 = der.tlv(der.SEQUENCE, bytes.fromhex("06082a811ccf55018311"), der.NULL)
    content = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        bytes.fromhex("06032a0304"),
        der.tlv(der.SEQUENCE, sm3, der.tlv(der.OCTETS, sm2.sm3(value))),
        der.integer(7),
        der.tlv(der.TIME, at.strftime("%Y%m%d%H%M%S.25Z").encode()),
    )
    assert old in content
    content = content.replace(old, new, 1) if old else content
    kind = bytes.fromhex("060b2a864886f70d0109100104")
    digest = der.tlv(der.OCTETS, sm2.sm3(content))
    attributes = attribute(bytes.fromhex("06092a864886f70d010903"), kind) + attribute(
        bytes.fromhex("06092a864886f70d010904"), digest
    )
    read = sm2.read_certificate(service.certificate)
    signed = der.tlv(der.SET, attributes) + (b"!" if broken else b"")
    signer = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        der.tlv(der.SEQUENCE, read.issuer, der.integer(read.serial)),
        sm3,
        der.tlv(der.CONTEXT_0, attributes),
        der.tlv(
            der.SEQUENCE, bytes.fromhex("06092a811ccf550182 2d01".replace(" ", ""))
        ),
        der.tlv(der.OCTETS, sm2.to_der(service.sign(signed))),
    )
    body = der.tlv(
        der.SEQUENCE,
        der.integer(3),
        der.tlv(der.SET, sm3),
        der.tlv(
            der.SEQUENCE, kind, der.tlv(der.CONTEXT_0, der.tlv(der.OCTETS, content))
        ),
        der.tlv(der.CONTEXT_0, service.certificate),
        der.tlv(der.SET, signer),
    )
    signed_data = bytes.fromhex("06092a864886f70d010702")
    return der.tlv(der.SEQUENCE, signed_data, der.tlv(der.CONTEXT_0, body))
