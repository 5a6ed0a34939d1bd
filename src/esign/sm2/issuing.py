"""Making certificates of SM2 keys, for a development CA and for tests.

Signed with SM2 and SM3; the parameters of the algorithm are absent, as OpenSSL writes
them. Names and extensions are spelled by the same library as those of
the other certificates.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from esign import der
from esign.sm2 import oids, times
from esign.sm2.certificate import (
    SIGNATURE_ALGORITHMS,
    SM2Certificate,
    read_certificate,
)
from esign.sm2.public_key import write_public_key
from esign.sm2.signature import to_der
from esign.sm2.signing import Sm2Signer

_VERSION_3 = der.tlv(der.CONTEXT_0, der.integer(2))
_EXTENSIONS = 0xA3
_KEY_ID_BYTES = 20  # RFC 7093, section 2, method 1
_ALGORITHM = SIGNATURE_ALGORITHMS[0]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a certificate is to say of its subject.

    Attributes:
        subject: whose certificate it is.
        point: the subject's public key, 65 bytes.
        period: first and last instant of validity, aware, in whole seconds.
        extensions: each with whether it is critical; the two key identifiers are put
            in beside them.
    """

    subject: x509.Name
    point: bytes
    period: tuple[datetime, datetime]
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()


def ca_extensions(path_length: int) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Return what makes a CA (RFC 5280, sections 4.2.1.3 and 4.2.1.9).

    Args:
        path_length: how many CAs may follow below it.
    """
    return (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
    )


def leaf_extensions() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Return what makes a key one for signatures: no CA, and its two usages."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True, content_commitment=True), True),
    )


def issue(draft: Draft, signer: Sm2Signer, issuer: bytes | None = None) -> bytes:
    """Return a new certificate (GB/T 20518-2018; RFC 5280, section 4.1).

    Args:
        draft: what it says.
        signer: the key that issues.
        issuer: the certificate of that key, DER; None for a self-signed root.

    Returns:
        The certificate, DER, with a random serial number.

    Raises:
        ValueError: the key is not the issuer's, the issuer is no CA, or the period is
            empty or leaves the issuer's.
        MalformedError: the point is not on the curve, or the issuer cannot be read.
    """
    if draft.period[0] >= draft.period[1]:
        raise ValueError("the period is empty")
    if issuer is not None:
        name = _issuer(read_certificate(issuer), signer, draft)
    elif draft.point == signer.point:
        name = draft.subject.public_bytes()
    else:
        raise ValueError("a root is signed with its own key")
    tbs = _to_be_signed(draft, name, signer.point)
    signed = der.tlv(der.BITS, b"\x00", to_der(signer.sign(tbs)))
    return der.tlv(der.SEQUENCE, tbs, _ALGORITHM, signed)


def _to_be_signed(draft: Draft, issuer: bytes, issuer_point: bytes) -> bytes:
    return der.tlv(
        der.SEQUENCE,
        _VERSION_3,
        der.integer(x509.random_serial_number()),
        _ALGORITHM,
        issuer,
        der.tlv(der.SEQUENCE, *map(times.write_time, draft.period)),
        draft.subject.public_bytes(),
        write_public_key(draft.point),
        _extensions(draft, issuer_point),
    )


def _issuer(issuer: SM2Certificate, signer: Sm2Signer, draft: Draft) -> bytes:
    """Return the issuer's name if it may issue this draft."""
    if issuer.point != signer.point:
        raise ValueError("the key is not the one in the issuer's certificate")
    if not issuer.is_authority:
        raise ValueError("the issuer is not a CA")
    if draft.period[0] < issuer.not_before or draft.period[1] > issuer.not_after:
        raise ValueError("the period leaves the issuer's")
    return issuer.subject


def _extensions(draft: Draft, issuer_point: bytes) -> bytes:
    own, above = _key_id(draft.point), _key_id(issuer_point)
    listed = (
        *draft.extensions,
        (x509.SubjectKeyIdentifier(own), False),
        (x509.AuthorityKeyIdentifier(above, None, None), False),
    )
    return der.tlv(
        _EXTENSIONS, der.tlv(der.SEQUENCE, *(_extension(*one) for one in listed))
    )


def _extension(value: x509.ExtensionType, critical: bool) -> bytes:  # noqa: FBT001  as the library's own add_extension
    return der.tlv(
        der.SEQUENCE,
        oids.element(value.oid.dotted_string),
        der.TRUE if critical else b"",
        der.tlv(der.OCTETS, value.public_bytes()),
    )


def _key_id(point: bytes) -> bytes:
    return hashlib.sha256(point).digest()[:_KEY_ID_BYTES]


def _usage(**names: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(every | names))
